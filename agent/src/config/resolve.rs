//! From what the file says to what the program uses.

use super::Problem;
use super::raw::{Given, Raw};
use crate::backups::Access;
use crate::identity::parse_pin;
use crate::run_file::DEFAULT_FOLDER;
use crate::transport::broker::parse_url;
use crate::{
    BrokerSettings, Identity, LocalProbes, ProbeSite, RoadSettings, Roots, SAMPLE_PERIOD_DEFAULT, SPOOL_AGE_DEFAULT,
    SPOOL_BYTES_DEFAULT, Settings,
};
use pantau_shared::topics;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;
use url::Url;

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Directory of key, identity, assignment and spool.
    pub data_dir: PathBuf,
    /// Sampling period until an assignment names one.
    pub sample_period: Duration,
    /// Where the collector is, if not where this host joined.
    pub collector_url: Option<String>,
    /// The broker, once [`Config::road`] finds that there is one: the collector itself when unset.
    pub broker_url: Option<String>,
    /// What topics begin with, whom its certificate is verified against, and the login.
    pub broker: BrokerAccess,
    /// Where `/metrics` is served.
    pub metrics_listen: Option<SocketAddr>,
    /// Byte cap of the spool.
    pub spool_bytes_max: u64,
    /// Age cap of the spool.
    pub spool_age_max: Duration,
    /// Where the kernel's files are.
    pub roots: Roots,
    /// Where `backup-run` leaves its records.
    pub runs_dir: PathBuf,
    /// Whether tools may be started to look at backups.
    pub backup_tools: bool,
    /// File of this host's own checks.
    pub checks_file: Option<PathBuf>,
    /// Its checks, once the file is read, and what the owner permits.
    pub probes: LocalProbes,
}

/// How a broker is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAccess {
    topic: String,
    ca_file: Option<PathBuf>,
    pin: Option<[u8; 32]>,
    username: Option<String>,
    password_file: Option<PathBuf>,
}

impl Config {
    /// How batches travel.
    fn road(&self) -> RoadSettings {
        let Some(url) = self.broker_url.clone() else {
            return RoadSettings::Https;
        };
        let BrokerAccess { topic, ca_file, pin, username, password_file } = self.broker.clone();
        RoadSettings::Broker(BrokerSettings { url, topic, ca_file, pin, username, password_file })
    }

    /// Settings of an agent that has joined.
    pub fn settings(&self, mut identity: Identity) -> Settings {
        if let Some(url) = &self.collector_url {
            identity.collector_url.clone_from(url);
        }
        Settings {
            road: self.road(),
            sample_period: self.sample_period,
            metrics_listen: self.metrics_listen,
            spool_bytes_max: self.spool_bytes_max,
            spool_age_max: self.spool_age_max,
            roots: self.roots.clone(),
            backups: self.backup_access(),
            probes: self.probes.clone(),
            ..Settings::new(self.data_dir.clone(), identity)
        }
    }
}

impl Config {
    /// What may be done to look at backups.
    pub fn backup_access(&self) -> Access {
        let runs_dir = Some(self.runs_dir.clone());
        Access { runs_dir, tools: self.backup_tools, ..Access::below(&self.data_dir) }
    }
}

/// Resolves every setting; problems are added, and a bad setting stands at its default meanwhile.
pub(super) fn resolve(raw: &Raw<'_>, problems: &mut Vec<Problem>) -> Config {
    let mut reader = Reader { raw, problems };
    let path = "an absolute path in quotes";
    let enabled = reader.read("metrics.enabled", "true or false", true, |given| given.value.as_bool());
    let listen = reader.read(
        "metrics.listen",
        "a loopback address with a port in quotes, such as \"127.0.0.1:9420\"",
        SocketAddr::from(([127, 0, 0, 1], 9420)),
        |given| text(given)?.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback()),
    );
    let roots = Roots {
        proc_root: reader.read("host.proc_root", path, "/proc".into(), absolute),
        sys_root: reader.read("host.sys_root", path, "/sys".into(), absolute),
        run_root: reader.read("host.run_root", path, "/run".into(), absolute),
    };
    Config {
        data_dir: reader.read("data_dir", path, "/var/lib/pantau-agent".into(), absolute),
        sample_period: reader.read(
            "sample_period",
            "a duration from 1s to 300s in quotes, such as \"10s\"",
            SAMPLE_PERIOD_DEFAULT,
            |given| duration(given, 1, 300),
        ),
        collector_url: reader.read(
            "collector.url",
            "http://HOST:PORT on loopback or https://HOST:PORT, in quotes",
            None,
            |given| collector_url(given).map(Some),
        ),
        metrics_listen: enabled.then_some(listen),
        spool_bytes_max: reader.read(
            "spool.max_bytes",
            "a size from 1MiB to 1TiB, such as \"256MiB\" or 268435456",
            SPOOL_BYTES_DEFAULT,
            bytes,
        ),
        spool_age_max: reader.read(
            "spool.max_age",
            "a duration from 1h to 3650d in quotes, such as \"30d\"",
            SPOOL_AGE_DEFAULT,
            |given| duration(given, 3600, 3650 * 86_400),
        ),
        broker_url: reader.read("transport.url", "mqtts://HOST[:PORT], or mqtt://127.0.0.1[:PORT]", None, |given| {
            text(given).filter(|url| parse_url(url).is_ok()).map(|url| Some(url.to_owned()))
        }),
        broker: resolve_broker(&mut reader, path),
        runs_dir: reader.read("backups.runs_dir", path, DEFAULT_FOLDER.into(), absolute),
        backup_tools: reader.read("backups.tools", "true or false", true, |given| given.value.as_bool()),
        checks_file: reader.read("probes.checks_file", path, None, |given| absolute(given).map(Some)),
        probes: LocalProbes { site: resolve_site(&mut reader, path, roots.proc_root.clone()), checks: Vec::new() },
        roots,
    }
}

fn resolve_broker(reader: &mut Reader<'_, '_>, path: &str) -> BrokerAccess {
    let plain = |given: &Given<'_>| text(given).filter(|text| topics::is_prefix(text)).map(str::to_owned);
    let topic = reader.read("transport.topic", "a topic without wildcards", topics::TOPIC_PREFIX.to_owned(), plain);
    let pin = |given: &Given<'_>| text(given).and_then(parse_pin).map(Some);
    let name = |given: &Given<'_>| text(given).filter(|name| !name.is_empty()).map(|name| Some(name.to_owned()));
    BrokerAccess {
        topic,
        ca_file: reader.read("transport.ca_file", path, None, |given| absolute(given).map(Some)),
        pin: reader.read("transport.pin", "64 hexadecimal digits", None, pin),
        username: reader.read("transport.username", "a name", None, name),
        password_file: reader.read("transport.password_file", path, None, |given| absolute(given).map(Some)),
    }
}

fn resolve_site(reader: &mut Reader<'_, '_>, path: &str, proc_root: PathBuf) -> ProbeSite {
    ProbeSite {
        secrets_dir: reader.read("probes.secrets_dir", path, None, |given| absolute(given).map(Some)),
        plugins_dir: reader.read("probes.plugins_dir", path, None, |given| absolute(given).map(Some)),
        plugin_arguments: reader.read("probes.plugin_arguments", "true or false", false, |given| given.value.as_bool()),
        proc_root,
    }
}

struct Reader<'a, 'b> {
    raw: &'a Raw<'b>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn read<T>(&mut self, key: &str, expected: &str, default: T, parse: impl Fn(&Given<'_>) -> Option<T>) -> T {
        let Some(given) = self.raw.get(key) else {
            return default;
        };
        parse(given).unwrap_or_else(|| {
            self.problems.push(Problem {
                line: given.line,
                column: given.column,
                key: key.to_owned(),
                given: given.text.to_owned(),
                remedy: format!("expected {expected}"),
            });
            default
        })
    }
}

fn text<'a>(given: &'a Given<'_>) -> Option<&'a str> {
    given.value.as_str()
}

fn absolute(given: &Given<'_>) -> Option<PathBuf> {
    text(given).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn collector_url(given: &Given<'_>) -> Option<String> {
    let url = text(given)?;
    let parsed = Url::parse(url).ok()?;
    let loopback = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let usable = parsed.scheme() == "https" || (parsed.scheme() == "http" && loopback);
    (usable && parsed.host().is_some()).then(|| url.to_owned())
}

/// A whole number and its unit.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

fn duration(given: &Given<'_>, seconds_min: u64, seconds_max: u64) -> Option<Duration> {
    let (number, unit) = split_unit(text(given)?)?;
    let unit_seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let seconds = number.checked_mul(unit_seconds)?;
    (seconds_min..=seconds_max).contains(&seconds).then(|| Duration::from_secs(seconds))
}

fn bytes(given: &Given<'_>) -> Option<u64> {
    const MIB: u64 = 1024 * 1024;
    let size = match &given.value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok()?,
        DeValue::String(text) => {
            let (number, unit) = split_unit(text)?;
            let unit_bytes = match unit {
                "" | "B" => 1,
                "KiB" => 1024,
                "MiB" => MIB,
                "GiB" => 1024 * MIB,
                "TiB" => MIB * MIB,
                _ => return None,
            };
            number.checked_mul(unit_bytes)?
        }
        DeValue::Array(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Float(_) | DeValue::Table(_) => {
            return None;
        }
    };
    (MIB..=MIB * MIB).contains(&size).then_some(size)
}
