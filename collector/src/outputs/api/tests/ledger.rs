//! The ledger of a part: a check, one vantage of it; what the service does not have is refused by name.

use super::*;

#[tokio::test]
async fn a_part_has_a_ledger_that_tiles_its_span_and_what_is_no_part_is_refused() {
    let site = site().await;
    let catalogue = snapshot().catalogue;
    let service = catalogue.services.iter().find(|service| !service.checks.is_empty()).expect("one with a check");
    let (check, id) = (&service.checks[0], &service.id);
    let span = "from=2026-11-24T10:00:00%2B07:00&to=2026-11-24T11:00:00%2B07:00";
    let path = |query: &str| format!("/api/v1/services/{id}/ledger?{span}{query}");
    let parts = [format!("&check={}", check.id), format!("&check={}&vantage={}", check.id, check.vantages[0])];
    for part in &parts {
        let (status, body) = site.get(&path(part), READER).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let items = body["intervals"].as_array().expect("a list").clone();
        assert_eq!(items.first().map(|row| &row["from"]), Some(&json!("2026-11-24T10:00:00+07:00")), "{body}");
        assert_eq!(items.last().map(|row| &row["to"]), Some(&json!("2026-11-24T11:00:00+07:00")), "{body}");
        assert!(items.windows(2).all(|pair| pair[0]["to"] == pair[1]["from"]), "no hole: {body}");
        // Nobody has asked yet: that is unknown, never up.
        assert!(items.iter().all(|row| row["state"] == json!("unknown")), "{body}");
    }
    for (wrong, words) in [
        ("&check=nope", "check"),
        ("&component=nope", "component"),
        ("&vantage=web-01", "vantage"),
        ("&component=x&check=y", "check"),
    ] {
        let (status, body) = site.get(&path(wrong), READER).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {body}");
        assert!(body["error"]["message"].as_str().is_some_and(|text| text.contains(words)), "{wrong}: {body}");
    }
    let long = format!("/api/v1/services/{id}/ledger?from=2026-09-01T00:00:00%2B07:00&to=2026-11-24T00:00:00%2B07:00");
    assert_eq!(site.get(&long, READER).await.0, StatusCode::OK, "the service as a whole may be asked for longer");
    let (status, _) = site.get(&format!("{long}{}", parts[0]), READER).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a part is worked out from answers: at most 31 days");
}
