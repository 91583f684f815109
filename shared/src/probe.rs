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

/// The step at which an asking ended. In the order in which they happen.
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
}
