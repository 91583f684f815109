//! The collector's own certificates: a CA made at the first start, leaves made from it, or given files.
//!
//! The CA lives in the data folder (`ca.pem`, and `ca-key.pem` with mode 0600) for ten years; losing it means that every
//! agent joins again, so it is part of the backup. A leaf lives in memory only: it is made at each start and again
//! every [`LEAF_RENEWAL`], valid for [`LEAF_DAYS`], so that nobody has to remember a date. The presented chain ends in the
//! CA's certificate, because that is what join tokens pin.

use crate::config::settings::{Settings, TlsChoice};
use axum_server::tls_rustls::RustlsConfig;
use chrono::{Datelike, Days};
use pantau_shared::timestamp::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const CA_DAYS: u64 = 3_650;
/// How long a leaf is valid.
pub const LEAF_DAYS: u64 = 90;
/// How often a running collector makes itself a new leaf.
pub const LEAF_RENEWAL: Duration = Duration::from_secs(30 * 86_400);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("cannot use the certificate file `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no PEM of a certificate or key.
    #[error("`{}` holds no certificate or key in PEM form", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
    },
    /// A certificate cannot be made.
    #[error("cannot make the collector's own certificate")]
    Make(#[source] rcgen::Error),
    /// Certificate and key do not serve.
    #[error("certificate and key cannot be used together")]
    Use(#[source] rustls::Error),
}

/// What serves and what agents pin.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// For the listeners; can be reloaded.
    pub config: RustlsConfig,
    /// SHA-256 of the certificate that join tokens pin.
    pub pin: [u8; 32],
}

fn sha256(der: &[u8]) -> [u8; 32] {
    let mut pin = [0; 32];
    pin.copy_from_slice(digest(&SHA256, der).as_ref());
    pin
}

fn ca_files(settings: &Settings) -> (PathBuf, PathBuf) {
    (settings.data_dir.join("ca.pem"), settings.data_dir.join("ca-key.pem"))
}

/// TLS as configured; `None` for plain HTTP.
///
/// # Errors
/// [`TlsError`].
pub fn open(settings: &Settings, hostname: &str, now: Timestamp) -> Result<Option<ServerTls>, TlsError> {
    let (chain, key) = match &settings.tls {
        TlsChoice::Off => return Ok(None),
        TlsChoice::OwnCa(names) => own_chain(settings, names, hostname, now)?,
        TlsChoice::Given { certificate, key } => (read_chain(certificate)?, read_key(key)?),
    };
    let pin = pin_of(&chain);
    let config = RustlsConfig::from_config(server_config(chain, key)?);
    Ok(pin.map(|pin| ServerTls { config, pin }))
}

/// Makes a new leaf for a running server.
///
/// # Errors
/// [`TlsError`].
pub fn renew(tls: &ServerTls, settings: &Settings, hostname: &str, now: Timestamp) -> Result<(), TlsError> {
    let (chain, key) = match &settings.tls {
        TlsChoice::Off => return Ok(()),
        TlsChoice::OwnCa(names) => own_chain(settings, names, hostname, now)?,
        TlsChoice::Given { certificate, key } => (read_chain(certificate)?, read_key(key)?),
    };
    tls.config.reload_from_config(server_config(chain, key)?);
    Ok(())
}

/// The pin of a collector that is not running now, for tokens made meanwhile.
///
/// # Errors
/// A configured file cannot be read.
pub fn known_pin(settings: &Settings) -> Result<Option<[u8; 32]>, TlsError> {
    let file = match &settings.tls {
        TlsChoice::Off => return Ok(None),
        TlsChoice::OwnCa(_) => ca_files(settings).0,
        TlsChoice::Given { certificate, .. } => certificate.clone(),
    };
    Ok(pin_of(&read_chain(&file)?))
}

/// The last certificate of the chain: the CA where it is sent, else the leaf itself.
fn pin_of(chain: &[CertificateDer<'_>]) -> Option<[u8; 32]> {
    chain.last().map(|certificate| sha256(certificate))
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Use)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Use)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::Pem { path: path.to_owned() })?;
    if chain.is_empty() { Err(TlsError::Pem { path: path.to_owned() }) } else { Ok(chain) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::Pem { path: path.to_owned() })
}

/// A fresh leaf with the CA's certificate behind it, and the leaf's key.
fn own_chain(
    settings: &Settings,
    names: &[String],
    hostname: &str,
    now: Timestamp,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let (certificate_file, key_file) = ca_files(settings);
    if !certificate_file.exists() {
        make_ca(&certificate_file, &key_file, now)?;
    }
    let read =
        |path: &Path| fs::read_to_string(path).map_err(|source| TlsError::File { path: path.to_owned(), source });
    let ca_key = KeyPair::from_pem(&read(&key_file)?).map_err(TlsError::Make)?;
    let issuer = Issuer::from_ca_cert_pem(&read(&certificate_file)?, ca_key).map_err(TlsError::Make)?;
    let mut all: BTreeSet<String> = ["localhost", "127.0.0.1", "::1", hostname].map(str::to_owned).into();
    all.extend(names.iter().cloned());
    all.extend(settings.listen.iter().filter(|a| !a.ip().is_unspecified()).map(|a| a.ip().to_string()));
    all.remove("");
    let key = KeyPair::generate().map_err(TlsError::Make)?;
    let mut params = CertificateParams::new(all.into_iter().collect::<Vec<_>>()).map_err(TlsError::Make)?;
    params.distinguished_name = named("Pantau collector");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, now, LEAF_DAYS);
    let leaf = params.signed_by(&key, &issuer).map_err(TlsError::Make)?;
    let mut chain = vec![leaf.der().clone()];
    chain.extend(read_chain(&certificate_file)?);
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| TlsError::Pem { path: key_file })?;
    Ok((chain, key))
}

fn make_ca(certificate_file: &Path, key_file: &Path, now: Timestamp) -> Result<(), TlsError> {
    let key = KeyPair::generate().map_err(TlsError::Make)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Pantau CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, now, CA_DAYS);
    let certificate = params.self_signed(&key).map_err(TlsError::Make)?;
    // The key first: a certificate without a key would be taken for a finished CA at the next start.
    write_new(key_file, &key.serialize_pem(), 0o600)?;
    write_new(certificate_file, &certificate.pem(), 0o644)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From the day before, for clocks that are behind.
fn valid(params: &mut CertificateParams, now: Timestamp, days: u64) {
    let today = now.to_utc().date_naive();
    let date = |date: chrono::NaiveDate| {
        date_time_ymd(date.year(), u8::try_from(date.month()).unwrap_or(1), u8::try_from(date.day()).unwrap_or(1))
    };
    params.not_before = date(today.checked_sub_days(Days::new(1)).unwrap_or(today));
    params.not_after = date(today.checked_add_days(Days::new(days)).unwrap_or(today));
}

/// Writes a whole file or none: under another name first, then renamed.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let making = path.with_extension("new");
    fs::remove_file(&making).ok();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&making).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&making, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn settings(folder: &Path) -> Settings {
        Settings {
            data_dir: folder.to_owned(),
            tls: TlsChoice::OwnCa(vec!["pantau.contoh.go.id".into()]),
            ..Settings::default()
        }
    }

    #[test]
    fn the_ca_is_made_once_and_pinned() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        let now = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("valid");
        let first = open(&settings, "kantor", now).expect("opens").expect("tls");
        let second = open(&settings, "kantor", now.plus_secs(86_400 * 60)).expect("opens").expect("tls");
        assert_eq!(first.pin, second.pin);
        assert_eq!(known_pin(&settings).expect("readable"), Some(first.pin));
        let mode = fs::metadata(folder.path().join("ca-key.pem")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_chain_ends_in_the_ca_and_names_the_office() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        let now = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("valid");
        let (chain, _) = own_chain(&settings, &["10.1.2.3".into()], "kantor", now).expect("made");
        assert_eq!(chain.len(), 2);
        let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).expect("a certificate");
        let (_, ca) = x509_parser::parse_x509_certificate(&chain[1]).expect("a certificate");
        assert!(ca.is_ca() && !leaf.is_ca());
        assert_eq!(leaf.issuer(), ca.subject());
        let names = leaf.subject_alternative_name().expect("parses").expect("there");
        let text = format!("{:?}", names.value.general_names);
        for expected in ["kantor", "localhost", "[10, 1, 2, 3]", "[127, 0, 0, 1]"] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn a_missing_or_foreign_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.pem");
        let given = TlsChoice::Given { certificate: file.clone(), key: file.clone() };
        let settings = Settings { tls: given, ..Settings::default() };
        assert!(matches!(open(&settings, "", Timestamp::from_ms(0)), Err(TlsError::File { .. })));
        fs::write(&file, "no pem").expect("written");
        assert!(matches!(open(&settings, "", Timestamp::from_ms(0)), Err(TlsError::Pem { .. })));
    }
}
