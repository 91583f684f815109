//! When what is in approved maintenance, as the engine needs it: to leave tickets closed, and to show it.
//!
//! A condition that begins inside a window opens nothing, whether the window counts in the figures or not. What is still
//! there [`GRACE_S`] after its end is a disturbance from the end of the window on (engines B.2). Probing and the ledger go
//! on as ever. Made once per change of a register; what maintenance of components excuses, with what is seen of them.

use crate::domain::catalogue::{Catalogue, Service};
use crate::domain::interval::{Interval, IntervalSet};
use crate::domain::register::excuse::PartStretch;
use crate::domain::register::{Register, Wanted};
use crate::domain::ticket::condition::{Condition, View};
use crate::rulebook::{PartsOf, Rulebook};
use crate::snapshot::{MaintenanceView, WindowView};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// So long after a window's end its conditions may still go away without a ticket, in seconds.
const GRACE_S: i64 = 300;

/// Windows by place of the service and by host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {
    services: Vec<ServiceWindows>,
    hosts: HashMap<HostId, IntervalSet>,
    none: IntervalSet,
}

#[derive(Debug, Clone, Default)]
struct ServiceWindows {
    /// Of itself or of all its hosts: whatever is seen of it then.
    own: IntervalSet,
    /// Whether any window is one of a component.
    of_components: bool,
    /// With the time in which it is down only because of components in maintenance.
    all: IntervalSet,
    /// Each for itself, in order of its begin.
    list: Vec<WindowView>,
}

impl Windows {
    /// Of `register`, for the services of `catalogue` in their order, of which those that were down stood as `parts` says.
    pub(crate) fn new(register: &Register, catalogue: &Catalogue, rulebook: &Rulebook, parts: &PartsOf<'_>) -> Self {
        let zone = rulebook.zone();
        let named = register.plans().iter().flat_map(|plan| &plan.hosts);
        let hosts = named.map(|host| (host.clone(), register.host_maintenance(host, zone, Wanted::Any)));
        let services = catalogue.services.iter().map(|service| {
            let list = windows_of(register, service, rulebook);
            let own = register.maintenance_of(service, zone);
            let of_components = !rulebook.planned_of_components(register, &service.id).is_empty();
            ServiceWindows { all: own.clone(), own, of_components, list }
        });
        let mut windows = Self { services: services.collect(), hosts: hosts.collect(), none: IntervalSet::empty() };
        for (place, service) in catalogue.services.iter().enumerate() {
            if windows.of_components(place) {
                windows.take_parts(place, register, service, rulebook, parts(&service.id));
            }
        }
        windows
    }

    /// Whether maintenance of a component of the service at `place` is planned, or was.
    pub(super) fn of_components(&self, place: usize) -> bool {
        self.services.get(place).is_some_and(|service| service.of_components)
    }

    /// Takes how the checks of `service`, which is at `place`, stood while it was down.
    pub(super) fn take_parts(
        &mut self,
        place: usize,
        register: &Register,
        service: &Service,
        rulebook: &Rulebook,
        stretches: &[PartStretch],
    ) {
        let excused = rulebook.excused(register, &service.id, stretches, Wanted::Any);
        if let Some(windows) = self.services.get_mut(place) {
            windows.all = windows.own.union(&excused);
        }
    }

    /// That of a service.
    pub(crate) fn of_service(&self, place: usize) -> &IntervalSet {
        self.services.get(place).map_or(&self.none, |service| &service.all)
    }

    /// That of a host.
    pub(crate) fn of_host(&self, host: &HostId) -> &IntervalSet {
        self.hosts.get(host).unwrap_or(&self.none)
    }

    /// That of what cannot be maintained.
    pub(super) const fn of_nothing(&self) -> &IntervalSet {
        &self.none
    }

    /// What is shown of a service at `now`.
    pub(crate) fn view(&self, place: usize, now: Timestamp) -> MaintenanceView {
        let Some(service) = self.services.get(place) else { return MaintenanceView::default() };
        let begun = service.list.partition_point(|window| window.interval.from <= now);
        let (past, ahead) = service.list.split_at(begun);
        MaintenanceView {
            now: past.iter().rev().find(|window| window.interval.contains(now)).cloned(),
            next: ahead.first().cloned(),
        }
    }
}

/// The approved windows that concern `service`, as they are shown.
fn windows_of(register: &Register, service: &Service, rulebook: &Rulebook) -> Vec<WindowView> {
    let notice_s = rulebook.min_notice_s(&service.id);
    let mut list = Vec::new();
    for plan in register.plans() {
        let Some(parts) = plan.parts_of(service) else { continue };
        let title: Arc<str> = match parts.as_slice() {
            [] => plan.title.as_str().into(),
            parts => format!("{} ({})", plan.title, parts.join(", ")).into(),
        };
        for window in plan.windows(rulebook.zone()) {
            if let Some(interval) = crate::domain::register::approved(&window, Wanted::Any) {
                let counted = window.counted(notice_s).is_some();
                let (number, title, of_parts) = (plan.number, Arc::clone(&title), !parts.is_empty());
                list.push(WindowView { number, title, interval, counted, of_parts });
            }
        }
    }
    list.sort_by_key(|window| (window.interval, window.number));
    list
}

/// The interval of `set` that holds `at`.
fn holding(set: &IntervalSet, at: Timestamp) -> Option<Interval> {
    let place = set.as_slice().partition_point(|interval| interval.to <= at);
    set.as_slice().get(place).copied().filter(|interval| interval.contains(at))
}

/// Until when maintenance in `set` excuses what began at `onset`; `None`: it does not, or no more.
pub(super) fn excused_until(set: &IntervalSet, onset: Timestamp, now: Timestamp) -> Option<Timestamp> {
    holding(set, onset).map(|window| window.to.plus_secs(GRACE_S)).filter(|until| now < *until)
}

/// When what began at `onset` counts as begun: what was excused, at the end of its window.
pub(super) fn counted_onset(set: &IntervalSet, onset: Timestamp) -> Timestamp {
    holding(set, onset).map_or(onset, |window| window.to)
}

/// What is seen of a subject that is maintained in `set`.
pub(crate) fn seen_in(set: &IntervalSet, view: View, now: Timestamp) -> View {
    let View::Holds(condition) = view else { return view };
    match holding(set, condition.onset_at) {
        Some(window) if now < window.to.plus_secs(GRACE_S) => View::Unseen { key: condition.key },
        Some(window) => View::Holds(Condition { onset_at: window.to, ..condition }),
        None => View::Holds(condition),
    }
}

/// The next instant after `now` at which maintenance begins, ends, or no longer excuses what is still there.
pub(crate) fn next_rim(set: &IntervalSet, now: Timestamp) -> Option<Timestamp> {
    let place = set.as_slice().partition_point(|interval| interval.to.plus_secs(GRACE_S) <= now);
    let near = set.as_slice().iter().skip(place).take(2);
    let rims = near.flat_map(|interval| [interval.from, interval.to, interval.to.plus_secs(GRACE_S)]);
    rims.filter(|rim| *rim > now).min()
}
