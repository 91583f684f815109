//! Samples to items and back.
//!
//! [`walk`] visits the items of a sample without allocating: first what a host has once, then the repeated groups, each
//! in the sample's order; [`flatten`] collects them; [`Restored`] builds the sample again. Does not know how items are kept.

use super::table::{Fields, Values};
use super::{Group, Instance};
use pantau_shared::sample::{Disk, Filesystem, Interface, Sample};

/// One message of a sample: what it is of, and its fields by tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub group: Group,
    /// Of which; empty for what a host has once.
    pub instance: Instance,
    /// Tags, rising, and values.
    pub values: Vec<(u8, u64)>,
}

/// An item while it is still in its sample.
#[derive(Debug)]
pub(crate) struct ItemRef<'a> {
    pub(crate) group: Group,
    pub(crate) name: NameRef<'a>,
    pub(crate) values: &'a Values,
}

/// What an item is called in its sample, before repeated names are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NameRef<'a> {
    Once,
    Core(u32),
    Text(&'a str),
    Mount(&'a str, &'a str, &'a str),
}

impl NameRef<'_> {
    /// The instance of the `nth` item of this name.
    pub(crate) fn instance(&self, nth: u32) -> Instance {
        match self {
            Self::Once => Instance::default(),
            Self::Core(number) => Instance::new(&[&format!("cpu{number}")], nth),
            Self::Text(text) => Instance::new(&[text], nth),
            Self::Mount(point, device, kind) => Instance::new(&[point, device, kind], nth),
        }
    }

    /// A copy that outlives the sample.
    pub(crate) fn to_owned(self) -> Name {
        match self {
            Self::Once => Name::Once,
            Self::Core(number) => Name::Core(number),
            Self::Text(text) => Name::Text(text.to_owned()),
            Self::Mount(point, device, kind) => Name::Mount(point.to_owned(), device.to_owned(), kind.to_owned()),
        }
    }
}

/// [`NameRef`], owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Once,
    Core(u32),
    Text(String),
    Mount(String, String, String),
}

impl PartialEq<NameRef<'_>> for Name {
    #[inline]
    fn eq(&self, other: &NameRef<'_>) -> bool {
        match (self, other) {
            (Self::Once, NameRef::Once) => true,
            (Self::Core(a), NameRef::Core(b)) => a == b,
            (Self::Text(a), NameRef::Text(b)) => a == b,
            (Self::Mount(a, b, c), NameRef::Mount(x, y, z)) => a == x && b == y && c == z,
            _ => false,
        }
    }
}

/// Visits all items of `sample`.
pub(crate) fn walk<'a>(sample: &'a Sample, mut visit: impl FnMut(&ItemRef<'_>)) {
    let mut values = Values::empty();
    let mut one = |group, name: NameRef<'a>, fields: Option<&dyn Fields>| {
        values.mask = 0;
        if let Some(fields) = fields {
            fields.read(&mut values);
        }
        visit(&ItemRef { group, name, values: &values });
    };
    let mut once = |group, fields: Option<&dyn Fields>| {
        if fields.is_some() {
            one(group, NameRef::Once, fields);
        }
    };
    once(Group::Cpu, sample.cpu_total.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Load, sample.load.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Memory, sample.memory.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Kernel, sample.kernel.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Agent, sample.agent.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Pressure, sample.pressure.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Sockets, sample.sockets.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Timekeeping, sample.timekeeping.as_ref().map(|fields| fields as &dyn Fields));
    once(Group::Units, sample.units.as_ref().map(|fields| fields as &dyn Fields));
    for (position, core) in (0_u32..).zip(&sample.cpus) {
        one(Group::Core, NameRef::Core(core.cpu.unwrap_or(position)), Some(core));
    }
    for f in &sample.filesystems {
        one(Group::Filesystem, NameRef::Mount(&f.mount_point, &f.device, &f.kind), Some(f));
    }
    for disk in &sample.disks {
        one(Group::Disk, NameRef::Text(&disk.device), Some(disk));
    }
    for interface in &sample.interfaces {
        one(Group::Interface, NameRef::Text(&interface.device), Some(interface));
    }
    for source in &sample.failed_sources {
        one(Group::FailedSource, NameRef::Text(source), None);
    }
    for unit in &sample.failed_units {
        one(Group::FailedUnit, NameRef::Text(unit), None);
    }
}

/// All items of a sample; [`restore`] undoes it.
pub fn flatten(sample: &Sample) -> Vec<Item> {
    let mut seen = std::collections::BTreeMap::new();
    let mut items: Vec<Item> = Vec::new();
    walk(sample, |item| {
        let first = item.name.instance(0);
        let nth: &mut u32 = seen.entry((item.group, first)).or_default();
        let instance = item.name.instance(*nth);
        *nth += 1;
        items.push(Item { group: item.group, instance, values: item.values.iter().collect() });
    });
    items
}

/// The sample of these items; `None` when an instance or a value fits no sample.
pub fn restore(items: &[Item]) -> Option<Sample> {
    let mut restored = Restored::default();
    for item in items {
        let parts = item.instance.split(item.group.parts())?.0;
        restored.item(item.group, &parts)?;
        for (tag, value) in &item.values {
            restored.value(*tag, *value)?;
        }
    }
    Some(restored.sample)
}

/// A sample being built, item after item.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    pub(crate) sample: Sample,
    group: Option<Group>,
}

impl Restored {
    /// Begins an item.
    pub(crate) fn item(&mut self, group: Group, parts: &[String]) -> Option<()> {
        let sample = &mut self.sample;
        let text = |index: usize| parts.get(index).cloned();
        match group {
            Group::Cpu => drop(sample.cpu_total.replace(Default::default())),
            Group::Load => drop(sample.load.replace(Default::default())),
            Group::Memory => drop(sample.memory.replace(Default::default())),
            Group::Kernel => drop(sample.kernel.replace(Default::default())),
            Group::Agent => drop(sample.agent.replace(Default::default())),
            Group::Pressure => drop(sample.pressure.replace(Default::default())),
            Group::Sockets => drop(sample.sockets.replace(Default::default())),
            Group::Timekeeping => drop(sample.timekeeping.replace(Default::default())),
            Group::Units => drop(sample.units.replace(Default::default())),
            Group::Core => sample.cpus.push(Default::default()),
            Group::Filesystem => sample.filesystems.push(Filesystem {
                mount_point: text(0)?,
                device: text(1)?,
                kind: text(2)?,
                ..Filesystem::default()
            }),
            Group::Disk => sample.disks.push(Disk { device: text(0)?, ..Disk::default() }),
            Group::Interface => sample.interfaces.push(Interface { device: text(0)?, ..Interface::default() }),
            Group::FailedSource => sample.failed_sources.push(text(0)?),
            Group::FailedUnit => sample.failed_units.push(text(0)?),
            Group::Host | Group::Storage => return None,
        }
        self.group = Some(group);
        Some(())
    }

    /// Sets a field of the item begun last.
    pub(crate) fn value(&mut self, tag: u8, value: u64) -> Option<()> {
        let sample = &mut self.sample;
        match self.group? {
            Group::Cpu => sample.cpu_total.as_mut()?.write(tag, value),
            Group::Core => sample.cpus.last_mut()?.write(tag, value),
            Group::Load => sample.load.as_mut()?.write(tag, value),
            Group::Memory => sample.memory.as_mut()?.write(tag, value),
            Group::Filesystem => sample.filesystems.last_mut()?.write(tag, value),
            Group::Disk => sample.disks.last_mut()?.write(tag, value),
            Group::Interface => sample.interfaces.last_mut()?.write(tag, value),
            Group::Kernel => sample.kernel.as_mut()?.write(tag, value),
            Group::Agent => sample.agent.as_mut()?.write(tag, value),
            Group::Pressure => sample.pressure.as_mut()?.write(tag, value),
            Group::Sockets => sample.sockets.as_mut()?.write(tag, value),
            Group::Timekeeping => sample.timekeeping.as_mut()?.write(tag, value),
            Group::Units => sample.units.as_mut()?.write(tag, value),
            Group::FailedSource | Group::FailedUnit | Group::Host | Group::Storage => None,
        }
    }
}
