//! Rules through pages: the list, one with its replay, and letting it begin.

use super::*;
use crate::domain::rule::Rule;

#[tokio::test]
async fn rules_are_listed_with_their_values_and_each_opens() {
    let site = site().await;
    let (viewer, _) = site.login("viewer").await;
    let page = text(site.get("/rules", &viewer).await).await;
    for rule in Rule::ALL {
        assert!(page.contains(&format!("href=\"/rules/{}\"", rule.code())), "{}", rule.code());
        let one = site.get(&format!("/rules/{}", rule.code()), &viewer).await;
        assert_eq!(one.status(), StatusCode::OK, "{}", rule.code());
    }
    assert!(page.contains("alarm_persen = 95,0 %"), "{page}");
    assert_eq!(site.get("/rules/apa", &viewer).await.status(), StatusCode::NOT_FOUND);
    assert!(text(site.get("/tickets", &viewer).await).await.contains("href=\"/rules\""), "tickets lead there");
}

#[tokio::test]
async fn a_replay_is_asked_in_a_form_and_wrong_values_are_told() {
    let site = site().await;
    let (viewer, _) = site.login("viewer").await;
    let page = text(site.get("/rules/cpu?replay=1&days=7&alarm_persen=80&selama=5m", &viewer).await).await;
    assert!(page.contains("akan membuka 0 tiket") && page.contains("(berlaku 95,0"), "{page}");
    assert!(page.contains("value=\"80\""), "what was typed is kept");
    for (query, words) in [
        ("alarm_persen=101", "alarm_persen tidak dapat diisi"),
        ("alarm_persen=80&pulih_persen=90", "pulih_persen tidak boleh di atas alarm_persen"),
        ("days=1000", "days tidak dapat diisi"),
        ("service=x", "service tidak dapat diisi"),
    ] {
        let page = text(site.get(&format!("/rules/cpu?replay=1&{query}"), &viewer).await).await;
        assert!(page.contains(words) && page.contains("role=\"alert\""), "{query}");
    }
    let page = text(site.get("/rules/anggaran?replay=1", &viewer).await).await;
    assert!(page.contains("tidak dapat diputar ulang"), "{page}");
}

#[tokio::test]
async fn only_an_administrator_lets_a_rule_begin_and_it_is_on_record() {
    let site = site().await;
    let (operator, token) = site.login("operator").await;
    let refused = site.post("/rules/storage/begin", &operator, &format!("csrf={token}")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let (admin, token) = site.login("admin").await;
    let begun = site.post("/rules/storage/begin", &admin, &format!("csrf={token}")).await;
    assert_eq!(begun.headers()[header::LOCATION], "/rules/storage?done=1");
    assert!(text(site.get("/rules/storage?done=1", &admin).await).await.contains("Mulai sekarang aturan ini"));
    let record = site.app.store.read(|reader| reader.audit(None, 1)).expect("reads");
    assert_eq!(record.first().map(|entry| entry.action.as_str()), Some("rule.begin"));
    let other = site.post("/rules/terhenti/begin", &admin, &format!("csrf={token}")).await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND, "that is never only watched");
}
