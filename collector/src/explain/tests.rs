//! An outage told from the figure to the answers, over a real store and engine.

use super::*;
use crate::clock::Clock;
use crate::config::profile::bangka_2025;
use crate::domain::state::{AnswerRole, QuorumRule, State};
use crate::engine::{Engine, EngineOptions, EngineTask};
use crate::store::records::{HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::probe::{ProbeOutcome, ProbePhase, ProbeVerdict};
use std::sync::Arc;

/// 14 June 2026, 10.00 WIB.
const START: i64 = 1_781_406_000;
const CATALOGUE: &str = include_str!("tests/catalogue.toml");

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(START + seconds)
}

struct Site {
    store: Store,
    clock: Clock,
    task: EngineTask,
    _engine: Engine,
    seq: u64,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens");
        let (token, key) = ([1; 32], HostKey { public_key: vec![2; 32], machine_id_hash: "m".into() });
        let host = HostId::parse("a").expect("valid");
        let record =
            JoinTokenRecord { secret_hash: token, host, replace: false, created_at: at(0), expires_at: at(100) };
        let joined = store.write(move |w| {
            w.create_join_token(&record)?;
            w.save_catalogue(CATALOGUE, at(0))?;
            w.redeem_join_token(&token, &key, at(0))
        });
        joined.await.expect("commits").expect("joins");
        let clock = Clock::manual(at(0));
        let profile = Arc::new(bangka_2025());
        let texts = Texts::new(Language::Id, profile.time_zone);
        let (engine, task) = Engine::start(EngineOptions {
            store: store.clone(),
            clock: clock.clone(),
            profile,
            catalogue: Arc::new(catalogue::parse("k", CATALOGUE, 1, &bangka_2025()).expect("valid")),
            catalogue_applied_at: at(0),
            routing: Default::default(),
            render: Arc::new(move |phrase| texts.phrase(phrase)),
            stats: Arc::default(),
            demo: false,
        })
        .expect("starts");
        Self { store, clock, task, _engine: engine, seq: 0, _folder: folder }
    }

    /// An answer of `asked` that arrives at `arrived`.
    async fn answer(&mut self, asked: i64, arrived: i64, verdict: ProbeVerdict) {
        self.clock.advance_ms(at(arrived).ms_since(self.clock.now()));
        self.seq += 1;
        let mut outcome = ProbeOutcome { check: "web".into(), duration_us: 12_345, ..ProbeOutcome::default() };
        outcome.set_verdict(verdict);
        if verdict == ProbeVerdict::Failed {
            outcome.reason = "connection refused".into();
            outcome.set_phase(ProbePhase::Connect);
        }
        let body = Some(ObservationBody::Probe(outcome));
        let observation = Observation { seq: self.seq, at_ms: at(asked).as_ms(), age_ms: None, body };
        let batch = ReceivedBatch {
            host: HostId::parse("a").expect("valid"),
            stream: vec![7; 16],
            boot_id: "b".into(),
            received_at: at(arrived),
            observations: vec![(at(asked), observation)],
        };
        self.store.write(move |w| w.accept_batch(batch)).await.expect("accepted");
        self.task.evaluate().await.expect("evaluates");
    }

    /// Three failures from 20 on, the last one known late; good again at 50.
    async fn outage() -> Self {
        let mut site = Self::new().await;
        for (asked, arrived, verdict) in [
            (10, 10, ProbeVerdict::Ok),
            (20, 20, ProbeVerdict::Failed),
            (30, 30, ProbeVerdict::Failed),
            (50, 50, ProbeVerdict::Ok),
            (40, 70, ProbeVerdict::Failed),
            (60, 80, ProbeVerdict::Ok),
        ] {
            site.answer(asked, arrived, verdict).await;
        }
        site.clock.advance_ms(20_000);
        site.task.evaluate().await.expect("evaluates");
        site
    }

    fn explain(&self, asked: Asked) -> Explanation {
        let catalogue = catalogue::parse("k", CATALOGUE, 1, &bangka_2025()).expect("valid");
        let rulebook = Rulebook::of_catalogue(chrono_tz::Asia::Jakarta, &catalogue);
        let service = &catalogue.services[0];
        self.store.read(|r| load(r, &rulebook, service, asked, self.clock.now())).expect("reads")
    }

    fn command(&self, when: &str, format: Format) -> String {
        let now = self.clock.now();
        command(&self.store, &bangka_2025(), "simpeg", Some(when), format, now).expect("explains")
    }
}

fn instant(explanation: Explanation) -> InstantAccount {
    match explanation {
        Explanation::Instant(account) => *account,
        Explanation::Period(_) => panic!("an instant was asked for"),
    }
}

#[tokio::test]
async fn an_outage_is_told_by_first_failure_confirmation_and_end() {
    let site = Site::outage().await;
    let account = instant(site.explain(Asked::Instant(at(35))));
    assert_eq!((account.stretch.state, account.ended), (State::Down, true));
    assert_eq!((account.stretch.interval.from, account.stretch.interval.to), (at(20), at(50)));
    assert_eq!(account.tickets.len(), 1, "one disturbance, one ticket");
    assert!(!account.answers_gone);
    let moments: Vec<&str> = account.scenes.iter().map(|scene| scene.moment.code()).collect();
    assert_eq!(moments, ["asked"], "both rims are among the answers that are shown");
    let scene = &account.scenes[0];
    assert_eq!((scene.state, scene.provisional), (State::Down, false));
    let check = &scene.checks[0];
    assert_eq!(check.decision.rule, QuorumRule::MajorityDown);
    let told = |line: &scene::AnswerLine| (line.account.result.at, line.account.role, line.late, line.holds);
    let since = at(20);
    assert_eq!(
        check.vantages[0].answers.iter().map(told).collect::<Vec<_>>(),
        [
            (at(10), AnswerRole::Good, false, false),
            (at(20), AnswerRole::RunBegins, false, false),
            (at(30), AnswerRole::Confirms { since }, false, true),
            (at(40), AnswerRole::StillDown { since }, true, false),
            (at(50), AnswerRole::EndsOutage { since }, false, false),
            (at(60), AnswerRole::Good, false, false),
        ]
    );
}

#[tokio::test]
async fn begin_and_end_of_a_long_outage_are_scenes_of_their_own() {
    let mut site = Site::outage().await;
    site.answer(100, 100, ProbeVerdict::Ok).await;
    for seconds in (110..=400).step_by(10) {
        site.answer(seconds, seconds, ProbeVerdict::Failed).await;
    }
    site.answer(410, 410, ProbeVerdict::Ok).await;
    let account = instant(site.explain(Asked::Instant(at(255))));
    let scenes: Vec<_> = account.scenes.iter().map(|scene| (scene.moment.code(), scene.at, scene.state)).collect();
    let expected = [("asked", at(255), State::Down), ("begin", at(110), State::Down), ("end", at(410), State::Up)];
    assert_eq!(scenes, expected);
}

#[tokio::test]
async fn time_before_and_after_all_answers_is_unknown_and_says_so() {
    let site = Site::outage().await;
    let before = instant(site.explain(Asked::Instant(at(-60))));
    assert_eq!((before.stretch.state, before.count.in_force), (State::Unknown, false));
    assert!(before.scenes[0].checks[0].vantages[0].silent_since.is_none());
    let after = instant(site.explain(Asked::Instant(at(95))));
    let vantage = &after.scenes[0].checks[0].vantages[0];
    assert_eq!((after.stretch.state, vantage.state), (State::Unknown, State::Unknown));
    assert_eq!(vantage.silent_since, Some(at(85)));
    assert_eq!(after.scenes[0].checks[0].decision.rule, QuorumRule::TooFewValid);
}

#[tokio::test]
async fn a_figure_opens_down_to_its_outages_and_can_be_calculated_again() {
    let site = Site::outage().await;
    let Explanation::Period(account) = site.explain(Asked::Period(Period::parse("2026-06").expect("valid"))) else {
        panic!("a period was asked for")
    };
    let counts = account.availability.figures.counts;
    assert_eq!((counts.up_s, counts.down_s, counts.unknown_s), (45, 30, 15));
    assert_eq!(account.outages.len(), 1);
    assert_eq!(account.outages[0].outage.counted_s, 30);
    assert_eq!(account.outages[0].tickets.len(), 1);
    let formulas = words::formulas(Texts::new(Language::Id, chrono_tz::Asia::Jakarta), &account.availability.figures);
    assert_eq!((formulas[0].numbers.as_str(), formulas[0].result.as_str()), ("45 ÷ (45 + 30)", "60,0000 %"));
    assert_eq!(formulas[1].result, "50,0000 %");
}

#[tokio::test]
async fn the_command_line_reads_as_agreed() {
    let site = Site::outage().await;
    insta::assert_snapshot!("instant-text", site.command("2026-06-14T10:00:35", Format::Text));
    insta::assert_snapshot!("period-text", site.command("2026-06-14", Format::Text));
    let json: serde_json::Value = serde_json::from_str(&site.command("now", Format::Json)).expect("JSON");
    assert_eq!((&json["explains"], &json["state"]), (&"instant".into(), &"unknown".into()));
    let refused = command(&site.store, &bangka_2025(), "simpeg", Some("kemarin"), Format::Text, at(0));
    assert!(refused.expect_err("no time").to_string().contains("2026-06-14T10:15"));
    let refused = command(&site.store, &bangka_2025(), "x", None, Format::Text, at(0)).expect_err("no service");
    assert!(refused.to_string().contains("known: simpeg"), "{refused}");
}

#[tokio::test]
async fn the_pages_read_as_agreed_and_lead_up_and_down() {
    use crate::outputs::web::explain::render;
    use crate::outputs::web::tests::{golden, page};
    let site = Site::outage().await;
    for language in [Language::Id, Language::En] {
        let page =
            || page(language, crate::outputs::web::Section::Overview, "explain-title", "/services/simpeg/explain");
        let instant = render(page(), &site.explain(Asked::Instant(at(35)))).expect("renders");
        let period = render(page(), &site.explain(Asked::Period(Period::parse("2026-06").expect("valid"))));
        let period = period.expect("renders");
        for html in [&instant, &period] {
            assert!(
                html.contains("href=\"/services/simpeg\"") && html.contains("href=\"/tickets/SPBE-GGN-2026-0001\"")
            );
            assert!(!html.contains(" style=") && !html.contains("<style"));
        }
        assert!(
            period.contains("/services/simpeg/explain?at=2026-06-14T03:00:20.999Z"),
            "an outage leads to its answers"
        );
        assert!(instant.contains("/services/simpeg/explain?period=2026-06-14"), "and back up to its day");
        if let Some(folder) = std::env::var_os("PANTAU_PAGES_DIR") {
            let folder = std::path::Path::new(&folder);
            for (name, html) in [("explain-instant", &instant), ("explain-period", &period)] {
                std::fs::write(folder.join(format!("{name}-{}.html", language.code())), html).expect("writes");
            }
        }
        if language == Language::Id {
            insta::assert_snapshot!("instant-page", golden(&instant));
            insta::assert_snapshot!("period-page", golden(&period));
        }
    }
}

#[test]
fn times_are_read_in_the_office_zone() {
    let zone = chrono_tz::Asia::Jakarta;
    let read = |text: &str| Asked::parse(text, zone, at(7));
    assert_eq!(read("2026-06-14T10:00"), Ok(Asked::Instant(at(0))));
    assert_eq!(read("2026-06-14 10:00:05"), Ok(Asked::Instant(at(5))));
    assert_eq!(read("2026-06-14T03:00:00Z"), Ok(Asked::Instant(at(0))));
    assert_eq!(read("sekarang"), Ok(Asked::Instant(at(7))));
    assert!(matches!(read("2026-06-14"), Ok(Asked::Period(_))));
    assert!(read("2026-06-14T25:00").is_err());
}

#[test]
fn every_code_has_its_sentence_in_both_languages() {
    let since = at(0);
    let roles = [
        AnswerRole::Good,
        AnswerRole::RunBegins,
        AnswerRole::RunGoesOn(2),
        AnswerRole::Confirms { since },
        AnswerRole::StillDown { since },
        AnswerRole::EndsOutage { since },
        AnswerRole::EndsBlip(1),
        AnswerRole::Unable,
    ];
    let rules = [
        QuorumRule::TooFewValid,
        QuorumRule::DecisiveDown,
        QuorumRule::MajorityDown,
        QuorumRule::Tie,
        QuorumRule::SomeWorse,
        QuorumRule::AllUp,
    ];
    let moments = [scene::Moment::Asked, scene::Moment::Begin, scene::Moment::End];
    let ids = roles.iter().map(|role| format!("explain-role-{}", role.code()));
    let ids = ids.chain(rules.iter().map(|rule| format!("explain-quorum-{}", rule.code())));
    let ids = ids.chain(moments.iter().map(|moment| format!("explain-moment-{}", moment.code())));
    for id in ids.map(|id| id.replace('_', "-")) {
        for language in [Language::Id, Language::En] {
            assert_ne!(Texts::new(language, chrono_tz::Asia::Jakarta).get(&id), id, "{id} is missing");
        }
    }
}
