//! Folders of good and bad files, the bad ones with their golden error text; and the generated reference.

use super::raw::SETTINGS;
use super::*;
use std::fs;
use std::time::Duration;

fn folder(name: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(name);
    let mut files: Vec<_> = fs::read_dir(path).expect("lists").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn good_files_are_accepted() {
    for path in folder("good") {
        if let Err(error) = Config::load(Some(&path)) {
            panic!("{error}");
        }
    }
}

/// `PANTAU_BLESS=1 cargo test -p pantau-agent config` writes the golden texts anew.
#[test]
fn bad_files_are_refused_with_all_their_errors() {
    for path in folder("bad") {
        let text = fs::read_to_string(&path).expect("reads");
        let problems = Config::parse(&text).expect_err("bad");
        let name = Path::new(path.file_name().expect("name"));
        let told = format!("{}\n", render_problems(name, &problems));
        let golden = path.with_extension("txt");
        if std::env::var_os("PANTAU_BLESS").is_some() {
            fs::write(&golden, &told).expect("writes");
        }
        assert_eq!(told, fs::read_to_string(&golden).expect("golden text"), "{}", path.display());
    }
}

#[test]
fn the_reference_file_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/agent.reference.toml");
    if std::env::var_os("PANTAU_BLESS").is_some() {
        fs::write(&path, render_reference()).expect("writes");
    }
    assert_eq!(fs::read_to_string(path).expect("reads"), render_reference());
}

#[test]
fn defaults_in_the_reference_are_the_programs_and_examples_are_accepted() {
    let defaults = Config::parse("").expect("defaults");
    for setting in SETTINGS {
        let (default, example) = setting.texts();
        if !default.is_empty() {
            assert_eq!(
                Config::parse(&format!("{} = {default}", setting.key)).as_ref(),
                Ok(&defaults),
                "{}",
                setting.key
            );
        }
        let changed = Config::parse(&format!("{} = {example}", setting.key)).expect("example");
        assert_ne!(changed, defaults, "{}", setting.key);
    }
}

#[test]
fn values_are_taken_over() {
    let config =
        Config::parse("sample_period = \"2m\"\nspool.max_bytes = 2_097_152\nmetrics.enabled = false").expect("good");
    assert_eq!(config.sample_period, Duration::from_secs(120));
    assert_eq!((config.spool_bytes_max, config.metrics_listen), (2 * 1024 * 1024, None));
}

#[test]
fn a_named_file_must_be_there() {
    let missing = Config::load(Some(Path::new("/no/such/agent.toml")));
    assert!(matches!(missing, Err(ConfigError::Read { .. })));
}
