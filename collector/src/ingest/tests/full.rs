//! A disk that takes no more: batches are refused with a time to come again, and nothing acknowledged is lost.

use super::*;
use crate::store::fill;

/// Status, code and `Retry-After` of a refusal.
async fn turned_away(site: &Site, body: Vec<u8>) -> (u16, String, Option<String>) {
    let request = site.client.post(format!("http://{}/api/v1/ingest", site.address)).body(body);
    let mut answer = request.send().await.expect("answers");
    let later = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.expect("whole") {
        bytes.extend_from_slice(&chunk);
    }
    let json: Value = serde_json::from_slice(&bytes).expect("JSON");
    (answer.status().as_u16(), json["error"]["code"].as_str().expect("code").to_owned(), later)
}

#[tokio::test]
async fn a_full_disk_is_503_with_a_time_to_come_again_and_loses_nothing() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.store.write(|w| w.grow_at_most(60)).await.expect("limited");
    fill(&site.store).await;
    // Before any look at the disk, without a signature: nothing reaches the writer.
    let full = (503, "store_full".to_owned(), Some("30".to_owned()));
    assert_eq!(turned_away(&site, b"anything".to_vec()).await, full);
    assert_eq!(turned_away(&site, sealed("web", 1, &[1, 2, 3])).await, full);
    assert_eq!((site.store.space().refused, site.stats.batches_not_stored.get()), (2, 2));
    assert!(site.stored().is_empty());
    assert!(site.store.look_at_space(None, at(0)).is_some());
    site.store.write(|w| w.grow_at_most(2_000)).await.expect("more room");
    assert!(site.store.probe_space(at(2_000)).await.is_some());
    let acknowledgement = site.acknowledged(sealed("web", 1, &[1, 2, 3])).await;
    assert_eq!((acknowledgement.acknowledged_seq, site.stored().len()), (3, 3));
    assert_eq!(site.stats.observations_duplicate.get(), 0);
}

#[tokio::test]
async fn the_batch_that_meets_the_full_disk_is_kept_whole_or_not_at_all() {
    let site = Site::start();
    site.enrol("web", 1).await;
    site.store.write(|w| w.grow_at_most(8)).await.expect("limited");
    let mut acknowledged = 0;
    let mut next = 1;
    loop {
        let seqs: Vec<u64> = (next..next + 100).collect();
        let (status, bytes) = site.post("/api/v1/ingest", sealed("web", 1, &seqs)).await;
        if status == 503 {
            break;
        }
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        acknowledged = Acknowledgement::decode(bytes.as_slice()).expect("acknowledgement").acknowledged_seq;
        next += 100;
        assert!(next < 100_000, "the disk is small");
    }
    let facts = site.store.read(|r| r.facts_after(FactCursor(0), 100_000)).expect("reads").facts;
    assert_eq!(facts.len() as u64, acknowledged, "what was acknowledged, no more, no less");
}
