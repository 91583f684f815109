//! The outcome of asking a service once. The agent says what it saw; whether that is an outage, the collector judges.

use serde::Serialize;

/// What one asking showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ProbeVerdict {
    /// Never sent; a reader treats it as [`ProbeVerdict::ProbeError`].
    Unspecified = 0,
    /// Answered as expected.
    Ok = 1,
    /// Answered as expected, but too slowly or with a certificate about to expire.
    Degraded = 2,
    /// Did not answer as expected.
    Failed = 3,
    /// The probe itself could not be made (no socket, bad assignment): says nothing about the service.
    ProbeError = 4,
}

/// The step at which an asking ended. The first six in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ProbePhase {
    /// Not told.
    Unspecified = 0,
    /// Name resolution.
    Resolve = 1,
    /// TCP connect.
    Connect = 2,
    /// TLS handshake.
    Tls = 3,
    /// Request sent, first byte awaited.
    FirstByte = 4,
    /// Reading the answer.
    Transfer = 5,
    /// Judging the content of the answer.
    Content = 6,
    /// The protocol's own opening and login, after connect and TLS.
    Handshake = 7,
    /// A question of the protocol after its opening.
    Query = 8,
    /// Looking at the agent's own host: a program that runs, a process, a unit.
    Local = 9,
}

impl ProbePhase {
    /// The phase's name in metrics and the API, blackbox_exporter's words where it has one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "processing",
            Self::Transfer => "transfer",
            Self::Content => "content",
            Self::Handshake => "handshake",
            Self::Query => "query",
            Self::Local => "local",
        }
    }
}

impl ProbeVerdict {
    /// The verdict's name in the API and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::ProbeError => "probe_error",
        }
    }
}

/// One asking of one check.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct ProbeOutcome {
    /// Which check; a [`crate::ids::CheckId`] as text.
    #[prost(string, tag = "1")]
    pub check: String,
    /// A [`ProbeVerdict`].
    #[prost(enumeration = "ProbeVerdict", tag = "2")]
    pub verdict: i32,
    /// The [`ProbePhase`] in which a failed or degraded asking ended.
    #[prost(enumeration = "ProbePhase", tag = "3")]
    pub phase: i32,
    /// Why, in English, for a person; empty when ok. At most [`crate::limits::TEXT_BYTES_MAX`].
    #[prost(string, tag = "4")]
    pub reason: String,
    /// From start to verdict, in microseconds.
    #[prost(uint64, tag = "5")]
    pub duration_us: u64,
    /// Name resolution, in microseconds.
    #[prost(uint64, optional, tag = "6")]
    pub resolve_us: Option<u64>,
    /// TCP connect, in microseconds.
    #[prost(uint64, optional, tag = "7")]
    pub connect_us: Option<u64>,
    /// TLS handshake, in microseconds.
    #[prost(uint64, optional, tag = "8")]
    pub tls_us: Option<u64>,
    /// From request to first byte, in microseconds.
    #[prost(uint64, optional, tag = "9")]
    pub first_byte_us: Option<u64>,
    /// Reading the body, in microseconds.
    #[prost(uint64, optional, tag = "10")]
    pub transfer_us: Option<u64>,
    /// HTTP status code.
    #[prost(uint32, optional, tag = "11")]
    pub http_status: Option<u32>,
    /// Bytes of body read.
    #[prost(uint64, optional, tag = "12")]
    pub body_bytes: Option<u64>,
    /// Earliest `notAfter` of the presented certificates, Unix seconds.
    #[prost(int64, optional, tag = "13")]
    pub certificate_expires_at: Option<i64>,
    /// Whether this was the immediate repetition of a failed asking.
    #[prost(bool, tag = "14")]
    pub repeated: bool,
    /// How often the answer was redirected before it was read.
    #[prost(uint32, tag = "15")]
    pub redirects: u32,
    /// Whether the check itself was refused by the agent: the reason says what is wrong with it. A probe error.
    #[prost(bool, tag = "16")]
    pub refused: bool,
    /// The TLS version agreed on as it stands on the wire: 0x0303 is 1.2, 0x0304 is 1.3.
    #[prost(uint32, optional, tag = "17")]
    pub tls_version: Option<u32>,
    /// The certificates shown, the server's own first; told only when they were the trouble. At most
    /// [`crate::limits::CERTIFICATES_MAX`].
    #[prost(message, repeated, tag = "18")]
    pub certificates: Vec<CertificateSeen>,
    /// A plug-in's exit code.
    #[prost(uint32, optional, tag = "19")]
    pub exit_code: Option<u32>,
    /// What a plug-in said, its first line. At most [`crate::limits::TEXT_BYTES_MAX`].
    #[prost(string, tag = "20")]
    pub answer: String,
    /// Figures beside the times: loss, offset, a plug-in's own. At most [`crate::limits::PROBE_VALUES_MAX`].
    #[prost(message, repeated, tag = "21")]
    pub values: Vec<ProbeValue>,
}

/// A certificate that a server showed.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
pub struct CertificateSeen {
    /// Subject, RFC 4514 style. At most [`crate::limits::TEXT_BYTES_MAX`], as the other texts.
    #[prost(string, tag = "1")]
    pub subject: String,
    /// Issuer.
    #[prost(string, tag = "2")]
    pub issuer: String,
    /// DNS names and addresses it is for, joined by commas.
    #[prost(string, tag = "3")]
    pub names: String,
    /// `notBefore`, Unix seconds.
    #[prost(int64, tag = "4")]
    pub begins_at: i64,
    /// `notAfter`, Unix seconds.
    #[prost(int64, tag = "5")]
    pub expires_at: i64,
    /// SHA-256 of its DER.
    #[prost(bytes = "vec", tag = "6")]
    pub sha256: Vec<u8>,
}

/// A figure that an asking gave.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub struct ProbeValue {
    /// What it is, such as `loss` or a plug-in's label.
    #[prost(string, tag = "1")]
    pub name: String,
    /// How much, in `unit`. A plug-in's figures are decimals of any scale, so this is no integer.
    #[prost(double, tag = "2")]
    pub value: f64,
    /// `s`, `%`, `B`, `c` (a counter), or empty, in the plug-in's words.
    #[prost(string, tag = "3")]
    pub unit: String,
}
