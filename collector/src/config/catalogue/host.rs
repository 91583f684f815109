//! Labels of hosts, and which of them look from outside: `[[host]]`.

use super::{Seen, TEXT_MAX, read_id};
use crate::config::diagnostics::{Diagnostics, TableReader};
use pantau_shared::ids::HostId;
use std::collections::{BTreeMap, BTreeSet};

/// Labels, and the hosts outside.
pub(super) fn read_hosts(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
) -> (BTreeMap<HostId, String>, BTreeSet<HostId>) {
    let mut seen = Seen::default();
    let (mut names, mut outside) = (BTreeMap::new(), BTreeSet::new());
    for table in root.tables(d, "host") {
        let id = read_id(d, &table, "host", &mut seen, HostId::parse);
        let name = table.text(d, "nama", TEXT_MAX);
        let is_outside = table.boolean(d, "luar").unwrap_or(false);
        table.finish(d);
        if let Some(id) = id {
            if is_outside {
                outside.insert(id.clone());
            }
            let name = name.map_or_else(|| id.to_string(), |name| name.value);
            names.insert(id, name);
        }
    }
    (names, outside)
}
