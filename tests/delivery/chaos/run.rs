//! One run of the script: walks the time, carries batches and actions, and lets things go wrong.

use super::agents::Agent;
use super::child::{Birth, NAME, SAID, Seen};
use super::outcome::Outcome;
use super::script::{DAYS, Draw, HOSTS, PERIOD_S, START_S, Script};
use crate::desk::{Desk, serve};
use crate::faults::Faults;
use crate::glpi;
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pantau_shared::timestamp::Timestamp;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Step of the undisturbed run where nothing happens, and of the other.
const CALM_STEP_S: i64 = 3_600;
const STEP_S: i64 = 480;
/// A collector is down, and an agent cut off, for at most so long; together less than the script's lateness.
const DOWN_MAX_S: i64 = 3 * 60;
const CUT_MAX_S: i64 = 5 * 60;
/// The help desk is away.
const AWAY_S: std::ops::Range<i64> = 18_000..18_000 + 2 * 86_400;
/// Requests of the help desk that go wrong when it is back.
const FAULTS: u32 = 40;
/// Commands between two kills, about.
const KILL_EVERY: i64 = 60;
/// When people do what, in minutes since the onset, and since the restoration.
const ANSWERED_AFTER: i64 = 12;
const CAUSE_AFTER: i64 = 50;
const CONFIRMED_AFTER: i64 = 55;
const CLOSED_AFTER: i64 = 70;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing goes wrong.
    Calm,
    /// Everything does.
    Stormy,
}

/// What went wrong.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Troubles {
    pub(super) kills: u32,
    pub(super) agents_killed: u32,
    pub(super) cuts: u32,
    pub(super) copies: u32,
    pub(super) clock_jumps: u32,
    pub(super) refused_by_desk: u32,
}

struct Running {
    child: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

struct World {
    script: Script,
    draw: Draw,
    weather: Weather,
    desk: Desk,
    birth: Birth,
    running: Option<Running>,
    /// Seconds of the script until which the collector stays down.
    down_until: i64,
    second: i64,
    agents: Vec<Agent>,
    troubles: Troubles,
}

/// Plays a seed to its end.
pub(super) async fn play(seed: u64, weather: Weather) -> Result<(Outcome, Troubles)> {
    // A kill loses nothing that the kernel has: a disk would only make it slower.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let desk = Desk::new(Faults::new(seed, 0));
    let birth =
        Birth { folder: folder.path().to_owned(), at: START_S * 1000, desk: serve(glpi::router(desk.clone())).await };
    let agents = HOSTS.iter().enumerate().map(|(place, host)| Agent::new(place, host)).collect::<Result<_>>()?;
    let mut world = World {
        script: Script::new(seed),
        draw: Draw::new(seed, 2),
        weather,
        desk,
        birth,
        running: None,
        down_until: 0,
        second: 0,
        agents,
        troubles: Troubles::default(),
    };
    while world.second < DAYS * 86_400 {
        world.walk(seed).await?;
    }
    world.weather = Weather::Calm;
    world.walk(seed).await?;
    let said = world.ask("end", "").await?.context("the end was not told")?;
    let outcome: Outcome = serde_json::from_str(said.strip_prefix("end ").context("no end")?)?;
    Ok((outcome.with_desk(&world.desk)?, world.troubles))
}

impl World {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(START_S + self.second)
    }

    fn is_stormy(&self) -> bool {
        self.weather == Weather::Stormy
    }

    /// One step: agents observe, send, the collector judges and tells, people act.
    async fn walk(&mut self, seed: u64) -> Result<()> {
        let calm = if self.is_stormy() { STEP_S } else { CALM_STEP_S };
        let mut to = self.second + PERIOD_S;
        while to < (self.second / calm + 1) * calm && !self.script.is_busy(to) && !self.script.is_busy(self.second) {
            to += PERIOD_S;
        }
        for at in (self.second + 1..=to).filter(|at| at % PERIOD_S == 0) {
            self.agents.iter_mut().for_each(|agent| agent.observe(&self.script, at));
        }
        self.second = to;
        if self.is_stormy() {
            self.trouble(seed);
        }
        if self.down_until > self.second {
            return Ok(());
        }
        for place in 0..self.agents.len() {
            self.send(place).await?;
        }
        self.people().await
    }

    fn trouble(&mut self, seed: u64) {
        for agent in &mut self.agents {
            if self.draw.once_in(25) && agent.cut_until <= self.second {
                agent.cut_until = self.second + self.draw.below(CUT_MAX_S);
                self.troubles.cuts += 1;
            }
            if self.draw.once_in(40) {
                agent.is_killed(&mut self.draw);
                self.troubles.agents_killed += 1;
            }
            if self.draw.once_in(80) {
                agent.clock_off_ms = (self.draw.below(3) - 1) * 3_600_000;
                self.troubles.clock_jumps += 1;
            }
        }
        let away = AWAY_S.contains(&self.second);
        if self.desk.is_away() && !away {
            self.desk.has_a_bad_day(Faults::new(seed, FAULTS));
        }
        self.desk.goes_away(away);
        self.troubles.refused_by_desk = self.desk.refused();
    }

    /// An agent sends all it has, and something on the way an old copy.
    async fn send(&mut self, place: usize) -> Result<()> {
        while self.agents[place].has_news() && self.agents[place].cut_until <= self.second {
            let now = self.now();
            let sealed = STANDARD.encode(self.agents[place].batch(now));
            let Some(said) = self.ask("take", &sealed).await? else { return Ok(()) };
            let seq = said.strip_prefix("ack ").context("no acknowledgement")?.parse()?;
            self.agents[place].acknowledged(seq);
        }
        let copies = i64::try_from(self.agents[place].copies.len())?;
        if self.is_stormy() && copies > 0 && self.draw.once_in(12) {
            let chosen = usize::try_from(self.draw.below(copies))?;
            let sealed = STANDARD.encode(&self.agents[place].copies[chosen]);
            self.troubles.copies += 1;
            self.ask("take", &sealed).await?;
        }
        Ok(())
    }

    /// The collector evaluates and delivers; people look at what there is and do what is due.
    async fn people(&mut self) -> Result<()> {
        let Some(said) = self.ask("step", "").await? else { return Ok(()) };
        let tickets: Vec<Seen> = serde_json::from_str(said.strip_prefix("step ").context("no step")?)?;
        let now = self.now().as_ms();
        for ticket in tickets {
            let after = |at: Option<i64>, minutes: i64| at.is_some_and(|at| now >= at + minutes * 60_000);
            let what = match ticket.state.as_str() {
                "baru" | "dieskalasi" if !ticket.responded && after(Some(ticket.onset), ANSWERED_AFTER) => {
                    "acknowledge"
                }
                "pulih" if !ticket.responded => "acknowledge",
                "pulih" if !ticket.has_cause && after(ticket.restored, CAUSE_AFTER) => "cause",
                "pulih" if ticket.has_cause && after(ticket.restored, CONFIRMED_AFTER) => "confirm",
                "selesai_terkonfirmasi" if after(ticket.restored, CLOSED_AFTER) => "close",
                _ => continue,
            };
            if self.ask("act", &format!("{} {what}", ticket.number)).await?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A command and what is said to it; none: the collector was killed over it, or is down.
    async fn ask(&mut self, word: &str, rest: &str) -> Result<Option<String>> {
        if self.down_until > self.second {
            return Ok(None);
        }
        let kills = self.is_stormy() && self.draw.once_in(KILL_EVERY);
        let scale = self.draw.below(6);
        let pause = Duration::from_micros(self.draw.below(200 << scale).unsigned_abs());
        let down = self.draw.below(DOWN_MAX_S);
        let line = format!("{word} {}{}{rest}\n", self.now().as_ms(), if rest.is_empty() { "" } else { " " });
        let running = self.running().await?;
        running.orders.write_all(line.as_bytes()).await?;
        if kills {
            tokio::time::sleep(pause).await;
            running.child.start_kill()?;
            running.child.wait().await?;
            self.running = None;
            self.troubles.kills += 1;
            self.down_until = self.second + down;
            return Ok(None);
        }
        running.hear().await.map(Some).with_context(|| format!("to {word} at {}", self.now()))
    }

    async fn running(&mut self) -> Result<&mut Running> {
        if self.running.is_none() {
            self.birth.at = self.now().as_ms();
            self.running = Some(Running::born(&self.birth).await?);
        }
        self.running.as_mut().context("just born")
    }
}

impl Running {
    async fn born(birth: &Birth) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .envs(birth.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("piped")?;
        let said = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut running = Self { child, orders, said };
        let ready = running.hear().await?;
        if ready != "ready" {
            bail!("not ready: {ready}");
        }
        Ok(running)
    }

    async fn hear(&mut self) -> Result<String> {
        let mut heard = Vec::new();
        while let Some(line) = self.said.next_line().await? {
            if let Some(said) = line.strip_prefix(SAID) {
                return Ok(said.to_owned());
            }
            heard.push(line);
        }
        bail!("the collector ended by itself: {heard:#?}")
    }
}
