//! `[broker]` in `collector.toml`: the MQTT broker through which agents may send. Without `server` there is none.

use super::diagnostics::{Diagnostics, TableReader};
use super::receivers::{ReadFile, login, port};
use super::settings::ConfigOption;
use pantau_shared::topics;
use std::path::{Path, PathBuf};

const TEXT_MAX: usize = 1_000;
const SECTION: &str = "broker";

/// `[broker]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerSettings {
    /// Name or address of the broker.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to over TLS; plain is for loopback only.
    pub tls: bool,
    /// The authority of its certificate, PEM; the system's when unset.
    pub ca_file: Option<PathBuf>,
    /// What the topics begin with.
    pub topic: String,
    /// Login.
    pub username: Option<String>,
    /// File with its password.
    pub password_file: Option<PathBuf>,
}

const fn option(
    key: &'static str,
    default: Option<&'static str>,
    example: &'static str,
    documentation: &'static str,
) -> ConfigOption {
    ConfigOption { section: SECTION, key, default, example, documentation }
}

/// In the file's order.
pub(super) const OPTIONS: [ConfigOption; 7] = [
    option(
        "server",
        None,
        "\"broker.bangka.go.id\"",
        "MQTT broker through which agents may send as well (`transport.url` of the agent); batches and answers are signed, so it is trusted with nothing. Without it agents send over HTTPS only.",
    ),
    option(
        "tls",
        None,
        "true",
        "Whether it is spoken to over TLS; true when not given. Must be true unless it is on loopback.",
    ),
    option("port", None, "8883", "Its port: 8883, without TLS 1883, when not given."),
    option(
        "ca_file",
        None,
        "\"/etc/pantau/broker-ca.pem\"",
        "Authority of its certificate, PEM. Without it the system's authorities.",
    ),
    option("username", None, "\"pantau-collector\"", "Login, together with `password_file`."),
    option("password_file", None, "\"/run/credentials/pantau-collector.service/broker\"", "File with its password."),
    option(
        "topic",
        Some("\"pantau/v1\""),
        "\"kantor/pantau\"",
        "What all topics begin with: TOPIC/HOST/up, TOPIC/HOST/down, TOPIC/collector. Agents are given the same.",
    ),
];

/// Reads the table; nothing when it names no server.
pub(super) fn read(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<BrokerSettings> {
    let topic = table.text(d, "topic", TEXT_MAX);
    if let Some(topic) = topic.as_ref().filter(|topic| !topics::is_prefix(&topic.value)) {
        d.add(topic.span.clone(), &topic.key, true, "is no beginning of topics", "give one such as \"pantau/v1\"");
    }
    let tls = table.boolean(d, "tls").unwrap_or(true);
    let port = port(d, table, if tls { 8883 } else { 1883 });
    let (username, password_file) = login(d, table, files);
    let ca_file = table.text(d, "ca_file", TEXT_MAX);
    if let Some(file) = &ca_file
        && let Err(error) = files(Path::new(&file.value))
    {
        let problem = format!("cannot be read ({error})");
        d.add(file.span.clone(), &file.key, true, &problem, "make the file, readable for this user");
    }
    let server = table.text(d, "server", TEXT_MAX);
    table.finish(d);
    let server = server?;
    if !tls && !matches!(server.value.as_str(), "localhost" | "127.0.0.1" | "::1") {
        d.add(server.span, &server.key, true, "is not loopback and has no TLS", "leave `tls` away, or set it to true");
    }
    Some(BrokerSettings {
        server: server.value,
        port,
        tls,
        ca_file: ca_file.map(|file| PathBuf::from(file.value)),
        topic: topic.map_or_else(|| topics::TOPIC_PREFIX.to_owned(), |topic| topic.value),
        username,
        password_file,
    })
}

#[cfg(test)]
mod tests {
    use super::super::settings::parse;
    use super::*;

    fn broker(text: &str) -> Result<Option<BrokerSettings>, String> {
        let files = |path: &Path| match path.to_str() {
            Some("/none") => Err(std::io::ErrorKind::NotFound.into()),
            _ => Ok(b"rahasia".to_vec()),
        };
        parse("c.toml", &format!("[broker]\n{text}"), files).map(|s| s.broker).map_err(|faults| faults.to_string())
    }

    #[test]
    fn without_a_server_there_is_no_broker() {
        assert_eq!(broker(""), Ok(None));
        assert_eq!(broker("topic = \"kantor\"\n"), Ok(None));
    }

    #[test]
    fn the_port_follows_tls_and_plain_is_for_loopback() {
        let read = |text: &str| broker(text).map(|broker| broker.map(|broker| (broker.port, broker.tls, broker.topic)));
        assert_eq!(read("server = \"b.test\"\n"), Ok(Some((8883, true, "pantau/v1".into()))));
        assert_eq!(read("server = \"127.0.0.1\"\ntls = false\n"), Ok(Some((1883, false, "pantau/v1".into()))));
        assert!(read("server = \"b.test\"\ntls = false\n").is_err_and(|faults| faults.contains("has no TLS")));
    }

    #[test]
    fn faults_are_named() {
        let faults = broker("server = \"b\"\ntopic = \"a/#\"\nca_file = \"/none\"\nusername = \"u\"\n").expect_err("3");
        for part in ["broker.topic = \"a/#\": is no", "broker.ca_file = \"/none\": cannot be read", "stands alone"] {
            assert!(faults.contains(part), "{part}\nnot in\n{faults}");
        }
    }
}
