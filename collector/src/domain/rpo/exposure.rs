//! A set over a period: how long its RPO was broken, how often, and how far (engines C.2, period figures).
//!
//! The newest usable data time is constant between the instants at which a backup becomes usable or stops being so; in each
//! such stretch the exposure grows from its begin. So a period is a walk over stretches, and its figures are exact in whole
//! seconds. A period without an RPO has exposures but no breach.

use super::{Backup, Policy, exposure_s, usable_times};
use crate::domain::availability::ratio_ppm;
use crate::domain::interval::{Interval, IntervalSet};
use pantau_shared::timestamp::Timestamp;

/// Figures of a set over a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodFigures {
    /// Time in breach, without any usable backup included.
    pub breach_s: u64,
    /// Of which without any usable backup.
    pub no_backup_s: u64,
    /// Unbroken stretches of breach.
    pub breaches: Vec<Interval>,
    /// The highest exposure that was reached, as a supremum; none where there never was a usable backup.
    pub peak_exposure_s: Option<u64>,
    /// `(period − breach) / period` in ppm, floored; none for an empty period.
    pub compliance_ppm: Option<u32>,
}

/// Between two changes: the newest usable data time, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// When.
    pub interval: Interval,
    /// Data time of the newest usable backup.
    pub data_time: Option<Timestamp>,
}

/// The stretches of `period`, in order, tiling it.
pub fn stretches(backups: &[Backup], policy: &Policy, period: Interval) -> Vec<Stretch> {
    let usable: Vec<(Interval, Timestamp)> = usable_times(backups, policy)
        .into_iter()
        .zip(backups)
        .map(|(times, backup)| (times.intersection(period), backup.data_time))
        .filter(|(times, _)| !times.is_empty())
        .collect();
    let mut rims: Vec<Timestamp> = usable.iter().flat_map(|(times, _)| [times.from, times.to]).collect();
    rims.extend([period.from, period.to]);
    rims.sort_unstable();
    rims.dedup();
    // Backups come in at their begin and go out at their end; the newest of those inside counts.
    let mut begins = usable.clone();
    begins.sort_unstable_by_key(|(times, _)| times.from);
    let mut begins = begins.into_iter().peekable();
    let mut inside = std::collections::BinaryHeap::new();
    let mut out: Vec<Stretch> = Vec::new();
    for (from, to) in rims.iter().zip(rims.iter().skip(1)) {
        while let Some((times, data_time)) = begins.next_if(|(times, _)| times.from <= *from) {
            inside.push((data_time, times.to));
        }
        while inside.peek().is_some_and(|(_, ends)| *ends <= *from) {
            inside.pop();
        }
        let data_time = inside.peek().map(|(data_time, _)| *data_time);
        match out.last_mut().filter(|last| last.data_time == data_time) {
            Some(last) => last.interval.to = *to,
            None => out.push(Stretch { interval: Interval::new(*from, *to), data_time }),
        }
    }
    out
}

/// The figures of `period`; its rims are whole seconds.
pub fn over(backups: &[Backup], policy: &Policy, period: Interval) -> PeriodFigures {
    let (mut without, mut broken, mut peak) = (Vec::new(), Vec::new(), None);
    for stretch in stretches(backups, policy, period) {
        let Some(data_time) = stretch.data_time else {
            without.push(stretch.interval);
            broken.push(stretch.interval);
            continue;
        };
        peak = peak.max(Some(exposure_s(data_time, stretch.interval.to)));
        if let Some(breach_at) = policy.breach_at(data_time)
            && breach_at < stretch.interval.to
        {
            broken.push(Interval::new(breach_at.max(stretch.interval.from), stretch.interval.to));
        }
    }
    if policy.rpo_seconds.is_none() {
        broken.clone_from(&without);
    }
    let broken = IntervalSet::from_iter(broken);
    let (breach_s, length_s) = (broken.length_s(), period.length_s());
    PeriodFigures {
        breach_s,
        no_backup_s: IntervalSet::from_iter(without).length_s(),
        breaches: broken.iter().copied().collect(),
        peak_exposure_s: peak,
        compliance_ppm: ratio_ppm(length_s.saturating_sub(breach_s), length_s),
    }
}

/// What a set was held to for a time.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Its backups.
    pub backups: &'a [Backup],
    /// By what they were judged.
    pub policy: Policy,
    /// When.
    pub during: Interval,
}

/// The figures over `period` of a set whose terms changed, or of a service by its required sets: in breach while any is,
/// each by the policy of its time, and the exposure is the highest of them. The compliance is of the time in which
/// something was held to anything. None when nothing was.
pub fn over_held(held: &[Held<'_>], period: Interval) -> Option<PeriodFigures> {
    let (mut broken, mut without, mut counted, mut peak) = (Vec::new(), Vec::new(), Vec::new(), None);
    for Held { backups, policy, during } in held {
        let window = during.intersection(period);
        if window.is_empty() {
            continue;
        }
        let figures = over(backups, policy, window);
        peak = peak.max(figures.peak_exposure_s);
        broken.extend(figures.breaches);
        counted.push(window);
        let bare = stretches(backups, policy, window).into_iter().filter(|stretch| stretch.data_time.is_none());
        without.extend(bare.map(|stretch| stretch.interval));
    }
    let (broken, without) = (IntervalSet::from_iter(broken), IntervalSet::from_iter(without));
    let (any, length_s) = (!counted.is_empty(), IntervalSet::from_iter(counted).length_s());
    let breach_s = broken.length_s();
    any.then(|| PeriodFigures {
        breach_s,
        no_backup_s: without.length_s(),
        breaches: broken.iter().copied().collect(),
        peak_exposure_s: peak,
        compliance_ppm: ratio_ppm(length_s.saturating_sub(breach_s), length_s),
    })
}

/// What a record that came late changes of a period: the figures as they were told, and as they are now. Alarms that were
/// raised stay in the log; those whose breach is gone are explained by the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retroactive {
    /// Without it.
    pub before: PeriodFigures,
    /// With it.
    pub after: PeriodFigures,
    /// Breaches that were raised and are shorter or gone now.
    pub explained: Vec<Interval>,
}

/// Figures of `period` before and after `late` became known.
pub fn retroactive(known: &[Backup], late: Backup, policy: &Policy, period: Interval) -> Retroactive {
    let mut all = known.to_vec();
    all.push(late);
    let (before, after) = (over(known, policy, period), over(&all, policy, period));
    let explained = before.breaches.iter().filter(|breach| !after.breaches.contains(breach)).copied().collect();
    Retroactive { before, after, explained }
}
