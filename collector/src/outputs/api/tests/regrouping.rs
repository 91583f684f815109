//! Merging, splitting, another priority, and a help desk's call, over the API.

use super::*;

impl Site {
    /// A ticket that a person reports for each service.
    async fn report_for(&self, services: &[&str]) -> Vec<String> {
        let mut numbers = Vec::new();
        for service in services {
            let mut body = report("Tidak dapat masuk");
            body["layanan"] = json!(service);
            let (status, opened) = self.post("/api/v1/tickets", WRITER, &body).await;
            assert_eq!(status, StatusCode::CREATED, "{opened}");
            numbers.push(opened["nomor"].as_str().expect("text").to_owned());
        }
        numbers
    }

    async fn act(&self, number: &str, body: &Value) -> (u16, Value) {
        let (status, answer) = self.post(&format!("/api/v1/tickets/{number}/actions"), WRITER, body).await;
        (status.as_u16(), answer)
    }

    async fn ticket(&self, number: &str) -> Value {
        self.get(&format!("/api/v1/tickets/{number}"), READER).await.1
    }
}

fn parts(ticket: &Value) -> Vec<&str> {
    let parts = ticket["gangguan_tercakup"].as_array().expect("a list");
    parts.iter().filter_map(|part| part["layanan"][0].as_str()).collect()
}

#[tokio::test]
async fn three_tickets_become_one_and_two_of_its_parts_leave_together() {
    let site = site().await;
    let numbers = site.report_for(&["simpeg", "adminduk", "esakip"]).await;
    let [root, second, third] = [&numbers[0], &numbers[1], &numbers[2]];
    for number in [second, third] {
        let merge = json!({ "action": "merge", "into": root, "text": "satu sakelar" });
        let (status, into) = site.act(number, &merge).await;
        assert_eq!((status, &into["nomor"]), (200, &json!(root)), "{into}");
        let gone = site.ticket(number).await;
        assert_eq!((&gone["status"], &gone["tiket_terkait"][0]), (&json!("dibatalkan"), &json!(root)));
        assert_eq!(gone["alarm_palsu"], json!(false), "no false alarm: it goes on elsewhere");
    }
    let whole = site.ticket(root).await;
    assert_eq!(parts(&whole), ["adminduk", "esakip"]);
    assert_eq!(whole["prioritas"], json!(1), "the most urgent of its parts");
    let split = json!({ "action": "split", "services": ["adminduk", "esakip"], "text": "penyebab lain" });
    let (status, new) = site.act(root, &split).await;
    assert_eq!((status, parts(&new)), (200, vec!["esakip"]), "{new}");
    assert_eq!((&new["kunci_dedup"], &new["tiket_terkait"][0]), (&json!("service:adminduk|akses"), &json!(root)));
    let left = site.ticket(root).await;
    assert_eq!((parts(&left).len(), &left["layanan_terdampak"]), (0, &json!(["simpeg"])));
    let (_, open) = site.get("/api/v1/tickets?state=open", READER).await;
    assert_eq!(open["items"].as_array().map(Vec::len), Some(2));
    for (ticket, kinds) in [(&left, ["merged", "merged", "split"].as_slice()), (&new, &[])] {
        let number = ticket["nomor"].as_str().expect("text");
        let told = site.ticket(number).await;
        let log = told["aktivitas"].as_array().expect("a log").iter();
        let by_person: Vec<&str> = log
            .filter(|entry| entry["oleh"] == "program-writing" && entry["jenis"] != "opened")
            .filter_map(|entry| entry["jenis"].as_str())
            .collect();
        assert!(by_person.ends_with(kinds), "{by_person:?}");
        assert!(!told["respons_pertama_pada"].is_null(), "a person has answered");
    }
}

#[tokio::test]
async fn what_cannot_be_regrouped_is_refused_and_nothing_changes() {
    let site = site().await;
    let numbers = site.report_for(&["simpeg", "adminduk"]).await;
    let (first, second) = (&numbers[0], &numbers[1]);
    let before = [site.ticket(first).await, site.ticket(second).await];
    for (body, status, code) in [
        (json!({ "action": "merge", "into": first, "text": "x" }), 409, "bad_merge"),
        (json!({ "action": "merge", "into": second, "text": " " }), 422, "bad_text"),
        (json!({ "action": "merge", "into": "7", "text": "x" }), 422, "unknown_ticket"),
        (json!({ "action": "merge", "into": "SPBE-GGN-2026-9999", "text": "x" }), 404, "not_found"),
        (json!({ "action": "merge", "text": "x" }), 400, "bad_body"),
        (json!({ "action": "split", "services": [], "text": "x" }), 422, "bad_split"),
        (json!({ "action": "split", "services": ["simpeg"], "text": "x" }), 422, "bad_split"),
        (json!({ "action": "split", "services": ["adminduk"], "text": "x" }), 422, "bad_split"),
    ] {
        let (got, answer) = site.act(first, &body).await;
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{body} {answer}");
    }
    assert_eq!([site.ticket(first).await, site.ticket(second).await], before);
    let (status, answer) = site.post(&format!("/api/v1/tickets/{first}/actions"), READER, &json!({})).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::FORBIDDEN, &json!("read_only")));
}

#[tokio::test]
async fn a_priority_is_set_with_a_reason_and_is_no_answer() {
    let site = site().await;
    let number = &site.report_for(&["esakip"]).await[0];
    let before = site.ticket(number).await;
    for (body, status, code) in [
        (json!({ "action": "priority", "priority": 7, "text": "x" }), 422, "unknown_code"),
        (json!({ "action": "priority", "priority": before["prioritas"], "text": "x" }), 409, "same_priority"),
        (json!({ "action": "priority", "priority": 1, "text": "" }), 422, "bad_text"),
        (json!({ "action": "priority", "priority": 1 }), 400, "bad_body"),
    ] {
        let (got, answer) = site.act(number, &body).await;
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{body} {answer}");
    }
    let body = json!({ "action": "priority", "priority": 1, "text": "rapat paripurna" });
    let (status, after) = site.act(number, &body).await;
    assert_eq!((status, &after["prioritas"], &after["status"]), (200, &json!(1), &json!("baru")), "{after}");
    assert_eq!((&after["respons_pertama_pada"], &after["target_tanggap_s"]), (&Value::Null, &json!(900)));
    assert_eq!(after["batas_penyelesaian_pada"], before["batas_penyelesaian_pada"]);
    let log = site.ticket(number).await["aktivitas"].as_array().expect("a log").clone();
    let entry = log.iter().find(|entry| entry["jenis"] == "priority").expect("on record");
    assert_eq!(entry["oleh"], json!("program-writing"));
    assert!(entry["isi"].as_str().is_some_and(|text| text.contains("menjadi P1: rapat paripurna")), "{entry}");
}

#[tokio::test]
async fn a_help_desk_that_calls_needs_a_token_and_to_be_followed() {
    let site = site().await;
    let path = "/api/v1/helpdesk/meja";
    assert_eq!(site.post(path, &[], &json!({})).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(site.post(path, READER, &json!({})).await.0, StatusCode::FORBIDDEN);
    // This collector follows nobody.
    for token in ["Bearer alerting", "Bearer writing"] {
        assert_eq!(site.post(path, &[("authorization", token)], &json!({})).await.0, StatusCode::NOT_FOUND);
    }
}
