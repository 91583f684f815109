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
        "token",
        "report",
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
