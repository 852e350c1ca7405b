//! A protocol of requests and replies: one function from one to the other.

#[cfg(feature = "tower")]
mod tower;

use std::error::Error;

#[cfg(feature = "tower")]
pub use self::tower::Tower;

/// Answers requests.
///
/// Implemented for functions and closures `Fn(Request) -> impl Future<Output = Result<Response, E>>`, and, with the feature
/// `tower`, for `Tower` around any `tower_service::Service`.
///
/// A request may borrow from the read buffer: implement `Service<&'a str>` for all `'a` and use
/// [`Server::serve_service_ref`](crate::Server::serve_service_ref).
///
/// # Contract
/// - An error ends the connection, after the replies to earlier requests were sent. What the peer is to be told is a
///   response.
/// - Dropping the future gives the request up: the connection is gone.
/// - A future that is ready when it is first polled costs neither a task nor an allocation.
///
/// ```
/// use std::io;
/// use wirework::Service;
///
/// /// Answers with the length of the line.
/// struct Lengths;
///
/// impl Service<String> for Lengths {
///     type Response = String;
///     type Error = io::Error;
///
///     async fn call(&self, line: String) -> io::Result<String> {
///         Ok(line.len().to_string())
///     }
/// }
/// # futures_lite::future::block_on(async {
/// assert_eq!(Lengths.call("four".to_string()).await?, "4");
/// # Ok::<(), io::Error>(()) }).unwrap();
/// ```
pub trait Service<Request>: Send + Sync + 'static {
    /// What goes back.
    type Response: Send + 'static;
    /// Why a request ends the connection.
    type Error: Into<Box<dyn Error + Send + Sync>> + Send + 'static;

    /// Answers one request.
    fn call(&self, request: Request) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send;
}

impl<Request, Response, E, F, Fut> Service<Request> for F
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, E>> + Send,
    Response: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    type Response = Response;
    type Error = E;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response, E>> + Send {
        self(request)
    }
}
