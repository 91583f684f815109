//! The real binary: help, configuration errors, exit codes, one look as JSON.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn agent(arguments: &[&str]) -> Ran {
    let child = Command::new(env!("CARGO_BIN_EXE_pantau-agent"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let output = output.expect("ends").expect("runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A configuration whose data directory is empty.
fn empty_host() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("agent.toml");
    let text = format!("data_dir = \"{}\"\n[metrics]\nenabled = false\n", directory.path().join("data").display());
    std::fs::write(&path, text).expect("writes");
    let path = path.display().to_string();
    (directory, path)
}

#[tokio::test]
async fn help_is_enough_to_begin_with() {
    let help = agent(&["--help"]).await;
    assert_eq!(help.code, Some(0));
    for word in
        ["run", "check-config", "once", "doctor", "backup-run", "join", "host join-token", "Exit codes", "PANTAU_LOG"]
    {
        assert!(help.stdout.contains(word), "{word} is missing in\n{}", help.stdout);
    }
    let join = agent(&["join", "--help"]).await;
    assert!(join.stdout.contains("Example: pantau-agent join https://"), "{}", join.stdout);
}

#[tokio::test]
async fn bad_usage_is_two() {
    for arguments in [&[][..], &["fly"], &["run", "--colour"], &["join", "only-url"]] {
        assert_eq!(agent(arguments).await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_bad_file_is_told_whole_whatever_the_command() {
    let golden = include_str!("config/bad/many.txt");
    for command in ["check-config", "run", "once", "doctor"] {
        let ran = agent(&[command, "--config", "many.toml"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert_eq!(ran.stderr, format!("pantau-agent: {golden}"));
    }
    let missing = agent(&["check-config", "--config", "/no/such/agent.toml"]).await;
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("cannot read configuration /no/such/agent.toml: No such file"),
        "{}",
        missing.stderr
    );
}

#[tokio::test]
async fn a_good_file_is_told_so() {
    let (_directory, config) = empty_host();
    let ran = agent(&["check-config", "--config", &config]).await;
    assert_eq!((ran.code, ran.stdout), (Some(0), format!("{config}: configuration is good\n")));
}

#[tokio::test]
async fn once_prints_json_even_before_joining() {
    let (_directory, config) = empty_host();
    let ran = agent(&["once", "--config", &config]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let seen: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(seen["sample"]["memory"]["total_bytes"].as_u64().expect("memory") > 0);
    assert!(seen["host"]["hostname"].is_string() && seen["probes"].is_array() && seen["backups"].is_array());
}

#[tokio::test]
async fn doctor_tells_people_and_scripts_what_is_to_mend() {
    let (directory, config) = empty_host();
    let ran = agent(&["doctor", "--config", &config]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("BAD      joined"), "{}", ran.stdout);
    assert!(ran.stdout.contains("pantau-agent join URL TOKEN") && ran.stdout.contains(" to mend, "), "{}", ran.stdout);
    assert!(!directory.path().join("data").exists(), "looking changes nothing");
    let ran = agent(&["doctor", "--json", "--config", &config]).await;
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, told["healthy"].as_bool()), (Some(1), Some(false)));
    let subjects: Vec<_> = told["findings"].as_array().expect("list").iter().map(|f| f["subject"].clone()).collect();
    for subject in ["sampler", "clock", "data", "joined", "icmp"] {
        assert!(subjects.iter().any(|found| found == subject), "{subject} is missing in {subjects:?}");
    }
}

#[tokio::test]
async fn running_before_joining_tells_the_remedy() {
    let (_directory, config) = empty_host();
    let ran = agent(&["run", "--config", &config]).await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("has not joined") && ran.stderr.contains("pantau-agent join URL TOKEN"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn joining_with_nonsense_is_refused_without_repeating_it() {
    let (_directory, config) = empty_host();
    let secret = "pantau1.secretsecret.-";
    let ran = agent(&["join", "http://127.0.0.1:9", secret, "--config", &config]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("not a join token") && !ran.stderr.contains("secretsecret"), "{}", ran.stderr);
}

#[tokio::test]
async fn backup_run_passes_output_and_exit_code_and_leaves_a_record() {
    let (directory, _) = empty_host();
    let runs = directory.path().join("runs");
    std::fs::create_dir(&runs).expect("creates");
    let config = directory.path().join("runs.toml");
    std::fs::write(&config, format!("[backups]\nruns_dir = \"{}\"\n", runs.display())).expect("writes");
    let config = config.display().to_string();
    let words = ["backup-run", "--set", "db", "--config", &config, "--", "sh", "-c", "echo hai; echo aduh >&2; exit 7"];
    let ran = agent(&words).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(7), "hai\n", "aduh\n"));
    let names: Vec<_> =
        std::fs::read_dir(&runs).expect("lists").map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(names.len(), 1);
    assert!(names[0].to_string_lossy().starts_with("db."), "{names:?}");
    // A broken configuration must not keep a backup from being made.
    std::fs::write(&config, "backups = 1").expect("writes");
    let ran = agent(&["backup-run", "--set", "db", "--config", &config, "--", "true"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("backups"), "{}", ran.stderr);
    for bad in [&["backup-run", "--set", "Ä", "--", "true"][..], &["backup-run"]] {
        assert_eq!(agent(bad).await.code, Some(2), "{bad:?}");
    }
}
