//! What each kind of asking beyond HTTP and TCP needs. Words and numbers only: a secret is named, never carried, and a
//! plug-in is named, never described; what the names mean is said by the agent's own configuration.
//!
//! Zero and empty are the agent's default, told at each field.

use serde::{Deserialize, Serialize};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i32)]
pub enum Encryption {
    /// In the clear.
    None = 0,
    /// TLS from the first byte.
    Tls = 1,
    /// Asked for in the clear by the protocol's own word (SMTP, IMAP, PostgreSQL, MySQL), then TLS.
    StartTls = 2,
}

/// Where a server is reached and how.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoint {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Port, 1 to 65,535; 0 is the protocol's own.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// An [`Encryption`].
    #[prost(enumeration = "Encryption", tag = "3")]
    #[serde(with = "encryption_name")]
    pub encryption: i32,
    /// The name that the certificate must bear; empty is `host`.
    #[prost(string, tag = "4")]
    pub server_name: String,
    /// Whether a certificate that does not verify is accepted; its expiry still counts.
    #[prost(bool, tag = "5")]
    pub accept_any_certificate: bool,
}

/// In a file an encryption is a word.
pub(super) mod encryption_name {
    use super::Encryption;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::assignment) fn serialize<S: Serializer>(value: &i32, to: S) -> Result<S::Ok, S::Error> {
        Encryption::try_from(*value).unwrap_or(Encryption::None).serialize(to)
    }

    pub(in crate::assignment) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
        Encryption::deserialize(from).map(i32::from)
    }
}

/// Who logs in. The secret is the name of a file in the agent's secrets directory, below the host it may be told to.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// User name; empty asks without logging in.
    #[prost(string, tag = "1")]
    pub user: String,
    /// Name of the password's file; empty is no password.
    #[prost(string, tag = "2")]
    pub secret: String,
}

/// One step of a conversation over TCP: first what is awaited, then what is said.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exchange {
    /// Regular expression that a received line must match, lines that do not are read over; empty awaits nothing.
    #[prost(string, tag = "1")]
    pub expect: String,
    /// Sent as it stands, after the expected line; empty sends nothing.
    #[prost(string, tag = "2")]
    pub send: String,
}

/// A header of an HTTP request.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestHeader {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value, or what stands before the secret (`Bearer `).
    #[prost(string, tag = "2")]
    pub value: String,
    /// Name of a secret that is put behind the value; empty is none. Never sent to where a redirect leads.
    #[prost(string, tag = "3")]
    pub secret: String,
}

/// A header that an HTTP answer must have.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderExpectation {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Regular expression that its value must match; empty asks only that it is there.
    #[prost(string, tag = "2")]
    pub pattern: String,
}

/// A value that a JSON answer must hold.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JsonExpectation {
    /// JSON pointer (RFC 6901), such as `/status/database`; empty is the whole document.
    #[prost(string, tag = "1")]
    pub pointer: String,
    /// The value as JSON (`"up"`, `3`, `true`); empty asks only that it is there and not null.
    #[prost(string, tag = "2")]
    pub equals: String,
}

/// A TLS handshake whose certificate is judged.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsCheck {
    /// Where; port 0 is 443, the encryption is TLS whatever it says.
    #[prost(message, optional, tag = "1")]
    pub endpoint: Option<Endpoint>,
}

/// Echo requests.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcmpCheck {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// How many are sent, 1 to 20; 0 is 3.
    #[prost(uint32, tag = "2")]
    pub count: u32,
    /// From one to the next, in milliseconds, 10 to 1,000; 0 is 200.
    #[prost(uint32, tag = "3")]
    pub spacing_ms: u32,
    /// Loss from which on the asking failed, in percent, 1 to 100; 0 is 100.
    #[prost(uint32, tag = "4")]
    pub failed_loss_percent: u32,
    /// Loss from which on it is degraded, in percent, 1 to 100; 0 is any.
    #[prost(uint32, tag = "5")]
    pub degraded_loss_percent: u32,
}

/// A question to a name server.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsCheck {
    /// The server; a name or an address.
    #[prost(string, tag = "1")]
    pub server: String,
    /// Its port; 0 is 53.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// The name asked for.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The record type asked for, such as `AAAA`; empty is `A`.
    #[prost(string, tag = "4")]
    pub record_type: String,
    /// Regular expressions, each of which an answer must match in full (an address, a host, a text).
    #[prost(string, repeated, tag = "5")]
    pub answers: Vec<String>,
    /// The accepted response code, such as `NXDOMAIN`; empty is `NOERROR` with at least one answer.
    #[prost(string, tag = "6")]
    pub response_code: String,
    /// Whether to ask over TCP.
    #[prost(bool, tag = "7")]
    pub over_tcp: bool,
}

/// The greeting of an SMTP or IMAP server.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailCheck {
    /// Where; port 0 is 25 or 143, with TLS 465 or 993.
    #[prost(message, optional, tag = "1")]
    pub endpoint: Option<Endpoint>,
    /// Text that the greeting must contain; empty asks for nothing.
    #[prost(string, tag = "2")]
    pub greeting_contains: String,
}

/// The banner of an SSH server.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SshCheck {
    /// Where; port 0 is 22. Never encrypted by TLS.
    #[prost(message, optional, tag = "1")]
    pub endpoint: Option<Endpoint>,
    /// Text that the banner must contain; empty asks for nothing.
    #[prost(string, tag = "2")]
    pub banner_contains: String,
}

/// A database or store that is greeted, logged in to when a user is named, and pinged.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseCheck {
    /// Where; port 0 is 5432 (PostgreSQL), 3306 (MySQL, MariaDB) or 6379 (Redis).
    #[prost(message, optional, tag = "1")]
    pub endpoint: Option<Endpoint>,
    /// Who logs in; without a user a server that asks for a login has answered well.
    #[prost(message, optional, tag = "2")]
    pub login: Option<Login>,
    /// Database to enter; empty is the user's own. Not for Redis.
    #[prost(string, tag = "3")]
    pub database: String,
}

/// A connection to an MQTT broker that must be accepted.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttCheck {
    /// Where; port 0 is 1883, with TLS 8883.
    #[prost(message, optional, tag = "1")]
    pub endpoint: Option<Endpoint>,
    /// Who logs in.
    #[prost(message, optional, tag = "2")]
    pub login: Option<Login>,
}

/// A question to a time server.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NtpCheck {
    /// Name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Port; 0 is 123.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// Offset between this host and the server from which on it is degraded, in milliseconds; 0 is never.
    #[prost(uint32, tag = "3")]
    pub degraded_offset_ms: u32,
    /// Offset from which on it failed, in milliseconds; 0 is never.
    #[prost(uint32, tag = "4")]
    pub failed_offset_ms: u32,
    /// Highest stratum accepted, 1 to 15; 0 is 15.
    #[prost(uint32, tag = "5")]
    pub stratum_max: u32,
}

/// A systemd unit of the agent's own host that must be active.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnitCheck {
    /// Its name with its suffix, such as `nginx.service`.
    #[prost(string, tag = "1")]
    pub unit: String,
    /// Whether a one-shot unit that ended well and waits for its timer is accepted.
    #[prost(bool, tag = "2")]
    pub accept_inactive: bool,
}

/// Processes of the agent's own host.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessCheck {
    /// The program's name as the kernel has it, at most 15 bytes; empty is any.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Regular expression on the command line, arguments joined by blanks; empty is any.
    #[prost(string, tag = "2")]
    pub command_pattern: String,
    /// Fewest accepted; 0 is 1, so a name that must not run has `count_max` alone as bound.
    #[prost(uint32, tag = "3")]
    pub count_min: u32,
    /// Most accepted; missing is no bound; 0 asks that none runs.
    #[prost(uint32, optional, tag = "4")]
    pub count_max: Option<u32>,
}

/// A plug-in of the Nagios kind: exit code 0 ok, 1 warning, 2 critical, 3 its own trouble; a line of text; figures.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecCheck {
    /// File name in the agent's plug-in directory; no path.
    #[prost(string, tag = "1")]
    pub plugin: String,
    /// Arguments. From a collector they are refused unless the agent's configuration allows them.
    #[prost(string, repeated, tag = "2")]
    pub arguments: Vec<String>,
}
