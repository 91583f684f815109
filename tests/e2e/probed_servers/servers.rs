//! Debian's servers, each in a folder of its own, on a free port of loopback, as an ordinary user.

use anyhow::{Context, Result, ensure};
use pantau_tests::certificates::Certificates;
use pantau_tests::free_port;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The user and group `nobody`, when the tests run as root.
const NOBODY: u32 = 65_534;

/// A server and where it listens.
pub(crate) struct Server {
    pub(crate) port: u16,
    child: Child,
}

impl Server {
    /// Asks it to end, and ends it after a while.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(pid) =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        if tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// Where servers are made.
pub(crate) struct Workshop {
    pub(crate) folder: PathBuf,
    pub(crate) certificates: Certificates,
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The path of a program, also from where ordinary users do not look; a word about it when it is missing.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let own = |folder: &str| Path::new(folder).join(name);
    let mut places: Vec<PathBuf> = ["/usr/sbin", "/usr/bin"].map(own).to_vec();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.filter_map(|version| Some(version.ok()?.path().join("bin").join(name))));
    }
    let found = places.into_iter().find(|path| path.is_file());
    if found.is_none() {
        eprintln!("probed_servers: {name} is not installed: its checks are skipped");
    }
    found
}

impl Workshop {
    /// A folder of the ordinary user's.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::create_dir_all(&path)?;
        self.hand_over(&path)?;
        Ok(path)
    }

    /// A file of the ordinary user's.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.hand_over(&path)?;
        Ok(path)
    }

    fn hand_over(&self, path: &Path) -> Result<()> {
        if is_root() {
            chown(path, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(())
    }

    /// A command of the ordinary user's.
    fn command(&self, program: &Path) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder).env("HOME", &self.folder).env("TMPDIR", &self.folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, program: &Path, arguments: &[String]) -> Result<()> {
        let output = self.command(program).args(arguments).output();
        let output = tokio::time::timeout(Duration::from_secs(60), output).await??;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{}: {said}", program.display());
        Ok(())
    }

    /// Starts a server. `is_tcp` ones are waited for.
    pub(crate) async fn start(
        &self,
        program: &Path,
        arguments: &[String],
        port: u16,
        (is_tcp, as_root): (bool, bool),
    ) -> Result<Server> {
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or("server");
        let log_path = self.folder.join(format!("{name}-{port}.log"));
        let log = fs::File::create(&log_path)?;
        let mut command = if as_root { Command::new(program) } else { self.command(program) };
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("start {name}"))?;
        for _ in 0..150 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if !is_tcp || TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(Server { port, child });
            }
            if child.try_wait()?.is_some() {
                break;
            }
        }
        anyhow::bail!("{name} does not listen: {}", fs::read_to_string(&log_path)?)
    }
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

fn at(path: &Path) -> String {
    path.display().to_string()
}

/// A name server that knows `simpeg.test`.
pub(crate) async fn unbound(shop: &Workshop) -> Result<Option<Server>> {
    let Some(program) = find("unbound") else { return Ok(None) };
    let port = free_port()?;
    let config = format!(
        "server:\n interface: 127.0.0.1@{port}\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n \
         use-syslog: no\n directory: \"{}\"\n local-zone: \"test.\" static\n local-data: \"simpeg.test. A 10.0.0.5\"\n\
         remote-control:\n control-enable: no\n",
        at(&shop.folder)
    );
    let config = shop.file("unbound.conf", &config)?;
    shop.start(&program, &words(&["-d", "-c", &at(&config)]), port, (true, false)).await.map(Some)
}

/// A mail server with STARTTLS. OpenSMTPD wants to be root, so only then.
pub(crate) async fn opensmtpd(shop: &Workshop) -> Result<Option<Server>> {
    if !is_root() {
        eprintln!("probed_servers: smtpd runs as root only: its checks are skipped");
        return Ok(None);
    }
    let (Some(program), Some(openssl)) = (find("smtpd"), find("openssl")) else { return Ok(None) };
    let port = free_port()?;
    // Of its own: it refuses a key that is another user's.
    let (certificate, key) = (at(&shop.folder.join("smtpd.pem")), at(&shop.folder.join("smtpd.key")));
    let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost", "-keyout"];
    let made = Command::new(openssl).args(request).args([&key, "-out", &certificate]).output().await?;
    ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    let config = format!(
        "pki localhost cert \"{certificate}\"\npki localhost key \"{key}\"\nlisten on 127.0.0.1 port {port} tls pki localhost\n\
         action \"a\" mbox\nmatch for local action \"a\"\n"
    );
    let path = shop.folder.join("smtpd.conf");
    fs::write(&path, config)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    shop.start(&program, &words(&["-d", "-f", &at(&path)]), port, (true, true)).await.map(Some)
}

/// An IMAP server with STARTTLS.
pub(crate) async fn dovecot(shop: &Workshop) -> Result<Option<Server>> {
    let Some(program) = find("dovecot") else { return Ok(None) };
    let port = free_port()?;
    let (certificate, key) = &shop.certificates.good;
    let run = shop.folder("dovecot")?;
    let (user, group) = if is_root() { ("nobody", "nogroup") } else { ("$ENV:USER", "$ENV:USER") };
    let config = format!(
        "base_dir = {run}\nstate_dir = {run}\nlog_path = /dev/stderr\nprotocols = imap\nlisten = 127.0.0.1\n\
         default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\nssl = yes\n\
         ssl_cert = <{}\nssl_key = <{}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
         passdb {{\n driver = static\n args = password=x\n}}\n",
        at(certificate),
        at(key),
        run = at(&run)
    );
    let config = shop.file("dovecot.conf", &config)?;
    shop.start(&program, &words(&["-F", "-c", &at(&config)]), port, (true, false)).await.map(Some)
}

/// An SSH server with a key of its own.
pub(crate) async fn openssh(shop: &Workshop) -> Result<Option<Server>> {
    let (Some(program), Some(keygen)) = (find("sshd"), find("ssh-keygen")) else { return Ok(None) };
    let port = free_port()?;
    let key = at(&shop.folder.join("ssh_host_key"));
    shop.run(&keygen, &words(&["-q", "-t", "ed25519", "-N", "", "-f", &key])).await?;
    let config = format!("Port {port}\nListenAddress 127.0.0.1\nHostKey {key}\nPidFile none\nUsePAM no\n");
    let config = shop.file("sshd.conf", &config)?;
    shop.start(&program, &words(&["-D", "-e", "-f", &at(&config)]), port, (true, false)).await.map(Some)
}

/// A PostgreSQL server where `pantau` logs in by SCRAM.
pub(crate) async fn postgres(shop: &Workshop) -> Result<Option<Server>> {
    let (Some(program), Some(initdb)) = (find("postgres"), find("initdb")) else { return Ok(None) };
    let port = free_port()?;
    let (certificate, key) = &shop.certificates.good;
    let password = shop.file("postgres.password", "rahasia\n")?;
    let data = at(&shop.folder.join("postgres"));
    let made = words(&["-D", &data, "-U", "pantau", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"]);
    shop.run(&initdb, &[made, vec![format!("--pwfile={}", at(&password))]].concat()).await?;
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", at(&shop.folder)),
        "fsync=off".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", at(certificate)),
        format!("ssl_key_file={}", at(key)),
    ];
    let mut arguments = words(&["-D", &data]);
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    shop.start(&program, &arguments, port, (true, false)).await.map(Some)
}

/// A MariaDB server where `pantau` logs in with a password.
pub(crate) async fn mariadb(shop: &Workshop) -> Result<Option<Server>> {
    let (Some(program), Some(install)) = (find("mariadbd"), find("mariadb-install-db")) else { return Ok(None) };
    let port = free_port()?;
    let (certificate, key) = &shop.certificates.good;
    let data = shop.folder("mariadb")?;
    let own = |name: &str, value: &str| format!("--{name}={value}");
    let common = [words(&["--no-defaults"]), vec![own("datadir", &at(&data))]].concat();
    let quick = words(&["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
    shop.run(&install, &[common.clone(), quick].concat()).await?;
    let init = "CREATE USER pantau@'127.0.0.1' IDENTIFIED BY 'rahasia';\nCREATE USER pantau@'localhost' IDENTIFIED BY 'rahasia';\n";
    let init = shop.file("mariadb.sql", init)?;
    let arguments = vec![
        own("port", &port.to_string()),
        own("bind-address", "127.0.0.1"),
        own("socket", &at(&shop.folder.join("m.sock"))),
        own("init-file", &at(&init)),
        own("ssl-cert", &at(certificate)),
        own("ssl-key", &at(key)),
        own("innodb-buffer-pool-size", "8M"),
    ];
    shop.start(&program, &[common, arguments].concat(), port, (true, false)).await.map(Some)
}

/// A Redis server with a password.
pub(crate) async fn redis(shop: &Workshop) -> Result<Option<Server>> {
    let Some(program) = find("redis-server") else { return Ok(None) };
    let port = free_port()?;
    let arguments =
        ["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", "rahasia", "--save", "", "--dir"];
    let arguments = [words(&arguments), vec![at(&shop.folder)]].concat();
    shop.start(&program, &arguments, port, (true, false)).await.map(Some)
}

/// An MQTT broker that lets in only whom it knows: nobody.
pub(crate) async fn mosquitto(shop: &Workshop) -> Result<Option<Server>> {
    let Some(program) = find("mosquitto") else { return Ok(None) };
    let port = free_port()?;
    let config = shop.file("mosquitto.conf", &format!("listener {port} 127.0.0.1\nallow_anonymous false\n"))?;
    shop.start(&program, &words(&["-c", &at(&config)]), port, (true, false)).await.map(Some)
}

/// A time server that gives this machine's own time at stratum 8.
pub(crate) async fn chrony(shop: &Workshop) -> Result<Option<Server>> {
    let Some(program) = find("chronyd") else { return Ok(None) };
    let port = free_port()?;
    let folder = shop.folder("chrony")?;
    let config = format!(
        "port {port}\nbindaddress 127.0.0.1\nallow 127.0.0.1\nlocal stratum 8\ncmdport 0\nbindcmdaddress /\n\
         pidfile {folder}/pid\ndriftfile {folder}/drift\n",
        folder = at(&folder)
    );
    let config = shop.file("chrony.conf", &config)?;
    shop.start(&program, &words(&["-U", "-x", "-d", "-f", &at(&config)]), port, (false, false)).await.map(Some)
}

/// A web server that answers well and badly, under good and bad certificates.
pub(crate) struct Nginx {
    pub(crate) server: Server,
    pub(crate) good: u16,
    pub(crate) wrong: u16,
    pub(crate) expired: u16,
    pub(crate) soon: u16,
}

/// `silent` is the port of somebody who never answers.
pub(crate) async fn nginx(shop: &Workshop, silent: u16) -> Result<Option<Nginx>> {
    let Some(program) = find("nginx") else { return Ok(None) };
    let (plain, certificates) = (free_port()?, &shop.certificates);
    let mut ports = Vec::new();
    let mut blocks = String::new();
    for (certificate, key) in [&certificates.good, &certificates.wrong, &certificates.expired, &certificates.soon] {
        let port = free_port()?;
        ports.push(port);
        blocks.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; return 200 \"halo\"; }}\n",
            at(certificate),
            at(key)
        ));
    }
    let run = shop.folder("nginx")?;
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {}/{kind};\n", at(&run))).collect();
    let config = format!(
        "daemon off;\nmaster_process off;\npid {run}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\
         default_type application/json;\nserver {{ listen 127.0.0.1:{plain};\n\
         location = /health {{ add_header X-Versi 7; return 200 '{{\"database\": \"up\"}}'; }}\n\
         location = /error {{ return 500 \"rusak\"; }}\nlocation = /away {{ return 302 /health; }}\n\
         location = /slow {{ proxy_pass http://127.0.0.1:{silent}; }}\n}}\n{blocks}}}\n",
        run = at(&run)
    );
    let config = shop.file("nginx.conf", &config)?;
    let arguments = words(&["-c", &at(&config), "-p", &at(&run), "-e", "stderr"]);
    let server = shop.start(&program, &arguments, plain, (true, false)).await?;
    let &[good, wrong, expired, soon] = ports.as_slice() else { anyhow::bail!("four ports") };
    Ok(Some(Nginx { server, good, wrong, expired, soon }))
}
