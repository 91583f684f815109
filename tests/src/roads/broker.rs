//! A mosquitto of Debian's on a port of its own, which forgets everything when it is killed.

use crate::certificates::Pair;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Waits until somebody listens.
///
/// # Errors
/// Nobody does within 20 s.
pub async fn listens(port: u16) -> Result<()> {
    for _ in 0..400 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("nobody listens on {port}")
}

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    /// Its port on loopback, without TLS.
    pub port: u16,
    child: Child,
}

impl Broker {
    /// Starts one on `port`; `None`, and a word about it, when mosquitto is not installed.
    ///
    /// # Errors
    /// It does not listen.
    pub async fn start(port: u16) -> Result<Option<Self>> {
        Self::start_with(port, &["-p".to_owned(), port.to_string()]).await
    }

    /// Starts one that speaks TLS on `secured` as well, under a certificate and its key.
    ///
    /// # Errors
    /// It does not listen, or the file in `folder` cannot be written.
    pub async fn start_secured(
        port: u16,
        secured: u16,
        folder: &Path,
        (certificate, key): &Pair,
    ) -> Result<Option<Self>> {
        // It would give up the rights of root, and with them the key.
        let user = if rustix::process::getuid().is_root() { "user root\n" } else { "" };
        let text = format!(
            "{user}allow_anonymous true\nlistener {port} 127.0.0.1\nlistener {secured} 127.0.0.1\ncertfile {}\nkeyfile {}\n",
            certificate.display(),
            key.display()
        );
        let config = folder.join(format!("mosquitto-{port}.conf"));
        std::fs::write(&config, text)?;
        let started = Self::start_with(port, &["-c".to_owned(), config.display().to_string()]).await?;
        if started.is_some() {
            listens(secured).await?;
        }
        Ok(started)
    }

    async fn start_with(port: u16, arguments: &[String]) -> Result<Option<Self>> {
        let mut command = Command::new("mosquitto");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = match command.kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("skipped: mosquitto cannot be started ({error}); tests/run installs it");
                return Ok(None);
            }
        };
        listens(port).await?;
        Ok(Some(Self { port, child }))
    }

    /// `kill -9`; its port is free then.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> Result<u16> {
        self.child.kill().await?;
        Ok(self.port)
    }
}
