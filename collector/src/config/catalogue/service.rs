//! A service with its eleven fields and what is watched for it: `[[layanan]]`.

use super::agreement::read_agreement;
use super::backups::read_sets;
use super::check::{Asking, read_check};
use super::composition::{Named, read_composition};
use super::{DAY_MS, Seen, TEXT_MAX, read_id, to_u32};
use crate::config::calendar::read_name;
use crate::config::diagnostics::{Diagnostics, Placed, TableReader};
use crate::domain::catalogue::{AvailabilityTarget, NamedCalendar, Service, ServiceClass, ServiceGroup, ServiceId};
use std::sync::Arc;

/// A check is asked so often by default.
const INTERVAL_MS: u32 = 30_000;

pub(super) fn read_service(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &mut Seen,
    calendars: &[NamedCalendar],
) -> Option<(Service, Named)> {
    let id = read_id(d, t, "layanan", seen, ServiceId::parse);
    let text = |d: &mut Diagnostics<'_>, key| t.required_text(d, key, TEXT_MAX).map(|p| p.value);
    let list = |d: &mut Diagnostics<'_>, key| {
        t.texts(d, key, TEXT_MAX).into_iter().map(|p: Placed<String>| p.value).collect::<Vec<_>>()
    };
    let (name, description, provider) = (text(d, "nama"), text(d, "deskripsi"), text(d, "penyedia"));
    let service_administrators = list(d, "administrator_layanan");
    let infrastructure_administrators = list(d, "administrator_infrastruktur");
    let access = text(d, "cara_akses");
    let target = t.percent_ppm(d, "target_ketersediaan").map(|ppm| AvailabilityTarget { ppm });
    let (support_contact, support_hours) = (text(d, "kontak_bantuan"), text(d, "waktu_bantuan"));
    for key in ["kelompok", "klasifikasi"] {
        if !t.has(key) {
            t.missing(d, key, "needed for Tabel 2 and 3");
        }
    }
    let group = t.choice(d, "kelompok", &ServiceGroup::ALL.map(ServiceGroup::code), ServiceGroup::parse);
    let class = t.choice(d, "klasifikasi", &ServiceClass::ALL.map(ServiceClass::code), ServiceClass::parse);
    let hours = read_name(d, t, "jam_layanan", calendars);
    let agreement = read_agreement(d, t);
    let rpo = t.duration_ms(d, "rpo", 1000..=366 * DAY_MS).map(|p| to_u32(p.value / 1000));
    let rto = t.duration_ms(d, "rto", 1000..=366 * DAY_MS);
    let recovery_plan = t.text(d, "drp", TEXT_MAX).map(|p| p.value);
    let hosts = t.texts(d, "host", TEXT_MAX).iter().filter_map(|host| seen.host(d, host)).collect::<Vec<_>>();
    let mut checks = Vec::new();
    for table in t.tables(d, "pemeriksaan") {
        let asking = Asking { hosts: &hosts, public: group == Some(ServiceGroup::Publik), interval_ms: INTERVAL_MS };
        checks.extend(read_check(d, &table, seen, asking));
    }
    let (composition, named) = read_composition(d, t, seen, &checks);
    let sets = t.tables(d, "cadangan");
    let backups = read_sets(d, &sets, seen, rpo);
    t.finish(d);
    let service = Service {
        id: id?,
        name: name?,
        description: description?,
        provider: provider?,
        service_administrators,
        infrastructure_administrators,
        access: access?,
        target,
        support_contact: support_contact?,
        support_hours: support_hours?,
        group: group?,
        class: class?,
        service_hours: hours.unwrap_or_else(|| "24x7".to_owned()),
        rpo_seconds: rpo,
        rto_seconds: rto.map(|p| to_u32(p.value / 1000)),
        recovery_plan,
        hosts,
        checks,
        backups,
        agreement,
        composition,
        witnesses: Arc::default(),
    };
    Some((service, named))
}
