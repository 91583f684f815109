//! What tickets are opened on, and alerts of other programs, over a real store and a restart.

use super::*;
use crate::domain::alert::{Alert, Notification};
use crate::domain::ticket::TicketClass;
use pantau_shared::sample::{Filesystem, Sample};

fn notification(ends: Option<i64>) -> Notification {
    let alert = Alert {
        starts_at: at(5),
        ends_at: ends.map(at),
        name: "DiskFull".into(),
        summary: "penuh".into(),
        instance: "a:9100".into(),
        services: [ServiceId::parse("simpeg").expect("valid")].into(),
        host: None,
        impact: Impact::Minor,
    };
    Notification {
        digest: "0123456789abcdef".into(),
        title: "alertname=DiskFull".into(),
        class: TicketClass::Function,
        resolved: ends.is_some(),
        alerts: vec![("f".into(), alert)],
        truncated: 0,
        received_at: at(0),
    }
}

#[tokio::test]
async fn a_ticket_holds_the_answers_around_its_onset_and_its_message_tells_of_them() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    for (seconds, verdict) in [
        (10, ProbeVerdict::Ok),
        (20, ProbeVerdict::Ok),
        (30, ProbeVerdict::Failed),
        (40, ProbeVerdict::Failed),
        (50, ProbeVerdict::Failed),
    ] {
        site.answer(seconds, verdict).await;
        task.evaluate().await.expect("evaluates");
    }
    let number = engine.snapshot().tickets[0].number;
    let evidence = site.store.read(|r| r.evidence(number)).expect("reads").expect("kept");
    let told: Vec<(i64, &str)> =
        evidence.answers.iter().map(|a| (a.at.as_secs() - START, a.verdict.as_str())).collect();
    assert_eq!(told, [(20, "ok"), (30, "failed"), (40, "failed")]);
    assert_eq!(evidence.last_good.as_ref().map(|answer| answer.at), Some(at(20)));
    let rows = site.store.read(|r| r.outbox(None, 100)).expect("reads");
    let payload: serde_json::Value = serde_json::from_str(&rows[0].message.payload).expect("JSON");
    assert_eq!(payload["evidence"]["langkah_pertama"], "runbook-akses");
    assert_eq!(payload["evidence"]["layanan_publik"], serde_json::json!(["SIMPEG"]));
    let good = payload["evidence"]["jawaban_baik_terakhir"]["pada"].as_str().expect("told");
    assert_eq!(Timestamp::parse_rfc3339(good).expect("an instant"), at(20));
}

#[tokio::test]
async fn alerts_survive_a_restart_and_end_by_resolved() {
    let site = Site::new().await;
    let (engine, task) = site.engine();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(task.run(stopped));
    site.clock.advance_ms(10_000);
    engine.take_alerts(notification(None)).await.expect("taken");
    engine.take_alerts(notification(None)).await.expect("taken again");
    assert_eq!(site.events(), [("opened".to_owned(), 1)]);
    stop.send_replace(true);
    running.await.expect("stops");

    let (engine, task) = site.engine();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(task.run(stopped));
    assert_eq!(engine.snapshot().tickets.len(), 1);
    site.clock.advance_ms(60_000);
    engine.take_alerts(notification(Some(30))).await.expect("taken");
    assert_eq!(site.events(), [("opened".to_owned(), 1), ("restored".to_owned(), 2)]);
    let ticket = engine.snapshot().tickets[0].clone();
    assert_eq!((ticket.state, ticket.restored_at), (TicketState::Pulih, Some(at(30))));
}

#[tokio::test]
async fn a_letter_that_is_recorded_late_counts_from_its_report() {
    let site = Site::new().await;
    let (engine, task) = site.engine();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(task.run(stopped));
    site.clock.advance_ms(90_000_000);
    let manual = |onset: Option<i64>, reported: Option<i64>| super::super::ManualTicket {
        reporter: "Budi".into(),
        reporting_method: "surat".into(),
        symptom: "lambat".into(),
        impact: Impact::Minor,
        service: ServiceId::parse("simpeg").expect("valid"),
        category: "aplikasi".into(),
        details: super::super::ReportDetails {
            contact: "0812".into(),
            impact_text: "loket antre".into(),
            onset_at: onset.map(at),
            reported_at: reported.map(at),
        },
    };
    let refused = engine.open_ticket(manual(Some(9_000), Some(8_000)), "Sari".into()).await;
    assert!(matches!(refused, Err(CommandError::Refused(_))), "{refused:?}");
    let ticket = engine.open_ticket(manual(Some(7_000), Some(8_000)), "Sari".into()).await.expect("opens");
    assert_eq!((ticket.onset_at, ticket.reported_at, ticket.recorded_at), (at(7_000), at(8_000), at(90_000)));
    assert_eq!(ticket.reporter.as_deref(), Some("Budi (0812)"));
    assert_eq!(ticket.impact_text.as_deref(), Some("loket antre"));
    let due = ticket.response_target.map(|target| at(8_000).plus_secs(i64::from(target.seconds)));
    assert_eq!(ticket.response_due_at(), due);
}

/// A sample of `/var` of a thousand million bytes, `used` thousandths of it used.
fn storage(used: u64) -> ObservationBody {
    let free = Some(1_000_000 * (1000 - used));
    ObservationBody::Sample(Box::new(Sample {
        filesystems: vec![Filesystem {
            mount_point: "/var".into(),
            device: "/dev/vda1".into(),
            kind: "ext4".into(),
            size_bytes: Some(1_000_000_000),
            free_bytes: free,
            available_bytes: free,
            ..Filesystem::default()
        }],
        ..Sample::default()
    }))
}

#[tokio::test]
async fn a_disk_that_fills_up_is_told_ahead_by_what_is_stored() {
    let site = Site::new().await;
    let (engine, mut task) = site.engine();
    // Thirty thousandths a day, for six days, an hour a sample: below the threshold to the end.
    for hour in 0..=6 * 24 {
        let seconds = hour * 3600 + 60;
        site.clock.advance_ms(at(seconds).ms_since(site.clock.now()));
        let body = Some(storage(700 + u64::try_from(hour).expect("positive") * 30 / 24));
        let seq = u64::try_from(hour).expect("positive") + 1;
        let batch = ReceivedBatch {
            host: HostId::parse("a").expect("valid"),
            stream: vec![7; 16],
            boot_id: "b".into(),
            received_at: site.clock.now(),
            observations: vec![(at(seconds), Observation { seq, at_ms: at(seconds).as_ms(), age_ms: None, body })],
        };
        site.store.write(move |w| w.accept_batch(batch)).await.expect("accepted");
    }
    task.evaluate().await.expect("evaluates");
    assert_eq!(site.events(), []);
    task.look_ahead().await;
    task.evaluate().await.expect("evaluates");
    let ticket = engine.snapshot().tickets[0].clone();
    assert_eq!(
        (ticket.key.to_string().as_str(), ticket.symptom.id.as_str()),
        ("host:a:storage:/var|kapasitas", "symptom-storage-fills")
    );
    let full = ticket.symptom.args.iter().find(|(name, _)| name == "full_at").map(|(_, at)| at.clone());
    let full = Timestamp::parse_rfc3339(&full.expect("told")).expect("an instant");
    let days = full.ms_since(site.clock.now()) / 86_400_000;
    assert!((3..=4).contains(&days), "{days}");
    let evidence = site.store.read(|r| r.evidence(ticket.number)).expect("reads").expect("kept");
    assert_eq!(evidence.readings[0].limit_permille, 900);
    assert_eq!(site.events(), [("opened".to_owned(), 1)]);
}
