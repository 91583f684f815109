//! Greeting and login of MySQL's protocol 10 as bytes. Pure.

use super::super::conversation::render_bytes;
use super::parse_error;
use pantau_shared::assignment::kinds::DatabaseCheck;
use ring::digest::{Algorithm, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

const CONNECT_WITH_DB: u32 = 0x8;
const PROTOCOL_41: u32 = 0x200;
const TLS: u32 = 0x800;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;
/// utf8mb4_general_ci: every version knows it.
const CHARSET: u8 = 45;
const PACKET_MAX: u32 = 0x100_0000;

/// What the server says first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Greeting {
    pub(super) offers_tls: bool,
    pub(super) salt: Vec<u8>,
    /// The login it would like.
    pub(super) method: String,
}

/// How a password is proved.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scramble {
    Answer(Vec<u8>),
    /// Only in the clear, and the connection is.
    Unsafe,
    /// By a method that is not known here.
    Unknown,
}

/// Reads the greeting; the error says why there is none.
pub(super) fn parse_greeting(packet: &[u8]) -> Result<Greeting, String> {
    if let Some((code, text)) = parse_error(packet) {
        return Err(format!("{text} ({code})"));
    }
    let parsed = parse_fields(packet);
    parsed.ok_or_else(|| format!("greeted with `{}`, which is no MySQL", render_bytes(packet)))
}

fn parse_fields(packet: &[u8]) -> Option<Greeting> {
    let rest = packet.strip_prefix(&[10])?;
    let version_end = rest.iter().position(|&byte| byte == 0)?;
    // Behind the version: thread 4, salt 8, filler 1, low flags 2, charset 1, status 2, high flags 2, salt length 1, 10.
    let rest = rest.get(version_end + 1..)?;
    let mut salt = rest.get(4..12)?.to_vec();
    let flags = u32::from(u16::from_le_bytes([*rest.get(13)?, *rest.get(14)?]))
        | u32::from(u16::from_le_bytes([*rest.get(18)?, *rest.get(19)?])) << 16;
    let salt_rest = usize::from(*rest.get(20)?).saturating_sub(8).max(13);
    let tail = rest.get(31..)?;
    salt.extend(tail.iter().take(salt_rest.min(12)));
    let method = tail.get(salt_rest..).unwrap_or_default().split(|&byte| byte == 0).next().unwrap_or_default();
    Some(Greeting { offers_tls: flags & TLS != 0, salt, method: String::from_utf8_lossy(method).into_owned() })
}

fn capabilities(check: &DatabaseCheck) -> u32 {
    let database = if check.database.is_empty() { 0 } else { CONNECT_WITH_DB };
    PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH | database
}

fn render_head(flags: u32) -> Vec<u8> {
    let mut out = flags.to_le_bytes().to_vec();
    out.extend_from_slice(&PACKET_MAX.to_le_bytes());
    out.push(CHARSET);
    out.extend_from_slice(&[0; 23]);
    out
}

/// The word that starts TLS.
pub(super) fn render_tls_request(check: &DatabaseCheck) -> Vec<u8> {
    render_head(capabilities(check) | TLS)
}

/// The login, with the password's proof by the method the server would like; empty where that is not possible, so that the
/// server asks for another.
pub(super) fn render_login(
    greeting: &Greeting,
    user: &str,
    secret: &str,
    check: &DatabaseCheck,
    encrypted: bool,
) -> Vec<u8> {
    let proof = match scramble(greeting, secret, false) {
        Scramble::Answer(proof) => proof,
        Scramble::Unsafe | Scramble::Unknown => Vec::new(),
    };
    let mut out = render_head(capabilities(check) | if encrypted { TLS } else { 0 });
    out.extend(user.bytes().filter(|&byte| byte != 0));
    out.push(0);
    out.push(u8::try_from(proof.len()).unwrap_or(0));
    out.extend_from_slice(&proof);
    if !check.database.is_empty() {
        out.extend(check.database.bytes().filter(|&byte| byte != 0));
        out.push(0);
    }
    out.extend_from_slice(greeting.method.as_bytes());
    out.push(0);
    out
}

/// Proves the password by the greeting's method.
pub(super) fn scramble(greeting: &Greeting, secret: &str, encrypted: bool) -> Scramble {
    let hash = |algorithm: &'static Algorithm, parts: &[&[u8]]| digest(algorithm, &parts.concat());
    let mixed = |a: &Digest, b: &Digest| a.as_ref().iter().zip(b.as_ref()).map(|(a, b)| a ^ b).collect();
    match greeting.method.as_str() {
        "mysql_native_password" | "caching_sha2_password" if secret.is_empty() => Scramble::Answer(Vec::new()),
        "mysql_native_password" => {
            let algorithm = &SHA1_FOR_LEGACY_USE_ONLY;
            let once = hash(algorithm, &[secret.as_bytes()]);
            let twice = hash(algorithm, &[once.as_ref()]);
            Scramble::Answer(mixed(&once, &hash(algorithm, &[&greeting.salt, twice.as_ref()])))
        }
        "caching_sha2_password" => {
            let once = hash(&SHA256, &[secret.as_bytes()]);
            let twice = hash(&SHA256, &[once.as_ref()]);
            Scramble::Answer(mixed(&once, &hash(&SHA256, &[twice.as_ref(), &greeting.salt])))
        }
        "mysql_clear_password" if encrypted => Scramble::Answer([secret.as_bytes(), &[0]].concat()),
        "mysql_clear_password" => Scramble::Unsafe,
        _ => Scramble::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As MariaDB 10.11 sends it.
    fn greeting_bytes() -> Vec<u8> {
        let mut packet = b"\x0a5.5.5-10.11.6-MariaDB\0".to_vec();
        packet.extend_from_slice(&[8, 0, 0, 0]);
        packet.extend_from_slice(b"abcdefgh\0");
        packet.extend_from_slice(&[0xfe, 0xff, 45, 2, 0, 0xff, 0x81, 21]);
        packet.extend_from_slice(&[0; 10]);
        packet.extend_from_slice(b"ijklmnopqrst\0mysql_native_password\0");
        packet
    }

    #[test]
    fn a_greeting_is_read() {
        let greeting = parse_greeting(&greeting_bytes()).expect("greeting");
        let method = "mysql_native_password".to_owned();
        assert_eq!(greeting, Greeting { offers_tls: true, salt: b"abcdefghijklmnopqrst".to_vec(), method });
        let bytes = greeting_bytes();
        for cut in 0..50 {
            assert!(parse_greeting(&bytes[..cut]).is_err(), "{cut}");
        }
        let full = parse_greeting(b"\xff\x10\x04Too many connections").expect_err("refused");
        assert_eq!(full, "Too many connections (1040)");
        assert!(parse_greeting(b"SSH-2.0-OpenSSH").expect_err("other").ends_with("which is no MySQL"));
    }

    #[test]
    fn passwords_are_proved_by_the_method_asked_for() {
        let by = |method: &str| Greeting {
            method: method.into(),
            salt: b"abcdefghijklmnopqrst".to_vec(),
            offers_tls: false,
        };
        let Scramble::Answer(native) = scramble(&by("mysql_native_password"), "rahasia", false) else {
            panic!("known")
        };
        let Scramble::Answer(sha2) = scramble(&by("caching_sha2_password"), "rahasia", false) else { panic!("known") };
        assert_eq!((native.len(), sha2.len()), (20, 32));
        assert_eq!(scramble(&by("mysql_native_password"), "", false), Scramble::Answer(Vec::new()));
        assert_eq!(scramble(&by("mysql_clear_password"), "x", false), Scramble::Unsafe);
        assert_eq!(scramble(&by("mysql_clear_password"), "x", true), Scramble::Answer(b"x\0".to_vec()));
        assert_eq!(scramble(&by("client_ed25519"), "x", true), Scramble::Unknown);
    }
}
