//! Probes under blackbox_exporter's names, units and labels, with `check` and `kind` beside them. Pure.
//!
//! blackbox_exporter measures while it is scraped, and its labels are its targets'. Here the newest asking of every check
//! is shown, so one scrape finds all of them. A family is there only for the checks that have it.

use super::exposition::Exposition;
use super::own::seconds;
use crate::probes::Answered;
use pantau_shared::probe::{CertificateSeen, ProbeOutcome, ProbeVerdict};
use std::collections::BTreeMap;

type Probes = BTreeMap<String, Answered>;
/// Durations by phase, in microseconds.
type Phases<const N: usize> = [(&'static str, Option<u64>); N];
type Reading = (&'static str, &'static str, fn(&Answered) -> Option<f64>);

/// A probe's own error says nothing about the service, so it has no success either way.
fn success(answered: &Answered) -> Option<f64> {
    match answered.outcome.verdict() {
        ProbeVerdict::Ok | ProbeVerdict::Degraded => Some(1.0),
        ProbeVerdict::Failed => Some(0.0),
        ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => None,
    }
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// The `n`th of the counts of records.
fn dns_count(answered: &Answered, n: usize) -> Option<f64> {
    answered.detail.dns_records.and_then(|counts| counts.get(n).copied()).map(f64::from)
}

/// The outcome of an asking by HTTP that came to an answer.
fn http(answered: &Answered) -> Option<&ProbeOutcome> {
    Some(&answered.outcome).filter(|outcome| outcome.http_status.is_some())
}

const READINGS: [Reading; 20] = [
    ("probe_success", "Displays whether or not the probe was a success.", success),
    ("probe_duration_seconds", "Returns how long the probe took to complete in seconds.", |a| {
        Some(seconds(a.outcome.duration_us))
    }),
    ("probe_dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds.", |a| {
        a.outcome.resolve_us.map(seconds)
    }),
    ("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6.", |a| {
        a.detail.is_v6.map(|is_v6| if is_v6 { 6.0 } else { 4.0 })
    }),
    ("probe_failed_due_to_regex", "Indicates if probe failed due to regex.", |a| {
        matches!(a.detail.kind, "http" | "tcp").then(|| flag(a.detail.failed_by_pattern))
    }),
    ("probe_http_status_code", "Response HTTP status code.", |a| a.outcome.http_status.map(f64::from)),
    ("probe_http_redirects", "The number of redirects.", |a| http(a).map(|outcome| f64::from(outcome.redirects))),
    ("probe_http_ssl", "Indicates if SSL was used for the final redirect.", |a| a.detail.is_http_tls.map(flag)),
    ("probe_http_version", "Returns the version of HTTP of the probe response.", |a| {
        a.detail.http_version.map(|tenths| f64::from(tenths) / 10.0)
    }),
    ("probe_http_content_length", "Length of http content response.", |a| {
        http(a).map(|_| a.detail.content_length.map_or(-1.0, |bytes| bytes as f64))
    }),
    ("probe_http_uncompressed_body_length", "Length of uncompressed response body.", |a| {
        http(a).and_then(|outcome| outcome.body_bytes).map(|bytes| bytes as f64)
    }),
    ("probe_ssl_earliest_cert_expiry", "Returns earliest SSL cert expiry in unixtime.", |a| {
        a.outcome.certificate_expires_at.map(|at| at as f64)
    }),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", "Returns last SSL chain expiry in unixtime.", |a| {
        a.detail.certificates.iter().map(|certificate| certificate.expires_at).min().map(|at| at as f64)
    }),
    ("probe_dns_answer_rrs", "Returns number of entries in the answer resource record list.", |a| dns_count(a, 0)),
    ("probe_dns_authority_rrs", "Returns number of entries in the authority resource record list.", |a| {
        dns_count(a, 1)
    }),
    ("probe_dns_additional_rrs", "Returns number of entries in the additional resource record list.", |a| {
        dns_count(a, 2)
    }),
    ("probe_dns_query_succeeded", "Displays whether or not the query was executed successfully.", |a| {
        (a.detail.kind == "dns").then(|| flag(a.detail.dns_records.is_some()))
    }),
    ("probe_icmp_reply_hop_limit", "Replied packet hop limit (TTL for ipv4).", |a| a.detail.hop_limit.map(f64::from)),
    ("pantau_agent_probe_refused", "Whether the check cannot be asked as it is assigned.", |a| {
        Some(flag(a.outcome.refused))
    }),
    ("pantau_agent_probe_exit_code", "Exit code of the check's plug-in.", |a| a.outcome.exit_code.map(f64::from)),
];

/// The newest answer of every check.
pub(super) fn render_probes(out: &mut Exposition, probes: &Probes) {
    for (name, help, read) in READINGS {
        let mut family = out.gauge(name, help);
        for (check, answered) in probes {
            family.add(&[("check", check), ("kind", answered.detail.kind)], read(answered));
        }
    }
    render_http_phases(out, probes);
    render_dns_phases(out, probes);
    render_icmp_phases(out, probes);
    render_tls(out, probes);
    render_values(out, probes);
}

fn of_kind<'a>(probes: &'a Probes, kind: &'static str) -> impl Iterator<Item = (&'a String, &'a Answered)> {
    probes.iter().filter(move |(_, answered)| answered.detail.kind == kind)
}

fn render_phases<const N: usize>(
    out: &mut Exposition,
    name: &str,
    help: &str,
    probes: &Probes,
    kind: &'static str,
    phases: fn(&Answered) -> Phases<N>,
) {
    let mut family = out.gauge(name, help);
    for (check, answered) in of_kind(probes, kind) {
        for (phase, us) in phases(answered) {
            family.add(&[("check", check), ("kind", kind), ("phase", phase)], us.map(seconds));
        }
    }
}

// blackbox_exporter shows a phase that an answer did not need (TLS, connecting by UDP) as taking no time.

fn render_http_phases(out: &mut Exposition, probes: &Probes) {
    let help = "Duration of HTTP request by phase, summed over all redirects.";
    render_phases(out, "probe_http_duration_seconds", help, probes, "http", |a| {
        let unneeded = http(a).map(|_| 0);
        [
            ("connect", a.outcome.connect_us.or(unneeded)),
            ("processing", a.outcome.first_byte_us.or(unneeded)),
            ("resolve", a.outcome.resolve_us.or(unneeded)),
            ("tls", a.outcome.tls_us.or(unneeded)),
            ("transfer", a.outcome.transfer_us.or(unneeded)),
        ]
    });
}

fn render_dns_phases(out: &mut Exposition, probes: &Probes) {
    render_phases(out, "probe_dns_duration_seconds", "Duration of DNS request by phase.", probes, "dns", |a| {
        let unneeded = a.detail.dns_records.map(|_| 0);
        [
            ("resolve", a.outcome.resolve_us.or(unneeded)),
            ("connect", a.outcome.connect_us.or(unneeded)),
            ("request", a.outcome.first_byte_us.or(unneeded)),
        ]
    });
}

fn render_icmp_phases(out: &mut Exposition, probes: &Probes) {
    render_phases(out, "probe_icmp_duration_seconds", "Duration of icmp request by phase.", probes, "icmp", |a| {
        [("resolve", a.outcome.resolve_us), ("setup", a.outcome.connect_us), ("rtt", a.detail.echo_us)]
    });
}

fn render_tls(out: &mut Exposition, probes: &Probes) {
    let mut family = out.gauge("probe_tls_version_info", "Contains the TLS version used.");
    for (check, answered) in probes {
        let version = answered.outcome.tls_version.and_then(tls_version);
        if let Some(version) = version {
            family.add(&[("check", check), ("kind", answered.detail.kind), ("version", version)], Some(1.0));
        }
    }
    drop(family);
    let mut family = out.gauge("probe_tls_cipher_info", "Contains the TLS cipher used.");
    for (check, answered) in probes {
        if let Some(cipher) = answered.detail.tls_cipher {
            family.add(&[("check", check), ("kind", answered.detail.kind), ("cipher", cipher)], Some(1.0));
        }
    }
    drop(family);
    let mut family = out.gauge("probe_ssl_last_chain_info", "Contains SSL leaf certificate information.");
    for (check, answered) in probes {
        if let Some(CertificateSeen { subject, issuer, names, sha256, .. }) = answered.detail.certificates.first() {
            let labels = [
                ("check", check.as_str()),
                ("fingerprint_sha256", &hex::encode(sha256)),
                ("issuer", issuer),
                ("kind", answered.detail.kind),
                ("subject", subject),
                ("subjectalternative", names),
            ];
            family.add(&labels, Some(1.0));
        }
    }
}

/// blackbox_exporter's words.
fn tls_version(wire: u32) -> Option<&'static str> {
    match wire {
        0x0303 => Some("TLS 1.2"),
        0x0304 => Some("TLS 1.3"),
        _ => None,
    }
}

/// Figures that only we have: loss, offset, what a plug-in counts.
fn render_values(out: &mut Exposition, probes: &Probes) {
    let mut family = out.gauge("pantau_agent_probe_value", "A figure that the asking gave, in its own unit.");
    for (check, answered) in probes {
        let mut seen = std::collections::BTreeSet::new();
        for value in &answered.outcome.values {
            // A plug-in may say the same label twice; Prometheus refuses that.
            if seen.insert((&value.name, &value.unit)) {
                let labels = [
                    ("check", check.as_str()),
                    ("kind", answered.detail.kind),
                    ("name", &value.name),
                    ("unit", &value.unit),
                ];
                family.add(&labels, Some(value.value));
            }
        }
    }
}
