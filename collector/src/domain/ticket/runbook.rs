//! The first step that is suggested for a disturbance: what the office wrote, else the product's own words by class and
//! by where the asking ended.

use super::{TicketClass, TicketKey, TicketScope};
use crate::domain::phrase::Phrase;

/// What an office wants done first; `[[panduan]]` of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunbookEntry {
    /// For which class.
    pub class: TicketClass,
    /// Only where the asking ended in this phase; none: wherever.
    pub phase: Option<String>,
    /// What to do, as the office wrote it.
    pub text: String,
}

/// A suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstStep<'a> {
    /// In the office's words.
    Written(&'a str),
    /// In the product's.
    Suggested(Phrase),
}

/// Phases of an asking for which there are words of their own.
const PHASES: [&str; 5] = ["resolve", "connect", "tls", "processing", "content"];

/// Parts of hosts whose disturbances have words of their own, by their place in keys.
const PARTS: [&str; 3] = ["clock", "reboot", "units"];

/// The first step for the ticket of a key; `phase` is where the asking ended, empty where none is told.
pub fn first_step<'a>(office: &'a [RunbookEntry], key: &TicketKey, phase: &str) -> FirstStep<'a> {
    let class = key.class;
    let of_class = || office.iter().filter(|entry| entry.class == class);
    let exact = of_class()
        .find(|entry| entry.phase.as_deref() == Some(phase).filter(|phase| !phase.is_empty()) && entry.phase.is_some());
    if let Some(entry) = exact.or_else(|| of_class().find(|entry| entry.phase.is_none())) {
        return FirstStep::Written(&entry.text);
    }
    let code = class.code().replace('_', "-");
    let own = match (&key.scope, class) {
        (_, TicketClass::Access) => Some(phase).filter(|phase| PHASES.contains(phase)),
        (TicketScope::Host(_, part), TicketClass::Function) => Some(part.as_str()).filter(|part| PARTS.contains(part)),
        (_, _) => None,
    };
    FirstStep::Suggested(Phrase::new(&own.map_or(format!("runbook-{code}"), |own| format!("runbook-{code}-{own}"))))
}

/// Every message of this module.
pub fn message_ids() -> Vec<String> {
    let classes = TicketClass::ALL.map(|class| format!("runbook-{}", class.code().replace('_', "-")));
    let phases = PHASES.map(|phase| format!("runbook-akses-{phase}"));
    let parts = PARTS.map(|part| format!("runbook-fungsi-{part}"));
    classes.into_iter().chain(phases).chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offices_words_come_first_and_the_phase_before_the_class() {
        let entry = |phase: Option<&str>, text: &str| RunbookEntry {
            class: TicketClass::Access,
            phase: phase.map(str::to_owned),
            text: text.to_owned(),
        };
        let office = [entry(None, "panggil piket"), entry(Some("tls"), "perbarui sertifikat")];
        let key = |class| TicketKey { scope: TicketScope::Site, class };
        let step = |office, class, phase: &str| match first_step(office, &key(class), phase) {
            FirstStep::Written(text) => text.to_owned(),
            FirstStep::Suggested(phrase) => phrase.id,
        };
        assert_eq!(step(&office, TicketClass::Access, "tls"), "perbarui sertifikat");
        assert_eq!(step(&office, TicketClass::Access, "connect"), "panggil piket");
        assert_eq!(step(&office, TicketClass::Backup, "tls"), "runbook-cadangan");
        assert_eq!(step(&[], TicketClass::Access, "tls"), "runbook-akses-tls");
        assert_eq!(step(&[], TicketClass::Access, ""), "runbook-akses");
        assert_eq!(step(&[], TicketClass::MonitoringLost, ""), "runbook-kehilangan-pemantauan");
        let host = pantau_shared::ids::HostId::parse("a").expect("valid");
        let units = TicketKey { scope: TicketScope::Host(host, "units".into()), class: TicketClass::Function };
        assert_eq!(
            first_step(&[], &units, ""),
            FirstStep::Suggested(Phrase::new("runbook-fungsi-units")),
            "a rule with words of its own"
        );
        assert!(message_ids().contains(&"runbook-akses-connect".to_owned()));
    }
}
