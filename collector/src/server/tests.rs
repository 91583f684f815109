//! Addresses that cannot be taken, and bounds on connections.

use super::*;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOOPBACK: &str = "127.0.0.1:0";

fn plain(address: &str) -> Listen {
    Listen::Plain(address.parse().expect("address"))
}

fn router() -> Router {
    Router::new().route("/peer", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }))
}

async fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    answer
}

#[test]
fn plain_http_is_refused_outside_loopback_and_taken_ports_are_named() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Server::bind(&[plain(address)]).expect_err("refused");
        assert!(matches!(error, ServerError::PlainOutsideLoopback { .. }), "{address}: {error}");
    }
    let first = Server::bind(&[plain(LOOPBACK)]).expect("free port");
    let taken = first.addresses()[0];
    let error = Server::bind(&[plain(&taken.to_string())]).expect_err("taken");
    let text = error.to_string();
    assert!(matches!(error, ServerError::PortTaken { .. }) && text.contains(&taken.to_string()), "{text}");
    let error = Server::bind(&[Listen::Tls("192.0.2.1:0".parse().expect("address"), certificate())]);
    assert!(matches!(error, Err(ServerError::Bind { .. })), "not an address of this machine");
}

fn certificate() -> RustlsConfig {
    let folder = tempfile::TempDir::new().expect("folder");
    let source = crate::tls::TlsSource::Own { folder: folder.path().to_owned(), names: Vec::new() };
    let now = pantau_shared::timestamp::Timestamp::from_secs(1_780_000_000);
    crate::tls::Tls::open(source, now).expect("own authority").config()
}

#[tokio::test]
async fn serves_with_the_peer_on_every_address_and_ends_in_good_order() {
    let server = Server::bind(&[plain(LOOPBACK), plain(LOOPBACK)]).expect("binds");
    let addresses = server.addresses();
    let (end, shutdown) = watch::channel(false);
    let running = tokio::spawn(server.run(router(), Arc::default(), shutdown));
    for address in &addresses {
        let answer = ask(*address).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
    }
    end.send(true).expect("running");
    running.await.expect("no panic").expect("in good order");
    assert!(TcpStream::connect(addresses[0]).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn ends_when_nobody_can_end_it_any_more() {
    let server = Server::bind(&[plain(LOOPBACK)]).expect("binds");
    let (end, shutdown) = watch::channel(false);
    let running = tokio::spawn(server.run(router(), Arc::default(), shutdown));
    drop(end);
    running.await.expect("no panic").expect("in good order");
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_counted() {
    let stats = Arc::new(SelfStats::default());
    let bounded = Bounded::new(Arc::new(Semaphore::new(1)), stats.clone());
    let listener = tokio::net::TcpListener::bind(LOOPBACK).await.expect("binds");
    let address = listener.local_addr().expect("bound");
    let mut held = Vec::new();
    for expected in [true, false] {
        held.push(TcpStream::connect(address).await.expect("connects"));
        let (stream, _) = listener.accept().await.expect("accepts");
        let taken = axum_server::accept::Accept::accept(&bounded, stream, ()).await;
        assert_eq!(taken.is_ok(), expected);
        // The first keeps its slot while it lives.
        if let Ok((stream, ())) = taken {
            std::mem::forget(stream);
        }
    }
    assert_eq!(stats.connections_refused.get(), 1);
}

#[test]
fn a_connection_outlives_the_pauses_between_the_batches_of_an_agent() {
    let period = crate::domain::catalogue::Catalogue::empty().sample_period_ms;
    assert!(KEPT_TIME_MAX >= 10 * Duration::from_millis(u64::from(period)), "closed while the agent is well");
}
