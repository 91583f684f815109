//! Opening and changing a record of a problem: read, decided and kept in one transaction, with its entry in the audit
//! trail, so that two people at the same moment never overwrite each other.

use crate::domain::catalogue::ServiceId;
use crate::domain::problem::{Problem, ProblemEdit, ProblemRefusal};
use crate::domain::register::Signature;
use crate::domain::ticket::{Actor, TicketNumber};
use crate::store::audit::AuditEntry;
use crate::store::{Store, StoreError};
use serde_json::json;

/// What a record begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProblem {
    /// Which service.
    pub service: ServiceId,
    /// By which cause.
    pub cause: String,
    /// Tickets that show it; those that are not known or did not affect the service are left out.
    pub evidence: Vec<TicketNumber>,
}

/// Why there is no such record.
#[derive(Debug, thiserror::Error)]
pub enum ProblemError {
    /// By the rules.
    #[error(transparent)]
    Refused(#[from] ProblemRefusal),
    /// The store failed.
    #[error("cannot keep the problem")]
    Store(#[from] StoreError),
}

fn audit(action: &'static str, before: Option<&Problem>, problem: &Problem) -> AuditEntry {
    let told = |problem: &Problem| {
        json!({
            "state": problem.state.code(),
            "action": problem.action,
            "owner": problem.owner,
            "due": problem.due.map(|date| date.to_string()),
            "verification": problem.verification,
        })
    };
    AuditEntry {
        at: problem.changed.at,
        actor: Actor::Person(problem.changed.by.clone()),
        action,
        subject: format!("problem/{}", problem.number),
        detail: match before {
            None => json!({
                "service": problem.service.as_str(),
                "cause": problem.cause,
                "evidence": problem.evidence.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
            Some(before) => json!({ "before": told(before), "after": told(problem) }),
        },
    }
}

/// Records a problem as proposed.
///
/// # Errors
/// [`ProblemError`].
pub async fn open(store: &Store, new: NewProblem, sign: Signature) -> Result<Problem, ProblemError> {
    let opened = store.write(move |writer| {
        let reader = writer.reader();
        if let Some(open) = reader.open_problem_of(&new.service, new.cause.trim())? {
            return Ok(Err(ProblemRefusal::AlreadyOpen(open.number)));
        }
        let mut evidence = Vec::with_capacity(new.evidence.len());
        for number in new.evidence {
            let ticket = reader.ticket(number)?;
            evidence.extend(ticket.filter(|t| t.affected_services.contains(&new.service)).map(|_| number));
        }
        let number = reader.next_problem_number()?;
        let problem = match Problem::propose(number, new.service, &new.cause, evidence, sign) {
            Ok(problem) => problem,
            Err(refusal) => return Ok(Err(refusal)),
        };
        writer.save_problem(&problem, &audit("problem.open", None, &problem))?;
        Ok(Ok(problem))
    });
    Ok(opened.await??)
}

/// Changes a record that is still as it was at `version`; `None`: however it is.
///
/// # Errors
/// [`ProblemError`].
pub async fn edit(
    store: &Store,
    number: u32,
    version: Option<u32>,
    edit: ProblemEdit,
    sign: Signature,
) -> Result<Problem, ProblemError> {
    let changed = store.write(move |writer| {
        let Some(before) = writer.reader().problem(number)? else {
            return Ok(Err(ProblemRefusal::NoSuchProblem));
        };
        if version.is_some_and(|version| version != before.version) {
            return Ok(Err(ProblemRefusal::Outdated));
        }
        let after = match before.edited(&edit, sign) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        writer.save_problem(&after, &audit("problem.edit", Some(&before), &after))?;
        Ok(Ok(after))
    });
    Ok(changed.await??)
}
