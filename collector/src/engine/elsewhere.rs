//! What help desks tell of our tickets, by the same four steps: load what is known, tell theirs from ours by the rules,
//! commit facts and knowledge together, announce. Nobody is sent a message about it: who follows the ticket there knows,
//! and a message of ours would be the next change there.

use super::CommandError;
use super::evaluate::Context;
use super::task::EngineTask;
use crate::domain::ticket::elsewhere::{self, Ours, Standing};
use crate::domain::ticket::{TicketAction, TicketNumber};
use crate::store::elsewhere::ElsewhereEdit;
use crate::store::records::{Decision, TicketChange};
use pantau_shared::timestamp::Timestamp;

/// Confirmations that one look takes over.
const CONFIRMED_MAX: usize = 100;

/// How a way of confirming (field 13) is called where a help desk is one; a profile without it offers its own first.
const METHOD: &str = "aplikasi";

/// A ticket as a help desk told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenElsewhere {
    /// Ours.
    pub ticket: TicketNumber,
    /// What we set there last.
    pub ours: Ours,
    /// How it stands.
    pub seen: Standing,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeardElsewhere {
    /// Changes of others that were noted.
    pub facts: usize,
    /// Tickets of which something was on its way there meanwhile: to be looked at again.
    pub busy: usize,
    /// Tickets that a person's solution there confirmed.
    pub confirmed: usize,
}

impl EngineTask {
    /// Notes what `target` told when it was asked at `asked_at`.
    pub(super) async fn hear(
        &mut self,
        target: String,
        seen: Vec<SeenElsewhere>,
        asked_at: Timestamp,
    ) -> Result<HeardElsewhere, CommandError> {
        let now = self.clock.now();
        let mut out = HeardElsewhere::default();
        let context = Context::new(&self.model, &self.routing, &self.render, now);
        let (mut tickets, mut edits) = (Vec::new(), Vec::new());
        for SeenElsewhere { ticket: number, ours, seen } in seen {
            let name = target.clone();
            let loaded = self.read(move |reader| {
                Ok((reader.is_quiet(number, &name, asked_at)?, reader.known_elsewhere(number, &name)?))
            });
            let (quiet, known) = loaded.await.map_err(CommandError::Store)?;
            if !quiet {
                out.busy += 1;
                continue;
            }
            let heard = elsewhere::evaluate(known.as_ref(), &ours, &seen, &target, asked_at);
            out.facts += heard.facts.len();
            if let Some((ticket, activities)) = elsewhere::note(&self.ticket(number).await?, heard.facts, now) {
                tickets.push(TicketChange { ticket, activities, messages: Vec::new() });
            }
            edits.push(ElsewhereEdit { ticket: number, target: target.clone(), known: heard.known });
        }
        if !edits.is_empty() {
            let cursor = self.durable_cursor();
            let noted: Vec<_> = tickets.iter().map(|change| change.ticket.clone()).collect();
            let decision =
                Decision { cursor, tickets, elsewhere: edits, evaluated_at: context.now, ..Decision::default() };
            let committed = self.store.write(move |writer| writer.commit_decision(&decision)).await;
            committed.map_err(CommandError::Store)?;
            noted.into_iter().for_each(|ticket| self.model.committed(ticket));
        }
        out.confirmed = self.confirm_by_desk(target).await?;
        Ok(out)
    }

    /// Where the office has switched it on, a named person's solution there confirms a ticket that is restored here.
    async fn confirm_by_desk(&mut self, target: String) -> Result<usize, CommandError> {
        if !self.model.catalogue.tickets.desk_confirms {
            return Ok(0);
        }
        let name = target.clone();
        let solved = self.read(move |reader| reader.solved_elsewhere(&name, CONFIRMED_MAX)).await;
        let mut confirmed = 0;
        for (number, known) in solved.map_err(CommandError::Store)? {
            let ticket = self.ticket(number).await?;
            let Some((by, _)) = elsewhere::confirmation(&ticket, &known) else { continue };
            let methods = &self.model.profile.reporting_methods;
            let method = methods.iter().find(|method| *method == METHOD).or_else(|| methods.first());
            let action = TicketAction::Confirm { method: method.cloned().unwrap_or_default() };
            self.act(number, action, &format!("{by} ({target})")).await?;
            confirmed += 1;
        }
        Ok(confirmed)
    }
}
