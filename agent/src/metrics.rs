//! `/metrics` for Prometheus: the newest readings, served on loopback, and what only dashboards ask for, read when they
//! ask. `agent/COMPATIBILITY.md` lists the families shared with node_exporter and blackbox_exporter.
//!
//! Bounds: [`CONNECTIONS_MAX`] connections (more are closed at once and counted), [`HEADER_TIMEOUT`] to send a request,
//! [`CONNECTION_TIMEOUT`] for a connection as a whole. Only `GET /metrics` and `GET /` are answered.

mod asked;
mod exposition;
mod host;
mod own;
mod probed;

use crate::RunError;
use crate::sampler::Roots;
use crate::state::State;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pantau_shared::envelope::AgentStarted;
use prometheus::TEXT_FORMAT;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Most connections at once.
const CONNECTIONS_MAX: usize = 8;

/// Bound on sending a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Bound on one connection as a whole: a scraper comes back, an idler goes.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

/// What does not change while the agent runs.
#[derive(Debug)]
pub(crate) struct Machine {
    /// What this machine is.
    pub(crate) facts: AgentStarted,
    /// Where the kernel's files are.
    pub(crate) roots: Roots,
}

/// Opens the socket.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })
}

/// Serves until shutdown.
pub(crate) async fn run(
    state: Arc<State>,
    machine: Machine,
    listener: TcpListener,
    mut shutdown: watch::Receiver<bool>,
) {
    let machine = Arc::new(machine);
    let mut connections = JoinSet::new();
    while !*shutdown.borrow() {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(serve(Arc::clone(&state), Arc::clone(&machine), stream));
                }
                Ok(_) => state.stats.refused_scrapes.add(1),
                Err(error) => {
                    // Out of file descriptors: give others time to return some.
                    tracing::warn!(%error, "cannot accept a connection for /metrics");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a /metrics connection broke off");
                }
            }
            changed = shutdown.changed() => if changed.is_err() { return },
        }
    }
}

async fn serve(state: Arc<State>, machine: Arc<Machine>, stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&state, &machine, request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    if let Ok(Err(error)) = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await {
        tracing::debug!(%error, "a /metrics connection ended");
    }
}

fn respond(state: &State, machine: &Machine, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let (status, kind, body) = match (method, path) {
        (&Method::GET, "/metrics") => match render(state, machine) {
            Ok(text) => (StatusCode::OK, TEXT_FORMAT, text),
            Err(error) => {
                tracing::error!(%error, "metrics cannot be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "metrics cannot be rendered\n".to_owned())
            }
        },
        (&Method::GET, "/") => (StatusCode::OK, "text/plain", "pantau-agent: see /metrics\n".to_owned()),
        (&Method::GET, _) => (StatusCode::NOT_FOUND, "text/plain", "see /metrics\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET is answered here\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// The whole text. The locks are held for copying only.
fn render(state: &State, machine: &Machine) -> Result<String, prometheus::Error> {
    let (sample, probes) = {
        let newest = state.newest();
        (newest.sample.clone(), newest.probes.clone())
    };
    let mut out = exposition::Exposition::default();
    if let Some(sample) = sample {
        host::render_host(&mut out, &machine.facts, &sample, state.clock.now());
    }
    asked::render_asked(&mut out, &machine.roots);
    probed::render_probes(&mut out, &probes);
    own::render_self(&mut out, &state.stats, state.spool_stats());
    out.render()
}

#[cfg(test)]
mod tests;
