//! Where a pool's connections come from.

use std::io;

/// Makes connections for a [`Pool`](crate::Pool), and tells good ones from bad ones.
///
/// Implemented for functions and closures that connect: all they make counts as healthy until it has lived long enough, unless
/// [`reusable_if`](Self::reusable_if) says more.
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
    /// and a new one made in its place. So is one that has not answered [in time](crate::PoolOptions::check_timeout).
    ///
    /// # Cancel safety
    /// The future is dropped when the time is up, or whoever takes the connection gives up. The connection is then closed.
    fn check(&self, _: &mut Self::Item) -> impl Future<Output = bool> + Send {
        async { true }
    }

    /// Whether one can be used again, asked without waiting, when it is given back and once more before it is handed out; yes
    /// unless implemented.
    fn is_reusable(&self, _: &mut Self::Item) -> bool {
        true
    }

    /// The same source, whose connections are used again only if `is_reusable` says so, too.
    ///
    /// ```
    /// # use std::io;
    /// use wirework::codec::Lines;
    /// use wirework::{Client, ClientOptions, Connector, Framed, Network, Pool, PoolOptions, PoolSource};
    ///
    /// fn clients<N: Network>(network: &N) -> Pool<impl PoolSource<Item = Client<String, String>> + use<N>> {
    ///     let (runtime, connector) = (network.clone(), Connector::new(network));
    ///     let connect = move || {
    ///         let (runtime, connector) = (runtime.clone(), connector.clone());
    ///         async move {
    ///             let framed = Framed::new(connector.connect("counter.example:7000").await?, Lines::new());
    ///             io::Result::Ok(Client::pipelined(&runtime, framed, ClientOptions::new()))
    ///         }
    ///     };
    ///     Pool::new(network, PoolOptions::new(), connect.reusable_if(|client| client.is_open()))
    /// }
    /// ```
    fn reusable_if<P>(self, is_reusable: P) -> ReusableIf<Self, P>
    where
        Self: Sized,
        P: Fn(&mut Self::Item) -> bool + Send + Sync + 'static,
    {
        ReusableIf {
            source: self,
            is_reusable,
        }
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

/// What [`PoolSource::reusable_if`] makes.
#[derive(Debug, Clone)]
pub struct ReusableIf<S, P> {
    source: S,
    is_reusable: P,
}

impl<S, P> PoolSource for ReusableIf<S, P>
where
    S: PoolSource,
    P: Fn(&mut S::Item) -> bool + Send + Sync + 'static,
{
    type Item = S::Item;

    fn connect(&self) -> impl Future<Output = io::Result<S::Item>> + Send {
        self.source.connect()
    }

    fn check(&self, item: &mut S::Item) -> impl Future<Output = bool> + Send {
        self.source.check(item)
    }

    fn is_reusable(&self, item: &mut S::Item) -> bool {
        self.source.is_reusable(item) && (self.is_reusable)(item)
    }
}
