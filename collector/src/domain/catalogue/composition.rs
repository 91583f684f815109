//! What a service is made of: components, the formula over its checks, and what it depends on.
//!
//! A component is a named group of checks and stands as the worst of them; its own target never judges the service
//! (G57). A dependency is recorded and shown. It never hides a state: what is down is down, whoever is to blame.

use super::{AvailabilityTarget, Service, ServiceId};
use crate::domain::composite::Formula;
use crate::domain::state::{Quorum, Tie};
use pantau_shared::ids::HostId;

/// A part of a service with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Unique among components and services of the catalogue; same alphabet as a service's identifier.
    pub id: ServiceId,
    /// For people.
    pub name: String,
    /// Places of its checks in the service's list; never empty.
    pub checks: Vec<usize>,
    /// Its own target (G57).
    pub target: Option<AvailabilityTarget>,
}

impl Component {
    /// Its state from the states of the service's checks.
    pub fn formula(&self) -> Formula {
        Formula::All(self.checks.iter().map(|place| Formula::Component(*place)).collect())
    }
}

/// What a service needs besides itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// A component, of this service or another one.
    Component {
        /// Whose.
        service: ServiceId,
        /// Which.
        component: ServiceId,
    },
    /// A whole service.
    Service(ServiceId),
}

impl Dependency {
    /// The service that is needed, or whose component is.
    pub fn service(&self) -> &ServiceId {
        match self {
            Self::Component { service, .. } | Self::Service(service) => service,
        }
    }

    /// The identifier as it is written.
    pub fn id(&self) -> &ServiceId {
        match self {
            Self::Component { component, .. } => component,
            Self::Service(service) => service,
        }
    }
}

/// How a service's state follows from its checks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composition {
    /// In the file's order.
    pub components: Vec<Component>,
    /// Over the places of the checks, components written out; `None`: needs each check.
    pub formula: Option<Formula>,
    /// In the file's order; free of cycles.
    pub depends_on: Vec<Dependency>,
}

/// How the vantages of a check make one state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckQuorum {
    /// With fewer valid vantages the check is unknown; `None`: the default for so many vantages.
    pub min_valid: Option<u32>,
    /// What exactly half of them being down means.
    pub tie: Tie,
    /// Vantages whose *down* alone is a *down*.
    pub decisive: Vec<HostId>,
}

impl CheckQuorum {
    /// The rule for `count` vantages.
    pub fn rule(&self, count: usize) -> Quorum {
        let default = Quorum::for_vantages(count);
        let min_valid = self.min_valid.and_then(|min| usize::try_from(min).ok());
        Quorum { min_valid: min_valid.unwrap_or(default.min_valid), tie: self.tie }
    }

    /// Whether `host`'s *down* alone is a *down*.
    pub fn is_decisive(&self, host: &HostId) -> bool {
        self.decisive.contains(host)
    }
}

impl Service {
    /// How its state follows from its checks, by their places.
    pub fn formula(&self) -> Formula {
        let all = || Formula::All((0..self.checks.len()).map(Formula::Component).collect());
        self.composition.formula.clone().unwrap_or_else(all)
    }

    /// Its component of that identifier.
    pub fn component(&self, id: &str) -> Option<&Component> {
        self.composition.components.iter().find(|component| component.id.as_str() == id)
    }

    /// The component that the check at `place` belongs to; of several the first.
    pub fn component_of(&self, place: usize) -> Option<&Component> {
        self.composition.components.iter().find(|component| component.checks.contains(&place))
    }
}
