//! An SSH server's banner (RFC 4253, 4.2): lines may come before the one that begins with `SSH-`.

use super::conversation::{open, render_bytes, required};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::{Endpoint, SshCheck};
use pantau_shared::probe::ProbePhase;

/// Most lines before the banner.
const LINES_MAX: usize = 20;

/// Our own banner, so that the server's log tells who asked.
const OWN_BANNER: &[u8] = b"SSH-2.0-pantau_probe\r\n";

/// Reads the banner and hangs up.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &SshCheck) -> Result<Judgement, Trouble> {
    let endpoint = required(asking, check.endpoint.as_ref())?;
    let endpoint = Endpoint { encryption: 0, ..endpoint.clone() };
    let mut conversation = open(asking, &endpoint, (22, 22)).await?;
    let mut line = Vec::new();
    for _ in 0..LINES_MAX {
        line = conversation.read_line(asking, "an SSH banner").await?;
        if line.starts_with(b"SSH-") {
            break;
        }
    }
    conversation.part(OWN_BANNER).await;
    Ok(judge(&line, check))
}

/// Judges a banner.
fn judge(line: &[u8], check: &SshCheck) -> Judgement {
    let told = render_bytes(line);
    if !line.starts_with(b"SSH-2.0-") && !line.starts_with(b"SSH-1.99-") {
        return Judgement::failed(ProbePhase::FirstByte, format!("greeted with `{told}`, which is no SSH 2 banner"));
    }
    if !check.banner_contains.is_empty() && !told.contains(&check.banner_contains) {
        let reason = format!("banner `{told}` does not contain `{}`", check.banner_contains);
        return Judgement::failed(ProbePhase::Content, reason);
    }
    Judgement::ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;

    #[test]
    fn banners_as_servers_send_them() {
        let any = SshCheck::default();
        assert_eq!(judge(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7", &any), Judgement::ok());
        assert_eq!(judge(b"SSH-1.99-Cisco-1.25", &any), Judgement::ok());
        for line in [&b"SSH-1.5-old"[..], b"220 mail ESMTP", b"", b"\xff\x00"] {
            let judgement = judge(line, &any);
            assert_eq!((judgement.verdict, judgement.phase), (ProbeVerdict::Failed, ProbePhase::FirstByte));
        }
        let openssh = SshCheck { banner_contains: "OpenSSH".into(), ..any };
        assert_eq!(judge(b"SSH-2.0-dropbear_2022", &openssh).phase, ProbePhase::Content);
    }
}
