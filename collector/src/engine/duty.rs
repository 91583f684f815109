//! Who is asked when a ticket opens, climbs or calls for the recovery plan; the entry that says so.

use crate::domain::catalogue::{Catalogue, Service};
use crate::domain::duty::{Because, Reached};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Profile;
use crate::domain::ticket::{Activity, ActivityText, Actor, Ticket};
use pantau_shared::timestamp::Timestamp;

/// The level at which somebody is asked because of an event; `None`: nobody is asked anew.
fn level_of(ticket: &Ticket, activity: Option<&Activity>, event: Option<&str>) -> Option<u8> {
    let missed = activity.is_some_and(
        |entry| matches!(&entry.text, ActivityText::Phrase(phrase) if phrase.id == "activity-estimate-missed"),
    );
    match event? {
        "opened" => Some(1),
        // Tabel 6, G36: a missed estimate is for the infrastructure administrator, who is of the first level.
        "escalated" if missed => Some(1),
        "escalated" => Some(ticket.life.escalation_level),
        // Whether to activate the plan is decided by the Penanggung Jawab (Tabel 6).
        "recovery_prompt" => Some(2),
        _ => None,
    }
}

/// Who is asked because of an event, and at which level; `None`: nobody, or the office names no people.
pub(super) fn asked<'a>(
    catalogue: &'a Catalogue,
    profile: &Profile,
    ticket: &Ticket,
    activity: Option<&Activity>,
    event: Option<&str>,
    now: Timestamp,
) -> Option<(u8, Vec<Reached<'a>>)> {
    let level = level_of(ticket, activity, event)?;
    let affected: Vec<&Service> = ticket.affected_services.iter().filter_map(|id| catalogue.service(id)).collect();
    catalogue.roster.of_level(level, &profile.escalation_roles, &affected, profile.time_zone, now)
}

/// The entry in the ticket's log.
pub(super) fn entry(profile: &Profile, level: u8, reached: &[Reached<'_>], now: Timestamp) -> Activity {
    let name = |reached: &Reached<'_>| {
        let role = profile.roles.iter().find(|(code, _)| *code == reached.role).map_or("", |(_, name)| name.as_str());
        let name = &reached.officer.name;
        match &reached.because {
            Because::OnDuty | Because::NobodyOnDuty => format!("{name} ({role})"),
            Because::StandsInFor(absent) => format!("{name} ({role}, a.n. {absent})"),
        }
    };
    let people = reached.iter().map(name).collect::<Vec<_>>().join("; ");
    let off_duty = reached.iter().any(|reached| reached.because == Because::NobodyOnDuty);
    let id = if off_duty { "activity-asked-off-duty" } else { "activity-asked" };
    let text = ActivityText::Phrase(Phrase::new(id).with("level", level).with("people", people));
    Activity { at: now, actor: Actor::System, kind: "asked".to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::bangka_2025;
    use crate::domain::ticket::condition::Condition;
    use crate::domain::ticket::open::{self, Report};
    use crate::domain::ticket::{TicketKey, TicketNumber};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("2026-12-22T{text}:00+07:00")).expect("valid")
    }

    /// Who is asked by the example's catalogue when a ticket of `simpeg` comes to an event.
    fn asked_for(event: &str, level: u8, missed: bool, now: &str) -> Option<String> {
        let profile = bangka_2025();
        let text = include_str!("../../../config/catalogue.example.toml");
        let catalogue = crate::config::catalogue::parse("k", text, 1, &profile).expect("valid");
        let condition = Condition {
            key: TicketKey::parse("service:simpeg|akses").expect("valid"),
            impact: crate::domain::profile::Impact::Mayor,
            onset_at: at(now),
            symptom: Phrase::new("symptom-service-down"),
            category: "aplikasi".into(),
            components: Vec::new(),
            affected: vec![catalogue.services[0].id.clone()],
            flapping_since: None,
        };
        let report = Report { reporter: None, condition: &condition, related: None };
        let (mut ticket, mut activity) =
            open::open(&report, TicketNumber { year: 2026, number: 1 }, &catalogue, &profile, at(now));
        ticket.life.escalation_level = level;
        if missed {
            activity.text = ActivityText::Phrase(Phrase::new("activity-estimate-missed"));
        }
        let (level, reached) = asked(&catalogue, &profile, &ticket, Some(&activity), Some(event), at(now))?;
        let entry = entry(&profile, level, &reached, at(now));
        let texts = crate::texts::Texts::new(crate::texts::Language::Id, profile.time_zone);
        match &entry.text {
            ActivityText::Phrase(phrase) => Some(texts.phrase(phrase)),
            ActivityText::Written(_) => None,
        }
    }

    #[test]
    fn events_ask_the_people_of_their_level() {
        // Sari is away from the 21st to the 31st; Budi stands in, and is of the second role as well.
        let first = "Dihubungi pada tingkat 1: Budi Hartono (Administrator, a.n. Sari Wulandari).";
        assert_eq!(asked_for("opened", 1, false, "10:00").as_deref(), Some(first));
        assert_eq!(asked_for("escalated", 2, true, "10:00").as_deref(), Some(first));
        let second = "Dihubungi pada tingkat 2: Rina Marlina (Penanggung jawab Penyedia Layanan).";
        assert_eq!(asked_for("escalated", 2, false, "10:00").as_deref(), Some(second));
        assert_eq!(asked_for("recovery_prompt", 1, false, "10:00").as_deref(), Some(second));
        let third = "Dihubungi pada tingkat 3: Kepala Dinas (Pimpinan PD Penyedia Layanan).";
        assert_eq!(asked_for("escalated", 3, false, "10:00").as_deref(), Some(third));
        assert_eq!(asked_for("restored", 3, false, "10:00"), None);
    }
}
