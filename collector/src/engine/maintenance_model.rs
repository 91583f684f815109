//! When what is in approved maintenance, as the engine needs it: to leave tickets closed, and to show it.
//!
//! A condition that begins inside a window opens nothing, whether the window counts in the figures or not. What is still
//! there [`GRACE_S`] after its end is a disturbance from the end of the window on (engines B.2); where something fails that
//! is not maintained, nothing is waited for. Probing and the ledger go on as ever. Made once per change of a register; what maintenance of components excuses, with what is seen of them.

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
    hosts: HashMap<HostId, Maintained>,
    none: Maintained,
}

#[derive(Debug, Clone, Default)]
struct ServiceWindows {
    /// Of itself or of all its hosts: whatever is seen of it then.
    own: IntervalSet,
    /// Whether any window is one of a component.
    of_components: bool,
    /// With the time in which it is down only because of components in maintenance.
    all: Maintained,
    /// Each for itself, in order of its begin.
    list: Vec<WindowView>,
}

impl Windows {
    /// Of `register`, for the services of `catalogue` in their order, of which those that were down stood as `parts` says.
    pub(crate) fn new(register: &Register, catalogue: &Catalogue, rulebook: &Rulebook, parts: &PartsOf<'_>) -> Self {
        let zone = rulebook.zone();
        let named = register.plans().iter().flat_map(|plan| &plan.hosts);
        let of_host = |host: &HostId| Maintained::from(register.host_maintenance(host, zone, Wanted::Any));
        let hosts = named.map(|host| (host.clone(), of_host(host)));
        let services = catalogue.services.iter().map(|service| {
            let list = windows_of(register, service, rulebook);
            let own = register.maintenance_of(service, zone);
            let of_components = !rulebook.planned_of_components(register, &service.id).is_empty();
            ServiceWindows { all: Maintained::from(own.clone()), own, of_components, list }
        });
        let mut windows = Self { services: services.collect(), hosts: hosts.collect(), none: Maintained::default() };
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
        let planned = rulebook.planned_of_components(register, &service.id);
        let down = |at: Timestamp| stretches.iter().any(|stretch| stretch.interval.contains(at));
        let ends = excused.iter().map(|piece| piece.to);
        let cut_short = ends.filter(|end| planned.contains(*end) && down(*end)).collect();
        if let Some(windows) = self.services.get_mut(place) {
            windows.all = Maintained { set: windows.own.union(&excused), cut_short };
        }
    }

    /// That of a service.
    pub(crate) fn of_service(&self, place: usize) -> &Maintained {
        self.services.get(place).map_or(&self.none, |service| &service.all)
    }

    /// That of a host.
    pub(crate) fn of_host(&self, host: &HostId) -> &Maintained {
        self.hosts.get(host).unwrap_or(&self.none)
    }

    /// That of what cannot be maintained.
    pub(super) const fn of_nothing(&self) -> &Maintained {
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

/// When something is in approved maintenance, and how that ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Maintained {
    set: IntervalSet,
    /// Ends of `set` at which something failed that is not maintained, while the plan went on: nothing is waited for then.
    cut_short: Vec<Timestamp>,
}

impl From<IntervalSet> for Maintained {
    fn from(set: IntervalSet) -> Self {
        Self { set, cut_short: Vec::new() }
    }
}

impl Maintained {
    /// Whether `at` lies in it.
    pub(super) fn contains(&self, at: Timestamp) -> bool {
        self.set.contains(at)
    }

    /// Whether it ended at `at` because something else failed.
    pub(super) fn is_cut_short(&self, at: Timestamp) -> bool {
        self.cut_short.contains(&at)
    }

    /// The interval that holds `at`.
    fn holding(&self, at: Timestamp) -> Option<Interval> {
        let place = self.set.as_slice().partition_point(|interval| interval.to <= at);
        self.set.as_slice().get(place).copied().filter(|interval| interval.contains(at))
    }

    /// Until when what began in `window` is excused.
    fn grace_ends(&self, window: Interval) -> Timestamp {
        if self.is_cut_short(window.to) { window.to } else { window.to.plus_secs(GRACE_S) }
    }

    /// Until when it excuses what began at `onset`; `None`: it does not, or no more.
    pub(super) fn excused_until(&self, onset: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.holding(onset).map(|window| self.grace_ends(window)).filter(|until| now < *until)
    }

    /// When what began at `onset` counts as begun: what was excused, at the end of its window.
    pub(super) fn counted_onset(&self, onset: Timestamp) -> Timestamp {
        self.holding(onset).map_or(onset, |window| window.to)
    }

    /// What is seen of a subject that is maintained so.
    pub(crate) fn seen(&self, view: View, now: Timestamp) -> View {
        let View::Holds(condition) = view else { return view };
        if self.excused_until(condition.onset_at, now).is_some() {
            return View::Unseen { key: condition.key };
        }
        View::Holds(Condition { onset_at: self.counted_onset(condition.onset_at), ..condition })
    }

    /// The next instant after `now` at which maintenance begins, ends, or no longer excuses what is still there.
    pub(crate) fn next_rim(&self, now: Timestamp) -> Option<Timestamp> {
        let windows = self.set.as_slice();
        let place = windows.partition_point(|interval| interval.to.plus_secs(GRACE_S) <= now);
        let near = windows.iter().skip(place).take(2);
        let rims = near.flat_map(|interval| [interval.from, interval.to, self.grace_ends(*interval)]);
        rims.filter(|rim| *rim > now).min()
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
