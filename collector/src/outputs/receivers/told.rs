//! What a message tells, read back from its payload, and its words for people in Bahasa Indonesia.

use crate::engine::deliver::Sent;
use crate::engine::notices::{AT_RISK, RISK_OVER};
use crate::store::records::DueMessage;
use crate::texts::{Language, Texts};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;

/// The office's zone cannot be told from a payload; its instants carry their offset and are shown as they stand.
const WORDS_ZONE: Tz = chrono_tz::Asia::Jakarta;
/// Longest title at a receiver, in characters.
const TITLE_MAX: usize = 200;

/// The ticket as the message tells it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Told {
    pub(super) event: String,
    pub(super) version: u32,
    pub(super) nomor: String,
    pub(super) kelas: String,
    pub(super) kunci_dedup: String,
    pub(super) kategori: String,
    pub(super) gejala: String,
    pub(super) dampak: String,
    pub(super) prioritas: u8,
    pub(super) penyebab: Option<String>,
    pub(super) status: String,
    pub(super) komponen: Vec<String>,
    pub(super) layanan_terdampak: Vec<String>,
    pub(super) dikonfirmasi_oleh: Option<String>,
    pub(super) ditutup_pada: Option<String>,
    pub(super) mulai_gangguan: String,
    pub(super) dilaporkan_pada: String,
    pub(super) pulih_pada: Option<String>,
    pub(super) batas_penyelesaian_pada: Option<String>,
    #[serde(default)]
    evidence: Option<ToldEvidence>,
}

/// What a message tells of what the ticket was opened on.
#[derive(Debug, Clone, Deserialize)]
struct ToldEvidence {
    langkah_pertama: String,
    layanan_publik: Vec<String>,
    jawaban_baik_terakhir: Option<ToldAnswer>,
    host_baru_menyala: Vec<ToldBoot>,
}

#[derive(Debug, Clone, Deserialize)]
struct ToldAnswer {
    pada: String,
}

#[derive(Debug, Clone, Deserialize)]
struct ToldBoot {
    host: String,
    pada: String,
}

/// What an event means to a help desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something new about an open ticket.
    News,
    /// The disturbance is over; a person has yet to confirm.
    Restored,
    /// It came back.
    Recurred,
    /// A person confirmed.
    Confirmed,
    /// Over for good: closed or cancelled.
    Ended,
}

impl Told {
    /// Reads a payload; one that cannot be read is ours to mend and never leaves.
    pub(super) fn read(due: &DueMessage) -> Result<Self, Sent> {
        serde_json::from_str(&due.row.message.payload)
            .map_err(|error| Sent::Rejected(format!("the payload is not a ticket: {error}")))
    }

    pub(super) fn turn(&self) -> Turn {
        match self.event.as_str() {
            "restored" | RISK_OVER => Turn::Restored,
            "recurred" => Turn::Recurred,
            "confirmed" | "lapsed" => Turn::Confirmed,
            "closed" | "cancelled" | "test" => Turn::Ended,
            _ => Turn::News,
        }
    }

    /// Whether the priority may be another one than the receiver was told before.
    pub(super) fn sets_priority(&self) -> bool {
        matches!(self.event.as_str(), "updated" | "priority")
    }

    /// What a title at a receiver begins with: it is looked for.
    pub(super) fn tag(&self) -> String {
        format!("[{}]", self.nomor)
    }

    /// What every entry of an event holds: it is looked for before the entry is made.
    pub(super) fn marker(&self) -> String {
        format!("[{} #{}]", self.nomor, self.version)
    }

    /// `[SPBE-GGN-2026-0007] P1 …`, cut.
    pub(super) fn title(&self) -> String {
        format!("{} P{} {}", self.tag(), self.prioritas, self.gejala).chars().take(TITLE_MAX).collect()
    }

    /// What happened, in one line.
    pub(super) fn headline(&self) -> String {
        let id = match self.event.as_str() {
            "opened" => "delivery-event-opened",
            "restored" => "delivery-event-restored",
            "recurred" => "delivery-event-recurred",
            "confirmed" => "delivery-event-confirmed",
            "closed" => "delivery-event-closed",
            "cancelled" => "delivery-event-cancelled",
            "unconfirmed" => "delivery-event-unconfirmed",
            "priority" => "delivery-event-priority",
            "lapsed" => "delivery-event-lapsed",
            "test" => "delivery-event-test",
            AT_RISK => "delivery-event-at-risk",
            RISK_OVER => "delivery-event-risk-over",
            _ => "delivery-event-updated",
        };
        texts().text(id, &[("number", &self.nomor)])
    }

    /// The facts, label and value, in the order in which people ask for them.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let texts = texts();
        let label = |id: &str| texts.get(id);
        let coded = |prefix: &str, code: &str| {
            let id = format!("{prefix}-{}", code.replace('_', "-"));
            let known = texts.get(&id);
            if known == id { code.replace('_', " ") } else { known }
        };
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
        let facts = [
            (label("delivery-fact-symptom"), Some(self.gejala.clone())),
            (label("delivery-fact-state"), Some(coded("ticket-state", &self.status))),
            (label("delivery-fact-priority"), Some(format!("P{} · {}", self.prioritas, coded("impact", &self.dampak)))),
            (label("delivery-fact-category"), Some(coded("category", &self.kategori))),
            (label("delivery-fact-services"), list(&self.layanan_terdampak)),
            (label("delivery-fact-components"), list(&self.komponen)),
            (label("delivery-fact-onset"), Some(shown(&self.mulai_gangguan))),
            (label("delivery-fact-reported"), Some(shown(&self.dilaporkan_pada))),
            (label("delivery-fact-due"), self.batas_penyelesaian_pada.as_deref().map(shown)),
            (label("delivery-fact-restored"), self.pulih_pada.as_deref().map(shown)),
            (label("delivery-fact-cause"), self.penyebab.clone()),
            (label("delivery-fact-confirmed"), self.dikonfirmasi_oleh.clone()),
            (label("delivery-fact-closed"), self.ditutup_pada.as_deref().map(shown)),
        ];
        let evidence = self.evidence.as_ref().map(|evidence| evidence.facts(label)).unwrap_or_default();
        facts.into_iter().chain(evidence).filter_map(|(label, value)| Some((label, value?))).collect()
    }

    /// Headline, facts and marker as plain text.
    pub(super) fn text(&self) -> String {
        let facts: String = self.facts().iter().map(|(label, value)| format!("{label}: {value}\n")).collect();
        format!("{}\n\n{facts}\n{}", self.headline(), self.marker())
    }

    /// The same as HTML without styles, as help desks take it.
    pub(super) fn html(&self) -> String {
        let row = |(label, value): &(String, String)| format!("<b>{}</b>: {}<br>", escaped(label), escaped(value));
        let facts: String = self.facts().iter().map(row).collect();
        format!("<p>{}</p><p>{facts}</p><p>{}</p>", escaped(&self.headline()), escaped(&self.marker()))
    }

    /// Begin of the disturbance.
    pub(super) fn onset(&self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(&self.mulai_gangguan).ok()
    }

    /// Its end, once known.
    pub(super) fn restored(&self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(self.pulih_pada.as_deref()?).ok()
    }
}

impl ToldEvidence {
    /// Last good answer, fresh starts, services of the public, first step.
    fn facts(&self, label: impl Fn(&str) -> String) -> [(String, Option<String>); 4] {
        let boots: Vec<String> =
            self.host_baru_menyala.iter().map(|b| format!("{} {}", b.host, shown(&b.pada))).collect();
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
        let good = self.jawaban_baik_terakhir.as_ref().map(|answer| shown(&answer.pada));
        [
            (label("evidence-last-good"), good),
            (label("evidence-booted"), list(&boots)),
            (label("evidence-public"), list(&self.layanan_publik)),
            (label("evidence-first-step"), Some(self.langkah_pertama.clone())),
        ]
    }
}

/// What leaves is in the product's first language.
pub(super) fn texts() -> Texts {
    Texts::new(Language::Id, WORDS_ZONE)
}

/// `24-11-2026 14.05 (+07:00)`: as it stands, with its own offset.
fn shown(instant: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(instant)
        .map_or_else(|_| instant.to_owned(), |at| at.format("%d-%m-%Y %H.%M (%:z)").to_string())
}

/// Text that is safe in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ticket::TicketNumber;
    use crate::store::records::{OutboxMessage, OutboxRow};
    use serde_json::json;

    /// A message of ticket 7.
    pub(in crate::outputs::receivers) fn due(event: &str, version: u32, reference: Option<&str>) -> DueMessage {
        let payload = json!({
            "event": event, "version": version, "nomor": "SPBE-GGN-2026-0007", "kelas": "akses",
            "kunci_dedup": "service:simpeg|akses", "kategori": "aplikasi", "gejala": "SIMPEG <tidak> dapat diakses",
            "dampak": "mayor", "prioritas": 1, "penyebab": null, "status": "baru", "komponen": ["app-01"],
            "layanan_terdampak": ["simpeg"], "dikonfirmasi_oleh": null, "ditutup_pada": null,
            "mulai_gangguan": "2026-11-24T14:05:00+07:00", "dilaporkan_pada": "2026-11-24T14:05:30+07:00",
            "pulih_pada": (event == "restored").then_some("2026-11-24T14:35:00+07:00"),
            "batas_penyelesaian_pada": "2026-11-24T18:05:30+07:00",
        });
        let message = OutboxMessage {
            ticket: TicketNumber { year: 2026, number: 7 },
            target: "meja".into(),
            version,
            event: event.into(),
            payload: payload.to_string(),
            not_before: None,
        };
        let row = OutboxRow {
            id: 1,
            message,
            created_at: Timestamp::from_secs(0),
            attempts: 0,
            next_attempt_at: Timestamp::from_secs(0),
            state: "pending".into(),
            last_error: None,
            checked_by: None,
        };
        DueMessage { row, reference: reference.map(str::to_owned) }
    }

    #[test]
    fn people_read_headline_and_facts() {
        let told = Told::read(&due("restored", 3, None)).expect("a ticket");
        insta::assert_snapshot!(told.text());
        assert!(told.html().contains("SIMPEG &lt;tidak&gt;"));
        assert_eq!(told.turn(), Turn::Restored);
        assert!(told.title().starts_with("[SPBE-GGN-2026-0007] P1 SIMPEG"));
    }
}
