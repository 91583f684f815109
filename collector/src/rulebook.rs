//! By which rules each service is counted and judged: its terms over time, its maintenance, its corrections.
//!
//! One immutable value behind an `Arc` in the snapshot, made anew when a revision of the catalogue or an entry of a register
//! takes force. Everything that computes a figure takes it, so that two figures of one period can't follow different rules.
//! Does not know the ledger, nor where its parts are kept.

use crate::domain::availability::rules::AgreedTerms;
use crate::domain::availability::{Correction, MaintenanceWindow, Policy, Rules};
use crate::domain::calendar::Calendar;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::interval::{Interval, IntervalSet};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;

/// The rules of all services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    zone: Tz,
    services: HashMap<ServiceId, ServiceRules>,
}

/// The rules of one service; the fields are those of [`Rules`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRules {
    /// What was agreed, in order of `valid_from`; never empty.
    pub terms: Vec<AgreedTerms>,
    /// All windows.
    pub maintenance: Vec<MaintenanceWindow>,
    /// Maintenance of components that takes a composite out.
    pub component_maintenance: Option<IntervalSet>,
    /// All corrections.
    pub corrections: Vec<Correction>,
}

impl ServiceRules {
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
        }
    }
}

impl Rulebook {
    /// The rules by one catalogue for ever.
    pub fn of_catalogue(zone: Tz, catalogue: &Catalogue) -> Self {
        let rules = catalogue
            .services
            .iter()
            .map(|service| (service.id.clone(), ServiceRules::always(zone, service.target.map(|target| target.ppm))));
        Self { zone, services: rules.collect() }
    }

    /// The zone of local dates.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The rules of `service`, which is in force from its first answer, `begins`, on; one without an answer, or unknown
    /// here, has no time that counts up to `now`.
    pub fn rules(&self, service: &ServiceId, begins: Option<Timestamp>, now: Timestamp) -> Rules {
        let rules = self.services.get(service).cloned().unwrap_or_else(|| ServiceRules::always(self.zone, None));
        Rules {
            effective: Interval::new(begins.unwrap_or(now).floor_second(), Interval::ALL.to),
            terms: rules.terms,
            maintenance: rules.maintenance,
            component_maintenance: rules.component_maintenance,
            corrections: rules.corrections,
        }
    }
}
