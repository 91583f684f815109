//! A silent agent over the times of one host's samples. What came late counts as heard: when it came is not kept for every
//! sample. Where samples are gone, gaps of whole 5-minute steps are seen.

use super::{Found, Request, Site};
use crate::domain::catalogue::ServiceId;
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rule::rehearsal::Rehearsal;
use crate::domain::rule::{Rule, services_of};
use crate::domain::silence::silent_at;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{TicketKey, TicketScope};
use crate::engine::host_model::gap_ms;
use crate::series::{Group, Instance, SeriesKey};
use crate::store::{Reader, Resolution, StoreError};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

const STEP_MS: i64 = 300_000;

/// Judges one host.
pub(super) fn of_host(reader: &Reader, site: &Site<'_>, request: &Request, host: &HostId) -> Result<Found, StoreError> {
    let mut found = Found::default();
    found.notes.insert("replay-note-silence");
    let after = request.tried.silent_after_seconds.unwrap_or(site.catalogue.host_silent_after_seconds);
    let times = heard(reader, site, request, host, &mut found)?;
    let key = TicketKey { scope: TicketScope::Host(host.clone(), String::new()), class: Rule::AgentSilent.class() };
    let maintained = site.windows.of_host(host);
    let resolve = i64::from(site.catalogue.tickets.resolve_after_seconds);
    let affected: Vec<ServiceId> = services_of(site.catalogue, host).cloned().collect();
    let mut rehearsal = Rehearsal::new(site.catalogue, site.profile);
    // Since when it is heard without a silence.
    let mut since = times.first().copied();
    let ends = times.iter().skip(1).copied().map(Some).chain([None]);
    for (last, next) in times.iter().copied().zip(ends) {
        let begins = silent_at(last, last, after);
        if next.is_some_and(|next| next < begins) || begins >= request.window.to {
            continue;
        }
        // It was good until the silence was noticed.
        if let Some(since) = since {
            let at = since.plus_secs(resolve).min(begins.plus_ms(-1));
            rehearsal.see(&View::Clear { key: key.clone(), since }, at);
        }
        let holds = View::Holds(Condition {
            key: key.clone(),
            impact: Impact::Minor,
            onset_at: last,
            symptom: Phrase::new("symptom-host-silent").with("host", site.host_name(host)).with("since_at", last),
            category: "pemantauan".to_owned(),
            components: vec![host.to_string()],
            affected: affected.clone(),
            flapping_since: None,
        });
        rehearsal.see(&maintained.seen(holds, begins), begins);
        let until = next.unwrap_or(request.window.to);
        found.alarm_s += u64::try_from(until.ms_since(begins).div_euclid(1000)).unwrap_or(0);
        since = next;
    }
    if let Some(since) = since {
        rehearsal.see(&View::Clear { key, since }, since.plus_secs(resolve).min(request.window.to));
    }
    found.tickets = rehearsal.finish();
    Ok(found)
}

/// When the host told a sample, rising. Of a 5-minute step with samples: its begin and its last moment.
fn heard(
    reader: &Reader,
    site: &Site<'_>,
    request: &Request,
    host: &HostId,
    found: &mut Found,
) -> Result<Vec<Timestamp>, StoreError> {
    // A field of memory that every agent reads: one column, however much a sample holds.
    let Some(key) = SeriesKey::new(Group::Memory, Instance::default(), 1) else { return Ok(Vec::new()) };
    let (window, gap) = (request.window, gap_ms(site.catalogue));
    let raw_from = reader.whole_from()?.raw.max(window.from);
    let mut times = Vec::new();
    if raw_from > window.from {
        found.notes.insert("replay-note-silence-steps");
        for point in reader.series_points(host, &key, (window.from, raw_from), Resolution::FiveMinutes, gap)? {
            let step_end = point.begins_at.plus_ms(STEP_MS - 1).min(raw_from);
            times.extend([point.begins_at, step_end]);
        }
    }
    let values = reader.series_values(host, &key, (raw_from, window.to), gap)?;
    times.extend(values.into_iter().map(|(at, _)| at));
    times.dedup();
    Ok(times)
}
