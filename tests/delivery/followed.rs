//! What people change in our tickets at a help desk is seen here once, whatever the help desk does meanwhile; what we
//! change there is not.

use crate::desk::{Desk, Theirs};
use crate::faults::Faults;
use crate::once::{glpi_at, seeds, zammad_at};
use crate::world::World;
use anyhow::{Result, ensure};
use pantau_collector::domain::profile::Priority;
use pantau_collector::domain::ticket::{TicketAction, TicketNumber, TicketState};
use pantau_collector::outputs::receivers::follow::Cursor;

/// Requests of a bad day.
const FAULTS: u32 = 15;

/// The words of a help desk for what a person can do there.
#[derive(Debug, Clone, Copy)]
struct Words {
    in_progress: &'static str,
    pending: &'static str,
    closed: &'static str,
    urgent: &'static str,
    entry: &'static str,
}

const GLPI: Words = Words { in_progress: "2", pending: "4", closed: "6", urgent: "5", entry: "ITILFollowup" };
const ZAMMAD: Words =
    Words { in_progress: "open", pending: "pending reminder", closed: "closed", urgent: "1 low", entry: "note" };

fn id_of(desk: &Desk, number: TicketNumber) -> u64 {
    desk.search(&format!("[{number}]")).first().map_or(0, |ticket| ticket.id)
}

/// A day on which people work at the help desk and not here.
async fn worked_there(world: &World, desk: &Desk, words: Words, bad_day: impl Fn() -> Faults) -> Result<()> {
    let numbers = world.open_all().await?;
    world.deliver_all(|| 60_000).await?;
    let (first, mut cursor) = (numbers[0], Cursor::default());
    let look = async |cursor: &mut Cursor| {
        desk.has_a_bad_day(bad_day());
        let heard = world.follow(cursor).await;
        desk.has_a_bad_day(Faults::new(1, 0));
        heard
    };
    ensure!(look(&mut cursor).await?.facts == 0, "what we made is ours: {:#?}", world.elsewhere(first)?);
    let person = |by: &str, change: &dyn Fn(&mut Theirs, i64)| desk.act(id_of(desk, first), by, |t, at| change(t, at));
    person("Rina", &|ticket, _| {
        words.in_progress.clone_into(&mut ticket.state);
        ticket.assignee = Some("Budi".into());
    });
    look(&mut cursor).await?;
    // The answers are the same at the next look, and after a start that remembers nothing.
    ensure!(look(&mut cursor).await?.facts == 0 && look(&mut Cursor::default()).await?.facts == 0);
    person("Budi", &|ticket, at| ticket.enter(words.entry, "Budi", "nomor rumah pelapor: …", at));
    person("Budi", &|ticket, _| {
        words.pending.clone_into(&mut ticket.state);
        words.urgent.clone_into(&mut ticket.priority);
    });
    look(&mut cursor).await?;
    person("Budi", &|ticket, _| words.closed.clone_into(&mut ticket.state));
    look(&mut cursor).await?;
    let told = world.elsewhere(first)?;
    let expected = [
        "mulai ditangani, diubah oleh Rina pada",
        "ditugaskan kepada Budi oleh Rina",
        "ditunda oleh Budi pada",
        "prioritas di sana diubah dari",
        "entri baru dari Budi",
        "ditutup oleh Budi pada",
    ];
    ensure!(told.len() == expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        ensure!(told.starts_with("Di meja: ") && told.contains(expected), "{expected}: {told}");
        ensure!(!told.contains("rumah"), "an entry's text stays there: {told}");
    }
    let ticket = world.store.read(|reader| reader.ticket(first))?;
    let state = ticket.map(|ticket| (ticket.state, ticket.first_response_at));
    ensure!(state == Some((TicketState::Baru, None)), "closing there ends nothing here: {state:?}");
    for other in &numbers[1..] {
        ensure!(world.elsewhere(*other)?.is_empty(), "nobody touched {other}");
    }
    Ok(())
}

#[tokio::test]
async fn what_people_change_in_glpi_is_noted_once() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, 0)));
        let receiver = glpi_at(&folder, desk.clone()).await?;
        let day = worked_there(&World::new(receiver)?, &desk, GLPI, || Faults::new(seed, FAULTS)).await;
        day.map_err(|error| error.context(format!("seed {seed}")))?;
    }
    Ok(())
}

#[tokio::test]
async fn what_people_change_in_zammad_is_noted_once() -> Result<()> {
    for seed in 0..seeds() {
        let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(seed, 0)));
        let receiver = zammad_at(&folder, desk.clone()).await?;
        let day = worked_there(&World::new(receiver)?, &desk, ZAMMAD, || Faults::new(seed, FAULTS)).await;
        day.map_err(|error| error.context(format!("seed {seed}")))?;
    }
    Ok(())
}

/// Everything that we do there, looked at after every step: none of it is told as theirs.
async fn worked_here(world: &World, desk: &Desk) -> Result<()> {
    let (numbers, mut cursor) = (world.open_all().await?, Cursor::default());
    let number = numbers[0];
    let urgent = Priority::new(6).ok_or_else(|| anyhow::anyhow!("1 to 6"))?;
    for action in [
        TicketAction::Prioritise { priority: urgent, reason: "bukan layanan inti".into() },
        TicketAction::Acknowledge,
        TicketAction::Confirm { method: "telepon".into() },
        TicketAction::Cause { text: "Disk penuh".into(), category: None },
        TicketAction::Close,
    ] {
        world.act(number, action).await?;
        world.deliver_all(|| 60_000).await?;
        world.follow(&mut cursor).await?;
        world.follow(&mut Cursor::default()).await?;
    }
    ensure!(world.elsewhere(number)?.is_empty(), "an echo: {:#?}", world.elsewhere(number)?);
    // Somebody opens it again there after it was closed here: it is told, here nothing moves.
    desk.act(id_of(desk, number), "Rina", |ticket, _| {
        if ticket.state == GLPI.closed { GLPI.in_progress } else { ZAMMAD.in_progress }.clone_into(&mut ticket.state);
    });
    world.follow(&mut cursor).await?;
    let told = world.elsewhere(number)?;
    ensure!(told.len() == 1 && told[0].contains("dibuka kembali oleh Rina"), "{told:#?}");
    let state = world.store.read(|reader| reader.ticket(number))?.map(|ticket| ticket.state);
    ensure!(state == Some(TicketState::Ditutup), "{state:?}");
    Ok(())
}

#[tokio::test]
async fn our_own_changes_do_not_come_back() -> Result<()> {
    let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(1, 0)));
    let world = World::new(glpi_at(&folder, desk.clone()).await?)?;
    worked_here(&world, &desk).await?;
    let ticket = desk.tickets().into_iter().next();
    ensure!(ticket.is_some_and(|ticket| ticket.priority == "1"), "GLPI heard of the new priority");
    let (folder, desk) = (tempfile::tempdir()?, Desk::new(Faults::new(1, 0)));
    let world = World::new(zammad_at(&folder, desk.clone()).await?)?;
    worked_here(&world, &desk).await?;
    let ticket = desk.tickets().into_iter().next();
    ensure!(ticket.is_some_and(|ticket| ticket.priority == "1 low"), "Zammad heard of the new priority");
    Ok(())
}
