//! Mail with STARTTLS and with TLS from the first byte against a real server: only one that proves its name gets anything.

use crate::real::{lines, listens, started};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use pantau_collector::config::receivers::{EmailSettings, MailSecurity, Receiver, ReceiverKind};
use pantau_tests::free_port;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;

/// An authority's file, and what it signed for a name, until a year.
struct Authority {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem())?;
        Ok(Self { folder: folder.to_owned(), issuer, file })
    }

    fn sign(&self, host: &str, last_year: i32) -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let path = |end: &str| self.folder.join(format!("{host}-{last_year}.{end}"));
        std::fs::write(path("pem"), certificate.pem())?;
        std::fs::write(path("key"), key.serialize_pem())?;
        Ok((path("pem").display().to_string(), path("key").display().to_string()))
    }
}

/// Debian's aiosmtpd with a certificate; `None` where it is not installed.
async fn server(security: MailSecurity, pair: &(String, String)) -> Result<Option<(Child, u16)>> {
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let (cert, key) = match security {
        MailSecurity::Tls => ("--smtpscert", "--smtpskey"),
        MailSecurity::Starttls | MailSecurity::None => ("--tlscert", "--tlskey"),
    };
    let arguments = [
        "-u",
        "-m",
        "aiosmtpd",
        "-n",
        "-l",
        &listen,
        cert,
        &pair.0,
        key,
        &pair.1,
        "-c",
        "aiosmtpd.handlers.Debugging",
        "stdout",
    ];
    let Some(child) = started("/usr/bin/python3", &arguments) else { return Ok(None) };
    if listens(port).await.is_err() {
        eprintln!("skipped: aiosmtpd is not installed; tests/run installs it");
        return Ok(None);
    }
    Ok(Some((child, port)))
}

fn mail(port: u16, security: MailSecurity, ca_file: Option<&Path>) -> Receiver {
    let kind = ReceiverKind::Email(EmailSettings {
        server: "127.0.0.1".into(),
        port,
        security,
        ca_file: ca_file.map(Path::to_owned),
        from: "Pantau <pantau@bangka.go.id>".into(),
        to: vec!["piket@bangka.go.id".into()],
        username: None,
        password_file: None,
    });
    Receiver { name: "piket".into(), kind }
}

/// Nothing was taken, everything waits, and the reason can be read.
async fn refused(receiver: Receiver, reason: &str) -> Result<()> {
    let world = World::new(receiver)?;
    let opened = world.open_all().await?.len();
    ensure!(world.deliver_once().await? == 0, "{reason}: something was taken");
    let waiting = world.store.read(|reader| reader.outbox_view())?.pending;
    ensure!(usize::try_from(waiting)? == opened, "{reason}: it waits for the certificate to be put right");
    let (_, said) = world.store.read(|reader| reader.outbox_last_words("piket"))?;
    let said = said.context("a reason")?.to_lowercase();
    ensure!(said.contains(reason), "{reason}: {said}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_proves_its_name_gets_the_mail() -> Result<()> {
    for security in [MailSecurity::Starttls, MailSecurity::Tls] {
        let folder = tempfile::tempdir()?;
        let authority = Authority::new(folder.path(), "ca")?;
        let Some((mut child, port)) = server(security, &authority.sign("127.0.0.1", 2090)?).await? else {
            return Ok(());
        };
        let world = World::new(mail(port, security, Some(&authority.file)))?;
        let number = world.open_all().await?.first().context("a ticket")?.to_string();
        ensure!(world.deliver_once().await? == 3, "{security:?}: taken");
        let ends = |lines: &[String]| lines.iter().filter(|line| line.contains("END MESSAGE")).count() == 3;
        let got = lines(&mut child, ends).await?;
        ensure!(got.iter().any(|line| line.contains(&number)), "{security:?}: {got:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_prove_its_name_gets_nothing() -> Result<()> {
    for security in [MailSecurity::Starttls, MailSecurity::Tls] {
        let folder = tempfile::tempdir()?;
        let authority = Authority::new(folder.path(), "ca")?;
        let other = Authority::new(folder.path(), "lain")?;
        for (host, year, trusted, reason) in [
            ("other.test", 2090, Some(&authority), "name"),
            ("127.0.0.1", 2024, Some(&authority), "expired"),
            ("127.0.0.1", 2090, Some(&other), "unknownissuer"),
            ("127.0.0.1", 2091, None, "unknownissuer"),
        ] {
            let Some((mut child, port)) = server(security, &authority.sign(host, year)?).await? else { return Ok(()) };
            let trusted = trusted.map(|authority| authority.file.as_path());
            let done = refused(mail(port, security, trusted), reason).await;
            done.with_context(|| format!("{security:?} {host} {year}"))?;
            child.start_kill()?;
            let got = lines(&mut child, |_| false).await?;
            ensure!(!got.iter().any(|line| line.contains("MESSAGE FOLLOWS")), "{got:#?}");
        }
    }
    Ok(())
}

/// A mail server that offers no STARTTLS, or denies it when it is asked for; everything that it heard.
async fn plain_server(
    answers: &'static [(&'static str, &'static str)],
) -> Result<(u16, tokio::task::JoinHandle<String>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let serving = tokio::spawn(async move {
        let mut heard = String::new();
        let Ok((stream, _)) = listener.accept().await else { return heard };
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 uji\r\n").await.ok();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return heard;
            }
            heard += &line;
            let answer = answers.iter().find(|(command, _)| line.starts_with(command)).map_or("250 ok", |(_, a)| a);
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok();
        }
    });
    Ok((port, serving))
}

#[tokio::test]
async fn without_starttls_nothing_is_said_in_the_clear() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let password_file = folder.path().join("sandi");
    std::fs::write(&password_file, "rahasia-sekali")?;
    for answers in [
        // An attacker on the way strips the offer …
        &[("EHLO", "250 uji")][..],
        // … or the answer.
        &[("EHLO", "250-uji\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"), ("STARTTLS", "454 not now")][..],
    ] {
        let (port, serving) = plain_server(answers).await?;
        let mut receiver = mail(port, MailSecurity::Starttls, None);
        if let ReceiverKind::Email(settings) = &mut receiver.kind {
            (settings.username, settings.password_file) = (Some("pantau".into()), Some(password_file.clone()));
        }
        let world = World::new(receiver)?;
        world.open_all().await?;
        ensure!(world.deliver_once().await? == 0, "nothing is taken");
        drop(world);
        let heard = serving.await?;
        let commands: Vec<&str> = heard.lines().filter_map(|line| line.split_whitespace().next()).collect();
        ensure!(commands.iter().all(|one| ["EHLO", "STARTTLS", "QUIT"].contains(one)), "{answers:?}: {heard}");
        ensure!(commands.first() == Some(&"EHLO"), "it was reached: {heard}");
    }
    Ok(())
}
