//! Stands between the program and the gateway, and knows of each feed request how far it is. At any of these steps it can be told
//! to have the program killed; what happens on the wire after that is what happens when a client is gone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::killer::{Killer, Step};

/// The largest head of a request or an answer.
const HEAD_LIMIT: usize = 64 * 1024;

pub struct Relay {
    pub address: SocketAddr,
    /// Feed requests that the gateway was given whole.
    pub sent: AtomicU64,
    /// Feed requests on their way now.
    pub in_flight: AtomicU32,
    /// When each feed request arrived.
    arrived: Mutex<Vec<Instant>>,
    killer: Arc<Killer>,
}

/// A request or an answer, as it is on the wire.
struct Message {
    bytes: Vec<u8>,
    head: usize,
}

impl Relay {
    /// Listens on a port of its own, for the gateway at `gateway`.
    pub async fn start(gateway: SocketAddr, killer: Arc<Killer>) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let relay = Arc::new(Self {
            address,
            sent: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            arrived: Mutex::default(),
            killer,
        });
        tokio::spawn({
            let relay = Arc::clone(&relay);
            async move {
                loop {
                    let (client, _) = listener.accept().await.expect("a connection");
                    let relay = Arc::clone(&relay);
                    // A broken connection is what this is about; the next run makes another.
                    tokio::spawn(async move { relay.serve(client, gateway).await.unwrap_or_default() });
                }
            }
        });
        relay
    }

    /// The most feed requests that arrived within any time of this length.
    pub fn most_within(&self, length: Duration) -> usize {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |first: usize| arrived[first..].iter().take_while(|at| **at - arrived[first] < length).count();
        (0..arrived.len()).map(within).max().unwrap_or_default()
    }

    async fn serve(&self, mut client: TcpStream, gateway: SocketAddr) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        let mut server = TcpStream::connect(gateway).await?;
        server.set_nodelay(true)?;
        while let Some(request) = read_message(&mut client).await? {
            if request.bytes.starts_with(b"POST /feeds/") {
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                self.in_flight.fetch_add(1, Ordering::SeqCst);
                let passed = self.pass_feed(&request, &mut client, &mut server).await;
                self.in_flight.fetch_sub(1, Ordering::SeqCst);
                passed?;
            } else {
                server.write_all(&request.bytes).await?;
                client.write_all(&expect(read_message(&mut server).await?)?.bytes).await?;
            }
        }
        Ok(())
    }

    async fn pass_feed(
        &self,
        request: &Message,
        client: &mut TcpStream,
        server: &mut TcpStream,
    ) -> std::io::Result<()> {
        self.at(Step::RequestArrives)?;
        let (first, second) = request.bytes.split_at(request.middle());
        server.write_all(first).await?;
        self.at(Step::RequestHalfThrough)?;
        server.write_all(second).await?;
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.at(Step::RequestThrough)?;
        let answer = expect(read_message(server).await?)?;
        self.at(Step::AnswerReady)?;
        let (first, second) = answer.bytes.split_at(answer.middle());
        client.write_all(first).await?;
        self.at(Step::AnswerHalfThrough)?;
        client.write_all(second).await?;
        self.at(Step::AnswerThrough)
    }

    /// Goes on, unless this is where the program is killed: then nothing more passes.
    fn at(&self, step: Step) -> std::io::Result<()> {
        if self.killer.reached(step) { Err(std::io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Message {
    /// A place in the middle of the body.
    fn middle(&self) -> usize {
        usize::midpoint(self.head, self.bytes.len())
    }
}

/// An answer that must come; the gateway's faults break connections off.
fn expect(message: Option<Message>) -> std::io::Result<Message> {
    message.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// Reads one HTTP/1.1 message with a known length; `None` at the end of the connection.
async fn read_message(stream: &mut TcpStream) -> std::io::Result<Option<Message>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if bytes.len() > HEAD_LIMIT || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    assert!(!text.contains("transfer-encoding"), "this relay knows messages of a known length only: {text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    assert_eq!(bytes.len(), head + length, "one message at a time");
    Ok(Some(Message { bytes, head }))
}
