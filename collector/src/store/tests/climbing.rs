//! From every released schema to the newest: everything is found again, a copy is kept, a kill leaves a whole schema.
//!
//! `collector/tests/schemas/NNN.sql` is a dump of a store with rows in every table, made by the program that had schema
//! NNN as its newest, with what [`filled::fill`] puts in: a store that has climbed must tell the same as one that is
//! filled today. `PANTAU_BLESS=1` writes the dump of the newest schema where there is none yet; once that schema is
//! released its dump never changes, nor does what `fill` puts into its tables.

use super::*;
use rusqlite::types::ValueRef;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "PANTAU_TEST_CLIMB_FOLDER";
const NAME: &str = "store::tests::climbing::a_kill_in_the_middle_leaves_a_whole_schema";

fn dumps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas")
}

/// A store as SQL text.
fn dump(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    for pragma in ["application_id", "user_version"] {
        let value: i64 = connection.query_row(&format!("PRAGMA {pragma}"), (), |row| row.get(0))?;
        let _written = writeln!(text, "PRAGMA {pragma} = {value};");
    }
    let sql =
        "SELECT name, sql, type FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let mut objects = statement.query(())?;
    while let Some(object) = objects.next()? {
        let (name, sql, kind): (String, String, String) = (object.get(0)?, object.get(1)?, object.get(2)?);
        let _written = writeln!(text, "{sql};");
        if kind == "table" {
            rows(connection, &name, &mut text)?;
        }
    }
    Ok(text)
}

fn rows(connection: &Connection, table: &str, text: &mut String) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = statement.column_count();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| row.get_ref(column).map(literal)).collect::<Result<Vec<_>, _>>()?;
        let _written = writeln!(text, "INSERT INTO {table} VALUES ({});", values.join(", "));
    }
    Ok(())
}

fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''")),
        ValueRef::Blob(bytes) => format!("x'{}'", hex::encode(bytes)),
    }
}

#[test]
fn the_newest_schema_has_its_dump() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 3);
    let Fixture { folder, store } = fixture;
    drop(store);
    let newest = dumps().join(format!("{:03}.sql", migrate::SCHEMA.len()));
    if std::env::var_os("PANTAU_BLESS").is_some() && !newest.exists() {
        let connection = Connection::open(folder.path().join("pantau.db")).expect("opens");
        std::fs::create_dir_all(dumps()).expect("makes");
        std::fs::write(&newest, dump(&connection).expect("dumps")).expect("writes");
    }
    assert!(newest.exists(), "run this test again with PANTAU_BLESS=1 and add {} to the repository", newest.display());
}

#[test]
fn every_released_schema_climbs_to_the_newest_and_everything_is_found_again() {
    let today = Fixture::new();
    filled::fill(&today, 3);
    let expected = filled::told(&today.store).expect("reads");
    let mut climbed = 0;
    for entry in std::fs::read_dir(dumps()).expect("dumps") {
        let file = entry.expect("entry").path();
        if file.extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        let folder = TempDir::new().expect("folder");
        let path = folder.path().join("pantau.db");
        let sql = std::fs::read_to_string(&file).expect("reads");
        let connection = Connection::open(&path).expect("opens");
        // Foreign keys may point forward in a dump.
        connection.execute_batch("PRAGMA foreign_keys = off").expect("sets");
        connection.execute_batch(&sql).expect("a store of then");
        drop(connection);
        let fixture = Fixture { store: Store::open(&path, at(0)).expect("climbs"), folder };
        assert_eq!(filled::told(&fixture.store).expect("reads"), expected, "{}", file.display());
        let version = fixture.read(|r| r.row("ask", "PRAGMA user_version", (), |row| columns::column::<u32>(row, 0)));
        assert_eq!(version, Some(migrate::SCHEMA.len() as u32));
        assert_eq!(integrity::check_store(&path, integrity::Depth::Full, &mut |_| true).expect("checks"), []);
        climbed += 1;
    }
    assert!(climbed > 0);
}

/// A later program: one step more than the first schema, and one more after that.
const LATER: [&str; 3] = [
    migrate::SCHEMA[0],
    "CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more SELECT id FROM probe",
    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
     INSERT INTO more SELECT i FROM n; CREATE TABLE last (x INTEGER) STRICT",
];

fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("opens");
    connection.pragma_update(None, "journal_mode", "wal").expect("sets");
    connection
}

fn climb(path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    migrate::climb(path, &mut connect(path), steps, at(0), &mut |_| true)
}

/// An old store: without `auto_vacuum`, with rows.
fn old_store(folder: &Path) -> PathBuf {
    let path = folder.join("pantau.db");
    let sql = std::fs::read_to_string(dumps().join("001.sql")).expect("reads");
    let connection = connect(&path);
    connection.execute_batch("PRAGMA foreign_keys = off").expect("sets");
    connection.execute_batch(&sql).expect("a store of then");
    path
}

fn number(path: &Path, sql: &str) -> i64 {
    connect(path).query_row(sql, (), |row| row.get(0)).expect(sql)
}

#[test]
fn a_copy_is_kept_of_before_and_older_ones_go() {
    let folder = TempDir::new().expect("folder");
    let path = old_store(folder.path());
    std::fs::write(folder.path().join("pantau.db.before-schema-1"), "older").expect("writes");
    std::fs::write(folder.path().join("pantau.db.before-schema-1.sha256"), "older").expect("writes");
    let mut steps = 0;
    let told = &mut |_| {
        steps += 1;
        true
    };
    migrate::climb(&path, &mut connect(&path), &LATER, at(9), told).expect("climbs");
    assert!(steps > 0, "somebody may watch");
    assert_eq!(number(&path, "PRAGMA user_version"), 3);
    assert_eq!(number(&path, "PRAGMA auto_vacuum"), 2, "a small file is rewritten on the way");
    let left = copies::names(folder.path());
    assert_eq!(left, ["pantau.db", "pantau.db.before-schema-3", "pantau.db.before-schema-3.sha256"]);
    let before = restore::check_copy(&folder.path().join("pantau.db.before-schema-3"), &mut |_| true).expect("whole");
    assert_eq!((before.schema, before.made_at, before.tickets), (1, Some(at(9)), 1));
    climb(&path, &LATER).expect("nothing to do");
    let fresh = folder.path().join("fresh.db");
    climb(&fresh, &LATER).expect("a new store needs no copy");
    assert!(!copies::names(folder.path()).iter().any(|name| name.starts_with("fresh.db.before")));
    let newer = climb(&path, &LATER[..2]);
    assert!(matches!(newer, Err(StoreError::NewerSchema { found: 3, known: 2, .. })), "{newer:?}");
}

#[test]
fn without_a_copy_nothing_is_changed_and_a_failing_step_leaves_the_schema_before_it() {
    let folder = TempDir::new().expect("folder");
    let path = old_store(folder.path());
    let refused = migrate::climb(&path, &mut connect(&path), &LATER, at(9), &mut |_| false);
    assert!(matches!(&refused, Err(StoreError::NoCopy { .. })), "{refused:?}");
    assert!(refused.expect_err("refused").to_string().contains("pantau.db"));
    assert_eq!(number(&path, "PRAGMA user_version"), 1);
    let broken = [LATER[0], LATER[1], "CREATE TABLE last (x INTEGER) STRICT; SELECT nothing FROM nowhere"];
    climb(&path, &broken).expect_err("the last step cannot be taken");
    assert_eq!(number(&path, "PRAGMA user_version"), 2);
    assert_eq!(number(&path, "SELECT count(*) FROM sqlite_schema WHERE name = 'last'"), 0);
    assert!(folder.path().join("pantau.db.before-schema-3").exists());
}

#[test]
fn an_early_store_is_rewritten_when_asked() {
    let folder = TempDir::new().expect("folder");
    let path = old_store(folder.path());
    let before = number(&path, "SELECT count(*) FROM probe");
    // Where the newest schema is the first one, nothing climbs and the file is as it was.
    let climbs = migrate::SCHEMA.len() > 1;
    assert_eq!(Store::compact(&path, at(0)).expect("rewrites"), !climbs);
    assert!(!Store::compact(&path, at(0)).expect("looks"), "once is enough");
    assert_eq!((number(&path, "PRAGMA auto_vacuum"), number(&path, "SELECT count(*) FROM probe")), (2, before));
    let store = Store::open(&path, at(0)).expect("opens");
    assert!(!store.wants_check());
    assert!(matches!(Store::compact(&path, at(0)), Err(StoreError::InUse { .. })));
}

#[test]
fn new_stores_give_back_space_by_themselves() {
    let fixture = Fixture::new();
    let mode = fixture.read(|r| r.row("ask", "PRAGMA auto_vacuum", (), |row| columns::column::<i64>(row, 0)));
    assert_eq!(mode, Some(2));
}

#[test]
fn a_kill_in_the_middle_leaves_a_whole_schema() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        climb(&Path::new(&folder).join("pantau.db"), &LATER).expect("climbs");
        return;
    }
    let seed = restoring::seed();
    let (mut state, mut seen) = (seed, [0; 4]);
    for round in 0..25 {
        let folder = TempDir::new().expect("folder");
        let path = old_store(folder.path());
        let probes = number(&path, "SELECT count(*) FROM probe");
        let mut child = Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_micros(1_000 + restoring::draw(&mut state) % 100_000));
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let schema = number(&path, "PRAGMA user_version");
        let tables = number(&path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('more', 'last')");
        assert_eq!(tables, schema - 1, "round {round}, seed {seed}");
        assert_eq!(number(&path, "SELECT count(*) FROM probe"), probes, "round {round}, seed {seed}");
        climb(&path, &LATER).expect("goes on where it was");
        assert_eq!(number(&path, "SELECT count(*) FROM more"), probes + 30_000, "round {round}, seed {seed}");
        let parts = copies::names(folder.path()).iter().filter(|name| name.ends_with(".part")).count();
        assert!(schema > 1 || parts == 0, "cleared by the next copy: round {round}, seed {seed}");
        seen[schema.unsigned_abs() as usize] += 1;
    }
    eprintln!("killed at schema 1, 2, 3: {seen:?}");
}
