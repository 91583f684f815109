//! A bad day of a server, from a seed: it answers late, not at all, with an error after it acted, or asks for patience.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: it is served.
    None,
    /// Served, and the answer takes a while.
    Slow,
    /// Served, and the connection breaks before the answer is whole: the client gave up, the server did not.
    AnswerLost,
    /// As [`Fault::AnswerLost`], but the server acts only after the client has gone.
    ActsLater,
    /// 500 after it has acted.
    ErrorAfter,
    /// 503 without acting.
    Unavailable,
    /// 429 with a wish for patience.
    TooMany,
}

/// The faults to come; then the server is well.
#[derive(Debug)]
pub(crate) struct Faults {
    state: u64,
    left: u32,
}

impl Faults {
    /// So many faulty or fair draws from `seed`, then none.
    pub(crate) fn new(seed: u64, left: u32) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, left }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % bound.max(1)
    }

    /// What happens to the next request.
    pub(crate) fn next(&mut self) -> Fault {
        if self.left == 0 {
            return Fault::None;
        }
        self.left -= 1;
        match self.below(10) {
            0 => Fault::Slow,
            1 | 2 => Fault::AnswerLost,
            3 => Fault::ActsLater,
            4 | 5 => Fault::ErrorAfter,
            6 => Fault::Unavailable,
            7 => Fault::TooMany,
            _ => Fault::None,
        }
    }
}

/// A body that breaks.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

/// Serves a request under a fault; `act` does it and gives status and body.
pub(crate) async fn under(fault: Fault, act: impl FnOnce() -> (StatusCode, String) + Send + 'static) -> Response<Body> {
    let plain = |status: StatusCode, text: String| {
        let mut response = Response::new(Body::new(Full::new(Bytes::from(text))));
        *response.status_mut() = status;
        response
    };
    match fault {
        Fault::None => {
            let (status, text) = act();
            plain(status, text)
        }
        Fault::Slow => {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let (status, text) = act();
            plain(status, text)
        }
        Fault::AnswerLost => {
            let _acted = act();
            Response::new(Body::new(Broken))
        }
        Fault::ActsLater => {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(15)).await;
                act()
            });
            Response::new(Body::new(Broken))
        }
        Fault::ErrorAfter => {
            let _acted = act();
            plain(StatusCode::INTERNAL_SERVER_ERROR, "kesalahan".to_owned())
        }
        Fault::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE, "dirawat".to_owned()),
        Fault::TooMany => {
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "sabar".to_owned());
            response.headers_mut().insert("retry-after", HeaderValue::from_static("7"));
            response
        }
    }
}
