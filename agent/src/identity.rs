//! Who this agent is: an Ed25519 key that never leaves the host, and what joining bound it to.
//!
//! ```text
//! DATA_DIR/key            PKCS #8, mode 0600
//! DATA_DIR/key.new        the same, made by a join that has not succeeded yet; the next join uses it
//! DATA_DIR/collector.key   what the collector signs its answers with where a broker is between; 64 hex digits
//! DATA_DIR/identity.json  {"host", "collector_url", "pin"}; its presence means "joined"
//! ```
//!
//! The key is made and kept before the token is spent, so a crash in between costs a token, never a bound key.

use crate::transport::client::{Client, ClientError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use pantau_shared::ids::{HostId, IdError};
use pantau_shared::join::{COLLECTOR_KEY_PATH, CollectorKey, JoinReply, JoinRequest, JoinToken, JoinTokenError};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest file read here, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where the collector's key is kept.
const COLLECTOR_KEY_FILE: &str = "collector.key";

/// Fixed salt of the machine id's hash: the raw id is a secret of the host.
const MACHINE_ID_SALT: &[u8] = b"pantau machine id 1\0";

/// What joining bound this host to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name the collector knows this host by.
    pub host: HostId,
    /// Where the collector is: `http://127.0.0.1:8420` or `https://…`.
    pub collector_url: String,
    /// SHA-256 of a certificate in the collector's chain; without it the platform's roots decide.
    pub pin: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityFile {
    host: HostId,
    collector_url: String,
    pin: Option<String>,
}

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The data directory cannot be made.
    #[error("cannot create data directory {path}")]
    CreateDirectory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} is damaged: {what}; remove it and join again")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The system gives no random numbers.
    #[error("cannot make a key: the system gives no random numbers")]
    Random,
}

/// Why joining failed.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The text is not a token.
    #[error(transparent)]
    Token(#[from] JoinTokenError),
    /// Key or identity cannot be kept.
    #[error("cannot keep the identity of this host")]
    Identity(#[from] IdentityError),
    /// The collector was not reached.
    #[error("cannot reach the collector")]
    Client(#[from] ClientError),
    /// The collector says no.
    #[error("the collector refuses to join this host: {status} {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The collector's words.
        message: String,
    },
    /// The reply is not one.
    #[error("the collector's reply to joining cannot be understood: is {url} really a pantau-collector?")]
    BadReply {
        /// Where it came from.
        url: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The reply names no valid host.
    #[error("the collector gave no valid host name")]
    BadHost(#[source] IdError),
    /// What it gave for its own key is none.
    #[error("the collector gave no valid key of its own")]
    BadCollectorKey,
    /// The request cannot be encoded.
    #[error("cannot encode the join request")]
    Encode(#[source] serde_json::Error),
}

impl Identity {
    /// Reads what joining wrote in `data_dir`; `None` when this host has not joined.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, IdentityError> {
        let path = data_dir.join("identity.json");
        let Some(bytes) = read_if_present(&path)? else {
            return Ok(None);
        };
        let damaged = |what: String| IdentityError::Damaged { path: path.clone(), what };
        let file: IdentityFile = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let pin = file.pin.map(|pin| parse_pin(&pin).ok_or_else(|| damaged("pin is not 64 hex digits".into())));
        Ok(Some(Self { host: file.host, collector_url: file.collector_url, pin: pin.transpose()? }))
    }

    fn save(&self, data_dir: &Path) -> Result<(), IdentityError> {
        let path = data_dir.join("identity.json");
        let file = IdentityFile {
            host: self.host.clone(),
            collector_url: self.collector_url.clone(),
            pin: self.pin.map(hex::encode),
        };
        let json = serde_json::to_vec_pretty(&file)
            .map_err(|error| IdentityError::Write { path: path.clone(), source: io::Error::other(error) })?;
        save_private(&path, &json)
    }
}

/// Parses a pin: 64 hex digits.
pub(crate) fn parse_pin(text: &str) -> Option<[u8; 32]> {
    let mut pin = [0; 32];
    hex::decode_to_slice(text, &mut pin).ok()?;
    Some(pin)
}

/// Loads this host's key.
pub(crate) fn load_key(data_dir: &Path) -> Result<Ed25519KeyPair, IdentityError> {
    let path = data_dir.join("key");
    let bytes = read_if_present(&path)?
        .ok_or_else(|| IdentityError::Read { path: path.clone(), source: io::Error::from(io::ErrorKind::NotFound) })?;
    parse_key(&path, &bytes)
}

fn parse_key(path: &Path, bytes: &[u8]) -> Result<Ed25519KeyPair, IdentityError> {
    Ed25519KeyPair::from_pkcs8(bytes)
        .map_err(|error| IdentityError::Damaged { path: path.to_owned(), what: format!("not an Ed25519 key: {error}") })
}

/// The key of a join under way: the one of an attempt before, or a new one.
fn load_or_make_new_key(data_dir: &Path) -> Result<Ed25519KeyPair, IdentityError> {
    let path = data_dir.join("key.new");
    if let Some(bytes) = read_if_present(&path)?
        && let Ok(key) = parse_key(&path, &bytes)
    {
        return Ok(key);
    }
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| IdentityError::Random)?;
    save_private(&path, pkcs8.as_ref())?;
    parse_key(&path, pkcs8.as_ref())
}

/// Reads a small file; `None` when there is none.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, IdentityError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityError::Read { path: path.to_owned(), source }),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn save_private(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    let temporary = path.with_extension("tmp");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| IdentityError::Write { path: path.to_owned(), source })
}

/// `/etc/machine-id` with a salt under SHA-256, as hex; of nothing when there is no machine id.
pub(crate) fn machine_id_hash(machine_id: &str) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(MACHINE_ID_SALT);
    context.update(machine_id.trim().as_bytes());
    hex::encode(context.finish())
}

/// Reads and hashes this machine's id.
pub(crate) fn read_machine_id_hash() -> String {
    machine_id_hash(&fs::read_to_string("/etc/machine-id").unwrap_or_default())
}

/// Joins this host to the collector at `collector_url` with a single-use token, and keeps the identity in `data_dir`.
///
/// # Errors
/// See [`JoinError`]; nothing of an earlier identity is touched unless joining succeeds.
pub async fn join(data_dir: &Path, collector_url: &str, token: &str) -> Result<Identity, JoinError> {
    let parsed = JoinToken::parse(token)?;
    let mut client = Client::new(collector_url, parsed.pin)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|source| IdentityError::CreateDirectory { path: data_dir.to_owned(), source })?;
    let key = load_or_make_new_key(data_dir)?;
    let request = JoinRequest {
        token: token.trim().to_owned(),
        public_key: URL_SAFE_NO_PAD.encode(key.public_key().as_ref()),
        machine_id_hash: read_machine_id_hash(),
        hostname: sysinfo::System::host_name().unwrap_or_default(),
    };
    let body = Bytes::from(serde_json::to_vec(&request).map_err(JoinError::Encode)?);
    let reply = client.post("/api/v1/join", "application/json", body).await?;
    if !reply.status.is_success() {
        let message = render_refusal(&reply.body);
        return Err(JoinError::Refused { status: reply.status.as_u16(), message });
    }
    let reply: JoinReply = serde_json::from_slice(&reply.body)
        .map_err(|source| JoinError::BadReply { url: collector_url.to_owned(), source })?;
    let host = HostId::parse(&reply.host).map_err(JoinError::BadHost)?;
    let (new, path) = (data_dir.join("key.new"), data_dir.join("key"));
    fs::rename(new, &path).map_err(|source| IdentityError::Write { path, source })?;
    let identity = Identity { host, collector_url: collector_url.to_owned(), pin: parsed.pin };
    identity.save(data_dir)?;
    // An earlier collector's key must not outlive it; the new one's is needed only with a broker and asked for again then.
    remove_if_present(&data_dir.join(COLLECTOR_KEY_FILE))?;
    if let Err(error) = ask_collector_key(data_dir, &mut client).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the collector did not tell its key");
    }
    Ok(identity)
}

/// The collector's key as it was learnt; `None` before that.
pub(crate) fn load_collector_key(data_dir: &Path) -> Result<Option<[u8; 32]>, IdentityError> {
    let path = data_dir.join(COLLECTOR_KEY_FILE);
    let Some(bytes) = read_if_present(&path)? else {
        return Ok(None);
    };
    let key = std::str::from_utf8(&bytes).ok().and_then(|text| parse_pin(text.trim()));
    let what = || "not 64 hex digits".to_owned();
    key.map(Some).ok_or_else(|| IdentityError::Damaged { path, what: what() })
}

/// Asks the collector for its key, over the connection that joining pinned, and keeps it.
pub(crate) async fn learn_collector_key(
    data_dir: &Path,
    collector_url: &str,
    pin: Option<[u8; 32]>,
) -> Result<[u8; 32], JoinError> {
    ask_collector_key(data_dir, &mut Client::new(collector_url, pin)?).await
}

async fn ask_collector_key(data_dir: &Path, client: &mut Client) -> Result<[u8; 32], JoinError> {
    let reply = client.get(COLLECTOR_KEY_PATH).await?;
    if !reply.status.is_success() {
        let message = render_refusal(&reply.body);
        return Err(JoinError::Refused { status: reply.status.as_u16(), message });
    }
    let told = serde_json::from_slice::<CollectorKey>(&reply.body);
    let told = told.map_err(|source| JoinError::BadReply { url: client.authority().to_owned(), source })?;
    let key = told.bytes().ok_or(JoinError::BadCollectorKey)?;
    save_private(&data_dir.join(COLLECTOR_KEY_FILE), hex::encode(key).as_bytes())?;
    Ok(key)
}

fn remove_if_present(path: &Path) -> Result<(), IdentityError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(IdentityError::Write { path: path.to_owned(), source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The words of an error reply: the message of the collector's error form, or the beginning of the text.
pub(crate) fn render_refusal(body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = json.as_ref().and_then(|value| value.pointer("/error/message")).and_then(|value| value.as_str());
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn identity_survives_and_damage_is_told() {
        let dir = tempfile::tempdir().expect("temporary directory");
        assert_eq!(Identity::load(dir.path()).expect("nothing there"), None);
        for pin in [None, Some([7; 32])] {
            let host = HostId::parse("web-01").expect("valid");
            let identity = Identity { host, collector_url: "https://c.test".into(), pin };
            identity.save(dir.path()).expect("saves");
            assert_eq!(Identity::load(dir.path()).expect("loads"), Some(identity));
        }
        for text in
            ["{", r#"{"host":"Web 01","collector_url":"","pin":null}"#, r#"{"host":"a","collector_url":"","pin":"00"}"#]
        {
            fs::write(dir.path().join("identity.json"), text).expect("writes");
            assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Damaged { .. })), "{text}");
        }
    }

    #[test]
    fn the_key_is_private_and_kept_for_the_next_attempt() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let first = load_or_make_new_key(dir.path()).expect("makes");
        let second = load_or_make_new_key(dir.path()).expect("loads");
        assert_eq!(first.public_key().as_ref(), second.public_key().as_ref());
        let mode = fs::metadata(dir.path().join("key.new")).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(load_key(dir.path()), Err(IdentityError::Read { .. })));
    }

    #[test]
    fn the_machine_id_is_hashed_with_a_salt() {
        let hash = machine_id_hash("3d1219c7\n");
        assert_eq!(hash, machine_id_hash("3d1219c7"));
        assert_eq!(hash.len(), 64);
        assert_ne!(hash, hex::encode(ring::digest::digest(&ring::digest::SHA256, b"3d1219c7")));
    }

    #[test]
    fn refusals_are_short_and_printable() {
        assert_eq!(render_refusal(br#"{"error":{"code":"x","message":"token used","detail":null}}"#), "token used");
        assert_eq!(render_refusal(b"plain\n\x1b[31mtext"), "plain[31mtext");
        assert_eq!(render_refusal(&[b'x'; 5000]).len(), 200);
    }
}
