//! By which rules each service is counted and judged: its terms over time, its maintenance, its corrections.
//!
//! One immutable value behind an `Arc` in the snapshot, made anew when a revision of the catalogue or an entry of a register
//! takes force. Everything that computes a figure takes it, so that two figures of one period can't follow different rules.
//! Does not know the ledger, nor where its parts are kept.

pub mod backup_terms;
mod history;
mod late_backups;
mod load;

use crate::domain::availability::rules::AgreedTerms;
use crate::domain::availability::{Correction, MaintenanceWindow, Policy, Rules};
use crate::domain::calendar::Calendar;
use crate::domain::catalogue::{Catalogue, Service, ServiceId};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::register::excuse::{self, Makeup, PartStretch};
use crate::domain::register::{Register, Wanted};
use crate::domain::rpo::late::HeldRecord;
use chrono_tz::Tz;
use pantau_shared::ids::{BackupSetId, HostId};
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

pub use backup_terms::BackupHistory;
pub use history::{Agreed, History};
pub use load::{load, load_whole, parts_of, parts_of_all};

/// The rules of all services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    zone: Tz,
    services: Services,
    backups: HashMap<ServiceId, BackupHistory>,
    /// Of services that have components, or had.
    makeups: HashMap<ServiceId, MakeupHistory>,
    late: late_backups::LateBook,
    unread: Vec<u32>,
}

/// The rules of each service; a change for one leaves the others where they are.
type Services = HashMap<ServiceId, Arc<ServiceRules>>;

/// What a service was made of, since when; in order of time.
type MakeupHistory = Vec<(Timestamp, Option<Makeup>)>;

/// How the checks of a service stood while it was down.
pub type PartsOf<'a> = dyn Fn(&ServiceId) -> &'a [PartStretch] + 'a;

/// The rules of one service; the fields are those of [`Rules`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRules {
    /// What was agreed, in order of `valid_from`; never empty.
    pub terms: Vec<AgreedTerms>,
    /// All windows.
    pub maintenance: Vec<MaintenanceWindow>,
    /// When maintenance of all hosts, or of components, takes it out wherever it is down.
    pub component_maintenance: Option<IntervalSet>,
    /// All corrections.
    pub corrections: Vec<Correction>,
    /// What people agreed, with what does not count seconds (class, names), in order of `valid_from`.
    pub agreed: Vec<Agreed>,
}

impl ServiceRules {
    /// How time is counted at `at`.
    pub fn policy_at(&self, at: Timestamp) -> Policy {
        self.terms_at(at).map_or_else(Policy::default, |terms| terms.policy)
    }

    /// What is agreed at `at`.
    pub fn terms_at(&self, at: Timestamp) -> Option<&AgreedTerms> {
        let started = self.terms.partition_point(|terms| terms.valid_from <= at);
        self.terms.get(started.saturating_sub(1))
    }

    /// Always in service time, with `target_ppm` for ever, nothing planned, nothing corrected.
    pub fn always(zone: Tz, target_ppm: Option<u32>) -> Self {
        Self {
            terms: vec![AgreedTerms {
                valid_from: Interval::ALL.from,
                calendar: Calendar::always(zone),
                target_ppm,
                policy: Policy::default(),
            }],
            maintenance: Vec::new(),
            component_maintenance: None,
            corrections: Vec::new(),
            agreed: Vec::new(),
        }
    }
}

impl Rulebook {
    /// The rules by one catalogue for ever.
    pub fn of_catalogue(zone: Tz, catalogue: &Catalogue) -> Self {
        let mut history = History::new(zone);
        // The first revision reaches back for ever, whenever it was applied.
        history.take(catalogue, Timestamp::from_ms(0));
        Self::of_history(history)
    }

    /// The rules by the revisions that `history` took.
    pub fn of_history(history: History) -> Self {
        let zone = history.zone();
        let (services, backups, makeups) = history.into_parts();
        Self { zone, services, backups, makeups, late: late_backups::LateBook::default(), unread: Vec::new() }
    }

    /// What the backup sets of `service` were held to over time; nothing for one that is unknown here.
    pub fn backups(&self, service: &ServiceId) -> &BackupHistory {
        const NONE: &BackupHistory = &BackupHistory::NONE;
        self.backups.get(service).unwrap_or(NONE)
    }

    /// How records of `set` count in final months, in the order in which it was learnt.
    pub fn held_back(&self, set: &BackupSetId) -> &[HeldRecord] {
        self.late.of(set)
    }

    /// The same rules as they would be with the late records of correction `number` decided the other way.
    #[must_use]
    pub fn with_flipped(&self, register: &Register, number: u32) -> Self {
        Self { late: late_backups::LateBook::new(register, Some(number)), ..self.clone() }
    }

    /// Revisions of the catalogue that can't be read any more; their neighbours' terms hold.
    pub fn unread(&self) -> &[u32] {
        &self.unread
    }

    /// The rules of `service` as they are kept; `None`: unknown here.
    pub fn of(&self, service: &ServiceId) -> Option<&ServiceRules> {
        self.services.get(service).map(Arc::as_ref)
    }

    /// The same rules with what `register` holds of maintenance and corrections, where the checks of services that were
    /// down stood as `parts` says.
    #[must_use]
    pub fn with_register(&self, register: &Register, catalogue: &Catalogue, parts: &PartsOf<'_>) -> Self {
        let mut book = self.clone();
        for service in &catalogue.services {
            let components = book.component_maintenance(register, service, parts(&service.id));
            let Some(rules) = book.services.get_mut(&service.id).map(Arc::make_mut) else { continue };
            rules.maintenance = register.windows_of(&service.id, book.zone).map(|(_, window)| window).collect();
            rules.component_maintenance = components;
            rules.corrections = register.corrections_of(&service.id);
        }
        book.late = late_backups::LateBook::new(register, None);
        book
    }

    /// The same rules where the checks of `service` are known to have stood as `stretches` say; `None`: nothing follows.
    #[must_use]
    pub fn with_parts(&self, register: &Register, service: &Service, stretches: &[PartStretch]) -> Option<Self> {
        let components = self.component_maintenance(register, service, stretches);
        if self.of(&service.id)?.component_maintenance == components {
            return None;
        }
        let mut book = self.clone();
        book.services.get_mut(&service.id).map(Arc::make_mut)?.component_maintenance = components;
        Some(book)
    }

    /// When maintenance of its hosts or of its components takes `service` out wherever it is down.
    fn component_maintenance(
        &self,
        register: &Register,
        service: &Service,
        stretches: &[PartStretch],
    ) -> Option<IntervalSet> {
        let notice_s = |begins| self.of(&service.id).map_or(0, |rules| rules.policy_at(begins).min_notice_s);
        let wanted = Wanted::NoticeAt(&notice_s);
        let hosts = register.component_maintenance(service, self.zone, wanted);
        let all = hosts.union(&self.excused(register, &service.id, stretches, wanted));
        Some(all).filter(|set| !set.is_empty())
    }

    /// Where `service` is down only because of components in maintenance that was announced as `wanted`.
    pub fn excused(
        &self,
        register: &Register,
        service: &ServiceId,
        stretches: &[PartStretch],
        wanted: Wanted<'_>,
    ) -> IntervalSet {
        let makeups = self.makeups.get(service).map(Vec::as_slice).unwrap_or_default();
        excuse::excused(makeups, stretches, &|id| register.windows_of_component(id, self.zone, wanted))
    }

    /// When any component that `service` has or had is in approved maintenance.
    pub fn planned_of_components(&self, register: &Register, service: &ServiceId) -> IntervalSet {
        let makeups = self.makeups.get(service).into_iter().flatten();
        let components = makeups.filter_map(|(_, makeup)| makeup.as_ref()).flat_map(Makeup::components);
        let windows = components.map(|id| register.windows_of_component(id, self.zone, Wanted::Any));
        windows.fold(IntervalSet::empty(), |all, set| all.union(&set))
    }

    /// The rules of `service` alone, with one correction more: what its figures would be.
    #[must_use]
    pub fn corrected(&self, service: &ServiceId, correction: Correction) -> Self {
        let mut rules = self.of(service).cloned().unwrap_or_else(|| ServiceRules::always(self.zone, None));
        rules.corrections.push(correction);
        let services = HashMap::from([(service.clone(), Arc::new(rules))]);
        Self { services, unread: Vec::new(), ..self.clone() }
    }

    /// The same rules with one agreement more in words; no second is counted otherwise.
    #[cfg(test)]
    pub(crate) fn agreed_also(mut book: Self, service: &ServiceId, agreed: Agreed) -> Self {
        if let Some(rules) = book.services.get_mut(service).map(Arc::make_mut) {
            rules.agreed.push(agreed);
        }
        book
    }

    /// Whether anything on record lies over the ledger of `service`.
    pub fn is_overlaid(&self, service: &ServiceId) -> bool {
        self.services.get(service).is_some_and(|rules| {
            let windows = !rules.maintenance.is_empty() || rules.component_maintenance.is_some();
            windows || !rules.corrections.is_empty()
        })
    }

    /// How much notice maintenance of `service` needs to count by its newest terms, in seconds.
    pub fn min_notice_s(&self, service: &ServiceId) -> u64 {
        let newest = self.services.get(service).and_then(|rules| rules.terms.last());
        newest.map_or_else(Policy::default, |terms| terms.policy).min_notice_s
    }

    /// The same for maintenance of several things: the longest that any service concerned asks for.
    pub fn min_notice_of(&self, services: &[ServiceId], hosts: &[HostId], catalogue: &Catalogue) -> u64 {
        let concerned = |service: &&Service| {
            let components = service.composition.components.iter().map(|component| &component.id);
            let mut names = std::iter::once(&service.id).chain(components);
            names.any(|id| services.contains(id)) || service.hosts.iter().any(|host| hosts.contains(host))
        };
        let notices = catalogue.services.iter().filter(concerned).map(|service| self.min_notice_s(&service.id));
        notices.max().unwrap_or(Policy::default().min_notice_s)
    }

    /// The zone of local dates.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The rules of `service`, which is in force from its first answer, `begins`, on; one without an answer, or unknown
    /// here, has no time that counts up to `now`.
    pub fn rules(&self, service: &ServiceId, begins: Option<Timestamp>, now: Timestamp) -> Rules {
        let rules = self.of(service).cloned().unwrap_or_else(|| ServiceRules::always(self.zone, None));
        Rules {
            effective: Interval::new(begins.unwrap_or(now).floor_second(), Interval::ALL.to),
            terms: rules.terms,
            maintenance: rules.maintenance,
            component_maintenance: rules.component_maintenance,
            corrections: rules.corrections,
        }
    }
}
