//! Labels of hosts: `[[host]]`.

use super::{Seen, TEXT_MAX, read_id};
use crate::config::diagnostics::{Diagnostics, TableReader};
use pantau_shared::ids::HostId;
use std::collections::BTreeMap;

pub(super) fn read_hosts(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> BTreeMap<HostId, String> {
    let mut seen = Seen::default();
    let mut names = BTreeMap::new();
    for table in root.tables(d, "host") {
        let id = read_id(d, &table, "host", &mut seen, HostId::parse);
        let name = table.text(d, "nama", TEXT_MAX);
        table.finish(d);
        if let Some(id) = id {
            let name = name.map_or_else(|| id.to_string(), |name| name.value);
            names.insert(id, name);
        }
    }
    names
}
