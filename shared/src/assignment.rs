//! What the collector asks an agent to watch. Carried by the reply to a batch whenever the agent's revision is old,
//! so a change reaches it within one sampling period. Holds no threshold and no opinion beyond what a probe needs.

pub mod kinds;

use kinds::{
    DatabaseCheck, DnsCheck, Encryption, Exchange, ExecCheck, HeaderExpectation, IcmpCheck, JsonExpectation, MailCheck,
    MqttCheck, NtpCheck, ProcessCheck, RequestHeader, SshCheck, TlsCheck, UnitCheck,
};
use serde::{Deserialize, Serialize};

/// Everything one host is to do.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct Assignment {
    /// Names this content; equal revisions mean equal content. Never 0: that is "none yet".
    #[prost(uint64, tag = "1")]
    pub revision: u64,
    /// Sampling period in milliseconds, 1,000 to 300,000.
    #[prost(uint32, tag = "2")]
    pub sample_period_ms: u32,
    /// Checks to probe; at most [`crate::limits::ASSIGNED_MAX`].
    #[prost(message, repeated, tag = "3")]
    pub checks: Vec<CheckSpec>,
    /// Backup sets to look at; at most [`crate::limits::ASSIGNED_MAX`].
    #[prost(message, repeated, tag = "4")]
    pub backups: Vec<BackupWatch>,
}

/// One check: what to ask, how often, how long to wait.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSpec {
    /// A [`crate::ids::CheckId`] as text.
    #[prost(string, tag = "1")]
    pub id: String,
    /// From one regular asking to the next, in milliseconds; at least 1,000.
    #[prost(uint32, tag = "2")]
    pub interval_ms: u32,
    /// Bound on one asking, in milliseconds; below the interval.
    #[prost(uint32, tag = "3")]
    pub timeout_ms: u32,
    /// Pause before the immediate repetition of a failed asking, in milliseconds; 0 repeats not at all.
    #[prost(uint32, tag = "4")]
    pub retry_pause_ms: u32,
    /// An answer slower than this is degraded, in milliseconds; 0 is never.
    #[prost(uint32, tag = "5")]
    pub degraded_after_ms: u32,
    /// A certificate that expires within this many seconds makes the answer degraded; 0 is never.
    #[prost(uint32, tag = "6")]
    pub certificate_warning_seconds: u32,
    /// What to ask.
    #[prost(oneof = "CheckKind", tags = "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35")]
    pub kind: Option<CheckKind>,
}

/// The kinds of asking. A kind that an agent does not know arrives as `None` and answers with a probe error.
#[derive(Clone, PartialEq, prost::Oneof, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// An HTTP or HTTPS request.
    #[prost(message, tag = "20")]
    Http(HttpCheck),
    /// A TCP connection.
    #[prost(message, tag = "21")]
    Tcp(TcpCheck),
    /// A TLS handshake.
    #[prost(message, tag = "22")]
    Tls(TlsCheck),
    /// Echo requests.
    #[prost(message, tag = "23")]
    Icmp(IcmpCheck),
    /// A question to a name server.
    #[prost(message, tag = "24")]
    Dns(DnsCheck),
    /// An SMTP server's greeting.
    #[prost(message, tag = "25")]
    Smtp(MailCheck),
    /// An IMAP server's greeting.
    #[prost(message, tag = "26")]
    Imap(MailCheck),
    /// An SSH server's banner.
    #[prost(message, tag = "27")]
    Ssh(SshCheck),
    /// A PostgreSQL server.
    #[prost(message, tag = "28")]
    Postgres(DatabaseCheck),
    /// A MySQL or MariaDB server.
    #[prost(message, tag = "29")]
    Mysql(DatabaseCheck),
    /// A Redis server.
    #[prost(message, tag = "30")]
    Redis(DatabaseCheck),
    /// An MQTT broker.
    #[prost(message, tag = "31")]
    Mqtt(MqttCheck),
    /// A time server.
    #[prost(message, tag = "32")]
    Ntp(NtpCheck),
    /// A systemd unit.
    #[prost(message, tag = "33")]
    Unit(UnitCheck),
    /// Processes.
    #[prost(message, tag = "34")]
    Process(ProcessCheck),
    /// A plug-in.
    #[prost(message, tag = "35")]
    Exec(ExecCheck),
}

impl CheckKind {
    /// The kind's word in the catalogue, metrics and pages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
            Self::Icmp(_) => "icmp",
            Self::Dns(_) => "dns",
            Self::Smtp(_) => "smtp",
            Self::Imap(_) => "imap",
            Self::Ssh(_) => "ssh",
            Self::Postgres(_) => "postgres",
            Self::Mysql(_) => "mysql",
            Self::Redis(_) => "redis",
            Self::Mqtt(_) => "mqtt",
            Self::Ntp(_) => "ntp",
            Self::Unit(_) => "unit",
            Self::Process(_) => "process",
            Self::Exec(_) => "exec",
        }
    }
}

/// An HTTP or HTTPS request and what its answer must be.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpCheck {
    /// Absolute URL, `http` or `https`.
    #[prost(string, tag = "1")]
    pub url: String,
    /// Method; empty is GET.
    #[prost(string, tag = "2")]
    pub method: String,
    /// Accepted status codes, and 1 to 5 for all codes of that hundred; empty accepts 200 to 299.
    #[prost(uint32, repeated, tag = "3")]
    pub accept_status: Vec<u32>,
    /// Text that the body must contain; empty asks for nothing.
    #[prost(string, tag = "4")]
    pub body_contains: String,
    /// Most redirects followed.
    #[prost(uint32, tag = "5")]
    pub redirects_max: u32,
    /// Whether a certificate that does not verify is accepted (self-signed devices); its expiry still counts.
    #[prost(bool, tag = "6")]
    pub accept_any_certificate: bool,
    /// Headers sent.
    #[prost(message, repeated, tag = "7")]
    pub headers: Vec<RequestHeader>,
    /// Body sent; empty sends none.
    #[prost(string, tag = "8")]
    pub body: String,
    /// Regular expression that the body must match; empty asks for nothing.
    #[prost(string, tag = "9")]
    pub body_pattern: String,
    /// Regular expression that the body must not match; empty asks for nothing.
    #[prost(string, tag = "10")]
    pub body_pattern_absent: String,
    /// Values that the body, as JSON, must hold.
    #[prost(message, repeated, tag = "11")]
    pub json: Vec<JsonExpectation>,
    /// Headers that the answer must have.
    #[prost(message, repeated, tag = "12")]
    pub answer_headers: Vec<HeaderExpectation>,
    /// Most of the body that is read, in bytes, up to 1 MiB; 0 is 64 KiB.
    #[prost(uint32, tag = "13")]
    pub body_bytes_max: u32,
}

/// A TCP connection that must be accepted, and the conversation over it.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcpCheck {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Port, 1 to 65,535.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// What is awaited and said, in order; empty hangs up at once.
    #[prost(message, repeated, tag = "3")]
    pub exchanges: Vec<Exchange>,
    /// An [`Encryption`]; TCP alone has no word to start TLS with.
    #[prost(enumeration = "Encryption", tag = "4")]
    #[serde(with = "kinds::encryption_name")]
    pub encryption: i32,
    /// The name that the certificate must bear; empty is `host`.
    #[prost(string, tag = "5")]
    pub server_name: String,
    /// Whether a certificate that does not verify is accepted; its expiry still counts.
    #[prost(bool, tag = "6")]
    pub accept_any_certificate: bool,
}

/// One backup set to look at.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupWatch {
    /// A [`crate::ids::BackupSetId`] as text.
    #[prost(string, tag = "1")]
    pub id: String,
    /// From one look to the next, in milliseconds; at least 1,000.
    #[prost(uint32, tag = "2")]
    pub interval_ms: u32,
    /// Where to look.
    #[prost(oneof = "BackupSource", tags = "20, 21, 22, 23, 24, 25, 26")]
    pub source: Option<BackupSource>,
}

/// The kinds of place where backups are. A kind that an agent does not know arrives as `None` and is told as an error.
///
/// Secrets never travel: a source names the file on the agent's host that holds them.
#[derive(Clone, PartialEq, prost::Oneof, Serialize)]
pub enum BackupSource {
    /// Files that match a pattern.
    #[prost(message, tag = "20")]
    Files(BackupFiles),
    /// A restic repository.
    #[prost(message, tag = "21")]
    Restic(BackupRestic),
    /// A Borg repository.
    #[prost(message, tag = "22")]
    Borg(BackupBorg),
    /// A pgBackRest stanza.
    #[prost(message, tag = "23")]
    PgBackRest(BackupPgBackRest),
    /// PostgreSQL's WAL archiver.
    #[prost(message, tag = "24")]
    Wal(BackupWal),
    /// ZFS snapshots.
    #[prost(message, tag = "25")]
    Zfs(BackupZfs),
    /// Nothing but the runs under `pantau-agent backup-run`; each that makes a backup is one artefact.
    #[prost(message, tag = "26")]
    Runs(BackupRuns),
}

/// Files that match a pattern; each is one artefact.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupFiles {
    /// Absolute glob pattern, such as `/backup/simpeg-*.sql.gz`. `%Y %m %d %H %M %S` stand for the parts of the time that
    /// the name tells, such as `/backup/%Y/simpeg-%Y%m%d-%H%M.sql.gz`.
    #[prost(string, tag = "1")]
    pub pattern: String,
    /// A file younger than this many seconds since its last change is taken as still being written.
    #[prost(uint32, tag = "2")]
    pub settle_seconds: u32,
    /// Zone of times in names and headers that do not tell theirs, by its IANA name; empty takes only times with a zone.
    #[prost(string, tag = "3")]
    pub zone: String,
    /// Regular expression that finds the time in the name, with the groups `y mo d h mi s`; empty recognises usual forms.
    #[prost(string, tag = "4")]
    pub name_pattern: String,
    /// Text that must stand at the end of the content; empty asks for what the kind of file calls for.
    #[prost(string, tag = "5")]
    pub trailer: String,
    /// How long writing takes, in seconds, to tell the start from the end; 0 is not known.
    #[prost(uint32, tag = "6")]
    pub duration_seconds: u32,
    /// Whether the files are born here, so that their birth is the start of the backup; copies are not.
    #[prost(bool, tag = "7")]
    pub born_here: bool,
    /// Whether the content is read, once per file, to tell whether it is complete.
    #[prost(bool, tag = "8")]
    pub read_content: bool,
    /// A larger file is not read, in bytes; 0 is the agent's own bound.
    #[prost(uint64, tag = "9")]
    pub read_bytes_max: u64,
}

/// A restic repository, listed without a lock.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupRestic {
    /// As in `RESTIC_REPOSITORY`; empty when `repository_file` names it.
    #[prost(string, tag = "1")]
    pub repository: String,
    /// File that holds the repository's address, when that itself holds a secret.
    #[prost(string, tag = "2")]
    pub repository_file: String,
    /// File that holds the password.
    #[prost(string, tag = "3")]
    pub password_file: String,
    /// File of `NAME=VALUE` lines with the storage's credentials; empty for none.
    #[prost(string, tag = "4")]
    pub environment_file: String,
    /// Only snapshots of this host; empty takes all.
    #[prost(string, tag = "5")]
    pub host: String,
    /// Only snapshots that have all these paths; at most [`crate::limits::FILTERS_MAX`].
    #[prost(string, repeated, tag = "6")]
    pub paths: Vec<String>,
    /// Only snapshots with all these tags; at most [`crate::limits::FILTERS_MAX`].
    #[prost(string, repeated, tag = "7")]
    pub tags: Vec<String>,
}

/// A Borg repository, listed without a lock.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupBorg {
    /// As in `BORG_REPO`.
    #[prost(string, tag = "1")]
    pub repository: String,
    /// File that holds the passphrase; empty for none.
    #[prost(string, tag = "2")]
    pub passphrase_file: String,
    /// Only archives whose names match this shell pattern, such as `app1-*`; empty takes all.
    #[prost(string, tag = "3")]
    pub archives: String,
}

/// A pgBackRest stanza.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupPgBackRest {
    /// Its name.
    #[prost(string, tag = "1")]
    pub stanza: String,
    /// Configuration file; empty is pgBackRest's own.
    #[prost(string, tag = "2")]
    pub config: String,
    /// Whether the data time is a backup's stop: it cannot be restored to before that. Else its start.
    #[prost(bool, tag = "3")]
    pub data_time_is_stop: bool,
    /// Only this repository of the stanza; 0 takes all.
    #[prost(uint32, tag = "4")]
    pub repository: u32,
}

/// A PostgreSQL server whose archiver is asked with `psql`.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupWal {
    /// Directory of its socket, or name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Port; 0 is 5432.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// Database to connect to; empty is `postgres`.
    #[prost(string, tag = "3")]
    pub database: String,
    /// Role, a member of `pg_monitor`; empty is the agent's own user.
    #[prost(string, tag = "4")]
    pub user: String,
    /// Password file in the form of `.pgpass`; empty for none.
    #[prost(string, tag = "5")]
    pub password_file: String,
}

/// Snapshots of a ZFS dataset.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupZfs {
    /// Its name.
    #[prost(string, tag = "1")]
    pub dataset: String,
    /// Only snapshots whose name behind the `@` matches this shell pattern, such as `auto-*`; empty takes all.
    #[prost(string, tag = "2")]
    pub snapshots: String,
}

/// Runs of a command under `pantau-agent backup-run --set ID`.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupRuns {}
#[cfg(test)]
mod tests;
