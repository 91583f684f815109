//! The sentences of an explanation, the same on a page and on the command line.

use super::scene::{AnswerLine, CheckAccount, Scene, VantageAccount};
use crate::domain::availability::{CorrectionEffect, Figures, InstantCount};
use crate::domain::composite::{Judged, JudgedKind};
use crate::domain::state::{AnswerRole, Decision, QuorumRule, State};
use crate::texts::Texts;
use pantau_shared::probe::{ProbeOutcome, ProbePhase};
use pantau_shared::timestamp::Timestamp;

/// A calculation: what is calculated, by which formula, with which numbers, to which result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// What.
    pub label: String,
    /// In letters.
    pub letters: &'static str,
    /// The same with the numbers put in.
    pub numbers: String,
    /// What comes out, floored; a dash where there is no value.
    pub result: String,
}

/// An identifier of a message from a code of the rules.
fn id(prefix: &str, code: &str) -> String {
    format!("{prefix}-{}", code.replace('_', "-"))
}

/// How every share and the budget of a period come about; a reader can repeat it with a pocket calculator.
pub fn formulas(texts: Texts, figures: &Figures) -> Vec<Formula> {
    let counts = &figures.counts;
    let n = |seconds: u64| texts.number(seconds);
    let (u, d, k) = (n(counts.up_s), n(counts.down_s), n(counts.unknown_s));
    let share = |label: &str, letters, numbers, ppm: Option<u32>| Formula {
        label: texts.get(label),
        letters,
        numbers,
        result: ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent_whole(ppm)),
    };
    let known = format!("{u} ÷ ({u} + {d})");
    let least = format!("{u} ÷ ({u} + {d} + {k})");
    let most = format!("({u} + {k}) ÷ ({u} + {d} + {k})");
    let covered = format!("({u} + {d}) ÷ ({u} + {d} + {k})");
    let mut all = vec![
        share("explain-availability", "U ÷ (U + D)", known, figures.availability_ppm),
        share("figure-min", "U ÷ (U + D + K)", least, figures.availability_min_ppm),
        share("figure-max", "(U + K) ÷ (U + D + K)", most, figures.availability_max_ppm),
        share("figure-coverage", "(U + D) ÷ (U + D + K)", covered, figures.coverage_ppm),
    ];
    if let (Some(target), Some(budget), Some(left)) = (figures.target_ppm, figures.budget_s, figures.budget_left_s) {
        let target = texts.percent_exact(target);
        let allowed = Formula {
            label: texts.get("explain-budget"),
            letters: "(1 − T) × (U + D + K)",
            // Under several targets each stretch has its own: there is no one line to put the numbers in.
            numbers: if figures.target_changed {
                texts.get("explain-budget-parts")
            } else {
                format!("(1 − {target}) × {}", n(counts.counted_s()))
            },
            result: seconds(texts, budget),
        };
        let rest = Formula {
            label: texts.get("explain-budget-left"),
            letters: "(1 − T) × (U + D + K) − D",
            numbers: format!("{} − {d}", signed(texts, budget)),
            result: seconds(texts, left),
        };
        all.extend([allowed, rest]);
    }
    all
}

fn signed(texts: Texts, value: i64) -> String {
    let digits = texts.number(value.unsigned_abs());
    if value < 0 { format!("−{digits}") } else { digits }
}

/// `2.012 detik (33 menit 32 detik)`, with a minus where overspent.
pub fn seconds(texts: Texts, value: i64) -> String {
    let count = texts.text("figure-seconds", &[("count", &signed(texts, value))]);
    let span = texts.duration(value.unsigned_abs());
    if value.unsigned_abs() < 60 { count } else { format!("{count} ({span})") }
}

/// What an answer did, in one sentence.
pub fn role(texts: Texts, line: &AnswerLine, check: &CheckAccount) -> String {
    if line.blinded {
        return texts.get("explain-role-blinded");
    }
    let needed = check.confirm_failures.to_string();
    let message = id("explain-role", line.account.role.code());
    match line.account.role {
        AnswerRole::Good | AnswerRole::Unable => texts.get(&message),
        AnswerRole::RunBegins => texts.text(&message, &[("needed", &needed)]),
        AnswerRole::RunGoesOn(count) => texts.text(&message, &[("count", &count.to_string()), ("needed", &needed)]),
        AnswerRole::EndsBlip(count) => texts.text(&message, &[("count", &count.to_string())]),
        AnswerRole::Confirms { since } | AnswerRole::StillDown { since } | AnswerRole::EndsOutage { since } => {
            texts.text(&message, &[("since", &texts.clock_seconds(since))])
        }
    }
}

/// What else is to be known of an answer: repeated at once, arrived late, followed by silence.
pub fn marks(texts: Texts, line: &AnswerLine) -> Vec<String> {
    let mut out = Vec::new();
    if line.outcome.repeated {
        out.push(texts.get("explain-repeated"));
    }
    if line.late {
        let span = texts.between(line.account.result.at, line.received_at);
        out.push(texts.text("explain-late", &[("span", &span)]));
    }
    if line.account.silence_follows {
        out.push(texts.text("explain-silence", &[("time", &texts.clock_seconds(line.account.held_until))]));
    }
    out
}

/// The phase in which an answer ended; empty when the agent told none.
pub fn phase(texts: Texts, outcome: &ProbeOutcome) -> String {
    let id = match outcome.phase() {
        ProbePhase::Unspecified => return String::new(),
        ProbePhase::Resolve => "phase-resolve",
        ProbePhase::Connect => "phase-connect",
        ProbePhase::Tls => "phase-tls",
        ProbePhase::FirstByte => "phase-first-byte",
        ProbePhase::Transfer => "phase-transfer",
        ProbePhase::Content => "phase-content",
        ProbePhase::Handshake => "phase-handshake",
        ProbePhase::Query => "phase-query",
        ProbePhase::Local => "phase-local",
    };
    texts.get(id)
}

/// What the vantages of a check decided together.
pub fn decision(texts: Texts, decision: &Decision) -> String {
    let counts = [
        ("up", decision.up.to_string()),
        ("degraded", decision.degraded.to_string()),
        ("down", decision.down.to_string()),
        ("unknown", decision.unknown.to_string()),
        ("valid", (decision.up + decision.degraded + decision.down).to_string()),
        ("needed", decision.min_valid.to_string()),
    ];
    let args: Vec<(&str, &str)> = counts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    texts.text(&id("explain-quorum", decision.rule.code()), &args)
}

/// Whether the rule of a quorum is worth a sentence: one vantage that answers needs none.
pub fn decision_says_more(check: &CheckAccount) -> bool {
    check.vantages.len() > 1 || check.decision.rule == QuorumRule::TooFewValid
}

/// Why a vantage says what it says, where its answers alone do not tell.
pub fn vantage_note(texts: Texts, vantage: &VantageAccount) -> Option<String> {
    if vantage.answers.is_empty() {
        return Some(texts.get("explain-no-answers"));
    }
    if let Some(isolated) = &vantage.isolated {
        let (since, until) = (isolated.interval.from, isolated.interval.to);
        let args = [
            ("count", isolated.witnesses.len().to_string()),
            ("since", texts.instant_seconds(since)),
            ("until", texts.instant_seconds(until)),
        ];
        let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        return Some(texts.text("explain-isolated", &args));
    }
    if let Some(since) = vantage.silent_since {
        return Some(texts.text("explain-silent-since", &[("time", &texts.instant_seconds(since))]));
    }
    if vantage.provisional {
        return Some(texts.get("explain-provisional"));
    }
    (!vantage.begin_seen && vantage.state == State::Down).then(|| texts.get("explain-begin-unseen"))
}

/// What the witnesses of a vantage that was cut off answered: one line each.
pub fn witnesses(texts: Texts, vantage: &VantageAccount) -> Vec<String> {
    let answer = |(at, outcome): &(Timestamp, ProbeOutcome)| {
        let verdict = texts.get(&format!("probe-{}", outcome.verdict().name().replace('_', "-")));
        let reason = if outcome.reason.is_empty() { String::new() } else { format!(" ({})", outcome.reason) };
        format!("{} {verdict}{reason}", texts.clock_seconds(*at))
    };
    let all = vantage.isolated.iter().flat_map(|isolated| &isolated.witnesses);
    all.map(|witness| {
        let answers: Vec<String> = witness.answers.iter().map(answer).collect();
        texts.text("explain-witness", &[("witness", &witness.name), ("answers", &answers.join(" · "))])
    })
    .collect()
}

/// The formula of a service in one line: `semua dari (A = Normal, B = Terhenti) = Terhenti`.
pub fn formula(texts: Texts, scene: &Scene) -> String {
    part(texts, scene, &scene.judged)
}

fn part(texts: Texts, scene: &Scene, judged: &Judged) -> String {
    let state = texts.get(&id("state", judged.state.name()));
    let list = || judged.parts.iter().map(|each| part(texts, scene, each)).collect::<Vec<_>>().join(", ");
    match judged.kind {
        JudgedKind::Component(place) => {
            let name = scene.checks.get(place).map_or("?", |check| check.name.as_str());
            format!("{name} = {state}")
        }
        JudgedKind::All => texts.text("explain-formula-all", &[("parts", &list()), ("state", &state)]),
        JudgedKind::KOfN(k) => {
            texts.text("explain-formula-k", &[("k", &k.to_string()), ("parts", &list()), ("state", &state)])
        }
    }
}

/// As what the instant counts, and what decided that; one sentence each.
pub fn counted(texts: Texts, hours: &str, count: &InstantCount) -> Vec<String> {
    let mut out = vec![texts.get(&id("explain-counted", count.counted_as.code()))];
    if !count.in_force {
        out.push(texts.get("explain-not-in-force"));
        return out;
    }
    let inside = if count.in_service_time { "explain-in-hours" } else { "explain-out-of-hours" };
    out.push(texts.text(inside, &[("hours", hours)]));
    if let Some(since) = count.terms_since {
        out.push(texts.text("explain-terms-since", &[("time", &texts.instant(since))]));
    }
    if let Some(correction) = count.correction {
        let seq = correction.seq.to_string();
        out.push(match correction.effect {
            CorrectionEffect::Exclude(_) | CorrectionEffect::Withdraw { .. } => {
                texts.text("explain-corrected-out", &[("number", &seq)])
            }
            CorrectionEffect::SetState(_, state) => {
                let state = texts.get(&id("state", state.name()));
                texts.text("explain-corrected-to", &[("number", &seq), ("state", &state)])
            }
        });
    }
    for (window, counts) in &count.windows {
        let message = if *counts { "explain-window" } else { "explain-window-void" };
        let (from, to) = (texts.instant(window.interval.from), texts.instant(window.interval.to));
        out.push(texts.text(message, &[("from", &from), ("to", &to)]));
    }
    if count.component_maintenance {
        out.push(texts.get("explain-window-component"));
    }
    out
}

/// Begin of a stretch, in words; a dash where it has none.
pub fn rim(texts: Texts, at: Timestamp) -> String {
    use crate::domain::interval::Interval;
    if at <= Interval::ALL.from || at >= Interval::ALL.to { "–".to_owned() } else { texts.instant_seconds(at) }
}
