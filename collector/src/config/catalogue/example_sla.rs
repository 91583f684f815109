//! `[sla_contoh]`: which services have adopted the example SLA (Tabel 12, G15), and how it is read there.

use super::{TEXT_MAX, placed_id};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::ticket::example_sla::{Adoption, BeforeOpening, Counting, DayBound, Reading};

/// Reads it after the services and calendars, which it names.
pub(super) fn read_example_sla(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    catalogue: &Catalogue,
) -> Option<Adoption> {
    let table = root.table(d, "sla_contoh")?;
    let mut services = Vec::new();
    for service in table.texts(d, "layanan", TEXT_MAX) {
        let Some(id) = placed_id(d, &service, ServiceId::parse) else { continue };
        if catalogue.service(&id).is_some() {
            services.push(id);
        } else {
            d.add(
                service.span,
                &service.key,
                true,
                "names a service that is not listed",
                "give the `id` of a [[layanan]]",
            );
        }
    }
    let calendar = table.required_text(d, "kalender", TEXT_MAX);
    if let Some(calendar) = calendar.as_ref().filter(|calendar| catalogue.calendar(&calendar.value).is_none()) {
        let remedy = "give the `id` of a [[kalender]] or of a template";
        d.add(calendar.span.clone(), &calendar.key, true, "names a calendar that is not listed", remedy);
    }
    let counting = table.choice(d, "hitung", &["waktu_kerja", "jam"], |code| match code {
        "waktu_kerja" => Some(Counting::WorkingTime),
        "jam" => Some(Counting::ClockTime),
        _ => None,
    });
    let before = table.choice(d, "sebelum_buka", &["hari_itu", "hari_berikutnya"], |code| match code {
        "hari_itu" => Some(BeforeOpening::SameDay),
        "hari_berikutnya" => Some(BeforeOpening::NextDay),
        _ => None,
    });
    let bound = table.choice(d, "batas_hari", &["tutup", "buka"], |code| match code {
        "tutup" => Some(DayBound::Closing),
        "buka" => Some(DayBound::Opening),
        _ => None,
    });
    table.finish(d);
    if services.is_empty() {
        table.missing(d, "layanan", "list the services that have adopted it");
    }
    let reading = Reading {
        counting: counting.unwrap_or_default(),
        before_opening: before.unwrap_or_default(),
        bound: bound.unwrap_or_default(),
    };
    Some(Adoption { services, calendar: calendar?.value, reading })
}

#[cfg(test)]
mod tests {
    use crate::config::catalogue::parse;
    use crate::config::profile::bangka_2025;
    use crate::domain::profile::{Operator, TimeTarget};
    use crate::domain::ticket::condition::Condition;
    use crate::domain::ticket::open::{Report, open};
    use crate::domain::ticket::{TicketKey, TicketNumber};
    use pantau_shared::timestamp::Timestamp;

    fn text(adoption: &str) -> String {
        format!(
            "[sla_contoh]\n{adoption}\n[[layanan]]\nid = \"simpeg\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\n\
             cara_akses = \"a\"\nkontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\n\
             klasifikasi = \"esensial\"\n"
        )
    }

    /// A ticket of Wednesday 10 June 2026 at 14.00 WIB: three hours of working time.
    #[test]
    fn an_adopted_document_gives_its_services_a_second_response_target() {
        let adopted = text("layanan = [\"simpeg\"]\nkalender = \"jam-kerja-asn\"\nhitung = \"jam\"");
        let profile = bangka_2025();
        let catalogue = parse("k.toml", &adopted, 1, &profile).expect("valid");
        let condition = |service: &str| Condition {
            key: TicketKey::parse(&format!("service:{service}|akses")).expect("valid"),
            impact: crate::domain::profile::Impact::Mayor,
            onset_at: Timestamp::from_secs(1_781_074_800),
            symptom: crate::domain::phrase::Phrase::new("x"),
            category: "aplikasi".into(),
            components: Vec::new(),
            affected: Vec::new(),
            flapping_since: None,
        };
        let target = |service: &str| {
            let condition = condition(service);
            let report = Report { reporter: None, condition: &condition, related: None };
            let number = TicketNumber { year: 2026, number: 1 };
            let ticket = open(&report, number, &catalogue, &profile, condition.onset_at).0;
            catalogue.example_sla.as_ref().and_then(|adoption| adoption.response_target(&catalogue, &ticket))
        };
        assert_eq!(target("simpeg"), Some(TimeTarget { seconds: 3 * 3600, operator: Operator::AtMost }));
        assert_eq!(target("lain"), None, "it has not adopted it");
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let faulty = text("layanan = [\"lain\"]\nkalender = \"tidak-ada\"\nhitung = \"x\"");
        let faults = parse("k.toml", &faulty, 1, &bangka_2025()).expect_err("faulty").to_string();
        for fault in ["names a service that is not listed", "names a calendar that is not listed", "sla_contoh.hitung"]
        {
            assert!(faults.contains(fault), "{faults}");
        }
    }
}
