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
/// A request may borrow from the read buffer: a plain `async fn reverse(line: &str)` is such a service, for
/// [`Server::serve_service_ref`](crate::Server::serve_service_ref), and so is an `impl Service<&str>`.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer requests of type `{Request}`",
    label = "not a service for `{Request}`",
    note = "a service is an `async fn({Request}) -> Result<Response, Error>` whose future is `Send`, \
            or implements `Service<{Request}>`",
    note = "what the codec decodes is the request; what is answered must be something that it encodes"
)]
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
