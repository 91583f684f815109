//! Scheduled copies: when they are due, which are pruned, what a failure says; the check after an unclean end.

use super::*;
use crate::store::Store;

fn copy_at(seconds: i64) -> CopyView {
    CopyView { path: PathBuf::from(format!("{seconds}")), made_at: Timestamp::from_secs(seconds), bytes: 1 }
}

#[test]
fn a_copy_is_due_when_the_newest_is_old_and_not_earlier_after_a_start() {
    let schedule = OwnBackupSettings { every_s: 1_000, ..OwnBackupSettings::default() };
    let due = |copies: &[i64], now: i64| {
        let copies: Vec<_> = copies.iter().copied().map(copy_at).collect();
        due(&copies, &schedule, Timestamp::from_secs(now), Timestamp::from_secs(now + 60)).as_ms() / 1000
    };
    assert_eq!(due(&[], 5_000), 5_060, "none yet");
    assert_eq!(due(&[4_500, 3_500], 5_000), 5_500, "a restart makes none early");
    assert_eq!(due(&[1_000], 5_000), 5_060, "long due");
    assert_eq!(due(&[9_000, 4_700], 5_000), 5_700, "one from the future holds nothing back");
}

#[test]
fn the_time_of_a_copy_is_in_its_name() {
    let at = Timestamp::parse_rfc3339("2026-03-04T10:15:00Z").expect("valid");
    assert_eq!(time_of_name("pantau-20260304T101500Z.db"), Some(at));
    assert_eq!(file_time(at), "20260304T101500Z");
    for other in ["pantau-20260304T101500Z.db.7.part", "pantau-2026.db", "pantau-2026ü304T101500Z.db", "x.db"] {
        assert_eq!(time_of_name(other), None, "{other}");
    }
}

/// A running collector's parts without listeners.
struct Site {
    app: App,
    settings: Settings,
    folder: tempfile::TempDir,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().expect("folder");
    let settings = Settings {
        listen: vec!["127.0.0.1:0".parse().expect("valid")],
        data_dir: folder.path().join("data"),
        catalogue: folder.path().join("catalogue.toml"),
        own_backup: OwnBackupSettings { every_s: 600, ..OwnBackupSettings::default() },
        ..Settings::default()
    };
    let clock = Clock::manual(Timestamp::from_secs(1_780_000_000));
    let collector = crate::run::Collector::start(settings.clone(), clock, false).await.expect("starts");
    Site { app: collector.app.clone(), settings, folder }
}

impl Site {
    async fn copy(&self) {
        match copy(&self.app, self.settings.clone(), Arc::default()).await {
            Ok(made) => succeeded(&self.app, &self.settings.copies_folder(), &made, self.settings.own_backup.keep),
            Err(error) => failed(&self.app, &error),
        }
        self.app.clock.advance_ms(600_000);
    }
}

#[tokio::test]
async fn copies_are_pruned_to_the_newest_and_a_failure_is_told_and_takes_none() {
    let site = site().await;
    std::fs::write(site.settings.data_dir.join("ca.key"), "secret").expect("writes");
    let left = site.settings.copies_folder().join("pantau-20260528T101010Z.db.4194999.part");
    for round in 0..4 {
        site.copy().await;
        if round == 0 {
            std::fs::write(&left, "left by a kill").expect("writes");
        }
    }
    let view = site.app.own_backup.view(&site.app.store);
    let names: Vec<String> =
        view.copies.iter().map(|copy| copy.path.file_name().expect("named").to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["pantau-20260528T205640Z.db", "pantau-20260528T204640Z.db"], "newest first");
    assert_eq!((view.failures, view.last_error, view.last_success_at), (0, None, Some(view.copies[0].made_at)));
    let files = std::fs::read_dir(site.settings.copies_folder()).expect("lists").count();
    assert_eq!(files, 4, "two copies, two hashes");
    let kept = crate::store::restore::kept_files(&view.copies[0].path).expect("reads");
    assert_eq!(kept.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["ca.key"]);
    // A copy from the future is not kept instead of the one just made.
    std::fs::write(site.settings.copies_folder().join("pantau-20990101T000000Z.db"), "x").expect("writes");
    site.copy().await;
    let made = site.settings.copies_folder().join("pantau-20260528T210640Z.db");
    assert!(site.app.own_backup.view(&site.app.store).copies.iter().any(|copy| copy.path == made));
    // A folder that cannot be.
    let blocked = site.folder.path().join("file");
    std::fs::write(&blocked, "x").expect("writes");
    let mut broken = site.settings.clone();
    broken.own_backup.folder = Some(blocked.join("copies"));
    let error = copy(&site.app, broken, Arc::default()).await.expect_err("no folder");
    failed(&site.app, &error);
    let view = site.app.own_backup.view(&site.app.store);
    assert_eq!((view.failures, view.copies.len()), (1, 2));
    let reason = view.last_error.expect("told").reason;
    assert!(reason.contains("[backup] folder") && reason.contains(&blocked.display().to_string()), "{reason}");
    site.copy().await;
    assert_eq!(site.app.own_backup.view(&site.app.store).last_error, None, "well again");
}

#[tokio::test]
async fn the_loop_copies_when_it_is_due_and_ends_when_told() {
    let site = site().await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(run(site.app.clone(), site.settings.clone(), stopped));
    site.app.clock.advance_ms(61_000);
    let folder = site.settings.copies_folder();
    let made = async {
        while copies_in(&folder).is_empty() {
            site.app.clock.advance_ms(60_000);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), made).await.expect("a copy");
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(60), running).await.expect("ends").expect("no panic");
}

#[tokio::test]
async fn an_unclean_end_is_followed_by_a_check() {
    let Site { app, settings, folder } = site().await;
    let (path, now) = (settings.store_file(), app.clock.now());
    let (_stop, mut stopped) = watch::channel(false);
    drop(app);
    let lock = path.with_extension("lock");
    let opened = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Store::open(&path, now).ok()
    });
    drop(opened.expect("free"));
    std::fs::write(&lock, "open\n").expect("writes");
    let collector = crate::run::Collector::start(settings, Clock::manual(now), false).await.expect("starts");
    let app = &collector.app;
    assert!(app.store.wants_check());
    check(app, &mut stopped).await;
    assert_eq!(app.own_backup.view(&app.store).integrity, Integrity::Whole { at: now });
    assert!(!app.store.wants_check());
    drop(folder);
}
