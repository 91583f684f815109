//! Registers through the API: proposals, two persons, refusals in the common shape, the audit trail.

use super::*;

const OPERATOR: &[(&str, &str)] = &[("cookie", "pantau_session=cookie"), ("x-csrf-token", "form")];
const BOSS: &[(&str, &str)] = &[("cookie", "pantau_session=boss"), ("x-csrf-token", "form")];
const CHIEF: &[(&str, &str)] = &[("cookie", "pantau_session=chief"), ("x-csrf-token", "form")];

fn plan() -> Value {
    json!({ "title": "Tambalan", "reason": "Keamanan", "services": ["simpeg"],
            "from": "2026-11-26T22:00:00+07:00", "to": "2026-11-26T23:30:00+07:00" })
}

#[tokio::test]
async fn maintenance_lives_through_the_api() {
    let site = site().await;
    let keyed = [WRITER[0], ("idempotency-key", "m1")];
    let (status, first) = site.post("/api/v1/maintenance", &keyed, &plan()).await;
    assert_eq!((status, &first["state"]), (StatusCode::CREATED, &json!("proposed")), "{first}");
    assert_eq!(site.post("/api/v1/maintenance", &keyed, &plan()).await.1, first, "once under one key");
    let actions = "/api/v1/maintenance/1/actions";
    for (headers, code) in [(WRITER, "approvers_only"), (OPERATOR, "approvers_only"), (READER, "read_only")] {
        let (status, body) = site.post(actions, headers, &json!({ "action": "approve" })).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!(code)));
    }
    let announce = json!({ "action": "announce", "at": "2026-11-24T14:00:00+07:00", "channel": "Surat" });
    assert_eq!(site.post(actions, OPERATOR, &announce).await.0, StatusCode::OK);
    let (status, body) = site.post(actions, BOSS, &json!({ "action": "approve" })).await;
    assert_eq!(
        (status, &body["state"], &body["windows"][0]["notice"]),
        (StatusCode::OK, &json!("approved"), &json!("told"))
    );
    assert_eq!(body["windows"][0]["counted"], json!(true));
    let (status, body) = site.post(actions, BOSS, &json!({ "action": "reject", "reason": "x" })).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("illegal_transition")));
    let (_, list) = site.get("/api/v1/maintenance?service=simpeg&state=approved", READER).await;
    assert_eq!((&list["items"][0]["number"], &list["next_cursor"]), (&json!(1), &Value::Null));
    let (_, none) = site.get("/api/v1/maintenance?state=rejected", READER).await;
    assert_eq!(none["items"], json!([]));

    let (_, trail) = site.get("/api/v1/audit?limit=2", READER).await;
    assert_eq!(
        (&trail["items"][0]["action"], &trail["items"][0]["actor"]),
        (&json!("maintenance.approve"), &json!("budi"))
    );
    assert_eq!(trail["items"][0]["prev_hash"], trail["items"][1]["hash"], "chained");
    let (_, rest) = site.get("/api/v1/audit?cursor=2", READER).await;
    assert_eq!(rest["items"][0]["action"], "maintenance.propose");
    assert_eq!(site.get("/api/v1/audit", OPERATOR).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_proposed_does_not_approve() {
    let site = site().await;
    site.post("/api/v1/maintenance", BOSS, &plan()).await;
    let approve = json!({ "action": "approve" });
    let (status, body) = site.post("/api/v1/maintenance/1/actions", BOSS, &approve).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("same_person")));
    assert_eq!(site.post("/api/v1/maintenance/1/actions", CHIEF, &approve).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_sound_is_refused_in_one_shape() {
    let site = site().await;
    let with = |name: &str, value: Value| {
        let mut body = plan();
        body[name] = value;
        body
    };
    for (path, body, status, code) in [
        ("/api/v1/maintenance", with("to", json!("2026-11-26T21:00:00+07:00")), 422, "ends_before_begin"),
        ("/api/v1/maintenance", with("from", json!("besok")), 422, "bad_instant"),
        ("/api/v1/maintenance", with("services", json!(["lain"])), 422, "unknown_scope"),
        ("/api/v1/maintenance", with("services", json!([])), 422, "empty_scope"),
        ("/api/v1/maintenance", with("repeat", json!("daily")), 422, "bad_recurrence"),
        ("/api/v1/maintenance", with("repeat", json!("monthly_day")), 422, "until_missing"),
        ("/api/v1/maintenance", with("until", json!("2026-13-01")), 422, "bad_date"),
        ("/api/v1/maintenance", with("extra", json!(1)), 400, "bad_body"),
        ("/api/v1/maintenance/7/actions", json!({ "action": "end_early" }), 404, "not_found"),
        ("/api/v1/corrections", json!({ "service": "simpeg", "reason": "x" }), 422, "bad_claim"),
        ("/api/v1/corrections", json!({ "service": "simpeg", "reason": "x", "withdraws": 4 }), 422, "unwithdrawable"),
    ] {
        let (got, answer) = site.post(path, WRITER, &body).await;
        assert_eq!((got.as_u16(), answer["error"]["code"].as_str()), (status, Some(code)), "{body}: {answer}");
    }
    for path in ["/api/v1/maintenance?stat=x", "/api/v1/corrections?state=open", "/api/v1/audit?cursor=x"] {
        assert_eq!(site.get(path, READER).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/api/v1/maintenance/1", "/api/v1/maintenance/x", "/api/v1/corrections/01"] {
        assert_eq!(site.get(path, READER).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_correction_is_proposed_shown_and_approved_by_another() {
    let site = site().await;
    let body = json!({ "service": "simpeg", "state": "up", "from": "2026-11-24T10:00:00+07:00",
                       "to": "2026-11-24T11:00:00+07:00", "reason": "Salah ukur", "evidence": "ND-12" });
    let (status, first) = site.post("/api/v1/corrections", OPERATOR, &body).await;
    assert_eq!((status, &first["claim"], &first["proposed_by"]), (StatusCode::CREATED, &json!("up"), &json!("rina")));
    let (_, one) = site.get("/api/v1/corrections/1", READER).await;
    assert_eq!(one["figures"][0]["month"], "2026-11", "the preview of its month");
    let (status, body) = site.post("/api/v1/corrections/1/actions", BOSS, &json!({ "action": "approve" })).await;
    assert_eq!((status, &body["state"], &body["approval"]), (StatusCode::OK, &json!("approved"), &json!(1)));
    let back = json!({ "service": "simpeg", "withdraws": 1, "reason": "Keliru" });
    let (status, body) = site.post("/api/v1/corrections", BOSS, &back).await;
    assert_eq!((status, &body["withdraws"]), (StatusCode::CREATED, &json!(1)), "{body}");
    let (status, _) = site.post("/api/v1/corrections/2/actions", CHIEF, &json!({ "action": "approve" })).await;
    assert_eq!(status, StatusCode::OK);
    let (_, list) = site.get("/api/v1/corrections?service=simpeg", READER).await;
    let states: Vec<_> = list["items"].as_array().expect("a list").iter().map(|item| item["state"].clone()).collect();
    assert_eq!(states, ["approved", "withdrawn"]);
}
