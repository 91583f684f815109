//! What is learnt of backups of a time that is final (engines C.2, late records; house rule 4): the records stay true, and
//! the figures of that time stay as they were told until people agree.
//!
//! ```text
//! learnt at t ──► does it change what was usable before the newest final month's end?
//!                   no:  nothing is said            yes: a hold per record, and one proposal for the set
//! hold    until an instant the record counts as it was known before; from there on as it is
//! ```
//!
//! Of several holds of one record the earliest that reaches an instant says how it counts there. What is alike in every
//! figure is not proposed, and not held. Knows neither numbers of proposals nor who decides.

use super::record::BackupRecord;
use super::{Backup, Policy, exposure};
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How a record counts before an instant, as long as nobody has agreed to what was learnt of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// Its name in its set.
    pub artefact: String,
    /// How often the name had held other data before.
    pub generation: u32,
    /// As it was known; none when it was not known at all.
    pub before: Option<BackupRecord>,
    /// The end of the newest month that was final when it was learnt.
    pub until: Timestamp,
}

impl HeldRecord {
    fn is_of(&self, record: &BackupRecord) -> bool {
        self.generation == record.generation && self.artefact == record.artefact
    }
}

/// What of a record can matter before `until`: a verification or a deletion after it can't, nor a backup that ended later.
fn known_before(record: Option<&BackupRecord>, until: Timestamp) -> Option<BackupRecord> {
    let record = record?;
    let whole = match record.status {
        BackupStatus::Ok | BackupStatus::Partial => true,
        BackupStatus::Unspecified | BackupStatus::Failed | BackupStatus::Running => false,
    };
    if !whole || record.data_time.is_none() || record.ended_at.unwrap_or(record.first_seen_at) >= until {
        return None;
    }
    Some(BackupRecord {
        deleted_at: record.deleted_at.filter(|at| *at < until),
        verified_at: record.verified_at.filter(|at| *at < until),
        // What no figure depends on.
        first_seen_at: if record.ended_at.is_some() { until } else { record.first_seen_at },
        last_seen_at: until,
        started_at: None,
        location: String::new(),
        ..record.clone()
    })
}

/// Whether a record that was known as `before` may change what was usable before `until`.
pub fn may_matter(before: Option<&BackupRecord>, after: &BackupRecord, until: Timestamp) -> bool {
    known_before(before, until) != known_before(Some(after), until)
}

/// `records` as they count at `at` while `holds`, in the order in which they were learnt, stand.
pub fn as_held<'a>(records: &'a [BackupRecord], holds: &[&HeldRecord], at: Timestamp) -> Cow<'a, [BackupRecord]> {
    if holds.iter().all(|hold| hold.until <= at) {
        return Cow::Borrowed(records);
    }
    let mut out = records.to_vec();
    let mut done: BTreeSet<(&str, u32)> = BTreeSet::new();
    for hold in holds.iter().filter(|hold| at < hold.until) {
        if done.insert((&hold.artefact, hold.generation)) {
            out.retain(|record| !hold.is_of(record));
            out.extend(hold.before.clone());
        }
    }
    out.sort_by_key(BackupRecord::time);
    Cow::Owned(out)
}

/// The instants at which the way that records count changes, in order.
pub fn rims(holds: &[&HeldRecord]) -> BTreeSet<Timestamp> {
    holds.iter().map(|hold| hold.until).collect()
}

/// When `fresh` holds over `records` change anything of a time that is final, given the holds that stand: from the first to
/// the last instant at which the newest usable data would be others. Each instant counts by its own terms, and `list`
/// tells the backups of records by them. None when no figure can change.
pub fn changed(
    records: &[BackupRecord],
    (standing, fresh): (&[&HeldRecord], &[HeldRecord]),
    terms: &[(Interval, Policy)],
    list: impl Fn(&[BackupRecord], &Policy) -> Vec<Backup>,
) -> Option<Interval> {
    let both: Vec<&HeldRecord> = standing.iter().copied().chain(fresh).collect();
    let mut differing = Vec::new();
    let mut from = Interval::ALL.from;
    for rim in rims(&both) {
        let (before, after) = (as_held(records, &both, from), as_held(records, standing, from));
        for (during, policy) in terms {
            let piece = during.intersection(Interval::new(from, rim));
            if !piece.is_empty() {
                differing.extend(difference(&list(&before, policy), &list(&after, policy), policy, piece));
            }
        }
        from = rim;
    }
    let differing = IntervalSet::from_iter(differing);
    let (first, last) = (differing.iter().next()?, differing.iter().last()?);
    Some(Interval::new(first.from, last.to))
}

/// When the newest usable data differ between two lists of backups.
fn difference(before: &[Backup], after: &[Backup], policy: &Policy, piece: Interval) -> Vec<Interval> {
    let (before, after) = (exposure::stretches(before, policy, piece), exposure::stretches(after, policy, piece));
    let mut out = Vec::new();
    for old in &before {
        let others = after.iter().filter(|new| new.data_time != old.data_time);
        out.extend(others.map(|new| new.interval.intersection(old.interval)).filter(|both| !both.is_empty()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::Operator;
    use crate::domain::rpo::record::backups_of;
    use pantau_shared::backup::DataTimeBasis;

    const S: fn(i64) -> Timestamp = Timestamp::from_secs;
    const FINAL: i64 = 1000;

    fn record(name: &str, data: i64, end: i64) -> BackupRecord {
        BackupRecord {
            artefact: name.into(),
            generation: 0,
            started_at: Some(S(data)),
            ended_at: Some(S(end)),
            data_time: Some(S(data)),
            basis: DataTimeBasis::Start,
            status: BackupStatus::Ok,
            size_bytes: Some(1),
            location: "a".into(),
            claimed: false,
            first_seen_at: S(end),
            last_seen_at: S(end),
            deleted_at: None,
            verified_at: None,
            references: Vec::new(),
            gapless: false,
        }
    }

    fn hold(name: &str, before: Option<BackupRecord>, until: i64) -> HeldRecord {
        HeldRecord { artefact: name.into(), generation: 0, before, until: S(until) }
    }

    #[test]
    fn only_what_was_usable_in_a_final_time_matters() {
        let old = record("a", 100, 110);
        let gone_later = BackupRecord { deleted_at: Some(S(1200)), ..old.clone() };
        let gone_before = BackupRecord { deleted_at: Some(S(500)), ..old.clone() };
        let verified_later = BackupRecord { verified_at: Some(S(1000)), ..old.clone() };
        let seen_again = BackupRecord { last_seen_at: S(1300), location: "b".into(), ..old.clone() };
        let failed = BackupRecord { status: BackupStatus::Failed, ..old.clone() };
        let recent = record("b", 900, 1000);
        for (name, before, after, matters) in [
            ("learnt late", None, &old, true),
            ("it ended in an open time", None, &recent, false),
            ("a failure restores nothing", None, &failed, false),
            ("gone in an open time", Some(&old), &gone_later, false),
            ("gone in a final time", Some(&old), &gone_before, true),
            ("back after it was taken as gone", Some(&gone_before), &old, true),
            ("verified in an open time", Some(&old), &verified_later, false),
            ("seen again", Some(&old), &seen_again, false),
        ] {
            assert_eq!(may_matter(before, after, S(FINAL)), matters, "{name}");
        }
    }

    #[test]
    fn a_held_record_counts_as_it_was_up_to_its_rim() {
        let records = [record("a", 100, 110), record("b", 400, 410)];
        let (first, second) = (hold("b", None, 500), hold("b", Some(record("b", 300, 310)), 1000));
        let holds = [&first, &second];
        let told = |at| -> Vec<(String, i64)> {
            let counted = as_held(&records, &holds, S(at)).into_owned();
            counted.iter().map(|r| (r.artefact.clone(), r.time().as_secs())).collect()
        };
        assert_eq!(told(499), [("a".to_owned(), 100)]);
        assert_eq!(told(500), [("a".to_owned(), 100), ("b".to_owned(), 300)], "as it was known when that became final");
        assert_eq!(told(1000), [("a".to_owned(), 100), ("b".to_owned(), 400)]);
    }

    #[test]
    fn what_changes_no_figure_is_not_proposed() {
        let policy = Policy { rpo_seconds: Some(300), operator: Operator::Below, ..Policy::default() };
        let terms = [(Interval::new(S(0), S(FINAL)), policy)];
        let records = [record("a", 100, 110), record("late", 400, 450), record("c", 600, 650)];
        let fresh = [hold("late", None, FINAL)];
        let list = |records: &[BackupRecord], _: &Policy| backups_of(records, true);
        assert_eq!(
            changed(&records, (&[], &fresh), &terms, list),
            Some(Interval::new(S(450), S(650))),
            "until the next one was usable"
        );
        // Older than what was known: nothing follows.
        let older = [record("a", 100, 110), record("late", 50, 150)];
        assert_eq!(changed(&older, (&[], &fresh), &terms, list), None);
        // One that is held already leaves nothing to propose.
        assert_eq!(changed(&records, (&[&fresh[0]], &fresh), &terms, list), None);
    }
}
