//! What this machine is: the facts an agent tells once, when it starts. Read through `sysinfo`, which knows the ways of
//! many distributions; none of it is on the path of a sample.

use crate::identity::read_machine_id_hash;
use pantau_shared::envelope::AgentStarted;
use pantau_shared::limits::cut_text;
use std::path::Path;
use sysinfo::System;

/// The facts of this machine and this agent.
pub(crate) fn read_facts() -> AgentStarted {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    AgentStarted {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: cut_text(&System::host_name().unwrap_or_default()),
        os: cut_text(&System::long_os_version().unwrap_or_default()),
        kernel: cut_text(&System::kernel_version().unwrap_or_default()),
        machine_id_hash: read_machine_id_hash(),
        cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
        architecture: System::cpu_arch(),
    }
}

/// The kernel's boot id; empty when it tells none.
pub(crate) fn read_boot_id(proc_root: &Path) -> String {
    let text = std::fs::read_to_string(proc_root.join("sys/kernel/random/boot_id")).unwrap_or_default();
    cut_text(text.trim()).chars().take(36).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_tells_what_it_is() {
        let facts = read_facts();
        assert!(!facts.hostname.is_empty() && !facts.kernel.is_empty() && !facts.architecture.is_empty());
        assert!(facts.cpus > 0 && facts.machine_id_hash.len() == 64);
        assert_eq!(read_boot_id(Path::new("/proc")).len(), 36);
        assert_eq!(read_boot_id(Path::new("/no/such/place")), "");
    }
}
