//! The own authority, given files, renewal.

use super::*;
use crate::server::{Listen, Server};
use axum::Router;
use axum::routing::get;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Days after a fixed instant.
fn at(days: i64) -> Timestamp {
    Timestamp::from_secs(1_780_000_000 + days * DAY_SECONDS)
}

fn own(folder: &TempDir, names: &[&str]) -> TlsSource {
    TlsSource::Own { folder: folder.path().to_owned(), names: names.iter().map(ToString::to_string).collect() }
}

/// Asks over TLS, trusting only the certificate in `ca`.
async fn ask(tls: &Tls, ca: &Path, name: &str) -> Result<u16, reqwest::Error> {
    // The second test of this process finds it installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let server = Server::bind(&[Listen::Tls("127.0.0.1:0".parse().expect("address"), tls.config())]).expect("binds");
    let address = server.addresses()[0];
    let (end, shutdown) = watch::channel(false);
    let router = Router::new().route("/", get(|| async { "ok" }));
    let running = tokio::spawn(server.run(router, Arc::default(), shutdown));
    let ca = reqwest::Certificate::from_pem(&fs::read(ca).expect("readable")).expect("PEM");
    let client = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().resolve(name, address);
    let client = client.build().expect("client");
    let answer = client.get(format!("https://{name}:{}/", address.port())).send().await;
    drop(end);
    running.await.expect("no panic").expect("in good order");
    answer.map(|answer| answer.status().as_u16())
}

/// The machine's clock stands in certificates that a client verifies.
fn now() -> Timestamp {
    Clock::system().now()
}

#[tokio::test]
async fn the_own_authority_serves_its_names_and_no_other() {
    let folder = TempDir::new().expect("folder");
    let tls = Tls::open(own(&folder, &["pantau.example.go.id"]), now()).expect("opens");
    let ca = folder.path().join("ca.pem");
    for name in ["localhost", "pantau.example.go.id"] {
        assert_eq!(ask(&tls, &ca, name).await.expect("trusted"), 200, "{name}");
    }
    assert!(ask(&tls, &ca, "other.example").await.is_err());
    let foreign = TempDir::new().expect("folder");
    Tls::open(own(&foreign, &[]), now()).expect("opens");
    assert!(ask(&tls, &foreign.path().join("ca.pem"), "localhost").await.is_err(), "another authority");
}

#[test]
fn the_authority_is_made_once_kept_private_and_pinned() {
    let folder = TempDir::new().expect("folder");
    let first = Tls::open(own(&folder, &[]), at(0)).expect("makes");
    let again = Tls::open(own(&folder, &["new.example"]), at(400)).expect("reads");
    assert_eq!(first.pin(), again.pin());
    for file in ["ca.key", "ca.pem"] {
        let mode = fs::metadata(folder.path().join(file)).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let ca = CertificateDer::from_pem_slice(&fs::read(folder.path().join("ca.pem")).expect("readable")).expect("PEM");
    assert_eq!(pin_of(&ca), first.pin());
    let (_, parsed) = X509Certificate::from_der(&ca).expect("certificate");
    assert!(parsed.is_ca());
    assert!(parsed.validity().not_after.timestamp() >= at(CA_DAYS - 1).as_secs());
}

#[test]
fn the_server_certificate_is_renewed_in_time_and_the_pin_stays() {
    let folder = TempDir::new().expect("folder");
    let mut tls = Tls::open(own(&folder, &[]), at(0)).expect("makes");
    let pin = tls.pin();
    let before = Arc::as_ptr(&tls.config().get_inner());
    assert!(!tls.renew(at(SERVER_DAYS - RENEW_DAYS_BEFORE - 1)).expect("not due"));
    assert_eq!(Arc::as_ptr(&tls.config().get_inner()), before);
    assert!(tls.renew(at(SERVER_DAYS - RENEW_DAYS_BEFORE)).expect("due"));
    assert_ne!(Arc::as_ptr(&tls.config().get_inner()), before);
    assert_eq!(tls.pin(), pin);
}

#[test]
fn given_files_are_pinned_by_their_last_certificate_and_read_again_when_they_change() {
    let (folder, other) = (TempDir::new().expect("folder"), TempDir::new().expect("folder"));
    let first = Tls::open(own(&folder, &[]), at(0)).expect("makes");
    let second = Tls::open(own(&other, &[]), at(0)).expect("makes");
    let (certificates, key) = (folder.path().join("given.pem"), folder.path().join("given.key"));
    let give = |from: &TempDir| {
        fs::copy(from.path().join("ca.pem"), &certificates).expect("copies");
        fs::copy(from.path().join("ca.key"), &key).expect("copies");
    };
    give(&folder);
    let source = TlsSource::Given { certificates: certificates.clone(), key: key.clone() };
    let mut given = Tls::open(source, at(0)).expect("reads");
    assert_eq!(given.pin(), first.pin());
    assert!(!given.renew(at(1)).expect("unchanged"));
    give(&other);
    assert!(given.renew(at(1)).expect("changed"));
    assert_eq!(given.pin(), second.pin());
    // What cannot serve leaves what serves.
    fs::copy(folder.path().join("ca.key"), &key).expect("copies");
    assert!(matches!(given.renew(at(2)), Err(TlsError::Config(_))));
    assert_eq!(given.pin(), second.pin());
}

#[test]
fn what_is_wrong_is_named() {
    let folder = TempDir::new().expect("folder");
    let refused = |source| Tls::open(source, at(0)).expect_err("refused").to_string();
    let missing = TlsSource::Own { folder: folder.path().join("missing"), names: Vec::new() };
    assert!(refused(missing).contains("missing/ca.key"));
    let junk = folder.path().join("junk.pem");
    fs::write(&junk, "junk").expect("writes");
    let text = refused(TlsSource::Given { certificates: junk.clone(), key: junk.clone() });
    assert!(text.contains("junk.pem") && text.contains("no certificate"), "{text}");
    let text = refused(own(&folder, &["not a\u{0} näme"]));
    assert!(text.contains("DNS name"), "{text}");
}
