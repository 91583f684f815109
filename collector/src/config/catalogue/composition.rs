//! What a service is made of: `[[layanan.komponen]]`, `susunan`, `bergantung_pada`.
//!
//! `susunan = { semua = ["aplikasi", { k = 2, dari = ["db-1", "db-2", "db-3"] }] }`: names are those of components or
//! of checks of the same service. A component stands for its checks, all of them.

use super::{Seen, TEXT_MAX, read_id};
use crate::config::diagnostics::{Diagnostics, Item, Placed, TableReader};
use crate::domain::catalogue::{AvailabilityTarget, Check, Component, Composition, Dependency, Service, ServiceId};
use crate::domain::composite::{DEPTH_MAX, Formula};
use std::collections::{BTreeMap, BTreeSet};

/// Components of a service, parts of a formula, dependencies: at most so many.
const PARTS_MAX: usize = 100;

/// Dependencies as they are written; they may name services that come later.
pub(super) type Named = Vec<Placed<String>>;

pub(super) fn read_composition(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &mut Seen,
    checks: &[Check],
) -> (Composition, Named) {
    let mut components: Vec<Component> = Vec::new();
    for table in t.tables(d, "komponen").into_iter().take(PARTS_MAX) {
        components.extend(read_component(d, &table, seen, checks));
    }
    let formula = t.table(d, "susunan").and_then(|table| {
        let read = read_formula(d, &table, checks, &components, 1);
        read.filter(|formula| match formula.check(checks.len()) {
            Ok(()) => true,
            Err(error) => {
                d.add(table.span(), &t.key("susunan"), false, &error.to_string(), "name parts that exist");
                false
            }
        })
    });
    let named = t.texts(d, "bergantung_pada", 63).into_iter().take(PARTS_MAX).collect();
    (Composition { components, formula, depends_on: Vec::new() }, named)
}

fn read_component(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &mut Seen,
    checks: &[Check],
) -> Option<Component> {
    // Services and components share one space of names: a dependency names either.
    let id = read_id(d, t, "layanan", seen, ServiceId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|name| name.value);
    if !t.has("pemeriksaan") {
        t.missing(d, "pemeriksaan", "list the checks that make it");
    }
    let mut places = BTreeSet::new();
    for check in t.texts(d, "pemeriksaan", 63) {
        match checks.iter().position(|known| known.id.as_str() == check.value) {
            Some(place) => drop(places.insert(place)),
            None => d.add(check.span, &check.key, true, "is no check of this service", "name one by its `id`"),
        }
    }
    let target = t.percent_ppm(d, "target_ketersediaan").map(|ppm| AvailabilityTarget { ppm });
    t.finish(d);
    let id = id?;
    let name = name.unwrap_or_else(|| id.to_string());
    (!places.is_empty()).then(|| Component { id, name, checks: places.into_iter().collect(), target })
}

fn read_formula(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    checks: &[Check],
    components: &[Component],
    depth: usize,
) -> Option<Formula> {
    let (all, some) = (t.items(d, "semua", PARTS_MAX), t.items(d, "dari", PARTS_MAX));
    let count = t.integer(d, "k", 1..=PARTS_MAX as u64);
    t.finish(d);
    let read = |d: &mut Diagnostics<'_>, items: Vec<Item<'_>>| {
        items.into_iter().filter_map(|item| read_part(d, item, checks, components, depth)).collect::<Vec<_>>()
    };
    match (all, some, count) {
        (Some(items), None, None) => Some(Formula::All(read(d, items))),
        (None, Some(items), Some(k)) => {
            let of = read(d, items);
            let wanted = usize::try_from(k.value).unwrap_or(usize::MAX);
            if wanted > of.len() {
                d.add(k.span, &k.key, true, "is more than there are in `dari`", "give at most their number");
            }
            Some(Formula::KOfN { k: wanted, of })
        }
        (_, _, _) => {
            let remedy = "give { semua = [...] } or { k = 2, dari = [...] }";
            d.add(t.span(), &t.key(""), false, "is no composition", remedy);
            None
        }
    }
}

fn read_part(
    d: &mut Diagnostics<'_>,
    item: Item<'_>,
    checks: &[Check],
    components: &[Component],
    depth: usize,
) -> Option<Formula> {
    match item {
        Item::Table(table) if depth < DEPTH_MAX => read_formula(d, &table, checks, components, depth + 1),
        Item::Table(table) => {
            d.add(table.span(), "susunan", false, "is nested too deeply", &format!("at most {DEPTH_MAX} levels"));
            None
        }
        Item::Text(name) => {
            let component = components.iter().find(|component| component.id.as_str() == name.value);
            let check = || checks.iter().position(|check| check.id.as_str() == name.value).map(Formula::Component);
            let found = component.map(Component::formula).or_else(check);
            if found.is_none() {
                let remedy = "name one of the `id`s under [[layanan.komponen]] or [[layanan.pemeriksaan]]";
                d.add(name.span, &name.key, true, "is no component and no check of this service", remedy);
            }
            found
        }
    }
}

/// Says which service or component each name means; unknown ones, itself and cycles are faults.
pub(super) fn resolve(d: &mut Diagnostics<'_>, services: &mut [Service], named: &[(ServiceId, Named)]) {
    let mut known: BTreeMap<String, Dependency> = BTreeMap::new();
    for service in services.iter() {
        for component in &service.composition.components {
            let dependency = Dependency::Component { service: service.id.clone(), component: component.id.clone() };
            known.insert(component.id.to_string(), dependency);
        }
        known.insert(service.id.to_string(), Dependency::Service(service.id.clone()));
    }
    let mut needs: BTreeMap<ServiceId, BTreeSet<ServiceId>> = BTreeMap::new();
    for (id, names) in named {
        let Some(service) = services.iter_mut().find(|service| service.id == *id) else { continue };
        for name in names {
            let remedy = "name a service, or a component of another service, by its `id`";
            match known.get(&name.value) {
                None => d.add(name.span.clone(), &name.key, true, "is not known", remedy),
                Some(needed) if needed.service() == id => {
                    d.add(name.span.clone(), &name.key, true, "is part of this service", remedy);
                }
                Some(needed) if reaches(&needs, needed.service(), id) => {
                    let remedy = "take one of the dependencies out";
                    d.add(name.span.clone(), &name.key, true, "depends on this service in turn", remedy);
                }
                Some(needed) => {
                    needs.entry(id.clone()).or_default().insert(needed.service().clone());
                    service.composition.depends_on.push(needed.clone());
                }
            }
        }
    }
}

/// Whether `from` needs `to`, over any number of services.
fn reaches(needs: &BTreeMap<ServiceId, BTreeSet<ServiceId>>, from: &ServiceId, to: &ServiceId) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(needs.get(at).into_iter().flatten());
        }
    }
    false
}
