//! What the collector asks an agent to watch. Carried by the reply to a batch whenever the agent's revision is old,
//! so a change reaches it within one sampling period. Holds no threshold and no opinion beyond what a probe needs.

use serde::Serialize;

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
#[derive(Clone, PartialEq, prost::Message, Serialize)]
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
    #[prost(oneof = "CheckKind", tags = "20, 21")]
    pub kind: Option<CheckKind>,
}

/// The kinds of asking. A kind that an agent does not know arrives as `None` and answers with a probe error.
#[derive(Clone, PartialEq, prost::Oneof, Serialize)]
pub enum CheckKind {
    /// An HTTP or HTTPS request.
    #[prost(message, tag = "20")]
    Http(HttpCheck),
    /// A TCP connection.
    #[prost(message, tag = "21")]
    Tcp(TcpCheck),
}

/// An HTTP or HTTPS request and what its answer must be.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct HttpCheck {
    /// Absolute URL, `http` or `https`.
    #[prost(string, tag = "1")]
    pub url: String,
    /// Method; empty is GET.
    #[prost(string, tag = "2")]
    pub method: String,
    /// Accepted status codes; empty accepts 200 to 299.
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
}

/// A TCP connection that must be accepted.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct TcpCheck {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Port, 1 to 65,535.
    #[prost(uint32, tag = "2")]
    pub port: u32,
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
    #[prost(oneof = "BackupSource", tags = "20")]
    pub source: Option<BackupSource>,
}

/// The kinds of place where backups are.
#[derive(Clone, PartialEq, prost::Oneof, Serialize)]
pub enum BackupSource {
    /// Files that match a pattern.
    #[prost(message, tag = "20")]
    Files(BackupFiles),
}

/// Files that match a pattern; each is one artefact.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct BackupFiles {
    /// Absolute glob pattern, such as `/backup/simpeg-*.sql.gz`.
    #[prost(string, tag = "1")]
    pub pattern: String,
    /// A file younger than this many seconds since its last change is taken as still being written.
    #[prost(uint32, tag = "2")]
    pub settle_seconds: u32,
}
