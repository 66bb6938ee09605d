//! A bad network between a client and a gateway: a small TCP proxy that spoils connections, and a place that swallows them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What happens to one connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Nothing: everything goes through.
    Through,
    /// It is reset as soon as it is made.
    Refuse,
    /// It is reset after so many bytes of what the client sends.
    CutRequest(usize),
    /// It is reset after so many bytes of what the gateway answers.
    CutAnswer(usize),
    /// It ends in good order after so many bytes of the answer.
    EndAnswer(usize),
    /// Nothing is read from the client after so many bytes, and nothing is answered.
    StopReading(usize),
    /// The request gets through, and no answer ever comes back.
    LoseAnswer,
    /// The answer comes one byte at a time, with this between two.
    Drip(Duration),
    /// Everything comes later by this.
    Delay(Duration),
}

/// A proxy on loopback. The first connections take the ways that it was given, in order; all others go through.
pub struct Network {
    pub url: String,
    ways: Arc<Mutex<VecDeque<Way>>>,
}

impl Network {
    /// A way to the gateway at this URL.
    pub async fn to(gateway: &str, ways: &[Way]) -> Self {
        let gateway: SocketAddr = gateway.strip_prefix("http://").expect("http").parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let ways = Arc::new(Mutex::new(ways.iter().copied().collect::<VecDeque<_>>()));
        let next = Arc::clone(&ways);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let way = next.lock().expect("no panic").pop_front().unwrap_or(Way::Through);
                tokio::spawn(carry(client, gateway, way));
            }
        });
        Self { url, ways }
    }

    /// Ways that no connection has taken yet.
    pub fn left(&self) -> usize {
        self.ways.lock().expect("no panic").len()
    }
}

async fn carry(client: TcpStream, gateway: SocketAddr, way: Way) {
    if way == Way::Refuse {
        reset(&client);
        return;
    }
    let Ok(server) = TcpStream::connect(gateway).await else { return };
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let pause = if let Way::Delay(pause) | Way::Drip(pause) = way { pause } else { Duration::ZERO };
    let request_limit = match way {
        Way::CutRequest(bytes) | Way::StopReading(bytes) => bytes,
        _ => usize::MAX,
    };
    let answer_limit = match way {
        Way::CutAnswer(bytes) | Way::EndAnswer(bytes) => bytes,
        Way::LoseAnswer => 0,
        _ => usize::MAX,
    };
    let request_pause = if matches!(way, Way::Delay(_)) { pause } else { Duration::ZERO };
    let there = copy(client_reads, server_writes, request_limit, 16 * 1024, request_pause);
    let piece = if matches!(way, Way::Drip(_)) { 1 } else { 16 * 1024 };
    let back = copy(server_reads, client_writes, answer_limit, piece, pause);
    let (mut there, mut back) = (Box::pin(there), Box::pin(back));
    let (reads, writes) = tokio::select! {
        (reads, _writes) = &mut there => match way {
            Way::CutRequest(_) => { drop(back); return reset_half(&reads); }
            Way::StopReading(_) => { let _held = (reads, back); return std::future::pending().await; }
            _ => { back.await; return; }
        },
        ends = &mut back => ends,
    };
    match way {
        Way::CutAnswer(_) => reset_half_write(&writes),
        Way::LoseAnswer => {
            let _held = (reads, writes);
            there.await;
            std::future::pending::<()>().await;
        }
        _ => {}
    }
}

/// Carries up to `limit` bytes, in pieces, with a pause before each; returns the ends once it is through.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    limit: usize,
    piece: usize,
    pause: Duration,
) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut left = limit;
    let mut buffer = vec![0; piece];
    while left > 0 {
        let most = piece.min(left);
        match from.read(&mut buffer[..most]).await {
            Ok(length) if length > 0 => {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                if to.write_all(&buffer[..length]).await.is_err() {
                    break;
                }
                left -= length;
            }
            _ => break,
        }
    }
    (from, to)
}

fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

fn reset_half(half: &OwnedReadHalf) {
    let _ = half.as_ref().set_zero_linger();
}

fn reset_half_write(half: &OwnedWriteHalf) {
    let _ = half.as_ref().set_zero_linger();
}

/// A port at which nobody answers, not even with a refusal: its queue of connections is full, so the system drops new ones, as a
/// firewall would.
pub struct BlackHole {
    pub address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub async fn open() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(1).expect("it listens");
        let address = listener.local_addr().expect("an address");
        let mut queued = Vec::new();
        // Loopback connects at once or not at all. Real time, also in a test whose clock is paused.
        while let Ok(Ok(stream)) = tokio::task::spawn_blocking(move || {
            std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300))
        })
        .await
        {
            stream.set_nonblocking(true).expect("set");
            queued.push(TcpStream::from_std(stream).expect("a stream"));
        }
        Self { address, _listener: listener, _queued: queued }
    }
}
