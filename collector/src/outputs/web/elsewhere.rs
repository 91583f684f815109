//! A ticket at the help desks that have it: its number there with a link, how it stands there, who works on it, and what
//! a person there said of its end. Of entries only author and moment are known here; their text is behind the link.

use super::markup::{Badge, Tone};
use crate::domain::ticket::Ticket;
use crate::domain::ticket::elsewhere::{Deed, Known, Stage, confirmation};
use crate::store::records::ExternalTicket;
use crate::texts::Texts;

/// A help desk's row.
#[derive(Debug)]
pub(crate) struct ElsewhereRow {
    pub(crate) receiver: String,
    /// Its number there.
    pub(crate) reference: String,
    pub(crate) url: String,
    /// How it stands there, once that was heard.
    pub(crate) badge: Option<Badge>,
    /// Who works on it, the last change, the newest entry.
    pub(crate) lines: Vec<String>,
}

/// Receivers that have pages of their own; a thread of mails has none.
pub(crate) fn rows(texts: Texts, links: &[ExternalTicket], known: &[(String, Known)]) -> Vec<ElsewhereRow> {
    let row = |link: &ExternalTicket| {
        let known = known.iter().find(|(target, _)| *target == link.target).map(|(_, known)| known);
        Some(ElsewhereRow {
            receiver: link.target.clone(),
            reference: link.at.reference.clone(),
            url: link.at.url.clone()?,
            badge: known.map(|known| badge(texts, known.stage)),
            lines: known.map(|known| lines(texts, known)).unwrap_or_default(),
        })
    };
    links.iter().filter_map(row).collect()
}

/// What people at help desks said of the end of a ticket that waits for its confirmation here.
pub(crate) fn offers(texts: Texts, ticket: &Ticket, known: &[(String, Known)]) -> Vec<String> {
    let offer = |(desk, known): &(String, Known)| {
        let (by, at) = confirmation(ticket, known)?;
        Some(texts.text("elsewhere-offer", &[("desk", desk), ("by", by), ("time", &texts.instant(at))]))
    };
    known.iter().filter_map(offer).collect()
}

fn badge(texts: Texts, stage: Stage) -> Badge {
    let tone = match stage {
        Stage::New => Tone::Warn,
        Stage::InProgress => Tone::Info,
        Stage::Pending => Tone::Neutral,
        Stage::Solved | Stage::Closed => Tone::Good,
    };
    Badge::new(tone, texts.get(&format!("elsewhere-stage-{}", stage.code())))
}

fn lines(texts: Texts, known: &Known) -> Vec<String> {
    let nobody = texts.get("elsewhere-nobody");
    let deed = |id: &str, deed: &Option<Deed>| {
        let deed = deed.as_ref()?;
        let by = deed.by.as_deref().unwrap_or(&nobody);
        Some(texts.text(id, &[("by", by), ("time", &texts.instant(deed.at))]))
    };
    let assignee = known.assignee.as_ref().map(|name| texts.text("elsewhere-assignee", &[("name", name)]));
    let changed = deed("elsewhere-changed", &known.changed);
    [assignee, changed, deed("elsewhere-newest-entry", &known.entry)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::TicketState;
    use crate::outputs::web::tests::site::{NOW, snapshot};
    use crate::store::records::ExternalReference;
    use crate::texts::Language;

    fn known(solved: Option<&str>) -> Known {
        let deed = |by: Option<&str>| Some(Deed { by: by.map(str::to_owned), at: NOW.plus_secs(-600) });
        Known {
            stage: Stage::Solved,
            assignee: Some("Budi".into()),
            priority: Some("3".into()),
            changed: deed(None),
            entry: deed(Some("<Rina>")),
            solved: solved.and_then(|by| deed(Some(by))),
            asked_at: NOW,
        }
    }

    #[test]
    fn a_help_desk_is_shown_with_its_people_and_its_end_is_offered_only_while_it_is_waited_for() {
        let texts = Texts::new(Language::Id, chrono_tz::Asia::Jakarta);
        let ticket = Ticket::clone(&snapshot().tickets[0]);
        let at = |url: Option<&str>| ExternalReference { reference: "4711".into(), url: url.map(str::to_owned) };
        let link = |target: &str, url| ExternalTicket {
            ticket: ticket.number,
            target: target.into(),
            at: at(url),
            linked_at: NOW,
        };
        let links =
            [link("meja", Some("https://meja/4711")), link("piket", None), link("baru", Some("https://baru/1"))];
        let heard = [("meja".to_owned(), known(Some("Rina")))];
        let rows = rows(texts, &links, &heard);
        let told: Vec<(&str, usize, bool)> =
            rows.iter().map(|row| (row.receiver.as_str(), row.lines.len(), row.badge.is_some())).collect();
        assert_eq!(told, [("meja", 3, true), ("baru", 0, false)], "a thread of mails has no page");
        assert!(rows[0].lines[1].contains("sistem"), "nobody is named: {:?}", rows[0].lines);
        for state in TicketState::ALL {
            let ticket = Ticket { state, ..ticket.clone() };
            let offered = offers(texts, &ticket, &heard);
            assert_eq!(!offered.is_empty(), state == TicketState::Pulih, "{}", state.code());
            assert!(offers(texts, &ticket, &[("meja".to_owned(), known(None))]).is_empty(), "nobody said so");
        }
    }
}
