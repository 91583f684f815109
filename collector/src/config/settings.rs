//! `collector.toml`: where it listens, where it keeps, whom it tells.
//!
//! A named file that is missing is an error; the default file that is missing means defaults. Secrets are read from
//! files (systemd credentials), never from the configuration itself. Every option stands once in [`OPTIONS`] with its
//! documentation and default; the shipped reference file is made from that table and read back by a test.

use super::broker::{self, BrokerSettings};
use super::diagnostics::{Diagnostics, FileFaults, Placed, TableReader};
use super::receiver_options::{self, REPEATED};
use super::receivers::{self, Receiver};
use crate::domain::route::Routing;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Most addresses and certificate names.
const ITEMS_MAX: usize = 32;
const TEXT_MAX: usize = 1_000;
/// A smaller store would hold nothing but its own tables.
const SIZE_MIN: u64 = 100_000_000;
/// More held back than this is a slip of the pen.
const RESERVE_BYTES_MAX: u64 = 1 << 40;
/// Where the configuration is looked for when none is named.
pub const DEFAULT_FILE: &str = "/etc/pantau/collector.toml";

/// One documented option.
#[derive(Debug, Clone, Copy)]
pub struct ConfigOption {
    /// Table it stands in; empty for the top of the file.
    pub section: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Its default as TOML; `None` where it has none, and the example is shown commented out.
    pub default: Option<&'static str>,
    /// An example as TOML.
    pub example: &'static str,
    /// What it is for.
    pub documentation: &'static str,
}

/// Options of the collector itself, in the file's order; those of receivers follow them.
const OPTIONS: [ConfigOption; 17] = [
    ConfigOption {
        section: "",
        key: "listen",
        default: Some("[\"127.0.0.1:8420\"]"),
        example: "[\"0.0.0.0:8420\"]",
        documentation: "Addresses to answer on: pages, API, agents, /metrics. Anything but loopback needs TLS.",
    },
    ConfigOption {
        section: "",
        key: "data_dir",
        default: Some("\"/var/lib/pantau-collector\""),
        example: "\"/srv/pantau\"",
        documentation: "Folder of the store (pantau.db), the own CA and the local admin socket.",
    },
    ConfigOption {
        section: "",
        key: "catalogue",
        default: Some("\"/etc/pantau/catalogue.toml\""),
        example: "\"/etc/pantau/catalogue.toml\"",
        documentation: "The service catalogue. A missing file means that nothing is watched yet.",
    },
    ConfigOption {
        section: "",
        key: "profile",
        default: None,
        example: "\"/etc/pantau/profiles/bangka-2025.toml\"",
        documentation: "The regulation as data. Without it the built-in profile bangka-2025 applies.",
    },
    ConfigOption {
        section: "tls",
        key: "enabled",
        default: Some("false"),
        example: "true",
        documentation: "Serve HTTPS on every address. Must be true when an address is not loopback.",
    },
    ConfigOption {
        section: "tls",
        key: "certificate_file",
        default: None,
        example: "\"/etc/pantau/tls/fullchain.pem\"",
        documentation: "Own certificate chain, PEM. Without it the collector makes its own CA and certificate.",
    },
    ConfigOption {
        section: "tls",
        key: "key_file",
        default: None,
        example: "\"/etc/pantau/tls/key.pem\"",
        documentation: "Private key of `certificate_file`, PEM.",
    },
    ConfigOption {
        section: "tls",
        key: "names",
        default: Some("[]"),
        example: "[\"pantau.bangka.go.id\", \"10.10.0.5\"]",
        documentation: "Names and addresses that agents and browsers use, for the own certificate. Loopback, the listening addresses and the host's name are always in it.",
    },
    ConfigOption {
        section: "retention",
        key: "raw",
        default: Some("\"35days\""),
        example: "\"90days\"",
        documentation: "How long samples and single probe answers are kept as they came. Ledger, tickets and backups are kept for ever.",
    },
    ConfigOption {
        section: "retention",
        key: "five_minutes",
        default: Some("\"396days\""),
        example: "\"800days\"",
        documentation: "How long five-minute means, minima and maxima of every series are kept. 396 days are 13 months.",
    },
    ConfigOption {
        section: "retention",
        key: "one_hour",
        default: Some("\"1826days\""),
        example: "\"3650days\"",
        documentation: "How long one-hour means, minima and maxima of every series are kept. 1826 days are five years.",
    },
    ConfigOption {
        section: "retention",
        key: "size_max",
        default: None,
        example: "\"20GB\"",
        documentation: "Most room for the store's contents. Above it the oldest samples go early, then the oldest probe answers, then the oldest five-minute points; nothing else ever does. Without it only age counts.",
    },
    ConfigOption {
        section: "backup",
        key: "enabled",
        default: Some("true"),
        example: "true",
        documentation: "Make copies of the collector's own store while it runs. One is made only where the disk has room for it.",
    },
    ConfigOption {
        section: "backup",
        key: "folder",
        default: None,
        example: "\"/mnt/cadangan/pantau\"",
        documentation: "Where copies go; `copies` in the data folder when not given, which helps against a damaged store but not against a lost disk: give another disk or a mounted share, or fetch the copies from there. They hold password hashes and keys.",
    },
    ConfigOption {
        section: "backup",
        key: "every",
        default: Some("\"1day\""),
        example: "\"12h\"",
        documentation: "How old the newest copy may get, \"10m\" to \"31days\".",
    },
    ConfigOption {
        section: "backup",
        key: "keep",
        default: Some("2"),
        example: "7",
        documentation: "How many copies stay, 1 to 1000. The newest good one is never deleted.",
    },
    ConfigOption {
        section: "store",
        key: "reserve",
        default: Some("\"256MiB\""),
        example: "\"2GiB\"",
        documentation: "Free bytes of the data folder's disk below which nothing more is taken from agents (they keep it): what is left is for tickets, ledger and log-ins. \"0B\" keeps none back.",
    },
];

/// How long things are kept that are not kept for ever, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Samples and single probe answers.
    pub raw_s: u64,
    /// Five-minute points.
    pub five_minutes_s: u64,
    /// One-hour points.
    pub one_hour_s: u64,
    /// Most bytes of the store's contents.
    pub size_max: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_s: 35 * 86_400, five_minutes_s: 396 * 86_400, one_hour_s: 1_826 * 86_400, size_max: None }
    }
}

/// How connections are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsChoice {
    /// Plain HTTP, on loopback only.
    Off,
    /// Own CA, made at first start, for these further names and addresses.
    OwnCa(Vec<String>),
    /// Given files.
    Given {
        /// PEM chain.
        certificate: PathBuf,
        /// PEM key.
        key: PathBuf,
    },
}

/// Copies of the own store while running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBackupSettings {
    /// Whether they are made.
    pub enabled: bool,
    /// Where; `copies` in the data folder when unset.
    pub folder: Option<PathBuf>,
    /// How old the newest may get, in seconds.
    pub every_s: u32,
    /// How many stay; at least 1.
    pub keep: u32,
}

impl Default for OwnBackupSettings {
    fn default() -> Self {
        Self { enabled: true, folder: None, every_s: 86_400, keep: 2 }
    }
}

/// The checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where to answer.
    pub listen: Vec<SocketAddr>,
    /// Folder of the store.
    pub data_dir: PathBuf,
    /// The catalogue's file.
    pub catalogue: PathBuf,
    /// The profile's file; the built-in one when unset.
    pub profile: Option<PathBuf>,
    /// Protection.
    pub tls: TlsChoice,
    /// How long things are kept.
    pub retention: Retention,
    /// Copies of the own store.
    pub own_backup: OwnBackupSettings,
    /// The file this was read from, if there was one.
    pub file: Option<PathBuf>,
    /// Free bytes of the data folder's disk below which the store takes no facts.
    pub reserve_bytes: u64,
    /// The broker through which agents may send.
    pub broker: Option<BrokerSettings>,
    /// Enabled receivers.
    pub receivers: Vec<Receiver>,
    /// Which of them hear of what.
    pub routing: Routing,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8420)],
            data_dir: PathBuf::from("/var/lib/pantau-collector"),
            catalogue: PathBuf::from("/etc/pantau/catalogue.toml"),
            profile: None,
            tls: TlsChoice::Off,
            retention: Retention::default(),
            own_backup: OwnBackupSettings::default(),
            file: None,
            reserve_bytes: 256 << 20,
            broker: None,
            receivers: Vec::new(),
            routing: Routing::default(),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What it says is wrong.
    #[error("{0}")]
    Faults(FileFaults),
}

impl Settings {
    /// Reads the named file, or the default one where none is named.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn read(named: Option<&Path>) -> Result<Self, SettingsError> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let parsed = parse(&path.display().to_string(), &text, |file| std::fs::read(file));
                let settings = parsed.map_err(SettingsError::Faults)?;
                Ok(Self { file: Some(path.to_owned()), ..settings })
            }
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
        }
    }

    /// The store's file.
    pub fn store_file(&self) -> PathBuf {
        self.data_dir.join("pantau.db")
    }

    /// Where scheduled copies go.
    pub fn copies_folder(&self) -> PathBuf {
        self.own_backup.folder.clone().unwrap_or_else(|| self.data_dir.join("copies"))
    }

    /// The socket on which the running collector takes commands of this machine's administrator.
    pub fn admin_socket(&self) -> PathBuf {
        self.data_dir.join("admin.sock")
    }
}

/// Parses the file's text; `read_file` reads a secret or a template.
///
/// # Errors
/// Every fault at once.
pub fn parse(
    file: &str,
    text: &str,
    read_file: impl Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<Settings, FileFaults> {
    let mut d = Diagnostics::new(file, text);
    let Some((table, span)) = d.parse() else { return d.finish(None) };
    let root = TableReader::root(&table, span);
    let mut settings = Settings::default();
    let listen = root.texts(&mut d, "listen", TEXT_MAX);
    if root.has("listen") {
        settings.listen = addresses(&mut d, &root, &listen);
    }
    for (key, into) in [("data_dir", &mut settings.data_dir), ("catalogue", &mut settings.catalogue)] {
        if let Some(path) = root.text(&mut d, key, TEXT_MAX) {
            *into = PathBuf::from(path.value);
        }
    }
    settings.profile = root.text(&mut d, "profile", TEXT_MAX).map(|path| PathBuf::from(path.value));
    let tls = root.table(&mut d, "tls");
    settings.tls = tls.map_or(TlsChoice::Off, |tls| read_tls(&mut d, &tls));
    if settings.tls == TlsChoice::Off {
        refuse_plain(&mut d, &listen);
    }
    if let Some(retention) = root.table(&mut d, "retention") {
        settings.retention = read_retention(&mut d, &retention);
    }
    if let Some(backup) = root.table(&mut d, "backup") {
        settings.own_backup = read_own_backup(&mut d, &backup);
    }
    if let Some(store) = root.table(&mut d, "store") {
        if let Some(reserve) = store.bytes(&mut d, "reserve", 0..=RESERVE_BYTES_MAX) {
            settings.reserve_bytes = reserve.value;
        }
        store.finish(&mut d);
    }
    if let Some(table) = root.table(&mut d, "broker") {
        settings.broker = broker::read(&mut d, &table, &read_file);
    }
    (settings.receivers, settings.routing) = receivers::read(&mut d, &root, &read_file);
    root.finish(&mut d);
    d.finish(Some(settings))
}

fn read_retention(d: &mut Diagnostics<'_>, table: &TableReader<'_>) -> Retention {
    let mut retention = Retention::default();
    let days = |count: u64| count * 86_400_000;
    for (key, into, bounds) in [
        ("raw", &mut retention.raw_s, days(1)..=days(3_650)),
        ("five_minutes", &mut retention.five_minutes_s, days(1)..=days(3_650)),
        ("one_hour", &mut retention.one_hour_s, days(31)..=days(36_500)),
    ] {
        if let Some(span) = table.duration_ms(d, key, bounds) {
            *into = span.value / 1000;
        }
    }
    retention.size_max = table.bytes(d, "size_max", SIZE_MIN..=u64::MAX).map(|size| size.value);
    table.finish(d);
    retention
}

fn addresses(d: &mut Diagnostics<'_>, root: &TableReader<'_>, listen: &[Placed<String>]) -> Vec<SocketAddr> {
    if listen.is_empty() {
        root.missing(d, "listen", "give at least one address, such as [\"127.0.0.1:8420\"]");
    }
    let mut read = Vec::new();
    for address in listen.iter().take(ITEMS_MAX) {
        match address.value.parse() {
            Ok(parsed) => read.push(parsed),
            Err(_) => {
                let remedy = "give IP:PORT, such as \"127.0.0.1:8420\" or \"[::]:8420\"";
                d.add(address.span.clone(), &address.key, true, "is no address", remedy);
            }
        }
    }
    read
}

/// Passwords and sessions do not travel in the clear.
fn refuse_plain(d: &mut Diagnostics<'_>, listen: &[Placed<String>]) {
    for address in listen {
        let open = address.value.parse::<SocketAddr>().is_ok_and(|address| !address.ip().is_loopback());
        if open {
            let remedy = "set `enabled = true` under [tls], or listen on 127.0.0.1";
            d.add(address.span.clone(), &address.key, true, "is not loopback and has no TLS", remedy);
        }
    }
}

fn read_own_backup(d: &mut Diagnostics<'_>, backup: &TableReader<'_>) -> OwnBackupSettings {
    let default = OwnBackupSettings::default();
    let enabled = backup.boolean(d, "enabled").unwrap_or(default.enabled);
    let folder = backup.text(d, "folder", TEXT_MAX).map(|folder| PathBuf::from(folder.value));
    let every = backup.duration_ms(d, "every", 600_000..=31 * 86_400_000);
    let keep = backup.integer(d, "keep", 1..=1_000);
    backup.finish(d);
    let small = |value: u64, default: u32| u32::try_from(value).unwrap_or(default);
    OwnBackupSettings {
        enabled,
        folder,
        every_s: every.map_or(default.every_s, |every| small(every.value / 1000, default.every_s)),
        keep: keep.map_or(default.keep, |keep| small(keep.value, default.keep)),
    }
}

fn read_tls(d: &mut Diagnostics<'_>, tls: &TableReader<'_>) -> TlsChoice {
    let enabled = tls.boolean(d, "enabled").unwrap_or(false);
    let certificate = tls.text(d, "certificate_file", TEXT_MAX);
    let key = tls.text(d, "key_file", TEXT_MAX);
    let names = tls.texts(d, "names", TEXT_MAX);
    tls.finish(d);
    match (certificate, key) {
        (Some(certificate), Some(key)) if enabled => {
            TlsChoice::Given { certificate: PathBuf::from(certificate.value), key: PathBuf::from(key.value) }
        }
        (Some(one), None) | (None, Some(one)) => {
            let remedy = "give `certificate_file` and `key_file` together, or neither";
            d.add(one.span, &one.key, true, "stands alone", remedy);
            TlsChoice::Off
        }
        (None, None) if enabled => TlsChoice::OwnCa(names.into_iter().take(ITEMS_MAX).map(|name| name.value).collect()),
        (Some(_), Some(_)) | (None, None) => TlsChoice::Off,
    }
}

/// All options, in the file's order.
pub fn options() -> impl Iterator<Item = ConfigOption> {
    OPTIONS.into_iter().chain(broker::OPTIONS).chain(receiver_options::OPTIONS)
}

/// The reference file: every option with documentation, defaults in force, examples commented out.
pub fn render_reference() -> String {
    let mut text = String::from(
        "# Reference of collector.toml, made from the program's own table of options.\n\
         # Values are the defaults; what has no default is shown as an example behind '#'.\n\
         # Check a changed file with: pantau-collector check-config FILE\n",
    );
    let mut section = "";
    for option in options() {
        if option.section != section {
            section = option.section;
            let (open, close) = if REPEATED.contains(&section) { ("#[[", "]]") } else { ("[", "]") };
            let _written = write!(text, "\n{open}{section}{close}\n");
        }
        let line = match option.default.filter(|_| !REPEATED.contains(&section)) {
            Some(default) => format!("{} = {default}", option.key),
            None => format!("#{} = {}", option.key, option.example),
        };
        let _written = write!(text, "\n# {}\n{line}\n", option.documentation);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(path: &Path) -> std::io::Result<Vec<u8>> {
        if path == Path::new("/none") {
            Err(std::io::ErrorKind::NotFound.into())
        } else if path.extension().is_some_and(|end| end == "crt") {
            Ok(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec())
        } else {
            Ok(b"0123456789abcdef\n".to_vec())
        }
    }

    fn check(text: &str) -> Result<Settings, String> {
        parse("c.toml", text, secret).map_err(|faults| faults.to_string())
    }

    #[test]
    fn the_shipped_reference_is_fresh_and_means_the_defaults() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/collector.reference.toml");
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        if std::env::var_os("PANTAU_BLESS").is_some() {
            std::fs::write(&path, render_reference()).expect("written");
        }
        assert_eq!(shipped, render_reference(), "stale: run the test again with PANTAU_BLESS=1");
        assert_eq!(check(&shipped), Ok(Settings::default()));
    }

    #[test]
    fn every_documented_option_is_read() {
        let mut text = String::new();
        let mut section = "";
        for option in options() {
            if option.section != section {
                section = option.section;
                text +=
                    &if REPEATED.contains(&section) { format!("[[{section}]]\n") } else { format!("[{section}]\n") };
            }
            text += &format!("{} = {}\n", option.key, option.example);
        }
        let settings = check(&text).expect("all examples are valid");
        assert_eq!(settings.retention.raw_s, 90 * 86_400);
        assert_eq!(settings.retention.size_max, Some(20_000_000_000));
        let folder = Some(PathBuf::from("/mnt/cadangan/pantau"));
        assert_eq!(settings.own_backup, OwnBackupSettings { enabled: true, folder, every_s: 43_200, keep: 7 });
        assert!(check("[backup]\nkeep = 0\n").is_err(), "the last good copy is never deleted");
        assert!(matches!(settings.tls, TlsChoice::Given { .. }));
        assert_eq!(settings.receivers, [], "all examples are disabled");
        assert_eq!(settings.routing.routes.len(), 1);
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let text = "listen = [\"0.0.0.0:8420\", \"x\"]\nwarna = 1\n[tls]\nkey_file = \"k\"\n[[webhook]]\nname = \"a\"\nurl = \"ftp://x\"\nsecret_file = \"/none\"\n";
        let expected = [
            "c.toml:1:11: listen[0] = \"0.0.0.0:8420\": is not loopback and has no TLS; set `enabled = true` under [tls], or listen on 127.0.0.1",
            "c.toml:1:27: listen[1] = \"x\": is no address; give IP:PORT, such as \"127.0.0.1:8420\" or \"[::]:8420\"",
            "c.toml:2:1: warna: is not a known key; known here: alertmanager, backup, broker, catalogue, data_dir, email, glpi, listen, mqtt, osticket, profile, retention, route, store, telegram, tls, webhook, zammad",
            "c.toml:4:12: tls.key_file = \"k\": stands alone; give `certificate_file` and `key_file` together, or neither",
            "c.toml:7:7: webhook[1].url = \"ftp://x\": is no address of a web server; begin with https:// or http://",
            "c.toml:8:15: webhook[1].secret_file = \"/none\": cannot be read (entity not found); make the file, readable for this user",
        ];
        assert_eq!(check(text), Err(expected.join("\n")));
    }

    #[test]
    fn sizes_have_a_unit_and_a_lower_bound() {
        let size =
            |text: &str| check(&format!("[retention]\nsize_max = \"{text}\"\n")).ok().map(|s| s.retention.size_max);
        assert_eq!(size("2GiB"), Some(Some(2 << 30)));
        assert_eq!(size("100 MB"), Some(Some(100_000_000)));
        for bad in ["2", "99MB", "GB", "-1GB", "1gb", "99999999999999999999TB", "20000000TB", "1.5GB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        let text = "[[webhook]]\nname = \"a\"\nurl = \"https://x\"\nsecret_file = \"/s\"\n";
        let parsed = |secret: &'static [u8]| parse("c.toml", text, move |_| Ok(secret.to_vec()));
        assert_eq!(parsed(b"0123456789abcdef\n").expect("long enough").receivers.len(), 1);
        assert!(parsed(b"0123456789\n\n\n\n\n\n\n\n").is_err());
    }

    #[test]
    fn faults_of_receivers_and_routes_are_named() {
        let text = "[[email]]\nname = \"a\"\nserver = \"mail.x\"\nsecurity = \"none\"\nfrom = \"x\"\nto = []\n\
                    [[zammad]]\nname = \"a\"\nurl = \"https://z\"\ntoken_file = \"/t\"\ngroup = \"U\"\ncustomer = \"c@x\"\n\
                    [[route]]\nto = [\"b\"]\npriorities = [\"7\"]\nhours = \"8-9\"\nclasses = [\"x\"]\n";
        let faults = check(text).expect_err("faults");
        for part in [
            "email[1].server = \"mail.x\": is not loopback",
            "email[1].from = \"x\": is no mail address",
            "email[1].to: is missing",
            "zammad[1].name = \"a\": is the name of another receiver",
            "route[1].to[0] = \"b\": is no receiver",
            "route[1].priorities[0] = \"7\": is no priority",
            "route[1].hours = \"8-9\": is no span of a day",
            "route[1].classes[0] = \"x\": is no class",
        ] {
            assert!(faults.contains(part), "{part}\nnot in\n{faults}");
        }
    }

    #[test]
    fn a_mail_servers_authority_must_be_one_and_be_of_use() {
        let text = |security: &str, file: &str| {
            format!(
                "[[email]]\nname = \"a\"\nserver = \"127.0.0.1\"\nsecurity = \"{security}\"\nfrom = \"a@b\"\nto = [\"c@d\"]\n\
                 ca_file = \"{file}\"\n"
            )
        };
        assert!(check(&text("starttls", "/ca.crt")).is_ok());
        for (security, file, problem) in [
            ("starttls", "/ca.txt", "holds no certificate"),
            ("tls", "/none", "cannot be read"),
            ("none", "/ca.crt", "is of no use without TLS"),
        ] {
            let faults = check(&text(security, file)).expect_err("a fault");
            assert!(faults.contains(problem), "{problem}: {faults}");
        }
    }

    #[test]
    fn a_template_is_tried_with_an_example() {
        let text = "[[webhook]]\nname = \"a\"\nurl = \"https://x\"\nsecret_file = \"/s\"\ntemplate_file = \"/t\"\n";
        let parsed = |template: &'static str| {
            parse("c.toml", text, move |path| {
                Ok(if path == Path::new("/t") { template.into() } else { b"0123456789abcdef".to_vec() })
            })
        };
        assert!(parsed("{{ nomor }}: {{ gejala|tojson }}").is_ok());
        let faults = parsed("{{ gejalla }}").expect_err("a slip of the pen").to_string();
        assert!(faults.contains("template_file = \"/t\": is no template (undefined value"), "{faults}");
    }
}
