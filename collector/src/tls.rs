//! The collector's certificate: its own authority made at first start, or given files.
//!
//! Own: `ca.key` (mode 0600) and `ca.pem` in the data folder, valid for [`CA_DAYS`], made once and kept, because agents
//! pin it when they join. The server's certificate is made from it at every start, lives in memory only, and is
//! replaced [`RENEW_DAYS_BEFORE`] days before it ends, without a restart. The presented chain holds the authority's
//! certificate, so that an agent finds its pin.
//!
//! Given: a PEM chain and its key, read again when the files change (renewed by another program). The pin is the last
//! certificate of the chain: an issuer outlives its leaf.
//!
//! TLS 1.2 and 1.3 with ring; HTTP/1.1. Knows nothing of tokens or hosts.

use crate::clock::Clock;
use axum_server::tls_rustls::RustlsConfig;
use chrono::Datelike;
use pantau_shared::timestamp::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long the own authority is valid, in days.
const CA_DAYS: i64 = 7_300;
/// How long a server certificate is valid, in days.
const SERVER_DAYS: i64 = 90;
/// So many days before its end the server certificate is replaced.
const RENEW_DAYS_BEFORE: i64 = 30;
/// How often that is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);
/// Largest certificate or key file read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

const DAY_SECONDS: i64 = 86_400;

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// The own authority.
    Own {
        /// The data folder.
        folder: PathBuf,
        /// Names and addresses under which the collector is reached; `localhost` and `127.0.0.1` are added.
        names: Vec<String>,
    },
    /// Given files.
    Given {
        /// PEM, the server's certificate first, then its issuers.
        certificates: PathBuf,
        /// PEM, PKCS #8, SEC1 or PKCS #1.
        key: PathBuf,
    },
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: it must exist and be readable for this user")]
    Read {
        /// Which.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`: its folder must exist and be writable for this user")]
    Write {
        /// Which.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A file holds something else.
    #[error("`{path}` holds no {expected} in PEM")]
    Pem {
        /// Which.
        path: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A name cannot stand in a certificate.
    #[error("cannot make a certificate for {names:?}: each must be a DNS name or an IP address")]
    Issue {
        /// All names.
        names: Vec<String>,
        /// The library's words.
        #[source]
        source: rcgen::Error,
    },
    /// The own authority cannot be made or read.
    #[error("cannot use the own certificate authority in `{folder}`")]
    Authority {
        /// The data folder.
        folder: String,
        /// The library's words.
        #[source]
        source: rcgen::Error,
    },
    /// Certificate and key do not serve.
    #[error("certificate and key do not fit together")]
    Config(#[source] rustls::Error),
}

/// The certificate in use.
#[derive(Debug)]
pub struct Tls {
    source: TlsSource,
    config: RustlsConfig,
    pin: [u8; 32],
    /// Own: the server certificate's end. Given: none, the files tell.
    expires_at: Option<Timestamp>,
    /// Given: the files as read last.
    files: Option<(Vec<u8>, Vec<u8>)>,
}

/// What one reading or making gives.
struct Material {
    config: Arc<ServerConfig>,
    pin: [u8; 32],
    expires_at: Option<Timestamp>,
    files: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Makes or reads the certificate.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn open(source: TlsSource, now: Timestamp) -> Result<Self, TlsError> {
        let Material { config, pin, expires_at, files } = load(&source, now)?;
        Ok(Self { source, config: RustlsConfig::from_config(config), pin, expires_at, files })
    }

    /// For the server; follows a renewal.
    pub fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// SHA-256 of the certificate that agents pin.
    pub fn pin(&self) -> [u8; 32] {
        self.pin
    }

    /// Replaces the certificate when it is due or its files changed; whether it did. What is in use stays when this
    /// fails.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn renew(&mut self, now: Timestamp) -> Result<bool, TlsError> {
        let due = self.expires_at.is_some_and(|end| now >= end.plus_secs(-RENEW_DAYS_BEFORE * DAY_SECONDS));
        if let TlsSource::Given { certificates, key } = &self.source {
            let read = (read_bounded(certificates)?, read_bounded(key)?);
            if self.files.as_ref() == Some(&read) {
                return Ok(false);
            }
        } else if !due {
            return Ok(false);
        }
        let Material { config, pin, expires_at, files } = load(&self.source, now)?;
        if pin != self.pin {
            tracing::warn!("the certificate that agents pin has changed: agents that joined before must join again");
        }
        self.config.reload_from_config(config);
        (self.pin, self.expires_at, self.files) = (pin, expires_at, files);
        Ok(true)
    }

    /// Renews in time until `shutdown` turns true.
    pub async fn run(mut self, clock: Clock, mut shutdown: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                _ = shutdown.wait_for(|end| *end) => return,
            }
            match self.renew(clock.now()) {
                Ok(true) => tracing::info!("the server's certificate was renewed"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the server's certificate is not renewed"
                    );
                }
            }
        }
    }
}

fn load(source: &TlsSource, now: Timestamp) -> Result<Material, TlsError> {
    match source {
        TlsSource::Own { folder, names } => load_own(folder, names, now),
        TlsSource::Given { certificates, key } => load_given(certificates, key),
    }
}

fn load_given(certificates: &Path, key: &Path) -> Result<Material, TlsError> {
    let files = (read_bounded(certificates)?, read_bounded(key)?);
    let pem = |path: &Path, expected| TlsError::Pem { path: path.display().to_string(), expected };
    let chain = CertificateDer::pem_slice_iter(&files.0)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| pem(certificates, "certificate"))?;
    let pin = pin_of(chain.last().ok_or_else(|| pem(certificates, "certificate"))?);
    let key = PrivateKeyDer::from_pem_slice(&files.1).map_err(|_| pem(key, "private key"))?;
    Ok(Material { config: server_config(chain, key)?, pin, expires_at: None, files: Some(files) })
}

fn load_own(folder: &Path, names: &[String], now: Timestamp) -> Result<Material, TlsError> {
    let (authority, key) = load_authority(folder, now)?;
    let unusable = |source| TlsError::Authority { folder: folder.display().to_string(), source };
    let issuer = Issuer::new(authority_params(), key);
    let mut all: Vec<String> = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
    all.extend(names.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>());
    let refused = |source| TlsError::Issue { names: all.clone(), source };
    let mut params = CertificateParams::new(all.clone()).map_err(refused)?;
    params.distinguished_name.push(DnType::CommonName, "Pantau collector");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let expires_at = now.plus_secs(SERVER_DAYS * DAY_SECONDS);
    set_validity(&mut params, now, expires_at);
    let server_key = KeyPair::generate().map_err(unusable)?;
    let leaf = params.signed_by(&server_key, &issuer).map_err(refused)?;
    let pin = pin_of(&authority);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = server_config(vec![leaf.der().clone(), authority], key)?;
    Ok(Material { config, pin, expires_at: Some(expires_at), files: None })
}

/// Reads the authority, or makes it. The key is written first: a certificate without a key never exists.
fn load_authority(folder: &Path, now: Timestamp) -> Result<(CertificateDer<'static>, KeyPair), TlsError> {
    let (certificate_path, key_path) = (folder.join("ca.pem"), folder.join("ca.key"));
    let unusable = |source| TlsError::Authority { folder: folder.display().to_string(), source };
    if certificate_path.exists() {
        let pem = |path: &Path, expected| TlsError::Pem { path: path.display().to_string(), expected };
        let certificate = CertificateDer::from_pem_slice(&read_bounded(&certificate_path)?)
            .map_err(|_| pem(&certificate_path, "certificate"))?;
        let key = String::from_utf8(read_bounded(&key_path)?).map_err(|_| pem(&key_path, "private key"))?;
        return Ok((certificate, KeyPair::from_pem(&key).map_err(unusable)?));
    }
    let key = KeyPair::generate().map_err(unusable)?;
    let mut params = authority_params();
    set_validity(&mut params, now, now.plus_secs(CA_DAYS * DAY_SECONDS));
    let certificate = params.self_signed(&key).map_err(unusable)?;
    write_private(&key_path, key.serialize_pem().as_bytes())?;
    write_private(&certificate_path, certificate.pem().as_bytes())?;
    Ok((certificate.der().clone(), key))
}

/// What names the authority as issuer; must stay the same for ever.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Pantau collector authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// From a day before `now`, for clocks that lag, to the midnight before `until`.
fn set_validity(params: &mut CertificateParams, now: Timestamp, until: Timestamp) {
    let date = |at: Timestamp| at.to_utc().date_naive();
    let (from, until) = (date(now.plus_secs(-DAY_SECONDS)), date(until));
    params.not_before = rcgen::date_time_ymd(from.year(), from.month() as u8, from.day() as u8);
    params.not_after = rcgen::date_time_ymd(until.year(), until.month() as u8, until.day() as u8);
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Config)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn pin_of(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    let mut pin = [0; 32];
    pin.copy_from_slice(digest.as_ref());
    pin
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, TlsError> {
    use io::Read;
    let failed = |source| TlsError::Read { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// Written beside, synced, then renamed: there is never half a file.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), TlsError> {
    let failed = |source| TlsError::Write { path: path.display().to_string(), source };
    let beside = path.with_extension("new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests;
