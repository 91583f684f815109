//! The webhook of an Alertmanager: who may hand in what, and what becomes of it.

use super::*;
use axum::http::header::AUTHORIZATION;

const PATH: &str = "/api/v1/alertmanager";
const ALERTER: &[(&str, &str)] = &[("authorization", "Bearer alerting")];

fn webhook(status: &str, ends: &str) -> Value {
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"DiskFull\"}", "truncatedAlerts": 0, "status": status,
        "receiver": "pantau", "groupLabels": {"alertname": "DiskFull"}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://am", "alerts": [{
            "status": status, "labels": {"alertname": "DiskFull", "pantau_service": "simpeg"},
            "annotations": {"summary": "Disk penuh"}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": ends,
            "generatorURL": "http://p", "fingerprint": "abcd",
        }],
    })
}

#[tokio::test]
async fn a_token_for_alerts_hands_in_alerts_and_nothing_else() {
    let site = site().await;
    let firing = webhook("firing", "0001-01-01T00:00:00Z");
    assert_eq!(site.post(PATH, &[], &firing).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(site.post(PATH, READER, &firing).await.0, StatusCode::FORBIDDEN);
    assert_eq!(site.get("/api/v1/tickets", ALERTER).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(site.post("/api/v1/tickets", ALERTER, &report("Mati")).await.0, StatusCode::UNAUTHORIZED);

    for _ in 0..3 {
        assert_eq!(site.post(PATH, ALERTER, &firing).await, (StatusCode::OK, json!({ "taken": 1 })));
    }
    let (_, list) = site.get("/api/v1/tickets", READER).await;
    let alerts: Vec<&Value> =
        list["items"].as_array().expect("a list").iter().filter(|t| t["kelas"] == "fungsi").collect();
    assert_eq!(alerts.len(), 1, "{list:#}");
    assert_eq!(alerts[0]["layanan_terdampak"], json!(["simpeg"]));
    let number = alerts[0]["nomor"].as_str().expect("a number");
    let (_, ticket) = site.get(&format!("/api/v1/tickets/{number}"), READER).await;
    let step = ticket["evidence"]["langkah_pertama"].as_str().expect("a step");
    assert!(step.starts_with("Baca pesan terakhir"), "{step}");
}

#[tokio::test]
async fn what_is_no_such_message_is_refused_and_counted() {
    let site = site().await;
    let mut newer = webhook("firing", "0001-01-01T00:00:00Z");
    newer["version"] = json!("5");
    for body in [json!({}), newer, json!([1]), webhook("resolved", "soon")] {
        let (status, answer) = site.post(PATH, ALERTER, &body).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad_alerts")), "{body}");
    }
    let large = Request::post(PATH).header(AUTHORIZATION, "Bearer alerting");
    let large = large.body(Body::from(vec![b' '; 1024 * 1024 + 1])).expect("valid");
    assert_eq!(site.ask(large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    // A group that only resolves is nobody's disturbance.
    let (status, _) = site.post(PATH, ALERTER, &webhook("resolved", "2026-01-01T01:00:00Z")).await;
    assert_eq!(status, StatusCode::OK);
    let (_, list) = site.get("/api/v1/tickets", READER).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(0), "{list:#}");
}
