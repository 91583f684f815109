//! Which columns of a host say the same thing together, so that one of them can be left out but for a small rest.
//!
//! All processors are the sum of each; the modes of one processor fill its time; what is free, cached and buffered is
//! about what is available. Whether it pays in a given hour is measured there; a relation that does not hold costs
//! nothing but the try. Relations are between fields of one item, but for the processors, and never go round in a
//! circle: those below end after two steps, and all processors' go on to each one's.
//!
//! Does not know how columns are written.

use super::column::{RELATED_MAX, Related};
use super::layout::Table;
use crate::series::{Group, tags};

/// A field and what it may be the sum of: tags added, tags subtracted.
type Kin = (u8, &'static [u8], &'static [u8]);

const CORE: &[Kin] = &[(2, &[], &[3, 4, 5, 6])];
const MEMORY: &[Kin] = &[
    (3, &[2, 4, 5, 9], &[]),
    (3, &[2, 4, 5, 10], &[]),
    (3, &[2, 4, 5], &[]),
    (10, &[9], &[]),
    (12, &[4, 5, 13], &[11]),
];
const FILESYSTEM: &[Kin] = &[(6, &[5], &[])];
const DISK: &[Kin] = &[(12, &[4, 7], &[])];
const INTERFACE: &[Kin] = &[(6, &[2], &[]), (7, &[3], &[])];
const PRESSURE: &[Kin] = &[(1, &[2], &[]), (3, &[4], &[]), (5, &[6], &[])];

const fn kin(group: Group) -> &'static [Kin] {
    match group {
        Group::Core => CORE,
        Group::Memory => MEMORY,
        Group::Filesystem => FILESYSTEM,
        Group::Disk => DISK,
        Group::Interface => INTERFACE,
        Group::Pressure => PRESSURE,
        Group::Cpu
        | Group::Load
        | Group::Kernel
        | Group::FailedSource
        | Group::Agent
        | Group::Sockets
        | Group::Timekeeping
        | Group::Units
        | Group::FailedUnit
        | Group::Host
        | Group::Storage => &[],
    }
}

/// By column of a table with one column per series: what it may be the sum of.
pub(super) fn related(table: &Table) -> Vec<Vec<Vec<Related>>> {
    let mut firsts = Vec::with_capacity(table.items.len());
    let mut next = 0;
    for item in &table.items {
        firsts.push(next);
        next += item.mask.count_ones() as usize;
    }
    let column = |item: usize, tag: u8| {
        let mask = table.items.get(item)?.mask;
        (mask & 1 << tag != 0).then_some(firsts.get(item)? + tags(mask).take_while(|other| *other < tag).count())
    };
    let cores: Vec<usize> = (0..).zip(&table.items).filter(|(_, i)| i.group == Group::Core).map(|(n, _)| n).collect();
    let mut all = vec![Vec::new(); next];
    for (index, item) in table.items.iter().enumerate() {
        if item.group == Group::Cpu && (1..=RELATED_MAX).contains(&cores.len()) {
            for (own, tag) in tags(item.mask).filter(|tag| *tag > 1).filter_map(|tag| Some((column(index, tag)?, tag)))
            {
                let sum: Option<Vec<Related>> =
                    cores.iter().map(|core| Some(Related { column: column(*core, tag)?, negated: false })).collect();
                if let Some(place) = all.get_mut(own) {
                    place.extend(sum);
                }
            }
        }
        for (tag, plus, minus) in kin(item.group) {
            let of = |tags: &[u8], negated| -> Option<Vec<Related>> {
                tags.iter().map(|tag| Some(Related { column: column(index, *tag)?, negated })).collect()
            };
            let Some((own, plus, minus)) =
                column(index, *tag).and_then(|own| Some((own, of(plus, false)?, of(minus, true)?)))
            else {
                continue;
            };
            if let Some(place) = all.get_mut(own) {
                place.push([plus, minus].concat());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps from a field until one that is related to nothing.
    fn depth(group: Group, tag: u8, left: u8) -> u8 {
        assert!(left > 0, "{group:?} {tag}: relations go round or too far");
        let others =
            kin(group).iter().filter(|(own, ..)| *own == tag).flat_map(|(_, plus, minus)| plus.iter().chain(*minus));
        others.map(|other| 1 + depth(group, *other, left - 1)).max().unwrap_or_default()
    }

    #[test]
    fn relations_name_known_fields_and_never_go_round() {
        for group in Group::ALL {
            for (tag, plus, minus) in kin(group) {
                assert!(group.field(*tag).is_some(), "{group:?} {tag}");
                assert!(plus.iter().chain(*minus).all(|other| group.field(*other).is_some()), "{group:?} {tag}");
                assert!((1..=RELATED_MAX).contains(&(plus.len() + minus.len())));
                assert!((1..=2).contains(&depth(group, *tag, 4)));
            }
        }
    }
}
