//! Restoring: what is refused, what is set aside, and that a kill at any moment leaves the one store or the other.

use super::backup::{Request, hash_file, make};
use super::restore::{Restore, check_copy, kept_files};
use super::*;
use std::process::{Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "PANTAU_TEST_RESTORE_FOLDER";
const NAME: &str = "store::tests::restoring::a_kill_at_any_moment_leaves_one_store_or_the_other";

fn copy_of(store: &Path, to: &Path) {
    let request = Request { store, to, files: &[], made_at: at(7), replace: true, pause: Duration::ZERO };
    make(&request, &mut |_| true).expect("copies");
}

fn put(store: &Path, copy: &Path) -> Result<Option<PathBuf>, CopyError> {
    Restore::begin(store)?.put(copy, at(5), &mut |_| true)
}

fn setting(path: &Path) -> Option<String> {
    Store::open(path, at(0)).expect("opens").read(|r| r.setting("a")).expect("reads")
}

#[test]
fn the_copy_takes_the_place_and_the_store_of_before_can_be_brought_back() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 9);
    let path = fixture.folder.path().join("pantau.db");
    let copy = fixture.folder.path().join("copy.db");
    copy_of(&path, &copy);
    let before = filled::told(&fixture.store).expect("reads");
    assert!(matches!(put(&path, &copy), Err(CopyError::InUse { .. })), "a collector has it");
    fixture.write(|w| w.save_setting("a", "2")).expect("writes");
    let Fixture { folder: _folder, store } = fixture;
    drop(store);
    let look = Restore::begin(&path).expect("free").present().expect("reads").expect("there");
    assert_eq!((look.hosts, look.tickets, look.made_at), (1, 1, None));
    let aside = put(&path, &copy).expect("restores").expect("set aside");
    assert_eq!(aside, path.with_file_name("pantau.db.before-restore-20260528T202645Z"));
    let store = Store::open(&path, at(0)).expect("opens");
    assert!(!store.wants_check());
    assert_eq!(filled::told(&store).expect("reads"), before, "as it was when the copy was made");
    drop(store);
    assert_eq!(kept_files(&path).expect("reads"), [], "what only a copy has stays out of the store");
    let second = put(&path, &aside).expect("undoes").expect("set aside");
    assert_ne!(second, aside, "two in one second keep both");
    assert_eq!(setting(&path), Some("2".into()));
}

#[test]
fn a_store_with_a_log_is_set_aside_with_it() {
    let fixture = Fixture::new();
    fixture.write(|w| w.save_setting("a", "first")).expect("writes");
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    // As a kill leaves it: the newest commits are in the log only.
    for ending in ["db", "db-wal"] {
        let from = fixture.folder.path().join("pantau.db").with_extension(ending);
        std::fs::copy(from, path.with_extension(ending)).expect("copies");
    }
    assert!(std::fs::metadata(path.with_extension("db-wal")).expect("a log").len() > 0);
    let copy = folder.path().join("copy.db");
    fixture.write(|w| w.save_setting("a", "second")).expect("writes");
    copy_of(&fixture.folder.path().join("pantau.db"), &copy);
    let aside = put(&path, &copy).expect("restores").expect("set aside");
    assert_eq!(setting(&path), Some("second".into()), "the old log is not played into the new store");
    put(&path, &aside).expect("undoes");
    assert_eq!(setting(&path), Some("first".into()));
}

#[test]
fn what_is_foreign_newer_changed_or_damaged_is_refused_and_nothing_is_touched() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 30);
    let folder = TempDir::new().expect("folder");
    let copy = folder.path().join("copy.db");
    let check = || check_copy(&copy, &mut |_| true);
    std::fs::write(&copy, "certainly no database at all".repeat(99)).expect("writes");
    assert!(matches!(check(), Err(CopyError::Foreign { .. })));
    Connection::open(folder.path().join("other.db"))
        .and_then(|c| c.execute_batch("CREATE TABLE t (x)"))
        .expect("makes");
    let other = check_copy(&folder.path().join("other.db"), &mut |_| true);
    assert!(matches!(other, Err(CopyError::Foreign { .. })));
    copy_of(&fixture.folder.path().join("pantau.db"), &copy);
    check().expect("good");
    let mut bytes = std::fs::read(&copy).expect("reads");
    let text = bytes.windows(7).position(|window| window == b"grafana").expect("in it");
    bytes[text] ^= 1;
    std::fs::write(&copy, &bytes).expect("writes");
    assert!(matches!(check(), Err(CopyError::HashDiffers { .. })), "a flipped bit in a text is seen by the hash");
    std::fs::remove_file(hash_file(&copy)).expect("removes");
    check().expect("without a hash nobody can tell");
    let page = 4096 * (bytes.len() / 4096 / 2);
    bytes[page..page + 200].fill(0xA5);
    std::fs::write(&copy, &bytes).expect("writes");
    let error = check().expect_err("damaged");
    assert!(matches!(error, CopyError::Damaged { .. }) && error.to_string().contains("page"), "{error}");
    copy_of(&fixture.folder.path().join("pantau.db"), &copy);
    std::fs::remove_file(hash_file(&copy)).expect("removes");
    Connection::open(&copy).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("sets");
    assert!(matches!(check(), Err(CopyError::Newer { found: 99, .. })));
    assert_eq!(copies::names(folder.path()), ["copy.db", "other.db"]);
}

/// For moments of a kill: another one each time, printed.
pub(super) fn seed() -> u64 {
    let random = ring::rand::generate::<[u8; 8]>(&ring::rand::SystemRandom::new()).expect("random");
    let seed = u64::from_le_bytes(random.expose());
    eprintln!("seed {seed}");
    seed
}

pub(super) fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Restores the two copies in turn, for ever.
fn restore_for_ever(folder: &Path) -> ! {
    loop {
        for copy in ["one.db", "two.db"] {
            put(&folder.join("pantau.db"), &folder.join(copy)).expect("restores");
            for name in copies::names(folder).iter().filter(|name| name.contains(".before-restore-")) {
                std::fs::remove_file(folder.join(name)).expect("removes");
            }
        }
    }
}

#[test]
fn a_kill_at_any_moment_leaves_one_store_or_the_other() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        restore_for_ever(Path::new(&folder));
    }
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("pantau.db");
    for (name, value) in [("one.db", "one"), ("two.db", "two")] {
        let fixture = Fixture::new();
        filled::fill(&fixture, 3);
        fixture.write(move |w| w.save_setting("a", value)).expect("writes");
        copy_of(&fixture.folder.path().join("pantau.db"), &folder.path().join(name));
    }
    put(&path, &folder.path().join("one.db")).expect("restores");
    let seed = seed();
    let mut state = seed;
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_micros(2_000 + draw(&mut state) % 120_000));
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let found = setting(&path);
        assert!(matches!(found.as_deref(), Some("one" | "two")), "round {round}, seed {seed}: {found:?}");
        let left = copies::names(folder.path());
        assert!(!left.iter().any(|name| name.contains(".restor")), "cleared at opening: {left:?}, seed {seed}");
    }
}
