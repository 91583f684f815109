//! Serving on addresses: plain HTTP only on loopback, TLS anywhere, connections bounded, an end in good order.
//!
//! | bound | value | what happens beyond it |
//! |---|---|---|
//! | connections over all addresses | [`CONNECTIONS_MAX`] | closed at once, counted |
//! | TLS handshake, first request | [`HEAD_TIME_MAX`] | connection closed |
//! | from a reply to the head of the next request | [`KEPT_TIME_MAX`] | connection closed |
//! | end in good order | [`DRAIN_TIME_MAX`] | connections cut |
//!
//! Binding is apart from serving: a port that is taken is known before anything else starts, and tests can ask for
//! port 0. Knows nothing of what is served.

mod bounded;

use crate::self_stats::SelfStats;
use axum::ServiceExt;
use axum::http::Request;
use axum::response::Response;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use bounded::Bounded;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tower_service::Service;

/// Open connections over all addresses. Ten thousand agents with a connection each, and people beside them.
pub const CONNECTIONS_MAX: usize = 12_000;

/// For a TLS handshake, and for the head of the first request.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// For the head of every later request, the idle time before it included: the server cannot tell them apart. Several
/// sampling periods, because an agent whose connection is closed between two batches pays for a handshake with each, and
/// so do we: five times what the batch costs.
pub const KEPT_TIME_MAX: Duration = Duration::from_secs(150);

/// For requests in flight when the program ends.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Where to listen, and how.
#[derive(Debug, Clone)]
pub enum Listen {
    /// Plain HTTP; refused anywhere but on loopback.
    Plain(SocketAddr),
    /// TLS.
    Tls(SocketAddr, RustlsConfig),
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Passwords and observations would cross the network readable.
    #[error(
        "cannot serve plain HTTP on {address}: only a loopback address may be without TLS; configure TLS or listen on 127.0.0.1"
    )]
    PlainOutsideLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// Another program listens there.
    #[error("cannot listen on {address}: another program has this port; stop it or choose another address")]
    PortTaken {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The system refuses the address.
    #[error("cannot listen on {address}: it must be an address of this machine, and ports below 1024 need a privilege")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A listener failed while serving.
    #[error("serving on {address} failed")]
    Serve {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// Addresses that are taken and wait for what answers there.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<(TcpListener, SocketAddr, Option<RustlsConfig>)>,
}

impl Server {
    /// Takes all addresses, or none.
    ///
    /// # Errors
    /// [`ServerError::PlainOutsideLoopback`], [`ServerError::PortTaken`], [`ServerError::Bind`].
    pub fn bind(listens: &[Listen]) -> Result<Self, ServerError> {
        let listeners = listens.iter().map(bind).collect::<Result<_, _>>()?;
        Ok(Self { listeners })
    }

    /// The addresses as they are, with the port that the system chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(_, address, _)| *address).collect()
    }

    /// Serves until `shutdown` turns true or its sender is gone, then ends in good order. Handlers can ask for the
    /// peer with `ConnectInfo<SocketAddr>`.
    ///
    /// # Errors
    /// [`ServerError::Serve`]; the other addresses are ended then.
    pub async fn run<S>(
        self,
        service: S,
        stats: Arc<SelfStats>,
        shutdown: watch::Receiver<bool>,
    ) -> Result<(), ServerError>
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let bounded = Bounded::new(Arc::new(Semaphore::new(CONNECTIONS_MAX)), stats);
        let handle = Handle::new();
        let end = tokio::spawn(end_with(handle.clone(), shutdown));
        let mut serving = tokio::task::JoinSet::new();
        for (listener, address, tls) in self.listeners {
            serving.spawn(serve(listener, address, tls, bounded.clone(), handle.clone(), service.clone()));
        }
        let mut result = Ok(());
        while let Some(ended) = serving.join_next().await {
            if let Ok(Err(error)) = ended {
                result = Err(error);
                handle.shutdown();
            }
        }
        end.abort();
        result
    }
}

fn bind(listen: &Listen) -> Result<(TcpListener, SocketAddr, Option<RustlsConfig>), ServerError> {
    let (address, tls) = match listen {
        Listen::Plain(address) => (*address, None),
        Listen::Tls(address, config) => (*address, Some(config.clone())),
    };
    if tls.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(ServerError::PlainOutsideLoopback { address });
    }
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::PortTaken { address, source },
        _ => ServerError::Bind { address, source },
    };
    let listener = TcpListener::bind(address).map_err(refused)?;
    let taken = listener.local_addr().map_err(refused)?;
    Ok((listener, taken, tls))
}

async fn end_with(handle: Handle<SocketAddr>, mut shutdown: watch::Receiver<bool>) {
    // A sender that is gone asks for the end as well.
    let ended = shutdown.wait_for(|end| *end).await.is_err();
    tracing::debug!(sender_gone = ended, "the server ends");
    handle.graceful_shutdown(Some(DRAIN_TIME_MAX));
}

async fn serve<S>(
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    bounded: Bounded,
    handle: Handle<SocketAddr>,
    service: S,
) -> Result<(), ServerError>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let failed = |source| ServerError::Serve { address, source };
    let service = ServiceExt::<Request<Incoming>>::into_make_service_with_connect_info::<SocketAddr>(service);
    let mut server = axum_server::from_tcp(listener)
        .map_err(failed)?
        .http1_only()
        .handle(handle)
        .first_request_timeout(HEAD_TIME_MAX)
        .accept_error_handler(|peer, error| tracing::debug!(?peer, %error, "a connection is not taken"));
    server.http_builder().http1().header_read_timeout(KEPT_TIME_MAX);
    match tls {
        None => server.acceptor(bounded).serve(service).await.map_err(failed),
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).handshake_timeout(HEAD_TIME_MAX).acceptor(bounded);
            server.acceptor(acceptor).serve(service).await.map_err(failed)
        }
    }
}

#[cfg(test)]
mod tests;
