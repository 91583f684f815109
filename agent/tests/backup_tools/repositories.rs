//! restic, Borg, and tar with zstd.

use crate::bench::{Bench, NOBODY, are_here, is_root, write_data};
use pantau_shared::assignment::{BackupBorg, BackupFiles, BackupRestic, BackupSource};
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn restic() {
    if !are_here(&["restic"]) {
        return;
    }
    let bench = Bench::new();
    let home = bench.folder_of("home", NOBODY);
    std::fs::write(bench.path("password"), "geheim\n").expect("writes");
    std::fs::write(bench.path("wrong"), "salah\n").expect("writes");
    let (repository, data) = (format!("{}/repo", home.display()), bench.path("data"));
    write_data(&data);
    let (password, data) = (bench.text("password"), data.display().to_string());
    let environment = [
        ("RESTIC_REPOSITORY", repository.as_str()),
        ("RESTIC_PASSWORD_FILE", password.as_str()),
        ("HOME", home.to_str().expect("text")),
    ];
    assert_eq!(bench.run_as(NOBODY, &["restic", "init"], &environment).await.code, 0);
    let source = |repository: &str, password: &str| {
        let (repository, password_file) = (repository.to_owned(), bench.text(password));
        BackupSource::Restic(BackupRestic { repository, password_file, ..BackupRestic::default() })
    };
    let empty = bench.look(source(&repository, "password")).await;
    assert_eq!((empty.error.as_str(), empty.artefacts_total), ("", 0));

    let before = bench.now_ms();
    let whole = bench.wrapped(NOBODY, &["restic", "backup", &data, "--tag", "harian"], &environment).await;
    assert_eq!(whole.code, 0, "{}", whole.said);
    let seen = bench.look(source(&repository, "password")).await;
    let [snapshot] = seen.artefacts.as_slice() else { panic!("one snapshot: {seen:?}") };
    assert_eq!(
        (snapshot.name.len(), snapshot.basis(), snapshot.status()),
        (64, DataTimeBasis::Start, BackupStatus::Ok)
    );
    assert!(snapshot.data_time_ms.is_some_and(|at| (before..=bench.now_ms()).contains(&at)));
    assert!(snapshot.group.ends_with(&format!("|{data}")), "{}", snapshot.group);
    assert_eq!((snapshot.exit_code, seen.location.as_str()), (Some(0), repository.as_str()));
    assert_eq!(seen.runs[0].program, "restic");

    if is_root() {
        // A file that cannot be read: restic makes the snapshot and exits with 3.
        std::fs::set_permissions(bench.path("data/dua"), PermissionsExt::from_mode(0o0)).expect("closes");
        let partial = bench.wrapped(NOBODY, &["restic", "backup", &data], &environment).await;
        assert_eq!(partial.code, 3, "{}", partial.said);
        let seen = bench.look(source(&repository, "password")).await;
        let told: Vec<_> = seen.artefacts.iter().map(|snapshot| (snapshot.status(), snapshot.exit_code)).collect();
        assert_eq!(told, [(BackupStatus::Partial, Some(3)), (BackupStatus::Ok, Some(0))]);
        assert!(seen.artefacts[0].reason.contains("exit code 3"), "{}", seen.artefacts[0].reason);
    }

    let wrong = bench.look(source(&repository, "wrong")).await;
    assert!(wrong.error.contains("wrong password"), "{}", wrong.error);
    let missing = bench.look(source(&bench.text("nowhere"), "password")).await;
    assert!(missing.error.contains("finds no repository"), "{}", missing.error);
    let unreadable = bench.look(source(&repository, "no-such-password")).await;
    assert!(unreadable.error.contains("needs to be able to read it"), "{}", unreadable.error);
}

#[tokio::test]
async fn borg() {
    if !are_here(&["borg"]) {
        return;
    }
    let bench = Bench::new();
    std::fs::write(bench.path("phrase"), "geheim\n").expect("writes");
    std::fs::write(bench.path("wrong"), "salah\n").expect("writes");
    let (repository, data, base) = (bench.text("repo"), bench.text("data"), bench.text("base"));
    write_data(&bench.path("data"));
    let environment =
        [("BORG_REPO", repository.as_str()), ("BORG_PASSPHRASE", "geheim"), ("BORG_BASE_DIR", base.as_str())];
    bench.run(&["borg", "init", "--encryption", "repokey"], &environment).await;
    let source = |repository: &str, phrase: &str| {
        let (repository, passphrase_file) = (repository.to_owned(), bench.text(phrase));
        BackupSource::Borg(BackupBorg { repository, passphrase_file, ..BackupBorg::default() })
    };
    let before = bench.now_ms();
    let whole = bench.wrapped(0, &["borg", "create", "::satu", &data], &environment).await;
    assert_eq!(whole.code, 0, "{}", whole.said);
    let seen = bench.look(source(&repository, "phrase")).await;
    let [archive] = seen.artefacts.as_slice() else { panic!("one archive: {seen:?}") };
    assert_eq!((archive.name.len(), archive.status(), archive.exit_code), (64, BackupStatus::Ok, Some(0)));
    assert!(archive.group.ends_with("|satu"), "{}", archive.group);
    // Borg 1 tells times without their zone; they are of UTC, or this would be hours off.
    assert!(archive.data_time_ms.is_some_and(|at| (before - 2000..=bench.now_ms()).contains(&at)), "{archive:?}");
    assert!(archive.ended_at_ms >= archive.started_at_ms);
    assert_eq!((archive.size_bytes, archive.items), (Some(1_200_000), Some(3)));

    // The wrapper matches by time to 2 s; the archives must not be that near.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let partial = bench.wrapped(0, &["borg", "create", "::dua", &data, "/no/such/file"], &environment).await;
    assert_ne!(partial.code, 0, "{}", partial.said);
    let seen = bench.look(source(&repository, "phrase")).await;
    let told: Vec<_> = seen.artefacts.iter().map(|archive| (archive.status(), archive.exit_code)).collect();
    assert_eq!(told, [(BackupStatus::Partial, Some(partial.code)), (BackupStatus::Ok, Some(0))]);

    let wrong = bench.look(source(&repository, "wrong")).await;
    assert!(wrong.error.contains("wrong passphrase"), "{}", wrong.error);
    let missing = bench.look(source(&bench.text("nowhere"), "phrase")).await;
    assert!(missing.error.contains("finds no repository"), "{}", missing.error);

    // A backup that holds the lock does not keep the agent from looking.
    let locked = ["borg", "with-lock", &repository, "sleep", "3"];
    let (held, seen) = tokio::join!(bench.run_as(0, &locked, &environment), async {
        tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
        bench.look(source(&repository, "phrase")).await
    });
    assert_eq!((held.code, seen.error.as_str(), seen.artefacts.len()), (0, "", 2), "{}", held.said);
}

#[tokio::test]
async fn tar_with_zstd() {
    if !are_here(&["tar", "zstd", "xz"]) {
        return;
    }
    let bench = Bench::new();
    write_data(&bench.path("data"));
    let (folder, data) = (bench.text("."), bench.text("data"));
    for (flag, ending) in [("--zstd", "zst"), ("--gzip", "gz"), ("--xz", "xz")] {
        let target = bench.text(&format!("app-20260610-0100.tar.{ending}"));
        bench.run(&["tar", flag, "-cf", &target, "-C", &data, "."], &[]).await;
        let bytes = std::fs::read(&target).expect("reads");
        let cut = bench.path(&format!("cut-20260610-0100.tar.{ending}"));
        std::fs::write(cut, &bytes[..bytes.len() - 100]).expect("writes");
    }
    // The compressor ended well; the archive in it did not.
    let halved = format!("tar -c -C {data} . | head -c 700000 | zstd -q > {folder}/half-20260610-0100.tar.zst");
    bench.run(&["sh", "-c", &halved], &[]).await;
    let look = |name: &str| {
        let pattern = format!("{}/{name}-%Y%m%d-%H%M.tar.*", bench.path("").display());
        let zone = "Asia/Jakarta".to_owned();
        bench.look(BackupSource::Files(BackupFiles { pattern, zone, read_content: true, ..BackupFiles::default() }))
    };
    let whole = look("app").await;
    assert_eq!((whole.artefacts.len(), whole.error.as_str()), (3, ""));
    for file in &whole.artefacts {
        assert_eq!(
            (file.status(), file.basis(), file.reason.as_str()),
            (BackupStatus::Ok, DataTimeBasis::FileName, "")
        );
        assert_eq!(file.data_time_ms, Some(1_781_028_000_000), "01:00 WIB");
        assert_eq!(file.verified_at_ms.is_some(), !file.name.ends_with("xz"), "{}", file.name);
    }
    for name in ["cut", "half"] {
        let seen = look(name).await;
        assert!(!seen.artefacts.is_empty());
        for file in &seen.artefacts {
            assert_eq!(file.status(), BackupStatus::Partial, "{}: {}", file.name, file.reason);
        }
    }
}
