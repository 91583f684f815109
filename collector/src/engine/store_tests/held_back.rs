//! What is held back over a restart: nothing is folded anew, opened anew or forgotten.

use super::*;
use crate::domain::catalogue::{Catalogue, ThresholdMetric};
use crate::domain::rule::Rule;
use crate::domain::rule::admission::HeldCause;
use crate::domain::ticket::TicketScope;
use crate::store::records::TicketFilter;
use pantau_shared::sample::{Filesystem, Sample};

const STORAGE: Rule = Rule::Threshold(ThresholdMetric::Storage);
const HOSTS: [&str; 4] = ["a", "b", "c", "d"];

/// A site with four hosts, silent after a day, whose disks alarm at once.
struct Office {
    site: Site,
    catalogue: Catalogue,
    task: Option<EngineTask>,
    engine: Option<Engine>,
}

impl Office {
    async fn new(set: impl FnOnce(&mut Catalogue)) -> Self {
        let site = Site::new().await;
        for (number, name) in (10_u8..).zip(HOSTS.into_iter().skip(1)) {
            let (token, key) = ([number; 32], HostKey { public_key: vec![number; 32], machine_id_hash: "m".into() });
            let host = HostId::parse(name).expect("valid");
            let record =
                JoinTokenRecord { secret_hash: token, host, replace: false, created_at: at(0), expires_at: at(100) };
            let joined = site.store.write(move |w| {
                w.create_join_token(&record)?;
                w.redeem_join_token(&token, &key, at(0))
            });
            joined.await.expect("commits").expect("joins");
        }
        let mut catalogue = Catalogue::clone(&site.options().catalogue);
        catalogue.services.clear();
        catalogue.host_silent_after_seconds = 86_400;
        catalogue.thresholds.iter_mut().for_each(|threshold| threshold.hold_seconds = 10);
        set(&mut catalogue);
        let mut office = Self { site, catalogue, task: None, engine: None };
        office.start();
        office
    }

    fn start(&mut self) {
        (self.task, self.engine) = (None, None);
        let catalogue = Arc::new(self.catalogue.clone());
        let (engine, task) = Engine::start(EngineOptions { catalogue, ..self.site.options() }).expect("starts");
        (self.engine, self.task) = (Some(engine), Some(task));
    }

    /// Every host tells that its disk is `used` thousandths full, every ten seconds.
    async fn tell(&mut self, used: u64, seconds: std::ops::Range<i64>) {
        for second in seconds.step_by(10) {
            self.site.clock.advance_ms(at(second).ms_since(self.site.clock.now()));
            for name in HOSTS {
                self.site.seq += 1;
                let disk = Filesystem {
                    mount_point: "/".into(),
                    size_bytes: Some(1_000),
                    free_bytes: Some(1_000 - used),
                    ..Filesystem::default()
                };
                let sample = Sample { filesystems: vec![disk], ..Sample::default() };
                let body = Some(ObservationBody::Sample(Box::new(sample)));
                let observation = Observation { seq: self.site.seq, at_ms: at(second).as_ms(), age_ms: None, body };
                let batch = ReceivedBatch {
                    host: HostId::parse(name).expect("valid"),
                    stream: vec![name.as_bytes()[0]; 16],
                    boot_id: "b".into(),
                    received_at: at(second),
                    observations: vec![(at(second), observation)],
                };
                self.site.store.accept(batch).await.expect("accepts");
            }
            self.task.as_mut().expect("runs").evaluate().await.expect("evaluates");
        }
    }

    fn tickets(&self) -> Vec<(String, TicketState, u32)> {
        let all = self.site.store.read(|r| r.tickets(&TicketFilter::default(), None, 99)).expect("reads");
        all.into_iter().rev().map(|t| (t.key.scope.to_string(), t.state, t.life.occurrences)).collect()
    }

    fn held(&self) -> Vec<(String, HeldCause, bool)> {
        let held = self.site.store.read(|r| r.held_back_of(STORAGE, at(-99), 99)).expect("reads");
        held.into_iter().map(|h| (h.key.scope.to_string(), h.cause, h.is_active())).collect()
    }
}

#[tokio::test]
async fn a_restart_folds_nothing_anew_and_ends_what_is_good() {
    let mut office = Office::new(|c| (c.tuning.observe_seconds, c.tuning.budget_per_hour) = (0, 1)).await;
    office.tell(950, 10..40).await;
    let rule = TicketScope::Rule(STORAGE).to_string();
    let expected = [("host:a:storage:/".to_owned(), TicketState::Baru, 1), (rule, TicketState::Baru, 3)];
    assert_eq!(office.tickets(), expected, "each that is folded is an occurrence");
    assert_eq!(office.held().len(), 3);
    office.start();
    office.tell(950, 40..100).await;
    assert_eq!(office.tickets(), expected, "nothing more, though it was started anew");
    assert_eq!(office.held().len(), 3);
    office.tell(100, 100..150).await;
    assert!(office.tickets().iter().all(|(_, state, _)| *state == TicketState::Pulih), "{:?}", office.tickets());
    assert!(office.held().iter().all(|(_, _, active)| !active));
}

#[tokio::test]
async fn observation_and_its_end_survive_a_restart() {
    let mut office = Office::new(|_| {}).await;
    office.tell(950, 10..40).await;
    assert_eq!(office.tickets(), []);
    assert_eq!(office.held(), HOSTS.map(|name| (format!("host:{name}:storage:/"), HeldCause::Observed, true)));
    office.start();
    office.tell(950, 40..70).await;
    assert_eq!((office.tickets().len(), office.held().len()), (0, 4));
    // A person lets it begin: kept as well.
    office.site.store.write(|w| w.save_rule_begun(STORAGE, at(69))).await.expect("commits");
    office.start();
    office.tell(950, 70..100).await;
    assert_eq!(office.tickets().len(), 4);
    assert!(office.held().iter().all(|(_, _, active)| !active), "they have their tickets");
}
