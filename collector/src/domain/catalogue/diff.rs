//! What differs between two catalogues, field by field, in the file's own keys.

use super::{Catalogue, Check, NamedCalendar, Service};
use crate::domain::availability::{DegradedPolicy, MaintenancePolicy};
use crate::domain::calendar::{Hours, PeriodKind};
use crate::domain::check_target::render_target;
use crate::domain::duty::Officer;
use crate::domain::rule::tuning::{Selector, Target, Tuning};
use std::collections::BTreeMap;
use std::fmt::Display;

/// The longest value shown, in characters.
const SHOWN_MAX: usize = 160;
/// Keys whose change changes figures.
const TERMS: [&str; 7] = [
    "target_ketersediaan",
    "jam_layanan",
    "pemeliharaan",
    "pemberitahuan_min",
    "pemeliharaan_maks_per_bulan",
    "kinerja_turun",
    "cakupan_min",
];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where: `layanan[simpeg]`, `kalender[kantor]`, or empty for what stands alone.
    pub place: String,
    /// The key; empty: the whole entry came or went.
    pub key: String,
    /// Before; `None`: was not there.
    pub old: Option<String>,
    /// After; `None`: is no more there.
    pub new: Option<String>,
    /// Whether figures change by it, from the revision's onset on.
    pub terms: bool,
}

type Fields = BTreeMap<(String, String), String>;

/// All differences, by place and key.
pub fn changes(old: &Catalogue, new: &Catalogue) -> Vec<Change> {
    let (old, new) = (fields(old), fields(new));
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let differ = keys.filter(|key| old.get(*key) != new.get(*key)).map(|(place, key)| {
        let at = (place.clone(), key.clone());
        Change {
            old: old.get(&at).map(|text| cut(text)),
            new: new.get(&at).map(|text| cut(text)),
            terms: place.starts_with("kalender[") || TERMS.contains(&key.as_str()),
            place: at.0,
            key: at.1,
        }
    });
    let mut changes: Vec<Change> = differ.collect();
    changes.sort_by(|a, b| (&a.place, &a.key).cmp(&(&b.place, &b.key)));
    // Of an entry that came or went its name says enough.
    let whole: Vec<String> = changes
        .iter()
        .filter(|change| change.key.is_empty() && !change.place.is_empty())
        .map(|change| change.place.clone())
        .collect();
    changes.retain(|change| change.key.is_empty() || !whole.contains(&change.place));
    changes
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_MAX).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

fn fields(catalogue: &Catalogue) -> Fields {
    let mut out = Fields::new();
    for service in &catalogue.services {
        service_fields(&mut out, service);
    }
    for witness in catalogue.witnesses.iter() {
        let place = format!("saksi[{}]", witness.id);
        let mut put = |key: &str, value: String| drop(out.insert((place.clone(), key.to_owned()), value));
        put("", witness.name.clone());
        question_fields(&mut put, witness);
    }
    for calendar in &catalogue.calendars {
        calendar_fields(&mut out, calendar);
    }
    for officer in &catalogue.roster.officers {
        officer_fields(&mut out, officer);
    }
    let mut alone = |key: &str, value: String| drop(out.insert((String::new(), key.to_owned()), value));
    alone("periode_sampel", format!("{} ms", catalogue.sample_period_ms));
    alone("host_senyap_setelah", format!("{} s", catalogue.host_silent_after_seconds));
    alone("tickets.resolve_after_seconds", catalogue.tickets.resolve_after_seconds.to_string());
    alone("tickets.reopen_window_seconds", catalogue.tickets.reopen_window_seconds.to_string());
    alone("tickets.group_wait_seconds", catalogue.tickets.group_wait_seconds.to_string());
    alone("tickets.storm_hosts_min", catalogue.storm.hosts_min.to_string());
    alone("tickets.storm_share_percent", catalogue.storm.share_percent.to_string());
    for threshold in &catalogue.thresholds {
        let permille = |value: u32| format!("{}.{} %", value / 10, value % 10);
        let (alarm, clear) = (permille(threshold.alarm_permille), permille(threshold.clear_permille));
        let text = format!("alarm {alarm}, pulih {clear}, selama {} s", threshold.hold_seconds);
        alone(&format!("ambang[{}]", threshold.metric.code()), text);
    }
    rule_fields(&mut alone, &catalogue.tuning);
    for (host, name) in &catalogue.host_names {
        alone(&format!("host[{host}]"), name.clone());
    }
    cause_fields(&mut out, catalogue);
    out
}

/// What opens tickets besides thresholds, and what is to be done first.
fn cause_fields(out: &mut Fields, catalogue: &Catalogue) {
    let mut alone = |key: &str, value: String| drop(out.insert((String::new(), key.to_owned()), value));
    alone("nyala_ulang_per_hari", catalogue.reboots.in_day.to_string());
    if let Some(adoption) = &catalogue.example_sla {
        let services: Vec<String> = adoption.services.iter().map(ToString::to_string).collect();
        let read = format!("{:?}", adoption.reading);
        alone("sla_contoh", format!("{} ({}; {read})", services.join(", "), adoption.calendar));
    }
    alone("unit_gagal_selama", format!("{} s", catalogue.failed_units.hold_seconds));
    alone("jam_selisih_maks", format!("{} ms", catalogue.own_clocks.offset_ms));
    alone("jam_tanpa_acuan_selama", format!("{} s", catalogue.own_clocks.unsynchronized_seconds));
    let [first, second, third] = catalogue.certificates.stages_days;
    let ahead = catalogue.forecast;
    alone("sertifikat", format!("{first}, {second}, {third} hari"));
    let floor = ahead.floor_permille / 10;
    let text = format!("dalam {} s, pulih {} s, terpakai {floor} %", ahead.horizon_s, ahead.clear_s);
    alone("perkiraan_penuh", text);
    for (number, line) in (1..).zip(&catalogue.alerts) {
        alone(&format!("alertmanager[{number}]"), format!("{line:?}"));
    }
    for (number, entry) in (1..).zip(&catalogue.runbook) {
        let phase = entry.phase.as_deref().unwrap_or("semua fase");
        alone(&format!("panduan[{number}]"), format!("{} ({phase}): {}", entry.class.code(), entry.text));
    }
}

/// What is set of rules, each entry by whom it is for; the later of two for the same stands.
fn rule_fields(alone: &mut impl FnMut(&str, String), tuning: &Tuning) {
    alone("tickets.observe_seconds", tuning.observe_seconds.to_string());
    alone("tickets.budget_per_hour", tuning.budget_per_hour.to_string());
    let whose = |selector: &Selector| {
        let target = match &selector.target {
            Target::Everything => "*".to_owned(),
            Target::Service(id) => format!("layanan {id}"),
            Target::Host(id) => format!("host {id}"),
        };
        selector.part.as_ref().map_or(target.clone(), |part| format!("{target} {part}"))
    };
    let percent_of = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |v| format!("{}.{} %", v / 10, v % 10));
    for tuned in &tuning.thresholds {
        let (alarm, clear) = (percent_of(tuned.alarm_permille), percent_of(tuned.clear_permille));
        let text = format!("alarm {alarm}, pulih {clear}, selama {}", seconds(tuned.hold_seconds));
        alone(&format!("ambang[{}, {}]", tuned.metric.code(), whose(&tuned.selector)), text);
    }
    for setting in &tuning.settings {
        let parts = [
            setting.enabled.map(|on| format!("aktif {on}")),
            setting.reason.as_ref().map(|reason| format!("alasan {reason}")),
            setting.observe_seconds.map(|s| format!("amati {s} s")),
            setting.budget_per_hour.map(|n| format!("anggaran_per_jam {n}")),
            (!setting.ignored_units.is_empty()).then(|| format!("abaikan {}", setting.ignored())),
        ];
        let text = joined(&parts.into_iter().flatten().collect::<Vec<_>>());
        alone(&format!("aturan[{}, {}]", setting.rule.code(), whose(&setting.selector)), text);
    }
}

fn service_fields(out: &mut Fields, service: &Service) {
    let place = format!("layanan[{}]", service.id);
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            out.insert((place.clone(), key.to_owned()), value);
        }
    };
    put("", service.name.clone());
    put("nama", service.name.clone());
    put("deskripsi", service.description.clone());
    put("penyedia", service.provider.clone());
    put("administrator_layanan", service.service_administrators.join(", "));
    put("administrator_infrastruktur", service.infrastructure_administrators.join(", "));
    put("cara_akses", service.access.clone());
    put("target_ketersediaan", service.target.map(|target| percent(target.ppm)).unwrap_or_default());
    put("kontak_bantuan", service.support_contact.clone());
    put("waktu_bantuan", service.support_hours.clone());
    put("kelompok", service.group.code().to_owned());
    put("klasifikasi", service.class.code().to_owned());
    put("jam_layanan", service.service_hours.clone());
    put("rpo", seconds(service.rpo_seconds));
    put("rto", seconds(service.rto_seconds));
    put("drp", service.recovery_plan.clone().unwrap_or_default());
    put("host", joined(&service.hosts));
    let policy = &service.agreement.policy;
    put("pemeliharaan", MaintenancePolicy::code(policy.maintenance).to_owned());
    put("pemberitahuan_min", seconds(Some(policy.min_notice_s)));
    put("pemeliharaan_maks_per_bulan", seconds(policy.excluded_cap_s));
    put("kinerja_turun", DegradedPolicy::code(policy.degraded).to_owned());
    put("cakupan_min", percent(policy.min_coverage_ppm));
    let period = match service.agreement.target_period {
        PeriodKind::Quarter => "triwulan",
        PeriodKind::Year => "tahun",
        PeriodKind::Day | PeriodKind::Week | PeriodKind::Month => "bulan",
    };
    put("periode_target", period.to_owned());
    put("susunan", service.composition.formula.as_ref().map(|formula| format!("{formula:?}")).unwrap_or_default());
    let needs: Vec<_> = service.composition.depends_on.iter().map(super::Dependency::id).collect();
    put("bergantung_pada", joined(&needs));
    for component in &service.composition.components {
        let checks = component.checks.iter().filter_map(|place| service.checks.get(*place)).map(|check| &check.id);
        let target = component.target.map(|target| format!(", target {}", percent(target.ppm))).unwrap_or_default();
        let text = format!("{}: {}{target}", component.name, joined(&checks.collect::<Vec<_>>()));
        put(&format!("komponen[{}]", component.id), text);
    }
    for check in &service.checks {
        check_fields(&mut put, check);
    }
    for set in &service.backups {
        put(&format!("cadangan[{}]", set.id), format!("{set:?}"));
    }
}

fn check_fields(put: &mut impl FnMut(&str, String), check: &Check) {
    question_fields(&mut |key, value| put(&format!("pemeriksaan[{}].{key}", check.id), value), check);
}

fn question_fields(put: &mut impl FnMut(&str, String), check: &Check) {
    put("nama", check.name.clone());
    put("dari", joined(&check.vantages));
    put("selang", format!("{} ms", check.interval_ms));
    put("tenggat", format!("{} ms", check.timeout_ms));
    put("jeda_ulang", format!("{} ms", check.retry_pause_ms));
    put("lambat_setelah", format!("{} ms", check.degraded_after_ms));
    put("peringatan_sertifikat", seconds(Some(check.certificate_warning_seconds)));
    put("gagal_berturut", check.confirm_failures.to_string());
    put("vantage_min", check.quorum.min_valid.map(|min| min.to_string()).unwrap_or_default());
    put("seri", format!("{:?}", check.quorum.tie).to_lowercase());
    put("penentu", joined(&check.quorum.decisive));
    // The target for people, all of it for what differs in no target.
    put("jenis", format!("{} {:?}", render_target(&check.kind), check.kind));
}

fn calendar_fields(out: &mut Fields, named: &NamedCalendar) {
    const DAYS: [(&str, chrono::Weekday); 7] = [
        ("senin", chrono::Weekday::Mon),
        ("selasa", chrono::Weekday::Tue),
        ("rabu", chrono::Weekday::Wed),
        ("kamis", chrono::Weekday::Thu),
        ("jumat", chrono::Weekday::Fri),
        ("sabtu", chrono::Weekday::Sat),
        ("minggu", chrono::Weekday::Sun),
    ];
    let place = format!("kalender[{}]", named.id);
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            out.insert((place.clone(), key.to_owned()), value);
        }
    };
    let on = |hours: &Hours, day| match hours {
        Hours::Always => "00:00-24:00".to_owned(),
        Hours::Weekly(weekly) => joined(&weekly.on(day).iter().map(|(a, b)| format!("{a}-{b}")).collect::<Vec<_>>()),
    };
    put("", named.name.clone());
    put("nama", named.name.clone());
    put("zona", named.calendar.zone.name().to_owned());
    put("libur", joined(&named.calendar.holidays.iter().collect::<Vec<_>>()));
    put("libur_buka", named.calendar.holidays_open.to_string());
    put("dikonfirmasi", named.confirmed.to_string());
    for (key, day) in DAYS {
        put(key, on(&named.calendar.hours, day));
    }
    for range in &named.calendar.overrides {
        let days = DAYS.iter().map(|(key, day)| format!("{key} {}", on(&range.hours, *day)));
        put(&format!("rentang[{}..{}]", range.first, range.last), joined(&days.collect::<Vec<_>>()));
    }
}

fn officer_fields(out: &mut Fields, officer: &Officer) {
    let place = format!("petugas[{}]", officer.id);
    let mut put = |key: &str, value: String| {
        if !value.is_empty() {
            out.insert((place.clone(), key.to_owned()), value);
        }
    };
    put("", officer.name.clone());
    put("nama", officer.name.clone());
    put("peran", joined(&officer.roles.iter().collect::<Vec<_>>()));
    put("penyedia", joined(&officer.providers.iter().collect::<Vec<_>>()));
    put("layanan", joined(&officer.services.iter().collect::<Vec<_>>()));
    put("piket", officer.duty_name.clone().unwrap_or_default());
    put("penerima", joined(&officer.receivers.iter().collect::<Vec<_>>()));
    put("jam_tenang", officer.quiet.map(|hours| hours.to_string()).unwrap_or_default());
    for absence in &officer.absences {
        let substitute = absence.substitute.as_deref().unwrap_or("-");
        put(&format!("tidak_hadir[{}]", absence.first), format!("sampai {}, pengganti {substitute}", absence.last));
    }
}

fn joined(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn percent(ppm: u32) -> String {
    format!("{}.{:04}", ppm / 10_000, ppm % 10_000).trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn seconds(value: Option<impl Into<u64>>) -> String {
    value.map_or_else(String::new, |value| format!("{} s", value.into()))
}

#[cfg(test)]
mod tests;
