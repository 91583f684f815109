//! People with roles of Tabel 1, their duty and absence: `[[petugas]]` and `[[petugas.tidak_hadir]]`.

use super::{Seen, TEXT_MAX};
use crate::config::calendar;
use crate::config::diagnostics::{Diagnostics, Placed, TableReader};
use crate::domain::catalogue::{Catalogue, Finding, Service, ServiceId};
use crate::domain::duty::{Absence, Officer, Roster};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::route::DayHours;
use std::collections::BTreeSet;

const OFFICERS_MAX: usize = 500;
const ABSENCES_MAX: usize = 100;

/// Reads everybody; services and calendars of `catalogue` may be named.
pub(super) fn read_roster(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    profile: &Profile,
    catalogue: &Catalogue,
) -> Roster {
    let mut seen = Seen::default();
    let mut officers = Vec::new();
    // Who stands in is looked up when everybody is known.
    let mut substitutes: Vec<Placed<String>> = Vec::new();
    let tables = root.tables(d, "petugas");
    if let Some(beyond) = tables.get(OFFICERS_MAX) {
        d.add(beyond.span(), "petugas", false, "is one too many", &format!("at most {OFFICERS_MAX} officers"));
    }
    for table in tables.iter().take(OFFICERS_MAX) {
        officers.extend(read_officer(d, table, profile, catalogue, &mut seen, &mut substitutes));
    }
    let known: BTreeSet<&str> = officers.iter().map(|officer: &Officer| officer.id.as_str()).collect();
    for name in substitutes {
        if !known.contains(name.value.as_str()) {
            d.add(name.span, &name.key, true, "is no officer", "give the `id` of a [[petugas]]");
        }
    }
    Roster { officers }
}

fn read_officer(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    profile: &Profile,
    catalogue: &Catalogue,
    seen: &mut Seen,
    substitutes: &mut Vec<Placed<String>>,
) -> Option<Officer> {
    let id = table.required_text(d, "id", TEXT_MAX);
    if let Some(id) = &id {
        seen.unique(d, "petugas", id);
    }
    let name = table.required_text(d, "nama", TEXT_MAX);
    let roles = read_roles(d, table, profile);
    let providers = table.texts(d, "penyedia", TEXT_MAX);
    let services = table.texts(d, "layanan", TEXT_MAX);
    let services = services.into_iter().filter_map(|name| known_service(d, &name, &catalogue.services)).collect();
    let duty = calendar::read_name(d, table, "piket", &catalogue.calendars);
    let duty = duty.as_deref().and_then(|name| catalogue.calendar(name));
    let receivers = table.texts(d, "penerima", TEXT_MAX);
    let quiet = table.text(d, "jam_tenang", TEXT_MAX).and_then(|text| {
        let hours = DayHours::parse(&text.value);
        if hours.is_none() {
            d.add(text.span, &text.key, true, "is no span of hours", "such as \"22:00-06:00\"");
        }
        hours
    });
    let absences = read_absences(d, table, substitutes);
    table.finish(d);
    Some(Officer {
        id: id?.value,
        name: name?.value,
        roles,
        providers: providers.into_iter().map(|provider| provider.value).collect(),
        services,
        duty: duty.map(|named| named.calendar.clone()),
        duty_name: duty.map(|named| named.name.clone()),
        absences,
        receivers: receivers.into_iter().map(|receiver| receiver.value).collect(),
        quiet,
    })
}

fn read_roles(d: &mut Diagnostics<'_>, table: &TableReader<'_>, profile: &Profile) -> BTreeSet<String> {
    if !table.has("peran") {
        table.missing(d, "peran", "give one or more roles of Tabel 1, such as [\"administrator_layanan\"]");
    }
    let known: Vec<&str> = profile.roles.iter().map(|(code, _)| code.as_str()).collect();
    let mut roles = BTreeSet::new();
    for role in table.texts(d, "peran", TEXT_MAX) {
        if known.contains(&role.value.as_str()) {
            roles.insert(role.value);
        } else {
            let remedy = format!("one of {}", known.join(", "));
            d.add(role.span, &role.key, true, "is no role of the profile", &remedy);
        }
    }
    roles
}

fn known_service(d: &mut Diagnostics<'_>, name: &Placed<String>, services: &[Service]) -> Option<ServiceId> {
    let found = services.iter().find(|service| service.id.as_str() == name.value).map(|service| service.id.clone());
    if found.is_none() {
        d.add(name.span.clone(), &name.key, true, "is no service of this file", "give the `id` of a [[layanan]]");
    }
    found
}

fn read_absences(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    substitutes: &mut Vec<Placed<String>>,
) -> Vec<Absence> {
    let mut absences = Vec::new();
    for away in table.tables(d, "tidak_hadir").into_iter().take(ABSENCES_MAX) {
        let (first, last) = (away.date(d, "dari"), away.date(d, "sampai"));
        for (key, date) in [("dari", &first), ("sampai", &last)] {
            if date.is_none() && !away.has(key) {
                away.missing(d, key, "give a date, such as \"2026-12-24\"");
            }
        }
        let substitute = away.text(d, "pengganti", TEXT_MAX);
        substitutes.extend(substitute.clone());
        away.finish(d);
        let Some((first, last)) = first.zip(last) else { continue };
        if last.value < first.value {
            d.add(last.span, &last.key, true, "lies before `dari`", "give the last day of absence");
            continue;
        }
        let substitute = substitute.map(|name| name.value);
        absences.push(Absence { first: first.value, last: last.value, substitute });
    }
    absences.sort_by_key(|absence| absence.first);
    absences
}

/// Services for which nobody is named at the first level of Tabel 14, in an office that names people.
pub(super) fn findings(profile: &Profile, catalogue: &Catalogue) -> Vec<Finding> {
    let Some(roles) = profile.escalation_roles.first().filter(|_| !catalogue.roster.officers.is_empty()) else {
        return Vec::new();
    };
    let named = |service: &&Service| catalogue.roster.names_anybody(roles, service);
    let lonely = catalogue.services.iter().filter(|service| !named(service));
    lonely
        .map(|service| Finding {
            service: Some(service.id.clone()),
            phrase: Phrase::new("finding-nobody-at-first-level").with("service", &service.name),
        })
        .collect()
}
