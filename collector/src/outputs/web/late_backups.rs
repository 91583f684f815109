//! Late records of backups in words: what was learnt of which backup, and the set's months before and after.

use super::corrections::MonthRow;
use crate::domain::register::{LateBackups, RpoFigures, RpoMonth};
use crate::domain::rpo::record::BackupRecord;
use crate::texts::Texts;

/// Records that are listed at most.
const ROWS_MAX: usize = 100;

/// One backup: its name, as it was known and as it is.
#[derive(Debug)]
pub(crate) struct LateRow {
    pub(crate) artefact: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The backups behind a correction; `now` are the set's records as far as they are known today.
pub(crate) fn rows(texts: Texts, late: &LateBackups, now: &[BackupRecord]) -> Vec<LateRow> {
    let row = |held: &crate::domain::rpo::late::HeldRecord| {
        let found = now.iter().find(|r| r.artefact == held.artefact && r.generation == held.generation);
        LateRow {
            artefact: held.artefact.clone(),
            before: held.before.as_ref().map_or_else(|| texts.get("late-record-new"), |record| known(texts, record)),
            after: found.map_or_else(|| "–".to_owned(), |record| known(texts, record)),
        }
    };
    late.held.iter().take(ROWS_MAX).map(row).collect()
}

fn known(texts: Texts, record: &BackupRecord) -> String {
    let instant = |at: Option<_>| at.map_or_else(|| "–".to_owned(), |at| texts.instant(at));
    let (data, end) = (instant(record.data_time), instant(record.ended_at));
    let main = texts.text("late-record-known", &[("data", &data), ("end", &end)]);
    let told = |id: &str, at: Option<_>| at.map(|at| texts.text(id, &[("time", &texts.instant(at))]));
    let more = [told("late-record-verified", record.verified_at), told("late-record-deleted", record.deleted_at)];
    std::iter::once(main).chain(more.into_iter().flatten()).collect::<Vec<_>>().join(" · ")
}

/// The verdict on a month of a set, with its compliance.
pub(crate) fn verdict(texts: Texts, figures: Option<&RpoFigures>) -> String {
    let Some(figures) = figures else { return texts.get("late-unwatched") };
    let share = figures.compliance_ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent(ppm));
    let verdict = texts.get(if figures.holds() { "late-verdict-kept" } else { "late-verdict-broken" });
    format!("{verdict} · {share}")
}

/// The months of a set before and after.
pub(crate) fn month_rows(texts: Texts, months: &[RpoMonth]) -> Vec<MonthRow> {
    let row = |change: &RpoMonth| {
        let seconds = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |seconds| texts.duration(seconds));
        let count = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |number| texts.number(number));
        let each = |side: Option<RpoFigures>| {
            [
                ("rpo-breach-time", seconds(side.map(|f| f.breach_s))),
                ("rpo-breaches", count(side.map(|f| f.breaches))),
                ("rpo-no-backup-time", seconds(side.map(|f| f.no_backup_s))),
                ("rpo-peak", seconds(side.and_then(|f| f.peak_exposure_s))),
            ]
        };
        let pairs = each(change.before).into_iter().zip(each(change.after));
        let differing = pairs.filter(|((_, before), (_, after))| before != after);
        MonthRow {
            month: texts.month(change.month),
            before: verdict(texts, change.before.as_ref()),
            after: verdict(texts, change.after.as_ref()),
            changes: differing.map(|((id, before), (_, after))| (texts.get(id), before, after)).collect(),
        }
    };
    months.iter().map(row).collect()
}
