//! A socket of tokio's, which wirework's traits are implemented on.
//!
//! They cannot be implemented on tokio's own types: neither are ours.

/// A socket of `tokio::net`, or half of one. `From` takes one over as it is.
///
/// Known by its aliases, such as [`TcpStream`](crate::TcpStream).
#[derive(Debug)]
pub struct Socket<S>(pub(crate) S);

impl<S> Socket<S> {
    /// tokio's socket, for its options.
    pub fn get_ref(&self) -> &S {
        &self.0
    }
}

impl<S> From<S> for Socket<S> {
    fn from(inner: S) -> Self {
        Self(inner)
    }
}
