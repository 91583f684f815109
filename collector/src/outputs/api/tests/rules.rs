//! Rules through the API.

use super::*;

#[tokio::test]
async fn rules_tell_values_origins_and_figures() {
    let site = site().await;
    let (status, body) = site.get("/api/v1/rules", READER).await;
    assert_eq!(status, StatusCode::OK);
    let rules = body["rules"].as_array().expect("a list");
    let cpu = rules.iter().find(|rule| rule["rule"] == "cpu").expect("there");
    assert_eq!(
        cpu["values"][0],
        json!({"name": "alarm_persen", "value": 950, "unit": "permille", "default": 950, "origin": "default"})
    );
    assert_eq!((&cpu["tickets"], &cpu["enabled"], &cpu["budget_per_hour"]), (&json!(0), &json!(true), &json!(10)));
    let (_, one) = site.get("/api/v1/rules/cpu", READER).await;
    assert_eq!((&one["rule"], &one["held_back"]), (&json!("cpu"), &json!([])));
    assert_eq!(site.get("/api/v1/rules/x", READER).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_replay_takes_the_rules_own_values_only() {
    let site = site().await;
    let (status, body) = site.get("/api/v1/rules/cpu/replay?days=2&alarm_persen=80&selama=5m", READER).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!((&body["tickets"], &body["opened"]), (&json!(0), &json!(0)));
    assert_eq!(body["values"][0], json!({"name": "alarm_persen", "in_force": 950, "tried": 800}));
    for (query, code) in [
        ("gagal_berturut=1", "unknown_parameter"),
        ("days=0", "bad_parameter"),
        ("alarm_persen=x", "bad_parameter"),
        ("service=x", "bad_parameter"),
    ] {
        let (status, body) = site.get(&format!("/api/v1/rules/cpu/replay?{query}"), READER).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn beginning_needs_a_responsible_person() {
    let site = site().await;
    let begin = json!({"action": "begin"});
    let with =
        |caller: &[(&'static str, &'static str)], key: &'static str| [caller, &[("idempotency-key", key)]].concat();
    let (status, _) = site.post("/api/v1/rules/cpu/actions", &with(WRITER, "a"), &begin).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a program approves nothing");
    let boss = [("cookie", "pantau_session=boss"), ("x-csrf-token", "form")];
    let (status, body) = site.post("/api/v1/rules/cpu/actions", &with(&boss, "b"), &begin).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"rule": "cpu", "begun": true})));
    let (status, _) = site.post("/api/v1/rules/terhenti/actions", &with(&boss, "c"), &begin).await;
    assert_eq!(status, StatusCode::CONFLICT);
}
