//! The text against promtool where it is installed, and the server against odd requests.

use super::*;
use crate::clock::Clock;
use crate::facts::read_facts;
use crate::probes::{Answered, Detail};
use crate::rounds::take_sample;
use crate::sampler::{Roots, Sampler};
use crate::spool::Limits;
use crate::spool::lanes::Lanes;
use pantau_shared::assignment::Assignment;
use pantau_shared::probe::{ProbeOutcome, ProbeValue, ProbeVerdict};
use pantau_shared::sample::Pressure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn state(directory: &std::path::Path) -> Arc<State> {
    let limits = Limits { bytes_max: 1 << 20, age_max_ms: u64::MAX };
    let spool = Lanes::open(directory, limits, "boot", [[1; 16], [2; 16]]).expect("opens");
    let state =
        State::new(Clock::system(), directory.into(), "boot".into(), spool, Arc::default(), Assignment::default());
    let mut sample = take_sample(&state, &mut Sampler::new(Roots::default())).await;
    // Not every kernel that runs these tests has it.
    let pressure = Pressure { cpu_some_us: Some(1_500_000), io_full_us: Some(250_000), ..Pressure::default() };
    sample.pressure = Some(pressure);
    state.newest().sample = Some(Arc::new(sample));
    state.stats.count_failed_sources(&["stat".into()]);
    let outcome = ProbeOutcome {
        verdict: ProbeVerdict::Ok as i32,
        http_status: Some(200),
        tls_version: Some(0x0304),
        connect_us: Some(1500),
        certificate_expires_at: Some(1_900_000_000),
        ..ProbeOutcome::default()
    };
    let detail = Detail { kind: "http", tls_cipher: Some("TLS13_AES_256_GCM_SHA384"), ..Detail::default() };
    state.newest().probes.insert("web".into(), Answered { outcome, detail });
    let detail = Detail { kind: "dns", dns_records: Some([2, 0, 1]), ..Detail::default() };
    let outcome =
        ProbeOutcome { verdict: ProbeVerdict::Failed as i32, first_byte_us: Some(900), ..ProbeOutcome::default() };
    state.newest().probes.insert("name".into(), Answered { outcome, detail });
    let value = ProbeValue { name: "load1".into(), value: 0.5, unit: String::new() };
    let outcome = ProbeOutcome {
        verdict: ProbeVerdict::Ok as i32,
        exit_code: Some(0),
        values: vec![value.clone(), value],
        ..ProbeOutcome::default()
    };
    let detail = Detail { kind: "exec", ..Detail::default() };
    state.newest().probes.insert("load".into(), Answered { outcome, detail });
    let own = ProbeOutcome { verdict: ProbeVerdict::ProbeError as i32, ..ProbeOutcome::default() };
    state.newest().probes.insert("broken".into(), Answered { outcome: own, detail: Detail::default() });
    Arc::new(state)
}

fn machine() -> Machine {
    Machine { facts: read_facts(), roots: Roots::default() }
}

#[tokio::test]
async fn text_holds_the_names_that_dashboards_look_for() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let text = render(&*state(directory.path()).await, &machine()).expect("renders");
    let expected = [
        "# TYPE node_cpu_seconds_total counter",
        "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} ",
        "node_load1 ",
        "node_memory_MemAvailable_bytes ",
        "node_memory_Slab_bytes ",
        "node_memory_AnonPages_bytes ",
        "node_pressure_cpu_waiting_seconds_total 1.5",
        "node_pressure_io_stalled_seconds_total 0.25",
        "node_sockstat_TCP_inuse ",
        "node_sockstat_TCP_tw ",
        "node_sockstat_TCP_mem_bytes ",
        "node_netstat_Tcp_CurrEstab ",
        "node_timex_sync_status ",
        "node_filefd_allocated ",
        "node_processes_threads ",
        "node_vmstat_pgmajfault ",
        "node_boot_time_seconds ",
        "node_network_receive_bytes_total{device=\"lo\"} ",
        "node_uname_info{",
        "probe_success{check=\"web\",kind=\"http\"} 1",
        "probe_success{check=\"name\",kind=\"dns\"} 0",
        "probe_http_duration_seconds{check=\"web\",kind=\"http\",phase=\"connect\"} 0.0015",
        "probe_ssl_earliest_cert_expiry{check=\"web\",kind=\"http\"} 1900000000",
        "probe_tls_version_info{check=\"web\",kind=\"http\",version=\"TLS 1.3\"} 1",
        "probe_dns_answer_rrs{check=\"name\",kind=\"dns\"} 2",
        "probe_dns_duration_seconds{check=\"name\",kind=\"dns\",phase=\"request\"} 0.0009",
        "pantau_agent_probe_value{check=\"load\",kind=\"exec\",name=\"load1\",unit=\"\"} 0.5",
        "pantau_agent_failed_sources_total{source=\"stat\"} 1",
        "pantau_agent_build_info{version=",
    ];
    for line in expected {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("probe_success{check=\"broken\""));
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).expect("name");
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

/// promtool finds nothing but the camel case of node_exporter's own names, which dashboards rely on.
#[tokio::test]
async fn promtool_finds_nothing_but_node_exporters_own_spelling() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let text = render(&*state(directory.path()).await, &machine()).expect("renders");
    let spawned = tokio::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(mut promtool) = spawned else {
        // Prometheus is not installed here; the repository's own test run installs it.
        return;
    };
    let mut stdin = promtool.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).await.expect("writes");
    drop(stdin);
    let waiting = tokio::time::timeout(Duration::from_secs(30), promtool.wait_with_output());
    let output = waiting.await.expect("in time").expect("runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it says of names that are node_exporter's.
    let theirs =
        |line: &str| line.starts_with("node_") && (line.contains("camelCase") || line.contains("use base unit"));
    let other: Vec<&str> = told.lines().filter(|line| !theirs(line)).collect();
    assert_eq!(other, Vec::<&str>::new());
}

async fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    answer
}

#[tokio::test]
async fn only_get_is_answered_and_the_server_ends_at_shutdown() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let listener = bind("127.0.0.1:0".parse().expect("address")).await.expect("binds");
    let port = listener.local_addr().expect("address").port();
    let (stop, shutdown) = watch::channel(false);
    let server = tokio::spawn(run(state(directory.path()).await, machine(), listener, shutdown));
    let close = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(ask(port, &format!("GET /metrics {close}")).await.starts_with("HTTP/1.1 200"));
    assert!(ask(port, &format!("GET /other {close}")).await.starts_with("HTTP/1.1 404"));
    assert!(ask(port, &format!("POST /metrics {close}")).await.starts_with("HTTP/1.1 405"));
    assert!(ask(port, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    stop.send(true).expect("server listens");
    server.await.expect("ends");
}
