//! What comes in: hosts as the store knows them, news of them, facts, and what witnesses say. Each touches its subject.

use super::super::deadlines::Subject;
use super::super::host_model::HostModel;
use super::super::isolation_model::{Isolation, Testimony};
use super::{Model, note};
use crate::domain::interval::Interval;
use crate::store::records::{Fact, FactBody, HostHeard, HostRecord};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbeVerdict};
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Model {
    /// Takes hosts as they are in the store.
    pub(crate) fn refresh_hosts(&mut self, records: Vec<HostRecord>) {
        let silent_after = self.catalogue.host_silent_after_seconds;
        for record in records {
            let Some(place) = self.hosts.place(&record.id) else {
                let place = self.hosts.add(record);
                self.touched.extend([Subject::Host(place), Subject::Storm]);
                self.shown.hosts_changed();
                continue;
            };
            let revoked = record.revoked_at;
            let was = self.hosts[place].record.revoked_at;
            self.note_heard(place, |host| host.refresh(record, silent_after));
            if was != revoked {
                self.hosts.recount();
                self.touched.extend(self.tickets.keys().copied().map(Subject::Ticket));
                self.touched.extend([Subject::Host(place), Subject::Storm]);
                self.shown.hosts_changed();
            }
        }
    }

    /// Takes what is new of hosts; one that is not here yet is read anew by then.
    pub(crate) fn take_news(&mut self, news: BTreeMap<HostId, HostHeard>) {
        let silent_after = self.catalogue.host_silent_after_seconds;
        for (host, news) in news {
            if let Some(place) = self.hosts.place(&host) {
                self.note_heard(place, |host| host.take_news(news, silent_after));
            }
        }
    }

    /// Hears of a host by `hear`; touches it only where a judgement may follow.
    pub(in crate::engine) fn note_heard(&mut self, place: usize, hear: impl FnOnce(&mut HostModel)) {
        let host = &mut self.hosts[place];
        let (seen, since) = (host.last_seen(), host.heard_since);
        hear(host);
        let listening = self.listening_since;
        let first = seen < listening && host.last_seen() >= listening;
        let again = host.heard_since != since;
        if host.held > 0 || first || again || self.storm.is_silent(place) {
            self.touched.insert(Subject::Host(place));
        }
        if !self.groups.is_calm() {
            let needing = self.groups.needing_host(&self.hosts[place].record.id);
            self.touched.extend(needing.iter().copied().map(Subject::Service));
        }
        if first || again {
            self.touched.insert(Subject::Storm);
        }
        self.shown.host(place);
    }

    /// Takes a fact. What is not of the catalogue, or of a host that does not ask that check, is history.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.body {
            FactBody::Sample(sample) => {
                let Some(place) = self.hosts.place(&fact.host) else { return };
                let host = &mut self.hosts[place];
                if host.feed(&self.catalogue, fact.at, fact.id, sample) {
                    self.touched.insert(Subject::Host(place));
                }
                self.hosts.sent(place);
                self.shown.host(place);
            }
            FactBody::Probe(outcome) => match self.isolation.find(&fact.host, &outcome.check) {
                Some(witness) => self.take_testimony(witness, fact.at, outcome),
                None => self.take_answer(&fact.host, fact.at, outcome),
            },
            FactBody::Backup(observation) => {
                let Some(place) = self.index.set(&observation.set) else { return };
                let Some((_, backup)) = self.backups.get_mut(place) else { return };
                if backup.set.look().is_some_and(|look| look.host == fact.host) {
                    backup.feed(fact.at, fact.received_at, fact.id, observation);
                    self.touched.insert(Subject::Backup(place));
                }
            }
            FactBody::Gap(_) | FactBody::Started(_) => {}
        }
    }

    /// Takes an answer to a check of a service.
    fn take_answer(&mut self, host: &HostId, at: Timestamp, outcome: &ProbeOutcome) {
        let Some((place, vantage)) = self.index.vantage(host, &outcome.check) else { return };
        let Some(service) = self.services.get_mut(place) else { return };
        let failed = outcome.verdict() == ProbeVerdict::Failed && service.needs_network(vantage);
        let blinded = match self.isolation.of(host).filter(|_| failed) {
            Some(isolation) => isolation.blinds(at, outcome),
            None => Some(false),
        };
        if failed {
            self.isolation.note_failure(host, place);
        }
        match blinded.and_then(|blinded| service.feed(vantage, at, outcome, blinded)) {
            Some(from) => note(&mut self.dirty, place, from),
            None => note(&mut self.late, place, at),
        }
    }

    /// Takes an answer of a witness: what the vantage saw may count otherwise now, and its failures be beyond doubt.
    fn take_testimony(&mut self, witness: (usize, usize), at: Timestamp, outcome: &ProbeOutcome) {
        let testimony = self.isolation.take(witness, at, outcome);
        let Some(vantage) = self.isolation.at(witness.0) else { return };
        let (from, noted) = match &testimony {
            // How far it reaches back the replay finds out: no failure is known to be unconcerned.
            Testimony::Late => (Some(Interval::ALL.from), at),
            Testimony::Taken(from, cleared) => {
                self.touched.extend(cleared.iter().copied().map(Subject::Service));
                (*from, from.unwrap_or(at))
            }
        };
        if from.is_some() || vantage.ended_at().is_some() {
            self.touched.extend(self.hosts.place(&vantage.host).map(Subject::Host));
        }
        self.shown.vantages_changed();
        let Some(from) = from else { return };
        for place in vantage.asked.iter().copied() {
            let failed = self.services.get(place).and_then(|service| service.last_failed(&vantage.host));
            if testimony == Testimony::Late || failed.is_some_and(|failed| failed >= from) {
                note(&mut self.late, place, noted);
                self.touched.insert(Subject::Service(place));
            }
        }
    }

    /// Takes the isolations in, of which those at `places` were read anew.
    pub(crate) fn take_isolation(&mut self, isolation: Isolation, places: &BTreeSet<usize>) {
        for vantage in places.iter().filter_map(|place| isolation.at(*place)) {
            self.touched.extend(self.hosts.place(&vantage.host).map(Subject::Host));
            self.touched.extend(vantage.asked.iter().copied().map(Subject::Service));
        }
        self.shown.vantages_changed();
        self.isolation = isolation;
    }
}
