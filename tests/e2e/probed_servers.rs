//! Every kind of check against the real server of its kind: up, wrong, slow, under bad certificates, and down. The checks
//! stand in a file of the agent's own and `pantau-agent once` asks them, so configuration, secrets and plug-ins are the
//! program's. A server that is not installed is skipped with a word.

mod servers;

use super::programs::program;
use anyhow::{Context, Result, ensure};
use pantau_tests::certificates;
use servers::{Server, Workshop};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;

const OK: u64 = 1;
const DEGRADED: u64 = 2;
const FAILED: u64 = 3;
const PROBE_ERROR: u64 = 4;

/// Where Debian keeps the Nagios plug-ins.
const PLUGINS: &str = "/usr/lib/nagios/plugins";

/// A check, the verdict it must get, and what its reason must hold.
struct Case {
    id: String,
    text: String,
    verdict: u64,
    reason: &'static str,
    /// Whether it must fail once the servers are gone.
    falls: bool,
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, id: &str, kind: &str, keys: &str, (verdict, reason): (u64, &'static str)) {
        let timeout_ms = if id.ends_with("slow") { 400 } else { 5000 };
        let text = format!(
            "[[check]]\nid = \"{id}\"\ninterval_ms = 60000\ntimeout_ms = {timeout_ms}\n\
             certificate_warning_seconds = 1209600\n[check.kind.{kind}]\n{keys}\n"
        );
        let falls = !matches!(kind, "exec" | "process" | "icmp");
        self.0.push(Case { id: id.to_owned(), text, verdict, reason, falls });
    }

    /// A check of an endpoint on loopback; certificates are for `localhost`.
    fn at(&mut self, id: &str, kind: &str, server: &Server, more: (&str, &str), expected: (u64, &'static str)) {
        let endpoint = format!(
            "endpoint = {{ host = \"127.0.0.1\", port = {}, server_name = \"localhost\"{} }}",
            server.port, more.0
        );
        self.add(id, kind, &format!("{endpoint}\n{}", more.1), expected);
    }
}

fn web_cases(cases: &mut Cases, nginx: &servers::Nginx) {
    let plain = nginx.server.port;
    let url = |port: u16, path: &str| {
        let scheme = if port == plain { "http" } else { "https" };
        format!("url = \"{scheme}://localhost:{port}{path}\"")
    };
    let whole = "body_pattern = 'data[a-z]+'\njson = [{ pointer = \"/database\", equals = '\"up\"' }]\n\
                 answer_headers = [{ name = \"x-versi\", pattern = \"^7$\" }]";
    cases.add("web", "http", &format!("{}\n{whole}", url(plain, "/health")), (OK, ""));
    cases.add("web-away", "http", &format!("{}\nredirects_max = 2", url(plain, "/away")), (OK, ""));
    cases.add("web-error", "http", &url(plain, "/error"), (FAILED, "answered with status 500"));
    let content = format!("{}\njson = [{{ pointer = \"/database\", equals = '\"down\"' }}]", url(plain, "/health"));
    cases.add("web-content", "http", &content, (FAILED, "`/database` is \"up\", not \"down\""));
    cases.add("web-slow", "http", &url(plain, "/slow"), (FAILED, "no answer within 400 ms"));
    cases.add("web-tls", "http", &url(nginx.good, "/"), (OK, ""));
    cases.add("web-wrong", "http", &url(nginx.wrong, "/"), (FAILED, "not valid for name"));
    cases.add("web-expired", "http", &url(nginx.expired, "/"), (FAILED, "expired"));
    cases.add("web-soon", "http", &url(nginx.soon, "/"), (DEGRADED, "certificate expires in"));
    let any = format!("{}\naccept_any_certificate = true", url(nginx.wrong, "/"));
    cases.add("web-any", "http", &any, (OK, ""));
    let endpoint = |port: u16| format!("endpoint = {{ host = \"localhost\", port = {port} }}");
    cases.add("tls", "tls", &endpoint(nginx.good), (OK, ""));
    cases.add("tls-plain", "tls", &endpoint(plain), (FAILED, "TLS handshake failed"));
    cases.add("tcp", "tcp", &format!("host = \"localhost\"\nport = {plain}"), (OK, ""));
    let talk = "exchanges = [{ send = \"GET /health HTTP/1.0\\r\\n\\r\\n\" }, { expect = \"^HTTP/1.1 200\" }]";
    cases.add("tcp-talk", "tcp", &format!("host = \"localhost\"\nport = {plain}\n{talk}"), (OK, ""));
    cases.add("process", "process", "name = \"nginx\"", (OK, ""));
    cases.add("process-none", "process", "name = \"tidak-ada\"", (FAILED, "at least 1 should"));
}

fn name_cases(cases: &mut Cases, server: &Server) {
    let ask =
        |name: &str, more: &str| format!("server = \"127.0.0.1\"\nport = {}\nname = \"{name}\"\n{more}", server.port);
    cases.add("dns", "dns", &ask("simpeg.test", "answers = ['10\\.0\\.0\\.5']"), (OK, ""));
    cases.add("dns-tcp", "dns", &ask("simpeg.test", "over_tcp = true"), (OK, ""));
    cases.add("dns-content", "dns", &ask("simpeg.test", "answers = ['10\\.0\\.0\\.6']"), (FAILED, "10.0.0.5"));
    cases.add("dns-none", "dns", &ask("lain.test", ""), (FAILED, "answered with NXDOMAIN"));
    cases.add("dns-absent", "dns", &ask("lain.test", "response_code = \"NXDOMAIN\""), (OK, ""));
}

fn mail_cases(cases: &mut Cases, smtp: Option<&Server>, imap: Option<&Server>) {
    let tls = ", encryption = \"start_tls\"";
    if let Some(server) = smtp {
        cases.at("smtp", "smtp", server, ("", "greeting_contains = \"ESMTP\""), (OK, ""));
        // Debian 12's OpenSMTPD cannot finish a handshake with its OpenSSL; where it can, the authority is not known.
        cases.at("smtp-unknown", "smtp", server, (tls, ""), (FAILED, "TLS handshake failed"));
        cases.at("smtp-content", "smtp", server, ("", "greeting_contains = \"Postfix\""), (FAILED, "does not contain"));
    }
    if let Some(server) = imap {
        cases.at("imap", "imap", server, ("", "greeting_contains = \"Dovecot\""), (OK, ""));
        cases.at("imap-tls", "imap", server, (tls, ""), (OK, ""));
        cases.at("smtp-at-imap", "smtp", server, ("", ""), (FAILED, "which is no SMTP"));
    }
}

fn database_cases(cases: &mut Cases, kind: &str, server: &Server, refused: &'static str) {
    let login = |secret: &str| format!("login = {{ user = \"pantau\", secret = \"{secret}\" }}");
    let (plain, tls) = ("", ", encryption = \"start_tls\"");
    let database = if kind == "postgres" { "\ndatabase = \"postgres\"" } else { "" };
    let with = |secret: &str| format!("{}{database}", login(secret));
    cases.at(kind, kind, server, (plain, ""), (OK, ""));
    cases.at(&format!("{kind}-login"), kind, server, (plain, &with("right")), (OK, ""));
    cases.at(&format!("{kind}-tls"), kind, server, (tls, &with("right")), (OK, ""));
    cases.at(&format!("{kind}-refused"), kind, server, (plain, &with("wrong")), (FAILED, refused));
    cases.at(&format!("{kind}-secret"), kind, server, (plain, &with("none")), (PROBE_ERROR, "cannot read secret"));
}

fn other_cases(cases: &mut Cases, redis: Option<&Server>, mqtt: Option<&Server>, ntp: Option<&Server>) {
    let login = |secret: &str| format!("login = {{ secret = \"{secret}\" }}");
    if let Some(server) = redis {
        cases.at("redis", "redis", server, ("", ""), (OK, ""));
        cases.at("redis-login", "redis", server, ("", &login("right")), (OK, ""));
        cases.at("redis-refused", "redis", server, ("", &login("wrong")), (FAILED, "WRONGPASS"));
        cases.at("mysql-at-redis-slow", "mysql", server, ("", ""), (FAILED, "no answer within 400 ms"));
    }
    if let Some(server) = mqtt {
        cases.at("mqtt", "mqtt", server, ("", ""), (OK, ""));
        let login = "login = { user = \"pantau\", secret = \"right\" }";
        cases.at("mqtt-refused", "mqtt", server, ("", login), (FAILED, "does not permit"));
    }
    if let Some(server) = ntp {
        let place = format!("host = \"127.0.0.1\"\nport = {}", server.port);
        cases.add("ntp", "ntp", &format!("{place}\nfailed_offset_ms = 1000"), (OK, ""));
        cases.add("ntp-stratum", "ntp", &format!("{place}\nstratum_max = 4"), (FAILED, "at stratum 8, above 4"));
    }
}

fn local_cases(cases: &mut Cases) {
    if Path::new(PLUGINS).join("check_dummy").is_file() {
        let run = |state: &str| format!("plugin = \"check_dummy\"\narguments = [\"{state}\", \"kata\"]");
        cases.add("plugin", "exec", &run("0"), (OK, ""));
        cases.add("plugin-warning", "exec", &run("1"), (DEGRADED, "WARNING: kata"));
        cases.add("plugin-critical", "exec", &run("2"), (FAILED, "CRITICAL: kata"));
        cases.add("plugin-unknown", "exec", &run("3"), (PROBE_ERROR, "UNKNOWN: kata"));
        let load = "plugin = \"check_load\"\narguments = [\"-w\", \"9999\", \"-c\", \"9999\"]";
        cases.add("plugin-load", "exec", load, (OK, ""));
    } else {
        eprintln!("probed_servers: monitoring-plugins are not installed: their checks are skipped");
    }
    cases.add("plugin-none", "exec", "plugin = \"tidak-ada\"", (PROBE_ERROR, "is missing from probes.plugins_dir"));
    cases.add("plugin-path", "exec", "plugin = \"../../../../bin/sh\"", (PROBE_ERROR, "is not the name of a plug-in"));
}

/// Asks every check once; the outcomes by check.
async fn ask_all(folder: &Path, authority: &Path) -> Result<BTreeMap<String, serde_json::Value>> {
    let output = Command::new(program("pantau-agent")?)
        .args(["once", "--config"])
        .arg(folder.join("agent.toml"))
        .env("SSL_CERT_FILE", authority)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(50), output).await.context("the agent does not end")??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let probes = seen["probes"].as_array().context("probes")?.iter();
    Ok(probes.map(|outcome| (outcome["check"].as_str().unwrap_or("").to_owned(), outcome.clone())).collect())
}

fn write_agent(folder: &Path, cases: &Cases) -> Result<()> {
    for (name, secret) in [("right", "rahasia\n"), ("wrong", "keliru\n")] {
        fs::create_dir_all(folder.join("secrets/127.0.0.1"))?;
        fs::write(folder.join("secrets/127.0.0.1").join(name), secret)?;
    }
    let checks: String = cases.0.iter().map(|case| case.text.as_str()).collect();
    fs::write(folder.join("checks.toml"), checks)?;
    let at = folder.display();
    let config = format!(
        "data_dir = \"{at}/data\"\n[probes]\nchecks_file = \"{at}/checks.toml\"\nsecrets_dir = \"{at}/secrets\"\n\
         plugins_dir = \"{PLUGINS}\"\n"
    );
    Ok(fs::write(folder.join("agent.toml"), config)?)
}

/// What differs from what each case must get, a line each.
fn differences(cases: &Cases, seen: &BTreeMap<String, serde_json::Value>) -> Vec<String> {
    let differs = |case: &&Case| {
        let Some(outcome) = seen.get(&case.id) else { return true };
        let reason = outcome["reason"].as_str().unwrap_or("");
        outcome["verdict"] != case.verdict
            || !reason.contains(case.reason)
            || (case.verdict == FAILED && outcome["phase"] == 0)
    };
    cases.0.iter().filter(differs).map(|case| format!("{}: {:?}", case.id, seen.get(&case.id))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_tried_against_its_server() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let certificates = certificates::make(&folder)?;
    let shop = Workshop { folder: folder.clone(), certificates };
    let (nginx, dns, smtp, imap, ssh, postgres, mariadb, redis, mqtt, ntp) = tokio::try_join!(
        servers::nginx(&shop, silent.local_addr()?.port()),
        servers::unbound(&shop),
        servers::opensmtpd(&shop),
        servers::dovecot(&shop),
        servers::openssh(&shop),
        servers::postgres(&shop),
        servers::mariadb(&shop),
        servers::redis(&shop),
        servers::mosquitto(&shop),
        servers::chrony(&shop),
    )?;
    let mut cases = Cases::default();
    if let Some(nginx) = &nginx {
        web_cases(&mut cases, nginx);
    }
    if let Some(server) = &dns {
        name_cases(&mut cases, server);
    }
    mail_cases(&mut cases, smtp.as_ref(), imap.as_ref());
    if let Some(server) = &ssh {
        cases.at("ssh", "ssh", server, ("", "banner_contains = \"OpenSSH\""), (OK, ""));
        cases.at("imap-at-ssh", "imap", server, ("", ""), (FAILED, "which is no IMAP"));
    }
    if let Some(server) = &postgres {
        database_cases(&mut cases, "postgres", server, "password authentication failed");
    }
    if let Some(server) = &mariadb {
        database_cases(&mut cases, "mysql", server, "Access denied");
    }
    other_cases(&mut cases, redis.as_ref(), mqtt.as_ref(), ntp.as_ref());
    local_cases(&mut cases);
    cases.add("echo", "icmp", "host = \"127.0.0.1\"\ncount = 3\nspacing_ms = 20", (OK, ""));
    write_agent(&folder, &cases)?;
    let seen = ask_all(&folder, &shop.certificates.authority).await?;
    let mut differences = differences(&cases, &seen);
    // Where neither group nor capability permits echoes, the agent must say what to do.
    differences.retain(|line| !line.starts_with("echo:") || !line.contains("net.ipv4.ping_group_range"));
    ensure!(differences.is_empty(), "{}", differences.join("\n"));

    let running = [nginx.map(|nginx| nginx.server), dns, smtp, imap, ssh, postgres, mariadb, redis, mqtt, ntp];
    for server in running.into_iter().flatten() {
        server.stop().await?;
    }
    let seen = ask_all(&folder, &shop.certificates.authority).await?;
    let falls = |case: &&Case| case.falls && !case.id.ends_with("-secret");
    let standing: Vec<String> = cases
        .0
        .iter()
        .filter(falls)
        .filter(|case| seen.get(&case.id).is_none_or(|outcome| outcome["verdict"] != FAILED || outcome["phase"] == 0))
        .map(|case| format!("{} with its server gone: {:?}", case.id, seen.get(&case.id)))
        .collect();
    ensure!(standing.is_empty(), "{}", standing.join("\n"));
    eprintln!("probed_servers: {} checks tried", cases.0.len());
    Ok(())
}
