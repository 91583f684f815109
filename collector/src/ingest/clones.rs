//! Signs of a cloned machine: two that run under one key.
//!
//! A machine that is restarted gets a new boot id and never an old one again. So a batch that goes back to the boot id
//! before the newest comes from a second machine. The same goes for a start message with another machine id than the
//! one that joined. Both are counted each time and logged the first time.

use crate::self_stats::SelfStats;
use pantau_shared::ids::HostId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The boot ids of each host that was heard. Bounded by the number of enrolled hosts: only verified batches come here.
#[derive(Debug, Default)]
pub(super) struct Clones {
    heard: Mutex<HashMap<HostId, Heard>>,
}

#[derive(Debug, Default)]
struct Heard {
    boot_id: String,
    before: String,
    told: bool,
}

impl Clones {
    /// Looks at the boot id of a verified batch.
    pub(super) fn look(&self, host: &HostId, boot_id: &str, stats: &SelfStats) {
        if boot_id.is_empty() {
            return;
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if !heard.contains_key(host) {
            heard.insert(host.clone(), Heard { boot_id: boot_id.to_owned(), ..Heard::default() });
            return;
        }
        let Some(known) = heard.get_mut(host).filter(|known| known.boot_id != boot_id) else {
            return;
        };
        if known.before == boot_id {
            stats.hosts_cloned.increment();
            if !std::mem::replace(&mut known.told, true) {
                tracing::warn!(%host, "two machines send under one key: revoke the host and let each join by itself");
            }
        }
        known.before = std::mem::replace(&mut known.boot_id, boot_id.to_owned());
    }

    /// Looks at the machine id of a start message against the one that joined.
    pub(super) fn look_at_machine(&self, host: &HostId, machine: &str, joined: Option<&str>, stats: &SelfStats) {
        if machine.is_empty() || joined.is_none_or(|joined| joined.is_empty() || joined == machine) {
            return;
        }
        stats.hosts_cloned.increment();
        tracing::warn!(%host, "the agent started on another machine than the one that joined: was its key copied?");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_none_and_going_back_is_a_clone() {
        let check = |boots: &[&str], expected: u64| {
            let (clones, stats) = (Clones::default(), SelfStats::default());
            let host = HostId::parse("web").expect("valid");
            boots.iter().for_each(|boot| clones.look(&host, boot, &stats));
            assert_eq!(stats.hosts_cloned.get(), expected, "{boots:?}");
        };
        check(&["a", "a", "b", "b", "c"], 0);
        check(&["a", "", "b", "", "c"], 0);
        check(&["a", "b", "a"], 1);
        check(&["a", "b", "a", "b"], 2);
    }

    #[test]
    fn another_machine_than_the_one_that_joined_is_a_clone() {
        let (clones, stats) = (Clones::default(), SelfStats::default());
        let host = HostId::parse("web").expect("valid");
        for (machine, joined) in [("m", Some("m")), ("", Some("m")), ("m", None), ("m", Some(""))] {
            clones.look_at_machine(&host, machine, joined, &stats);
        }
        assert_eq!(stats.hosts_cloned.get(), 0);
        clones.look_at_machine(&host, "n", Some("m"), &stats);
        assert_eq!(stats.hosts_cloned.get(), 1);
    }
}
