//! Registers through pages: who may propose, approve and only look; what was typed is kept; a preview records nothing.

use super::*;

const PLAN: &str =
    "title=Tambalan&reason=Keamanan&service=simpeg&from=2026-11-26T22%3A00&to=2026-11-26T23%3A30&repeat=once";

#[tokio::test]
async fn maintenance_is_previewed_proposed_and_approved_by_another() {
    let site = site().await;
    let (operator, token) = site.login("operator").await;
    let preview = site.post("/maintenance/new", &operator, &format!("csrf={token}&{PLAN}&step=preview")).await;
    let page = text(preview).await;
    assert!(page.contains("id=\"preview\"") && page.contains("dihitung sebagai pemeliharaan"), "{page}");
    assert!(page.contains("value=\"Tambalan\""), "what was typed is kept");
    assert_eq!(site.app.engine.snapshot().register.plans().len(), 0, "a preview records nothing");
    let proposed = site.post("/maintenance/new", &operator, &format!("csrf={token}&{PLAN}&step=propose")).await;
    assert_eq!(proposed.headers()[header::LOCATION], "/maintenance/1?done=1");
    let page = text(site.get("/maintenance/1?done=1", &operator).await).await;
    assert!(page.contains("Menunggu persetujuan orang kedua") && !page.contains("value=\"approve\""), "{page}");
    let approve = |token: &str| format!("csrf={token}&action=approve");
    let alone = site.post("/maintenance/1/actions", &operator, &approve(&token)).await;
    assert_eq!(alone.status(), StatusCode::FORBIDDEN);

    let (admin, admin_token) = site.login("admin").await;
    assert!(text(site.get("/maintenance/1", &admin).await).await.contains("value=\"approve\""));
    let told = format!("csrf={token}&action=announce&at=2026-11-24T14%3A00&text=Surat");
    assert_eq!(site.post("/maintenance/1/actions", &operator, &told).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        site.post("/maintenance/1/actions", &admin, &approve(&admin_token)).await.status(),
        StatusCode::SEE_OTHER
    );
    let page = text(site.get("/services/simpeg", &operator).await).await;
    assert!(page.contains("Pemeliharaan berikutnya: Tambalan"), "{page}");
    let twice = site.post("/maintenance/1/actions", &admin, &approve(&admin_token)).await;
    assert_eq!(twice.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(twice).await.contains("Statusnya tidak mengizinkan"), "the refusal is said");
    let list = text(site.get("/maintenance", &operator).await).await;
    assert!(list.contains("Tambalan") && list.contains("Diumumkan"), "{list}");

    let (viewer, viewer_token) = site.login("viewer").await;
    let page = text(site.get("/maintenance/1", &viewer).await).await;
    assert!(!page.contains("/maintenance/1/actions"), "a viewer is offered no action");
    assert_eq!(site.get("/maintenance/new", &viewer).await.status(), StatusCode::FORBIDDEN);
    let refused = site.post("/maintenance/new", &viewer, &format!("csrf={viewer_token}&{PLAN}&step=propose")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_wrong_plan_is_refused_in_words_beside_what_was_typed() {
    let site = site().await;
    let (operator, token) = site.login("operator").await;
    for (wrong, words) in [
        (PLAN.replace("T23%3A30", "T21%3A30"), "Selesai harus sesudah mulai"),
        (PLAN.replace("service=simpeg&", ""), "Pilih sedikitnya satu layanan"),
        (PLAN.replace("repeat=once", "repeat=weekly"), "Pengulangan memerlukan tanggal akhir"),
        (PLAN.replace("from=2026", "from=x2026"), "Isian tidak lengkap"),
    ] {
        let answer = site.post("/maintenance/new", &operator, &format!("csrf={token}&{wrong}&step=propose")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let page = text(answer).await;
        assert!(page.contains(words) && page.contains("value=\"Tambalan\""), "{wrong}: {page}");
    }
    let weekly = PLAN.replace("repeat=once", "repeat=weekly&weekday=thu&weekday=mon&until=2026-12-31");
    let page =
        text(site.post("/maintenance/new", &operator, &format!("csrf={token}&{weekly}&step=preview")).await).await;
    assert!(page.contains("kali lagi"), "the next windows are shown: {page}");
}

#[tokio::test]
async fn a_correction_shows_its_figures_before_it_is_approved() {
    let site = site().await;
    let (operator, token) = site.login("operator").await;
    let form =
        "service=simpeg&state=up&from=2026-11-24T10%3A00&to=2026-11-24T11%3A00%3A30&reason=Salah+ukur&evidence=ND-12";
    let preview =
        text(site.post("/corrections/new", &operator, &format!("csrf={token}&{form}&step=preview")).await).await;
    assert!(preview.contains("November 2026") && preview.contains("Bila disetujui sekarang"), "{preview}");
    let bad = form.replace("2026-11-24T11", "2026-11-25T11");
    let answer = site.post("/corrections/new", &operator, &format!("csrf={token}&{bad}&step=propose")).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let proposed = site.post("/corrections/new", &operator, &format!("csrf={token}&{form}&step=propose")).await;
    assert_eq!(proposed.headers()[header::LOCATION], "/corrections/1?done=1");
    assert!(text(site.get("/corrections", &operator).await).await.contains("1 · "));
    let reject = |token: &str| format!("csrf={token}&action=reject&text=Bukti+kurang");
    let refused = site.post("/corrections/1/actions", &operator, &reject(&token)).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let (admin, admin_token) = site.login("admin").await;
    assert_eq!(
        site.post("/corrections/1/actions", &admin, &reject(&admin_token)).await.status(),
        StatusCode::SEE_OTHER
    );
    let page = text(site.get("/corrections/1", &operator).await).await;
    assert!(page.contains("Ditolak: Bukti kurang"), "{page}");
}
