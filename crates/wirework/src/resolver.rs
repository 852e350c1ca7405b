//! Names to addresses.
//!
//! A trait of its own beside [`Network::resolve`], so that a program can ask its own directory, or remember answers, on any
//! runtime.

mod answers;
mod cache;
mod lookup;

use std::io;
use std::net::SocketAddr;

pub use self::cache::CachingResolver;
use crate::Network;

/// Looks up the addresses of a host.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `host`, each with `port`, the best ones first.
    ///
    /// # Errors
    /// Fails when the name is unknown or the directory is out of reach, naming the host.
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up.
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// Asks the system, by [`Network::resolve`].
#[derive(Debug, Clone)]
pub struct SystemResolver<N> {
    network: N,
}

impl<N: Network> SystemResolver<N> {
    /// The resolver of `network`.
    pub fn new(network: &N) -> Self {
        Self {
            network: network.clone(),
        }
    }
}

impl<N: Network> Resolver for SystemResolver<N> {
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send {
        self.network.resolve(host, port)
    }
}
