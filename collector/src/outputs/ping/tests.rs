//! Signals over a real store and engine: what is answered, what is durable, what is judged from it.

use super::*;
use crate::clock::Clock;
use crate::config::catalogue;
use crate::config::profile::bangka_2025;
use crate::domain::rpo::proof::Proof;
use crate::engine::{Engine, EngineOptions};
use crate::snapshot::{BackupState, BackupView};
use crate::store::Store;
use crate::texts::{Language, Texts};
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tower::ServiceExt;

/// 1 June 2026, 00:00 in Jakarta.
const MIDNIGHT: Timestamp = Timestamp::from_secs(1_780_246_800);

const CATALOGUE: &str = r#"
[[layanan]]
id = "simpeg"
nama = "SIMPEG"
deskripsi = "d"
penyedia = "p"
cara_akses = "a"
kontak_bantuan = "k"
waktu_bantuan = "w"
kelompok = "publik"
klasifikasi = "kritis"
rpo = "26h"
[[layanan.cadangan]]
id = "dump"
jenis = "detak"
jadwal = "0 1 * * *"
[[layanan.cadangan]]
id = "sinkron"
jenis = "tugas"
jadwal = "1h"
"#;

struct Site {
    app: App,
    router: Router,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

fn set(id: &str) -> BackupSetId {
    BackupSetId::parse(id).expect("valid")
}

async fn site() -> Site {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("pantau.db"), MIDNIGHT).expect("opens");
    let (clock, profile) = (Clock::manual(MIDNIGHT), Arc::new(bangka_2025()));
    let texts = Texts::new(Language::Id, profile.time_zone);
    let (engine, task) = Engine::start(EngineOptions {
        store: store.clone(),
        clock: clock.clone(),
        profile: profile.clone(),
        catalogue: Arc::new(catalogue::parse("k.toml", CATALOGUE, 1, &bangka_2025()).expect("valid")),
        catalogue_applied_at: MIDNIGHT,
        routing: Default::default(),
        render: Arc::new(move |phrase| texts.phrase(phrase)),
        stats: Arc::default(),
        demo: false,
    })
    .expect("starts");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(task.run(stopped));
    let (receivers, stats) = (Default::default(), Arc::default());
    let app = App { clock, store, engine, profile, receivers, stats, own_backup: Default::default(), tls: false };
    for id in ["dump", "sinkron"] {
        app.engine.save_heartbeat_key(set(id), format!("key-{id}"), "sari".into()).await.expect("saves");
    }
    Site { router: router(app.clone()), app, _folder: folder, _stop: stop }
}

impl Site {
    async fn send(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).expect("valid");
        let response = self.router.clone().oneshot(request).await.expect("answers");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("reads").to_bytes();
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    async fn get(&self, path: &str) -> u16 {
        self.send(Method::GET, path, "").await.0
    }

    fn after(&self, seconds: i64) {
        self.app.clock.advance_ms(seconds * 1000);
    }

    /// The view once the engine has looked at what is committed.
    async fn view(&self, id: &str) -> BackupView {
        // A command is answered before the evaluation that follows it; the next command waits for that.
        self.app.engine.save_heartbeat_key(set(id), format!("key-{id}"), "sari".into()).await.expect("saves");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let snapshot = self.app.engine.snapshot();
        let view = snapshot.backups.iter().find(|view| view.id.as_str() == id).expect("there");
        (**view).clone()
    }
}

#[tokio::test]
async fn every_way_of_healthchecks_is_taken_and_kept() {
    let site = site().await;
    for (method, path, body) in [
        (Method::GET, "/ping/key-dump/start?rid=a1", ""),
        (Method::POST, "/ping/key-dump/log?rid=a1", "copied 7 tables"),
        (Method::HEAD, "/ping/key-dump?rid=a1", ""),
        (Method::POST, "/ping/key-dump/0", ""),
        (Method::POST, "/ping/key-dump/3", "disk full"),
        (Method::GET, "/ping/key-dump/fail", ""),
    ] {
        site.after(1);
        let (status, text) = site.send(method.clone(), path, body).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(text, if method == Method::HEAD { "" } else { "OK" });
    }
    let kept = site.app.store.read(|reader| reader.signals(&set("dump"), 9)).expect("reads");
    let kept: Vec<_> = kept.iter().rev().map(|s| (s.kind.code(), s.run.as_deref(), s.exit_code)).collect();
    let run = Some("a1");
    assert_eq!(
        kept,
        [
            ("start", run, None),
            ("log", run, None),
            ("success", run, None),
            ("success", None, Some(0)),
            ("fail", None, Some(3)),
            ("fail", None, None)
        ]
    );
}

#[tokio::test]
async fn what_is_not_known_or_too_much_is_refused() {
    let site = site().await;
    for path in ["/ping/none", "/ping/key-dump/256", "/ping/key-dump/-1", "/ping/key-dump/stop", "/ping/none/start"] {
        assert_eq!(site.get(path).await, 404, "{path}");
    }
    assert_eq!(site.get("/ping/key-dump?rid=").await, 400);
    assert_eq!(site.get("/ping/key-dump?rid=a%20b").await, 400);
    let long = "x".repeat(BODY_BYTES_MAX * 3);
    assert_eq!(site.send(Method::POST, "/ping/key-dump/log", &long).await.0, 200);
    let kept = site.app.store.read(|reader| reader.signals(&set("dump"), 1)).expect("reads");
    assert_eq!(kept[0].body.len(), BODY_BYTES_MAX);
    for _ in 1..SIGNALS_MAX {
        assert_eq!(site.get("/ping/key-dump/log").await, 200);
    }
    assert_eq!(site.get("/ping/key-dump/log").await, 429);
    assert_eq!(site.get("/ping/key-sinkron/log").await, 200, "another set is not slowed down");
    site.after(60);
    assert_eq!(site.get("/ping/key-dump/log").await, 200);
    site.app.engine.save_heartbeat_key(set("dump"), "other".into(), "sari".into()).await.expect("saves");
    assert_eq!(
        (site.get("/ping/key-dump").await, site.get("/ping/other").await),
        (404, 200),
        "a new key voids the old"
    );
}

#[tokio::test]
async fn a_good_run_is_a_backup_that_is_only_claimed_and_its_data_are_of_its_start() {
    let site = site().await;
    assert_eq!(site.view("dump").await.state, BackupState::TanpaCadangan);
    site.after(3600);
    assert_eq!(site.get("/ping/key-dump/start").await, 200);
    site.after(300);
    assert_eq!(site.get("/ping/key-dump").await, 200);
    let view = site.view("dump").await;
    assert_eq!((view.state, view.proof), (BackupState::Segar, Some(Proof::Claimed)));
    assert_eq!(view.data_time, Some(MIDNIGHT.plus_secs(3600)));
    assert_eq!(view.breach_at, Some(MIDNIGHT.plus_secs(27 * 3600)));
    let records = site.app.store.read(|reader| reader.newest_backup_records(&set("dump"))).expect("reads");
    assert_eq!(records.len(), 1, "it is kept");
}

#[tokio::test]
async fn a_job_that_does_not_come_opens_one_ticket_and_a_plain_job_has_its_own_class() {
    let site = site().await;
    let classes = |site: &Site| {
        let snapshot = site.app.engine.snapshot();
        let mut all: Vec<_> = snapshot.tickets.iter().map(|t| (t.key.to_string(), t.symptom.id.clone())).collect();
        all.sort();
        all
    };
    site.after(3600 + 601);
    site.view("dump").await;
    let expected =
        [("backup:dump|cadangan", "symptom-job-not-started"), ("backup:sinkron|fungsi", "symptom-job-not-started")];
    assert_eq!(classes(&site), expected.map(|(key, symptom)| (key.to_owned(), symptom.to_owned())));
    assert!(site.view("sinkron").await.job.expect("watched").alarm.is_some());
    for key in ["key-dump", "key-sinkron"] {
        assert_eq!(site.get(&format!("/ping/{key}")).await, 200);
    }
    assert_eq!(site.view("sinkron").await.job.expect("watched").alarm, None);
    assert_eq!(site.view("sinkron").await.state, BackupState::Informasi);
}
