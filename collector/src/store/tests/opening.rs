//! What is opened, what is refused, and how the refusal reads.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn refused(path: &Path) -> StoreError {
    Store::open(path, at(0)).expect_err("refused")
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("pantau.db");
    let Fixture { folder: _folder, store } = fixture;
    drop(store);
    let connection = Connection::open(&path).expect("opens");
    connection.pragma_update(None, "user_version", 99).expect("sets");
    drop(connection);
    let error = refused(&path);
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("start the newer program"), "{error}");
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let folder = TempDir::new().expect("folder");
    let (database, text) = (folder.path().join("other.db"), folder.path().join("text.db"));
    Connection::open(&database).and_then(|c| c.execute_batch("CREATE TABLE t (x)")).expect("makes");
    std::fs::write(&text, "certainly no database, and long enough to be taken for one".repeat(20)).expect("writes");
    for path in [&database, &text] {
        let before = std::fs::read(path).expect("reads");
        assert!(matches!(refused(path), StoreError::Foreign { .. }), "{}", path.display());
        assert_eq!(std::fs::read(path).expect("reads"), before);
    }
}

#[test]
fn a_folder_that_is_missing_or_cannot_be_written_is_named_with_the_remedy() {
    let folder = TempDir::new().expect("folder");
    // /proc takes no new files, not even from root, for whom permissions do not count.
    for path in [folder.path().join("missing/pantau.db"), PathBuf::from("/proc/pantau.db")] {
        let error = refused(&path);
        let text = error.to_string();
        assert!(matches!(error, StoreError::Open { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()) && text.contains("writable"), "{text}");
    }
}

#[test]
fn one_process_has_the_file_until_it_lets_go() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("pantau.db");
    fixture.write(|w| w.save_setting("a", "1")).expect("writes");
    assert!(matches!(refused(&path), StoreError::InUse { .. }));
    assert!(matches!(refused(&path), StoreError::InUse { .. }), "a refusal does not take the lock away");
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| r.setting("a")), Some("1".into()));
}

#[test]
fn files_are_private_and_durable_by_their_settings() {
    let fixture = Fixture::new();
    fixture.write(|w| w.save_setting("a", "1")).expect("writes");
    for file in ["pantau.db", "pantau.db-wal", "pantau.lock"] {
        let mode = std::fs::metadata(fixture.folder.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let settings = fixture.write(|w| {
        let ask = |sql: &str| w.reader().row("ask", sql, (), |row| columns::column::<i64>(row, 0));
        let mode = w.reader().row("ask", "PRAGMA journal_mode", (), |row| columns::column::<String>(row, 0))?;
        Ok((ask("PRAGMA synchronous")?, ask("PRAGMA foreign_keys")?, mode))
    });
    assert_eq!(settings.expect("asks"), (Some(2), Some(1), Some("wal".into())));
}

#[test]
fn the_last_handle_may_go_inside_the_writer() {
    let Fixture { folder, store } = Fixture::new();
    let (go, holding) = group::hold(&store);
    let inside = store.clone();
    let mut dropping = Box::pin(async move { store.write(move |_| Ok(inside.queued())).await });
    assert!(start(&mut dropping));
    drop((holding, dropping));
    go.send(()).expect("the writer waits");
    let path = folder.path().join("pantau.db");
    let opened = (0..1_000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(5));
        Store::open(&path, at(0)).ok()
    });
    assert!(opened.is_some(), "the writer ended and let go of the file");
}
