//! Services of tower, with all their layers, as services here.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use super::Service;

/// Makes a [`Service`] of a `tower_service::Service`. Each request gets a clone, which is waited for to be ready.
///
/// ```
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
/// use wirework::{Service, Tower};
///
/// #[derive(Clone)]
/// struct Shout;
///
/// impl tower_service::Service<String> for Shout {
///     type Response = String;
///     type Error = Infallible;
///     type Future = Ready<Result<String, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, line: String) -> Self::Future {
///         ready(Ok(line.to_uppercase()))
///     }
/// }
/// # futures_lite::future::block_on(async {
/// assert_eq!(Tower::new(Shout).call("hello".to_string()).await, Ok("HELLO".to_string()));
/// # });
/// ```
pub struct Tower<S> {
    /// Never held for longer than a clone takes; services of tower need not be `Sync`.
    service: Mutex<S>,
}

impl<S> Tower<S> {
    /// Wraps a service of tower's.
    pub fn new(service: S) -> Self {
        Self {
            service: Mutex::new(service),
        }
    }
}

impl<S, Request> Service<Request> for Tower<S>
where
    S: tower_service::Service<Request> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    Request: Send,
{
    type Response = S::Response;
    type Error = S::Error;

    fn call(&self, request: Request) -> impl Future<Output = Result<S::Response, S::Error>> + Send {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
    }
}

impl<S> fmt::Debug for Tower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tower").finish_non_exhaustive()
    }
}
