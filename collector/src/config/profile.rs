//! The profile's file: one office's regulation as data. Bangka's is compiled in.

use super::calendar::read_calendars;
use super::diagnostics::{Diagnostics, FileFaults, Placed, TableReader};
use crate::domain::calendar::DEFAULT_ZONE;
use crate::domain::catalogue::{ServiceClass, ServiceGroup};
use crate::domain::profile::{Impact, Operator, Priority, Profile, TimeTarget};

/// The profile of the Peraturan Bupati Bangka, as compiled in.
pub const BANGKA_2025: &str = include_str!("../../../config/profiles/bangka-2025.toml");
const YEAR_MS: u64 = 366 * 86_400_000;
const TEXT_MAX: usize = 500;

/// The compiled-in profile.
pub fn bangka_2025() -> Profile {
    parse("bangka-2025.toml", BANGKA_2025).expect("the compiled-in profile is valid: a test reads it")
}

/// Reads a profile.
///
/// # Errors
/// Every fault of the file at once.
pub fn parse(file: &str, text: &str) -> Result<Profile, FileFaults> {
    let mut d = Diagnostics::new(file, text);
    let Some((table, span)) = d.parse() else { return d.finish(None) };
    let root = TableReader::root(&table, span);
    let profile = read(&mut d, &root);
    root.finish(&mut d);
    d.finish(profile)
}

fn read(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Option<Profile> {
    let version = root.required_text(d, "version", 40);
    let legal_basis = root.required_text(d, "legal_basis", TEXT_MAX);
    let zone = root.required_text(d, "time_zone", 60);
    let time_zone = zone.and_then(|zone| {
        let read = zone.value.parse::<chrono_tz::Tz>();
        if read.is_err() {
            d.add(zone.span, &zone.key, true, "is no IANA time zone", "such as \"Asia/Jakarta\"");
        }
        read.ok()
    });
    let values = |list: Vec<Placed<String>>| list.into_iter().map(|p| p.value).collect::<Vec<_>>();
    let categories = values(root.texts(d, "categories", 60));
    let reporting_methods = values(root.texts(d, "reporting_methods", 60));
    if !["telepon", "surat", "email"].iter().all(|m| reporting_methods.iter().any(|r| r == m)) {
        root.missing(d, "reporting_methods", "keep \"telepon\", \"surat\" and \"email\" (G37)");
    }
    let escalation = values(root.texts(d, "escalation", TEXT_MAX));
    let roles = read_roles(d, root);
    let escalation_roles = read_levels(d, root, &roles);
    let (resolution_targets, priorities) = (read_resolution(d, root), read_priorities(d, root));
    let response_targets = read_response(d, root);
    let calendars = read_calendars(d, root, time_zone.unwrap_or(DEFAULT_ZONE), &[]);
    let mut assumptions = Vec::new();
    for table in root.tables(d, "assumptions") {
        let (id, note) = (table.required_text(d, "id", 10), table.required_text(d, "note", TEXT_MAX));
        table.finish(d);
        assumptions.extend(id.zip(note).map(|(id, note)| (id.value, note.value)));
    }
    Some(Profile {
        version: version?.value,
        legal_basis: legal_basis?.value,
        time_zone: time_zone?,
        resolution_targets,
        priorities,
        response_targets,
        categories,
        reporting_methods,
        roles,
        escalation,
        escalation_roles,
        assumptions,
        calendars,
    })
}

fn read_roles(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Vec<(String, String)> {
    const ROLES: [&str; 5] = [
        "pimpinan",
        "penanggung_jawab_layanan",
        "penanggung_jawab_infrastruktur",
        "administrator_layanan",
        "administrator_infrastruktur",
    ];
    let Some(table) = root.table(d, "roles") else { return Vec::new() };
    let roles =
        ROLES.iter().filter_map(|role| Some(((*role).to_owned(), table.text(d, role, TEXT_MAX)?.value))).collect();
    table.finish(d);
    roles
}

/// Tabel 14 by role: `[escalation_roles]`, `level_1` to `level_3`.
fn read_levels(d: &mut Diagnostics<'_>, root: &TableReader<'_>, roles: &[(String, String)]) -> Vec<Vec<String>> {
    let Some(table) = root.table(d, "escalation_roles") else { return Vec::new() };
    let known: Vec<&str> = roles.iter().map(|(code, _)| code.as_str()).collect();
    let mut levels = Vec::new();
    for level in ["level_1", "level_2", "level_3"] {
        let named = table.texts(d, level, TEXT_MAX);
        for role in named.iter().filter(|role| !known.contains(&role.value.as_str())) {
            let remedy = format!("one of {}", known.join(", "));
            d.add(role.span.clone(), &role.key, true, "is no role of [roles]", &remedy);
        }
        levels.push(named.into_iter().map(|role| role.value).collect());
    }
    table.finish(d);
    levels
}

fn below(d: &mut Diagnostics<'_>, table: &TableReader<'_>, key: &'static str) -> Option<TimeTarget> {
    let ms = table.duration_ms(d, key, 1000..=YEAR_MS)?;
    Some(TimeTarget { seconds: u32::try_from(ms.value / 1000).unwrap_or(u32::MAX), operator: Operator::Below })
}

fn read_resolution(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
) -> Vec<(ServiceGroup, ServiceClass, Option<TimeTarget>)> {
    let mut out = Vec::new();
    let Some(table) = root.table(d, "resolution_targets") else { return out };
    for group in ServiceGroup::ALL {
        if let Some(row) = table.table(d, group.code()) {
            out.extend(ServiceClass::ALL.map(|class| (group, class, below(d, &row, class.code()))));
            row.finish(d);
        }
    }
    table.finish(d);
    out
}

fn read_priorities(
    d: &mut Diagnostics<'_>,
    root: &TableReader<'_>,
) -> Vec<(Impact, ServiceGroup, ServiceClass, Priority)> {
    let mut out = Vec::new();
    let Some(table) = root.table(d, "priorities") else {
        root.missing(d, "priorities", "give Tabel 3 whole");
        return out;
    };
    for impact in Impact::ALL {
        let Some(rows) = table.table(d, impact.code()) else {
            table.missing(d, impact.code(), "give Tabel 3 whole");
            continue;
        };
        for group in ServiceGroup::ALL {
            let cells = rows.texts(d, group.code(), 1);
            let read: Vec<Priority> = cells.iter().filter_map(|c| Priority::new(c.value.parse().ok()?)).collect();
            if read.len() == 3 {
                out.extend(ServiceClass::ALL.into_iter().zip(read).map(|(class, p)| (impact, group, class, p)));
            } else {
                d.add(
                    rows.span(),
                    &rows.key(group.code()),
                    false,
                    "is no row of Tabel 3",
                    "give three of \"1\" to \"6\"",
                );
            }
        }
        rows.finish(d);
    }
    table.finish(d);
    out
}

fn read_response(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> Vec<(Priority, TimeTarget)> {
    let mut out = Vec::new();
    let Some(table) = root.table(d, "response_targets") else {
        root.missing(d, "response_targets", "give Tabel 4 whole");
        return out;
    };
    for (number, key) in (1..).zip(["p1", "p2", "p3", "p4", "p5", "p6"]) {
        if !table.has(key) {
            table.missing(d, key, "give a duration");
        }
        out.extend(Priority::new(number).zip(below(d, &table, key)));
    }
    table.finish(d);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_profile_holds_the_tables() {
        let profile = bangka_2025();
        let hours = |group, class| profile.resolution_target(group, class).map(|t| t.seconds / 3600);
        use {ServiceClass::*, ServiceGroup::*};
        assert_eq!([Kritis, Esensial, Normal].map(|c| hours(Publik, c)), [Some(24), Some(36), None]);
        assert_eq!(
            [Kritis, Esensial, Normal].map(|c| hours(AdministrasiPemerintahan, c)),
            [Some(12), Some(48), Some(72)]
        );
        assert_eq!(profile.priority(Impact::Mayor, AdministrasiPemerintahan, Kritis).number(), 2);
        assert_eq!(profile.priority(Impact::Minor, Publik, Normal).number(), 5);
        let minutes: Vec<u32> =
            (1..=6).filter_map(|n| profile.response_target(Priority::new(n)?).map(|t| t.seconds / 60)).collect();
        assert_eq!(minutes, [15, 30, 60, 90, 120, 150]);
    }

    #[test]
    fn faults_are_named_together() {
        let text = BANGKA_2025.replace("Asia/Jakarta", "Mars/Base").replace("p6 = \"150m\"", "p7 = \"1\"");
        let faults = parse("p.toml", &text).expect_err("faulty").to_string();
        for expected in
            ["time_zone = \"Mars/Base\": is no IANA", "response_targets.p6: is missing", "p7: is not a known key"]
        {
            assert!(faults.contains(expected), "{expected} in {faults}");
        }
    }
}
