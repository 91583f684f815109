//! The real program from the outside: what it says and with which exit code, when it is used wrongly.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

/// Runs the program to its end, which must come soon.
fn collector(arguments: &[&str]) -> Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_pantau-collector"))
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        tokio::time::timeout(Duration::from_secs(60), output).await.expect("the program ends").expect("it starts")
    })
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_names_every_command() {
    let output = collector(&["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    for command in [
        "serve",
        "quickstart",
        "check-config",
        "catalogue",
        "host",
        "user",
        "heartbeat",
        "token",
        "report",
        "rule",
        "backup",
        "restore",
        "verify",
    ] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(command)), "{command} is missing:\n{text}");
    }
}

#[test]
fn bad_usage_and_bad_configuration_end_with_two() {
    assert_eq!(collector(&["nonsense"]).status.code(), Some(2));
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("collector.toml");
    std::fs::write(&file, "listen = \"nowhere\"\nlisen = 1\n").expect("writes");
    let output = collector(&["check-config", file.to_str().expect("text")]);
    let text = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("collector.toml:1:") && text.contains("collector.toml:2:"), "all faults at once:\n{text}");
}

#[test]
fn a_taken_port_is_told_and_nothing_is_left_running() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("bound").to_string();
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let output = collector(&["quickstart", "--listen", &address, "--data-dir", data.to_str().expect("text")]);
    let text = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&address), "the address is named:\n{text}");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const EXAMPLE: &str = include_str!("../../config/catalogue.example.toml");

/// A folder with a configuration, and its catalogue's commands.
struct Office(tempfile::TempDir);

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let text = format!(
            "listen = [\"127.0.0.1:0\"]\ndata_dir = \"{0}/data\"\ncatalogue = \"{0}/catalogue.toml\"\n",
            folder.path().display()
        );
        std::fs::create_dir(folder.path().join("data")).expect("folder");
        std::fs::write(folder.path().join("collector.toml"), text).expect("writes");
        Self(folder)
    }

    fn catalogue(&self, command: &str, text: Option<&str>) -> Output {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        let (config, file) = (path("collector.toml"), path("new.toml"));
        let mut arguments = vec!["catalogue", command];
        if let Some(text) = text {
            std::fs::write(&file, text).expect("writes");
            arguments.push(&file);
        }
        arguments.extend(["--config", &config]);
        collector(&arguments)
    }
}

#[test]
fn a_catalogue_is_checked_compared_applied_once_and_exported() {
    let office = Office::new();
    let applied = office.catalogue("apply", Some(EXAMPLE));
    assert!(applied.status.success(), "{}", errors(&applied));
    assert!(said(&applied).starts_with("revision 1 is in force"), "{}", said(&applied));
    let again = said(&office.catalogue("apply", Some(EXAMPLE)));
    assert_eq!(again.trim_end(), "revision 1 is in force already; nothing changes");
    assert_eq!(said(&office.catalogue("export", None)).trim_end(), EXAMPLE.trim_end());
    let stricter = EXAMPLE.replacen("target_ketersediaan = 99.5\n", "target_ketersediaan = 99.9\n", 1);
    let differs = said(&office.catalogue("diff", Some(&stricter)));
    assert!(differs.contains("* layanan[simpeg].target_ketersediaan: 99.5 → 99.9"), "{differs}");
    assert!(said(&office.catalogue("diff", Some(EXAMPLE))).starts_with("no differences"));
    let late = office.catalogue("apply", Some(&format!("berlaku_sejak = 2020-01-01\n{stricter}")));
    assert_eq!(late.status.code(), Some(1));
    assert!(errors(&late).contains("lies in a month that is closed"), "{}", errors(&late));
    let dated = said(&office.catalogue("apply", Some(&format!("berlaku_sejak = 2099-01-01\n{stricter}"))));
    assert!(dated.contains("revision 2 is in force") && dated.contains("from 2099-01-01 00:00 +07:00 on"), "{dated}");
    for command in ["check", "diff", "apply"] {
        let faulty = office.catalogue(command, Some("[[layanan]]\n"));
        assert_eq!(faulty.status.code(), Some(2), "{command}");
        assert!(errors(&faulty).contains("layanan[1].nama: is missing"), "{}", errors(&faulty));
    }
    let checked = said(&office.catalogue("check", Some(EXAMPLE)));
    assert!(checked.contains("buka berikutnya"), "the next openings are told: {checked}");
}
