//! Where a pool's connections come from.

use std::io;

/// Makes connections for a [`Pool`](crate::Pool), and tells good ones from bad ones.
///
/// Implemented for functions and closures that connect: all they make counts as healthy until it has lived long enough.
///
/// ```
/// use std::io;
/// use wirework::{Client, PoolSource};
///
/// /// Clients of a service, which are asked for a sign of life before they are used.
/// struct Clients;
///
/// impl PoolSource for Clients {
///     type Item = Client<String, String>;
///
///     async fn connect(&self) -> io::Result<Self::Item> {
///         # Err(io::ErrorKind::Unsupported.into())
///         // …
///     }
///
///     async fn check(&self, client: &mut Self::Item) -> bool {
///         client.call("PING".to_owned()).await.is_ok()
///     }
///
///     fn is_reusable(&self, client: &mut Self::Item) -> bool {
///         client.is_open()
///     }
/// }
/// ```
pub trait PoolSource: Send + Sync + 'static {
    /// What is pooled.
    type Item: Send + 'static;

    /// Makes one.
    ///
    /// # Errors
    /// The error is given to who asked for it; the pool tries again for the next one.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Item>> + Send;

    /// Whether an idle one is still good, asked before it is handed out; yes unless implemented. One that is not is closed,
    /// and a new one made in its place.
    fn check(&self, _: &mut Self::Item) -> impl Future<Output = bool> + Send {
        async { true }
    }

    /// Whether one that is given back can be used again, asked without waiting; yes unless implemented.
    fn is_reusable(&self, _: &mut Self::Item) -> bool {
        true
    }
}

impl<F, Fut, T> PoolSource for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<T>> + Send,
    T: Send + 'static,
{
    type Item = T;

    fn connect(&self) -> impl Future<Output = io::Result<T>> + Send {
        self()
    }
}
