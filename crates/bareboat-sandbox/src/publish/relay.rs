//! The relay itself: one thread, one poll loop, a bounded number of connections with bounded buffers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::Listener;
use crate::descriptor;

/// Connections at a time; more wait in the listeners' queues.
const MOST_CONNECTIONS: usize = 512;
/// Bytes per connection and direction.
const BUFFER: usize = 32 * 1024;
/// How many buffers one connection may move before the others get their turn.
const TURN: usize = 16;

/// Relays until the other end of `stop` closes.
pub(super) fn relay(listeners: &[Listener], connector: Option<&OwnedFd>, stop: &OwnedFd) {
    let dialer = Dialer { connector };
    let mut connections: Vec<Connection> = Vec::new();
    // After a failed accept (no descriptors left), listeners rest for a moment instead of being polled in a circle.
    let mut resting: Option<Instant> = None;
    loop {
        let rested = resting.is_none_or(|until| Instant::now() >= until);
        let accepting = rested && connections.len() < MOST_CONNECTIONS;
        let Some(ready) = wait(listeners, &connections, stop, accepting, !rested) else { return };
        for (connection, ready) in connections.iter_mut().zip(&ready.connections) {
            connection.proceed(*ready, &dialer);
        }
        connections.retain(|connection| !connection.is_over());
        for (listener, _) in listeners.iter().zip(&ready.listeners).filter(|(_, ready)| **ready) {
            match listener.socket.accept() {
                Ok((client, _)) => connections.extend(Connection::begin(client, listener.port, &dialer)),
                Err(error) if is_passing(&error) => {}
                Err(_) => resting = Some(Instant::now() + Duration::from_millis(100)),
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
}

/// What poll found.
struct Ready {
    listeners: Vec<bool>,
    /// For the client's and the server's side.
    connections: Vec<[PollFlags; 2]>,
}

/// Waits for something to do; none when it is time to stop.
fn wait(
    listeners: &[Listener],
    connections: &[Connection],
    stop: &OwnedFd,
    accepting: bool,
    resting: bool,
) -> Option<Ready> {
    let interest = if accepting { PollFlags::IN } else { PollFlags::empty() };
    let mut watched = vec![PollFd::new(stop, PollFlags::IN)];
    watched.extend(listeners.iter().map(|listener| PollFd::new(&listener.socket, interest)));
    for connection in connections {
        let [client, server] = connection.interests();
        watched.push(PollFd::new(&connection.client, client));
        watched.push(PollFd::new(&connection.server, server));
    }
    let pause = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    match rustix::event::poll(&mut watched, resting.then_some(&pause)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return None,
    }
    let (first, rest) = watched.split_first()?;
    if !first.revents().is_empty() {
        return None;
    }
    let (for_listeners, for_connections) = rest.split_at(listeners.len());
    Some(Ready {
        listeners: for_listeners.iter().map(|polled| polled.revents().contains(PollFlags::IN)).collect(),
        connections: for_connections
            .chunks_exact(2)
            .map(|pair| [pair[0].revents(), pair[1].revents()])
            .collect(),
    })
}

/// Makes sockets in the sandbox's network and starts to connect them.
struct Dialer<'a> {
    connector: Option<&'a OwnedFd>,
}

/// The address families of the loopback interface, in the order they are tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Four,
    Six,
}

impl Dialer<'_> {
    fn dial(&self, family: Family, port: u16) -> Result<TcpStream, Errno> {
        let socket = self.socket(family)?;
        let address = match family {
            Family::Four => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            Family::Six => SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        };
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
            Err(errno) => Err(errno),
        }
    }

    fn socket(&self, family: Family) -> Result<OwnedFd, Errno> {
        let Some(connector) = self.connector else {
            let domain = if family == Family::Four { AddressFamily::INET } else { AddressFamily::INET6 };
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            return rustix::net::socket_with(domain, SocketType::STREAM, flags, None);
        };
        let request = if family == Family::Four { b"4" } else { b"6" };
        rustix::net::send(connector, request, rustix::net::SendFlags::NOSIGNAL)?;
        // The first process answers at once or is gone, which ends the wait as well.
        descriptor::receive(connector)?.ok_or(Errno::AFNOSUPPORT)
    }
}

/// A client outside and its server inside.
struct Connection {
    client: TcpStream,
    server: TcpStream,
    port: u16,
    stage: Stage,
    up: Direction,
    down: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting(Family),
    Open,
    Over,
}

impl Connection {
    fn begin(client: TcpStream, port: u16, dialer: &Dialer<'_>) -> Option<Self> {
        client.set_nonblocking(true).ok()?;
        let _ = client.set_nodelay(true);
        let (server, family) = match dialer.dial(Family::Four, port) {
            Ok(server) => (server, Family::Four),
            Err(_) => (dialer.dial(Family::Six, port).ok()?, Family::Six),
        };
        let stage = Stage::Connecting(family);
        Some(Self { client, server, port, stage, up: Direction::new(), down: Direction::new() })
    }

    fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    fn interests(&self) -> [PollFlags; 2] {
        match self.stage {
            Stage::Connecting(_) => [PollFlags::empty(), PollFlags::OUT],
            _ => [self.up.interest_in(&self.down), self.down.interest_in(&self.up)],
        }
    }

    fn proceed(&mut self, ready: [PollFlags; 2], dialer: &Dialer<'_>) {
        if ready.iter().all(|flags| flags.is_empty()) {
            return;
        }
        match self.stage {
            Stage::Connecting(family) => self.finish_connecting(family, ready, dialer),
            Stage::Open => self.exchange(ready),
            Stage::Over => {}
        }
    }

    fn finish_connecting(&mut self, family: Family, ready: [PollFlags; 2], dialer: &Dialer<'_>) {
        if ready[1].is_empty() {
            // Only the client can have something to say here: that it has gone.
            self.stage = Stage::Over;
            return;
        }
        match self.server.take_error() {
            Ok(None) => {
                let _ = self.server.set_nodelay(true);
                self.stage = Stage::Open;
            }
            _ if family == Family::Four => match dialer.dial(Family::Six, self.port) {
                Ok(server) => {
                    self.server = server;
                    self.stage = Stage::Connecting(Family::Six);
                }
                Err(_) => self.stage = Stage::Over,
            },
            _ => self.stage = Stage::Over,
        }
    }

    fn exchange(&mut self, ready: [PollFlags; 2]) {
        let up = self.up.carry(&mut self.client, &mut self.server);
        let down = self.down.carry(&mut self.server, &mut self.client);
        let done = self.up.closed && self.down.closed;
        // A side that hung up takes no more bytes, and polling it would return at once for ever.
        let gone = PollFlags::HUP | PollFlags::ERR;
        let client_gone = ready[0].intersects(gone) && self.up.ended;
        let server_gone = ready[1].intersects(gone) && self.down.ended && self.down.is_empty();
        if up.is_err() || down.is_err() || done || client_gone || server_gone {
            self.stage = Stage::Over;
        }
    }
}

/// Bytes on their way in one direction.
struct Direction {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// The source has no more.
    ended: bool,
    /// And the destination knows.
    closed: bool,
}

impl Direction {
    fn new() -> Self {
        Self { buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0, ended: false, closed: false }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// What to poll this direction's source for; it is also the destination of `other`.
    fn interest_in(&self, other: &Self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.is_empty() && !self.ended);
        flags.set(PollFlags::OUT, !other.is_empty());
        flags
    }

    /// Moves what can be moved now.
    fn carry(&mut self, from: &mut TcpStream, to: &mut TcpStream) -> io::Result<()> {
        for _ in 0..TURN {
            if self.is_empty() && !self.ended {
                match from.read(&mut self.buffer) {
                    Ok(0) => self.ended = true,
                    Ok(length) => (self.start, self.end) = (0, length),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                }
            }
            while !self.is_empty() {
                match to.write(&self.buffer[self.start..self.end]) {
                    Ok(length) => self.start += length,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                }
            }
            if self.ended {
                if !self.closed {
                    self.closed = true;
                    // Says end of stream to the other side, which may still answer.
                    let _ = to.shutdown(Shutdown::Write);
                }
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Publication;
    use crate::sandbox::{Network, Publish};
    use std::net::TcpListener;

    #[test]
    fn relays_both_ways_and_passes_the_end_of_a_stream_on() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let published = Publish { host: "127.0.0.1:0".parse().unwrap(), port };
        let mut publication = Publication::listen(&[published], Network::Host).unwrap();
        let proxy = publication.start(None).unwrap();
        let echo = std::thread::spawn(move || {
            let (mut peer, _) = server.accept().unwrap();
            let mut received = Vec::new();
            peer.read_to_end(&mut received).unwrap();
            peer.write_all(&received).unwrap();
            received.len()
        });
        let mut client = TcpStream::connect(proxy.addresses()[0]).unwrap();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
        let mut writer = client.try_clone().unwrap();
        let copy = sent.clone();
        let writing = std::thread::spawn(move || {
            writer.write_all(&copy).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert_eq!(echo.join().unwrap(), sent.len());
        assert!(received == sent);
    }

    #[test]
    fn a_port_where_nobody_listens_closes_the_connection() {
        let vacant = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let published = Publish { host: "127.0.0.1:0".parse().unwrap(), port: vacant };
        let mut publication = Publication::listen(&[published], Network::Host).unwrap();
        let proxy = publication.start(None).unwrap();
        let mut client = TcpStream::connect(proxy.addresses()[0]).unwrap();
        let mut received = Vec::new();
        // An end of stream or a reset, but no hanging.
        let _ = client.read_to_end(&mut received);
        assert!(received.is_empty());
    }
}
