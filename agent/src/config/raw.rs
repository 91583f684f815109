//! What the file may say: every setting with its documentation, default and example in one table. The reference file is
//! rendered from it, and a name that is not in it is refused with the nearest one that is.

use super::Problem;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// One setting.
pub(super) struct Setting {
    /// Section and name, or the name alone.
    pub(super) key: &'static str,
    /// Its default as it would stand in the file; empty when there is none.
    default: &'static str,
    /// What could stand there instead.
    example: &'static str,
    doc: &'static str,
}

/// All settings, top-level ones first, then by section.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "data_dir",
        default: "\"/var/lib/pantau-agent\"",
        example: "\"/srv/pantau-agent\"",
        doc: "Directory of the key, the identity, the kept assignment and the spool. Absolute.",
    },
    Setting {
        key: "sample_period",
        default: "\"10s\"",
        example: "\"30s\"",
        doc: "Time from one sample to the next, 1s to 300s, until the collector's assignment names one.",
    },
    Setting {
        key: "backups.runs_dir",
        default: "\"/var/spool/pantau-agent\"",
        example: "\"/srv/spool/pantau-agent\"",
        doc: "Folder in which `pantau-agent backup-run` leaves its records for the agent; both read this setting. Absolute. Mode 1733, or 1730 with a group.",
    },
    Setting {
        key: "backups.tools",
        default: "true",
        example: "false",
        doc: "Whether restic, borg, pgbackrest, psql and zfs may be started to look at backups, where the collector assigns such a set. Nothing else is ever started.",
    },
    Setting {
        key: "collector.url",
        default: "",
        example: "\"https://pantau.example.go.id:8420\"",
        doc: "Where the collector is, if it has moved since this host joined. Plain http is for loopback only.",
    },
    Setting {
        key: "host.proc_root",
        default: "\"/proc\"",
        example: "\"/host/proc\"",
        doc: "Where the kernel's proc file system is mounted. Absolute.",
    },
    Setting {
        key: "host.run_root",
        default: "\"/run\"",
        example: "\"/host/run\"",
        doc: "Where sockets of running services are: systemd is asked through the system bus there. Absolute.",
    },
    Setting {
        key: "host.sys_root",
        default: "\"/sys\"",
        example: "\"/host/sys\"",
        doc: "Where the kernel's sys file system is mounted. Absolute.",
    },
    Setting {
        key: "metrics.enabled",
        default: "true",
        example: "false",
        doc: "Whether /metrics is served for Prometheus.",
    },
    Setting {
        key: "metrics.listen",
        default: "\"127.0.0.1:9420\"",
        example: "\"[::1]:9420\"",
        doc: "Address and port of /metrics. Loopback only: it has neither TLS nor login.",
    },
    Setting {
        key: "probes.checks_file",
        default: "",
        example: "\"/etc/pantau/checks.toml\"",
        doc: "Checks of this host's own, asked beside the collector's and shown on /metrics only. Absolute.",
    },
    Setting {
        key: "probes.plugin_arguments",
        default: "false",
        example: "true",
        doc: "Whether the collector may give arguments to plug-ins. Some plug-ins run what their arguments say.",
    },
    Setting {
        key: "probes.plugins_dir",
        default: "",
        example: "\"/etc/pantau/plugins\"",
        doc: "Directory of the plug-ins that exec checks may run, as files or links. Absolute. Without it none is run.",
    },
    Setting {
        key: "probes.secrets_dir",
        default: "",
        example: "\"/etc/pantau/secrets\"",
        doc: "Directory of passwords and tokens for checks, as HOST/NAME: a secret is told to the host of its directory only. Absolute.",
    },
    Setting {
        key: "spool.max_age",
        default: "\"30d\"",
        example: "\"7d\"",
        doc: "Observations older than this are dropped and reported as a gap; 1h to 3650d.",
    },
    Setting {
        key: "spool.max_bytes",
        default: "\"256MiB\"",
        example: "\"1GiB\"",
        doc: "Most disk space for observations waiting for the collector; beyond it the oldest are dropped and reported as a gap; 1MiB to 1TiB.",
    },
    Setting {
        key: "transport.ca_file",
        default: "",
        example: "\"/etc/pantau/broker-ca.pem\"",
        doc: "Authority of the broker's certificate, PEM; without it, or a pin, the system's authorities. Absolute.",
    },
    Setting {
        key: "transport.password_file",
        default: "",
        example: "\"/etc/pantau/broker-password\"",
        doc: "File with the password at the broker. Absolute.",
    },
    Setting {
        key: "transport.pin",
        default: "",
        example: "\"0011223344556677889900112233445566778899001122334455667788990011\"",
        doc: "SHA-256 of a certificate in the broker's chain, which alone is trusted then.",
    },
    Setting {
        key: "transport.topic",
        default: "\"pantau/v1\"",
        example: "\"kantor/pantau\"",
        doc: "What topics begin with at the broker, as in [broker] of the collector: TOPIC/HOST/up and TOPIC/HOST/down.",
    },
    Setting {
        key: "transport.url",
        default: "",
        example: "\"mqtts://broker.example.go.id:8883\"",
        doc: "MQTT 3.1.1 broker through which observations go instead of HTTPS; the collector must take from it ([broker]). Joining still needs HTTPS once. Plain mqtt is for loopback only.",
    },
    Setting {
        key: "transport.username",
        default: "",
        example: "\"web-01\"",
        doc: "Name at the broker, together with password_file.",
    },
];

/// A value with its place.
pub(super) struct Given<'a> {
    pub(super) value: DeValue<'a>,
    pub(super) text: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The file's values by setting.
pub(super) type Raw<'a> = BTreeMap<&'static str, Given<'a>>;

/// Parses the text; gives what could be read together with what could not.
pub(super) fn parse_raw(text: &str) -> (Raw<'_>, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut raw = Raw::new();
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            let remedy = format!("not TOML: {}", error.message().replace('\n', ", "));
            Problem { line, column, key: String::new(), given: String::new(), remedy }
        })
        .collect();
    let broken_from = problems.iter().map(|problem| (problem.line, problem.column)).min();
    let mut strange = Vec::new();
    walk(text, "", table.into_inner(), &mut raw, &mut strange);
    // Behind broken text a name may stand in the wrong section: only what comes before it is surely strange.
    strange.retain(|problem| broken_from.is_none_or(|from| (problem.line, problem.column) < from));
    problems.append(&mut strange);
    (raw, problems)
}

fn walk<'a>(text: &'a str, section: &str, table: DeTable<'a>, raw: &mut Raw<'a>, problems: &mut Vec<Problem>) {
    for (name, value) in table {
        let key = if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        let prefix = format!("{key}.");
        let is_section = SETTINGS.iter().any(|setting| setting.key.starts_with(&prefix));
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        let span = value.span();
        let (line, column) = place(text, span.start);
        let mut refuse = |place: (usize, usize), remedy: String| {
            let given = given(text, span.clone()).to_owned();
            problems.push(Problem { line: place.0, column: place.1, key: key.clone(), given, remedy });
        };
        match (setting, value.into_inner()) {
            (None, DeValue::Table(inner)) if is_section => walk(text, &key, inner, raw, problems),
            (None, _) if is_section => refuse((line, column), format!("expected a section [{key}]")),
            (None, _) => refuse(place(text, name.span().start), format!("no such setting; {}", nearest(&key))),
            (Some(setting), value) => {
                raw.insert(setting.key, Given { value, text: given(text, span), line, column });
            }
        }
    }
}

/// The text at a place, without what would not fit on a line.
fn given(text: &str, span: Range<usize>) -> &str {
    let line = text.get(span).unwrap_or("").lines().next().unwrap_or("");
    let end = line.char_indices().nth(60).map_or(line.len(), |(at, _)| at);
    &line[..end]
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn nearest(key: &str) -> String {
    let near = SETTINGS.iter().map(|setting| (distance(key, setting.key), setting.key)).min();
    match near {
        Some((distance, near)) if distance <= 3 => format!("did you mean {near}?"),
        Some(_) | None => {
            let all: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
            format!("the settings are {}", all.join(", "))
        }
    }
}

/// How many characters must be put in, taken out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The reference file: every setting, commented out at its default, with what it means.
pub fn render_reference() -> String {
    let mut out = String::from(
        "# Configuration of pantau-agent: every setting at its default.\n\
         # Copy what differs to /etc/pantau/agent.toml; `pantau-agent check-config` tells what is wrong with it.\n\
         # Generated from the program; a test fails when this file is stale.\n",
    );
    let mut section = "";
    for setting in SETTINGS {
        let (of, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if of != section {
            section = of;
            out.push_str(&format!("\n[{section}]\n"));
        }
        let value = if setting.default.is_empty() { setting.example } else { setting.default };
        let default = if setting.default.is_empty() { setting.absent() } else { setting.default };
        out.push_str(&format!(
            "\n# {}\n# Default: {default}. Example: {}.\n# {name} = {value}\n",
            setting.doc, setting.example
        ));
    }
    out
}

impl Setting {
    /// What stands in for a setting without default.
    fn absent(&self) -> &'static str {
        if self.key == "collector.url" { "none: what joining wrote" } else { "none" }
    }

    /// Default and example as they would stand in the file.
    #[cfg(test)]
    pub(super) fn texts(&self) -> (&'static str, &'static str) {
        (self.default, self.example)
    }
}
