//! Published ports: addresses of the host that lead to a port inside, by relaying bytes.
//!
//! The sandbox's first process makes unconnected sockets in its network namespace on request and passes them out;
//! connecting and everything else happens here. So nothing needs the right to enter the namespace.

mod relay;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use crate::error::SandboxError;
use crate::sandbox::{Network, Publish};

/// Addresses listened on, not yet relayed.
pub(crate) struct Publication {
    network: Network,
    addresses: Vec<SocketAddr>,
    listeners: Vec<Listener>,
}

/// One address and where it leads.
pub(crate) struct Listener {
    socket: TcpListener,
    port: u16,
}

impl Publication {
    /// Listens on every address.
    ///
    /// # Errors
    /// An address is in use, not this machine's, or not allowed.
    pub(crate) fn listen(published: &[Publish], network: Network) -> Result<Self, SandboxError> {
        let mut new = Self { network, addresses: Vec::new(), listeners: Vec::new() };
        for &Publish { host, port } in published {
            if network == Network::Host && host.port() == port {
                new.addresses.push(host);
                continue;
            }
            let failed = |error| SandboxError::Publish { address: host, error };
            let socket = TcpListener::bind(host).map_err(failed)?;
            socket.set_nonblocking(true).map_err(failed)?;
            new.addresses.push(socket.local_addr().map_err(failed)?);
            new.listeners.push(Listener { socket, port });
        }
        Ok(new)
    }

    /// Whether sockets of another network namespace will be needed.
    pub(crate) fn needs_connector(&self) -> bool {
        self.network == Network::None && !self.listeners.is_empty()
    }

    /// Starts relaying. `connector` makes sockets inside; without it the host's own are used.
    pub(crate) fn start(&mut self, connector: Option<OwnedFd>) -> Result<Proxy, SandboxError> {
        let addresses = std::mem::take(&mut self.addresses);
        let listeners = std::mem::take(&mut self.listeners);
        if listeners.is_empty() {
            return Ok(Proxy { addresses, running: None });
        }
        let system = SandboxError::system("start relaying published ports");
        let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(&system)?;
        let thread = std::thread::Builder::new()
            .name("published ports".to_owned())
            .spawn(move || relay::relay(&listeners, connector.as_ref(), &stopped))
            .map_err(|error| SandboxError::System { act: "start relaying published ports", error })?;
        Ok(Proxy { addresses, running: Some((stop, thread)) })
    }
}

/// The relay of a running sandbox; dropping it closes its listeners and connections.
pub(crate) struct Proxy {
    addresses: Vec<SocketAddr>,
    running: Option<(OwnedFd, JoinHandle<()>)>,
}

impl Proxy {
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxy").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
