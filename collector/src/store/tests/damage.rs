//! Damaged pages of a real store: found and named, or harmless; and what the running store says when it meets one.

use super::integrity::{Depth, Finding, check_store};
use super::*;

/// A closed store with rows in every table, as bytes.
fn bytes() -> Vec<u8> {
    let fixture = Fixture::new();
    filled::fill(&fixture, 60);
    let Fixture { folder, store } = fixture;
    drop(store);
    std::fs::read(folder.path().join("pantau.db")).expect("reads")
}

fn findings(path: &Path, depth: Depth) -> Vec<Finding> {
    check_store(path, depth, &mut |_| true).expect("can be checked")
}

/// Which object each page belongs to, by SQLite's own table of pages.
fn owners(path: &Path) -> Vec<(String, usize)> {
    let connection = Connection::open(path).expect("opens");
    let mut statement = connection.prepare("SELECT name, pageno FROM dbstat").expect("asks");
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize))).expect("asks");
    rows.map(|row| row.expect("a page")).collect()
}

#[test]
fn a_whole_store_has_no_findings_at_any_depth() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    std::fs::write(&path, bytes()).expect("writes");
    for depth in [Depth::Pieces, Depth::Quick, Depth::Full] {
        assert_eq!(findings(&path, depth), [], "{depth:?}");
    }
    let stopped = check_store(&path, Depth::Full, &mut |_| false);
    assert!(matches!(stopped, Err(CopyError::Stopped)), "{stopped:?}");
}

#[test]
fn a_page_that_is_overwritten_is_named_with_what_it_holds() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    let whole = bytes();
    std::fs::write(&path, &whole).expect("writes");
    let mut tables = std::collections::BTreeSet::new();
    for (owner, page) in owners(&path).into_iter().filter(|(_, page)| *page > 1) {
        let mut damaged = whole.clone();
        damaged[(page - 1) * 4096..][..64].fill(0xA5);
        std::fs::write(&path, &damaged).expect("writes");
        let found = findings(&path, Depth::Full);
        let shown: Vec<String> = found.iter().map(Finding::to_string).collect();
        if owner == "sqlite_schema" {
            assert!(!found.is_empty(), "page {page} of the schema");
            continue;
        }
        assert!(shown.iter().any(|line| line.contains(&format!("`{owner}`"))), "page {page} of {owner}: {shown:#?}");
        assert!(found.iter().any(|finding| finding.page == Some(page as u32)), "page {page} of {owner}: {shown:#?}");
        tables.insert(owner);
    }
    for table in ["probe", "ticket", "ledger", "user", "probe_by_check", "host"] {
        assert!(tables.contains(table), "{table} has a page of its own: {tables:?}");
    }
}

#[test]
fn what_is_lost_is_told_by_its_time() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    let whole = bytes();
    std::fs::write(&path, &whole).expect("writes");
    let pages: Vec<usize> =
        owners(&path).into_iter().filter(|(owner, _)| owner == "probe").map(|(_, page)| page).collect();
    let mut damaged = whole;
    let middle = pages[pages.len() / 2];
    damaged[(middle - 1) * 4096..][..64].fill(0xA5);
    std::fs::write(&path, &damaged).expect("writes");
    let found = findings(&path, Depth::Full);
    let named = found.iter().find(|finding| finding.object == "table `probe`").expect("named").to_string();
    assert!(
        named.contains("answers of checks; rows between 2026-05-28T") && named.contains("cannot be read"),
        "{named}"
    );
}

/// A changed byte inside a value is no fault of a page: only the body's own sums tell.
#[test]
fn a_chunk_and_roll_ups_that_do_not_fit_their_sums_are_named_with_host_and_time() {
    for (table, span) in
        [("chunk", "the hour from "), ("rollup_day", "the day from "), ("rollup_month", "the month from ")]
    {
        let folder = TempDir::new().expect("folder");
        let path = folder.path().join("pantau.db");
        std::fs::write(&path, bytes()).expect("writes");
        let connection = Connection::open(&path).expect("opens");
        let damage = format!(
            "UPDATE {table} SET body = CAST(substr(body, 1, length(body) - 1) || x'5A' AS BLOB) WHERE key = (SELECT min(key) FROM {table})"
        );
        assert_eq!(connection.execute(&damage, ()).expect("changes"), 1, "{table}");
        drop(connection);
        assert_eq!(findings(&path, Depth::Quick), [], "pages are whole");
        let found = findings(&path, Depth::Full);
        assert_eq!(found.len(), 1, "{table}: {found:?}");
        let told = found[0].to_string();
        assert!(told.contains(&format!("table `{table}`")) && told.contains("host ") && told.contains(span), "{told}");
    }
}

#[test]
fn every_flipped_byte_is_found_or_harmless() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    let whole = bytes();
    let (mut state, mut found) = (20_260_304_u64, 0);
    let pages = whole.len() / 4096;
    for round in 0..200 {
        // The head of a page is where it hurts; elsewhere mostly values are.
        let within = restoring::draw(&mut state) as usize % if round % 2 == 0 { 40 } else { 4096 };
        let at_byte = (round % pages) * 4096 + within;
        let mut flipped = whole.clone();
        flipped[at_byte] ^= 1 << (restoring::draw(&mut state) % 8);
        std::fs::write(&path, &flipped).expect("writes");
        for ending in ["db-wal", "db-shm", "lock"] {
            std::fs::remove_file(path.with_extension(ending)).ok();
        }
        // Whatever was hit: no panic, and an error only where the check finds something, too.
        let checked = check_store(&path, Depth::Full, &mut |_| true);
        let told = Store::open(&path, at(0)).and_then(|store| filled::told(&store));
        let complains = checked.as_ref().map_or(true, |findings| !findings.is_empty());
        found += usize::from(complains);
        match told {
            Ok(_) => {}
            Err(StoreError::Corrupt { path: named, .. }) => {
                assert!(complains, "byte {at_byte}: reading fails, the check says nothing");
                assert_eq!(named, path.display().to_string());
            }
            // A value that is none any more, a header that is not ours, a schema number of the future.
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. } | StoreError::NewerSchema { .. }) => {}
            // The header's write version: SQLite reads such a file as ever and refuses to write to it.
            Err(StoreError::Open { .. }) if at_byte == 18 => {}
            Err(other) => assert!(complains, "byte {at_byte}: {other:?}"),
        }
    }
    assert!(found > 20, "{found} of 200 were found");
}

#[test]
fn damage_met_at_work_names_file_and_remedy_and_is_remembered() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    let mut damaged = bytes();
    std::fs::write(&path, &damaged).expect("writes");
    for (_, page) in owners(&path).into_iter().filter(|(owner, _)| owner == "probe") {
        damaged[(page - 1) * 4096..][..64].fill(0xA5);
    }
    std::fs::write(&path, &damaged).expect("writes");
    let store = match Store::open(&path, at(0)) {
        Err(StoreError::Corrupt { path: named, .. }) => {
            assert_eq!(named, path.display().to_string(), "met while opening");
            return;
        }
        other => other.expect("opens"),
    };
    assert_eq!(store.damage(), None);
    let check = CheckId::parse("simpeg-http").expect("valid");
    let error = store.read(|r| r.probes(&check, at(-9), at(99_999), 9_999)).expect_err("damaged");
    let text = error.to_string();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(text.contains("pantau.db") && text.contains("verify") && text.contains("restore"), "{text}");
    assert!(store.damage().expect("remembered").contains("pantau.db"));
    assert_eq!(store.read(|r| r.setting("a")).expect("the rest works"), Some("1".into()));
    drop(store);
    assert!(Store::open(&path, at(0)).is_ok_and(|store| store.wants_check()), "not closed as whole");
}

#[test]
fn an_unclean_end_is_known_until_the_file_was_found_whole() {
    let fixture = Fixture::new();
    assert!(!fixture.store.wants_check(), "new");
    let fixture = fixture.reopen();
    assert!(!fixture.store.wants_check(), "closed");
    let Fixture { folder, store } = fixture;
    let path = folder.path().join("pantau.db");
    drop(store);
    // What a killed process leaves.
    std::fs::write(path.with_extension("lock"), "open\n").expect("writes");
    let store = Store::open(&path, at(0)).expect("opens");
    assert!(store.wants_check());
    drop(store);
    let store = Store::open(&path, at(0)).expect("opens");
    assert!(store.wants_check(), "a short command in between does not hide it");
    store.found_whole();
    assert!(!store.wants_check());
    drop(store);
    assert!(!Store::open(&path, at(0)).expect("opens").wants_check());
}
