//! Exactly once, whatever the help desk does and whenever the collector is killed.

use crate::desk::{Desk, Theirs, serve};
use crate::faults::Faults;
use crate::world::World;
use crate::{glpi, osticket, telegram, zammad};
use anyhow::{Result, ensure};
use pantau_collector::config::receivers::{
    GlpiSettings, OsticketSettings, Receiver, ReceiverKind, TelegramSettings, ZammadSettings,
};
use pantau_collector::domain::ticket::TicketNumber;
use pantau_collector::outputs::receivers::reconcile::Disagreement;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Bad days per help desk; `PANTAU_SEEDS` asks for more.
const SEEDS: u64 = 12;
/// Requests of a bad day.
const FAULTS: u32 = 60;

pub(crate) fn seeds() -> u64 {
    std::env::var("PANTAU_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

/// A file with a secret, which outlives the test's start.
fn secret(folder: &tempfile::TempDir, text: &str) -> Result<PathBuf> {
    let path = folder.path().join("rahasia");
    std::fs::write(&path, text)?;
    Ok(path)
}

pub(crate) async fn glpi_at(folder: &tempfile::TempDir, desk: Desk) -> Result<Receiver> {
    let url = format!("{}/apirest.php", serve(glpi::router(desk)).await);
    let user_token_file = secret(folder, glpi::USER_TOKEN)?;
    let kind = ReceiverKind::Glpi(GlpiSettings { url, app_token_file: None, user_token_file, poll_s: 300 });
    Ok(Receiver { name: "meja".into(), kind })
}

pub(crate) async fn zammad_at(folder: &tempfile::TempDir, desk: Desk) -> Result<Receiver> {
    let kind = ReceiverKind::Zammad(ZammadSettings {
        url: serve(zammad::router(desk)).await,
        token_file: secret(folder, zammad::TOKEN)?,
        group: "Users".into(),
        customer: "pantau@bangka.go.id".into(),
        poll_s: 300,
    });
    Ok(Receiver { name: "meja".into(), kind })
}

/// One ticket there for each of ours, closed, every entry once and in order; nothing else was made.
fn check(world: &World, desk: &Desk, numbers: &[TicketNumber], closed: &str) -> Result<()> {
    let all = desk.tickets();
    for number in numbers {
        let tag = format!("[{number}]");
        let ours: Vec<&Theirs> = all.iter().filter(|ticket| ticket.title.starts_with(&tag)).collect();
        ensure!(ours.len() == 1, "{number} is there {} times: {all:#?}", ours.len());
        ensure!(ours[0].state == closed, "{number} did not hear its end: {:#?}", ours[0]);
        // The first entry is the ticket's own content; then confirmed and closed, in this order.
        let entries = &ours[0].entries;
        let told: Vec<&String> = entries.iter().skip(1).collect();
        let unique: BTreeSet<&&String> = told.iter().collect();
        ensure!(unique.len() == told.len(), "{number} was told something twice: {entries:#?}");
        let order = told.iter().filter_map(|entry| entry.split(&format!("[{number} #")).nth(1)?.split(']').next());
        let versions: Vec<u32> = order.filter_map(|version| version.parse().ok()).collect();
        ensure!(versions.is_sorted(), "{number} was told out of order: {versions:?}");
        ensure!(entries.last().is_some_and(|last| last.contains("ditutup")), "{entries:#?}");
        let links = world.store.read(|reader| reader.external_tickets(*number))?;
        ensure!(links.len() == 1 && links[0].at.reference.ends_with(&ours[0].id.to_string()), "{links:?}");
    }
    // What a bad day did late was done before the next try, so the look-up must have found it: no double was ever made.
    ensure!(all.len() == numbers.len(), "a ticket was created twice: {all:#?}");
    Ok(())
}

async fn bad_day(seed: u64, receiver: Receiver, desk: &Desk, closed: &str) -> Result<()> {
    let mut cuts = Faults::new(seed.wrapping_add(77), 0);
    let mut cut = move || 1 + cuts.below(40);
    let world = World::new(receiver)?;
    let numbers = world.open_all().await?;
    // Some end while their opening still waits.
    world.end(numbers[0]).await?;
    world.deliver_all(&mut cut).await?;
    for number in &numbers[1..] {
        world.end(*number).await?;
    }
    world.deliver_all(&mut cut).await?;
    check(&world, desk, &numbers, closed)
}

#[tokio::test]
async fn glpi_has_each_ticket_once_and_hears_its_end() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, FAULTS)));
        let receiver = glpi_at(&folder, desk.clone()).await?;
        bad_day(seed, receiver, &desk, "6").await.map_err(|error| error.context(format!("seed {seed}")))?;
    }
    Ok(())
}

#[tokio::test]
async fn zammad_has_each_ticket_once_and_hears_its_end() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, FAULTS)));
        let receiver = zammad_at(&folder, desk.clone()).await?;
        bad_day(seed, receiver, &desk, "closed").await.map_err(|error| error.context(format!("seed {seed}")))?;
    }
    Ok(())
}

/// What people did at the help desk: closed one that is open here, opened one that is closed here, removed one.
async fn compared(world: World, desk: &Desk, open: &str, closed: &str) -> Result<()> {
    let numbers = world.open_all().await?;
    world.end(numbers[0]).await?;
    world.deliver_all(|| 60_000).await?;
    ensure!(world.compare().await?.differences.is_empty(), "both sides agree");
    let id = |place: usize| desk.search(&format!("[{}]", numbers[place])).first().map_or(0, |ticket| ticket.id);
    desk.change(id(0), |ticket| open.clone_into(&mut ticket.state));
    desk.change(id(1), |ticket| closed.clone_into(&mut ticket.state));
    desk.remove(id(2));
    let found = world.compare().await?;
    let mut named: Vec<_> = found.differences.iter().map(|one| (one.ticket, one.what)).collect();
    named.sort_by_key(|(ticket, _)| *ticket);
    let whats = [Disagreement::OpenThere, Disagreement::OpenHere, Disagreement::GoneThere];
    let expected: Vec<_> = numbers.iter().copied().zip(whats).collect();
    ensure!(named == expected && found.compared == 3, "{found:#?}");
    Ok(())
}

#[tokio::test]
async fn what_people_change_at_a_help_desk_is_named() -> Result<()> {
    let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(1, 0)));
    let receiver = glpi_at(&folder, desk.clone()).await?;
    compared(World::new(receiver)?, &desk, "2", "6").await?;
    let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(1, 0)));
    let receiver = zammad_at(&folder, desk.clone()).await?;
    compared(World::new(receiver)?, &desk, "open", "closed").await
}

#[tokio::test]
async fn telegram_gets_a_thread_per_ticket_and_is_given_the_patience_it_asks_for() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, FAULTS)));
        let kind = ReceiverKind::Telegram(TelegramSettings {
            url: serve(telegram::router(desk.clone())).await,
            token_file: secret(&folder, telegram::TOKEN)?,
            chat: "-100".into(),
        });
        let world = World::new(Receiver { name: "grup".into(), kind })?;
        let numbers = world.open_all().await?;
        for number in &numbers {
            world.end(*number).await?;
        }
        world.deliver_all(|| 40).await?;
        for number in numbers {
            let sent = desk.search(&number.to_string());
            // At least once: an answer that is lost costs a repetition, never an event.
            for word in ["dibuka", "dikonfirmasi", "ditutup"] {
                ensure!(sent.iter().any(|message| message.title.contains(word)), "{number}: no {word}: {sent:#?}");
            }
            let last = sent.last().map(|message| message.state.clone()).unwrap_or_default();
            ensure!(
                sent.iter().any(|message| message.id.to_string() == last),
                "the last replies to the first: {sent:#?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn osticket_is_never_asked_twice_and_a_person_closes_there() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, FAULTS)));
        let kind = ReceiverKind::Osticket(OsticketSettings {
            url: serve(osticket::router(desk.clone())).await,
            key_file: secret(&folder, osticket::KEY)?,
            email: "pantau@bangka.go.id".into(),
        });
        let world = World::new(Receiver { name: "os".into(), kind })?;
        let numbers = world.open_all().await?;
        // No kill here: osTicket cannot be asked what a killed collector had sent.
        world.deliver_all(|| 60_000).await?;
        for number in &numbers {
            ensure!(
                desk.search(&format!("[{number}]")).len() <= 1,
                "seed {seed}: {number} twice: {:#?}",
                desk.tickets()
            );
            world.end(*number).await?;
        }
        world.deliver_all(|| 60_000).await?;
        for number in &numbers {
            let links = world.store.read(|reader| reader.external_tickets(*number))?;
            let refused = world.store.read(|reader| reader.outbox_refused(99))?;
            let asked = refused.iter().any(|row| row.message.ticket == *number);
            ensure!(asked, "seed {seed}: nobody is asked to close {number}; linked: {links:?}");
        }
    }
    Ok(())
}
