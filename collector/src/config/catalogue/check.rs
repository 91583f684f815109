//! A question: `[[layanan.pemeriksaan]]` about a service, `[[saksi]]` about who asks.

use super::{DAY_MS, Seen, TEXT_MAX, check_kinds, read_id, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Check, CheckQuorum};
use crate::domain::state::Tie;
use pantau_shared::ids::{CheckId, HostId};

/// Who asks by default, and for whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The service's hosts.
    pub(super) hosts: &'a [HostId],
    /// Whether the outside view decides by default.
    pub(super) public: bool,
    /// How often by default, in milliseconds.
    pub(super) interval_ms: u32,
}

pub(super) fn read_check(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &mut Seen,
    asking: Asking<'_>,
) -> Option<Check> {
    let id = read_id(d, t, "pemeriksaan", seen, CheckId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|p| p.value);
    let named = t.texts(d, "dari", TEXT_MAX);
    let mut vantages: Vec<HostId> = named.iter().filter_map(|host| seen.host(d, host)).collect();
    if named.is_empty() {
        asking.hosts.clone_into(&mut vantages);
        if asking.hosts.is_empty() {
            t.missing(d, "dari", "list the hosts that ask, or give the service a `host`");
        }
    }
    let ms = |d: &mut Diagnostics<'_>, key, from, to, default| {
        t.duration_ms(d, key, from..=to).map_or(default, |p| to_u32(p.value))
    };
    let interval_ms = ms(d, "selang", 1000, DAY_MS, asking.interval_ms);
    let timeout_ms = ms(d, "tenggat", 100, 60_000, 5000.min(interval_ms));
    if timeout_ms > interval_ms {
        d.add(t.span(), &t.key("tenggat"), false, "is longer than `selang`", "give at most `selang`");
    }
    let retry_pause_ms = ms(d, "jeda_ulang", 0, 60_000, 1000);
    let degraded_after_ms = ms(d, "lambat_setelah", 0, 60_000, 0);
    let warning = t.duration_ms(d, "peringatan_sertifikat", 0..=366 * DAY_MS);
    let confirm = t.integer(d, "gagal_berturut", 1..=20).map_or(2, |p| to_u32(p.value));
    let quorum = read_quorum(d, t, seen, asking.public, &vantages);
    let kind = check_kinds::read_kind(d, t);
    let id = id?;
    Some(Check {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        vantages,
        interval_ms,
        timeout_ms,
        retry_pause_ms,
        degraded_after_ms,
        certificate_warning_seconds: warning.map_or(0, |p| to_u32(p.value / 1000)),
        confirm_failures: confirm,
        quorum,
        kind: kind?,
    })
}

/// `vantage_min`, `seri`, `penentu`. For Layanan Publik the hosts outside decide unless the file names others.
fn read_quorum(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &Seen,
    public: bool,
    vantages: &[HostId],
) -> CheckQuorum {
    let min_valid = t.integer(d, "vantage_min", 1..=1000);
    if let Some(min) = min_valid.as_ref().filter(|min| usize::try_from(min.value).is_ok_and(|n| n > vantages.len())) {
        d.add(min.span.clone(), &min.key, true, "is more than there are vantages", "give at most their number");
    }
    let ties = [("degraded", Tie::Degraded), ("down", Tie::Down), ("up", Tie::Up)];
    let tie = t.choice(d, "seri", &ties.map(|(code, _)| code), |code| {
        ties.into_iter().find(|(known, _)| *known == code).map(|(_, tie)| tie)
    });
    let mut decisive = Vec::new();
    for name in t.texts(d, "penentu", TEXT_MAX) {
        match vantages.iter().find(|host| host.as_str() == name.value) {
            Some(host) => decisive.push(host.clone()),
            None => d.add(name.span, &name.key, true, "does not ask this check", "name one of the hosts in `dari`"),
        }
    }
    if public && !t.has("penentu") {
        decisive.extend(vantages.iter().filter(|host| seen.outside.contains(host)).cloned());
    }
    CheckQuorum { min_valid: min_valid.map(|min| to_u32(min.value)), tie: tie.unwrap_or_default(), decisive }
}
