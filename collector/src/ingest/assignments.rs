//! What each host is to watch, made once per catalogue and kept.

use crate::domain::assignment::assignment_for;
use crate::domain::catalogue::Catalogue;
use pantau_shared::assignment::Assignment;
use pantau_shared::ids::HostId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The assignments under the catalogue in force. Bounded by the number of enrolled hosts: only they are asked about.
pub(super) struct Assignments {
    catalogue: Box<dyn Fn() -> Arc<Catalogue> + Send + Sync>,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    under: Option<Arc<Catalogue>>,
    of: HashMap<HostId, Arc<Assignment>>,
}

impl Assignments {
    pub(super) fn new(catalogue: Box<dyn Fn() -> Arc<Catalogue> + Send + Sync>) -> Self {
        Self { catalogue, made: Mutex::default() }
    }

    /// The assignment of one host.
    pub(super) fn of(&self, host: &HostId) -> Arc<Assignment> {
        let catalogue = (self.catalogue)();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.under.as_ref().is_some_and(|under| Arc::ptr_eq(under, &catalogue)) {
            *made = Made { under: Some(catalogue.clone()), of: HashMap::new() };
        }
        made.of.entry(host.clone()).or_insert_with(|| Arc::new(assignment_for(&catalogue, host))).clone()
    }
}
