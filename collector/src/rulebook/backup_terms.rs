//! What backup sets were held to over time: RPO, operator, policies and which sets a service required, from the revisions of
//! the catalogue as targets are (engines A.2): what applied in June judges June.
//!
//! A set counts while a revision in force names it. One that is first named counts from then on, but the first revision
//! reaches back for ever.

use crate::domain::catalogue::{Service, ServiceClass};
use crate::domain::interval::Interval;
use crate::domain::rpo::Policy;
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What one set was held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetTerms {
    /// RPO, operator and what counts as a backup.
    pub policy: Policy,
    /// Whether the service was judged by it.
    pub required: bool,
    /// The set without which it restores nothing.
    pub base: Option<BackupSetId>,
}

/// The backup sets of a service from an instant on; jobs that are no backup are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTerms {
    /// From when on.
    pub valid_from: Timestamp,
    /// The revision of the catalogue that says so.
    pub catalogue_revision: u32,
    /// The service's RTO.
    pub rto_seconds: Option<u32>,
    /// Each set's.
    pub sets: BTreeMap<BackupSetId, SetTerms>,
}

impl BackupTerms {
    fn of(service: &Service, catalogue_revision: u32, valid_from: Timestamp) -> Self {
        let critical = service.class == ServiceClass::Kritis;
        let sets = service.backups.iter().filter(|set| set.is_backup()).map(|set| {
            let policy = set.policy(service.rpo_seconds, critical);
            let terms = SetTerms { policy, required: set.required, base: set.base.clone() };
            (set.id.clone(), terms)
        });
        Self { valid_from, catalogue_revision, rto_seconds: service.rto_seconds, sets: sets.collect() }
    }
}

/// The terms of one service over time, in order of `valid_from`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackupHistory(Vec<BackupTerms>);

impl BackupHistory {
    /// No terms at all.
    pub(super) const NONE: Self = Self(Vec::new());

    /// Takes the terms of the revision that was applied next, in force from `onset` on.
    pub(super) fn take(&mut self, service: &Service, revision: u32, onset: Timestamp) {
        self.0.retain(|old| old.valid_from < onset);
        let new = BackupTerms::of(service, revision, if self.0.is_empty() { Interval::ALL.from } else { onset });
        let same = |last: &BackupTerms| last.sets == new.sets && last.rto_seconds == new.rto_seconds;
        if !self.0.last().is_some_and(same) {
            self.0.push(new);
        }
    }

    /// The terms in force in `window`, each with the part of it in which they were; together they tile it.
    pub fn over(&self, window: Interval) -> impl Iterator<Item = (Interval, &BackupTerms)> {
        let ends = self.0.iter().skip(1).map(|next| next.valid_from).chain([Interval::ALL.to]);
        let pieces = self.0.iter().zip(ends);
        pieces.filter_map(move |(terms, to)| {
            let piece = Interval::new(terms.valid_from, to).intersection(window);
            (!piece.is_empty()).then_some((piece, terms))
        })
    }

    /// The terms of `set` in `window`, in order; none where no revision in force named it. Neighbours that say the same
    /// are one.
    pub fn of_set(&self, set: &BackupSetId, window: Interval) -> Vec<(Interval, SetTerms)> {
        let mut out: Vec<(Interval, SetTerms)> = Vec::new();
        for (piece, terms) in self.over(window) {
            let Some(terms) = terms.sets.get(set) else { continue };
            match out.last_mut().filter(|(last, same)| last.to == piece.from && same == terms) {
                Some((last, _)) => last.to = piece.to,
                None => out.push((piece, terms.clone())),
            }
        }
        out
    }

    /// Every set that was named at any time in `window`.
    pub fn named(&self, window: Interval) -> BTreeSet<BackupSetId> {
        self.over(window).flat_map(|(_, terms)| terms.sets.keys().cloned()).collect()
    }

    /// The revision of the catalogue whose terms hold at `at`; 0 where none does.
    pub fn revision_at(&self, at: Timestamp) -> u32 {
        let started = self.0.partition_point(|terms| terms.valid_from <= at);
        started.checked_sub(1).and_then(|place| self.0.get(place)).map_or(0, |terms| terms.catalogue_revision)
    }

    /// When the RTO changed within `window`, with what it was and what it became.
    pub fn rto_changes(&self, window: Interval) -> Vec<(Timestamp, Option<u32>, Option<u32>)> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let moved = pairs.filter(|(old, new)| old.rto_seconds != new.rto_seconds && window.contains(new.valid_from));
        moved.map(|(old, new)| (new.valid_from, old.rto_seconds, new.rto_seconds)).collect()
    }

    /// Every set that was required at any time in `window`.
    pub fn required(&self, window: Interval) -> BTreeSet<BackupSetId> {
        let named = self.over(window).flat_map(|(_, terms)| &terms.sets);
        named.filter(|(_, terms)| terms.required).map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::bangka_2025;
    use crate::domain::catalogue::{Catalogue, ServiceId};
    use crate::rulebook::{History, Rulebook};

    const S: fn(i64) -> Timestamp = Timestamp::from_secs;

    /// A revision with sets of these names and RPOs in hours; `!` marks one that is not required.
    fn revision(sets: &[(&str, u32)]) -> Catalogue {
        let mut text =
            "[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n"
                .to_owned();
        for (id, hours) in sets {
            let (id, required) = (id.trim_start_matches('!'), !id.starts_with('!'));
            text += &format!(
                "[[layanan.cadangan]]\nid = \"{id}\"\njenis = \"detak\"\nrpo = \"{hours}h\"\nwajib = {required}\n"
            );
        }
        crate::config::catalogue::parse("k.toml", &text, 1, &bangka_2025()).expect("valid")
    }

    /// Set, from, to, RPO in hours; over `0..1000`.
    fn check(revisions: &[(i64, &[(&str, u32)])], expected: &[(&str, i64, i64, u32)], required: &[&str]) {
        let mut history = History::new(chrono_tz::Asia::Jakarta);
        for (applied_at, sets) in revisions {
            history.take(&revision(sets), S(*applied_at));
        }
        let book = Rulebook::of_history(history);
        let terms = book.backups(&ServiceId::parse("s").expect("valid"));
        let window = Interval::new(S(0), S(1000));
        let told = ["a", "b"].into_iter().flat_map(|set| {
            let id = BackupSetId::parse(set).expect("valid");
            terms.of_set(&id, window).into_iter().map(move |(at, terms)| {
                (set, at.from.as_secs(), at.to.as_secs(), terms.policy.rpo_seconds.expect("set") / 3600)
            })
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(terms.required(window).iter().map(BackupSetId::as_str).collect::<Vec<_>>(), required);
    }

    #[test]
    fn each_instant_has_the_rpo_of_the_revision_in_force() {
        check(&[(500, &[("a", 24)])], &[("a", 0, 1000, 24)], &["a"]);
        check(&[(100, &[("a", 24)]), (300, &[("a", 4)])], &[("a", 0, 300, 24), ("a", 300, 1000, 4)], &["a"]);
        check(&[(100, &[("a", 24)]), (300, &[("a", 24)])], &[("a", 0, 1000, 24)], &["a"]);
    }

    #[test]
    fn a_set_counts_while_it_is_named() {
        let revisions: &[(i64, &[(&str, u32)])] =
            &[(100, &[("a", 24)]), (300, &[("a", 24), ("!b", 1)]), (600, &[("b", 1)])];
        check(revisions, &[("a", 0, 600, 24), ("b", 300, 600, 1), ("b", 600, 1000, 1)], &["a", "b"]);
        check(&[(100, &[("a", 24), ("!b", 1)])], &[("a", 0, 1000, 24), ("b", 0, 1000, 1)], &["a"]);
    }
}
