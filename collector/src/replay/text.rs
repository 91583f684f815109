//! A replay in words, for a terminal and for pages.

use super::{Line, Replay, ValuePair};
use crate::domain::rule::{Rule, Unit};
use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// Tickets of either kind on a terminal.
const LINES_MAX: usize = 100;

/// A value in the unit of its parameter.
pub fn value(texts: Texts, unit: Unit, value: u32) -> String {
    match unit {
        Unit::Count => texts.number(value.into()),
        Unit::Percent => format!("{value} %"),
        Unit::Permille => texts.permille(value),
        Unit::Seconds => texts.duration(value.into()),
    }
}

/// The unit of a rule's parameter, by its name.
pub fn unit_of(rule: Rule, name: &str) -> Unit {
    rule.parameters().into_iter().find(|parameter| parameter.name == name).map_or(Unit::Count, |p| p.unit)
}

/// A rule's name for people.
pub fn name(texts: Texts, rule: Rule) -> String {
    texts.get(&format!("rule-{}", rule.code().replace('_', "-")))
}

/// What was found, in one sentence.
pub fn summary(texts: Texts, replay: &Replay) -> String {
    let days = (replay.to_ms - replay.from_ms).div_euclid(86_400_000);
    let hours = texts.duration(replay.alarm_s);
    let args = [
        ("days", days.to_string()),
        ("tickets", replay.tickets().to_string()),
        ("opened", replay.opened.len().to_string()),
        ("alarm", hours),
        ("judged", replay.done.to_string()),
        ("subjects", replay.subjects.to_string()),
        ("folded", replay.folded().to_string()),
    ];
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut out = texts.text("replay-summary", &args);
    if replay.folded() > 0 {
        out = format!("{out} {}", texts.text("replay-folded", &args));
    }
    if replay.done < replay.subjects {
        out = format!("{out} {}", texts.text("replay-unfinished", &args));
    }
    out
}

/// How long a ticket lasted, or that it goes on.
pub fn lasted(texts: Texts, line: &Line) -> String {
    match line.restored_ms {
        Some(end) => texts.between(Timestamp::from_ms(line.onset_ms), Timestamp::from_ms(end)),
        None => texts.get("replay-goes-on"),
    }
}

/// One value, and what was tried in its place.
pub fn pair(texts: Texts, rule: Rule, pair: &ValuePair) -> String {
    let unit = unit_of(rule, &pair.name);
    let in_force = value(texts, unit, pair.in_force);
    match pair.tried {
        None => format!("{} = {in_force}", pair.name),
        Some(tried) => format!(
            "{} = {} ({})",
            pair.name,
            value(texts, unit, tried),
            texts.text("replay-instead", &[("value", &in_force)])
        ),
    }
}

/// The whole for a terminal.
pub fn render(texts: Texts, rule: Rule, replay: &Replay) -> String {
    let mut out = vec![format!("{} ({})", name(texts, rule), rule.code())];
    out.push(replay.values.iter().map(|p| pair(texts, rule, p)).collect::<Vec<_>>().join(", "));
    out.push(summary(texts, replay));
    out.extend(replay.notes.iter().map(|id| format!("  {}", texts.get(id))));
    for (title, lines) in [("replay-would-open", &replay.would_open), ("replay-opened", &replay.opened)] {
        out.extend([String::new(), texts.get(title)]);
        if lines.is_empty() {
            out.push(format!("  {}", texts.get("replay-none")));
        }
        out.extend(lines.iter().take(LINES_MAX).map(|line| format!("  {}", one(texts, line))));
        if lines.len() > LINES_MAX {
            out.push(format!("  {}", texts.text("replay-more", &[("count", &(lines.len() - LINES_MAX).to_string())])));
        }
    }
    out.join("\n")
}

fn one(texts: Texts, line: &Line) -> String {
    let onset = texts.instant_seconds(Timestamp::from_ms(line.onset_ms));
    let number = line.number.as_ref().map(|number| format!("{number} · ")).unwrap_or_default();
    let folded = if line.folded { format!(" · {}", texts.get("replay-is-folded")) } else { String::new() };
    format!("{onset} · {number}P{} · {} · {}{folded}", line.priority, line.about, lasted(texts, line))
}
