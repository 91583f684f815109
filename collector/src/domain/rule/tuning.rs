//! What an office sets of its rules: values of thresholds, switches, observation and the ticket budget; for everything, for
//! the hosts of a service, for one host, for one part of it.
//!
//! ```text
//! the narrower wins    host › service › everything;  with a part › without;  of equals the later in the file
//! ```
//!
//! Each value is looked for by itself: a host may set the alarm and keep the catalogue's hold. Knows no syntax.

use super::{About, Rule, services_of};
use crate::domain::catalogue::{Catalogue, ServiceId, Threshold, ThresholdMetric};
use glob::Pattern;
use pantau_shared::ids::HostId;

/// How long a rule of class threshold only watches a new host, in seconds.
pub const OBSERVE_SECONDS: u32 = 86_400;
/// Tickets of one rule in an hour before the rest is folded into one.
pub const BUDGET_PER_HOUR: u32 = 10;

/// Where a value in force comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The product.
    Default,
    /// The catalogue, for everything.
    Catalogue,
    /// The catalogue, for a service or its hosts.
    Service(ServiceId),
    /// The catalogue, for a host.
    Host(HostId),
}

/// For what something is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Everything.
    Everything,
    /// A service, or the hosts it runs on.
    Service(ServiceId),
    /// A host.
    Host(HostId),
}

/// For what, and which part of it (`/var`, `eth0`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// For what.
    pub target: Target,
    /// Only this part.
    pub part: Option<String>,
}

/// A threshold's values for some hosts; what is `None` is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdTuning {
    /// Of which metric.
    pub metric: ThresholdMetric,
    /// For what.
    pub selector: Selector,
    /// In thousandths.
    pub alarm_permille: Option<u32>,
    /// In thousandths; at most the alarm that holds there.
    pub clear_permille: Option<u32>,
    /// In seconds.
    pub hold_seconds: Option<u32>,
}

/// What is set of a rule besides its values; what is `None` is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetting {
    /// Which rule.
    pub rule: Rule,
    /// For what.
    pub selector: Selector,
    /// Whether it opens tickets.
    pub enabled: Option<bool>,
    /// Why it is off.
    pub reason: Option<String>,
    /// How long it only watches a new host, in seconds; 0: not at all.
    pub observe_seconds: Option<u32>,
    /// Tickets in an hour before the rest is folded; 0: no bound. For everything only.
    pub budget_per_hour: Option<u32>,
    /// Units that do not count; of [`Rule::FailedUnits`] only.
    pub ignored_units: Vec<Pattern>,
}

/// All that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Exceptions from the catalogue's thresholds, in the file's order.
    pub thresholds: Vec<ThresholdTuning>,
    /// What is set of rules, in the file's order.
    pub settings: Vec<RuleSetting>,
    /// How long rules that observe watch a new host, in seconds.
    pub observe_seconds: u32,
    /// Tickets of each rule in an hour; 0: no bound.
    pub budget_per_hour: u32,
}

/// A threshold in force with where its values come from; `None`: not from an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuned {
    /// Its values; clearing never lies above the alarm.
    pub threshold: Threshold,
    /// Who set the alarm.
    pub alarm: Option<Origin>,
    /// Who set the clearing.
    pub clear: Option<Origin>,
    /// Who set the hold.
    pub hold: Option<Origin>,
}

impl RuleSetting {
    /// The units that do not count, as the file has them.
    pub fn ignored(&self) -> String {
        self.ignored_units.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            thresholds: Vec::new(),
            settings: Vec::new(),
            observe_seconds: OBSERVE_SECONDS,
            budget_per_hour: BUDGET_PER_HOUR,
        }
    }
}

/// The product's threshold (G46).
pub fn default_threshold(metric: ThresholdMetric) -> Threshold {
    let (alarm_permille, clear_permille, hold_seconds) = match metric {
        ThresholdMetric::Cpu => (950, 850, 900),
        ThresholdMetric::Memory => (950, 900, 900),
        ThresholdMetric::Storage => (900, 850, 600),
        ThresholdMetric::Bandwidth => (900, 800, 900),
    };
    Threshold { metric, alarm_permille, clear_permille, hold_seconds }
}

/// About what a decision is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A host, a part of it (empty: the host itself), and the services that run on it are asked of the catalogue.
    Host(&'a HostId, &'a str),
    /// A service.
    Service(&'a ServiceId),
    /// All hosts together.
    Site,
}

impl Selector {
    /// Everything.
    pub const fn everything() -> Self {
        Self { target: Target::Everything, part: None }
    }

    /// How narrowly it speaks of the subject; `None`: not at all.
    fn fits(&self, catalogue: &Catalogue, subject: Subject<'_>) -> Option<u8> {
        let level = match (&self.target, subject) {
            (Target::Everything, _) => 0,
            (Target::Service(id), Subject::Service(service)) if id == service => 2,
            (Target::Service(id), Subject::Host(host, _)) if services_of(catalogue, host).any(|s| s == id) => 2,
            (Target::Host(id), Subject::Host(host, _)) if id == host => 4,
            (Target::Service(_) | Target::Host(_), _) => return None,
        };
        match (&self.part, subject) {
            (None, _) => Some(level),
            (Some(part), Subject::Host(_, of)) if part == of => Some(level + 1),
            (Some(_), _) => None,
        }
    }

    fn origin(&self) -> Origin {
        match &self.target {
            Target::Everything => Origin::Catalogue,
            Target::Service(id) => Origin::Service(id.clone()),
            Target::Host(id) => Origin::Host(id.clone()),
        }
    }
}

impl Tuning {
    /// The threshold that holds for `part` of a host (of no host in particular without one), where `base` is the
    /// catalogue's for everything.
    pub fn threshold(&self, base: Threshold, host: Option<(&Catalogue, &HostId)>, part: &str) -> Tuned {
        let mut tuned = Tuned { threshold: base, alarm: None, clear: None, hold: None };
        let Some((catalogue, host)) = host else { return tuned };
        let of_metric = self.thresholds.iter().filter(|tuning| tuning.metric == base.metric);
        let mut fitting: Vec<(u8, &ThresholdTuning)> = of_metric
            .filter_map(|tuning| Some((tuning.selector.fits(catalogue, Subject::Host(host, part))?, tuning)))
            .collect();
        // Stable: of equals the later in the file stays last.
        fitting.sort_by_key(|(level, _)| *level);
        for (_, tuning) in fitting {
            let origin = Some(tuning.selector.origin());
            if let Some(alarm) = tuning.alarm_permille {
                (tuned.threshold.alarm_permille, tuned.alarm) = (alarm, origin.clone());
            }
            if let Some(clear) = tuning.clear_permille {
                (tuned.threshold.clear_permille, tuned.clear) = (clear, origin.clone());
            }
            if let Some(hold) = tuning.hold_seconds {
                (tuned.threshold.hold_seconds, tuned.hold) = (hold, origin);
            }
        }
        // An exception that lowers only the alarm takes the clearing with it.
        tuned.threshold.clear_permille = tuned.threshold.clear_permille.min(tuned.threshold.alarm_permille);
        tuned
    }

    /// Of all settings of a rule that speak of the subject, the narrowest that has the value.
    fn narrowest<'a, T>(
        &'a self,
        catalogue: &Catalogue,
        rule: Rule,
        subject: Subject<'_>,
        value: impl Fn(&'a RuleSetting) -> Option<T>,
    ) -> Option<(T, &'a RuleSetting)> {
        let mut best: Option<(u8, T, &RuleSetting)> = None;
        for setting in self.settings.iter().filter(|setting| setting.rule == rule) {
            let (Some(level), Some(value)) = (setting.selector.fits(catalogue, subject), value(setting)) else {
                continue;
            };
            if best.as_ref().is_none_or(|(narrow, ..)| level >= *narrow) {
                best = Some((level, value, setting));
            }
        }
        best.map(|(_, value, setting)| (value, setting))
    }

    /// The setting that turns a rule off for a subject; `None`: it is on.
    pub fn turned_off(&self, catalogue: &Catalogue, rule: Rule, subject: Subject<'_>) -> Option<&RuleSetting> {
        let (enabled, setting) = self.narrowest(catalogue, rule, subject, |setting| setting.enabled)?;
        (!enabled).then_some(setting)
    }

    /// Whether a unit of the host does not count. Unlike values, which the narrower setting replaces, lists add up: what is
    /// left out everywhere is left out here.
    pub fn ignores_unit(&self, catalogue: &Catalogue, host: &HostId, unit: &str) -> bool {
        let fitting = self.settings.iter().filter(|setting| !setting.ignored_units.is_empty());
        let mut fitting = fitting.filter(|s| s.selector.fits(catalogue, Subject::Host(host, "")).is_some());
        fitting.any(|setting| setting.ignored_units.iter().any(|pattern| pattern.matches(unit)))
    }

    /// How long the rule only watches the host, in seconds; 0 for a rule that does not observe.
    pub fn observe_seconds(&self, catalogue: &Catalogue, rule: Rule, subject: Subject<'_>) -> u32 {
        if !rule.is_observed() {
            return 0;
        }
        let set = self.narrowest(catalogue, rule, subject, |setting| setting.observe_seconds);
        set.map_or(self.observe_seconds, |(seconds, _)| seconds)
    }

    /// Tickets of the rule in an hour; `None`: no bound. Silence of the whole site is one ticket anyway.
    pub fn budget_per_hour(&self, rule: Rule) -> Option<u32> {
        if rule.about() == About::Site {
            return None;
        }
        let everything = self.settings.iter().filter(|setting| setting.rule == rule);
        let set = everything.filter_map(|setting| setting.budget_per_hour).next_back();
        Some(set.unwrap_or(self.budget_per_hour)).filter(|budget| *budget > 0)
    }

    /// What is set of the rule for some hosts or services only, or turns it off: for its page.
    pub fn exceptions(&self, rule: Rule) -> (Vec<&ThresholdTuning>, Vec<&RuleSetting>) {
        let thresholds = self.thresholds.iter().filter(|tuning| Rule::Threshold(tuning.metric) == rule);
        (thresholds.collect(), self.settings.iter().filter(|setting| setting.rule == rule).collect())
    }
}

impl Catalogue {
    /// The threshold of a metric for a part of a host; `None` where the catalogue has none.
    pub fn threshold_of(&self, host: &HostId, metric: ThresholdMetric, part: &str) -> Option<Threshold> {
        let base = self.thresholds.iter().find(|threshold| threshold.metric == metric)?;
        if self.tuning.thresholds.is_empty() {
            return Some(*base);
        }
        Some(self.tuning.threshold(*base, Some((self, host)), part).threshold)
    }
}
