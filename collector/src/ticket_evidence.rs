//! What a ticket was opened on as it leaves: API and messages write it alike. Names are the product's; sentences are in
//! Bahasa Indonesia, times RFC 3339 in the office's zone.

use crate::domain::catalogue::{Catalogue, ServiceGroup};
use crate::domain::phrase::Phrase;
use crate::domain::ticket::Ticket;
use crate::domain::ticket::evidence::{AnswerSeen, Evidence, ReadingSeen};
use crate::domain::ticket::runbook::{FirstStep, first_step};
use crate::ticket_form::local_time;
use chrono_tz::Tz;
use serde::Serialize;

/// The evidence of a ticket.
#[derive(Debug, Serialize)]
pub(crate) struct EvidenceBody {
    /// The office's or the product's suggestion.
    langkah_pertama: String,
    /// Affected services of the group Layanan Publik.
    layanan_publik: Vec<String>,
    /// Where the newest asking that was not good ended.
    fase: Option<String>,
    jawaban_baik_terakhir: Option<AnswerBody>,
    host_baru_menyala: Vec<BootBody>,
    katalog_berubah: Option<CatalogueBody>,
    /// Left out of messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jawaban: Vec<AnswerBody>,
    /// Left out of messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bacaan: Vec<ReadingBody>,
}

#[derive(Debug, Serialize)]
struct AnswerBody {
    pada: String,
    pemeriksaan: String,
    dari: String,
    hasil: String,
    fase: Option<String>,
    alasan: Option<String>,
    lama_ms: u64,
}

#[derive(Debug, Serialize)]
struct BootBody {
    host: String,
    pada: String,
}

#[derive(Debug, Serialize)]
struct CatalogueBody {
    revisi: u32,
    pada: String,
}

#[derive(Debug, Serialize)]
struct ReadingBody {
    metrik: String,
    bagian: Option<String>,
    /// In thousandths, as the values.
    batas_permil: u32,
    /// Instant and value.
    nilai: Vec<(String, u32)>,
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn answer(zone: Tz, seen: &AnswerSeen) -> AnswerBody {
    AnswerBody {
        pada: local_time(zone, seen.at),
        pemeriksaan: seen.check.clone(),
        dari: seen.host.clone(),
        hasil: seen.verdict.clone(),
        fase: filled(&seen.phase),
        alasan: filled(&seen.reason),
        lama_ms: seen.duration_ms,
    }
}

fn reading(zone: Tz, seen: &ReadingSeen) -> ReadingBody {
    ReadingBody {
        metrik: seen.metric.clone(),
        bagian: filled(&seen.part),
        batas_permil: seen.limit_permille,
        nilai: seen.points.iter().map(|(at, value)| (local_time(zone, *at), *value)).collect(),
    }
}

/// Names of the affected services of the group Layanan Publik.
pub(crate) fn public_services(catalogue: &Catalogue, ticket: &Ticket) -> Vec<String> {
    let services = ticket.affected_services.iter().filter_map(|id| catalogue.service(id));
    services.filter(|service| service.group == ServiceGroup::Publik).map(|service| service.name.clone()).collect()
}

impl EvidenceBody {
    /// In short, for messages; a ticket without an excerpt still has its first step.
    pub(crate) fn brief(
        evidence: Option<&Evidence>,
        ticket: &Ticket,
        catalogue: &Catalogue,
        zone: Tz,
        render: &dyn Fn(&Phrase) -> String,
    ) -> Self {
        let phase = evidence.map_or("", Evidence::phase);
        let step = match first_step(&catalogue.runbook, &ticket.key, phase) {
            FirstStep::Written(text) => text.to_owned(),
            FirstStep::Suggested(phrase) => render(&phrase),
        };
        let booted = evidence.map_or(&[][..], |evidence| &evidence.booted);
        let boot = |(host, at): &(String, _)| BootBody { host: host.clone(), pada: local_time(zone, *at) };
        let changed = evidence.and_then(|evidence| evidence.catalogue);
        let good = evidence.and_then(|evidence| evidence.last_good.as_ref());
        Self {
            langkah_pertama: step,
            layanan_publik: public_services(catalogue, ticket),
            fase: filled(phase),
            jawaban_baik_terakhir: good.map(|seen| answer(zone, seen)),
            host_baru_menyala: booted.iter().map(boot).collect(),
            katalog_berubah: changed.map(|(revisi, at)| CatalogueBody { revisi, pada: local_time(zone, at) }),
            jawaban: Vec::new(),
            bacaan: Vec::new(),
        }
    }

    /// With every answer and reading of the excerpt.
    pub(crate) fn whole(
        evidence: Option<&Evidence>,
        ticket: &Ticket,
        catalogue: &Catalogue,
        zone: Tz,
        render: &dyn Fn(&Phrase) -> String,
    ) -> Self {
        let mut body = Self::brief(evidence, ticket, catalogue, zone, render);
        if let Some(evidence) = evidence {
            body.jawaban = evidence.answers.iter().map(|seen| answer(zone, seen)).collect();
            body.bacaan = evidence.readings.iter().map(|seen| reading(zone, seen)).collect();
        }
        body
    }
}
