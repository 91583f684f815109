//! Why a vantage stands as it does: what every answer did to the run of failures it met.
//!
//! The answers are fed to the very [`VantageTrack`] that judges them, and what it says of each is written down. So an
//! account cannot differ from the judgement. Knows no texts.

use super::track::{CheckOutcome, CheckPolicy, CheckResult, OutOfOrder, VantageTrack};
use super::{State, StateInterval, Timeline};
use crate::domain::interval::Interval;
use pantau_shared::timestamp::Timestamp;

/// What one answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerRole {
    /// A success with no run of failures before it.
    Good,
    /// The first failure of a run that is not yet long enough.
    RunBegins,
    /// A further failure of a run that is not yet long enough: so many by now.
    RunGoesOn(u32),
    /// The failure that made the outage certain; it is dated from the first failure of its run.
    Confirms {
        /// The first failure.
        since: Timestamp,
    },
    /// A further failure of a confirmed outage.
    StillDown {
        /// The first failure.
        since: Timestamp,
    },
    /// The success that ended a confirmed outage.
    EndsOutage {
        /// The first failure.
        since: Timestamp,
    },
    /// The success that showed a run of so few failures to be a blip (*kedipan*).
    EndsBlip(u32),
    /// The probe could not ask: says nothing, and neither makes nor breaks a run.
    Unable,
}

impl AnswerRole {
    /// The code in the API and in message identifiers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::RunBegins => "run_begins",
            Self::RunGoesOn(_) => "run_goes_on",
            Self::Confirms { .. } => "confirms",
            Self::StillDown { .. } => "still_down",
            Self::EndsOutage { .. } => "ends_outage",
            Self::EndsBlip(_) => "ends_blip",
            Self::Unable => "unable",
        }
    }
}

/// One answer in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerAccount {
    /// The answer.
    pub result: CheckResult,
    /// What it did.
    pub role: AnswerRole,
    /// It held so long: to the next answer or until it was stale.
    pub held_until: Timestamp,
    /// Silence followed: nobody answered before it was stale. Silence ends a run.
    pub silence_follows: bool,
}

/// The account of one vantage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackAccount {
    /// Every answer, in order of time.
    pub answers: Vec<AnswerAccount>,
    /// What follows from them, up to where the newest answer holds.
    pub timeline: Timeline,
    /// A run of failures is not yet decided: its next answers say what this time was. Empty otherwise.
    pub undecided: Interval,
}

impl TrackAccount {
    /// The account of `results`, which are in order of time.
    ///
    /// # Errors
    /// [`OutOfOrder`] at the first result older than its predecessor.
    pub fn of(policy: CheckPolicy, results: &[CheckResult]) -> Result<Self, OutOfOrder> {
        let mut track = VantageTrack::new(policy);
        let mut answers: Vec<AnswerAccount> = Vec::with_capacity(results.len());
        let mut states: Vec<StateInterval> = Vec::new();
        for result in results {
            let stale_at = policy.stale_at(result.at);
            let before = (track.failures(), track.down_since());
            let change = track.feed(*result)?;
            states.extend(change.settled);
            if let Some(last) = answers.last_mut() {
                last.silence_follows = result.at > last.held_until;
                last.held_until = last.held_until.min(result.at);
            }
            // A run that silence had ended before this answer was none any more.
            let broken = answers.last().is_some_and(|last| last.silence_follows);
            let (failures, down_since) = if broken { (0, None) } else { before };
            let role = match result.outcome {
                CheckOutcome::ProbeError => AnswerRole::Unable,
                CheckOutcome::Ok | CheckOutcome::Degraded => match (change.ended_down_since, failures) {
                    (Some(since), _) => AnswerRole::EndsOutage { since },
                    (None, 0) => AnswerRole::Good,
                    (None, failures) => AnswerRole::EndsBlip(failures),
                },
                CheckOutcome::Failed => match (change.confirmed_down_since, down_since) {
                    (Some(since), _) => AnswerRole::Confirms { since },
                    (None, Some(since)) => AnswerRole::StillDown { since },
                    (None, None) if track.failures() > 1 => AnswerRole::RunGoesOn(track.failures()),
                    (None, None) => AnswerRole::RunBegins,
                },
            };
            answers.push(AnswerAccount { result: *result, role, held_until: stale_at, silence_follows: false });
        }
        let mut undecided = Interval::new(Interval::ALL.to, Interval::ALL.to);
        if let Some(horizon) = track.horizon() {
            states.extend(track.tail(horizon));
            undecided = Interval::new(track.pending_since().unwrap_or(horizon), horizon);
        }
        Ok(Self { answers, timeline: Timeline::from_intervals(states), undecided })
    }

    /// The state at `at`, and whether the next answers may still change it.
    pub fn state_at(&self, at: Timestamp) -> (State, bool) {
        (self.timeline.state_at(at), self.undecided.contains(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: CheckPolicy = CheckPolicy { stale_after_ms: 150_000, confirm_failures: 3 };

    /// A letter per minute, as in the scenarios of the track; the code of every answer's role.
    fn roles(text: &str) -> Vec<&'static str> {
        let outcome = |letter| match letter {
            'o' => Some(CheckOutcome::Ok),
            'f' => Some(CheckOutcome::Failed),
            'e' => Some(CheckOutcome::ProbeError),
            _ => None,
        };
        let minute = |i: usize| Timestamp::from_secs(60 * i64::try_from(i).expect("short"));
        let letters = text.chars().enumerate();
        let results: Vec<CheckResult> =
            letters.filter_map(|(i, c)| Some(CheckResult { at: minute(i), outcome: outcome(c)? })).collect();
        let account = TrackAccount::of(POLICY, &results).expect("in order");
        let horizon = results.last().map_or(minute(0), |last| POLICY.stale_at(last.at));
        let judged = VantageTrack::evaluate(POLICY, &results, horizon).expect("in order");
        assert_eq!(account.timeline, Timeline::from_intervals(judged), "{text}: the account is the judgement");
        account.answers.iter().map(|answer| answer.role.code()).collect()
    }

    #[test]
    fn every_answer_of_an_outage_has_its_part() {
        let expected = ["good", "run_begins", "run_goes_on", "confirms", "still_down", "ends_outage", "good"];
        assert_eq!(roles("offffoo"), expected);
        assert_eq!(roles("offo"), ["good", "run_begins", "run_goes_on", "ends_blip"]);
        assert_eq!(roles("ofefo"), ["good", "run_begins", "unable", "run_goes_on", "ends_blip"]);
    }

    #[test]
    fn silence_ends_a_run() {
        assert_eq!(roles("off....fo"), ["good", "run_begins", "run_goes_on", "run_begins", "ends_blip"]);
        assert_eq!(roles("offff....o"), ["good", "run_begins", "run_goes_on", "confirms", "still_down", "good"]);
    }
}
