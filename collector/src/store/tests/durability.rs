//! Acknowledged means durable: a process is killed while it writes; everything it was told is committed is there.
//!
//! The test starts its own executable again as the writer. A killed process shows that no answer came before its
//! commit and that the file opens again; that a commit survives a cut of power rests on `synchronous=FULL`, which
//! another test asserts.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const FOLDER: &str = "PANTAU_TEST_DURABILITY_FOLDER";
const NAME: &str = "store::tests::durability::what_was_acknowledged_survives_a_kill";

/// Writes for ever and prints each acknowledged number.
fn write_for_ever(folder: &Path) {
    let store = Store::open(&folder.join("pantau.db"), at(0)).expect("opens");
    let first = store.read(|r| r.facts_after(FactCursor(0), usize::MAX)).expect("reads").facts.len() as u64 + 1;
    let mut out = std::io::stdout();
    for seq in first.. {
        let sent = batch(&host("web-01"), 1, vec![(seq, seq as i64, Some(probe("c")))]);
        let accepted = wait(store.write(move |w| w.accept_batch(sent))).expect("accepted");
        writeln!(out, "acknowledged {}", accepted.acknowledged_seq).and_then(|()| out.flush()).expect("the test reads");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write_for_ever(Path::new(&folder));
    }
    let fixture = Fixture::new();
    fixture.enrol("web-01");
    let Fixture { folder, store } = fixture;
    drop(store);
    for kill_after in [1, 7, 40] {
        let mut child = Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut told = lines
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("acknowledged ").and_then(|(_, number)| number.parse::<u64>().ok()));
        let mut last = told.by_ref().take(kill_after).last().expect("acknowledged something");
        child.kill().expect("SIGKILL");
        // What it still managed to say before it died.
        last = told.last().unwrap_or(last);
        child.wait().expect("reaped");
        let store = Store::open(&folder.path().join("pantau.db"), at(0)).expect("opens after the kill");
        let facts = store.read(|r| r.facts_after(FactCursor(0), usize::MAX)).expect("reads").facts;
        assert!(facts.len() as u64 >= last, "{} facts, {last} acknowledged", facts.len());
        let seconds: Vec<_> = facts.iter().map(|fact| fact.at.ms_since(at(0)) / 1000).collect();
        assert_eq!(seconds, (1..=facts.len() as i64).collect::<Vec<_>>(), "each once, in order");
        let check =
            store.read(|r| r.row("check", "PRAGMA integrity_check", (), |row| columns::column::<String>(row, 0)));
        assert_eq!(check.expect("checks"), Some("ok".into()));
    }
}
