//! A TLS handshake: the certificate is verified by rustls against the platform's roots, its expiry by the check's warning.

use super::conversation::{open, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{Encryption, Endpoint, TlsCheck};

/// Shakes hands and hangs up. The judgement is the handshake's; what is about to expire is degraded by the caller.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &TlsCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let endpoint = Endpoint { encryption: Encryption::Tls.into(), ..endpoint.clone() };
    let conversation = open(asking, &endpoint, (443, 443)).await?;
    conversation.part(&[]).await;
    Ok(Judgement::ok())
}
