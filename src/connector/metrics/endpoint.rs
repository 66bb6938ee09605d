//! The endpoint: `GET /metrics` on a loopback address or a Unix socket, and nothing else.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_util::task::AbortOnDropHandle;

use super::Format;
use crate::config::MetricsAddress;
use crate::connector::Connector;
use crate::error::{Exit, Problem};

/// Its owner and group may ask at the socket.
const SOCKET_MODE: u32 = 0o660;

/// What is served where; nothing, to begin with.
#[derive(Debug, Default)]
pub struct Endpoint {
    /// What was asked for last, also if that could not be had.
    wanted: Option<MetricsAddress>,
    served: Option<Served>,
}

#[derive(Debug)]
struct Served {
    _task: AbortOnDropHandle<io::Result<()>>,
    socket: Option<PathBuf>,
}

/// The socket goes with its endpoint.
impl Drop for Served {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
    }
}

impl Endpoint {
    /// Serves where the settings say so now, if that is not done already. What cannot be had is said once, until the settings say
    /// something else.
    ///
    /// # Errors
    /// A [`Problem`] that names the address or the socket.
    pub async fn keep(&mut self, connector: &Connector) -> Result<(), Problem> {
        let wanted = connector.config().metrics.listen;
        if wanted == self.wanted {
            return Ok(());
        }
        self.served = None;
        self.wanted = wanted;
        let Some(address) = &self.wanted else { return Ok(()) };
        let served = serve(address, connector.clone()).await;
        self.served = Some(served.map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::AddrInUse => "is in use by another process".to_owned(),
                _ => format!("cannot be opened: {error}"),
            };
            Problem::new(Exit::Other, format!("no metrics at {address}: it {what}"))
                .hint("set another address or socket in metrics.listen")
        })?);
        Ok(())
    }
}

async fn serve(address: &MetricsAddress, connector: Connector) -> io::Result<Served> {
    let pages = Router::new()
        .route("/metrics", get(move |headers: HeaderMap| answer(connector.clone(), headers)))
        .fallback(|| async { StatusCode::NOT_FOUND });
    Ok(match address {
        MetricsAddress::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            let task = tokio::spawn(async move { axum::serve(listener, pages).await });
            Served { _task: AbortOnDropHandle::new(task), socket: None }
        }
        MetricsAddress::Socket(path) => {
            let listener = listen(path).await?;
            let task = tokio::spawn(async move { axum::serve(listener, pages).await });
            Served { _task: AbortOnDropHandle::new(task), socket: Some(path.clone()) }
        }
    })
}

/// A socket whose process is gone is taken over; what is no socket is left alone.
async fn listen(path: &Path) -> io::Result<UnixListener> {
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket()) {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error),
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

async fn answer(connector: Connector, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    match connector.metrics(format).await {
        Ok(text) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(problem) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{problem}\n")).into_response(),
    }
}
