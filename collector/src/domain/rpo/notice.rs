//! When it is told that a set is at risk: once per episode, and once that it is over, unless a ticket took over.
//!
//! An episode begins with the warning (80 % of the RPO) and goes on while the set is not fresh again, whatever newer data
//! came in it. A breach ends it without a word of its own: the ticket speaks from there on (engines C.2, tickets).

use crate::snapshot::BackupState;
use pantau_shared::timestamp::Timestamp;

/// What follows for a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskChange {
    /// An episode began, at this instant; it is told.
    Began(Timestamp),
    /// It ended; it is told.
    Over(Timestamp),
    /// A ticket took over.
    TakenOver(Timestamp),
}

/// `episode`: the one that is open; `at_risk_at`: since when the newest data are at risk; `ticket`: whether the set has a
/// ticket whose disturbance goes on.
pub fn evaluate(
    episode: Option<Timestamp>,
    state: BackupState,
    at_risk_at: Option<Timestamp>,
    ticket: bool,
) -> Option<RiskChange> {
    match (state, episode) {
        (BackupState::Peringatan, None) => at_risk_at.filter(|_| !ticket).map(RiskChange::Began),
        (BackupState::Peringatan, Some(_)) => None,
        (BackupState::Langgar | BackupState::TanpaCadangan, episode) => episode.map(RiskChange::TakenOver),
        (BackupState::Segar | BackupState::BelumDitetapkan | BackupState::Informasi, episode) => {
            episode.map(RiskChange::Over)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_told_once_and_its_end_unless_a_ticket_took_over() {
        let at = |seconds| Some(Timestamp::from_secs(seconds));
        let began = RiskChange::Began(Timestamp::from_secs(5));
        let over = RiskChange::Over(Timestamp::from_secs(5));
        let taken = RiskChange::TakenOver(Timestamp::from_secs(5));
        for (episode, state, at_risk, ticket, expected) in [
            (None, BackupState::Segar, at(5), false, None),
            (None, BackupState::Peringatan, at(5), false, Some(began)),
            (None, BackupState::Peringatan, at(5), true, None),
            (at(5), BackupState::Peringatan, at(9), false, None),
            (at(5), BackupState::Segar, at(99), false, Some(over)),
            (at(5), BackupState::Informasi, None, false, Some(over)),
            (at(5), BackupState::Langgar, at(5), true, Some(taken)),
            (at(5), BackupState::TanpaCadangan, None, false, Some(taken)),
            (None, BackupState::Langgar, at(5), true, None),
        ] {
            assert_eq!(evaluate(episode, state, at_risk, ticket), expected, "{episode:?} {state:?} {ticket}");
        }
    }
}
