//! What the agent costs the server that it watches, with everything on, beside node_exporter and collectd in the same run.
//!
//! `cargo build --release -p pantau-agent -p pantau-collector && cargo run --release -p pantau-tests --bin agent_cost`
//!
//! The agent samples every 10 s and sends to a collector of the bench's own over TLS, through its spool; asks ten http
//! checks every 30 s, which the collector assigns and judges; its `/metrics` is scraped every 15 s. node_exporter, as Debian ships it, is scraped every 15 s;
//! collectd reads the same kinds of things every 10 s and sends them to a port of loopback. Whatever is not installed is
//! left out. After a time to settle, all are measured over the same stretch: processor time from the scheduler, in
//! nanoseconds, for each 10 s; proportional memory at the end, and how much of it was looked at in the last [`LOOKED_S`] seconds; how often a thread was woken; threads; for the agent the
//! bytes of its connection to the collector, where `ss` tells them. Prints a table, the agent's memory by parts
//! (`agent/FOOTPRINT.md` says what they are) and one line of JSON.

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use clap::Parser;
use pantau_tests::fleet::clock::Stopwatch;
use pantau_tests::fleet::collector::{Collector, Office};
use pantau_tests::fleet::footprint::{Parts, forget_looks, read_parts, sum};
use pantau_tests::fleet::process::{read_cpu_ns, read_pss_bytes, read_wakeups};
use pantau_tests::fleet::program::{Program, eventually};
use pantau_tests::free_port;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinHandle;

/// One cycle of sampling, in seconds.
const CYCLE_S: f64 = 10.0;

/// From one scrape to the next.
const SCRAPE_PERIOD: Duration = Duration::from_secs(15);

/// Pages that nobody looked at for so long could be taken back by the kernel; four scrapes and six samples.
const LOOKED_S: u64 = 60;

/// The host that the bench's catalogue lets ask its checks.
const HOST: &str = "fleet-00000";

/// Measures what the agent costs with everything on, beside node_exporter and collectd.
#[derive(Debug, Parser)]
struct Options {
    /// Seconds measured
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// Minutes measured, instead of seconds
    #[arg(long, conflicts_with = "seconds")]
    minutes: Option<u64>,
    /// Seconds to settle before
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// HTTP checks, each every 30 s
    #[arg(long, default_value_t = 10)]
    checks: usize,
    /// Folder of pantau-agent and pantau-collector; without it that of this program
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

/// One line of the table.
#[derive(Debug, serde::Serialize)]
struct Figures {
    name: &'static str,
    cpu_us_per_cycle: f64,
    pss_kb: u64,
    looked_at_kb: u64,
    wakeups_per_second: f64,
    threads: u64,
    sent_bytes_per_cycle: Option<f64>,
    memory: Parts,
}

/// A program under measurement.
struct Guest {
    name: &'static str,
    program: Program,
    /// Scrapes it, where somebody does.
    scraper: Option<JoinHandle<()>>,
    /// Where it sends, for counting bytes.
    sends_to: Option<u16>,
}

#[derive(Clone, Copy)]
struct Reading {
    cpu_ns: u64,
    wakeups: u64,
    sent: Option<u64>,
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<()> {
    let options = Options::parse();
    // The client that scrapes is built without a provider of its own; a second installation is refused and means nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let all = runtime.block_on(measure(&options))?;
    println!(
        "{:<14} {:>13} {:>9} {:>13} {:>10} {:>8} {:>12}",
        "", "CPU µs/cycle", "Pss KB", "looked at KB", "wakes/s", "threads", "bytes/cycle"
    );
    for figures in &all {
        let sent = figures.sent_bytes_per_cycle.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}"));
        println!(
            "{:<14} {:>13.0} {:>9} {:>13} {:>10.2} {:>8} {:>12}",
            figures.name,
            figures.cpu_us_per_cycle,
            figures.pss_kb,
            figures.looked_at_kb,
            figures.wakeups_per_second,
            figures.threads,
            sent
        );
    }
    println!("\n{:<34} {:>7} {:>11} {:>13}", "pantau-agent, by parts", "Pss KB", "written KB", "looked at KB");
    for (name, part) in all.iter().take(1).flat_map(|figures| &figures.memory) {
        println!("{name:<34} {:>7} {:>11} {:>13}", part.pss_kb, part.dirty_kb, part.used_kb);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

async fn measure(options: &Options) -> Result<Vec<Figures>> {
    let own = std::env::current_exe().context("find this program's own path")?;
    let folder =
        options.programs.clone().or_else(|| own.parent().map(Path::to_owned)).context("a folder of programs")?;
    let binary = folder.join("pantau-collector");
    ensure!(binary.is_file(), "{} is not built", binary.display());
    let (service, service_port) = serve_pages().await?;
    let url = format!("http://127.0.0.1:{service_port}/");
    let (services, asks) = (options.checks, Some(url.as_str()));
    let office = Office { binary: &binary, tls: true, hosts: 1, services, interval_ms: 10_000, asks };
    let collector = Collector::start(office).await?;
    let files = tempfile::tempdir()?;
    let mut guests = vec![start_agent(&folder, files.path(), &collector).await?];
    guests.extend(start_node_exporter(files.path())?);
    guests.extend(start_collectd(files.path())?);
    tokio::time::sleep(Duration::from_secs(options.settle)).await;
    let watch = Stopwatch::start();
    let before = guests.iter().map(read).collect::<Result<Vec<Reading>>>()?;
    let measured_s = options.minutes.map_or(options.seconds, |minutes| minutes * 60);
    tokio::time::sleep(Duration::from_secs(measured_s.saturating_sub(LOOKED_S))).await;
    for guest in &guests {
        forget_looks(guest.program.pid()?)?;
    }
    tokio::time::sleep(Duration::from_secs(measured_s.min(LOOKED_S))).await;
    let seconds = watch.elapsed().as_secs_f64();
    let mut all = Vec::new();
    for (guest, before) in guests.iter().zip(before) {
        all.push(figures(guest, before, seconds)?);
    }
    for guest in guests {
        if let Some(scraper) = guest.scraper {
            scraper.abort();
        }
        guest.program.stop().await.or_else(|error| if guest.name == "pantau-agent" { Err(error) } else { Ok(()) })?;
    }
    service.abort();
    collector.finish().await?;
    Ok(all)
}

fn read(guest: &Guest) -> Result<Reading> {
    let pid = guest.program.pid()?;
    let sent = guest.sends_to.and_then(|port| sent_bytes(pid, port));
    Ok(Reading { cpu_ns: read_cpu_ns(pid)?, wakeups: read_wakeups(pid)?.0, sent })
}

fn figures(guest: &Guest, before: Reading, seconds: f64) -> Result<Figures> {
    let (after, pid) = (read(guest)?, guest.program.pid()?);
    let cycles = seconds / CYCLE_S;
    let memory = read_parts(pid)?;
    let sent = after.sent.zip(before.sent).and_then(|(after, before)| after.checked_sub(before));
    Ok(Figures {
        name: guest.name,
        cpu_us_per_cycle: after.cpu_ns.saturating_sub(before.cpu_ns) as f64 / 1000.0 / cycles,
        pss_kb: read_pss_bytes(pid)? / 1024,
        looked_at_kb: sum(&memory).used_kb,
        wakeups_per_second: after.wakeups.saturating_sub(before.wakeups) as f64 / seconds,
        threads: read_wakeups(pid)?.1,
        sent_bytes_per_cycle: sent.map(|bytes| bytes as f64 / cycles),
        memory,
    })
}

/// Bytes that a process has sent on its connections to a port, as `ss` tells them; a connection that was made anew
/// counts from nothing.
fn sent_bytes(pid: u32, port: u16) -> Option<u64> {
    let mut child = std::process::Command::new("ss")
        .args(["-Htinp", "state", "established", &format!("( dport = :{port} )")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take()?, &mut text).ok()?;
    child.wait().ok()?;
    parse_sent(&text, pid)
}

/// Two lines for each connection: whose it is, and its figures.
fn parse_sent(text: &str, pid: u32) -> Option<u64> {
    let lines: Vec<&str> = text.lines().collect();
    let of = |pair: &[&str]| {
        let [whose, figures] = pair else { return None };
        let ours = whose.contains(&format!("pid={pid},"));
        let sent = figures.split_ascii_whitespace().find_map(|word| word.strip_prefix("bytes_sent:"));
        sent.filter(|_| ours)?.parse::<u64>().ok()
    };
    let sent: Vec<u64> = lines.chunks(2).filter_map(of).collect();
    (!sent.is_empty()).then(|| sent.iter().sum())
}

async fn serve_pages() -> Result<(JoinHandle<()>, u16)> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let pages = Router::new().route("/", get(|| async { "halo\n" }));
    let serving = tokio::spawn(async move { drop(axum::serve(listener, pages).await) });
    Ok((serving, port))
}

fn scrape_for_ever(port: u16) -> JoinHandle<()> {
    tokio::spawn(async move {
        let client = reqwest::Client::new();
        loop {
            if let Ok(mut answer) = client.get(format!("http://127.0.0.1:{port}/metrics")).send().await {
                while let Ok(Some(_)) = answer.chunk().await {}
            }
            tokio::time::sleep(SCRAPE_PERIOD).await;
        }
    })
}

async fn start_agent(folder: &Path, files: &Path, collector: &Collector) -> Result<Guest> {
    let (binary, port) = (folder.join("pantau-agent"), free_port()?);
    let config = files.join("agent.toml");
    let text = format!(
        "data_dir = \"{0}/agent\"\nsample_period = \"10s\"\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n",
        files.display()
    );
    std::fs::write(&config, text)?;
    let config = config.display().to_string();
    let token = collector.join_token(HOST).await?;
    let joined = tokio::process::Command::new(&binary)
        .args(["join", collector.url(), &token, "--config", &config])
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {}", binary.display()))?
        .wait()
        .await?;
    ensure!(joined.success(), "the agent cannot join: {joined}");
    let program = Program::start(&binary, &["run".into(), "--config".into(), config], &files.join("agent.log"))?;
    eventually("the agent serves /metrics", 30, async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
    })
    .await
    .with_context(|| program.log_tail())?;
    let sends_to = collector.url().rsplit(':').next().and_then(|port| port.parse().ok());
    Ok(Guest { name: "pantau-agent", program, scraper: Some(scrape_for_ever(port)), sends_to })
}

fn installed(path: &str) -> bool {
    let is = Path::new(path).is_file();
    if !is {
        eprintln!("{path} is not installed: left out");
    }
    is
}

fn start_node_exporter(files: &Path) -> Result<Option<Guest>> {
    const PATH: &str = "/usr/bin/prometheus-node-exporter";
    if !installed(PATH) {
        return Ok(None);
    }
    let port = free_port()?;
    let arguments = [format!("--web.listen-address=127.0.0.1:{port}")];
    let program = Program::start(Path::new(PATH), &arguments, &files.join("node_exporter.log"))?;
    Ok(Some(Guest { name: "node_exporter", program, scraper: Some(scrape_for_ever(port)), sends_to: None }))
}

fn start_collectd(files: &Path) -> Result<Option<Guest>> {
    const PATH: &str = "/usr/sbin/collectd";
    if !installed(PATH) {
        return Ok(None);
    }
    let plugins = ["cpu", "df", "disk", "interface", "load", "memory", "processes", "swap", "uptime", "network"];
    let plugins: String = plugins.iter().map(|name| format!("LoadPlugin {name}\n")).collect();
    let (config, folder) = (files.join("collectd.conf"), files.display());
    let text = format!(
        "Interval 10\nBaseDir \"{folder}\"\nPIDFile \"{folder}/collectd.pid\"\nTypesDB \"/usr/share/collectd/types.db\"\n\
         {plugins}<Plugin network>\nServer \"127.0.0.1\" \"{}\"\n</Plugin>\n",
        free_port()?
    );
    std::fs::write(&config, text)?;
    let arguments = ["-f".to_owned(), "-C".to_owned(), config.display().to_string()];
    let program = Program::start(Path::new(PATH), &arguments, &files.join("collectd.log"))?;
    Ok(Some(Guest { name: "collectd", program, scraper: None, sends_to: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_right_process_are_counted() {
        let text = "0 0 127.0.0.1:40000 127.0.0.1:8420 users:((\"pantau-agent\",pid=77,fd=9))\n\
                    \t cubic wscale:7,7 rto:204 bytes_sent:1500 bytes_acked:1500\n\
                    0 0 127.0.0.1:40001 127.0.0.1:8420 users:((\"curl\",pid=78,fd=9))\n\t cubic bytes_sent:9 x\n";
        assert_eq!((parse_sent(text, 77), parse_sent(text, 7)), (Some(1500), None));
    }
}
