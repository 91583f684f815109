//! The simulated office is the same for the same seed, whole, and shows what it promises.

use super::*;
use crate::config::profile::bangka_2025;
use crate::domain::ticket::TicketClass;
use crate::store::records::{LedgerRow, TicketFilter};

const DAYS_TESTED: u32 = 5;

struct Made {
    end: Timestamp,
    tickets: Vec<Ticket>,
    ledger: Vec<(String, Vec<LedgerRow>)>,
    store: Store,
    _folder: tempfile::TempDir,
}

async fn make(seed: u64) -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Timestamp::from_secs(1_790_000_042);
    let store = Store::open(&folder.path().join("pantau.db"), now).expect("opens");
    let profile = Arc::new(bangka_2025());
    let end = generate(&store, &profile, seed, now, DAYS_TESTED, |_| {}).await.expect("generates");
    let tickets = store.read(|r| r.tickets(&TicketFilter::default(), None, 1000)).expect("reads");
    let catalogue = catalogue::parse("k", CATALOGUE, 1, &bangka_2025()).expect("valid");
    let ledger = catalogue
        .services
        .iter()
        .map(|s| {
            let rows = store.read(|r| r.ledger(&s.id, Timestamp::from_secs(0), end.plus_secs(9999))).expect("reads");
            (s.id.to_string(), rows)
        })
        .collect();
    Made { end, tickets, ledger, store, _folder: folder }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_office() {
    let (one, two) = (make(21).await, make(21).await);
    assert_eq!(one.tickets, two.tickets);
    assert_eq!(one.ledger, two.ledger);
}

#[tokio::test]
async fn every_promised_state_is_there_and_rows_do_not_overlap() {
    let made = make(21).await;
    let has = |state: TicketState| made.tickets.iter().any(|t| t.state == state);
    for state in TicketState::ALL {
        assert!(has(state), "{} is missing", state.code());
    }
    let class = |class| made.tickets.iter().any(|t| t.key.class == class);
    for wanted in [TicketClass::Access, TicketClass::Capacity, TicketClass::Backup, TicketClass::MonitoringLost] {
        assert!(class(wanted), "{} is missing", wanted.code());
    }
    let open_p1 = |t: &Ticket| t.state.is_open() && t.restored_at.is_none() && t.priority.number() == 1;
    assert!(made.tickets.iter().any(open_p1));
    for (service, rows) in &made.ledger {
        let covered: i64 = rows.iter().map(|r| r.to.min(made.end).ms_since(r.from)).sum();
        assert!(rows.windows(2).all(|pair| pair[0].to <= pair[1].from), "{service}");
        // Everything but the time in which the agent was away is covered.
        let whole = i64::from(DAYS_TESTED) * 86_400_000;
        assert!((whole - 90 * 60_000..=whole).contains(&covered), "{service}: {covered}");
    }
    assert!(is_simulated(&made.store).is_ok_and(|mark| !mark));
}

#[test]
fn the_catalogue_is_valid_and_is_that_of_the_scenario() {
    let catalogue = catalogue::parse("catalogue.demo.toml", CATALOGUE, 1, &bangka_2025()).expect("valid");
    assert!(readings::names_match(&catalogue));
    assert!(catalogue.findings.iter().any(|f| f.phrase.id == "finding-no-availability-target"));
}

#[tokio::test]
async fn a_half_made_office_is_made_anew_and_real_data_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { data_dir: folder.path().to_owned(), ..Settings::default() };
    let (now, profile) = (Timestamp::from_secs(1_790_000_042), Arc::new(bangka_2025()));
    let store = Store::open(&settings.store_file(), now).expect("opens");
    enrol(&store, 0, HostId::parse("kantor").expect("valid"), now).await.expect("enrols");
    drop(store);
    let refused = prepare(&settings, &profile, now, 1).await.expect_err("real data");
    assert!(refused.to_string().contains("real data"), "{refused}");
    let store = Store::open(&settings.store_file(), now).expect("opens");
    store.write(|w| w.save_setting(MARK, MAKING)).await.expect("saves");
    drop(store);
    let end = prepare(&settings, &profile, now, 1).await.expect("makes");
    assert_eq!(prepare(&settings, &profile, now.plus_secs(9000), 1).await.expect("finds"), end);
    let store = Store::open(&settings.store_file(), now).expect("opens");
    let hosts = store.read(|r| r.hosts()).expect("reads");
    assert!(hosts.len() == 5 && hosts.iter().all(|h| h.id.as_str() != "kantor"));
}
