//! What else opens tickets, and what to do first: `[sertifikat]`, `[perkiraan_penuh]`, `[[alertmanager]]`, `[[panduan]]`.

use super::{DAY_MS, Seen, TEXT_MAX, placed_id, to_u32};
use crate::config::diagnostics::{Diagnostics, Placed, TableReader};
use crate::domain::alert::mapping::AlertMapping;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::certificate::CertificatePolicy;
use crate::domain::forecast::ForecastPolicy;
use crate::domain::profile::Impact;
use crate::domain::ticket::TicketClass;
use crate::domain::ticket::runbook::RunbookEntry;

/// Lines of a table.
const LINES_MAX: usize = 200;

/// `[sertifikat]`: when a certificate that runs out is warned of.
pub(super) fn read_certificates(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> CertificatePolicy {
    let defaults = CertificatePolicy::default();
    let Some(table) = root.table(d, "sertifikat") else { return defaults };
    let [first, second, third] = defaults.stages_days;
    let mut days = |key, default| table.integer(d, key, 0..=398).map_or(default, |p| to_u32(p.value));
    let stages_days = [days("hari_pertama", first), days("hari_kedua", second), days("hari_ketiga", third)];
    table.finish(d);
    if !stages_days.is_sorted_by(|a, b| a >= b) {
        let remedy = "give fewer days with each stage, such as 30, 14, 7";
        d.add(table.span(), &table.key("hari_pertama"), false, "stages do not come nearer", remedy);
    }
    CertificatePolicy { stages_days }
}

/// `[perkiraan_penuh]`: when a file system that fills up is warned of.
pub(super) fn read_forecast(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> ForecastPolicy {
    let defaults = ForecastPolicy::default();
    let Some(table) = root.table(d, "perkiraan_penuh") else { return defaults };
    let mut span = |key, default: i64| {
        let given = table.duration_ms(d, key, 3_600_000..=60 * DAY_MS);
        given.map_or(default, |p| i64::from(to_u32(p.value / 1000)))
    };
    let (horizon_s, clear_s) = (span("dalam", defaults.horizon_s), span("pulih", defaults.clear_s));
    let floor = table.integer(d, "terpakai_min_persen", 0..=99);
    table.finish(d);
    if clear_s < horizon_s {
        d.add(table.span(), &table.key("pulih"), false, "is nearer than `dalam`", "give at least `dalam`");
    }
    let floor_permille = floor.map_or(defaults.floor_permille, |p| to_u32(p.value * 10));
    ForecastPolicy { horizon_s, clear_s: clear_s.max(horizon_s), floor_permille, ..defaults }
}

/// `[[panduan]]`: first steps in the office's words.
pub(super) fn read_runbook(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Vec<RunbookEntry> {
    let codes = TicketClass::ALL.map(TicketClass::code);
    let mut entries = Vec::new();
    for table in root.tables(d, "panduan").into_iter().take(LINES_MAX) {
        let class = table.choice(d, "kelas", &codes, TicketClass::parse);
        if !table.has("kelas") {
            table.missing(d, "kelas", "say for which class of disturbance");
        }
        let phase = table.text(d, "fase", 20).map(|phase| phase.value);
        let text = table.required_text(d, "langkah", TEXT_MAX);
        table.finish(d);
        if let Some((class, text)) = class.zip(text) {
            entries.push(RunbookEntry { class, phase, text: text.value });
        }
    }
    entries
}

/// `[[alertmanager]]`: whom alerts concern. The services it names are checked by [`check_alerts`].
pub(super) fn read_alerts(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    seen: &Seen,
) -> (Vec<AlertMapping>, Vec<Placed<String>>) {
    let codes = TicketClass::ALL.map(TicketClass::code);
    let impacts = Impact::ALL.map(Impact::code);
    let (mut lines, mut named) = (Vec::new(), Vec::new());
    for table in root.tables(d, "alertmanager").into_iter().take(LINES_MAX) {
        let (label, value) = (table.required_text(d, "label", 128), table.required_text(d, "nilai", 200));
        let service = table.text(d, "layanan", 63);
        let host = table.text(d, "host", 63).and_then(|host| seen.host(d, &host));
        let class = table.choice(d, "kelas", &codes, TicketClass::parse);
        let impact = |code: &str| Impact::ALL.into_iter().find(|impact| impact.code() == code);
        let impact = table.choice(d, "dampak", &impacts, impact);
        table.finish(d);
        let id = service.as_ref().and_then(|service| placed_id(d, service, ServiceId::parse));
        named.extend(service);
        if let Some((label, value)) = label.zip(value) {
            lines.push(AlertMapping { label: label.value, value: value.value, service: id, host, class, impact });
        }
    }
    (lines, named)
}

/// A line that names a service which is not there is a fault.
pub(super) fn check_alerts(d: &mut Diagnostics<'_>, catalogue: &Catalogue, named: &[Placed<String>]) {
    for service in named {
        let known = ServiceId::parse(&service.value).ok().and_then(|id| catalogue.service(&id)).is_some();
        if !known {
            d.add(service.span.clone(), &service.key, true, "is no service of this file", "name one by its `id`");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::catalogue::parse;
    use crate::domain::profile::Profile;

    fn read(text: &str) -> Result<crate::domain::catalogue::Catalogue, String> {
        let profile = crate::config::profile::parse("p", include_str!("../../../../config/profiles/bangka-2025.toml"));
        let profile: Profile = profile.expect("the shipped profile");
        parse("c.toml", text, 1, &profile).map_err(|faults| faults.to_string())
    }

    #[test]
    fn stages_lines_and_steps_are_read() {
        let catalogue = read(
            "[sertifikat]\nhari_pertama = 45\n[[panduan]]\nkelas = \"akses\"\nfase = \"tls\"\nlangkah = \"Hubungi piket\"\n\
             [[alertmanager]]\nlabel = \"severity\"\nnilai = \"critical\"\ndampak = \"mayor\"\n",
        )
        .expect("reads");
        assert_eq!(catalogue.certificates.stages_days, [45, 14, 7]);
        assert_eq!((catalogue.runbook.len(), catalogue.alerts.len()), (1, 1));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let stages = read("[sertifikat]\nhari_kedua = 60\n").expect_err("refused");
        assert!(stages.contains("stages do not come nearer"), "{stages}");
        let line =
            read("[[alertmanager]]\nlabel = \"job\"\nnilai = \"x\"\nlayanan = \"tidak-ada\"\n").expect_err("refused");
        assert!(line.contains("is no service of this file"), "{line}");
        let ahead = read("[perkiraan_penuh]\ndalam = \"20days\"\n").expect_err("refused");
        assert!(ahead.contains("is nearer than"), "{ahead}");
        let class = read("[[panduan]]\nkelas = \"apa\"\nlangkah = \"x\"\n").expect_err("refused");
        assert!(class.contains("kelas"), "{class}");
    }
}
