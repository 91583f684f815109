//! The listeners: one router on every address, plain HTTP on loopback only, TLS elsewhere.
//!
//! Bounds: a request's head within [`HEAD_DEADLINE`], a TLS handshake within [`HANDSHAKE_DEADLINE`], a connection in all
//! within its requests' own limits; at shutdown open requests have [`DRAIN`] to end.

use crate::tls::ServerTls;
use axum::Router;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

const HEAD_DEADLINE: Duration = Duration::from_secs(10);
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(5);

/// Why nobody can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: is another program using it? choose another with `listen` in collector.toml (or --listen)"
    )]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Not loopback, and no TLS.
    #[error("{address} is not loopback: set `enabled = true` under [tls] in collector.toml")]
    Plain {
        /// Which.
        address: SocketAddr,
    },
    /// A listener failed while serving.
    #[error("a listener failed")]
    Serve(#[source] std::io::Error),
}

/// Bound listeners that do not serve yet: a taken port is found before anything else starts.
#[derive(Debug)]
pub struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Binds all addresses.
    ///
    /// # Errors
    /// [`ServeError::Plain`], [`ServeError::Bind`].
    pub fn bind(addresses: &[SocketAddr], tls: bool) -> Result<Self, ServeError> {
        let bind = |address: &SocketAddr| {
            let address = *address;
            if !tls && !address.ip().is_loopback() {
                return Err(ServeError::Plain { address });
            }
            let bound = TcpListener::bind(address);
            let listener = bound.map_err(|source| ServeError::Bind { address, source })?;
            listener.set_nonblocking(true).map_err(|source| ServeError::Bind { address, source })?;
            Ok(listener)
        };
        addresses.iter().map(bind).collect::<Result<_, _>>().map(Self)
    }

    /// Serves `router` on all of them until `shutdown`.
    ///
    /// # Errors
    /// [`ServeError::Serve`].
    pub async fn serve(
        self,
        router: Router,
        tls: Option<ServerTls>,
        mut shutdown: watch::Receiver<bool>,
    ) -> Result<(), ServeError> {
        let handle = Handle::new();
        let mut servers = JoinSet::new();
        for listener in self.0 {
            let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
            let mut server = axum_server::from_tcp(listener).map_err(ServeError::Serve)?.handle(handle.clone());
            bound(&mut server);
            match &tls {
                None => servers.spawn(async move { server.serve(service).await }),
                Some(tls) => {
                    let acceptor = RustlsAcceptor::new(tls.config.clone()).handshake_timeout(HANDSHAKE_DEADLINE);
                    servers.spawn(async move { server.acceptor(acceptor).serve(service).await })
                }
            };
        }
        let stopping = handle.clone();
        let stop = tokio::spawn(async move {
            // The sender is gone only when the program ends.
            shutdown.wait_for(|stop| *stop).await.ok();
            stopping.graceful_shutdown(Some(DRAIN));
        });
        let mut result = Ok(());
        while let Some(ended) = servers.join_next().await {
            if let Ok(Err(error)) = ended {
                result = Err(ServeError::Serve(error));
                handle.shutdown();
            }
        }
        stop.abort();
        result
    }
}

/// Slow heads do not hold a connection.
fn bound<A: axum_server::Address>(server: &mut Server<A>) {
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        let address: SocketAddr = "192.0.2.1:8420".parse().expect("valid");
        assert!(matches!(Listeners::bind(&[address], false), Err(ServeError::Plain { .. })));
    }

    #[test]
    fn a_taken_port_is_named_with_the_remedy() {
        let held = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = held.local_addr().expect("bound");
        let error = Listeners::bind(&[address], false).expect_err("taken");
        assert!(error.to_string().contains(&address.to_string()) && error.to_string().contains("listen"));
    }
}
