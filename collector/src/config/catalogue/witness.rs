//! Witnesses of the vantages' own network: `[[saksi]]`.
//!
//! Read as checks, but they judge the vantage that asks (see [`crate::domain::isolation`]). Without `dari` every host asks
//! it that asks a check over the network.

use super::Seen;
use super::check::{Asking, read_check};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::{Check, Service};
use crate::domain::isolation::{WITNESSES_MAX, needs_network};
use pantau_shared::ids::HostId;
use std::collections::{BTreeMap, BTreeSet};

/// Asked so often by default: short, since it bounds how long a ticket may wait for a witness.
const INTERVAL_MS: u32 = 10_000;

/// The witnesses of the file, for the vantages of `services`.
pub(super) fn read_witnesses(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
    seen: &mut Seen,
    services: &[Service],
) -> Vec<Check> {
    let asked = services.iter().flat_map(|service| &service.checks).filter(|check| needs_network(&check.kind));
    let asking: BTreeSet<&HostId> = asked.flat_map(|check| &check.vantages).collect();
    let hosts: Vec<HostId> = asking.into_iter().cloned().collect();
    let mut out: Vec<Check> = Vec::new();
    let mut counts: BTreeMap<HostId, usize> = BTreeMap::new();
    for table in root.tables(d, "saksi") {
        let asking = Asking { hosts: &hosts, public: false, interval_ms: INTERVAL_MS };
        let witness = read_check(d, &table, seen, asking);
        let Some(witness) = witness else { continue };
        if !needs_network(&witness.kind) {
            let remedy =
                "ask something beyond the host: the gateway by icmp, a name server by dns, a public host by tcp";
            d.add(table.span(), &table.key("jenis"), false, "does not use the network", remedy);
        }
        for host in &witness.vantages {
            let count = counts.entry(host.clone()).or_default();
            *count += 1;
            if *count == WITNESSES_MAX + 1 {
                let problem = format!("is more than {WITNESSES_MAX} witnesses for host {host}");
                d.add(table.span(), &table.key("dari"), false, &problem, "give the host fewer");
            }
        }
        out.push(witness);
    }
    out
}
