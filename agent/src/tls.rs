//! Whom a TLS connection trusts. Three answers: the platform's roots, one pinned certificate, or anybody.
//!
//! * **Pinned** (the collector): the presented chain must hold a certificate whose SHA-256 over its DER is the pin.
//!   Is it the leaf itself, only its name must fit. Otherwise the leaf must verify (signatures, validity, name) with
//!   the pinned certificate as the only root. Nothing of the platform is asked, so nothing of it is loaded.
//! * **Platform**: made when it is first needed, because the roots cost a megabyte.
//! * **Anybody** (devices with a self-signed certificate): the handshake's signatures are still verified.
//!
//! A probe also wants to know when the certificates expire, whether they verify or not; [`Recorder`] looks at them on
//! their way to the verifier.

use pantau_shared::limits::{CERTIFICATES_MAX, cut_text};
use pantau_shared::probe::CertificateSeen;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use x509_parser::extensions::GeneralName;

/// Whom to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Anybody.
    Any,
    /// The holder of a certificate below or equal to the one with this SHA-256.
    Pin([u8; 32]),
    /// Whom the platform trusts.
    Platform,
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

fn verifier(trust: Trust) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    static PLATFORM: OnceLock<Arc<dyn ServerCertVerifier>> = OnceLock::new();
    match trust {
        Trust::Any => Ok(Arc::new(AnyCertificate)),
        Trust::Pin(pin) => Ok(Arc::new(PinnedCertificate { pin })),
        Trust::Platform => {
            if let Some(known) = PLATFORM.get() {
                return Ok(Arc::clone(known));
            }
            let made: Arc<dyn ServerCertVerifier> = Arc::new(rustls_platform_verifier::Verifier::new(provider())?);
            Ok(Arc::clone(PLATFORM.get_or_init(|| made)))
        }
    }
}

/// A client configuration for kept connections.
///
/// # Errors
/// When the platform's roots cannot be loaded.
pub fn client_config(trust: Trust) -> Result<Arc<ClientConfig>, Error> {
    Ok(Arc::new(config_with(verifier(trust)?)?))
}

/// A client configuration for a kept connection that is not HTTP: trust in `authorities` (PEM) alone where they are
/// given, else as said.
///
/// # Errors
/// When the platform's roots cannot be loaded, or there is no certificate in `authorities`.
pub(crate) fn client_config_of(trust: Trust, authorities: Option<&[u8]>) -> Result<Arc<ClientConfig>, Error> {
    let mut config = match authorities {
        None => config_with(verifier(trust)?)?,
        Some(pem) => ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(pem)?)
            .with_no_client_auth(),
    };
    config.alpn_protocols.clear();
    Ok(Arc::new(config))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| Error::General("the authority's file is not PEM".into()))?;
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        return Err(Error::General("the authority's file holds no certificate".into()));
    }
    Ok(roots)
}

/// A client configuration for one probe, and where to find the certificates it was shown. `protocols` are offered by
/// ALPN; none offers none, because some servers hang up on a protocol they do not know.
///
/// # Errors
/// When the platform's roots cannot be loaded.
pub(crate) fn recording_config(trust: Trust, protocols: &[&[u8]]) -> Result<(Arc<ClientConfig>, Shown), Error> {
    let shown = Shown::default();
    let recorder = Recorder { inner: verifier(trust)?, shown: shown.clone() };
    let mut config = config_with(Arc::new(recorder))?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    Ok((Arc::new(config), shown))
}

fn config_with(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The chain that a server showed, the server's own certificate first, once it has been seen; parsed when asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl Shown {
    /// The earliest `notAfter` of the chain, in Unix seconds.
    pub(crate) fn earliest_expiry(&self) -> Option<i64> {
        self.certificates().iter().map(|certificate| certificate.expires_at).min()
    }

    /// What the chain says of itself, its first [`CERTIFICATES_MAX`]; what cannot be parsed is left out.
    pub(crate) fn certificates(&self) -> Vec<CertificateSeen> {
        let chain = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chain.iter().take(CERTIFICATES_MAX).filter_map(describe).collect()
    }
}

fn describe(der: &CertificateDer<'_>) -> Option<CertificateSeen> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten().map(|names| {
        let names = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => render_address(bytes),
            _ => None,
        });
        names.collect::<Vec<_>>().join(",")
    });
    Some(CertificateSeen {
        subject: cut_text(&certificate.subject().to_string()),
        issuer: cut_text(&certificate.issuer().to_string()),
        names: cut_text(&names.unwrap_or_default()),
        begins_at: certificate.validity().not_before.timestamp(),
        expires_at: certificate.validity().not_after.timestamp(),
        sha256: digest(&SHA256, der).as_ref().to_vec(),
    })
}

fn render_address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()))
}

#[derive(Debug)]
struct Recorder {
    inner: Arc<dyn ServerCertVerifier>,
    shown: Shown,
}

#[derive(Debug)]
struct AnyCertificate;

#[derive(Debug)]
struct PinnedCertificate {
    pin: [u8; 32],
}

impl PinnedCertificate {
    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        digest(&SHA256, certificate).as_ref() == self.pin
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        if !self.is_pinned(leaf) {
            let pinned = others.iter().find(|certificate| self.is_pinned(certificate));
            let pinned = pinned.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
            let mut roots = RootCertStore::empty();
            roots.add(pinned.clone().into_owned())?;
            let algorithms = provider().signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, others, now, algorithms)?;
        }
        verify_server_name(&parsed, name)
    }
}

macro_rules! signatures_by_provider {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signature, &provider().signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signature, &provider().signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    signatures_by_provider!();
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(leaf, others, name, now).map(|()| ServerCertVerified::assertion())
    }

    signatures_by_provider!();
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(others).take(CERTIFICATES_MAX).map(|der| der.clone().into_owned());
        *self.shown.0.lock().unwrap_or_else(PoisonError::into_inner) = chain.collect();
        self.inner.verify_server_cert(leaf, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    struct Chain {
        leaf: CertificateDer<'static>,
        ca: CertificateDer<'static>,
    }

    fn chain() -> Chain {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("signs");
        let key = KeyPair::generate().expect("key");
        let params = CertificateParams::new(vec!["collector.test".to_owned()]).expect("params");
        let leaf = params.signed_by(&key, &ca).expect("signs");
        Chain { leaf: leaf.der().clone(), ca: ca.der().clone() }
    }

    fn pin_of(certificate: &CertificateDer<'_>) -> PinnedCertificate {
        let mut pin = [0; 32];
        pin.copy_from_slice(digest(&SHA256, certificate).as_ref());
        PinnedCertificate { pin }
    }

    fn verify(pin: &PinnedCertificate, chain: &Chain, name: &str) -> Result<(), Error> {
        let name = ServerName::try_from(name).expect("name");
        // Within the validity that rcgen gives: 1975 to 4096.
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
        pin.verify(&chain.leaf, std::slice::from_ref(&chain.ca), &name, now)
    }

    #[test]
    fn a_pinned_issuer_or_leaf_is_trusted_for_its_name_only() {
        let chain = chain();
        for pin in [pin_of(&chain.ca), pin_of(&chain.leaf)] {
            assert_eq!(verify(&pin, &chain, "collector.test"), Ok(()));
            let other = verify(&pin, &chain, "other.test").expect_err("another name");
            assert!(
                matches!(other, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })),
                "{other}"
            );
        }
    }

    #[test]
    fn a_foreign_chain_is_refused_even_when_it_carries_the_pinned_certificate() {
        let (own, foreign) = (chain(), chain());
        let unknown = verify(&pin_of(&own.ca), &foreign, "collector.test");
        assert_eq!(unknown, Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
        let mixed = Chain { leaf: foreign.leaf, ca: own.ca.clone() };
        assert!(verify(&pin_of(&own.ca), &mixed, "collector.test").is_err());
    }

    #[test]
    fn an_expired_leaf_is_refused_under_a_pinned_issuer() {
        let chain = chain();
        let name = ServerName::try_from("collector.test").expect("name");
        let late = UnixTime::since_unix_epoch(std::time::Duration::from_secs(90_000_000_000));
        let error = pin_of(&chain.ca).verify(&chain.leaf, std::slice::from_ref(&chain.ca), &name, late);
        assert!(error.is_err());
    }

    #[test]
    fn the_chain_is_described() {
        let chain = chain();
        let shown = |chain: Vec<CertificateDer<'static>>| Shown(Arc::new(Mutex::new(chain)));
        let seen = shown(vec![chain.leaf, chain.ca]);
        assert!(seen.earliest_expiry() > Some(1_800_000_000));
        assert_eq!((seen.certificates().len(), seen.certificates()[0].names.as_str()), (2, "collector.test"));
        assert_eq!(shown(vec![CertificateDer::from(vec![1, 2, 3])]).earliest_expiry(), None);
    }
}
