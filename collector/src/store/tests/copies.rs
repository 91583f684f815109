//! Copies of a store in use: whole, of one moment, private, never in the way of the writer, never over another file.

use super::backup::{KeptFile, Made, Phase, Progress, Request, hash_file, make};
use super::*;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn kept() -> Vec<KeptFile> {
    vec![KeptFile { name: "ca.key".into(), mode: 0o600, body: b"secret".to_vec() }]
}

fn copy(store: &Path, to: &Path, replace: bool, tell: backup::Tell<'_>) -> Result<Made, CopyError> {
    let files = kept();
    make(&Request { store, to, files: &files, made_at: at(77), replace, pause: Duration::ZERO }, tell)
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("lists").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_copy_holds_everything_and_the_kept_files_and_its_hash_is_beside_it() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 40);
    let before = filled::told(&fixture.store).expect("reads");
    let folder = TempDir::new().expect("folder");
    let to = folder.path().join("copy.db");
    let mut phases = Vec::new();
    let made = copy(&fixture.folder.path().join("pantau.db"), &to, false, &mut |progress: Progress| {
        assert!(progress.done <= progress.total, "{progress:?}");
        phases.push(progress.phase);
        true
    });
    let made = made.expect("copies");
    phases.dedup();
    assert_eq!(phases, [Phase::Copy, Phase::Check, Phase::Hash]);
    assert_eq!(names(folder.path()), ["copy.db", "copy.db.sha256"], "one file and its hash");
    for name in ["copy.db", "copy.db.sha256"] {
        let mode = std::fs::metadata(folder.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} holds secrets");
    }
    let bytes = std::fs::read(&to).expect("reads");
    let hash = hex::encode(ring::digest::digest(&ring::digest::SHA256, &bytes));
    assert_eq!((made.bytes, &made.sha256), (bytes.len() as u64, &hash));
    assert_eq!(std::fs::read_to_string(hash_file(&to)).expect("reads"), format!("{hash}  copy.db\n"));
    assert_eq!(restore::kept_files(&to).expect("reads"), kept());
    let look = restore::check_copy(&to, &mut |_| true).expect("whole");
    assert_eq!((look.made_at, look.hosts, look.tickets), (Some(at(77)), 1, 1));
    assert_eq!(names(folder.path()), ["copy.db", "copy.db.sha256"], "reading leaves nothing behind");
    // It opens as a store.
    let opened = Store::open(&to, at(0)).expect("opens");
    assert_eq!(filled::told(&opened).expect("reads"), before);
}

#[test]
fn a_copy_is_of_one_moment_and_the_writer_goes_on_meanwhile() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 60);
    let folder = TempDir::new().expect("folder");
    let to = folder.path().join("copy.db");
    let (mut written, mut steps) = (0_i64, 0);
    let store = fixture.store.clone();
    copy(&fixture.folder.path().join("pantau.db"), &to, false, &mut |progress| {
        if progress.phase == Phase::Copy {
            steps += 1;
            // Two values that always change together, from within the copy's own steps: no lock is in the way.
            let value = written.to_string();
            let both =
                |w: &mut Writer, value: &str| w.save_setting("a", value).and_then(|()| w.save_setting("b", value));
            wait(store.write(move |w| both(w, &value))).expect("the writer is not stopped");
            written += 1;
        }
        true
    })
    .expect("copies");
    assert!(steps > 0);
    let opened = Store::open(&to, at(0)).expect("opens");
    let (a, b) = opened.read(|r| Ok((r.setting("a")?, r.setting("b")?))).expect("reads");
    assert_eq!((a, b), (Some("1".into()), None), "as of the first step, before any of these");
}

#[test]
fn nothing_is_overwritten_unless_asked_and_nothing_is_left_of_what_was_stopped() {
    let fixture = Fixture::new();
    filled::fill(&fixture, 2);
    let path = fixture.folder.path().join("pantau.db");
    let folder = TempDir::new().expect("folder");
    let to = folder.path().join("copy.db");
    std::fs::write(&to, "mine").expect("writes");
    std::fs::write(hash_file(&to), "its hash").expect("writes");
    let error = copy(&path, &to, false, &mut |_| true).expect_err("refused");
    assert!(matches!(error, CopyError::Exists { .. }) && error.to_string().contains("--force"), "{error}");
    for phase in [Phase::Copy, Phase::Check, Phase::Hash] {
        let stopped = copy(&path, &to, true, &mut |progress| progress.phase != phase);
        assert!(matches!(stopped, Err(CopyError::Stopped)), "{phase:?}: {stopped:?}");
        assert_eq!(std::fs::read(&to).expect("reads"), b"mine", "{phase:?}");
        assert_eq!(names(folder.path()), ["copy.db", "copy.db.sha256"], "{phase:?}");
    }
    // Left by a process that was killed: no process has this number.
    std::fs::write(folder.path().join("copy.db.4194999.part"), "half").expect("writes");
    copy(&path, &to, true, &mut |_| true).expect("replaces");
    assert_eq!(names(folder.path()), ["copy.db", "copy.db.sha256"]);
    restore::check_copy(&to, &mut |_| true).expect("the new one, with the new hash");
    let missing = copy(&path, &folder.path().join("no/copy.db"), false, &mut |_| true).expect_err("no folder");
    assert!(missing.to_string().contains("no") && missing.to_string().contains("must exist"), "{missing}");
    let nothing = copy(&folder.path().join("no.db"), &folder.path().join("x.db"), false, &mut |_| true);
    assert!(nothing.expect_err("no store").to_string().contains("no.db"));
}

#[test]
fn what_does_not_fit_is_refused_beforehand() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("x");
    files::ensure_room(&path, 1).expect("a byte fits");
    let error = files::ensure_room(&path, u64::MAX).expect_err("nothing is so large");
    let text = error.to_string();
    assert!(matches!(error, CopyError::NoSpace { needed: u64::MAX, .. }), "{text}");
    assert!(text.contains("free some space") && text.contains(&path.display().to_string()), "{text}");
}

const FOLDER: &str = "PANTAU_TEST_COPY_FOLDER";
const NAME: &str = "store::tests::copies::a_kill_at_any_moment_leaves_a_whole_copy_or_none";

#[test]
fn a_kill_at_any_moment_leaves_a_whole_copy_or_none() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        loop {
            copy(&folder.join("pantau.db"), &folder.join("copies/copy.db"), true, &mut |_| true).expect("copies");
        }
    }
    let fixture = Fixture::new();
    filled::fill(&fixture, 20);
    let copies = fixture.folder.path().join("copies");
    std::fs::create_dir(&copies).expect("makes");
    let mut state = restoring::seed();
    for round in 0..15 {
        let mut child = std::process::Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(FOLDER, fixture.folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_micros(2_000 + restoring::draw(&mut state) % 120_000));
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        let to = copies.join("copy.db");
        if to.exists() {
            restore::check_copy(&to, &mut |_| true).unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        // The store itself goes on as if nothing had been.
        fixture.write(move |w| w.save_setting("a", &round.to_string())).expect("writes");
    }
    copy(&fixture.folder.path().join("pantau.db"), &copies.join("copy.db"), true, &mut |_| true).expect("copies");
    assert_eq!(names(&copies), ["copy.db", "copy.db.sha256"], "what the killed ones left is gone");
}

#[test]
fn files_given_to_a_folder_become_its_owners() {
    let folder = TempDir::new().expect("folder");
    // Only root can give away; for others folder and file are of one owner already.
    std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).ok();
    let file = folder.path().join("file");
    if std::fs::write(&file, "x").is_ok() {
        restore::own_as_folder(&file).expect("given");
        let owner = |path: &Path| std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).expect("there"));
        assert_eq!(owner(&file), owner(folder.path()));
    }
}
