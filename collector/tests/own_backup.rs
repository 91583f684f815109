//! `backup`, `restore` and `verify` of the real program: beside a running collector, and on a machine that lost all.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// An office: configuration, catalogue and data in one folder.
struct Office {
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let office = Self { folder: TempDir::new().expect("folder") };
        let (data, catalogue) = (office.path("data"), office.path("etc/catalogue.toml"));
        for folder in ["etc", "data"] {
            std::fs::create_dir(office.path(folder)).expect("makes");
        }
        let config = format!(
            "listen = [\"127.0.0.1:0\"]\ndata_dir = \"{}\"\ncatalogue = \"{}\"\n[tls]\nenabled = true\n",
            data.display(),
            catalogue.display()
        );
        std::fs::write(office.path("etc/collector.toml"), config).expect("writes");
        std::fs::write(&catalogue, "# katalog kantor\n").expect("writes");
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> String {
        self.path("etc/collector.toml").display().to_string()
    }

    /// Runs a command to its end, which must come soon.
    async fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_pantau-collector"))
            .args(arguments)
            .args(["--config", &self.config()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        tokio::time::timeout(Duration::from_secs(120), output).await.expect("the program ends").expect("it starts")
    }

    /// Starts the collector and waits until it takes commands.
    async fn serve(&self) -> Child {
        let child = Command::new(env!("CARGO_BIN_EXE_pantau-collector"))
            .args(["serve", "--config", &self.config()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        let up = async {
            while !self.path("data/admin.sock").exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), up).await.expect("the collector is up");
        child
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn good(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(output));
    text(output)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_machine_that_lost_everything_comes_back_from_one_file() {
    let office = Office::new();
    let mut collector = office.serve().await;
    good(&office.run(&["user", "add", "rina", "--role", "admin"]).await);
    let copy = office.path("copy.db");
    let copy = copy.to_str().expect("text");
    let said = good(&office.run(&["backup", copy]).await);
    assert!(said.contains("sha256") && said.contains("ca.key") && said.contains("password hashes"), "{said}");
    assert_eq!(mode(Path::new(copy)), 0o600);
    let again = office.run(&["backup", copy]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("--force"), "{}", text(&again));
    good(&office.run(&["backup", copy, "--force"]).await);
    let whole = good(&office.run(&["verify"]).await);
    assert!(whole.contains("is whole"), "{whole}");
    let refused = office.run(&["restore", copy, "--yes"]).await;
    assert!(text(&refused).contains("stop the collector first"), "{}", text(&refused));
    assert_eq!(refused.status.code(), Some(1));
    collector.kill().await.expect("killed");
    let key = std::fs::read(office.path("data/ca.key")).expect("the own authority");
    for lost in ["data", "etc"] {
        std::fs::remove_dir_all(office.path(lost)).expect("lost");
    }
    // A fresh machine has the folders of its package.
    for made in ["data", "etc"] {
        std::fs::create_dir(office.path(made)).expect("makes");
    }
    let asked = office.run(&["restore", copy]).await;
    assert!(text(&asked).contains("add --yes"), "{}", text(&asked));
    assert!(!office.path("data/pantau.db").exists() && !office.path("etc/collector.toml").exists());
    let said = good(&office.run(&["restore", copy, "--yes"]).await);
    assert!(said.contains("is restored") && said.contains("present: no store"), "{said}");
    assert_eq!(std::fs::read(office.path("data/ca.key")).expect("back"), key, "agents still trust it");
    assert_eq!(mode(&office.path("data/ca.key")), 0o600);
    let catalogue = std::fs::read_to_string(office.path("etc/catalogue.toml")).expect("back");
    assert_eq!(catalogue, "# katalog kantor\n");
    let _collector = office.serve().await;
    let known = good(&office.run(&["user", "password", "rina"]).await);
    assert!(known.contains("changed `rina` (admin)"), "{known}");
}

#[tokio::test]
async fn a_restore_keeps_what_is_there_unless_asked_and_tells_how_to_go_back() {
    let office = Office::new();
    good(&office.run(&["user", "add", "rina", "--role", "admin"]).await);
    let folder = office.path("copies");
    std::fs::create_dir(&folder).expect("makes");
    // Without a collector, into a folder.
    good(&office.run(&["backup", folder.to_str().expect("text")]).await);
    let mut copies = std::fs::read_dir(&folder).expect("lists").map(|entry| entry.expect("entry").path());
    let copy = copies.find(|path| path.extension().is_some_and(|ending| ending == "db")).expect("a copy");
    let copy = copy.to_str().expect("text");
    good(&office.run(&["user", "add", "budi"]).await);
    std::fs::write(office.path("etc/catalogue.toml"), "# baru\n").expect("writes");
    let said = good(&office.run(&["restore", copy, "--yes"]).await);
    let catalogue = || std::fs::read_to_string(office.path("etc/catalogue.toml")).expect("there");
    assert_eq!(catalogue(), "# baru\n");
    assert!(text(&office.run(&["user", "disable", "budi"]).await).contains("there is no `budi`"));
    let aside = said.split("go back: pantau-collector restore ").nth(1).and_then(|rest| rest.lines().next());
    good(&office.run(&["restore", aside.expect("told"), "--yes"]).await);
    good(&office.run(&["user", "disable", "budi"]).await);
    good(&office.run(&["restore", copy, "--yes", "--files"]).await);
    assert_eq!(catalogue(), "# katalog kantor\n");
    let names = std::fs::read_dir(office.path("etc")).expect("lists");
    let aside = names
        .map(|entry| entry.expect("entry").path())
        .find(|path| path.to_string_lossy().contains("catalogue.toml.before-restore-"));
    assert_eq!(std::fs::read_to_string(aside.expect("set aside")).expect("reads"), "# baru\n");
}

#[tokio::test]
async fn a_damaged_store_is_named_page_by_page_and_ends_the_start_with_three() {
    let office = Office::new();
    good(&office.run(&["user", "add", "rina"]).await);
    let path = office.path("data/pantau.db");
    let mut bytes = std::fs::read(&path).expect("reads");
    // The page with the password's hash is the table of people.
    let hash = bytes.windows(9).position(|window| window == b"$argon2id").expect("in it");
    bytes[hash / 4096 * 4096..][..64].fill(0xA5);
    std::fs::write(&path, &bytes).expect("writes");
    let found = office.run(&["verify"]).await;
    let said = text(&found);
    assert_eq!(found.status.code(), Some(1), "{said}");
    let page = format!("page {}: table `user`: people who may log in", hash / 4096 + 1);
    assert!(said.contains(&page), "{said}");
    assert!(said.contains("restore") && said.contains(".recover"), "{said}");
    for page in 1..bytes.len() / 4096 {
        bytes[page * 4096..][..64].fill(0xA5);
    }
    std::fs::write(&path, &bytes).expect("writes");
    assert_eq!(office.run(&["verify", "--quick"]).await.status.code(), Some(1));
    let started = office.run(&["serve"]).await;
    assert_eq!(started.status.code(), Some(3), "starting again does not help: {}", text(&started));
    assert!(text(&started).contains("pantau-collector verify"), "{}", text(&started));
}
