//! Batches before everything else: a posted batch goes straight to ingest, anything else to the router.
//!
//! Of ten requests to a collector more than nine are batches; they need no routing, no extractors and no layers. What
//! they are answered is the same on both roads, because both end in [`Ingest::respond`]. Knows one path.

use super::{INGEST_PATH, Ingest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// What answers at the collector's addresses.
#[derive(Debug, Clone)]
pub struct Front {
    ingest: Arc<Ingest>,
    router: Router,
}

impl Front {
    /// `router` answers what is not a batch.
    pub fn new(ingest: Arc<Ingest>, router: Router) -> Self {
        Self { ingest, router }
    }
}

impl<B> Service<Request<B>> for Front
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.method() == Method::POST && request.uri().path() == INGEST_PATH {
            let ingest = Arc::clone(&self.ingest);
            let (head, body) = request.into_parts();
            return Box::pin(async move { Ok(ingest.respond(&head.headers, body).await) });
        }
        Box::pin(self.router.call(request.map(Body::new)))
    }
}
