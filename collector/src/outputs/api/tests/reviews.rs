//! Reviews and records of problems through the API.

use super::*;

const OPERATOR: &[(&str, &str)] = &[("cookie", "pantau_session=cookie"), ("x-csrf-token", "form")];

#[tokio::test]
async fn problems_live_through_the_api() {
    let site = site().await;
    let (status, ticket) = site.post("/api/v1/tickets", OPERATOR, &report("Tidak bisa masuk")).await;
    assert_eq!(status, StatusCode::CREATED, "{ticket}");
    let number = ticket["nomor"].clone();
    let open = json!({ "service": "simpeg", "cause": "Disk penuh", "evidence": [number] });
    let (status, body) = site.post("/api/v1/problems", READER, &open).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("read_only")));
    let nothing = json!({ "service": "simpeg", "cause": "x", "evidence": ["SPBE-GGN-2026-9999"] });
    let (status, body) = site.post("/api/v1/problems", WRITER, &nothing).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("no_evidence")));
    let (status, body) = site.post("/api/v1/problems", WRITER, &open).await;
    assert_eq!((status, &body["state"], &body["version"]), (StatusCode::CREATED, &json!("diusulkan"), &json!(1)));
    let (status, body) = site.post("/api/v1/problems", WRITER, &open).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("already_open")));

    let actions = "/api/v1/problems/1/actions";
    let skip =
        json!({ "state": "terverifikasi", "action": "x", "owner": "Budi", "due": "2026-12-01", "verification": "y" });
    let (status, body) = site.post(actions, OPERATOR, &skip).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("illegal_transition")));
    let accept = json!({ "version": 1, "state": "diterima", "owner": "Budi", "due": "2026-12-01" });
    let (status, body) = site.post(actions, OPERATOR, &accept).await;
    assert_eq!(
        (status, &body["owner"], &body["changed_by"]),
        (StatusCode::OK, &json!("Budi"), &json!("rina")),
        "{body}"
    );
    let (status, body) = site.post(actions, OPERATOR, &accept).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("outdated")));
    let (_, list) = site.get("/api/v1/problems?state=diterima", READER).await;
    assert_eq!(list["items"][0]["number"], json!(1));
    let (_, trail) = site.get("/api/v1/audit", READER).await;
    assert_eq!(trail["items"][0]["action"], json!("problem.edit"), "{trail}");
    assert_eq!(site.get("/api/v1/problems/2", READER).await.0, StatusCode::NOT_FOUND);
    let (status, review) = site.get("/api/v1/reviews/2026-Q4", READER).await;
    assert_eq!((status, &review["problems"][0]["owner"]), (StatusCode::OK, &json!("Budi")), "{review}");
    assert_eq!(review["figures"]["counted"], json!(1));
    assert_eq!(site.get("/api/v1/reviews/2027-Q1", READER).await.0, StatusCode::NOT_FOUND);
}
