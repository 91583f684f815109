//! PostgreSQL with pg_dump, pgBackRest and its WAL archiver; MariaDB with mariadb-dump. Each server is temporary, owned by
//! nobody, and listens on a socket only.

use crate::bench::{Bench, NOBODY, are_here};
use pantau_shared::assignment::{BackupFiles, BackupPgBackRest, BackupSource, BackupWal};
use pantau_shared::backup::{BackupStatus, DataTimeBasis};
use std::path::PathBuf;

const PORT: &str = "54329";

fn postgres_folder() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists())
}

fn files(bench: &Bench, pattern: &str) -> BackupSource {
    let (pattern, zone) = (format!("{}/{pattern}", bench.text("home")), "UTC".to_owned());
    BackupSource::Files(BackupFiles { pattern, zone, read_content: true, ..BackupFiles::default() })
}

#[tokio::test]
async fn postgres_its_dumps_its_archive_and_pgbackrest() {
    let Some(bin) = postgres_folder() else {
        eprintln!("skipped: no PostgreSQL server on this machine; tests/run installs it");
        return;
    };
    if !are_here(&["psql", "pg_dump", "pgbackrest"]) {
        return;
    }
    let bench = Bench::new();
    let home = bench.folder_of("home", NOBODY).display().to_string();
    let program = |name: &str| bin.join(name).display().to_string();
    let backrest = format!("{home}/pgbackrest.conf");
    let settings = format!(
        "[global]\nrepo1-path={home}/repo\nlog-path={home}\nlock-path={home}/lock\nspool-path={home}\nstart-fast=y\n\
         [main]\npg1-path={home}/db\npg1-socket-path={home}\npg1-port={PORT}\npg1-user=pantau\n"
    );
    std::fs::write(&backrest, settings).expect("writes");
    let run = async |command: &[&str]| {
        let ran = bench.run_as(NOBODY, command, &[("HOME", &home)]).await;
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.said);
    };
    let db = format!("{home}/db");
    run(&[&program("initdb"), "-D", &db, "-U", "pantau", "-A", "trust", "--no-sync"]).await;
    let archive = format!("archive_command='pgbackrest --config={backrest} --stanza=main archive-push %p'");
    let conf = format!(
        "\nport={PORT}\nlisten_addresses=''\nunix_socket_directories='{home}'\narchive_mode=on\n{archive}\nfsync=off\n"
    );
    let path = format!("{db}/postgresql.conf");
    let before = std::fs::read_to_string(&path).expect("reads");
    std::fs::write(&path, before + &conf).expect("writes");
    run(&[&program("pg_ctl"), "-D", &db, "-l", &format!("{home}/log"), "-w", "start"]).await;
    let psql = ["psql", "-h", &home, "-p", PORT, "-U", "pantau", "-d", "postgres", "-c"];
    run(&[&psql[..], &["create table t as select generate_series(1, 20000) as n"]].concat()).await;

    dumps(&bench, &home).await;

    let stanza = BackupPgBackRest { stanza: "main".into(), config: backrest.clone(), ..BackupPgBackRest::default() };
    let missing = bench.look(BackupSource::PgBackRest(stanza.clone())).await;
    assert!(missing.error.contains("stanza-create"), "{}", missing.error);
    let config = format!("--config={backrest}");
    run(&["pgbackrest", &config, "--stanza=main", "stanza-create"]).await;
    let began = bench.now_ms();
    run(&["pgbackrest", &config, "--stanza=main", "--type=full", "backup"]).await;
    run(&["pgbackrest", &config, "--stanza=main", "--type=incr", "backup"]).await;
    let seen = bench.look(BackupSource::PgBackRest(stanza)).await;
    assert_eq!((seen.error.as_str(), seen.artefacts.len()), ("", 2), "{seen:?}");
    let (incr, full) = (&seen.artefacts[0], &seen.artefacts[1]);
    assert_eq!((incr.kind.as_str(), full.kind.as_str()), ("incr", "full"));
    assert_eq!((incr.status(), full.status()), (BackupStatus::Ok, BackupStatus::Ok));
    assert_eq!(incr.references, std::slice::from_ref(&full.name));
    assert!(full.data_time_ms.is_some_and(|at| (began - 1000..=bench.now_ms()).contains(&at)));
    assert!(full.size_bytes.is_some_and(|size| size > 1_000_000) && full.ended_at_ms > full.started_at_ms);

    let server = BackupWal {
        host: home.clone(),
        port: PORT.parse().expect("port"),
        user: "pantau".into(),
        ..BackupWal::default()
    };
    let seen = bench.look(BackupSource::Wal(server.clone())).await;
    let wal = seen.wal.as_ref().unwrap_or_else(|| panic!("an archive: {}", seen.error));
    assert_eq!((wal.last_archived.get(..8), seen.artefacts.len()), (Some("00000001"), 1));
    run(&[&psql[..], &["insert into t select generate_series(1, 1000)"]].concat()).await;
    let changed = bench.look(BackupSource::Wal(server)).await.wal.expect("an archive");
    assert_eq!(changed.unarchived_changes, Some(true));
    assert!(changed.unarchived_bytes > Some(1000));
    run(&[&program("pg_ctl"), "-D", &db, "-m", "immediate", "stop"]).await;
}

/// pg_dump as text through gzip, as a custom file, broken off, and under the wrapper.
async fn dumps(bench: &Bench, home: &str) {
    let to = ["-h", home, "-p", PORT, "-U", "pantau"].join(" ");
    let environment = [("HOME", home)];
    let shell = async |script: &str| {
        let ran = bench.run_as(NOBODY, &["sh", "-c", script], &environment).await;
        assert_eq!(ran.code, 0, "{script}: {}", ran.said);
    };
    let before = bench.now_ms();
    shell(&format!("pg_dump {to} -v postgres 2>{home}/dump.log | gzip > {home}/text.sql.gz")).await;
    let text = bench.look(files(bench, "text.sql.gz")).await.artefacts.remove(0);
    assert_eq!((text.status(), text.basis()), (BackupStatus::Ok, DataTimeBasis::Header), "{text:?}");
    assert!(text.verified_at_ms.is_some() && text.data_time_ms.is_some_and(|at| at >= before - 1000));
    shell(&format!("pg_dump {to} -Fc postgres > {home}/custom.dump")).await;
    let custom = bench.look(files(bench, "custom.dump")).await.artefacts.remove(0);
    assert_eq!((custom.status(), custom.basis()), (BackupStatus::Ok, DataTimeBasis::Header), "{custom:?}");
    shell(&format!("pg_dump {to} postgres | head -c 50000 | gzip > {home}/broken.sql.gz")).await;
    let broken = bench.look(files(bench, "broken.sql.gz")).await.artefacts.remove(0);
    assert_eq!(broken.status(), BackupStatus::Partial, "{broken:?}");
    let target = format!("{home}/wrapped.sql");
    let command = ["pg_dump", "-h", home, "-p", PORT, "-U", "pantau", "-f", &target, "postgres"];
    assert_eq!(bench.wrapped(NOBODY, &command, &environment).await.code, 0);
    let seen = bench.look(files(bench, "wrapped.sql")).await;
    assert_eq!((seen.artefacts[0].status(), seen.artefacts[0].basis()), (BackupStatus::Ok, DataTimeBasis::Start));
    assert_eq!(seen.artefacts[0].data_time_ms, Some(seen.runs[0].started_at_ms));
}

#[tokio::test]
async fn mariadb() {
    if !are_here(&["mariadbd", "mariadb-install-db", "mariadb-dump", "mariadb-admin"]) {
        return;
    }
    let bench = Bench::new();
    let home = bench.folder_of("home", NOBODY).display().to_string();
    let environment = [("HOME", home.as_str())];
    let (db, socket) = (format!("--datadir={home}/db"), format!("--socket={home}/sock"));
    let install =
        ["mariadb-install-db", "--no-defaults", &db, "--auth-root-authentication-method=normal", "--skip-test-db"];
    let made = bench.run_as(NOBODY, &install, &environment).await;
    assert_eq!(made.code, 0, "{}", made.said);
    let server = ["mariadbd", "--no-defaults", &db, &socket, "--skip-networking", "--innodb-flush-log-at-trx-commit=0"];
    let client = [socket.as_str(), "-uroot"];
    let work = async {
        for _ in 0..100 {
            let ping = [&["mariadb-admin", "--no-defaults"][..], &client, &["ping"]].concat();
            if bench.run_as(NOBODY, &ping, &environment).await.code == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let dump = format!("mariadb-dump --no-defaults {socket} -uroot --single-transaction mysql");
        let script = format!(
            "{dump} | zstd -q > {home}/whole.sql.zst; {dump} | head -c 40000 | zstd -q > {home}/broken.sql.zst"
        );
        bench.run_as(NOBODY, &["sh", "-c", &script], &environment).await;
        let stop = [&["mariadb-admin", "--no-defaults"][..], &client, &["shutdown"]].concat();
        bench.run_as(NOBODY, &stop, &environment).await;
    };
    tokio::join!(bench.run_as(NOBODY, &server, &environment), work);
    let whole = bench.look(files(&bench, "whole.sql.zst")).await.artefacts.remove(0);
    assert_eq!((whole.status(), whole.reason.as_str()), (BackupStatus::Ok, ""), "{whole:?}");
    assert!(whole.size_bytes.is_some_and(|size| size > 1000) && whole.verified_at_ms.is_some());
    let broken = bench.look(files(&bench, "broken.sql.zst")).await.artefacts.remove(0);
    assert_eq!(broken.status(), BackupStatus::Partial, "{broken:?}");
}
