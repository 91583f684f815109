//! Real receivers from Debian: a broker, a mail server, an Alertmanager. One that is not installed is skipped, and said.

use crate::world::World;
use anyhow::{Context, Result, ensure};
use pantau_collector::config::receivers::{
    AlertmanagerSettings, EmailSettings, MailSecurity, MqttSettings, Receiver, ReceiverKind,
};
use pantau_tests::free_port;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A program of Debian's; `None` and a word about it when it is not installed.
pub(crate) fn started(program: &str, arguments: &[&str]) -> Option<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            eprintln!("skipped: {program} cannot be started ({error}); tests/run installs it");
            None
        }
    }
}

pub(crate) async fn listens(port: u16) -> Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("nobody listens on {port}")
}

/// Lines that a program prints until `enough` of them say so, within ten seconds.
pub(crate) async fn lines(child: &mut Child, enough: impl Fn(&[String]) -> bool) -> Result<Vec<String>> {
    let mut reader = BufReader::new(child.stdout.take().context("its output")?).lines();
    let mut got = Vec::new();
    let read = async {
        while let Some(line) = reader.next_line().await? {
            got.push(line);
            if enough(&got) {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.ok();
    Ok(got)
}

async fn one_life(world: &World) -> Result<String> {
    let numbers = world.open_all().await?;
    let first = *numbers.first().context("a ticket")?;
    world.deliver_all(|| 60_000).await?;
    world.end(first).await?;
    world.deliver_all(|| 60_000).await?;
    Ok(first.to_string())
}

#[tokio::test]
async fn mosquitto_has_every_event_in_order() -> Result<()> {
    let port = free_port()?;
    let Some(_broker) = started("mosquitto", &["-p", &port.to_string()]) else { return Ok(()) };
    listens(port).await?;
    let topic = "uji/tickets/#";
    let arguments = ["-h", "127.0.0.1", "-p", &port.to_string(), "-t", topic, "-q", "1"];
    let Some(mut listener) = started("mosquitto_sub", &arguments) else { return Ok(()) };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let kind = ReceiverKind::Mqtt(MqttSettings {
        server: "127.0.0.1".into(),
        port,
        tls: false,
        topic: "uji".into(),
        username: None,
        password_file: None,
    });
    let world = World::new(Receiver { name: "broker".into(), kind })?;
    let number = one_life(&world).await?;
    let got = lines(&mut listener, |lines| lines.len() == 5).await?;
    let events: Vec<String> = got
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|body| body["nomor"] == number.as_str())
        .map(|body| body["event"].as_str().unwrap_or_default().to_owned())
        .collect();
    ensure!(events == ["opened", "confirmed", "closed"], "{got:#?}");
    Ok(())
}

#[tokio::test]
async fn a_mail_server_has_one_thread_per_ticket() -> Result<()> {
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["-u", "-m", "aiosmtpd", "-n", "-l", &listen, "-c", "aiosmtpd.handlers.Debugging", "stdout"];
    let Some(mut server) = started("/usr/bin/python3", &arguments) else { return Ok(()) };
    if listens(port).await.is_err() {
        eprintln!("skipped: aiosmtpd is not installed; tests/run installs it");
        return Ok(());
    }
    let kind = ReceiverKind::Email(EmailSettings {
        server: "127.0.0.1".into(),
        port,
        security: MailSecurity::None,
        ca_file: None,
        from: "Pantau <pantau@bangka.go.id>".into(),
        to: vec!["piket@bangka.go.id".into()],
        username: None,
        password_file: None,
    });
    let world = World::new(Receiver { name: "piket".into(), kind })?;
    let number = one_life(&world).await?;
    let ends = |lines: &[String]| lines.iter().filter(|line| line.contains("END MESSAGE")).count() == 5;
    let got = lines(&mut server, ends).await?;
    let first = format!("<{number}.piket@bangka.go.id>");
    let with = |start: &str| got.iter().filter(|line| line.starts_with(start) && line.contains(&first)).count();
    ensure!(with("Message-ID") == 1 && with("References") == 2 && with("In-Reply-To") == 2, "{got:#?}");
    Ok(())
}

#[tokio::test]
async fn alertmanager_holds_an_alert_until_its_end() -> Result<()> {
    let (folder, port, cluster) = (tempfile::tempdir()?, free_port()?, "");
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")?;
    let url = format!("http://127.0.0.1:{port}");
    let arguments = [
        format!("--config.file={}", config.display()),
        format!("--storage.path={}", folder.path().display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        format!("--cluster.listen-address={cluster}"),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(_alertmanager) = started("prometheus-alertmanager", &arguments) else { return Ok(()) };
    listens(port).await?;
    let kind = ReceiverKind::Alertmanager(AlertmanagerSettings { url: url.clone() });
    let world = World::at_this_moment(Receiver { name: "am".into(), kind })?;
    let numbers = world.open_all().await?;
    world.deliver_all(|| 60_000).await?;
    let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    ensure!(alerts(&url).await? == all, "each is an alert");
    world.end(*numbers.first().context("a ticket")?).await?;
    world.deliver_all(|| 60_000).await?;
    for _ in 0..100 {
        if alerts(&url).await? == all[1..] {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the ended one is still active: {:?}", alerts(&url).await?)
}

/// Ticket numbers of the alerts that are active, in order.
async fn alerts(url: &str) -> Result<Vec<String>> {
    let mut answer = reqwest::get(format!("{url}/api/v2/alerts?active=true")).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() < 1 << 20, "too much");
    }
    let alerts: serde_json::Value = serde_json::from_slice(&bytes)?;
    let mut numbers: Vec<String> = alerts
        .as_array()
        .context("a list")?
        .iter()
        .map(|alert| alert["labels"]["tiket"].as_str().unwrap_or_default().to_owned())
        .collect();
    numbers.sort();
    Ok(numbers)
}
