//! What a help desk tells of a ticket, and what nobody's answer does, over a real store.

use super::*;
use crate::domain::ticket::elsewhere::{Deed, Ours, Stage, Standing};
use crate::domain::ticket::{Actor, TicketNumber};
use crate::engine::{HeardElsewhere, SeenElsewhere};
use crate::store::records::DeliveryResult;

impl Site {
    /// An engine under a further line of `[tickets]`.
    fn engine_with(&self, line: &str) -> (Engine, EngineTask) {
        let text = CATALOGUE.replace("[tickets]\n", &format!("[tickets]\n{line}\n"));
        let catalogue = crate::config::catalogue::parse("k", &text, 1, &bangka_2025()).expect("valid");
        Engine::start(EngineOptions { catalogue: Arc::new(catalogue), ..self.options() }).expect("starts")
    }

    /// Everything that waits is taken; a moment later.
    async fn taken(&self) {
        let now = self.clock.now();
        let waiting = self.store.read(|r| r.outbox_due("meja", now, 100)).expect("reads");
        for due in waiting {
            let result = DeliveryResult::Delivered { reference: None };
            self.store.write(move |w| w.save_outbox_result(due.row.id, &result, now)).await.expect("saves");
        }
        self.clock.advance_ms(1_000);
    }

    fn log(&self, number: TicketNumber) -> Vec<(String, String)> {
        let entries = self.store.read(|r| r.activities(number)).expect("reads");
        let who = |actor| match actor {
            Actor::System => "-".to_owned(),
            Actor::Person(name) => name,
        };
        entries.into_iter().map(|entry| (entry.kind, who(entry.actor))).collect()
    }

    /// Down at 10, so that a ticket is open at 20.
    async fn goes_down(&mut self, task: &mut EngineTask) -> TicketNumber {
        for seconds in [10, 20] {
            self.answer(seconds, ProbeVerdict::Failed).await;
            task.evaluate().await.expect("evaluates");
        }
        TicketNumber { year: 2026, number: 1 }
    }

    /// Up from 30 on, so that it is restored at 50.
    async fn comes_up(&mut self, task: &mut EngineTask) {
        for seconds in [30, 40, 50] {
            self.answer(seconds, ProbeVerdict::Ok).await;
            task.evaluate().await.expect("evaluates");
        }
    }

    fn ticket(&self) -> crate::domain::ticket::Ticket {
        let number = TicketNumber { year: 2026, number: 1 };
        self.store.read(|r| r.ticket(number)).expect("reads").expect("there")
    }
}

fn solved(number: TicketNumber, by: Option<&str>) -> Vec<SeenElsewhere> {
    let deed = Deed { by: by.map(str::to_owned), at: at(22) };
    let seen = Standing {
        stage: Stage::Solved,
        assignee: None,
        priority: None,
        changed: Some(deed),
        by_us: false,
        entry: None,
        solution: None,
    };
    let ours = Ours { stage: (at(20), Stage::New), priority: (at(20), None) };
    vec![SeenElsewhere { ticket: number, ours, seen }]
}

#[tokio::test]
async fn a_solution_there_is_a_fact_and_ends_nothing_here() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine();
    let number = site.goes_down(&mut task).await;
    let now = site.clock.now();
    let heard = task.hear("meja".into(), solved(number, Some("Rina")), now).await.expect("hears");
    assert_eq!(heard, HeardElsewhere { busy: 1, ..HeardElsewhere::default() }, "the opening is on its way");
    assert!(site.store.read(|r| r.elsewhere(number)).expect("reads").is_empty());
    site.taken().await;
    let messages = site.events().len();
    for facts in [1, 0] {
        let now = site.clock.now();
        let heard = task.hear("meja".into(), solved(number, Some("Rina")), now).await.expect("hears");
        assert_eq!((heard.facts, heard.busy, heard.confirmed), (facts, 0, 0));
    }
    assert_eq!(site.events().len(), messages, "nobody is sent what was done elsewhere");
    assert_eq!((site.ticket().state, site.ticket().first_response_at), (TicketState::Baru, None));
    assert_eq!(engine.snapshot().services[0].state, State::Down);
    site.comes_up(&mut task).await;
    site.taken().await;
    let heard = task.hear("meja".into(), Vec::new(), site.clock.now()).await.expect("hears");
    assert_eq!((heard.confirmed, site.ticket().state), (0, TicketState::Pulih), "offered, not taken");
    let known = site.store.read(|r| r.elsewhere(number)).expect("reads");
    let offered =
        crate::domain::ticket::elsewhere::confirmation(&site.ticket(), &known[0].1).map(|(by, at)| (by.to_owned(), at));
    assert_eq!(offered, Some(("Rina".to_owned(), at(22))));
    let kinds: Vec<String> = site.log(number).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["opened", "elsewhere", "restored"]);
}

#[tokio::test]
async fn switched_on_a_named_persons_solution_there_confirms_what_is_restored_here() {
    for (by, confirmed) in [(Some("Rina"), 1), (None, 0)] {
        let mut site = Site::new().await;
        let (_, mut task) = site.engine_with("konfirmasi_dari_helpdesk = true");
        let number = site.goes_down(&mut task).await;
        site.taken().await;
        let heard = task.hear("meja".into(), solved(number, by), site.clock.now()).await.expect("hears");
        assert_eq!((heard.facts, heard.confirmed), (1, 0), "it is down still");
        site.comes_up(&mut task).await;
        site.taken().await;
        let heard = task.hear("meja".into(), Vec::new(), site.clock.now()).await.expect("hears");
        assert_eq!(heard.confirmed, confirmed);
        let again = task.hear("meja".into(), Vec::new(), site.clock.now()).await.expect("hears");
        assert_eq!(again.confirmed, 0, "once");
        let ticket = site.ticket();
        let expected = (confirmed == 1).then(|| "Rina (meja)".to_owned());
        assert_eq!(ticket.confirmed_by, expected);
        assert_eq!(ticket.confirmation_method.as_deref(), expected.as_ref().map(|_| "aplikasi"));
    }
}

#[tokio::test]
async fn without_an_answer_a_ticket_is_confirmed_by_nobody_at_the_second_and_says_so() {
    let mut site = Site::new().await;
    let (engine, mut task) = site.engine_with("konfirmasi_otomatis_setelah = \"1h\"");
    let number = site.goes_down(&mut task).await;
    site.comes_up(&mut task).await;
    // Restored at 30.
    site.clock.advance_ms(at(30 + 3_599).ms_since(site.clock.now()));
    task.evaluate().await.expect("evaluates");
    assert_eq!(site.ticket().state, TicketState::Pulih);
    site.clock.advance_ms(1_000);
    task.evaluate().await.expect("evaluates");
    let ticket = site.ticket();
    assert_eq!(
        (ticket.state, ticket.confirmed_at, ticket.confirmed_by),
        (TicketState::SelesaiTerkonfirmasi, Some(at(3_630)), None)
    );
    assert!(!engine.snapshot().tickets.iter().any(|ticket| ticket.number == number));
    assert_eq!(site.log(number).last(), Some(&("lapsed".to_owned(), "-".to_owned())));
    assert_eq!(site.events().iter().filter(|(event, _)| event == "lapsed").count(), 1);
}
