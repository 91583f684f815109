//! A restic repository: `restic snapshots --json`, without a lock, so that looking never stands in a backup's way.
//!
//! `time` is the start of a backup. Its end and size are told since restic 0.17; before that the end is when the
//! collector first saw it. A listing does not tell an incomplete snapshot (exit code 3) from a whole one: only the
//! wrapper's record of the run does, see [`super::runs`].

use super::tool::{Answer, Asking, Tools, check_argument, hide_password, read_environment};
use super::{Found, SourceError};
use chrono::DateTime;
use pantau_shared::assignment::BackupRestic;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::limits::{FILTERS_MAX, cut_text};
use serde::Deserialize;

const PROGRAM: &str = "restic";

#[derive(Deserialize)]
struct Snapshot {
    time: String,
    id: String,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    backup_start: Option<String>,
    #[serde(default)]
    backup_end: Option<String>,
    #[serde(default)]
    total_files_processed: Option<u64>,
    #[serde(default)]
    total_bytes_processed: Option<u64>,
}

/// Parses the answer of `restic snapshots --json`: a list, or `null` for an empty repository.
///
/// # Errors
/// What is not that.
pub fn parse_restic_snapshots(json: &[u8]) -> Result<Vec<BackupArtefact>, serde_json::Error> {
    let snapshots: Option<Vec<Snapshot>> = serde_json::from_slice(json)?;
    Ok(snapshots.unwrap_or_default().into_iter().map(artefact).collect())
}

fn artefact(snapshot: Snapshot) -> BackupArtefact {
    let summary = snapshot.summary.as_ref();
    let started = summary.and_then(|s| s.backup_start.as_deref()).and_then(parse_time);
    let started = started.or_else(|| parse_time(&snapshot.time));
    let mut paths = snapshot.paths;
    paths.sort();
    BackupArtefact {
        name: cut_text(&snapshot.id),
        started_at_ms: started,
        ended_at_ms: summary.and_then(|s| s.backup_end.as_deref()).and_then(parse_time),
        data_time_ms: started,
        basis: DataTimeBasis::Start as i32,
        status: BackupStatus::Ok as i32,
        size_bytes: summary.and_then(|s| s.total_bytes_processed),
        items: summary.and_then(|s| s.total_files_processed),
        group: cut_text(&format!("{}|{}", snapshot.hostname, paths.join(","))),
        ..BackupArtefact::default()
    }
}

fn parse_time(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis())
}

/// What an exit code means; restic before 0.17 says it in words only.
fn explain(answer: &Answer) -> String {
    let said = &answer.complaint;
    let meaning = match answer.code {
        Some(10) => "finds no repository there",
        Some(11) => "cannot lock the repository",
        Some(12) => "was given a wrong password",
        _ if said.contains("wrong password") => "was given a wrong password",
        _ if said.contains("unable to open config file") || said.contains("Is there a repository") => {
            "finds no repository there"
        }
        _ if said.contains("already locked") => "cannot lock the repository",
        Some(_) => "failed",
        None => "was ended by a signal",
    };
    let code = answer.code.map_or_else(String::new, |code| format!(" (exit code {code})"));
    format!("{meaning}{code}: {said}")
}

fn asking(source: &BackupRestic, tools: &Tools) -> Result<Asking, SourceError> {
    let mut arguments = vec!["snapshots".to_owned(), "--json".into(), "--no-lock".into(), "--quiet".into()];
    if source.repository_file.is_empty() {
        check_argument("repository", &source.repository)?;
        arguments.extend(["--repo".into(), source.repository.clone()]);
    } else {
        check_argument("repository_file", &source.repository_file)?;
        arguments.extend(["--repository-file".into(), source.repository_file.clone()]);
    }
    if !source.password_file.is_empty() {
        check_argument("password_file", &source.password_file)?;
        arguments.extend(["--password-file".into(), source.password_file.clone()]);
    }
    for path in source.paths.iter().take(FILTERS_MAX) {
        arguments.push(format!("--path={path}"));
    }
    if !source.tags.is_empty() {
        // Tags of one list must all be there; lists apart would each do.
        let tags: Vec<&str> = source.tags.iter().take(FILTERS_MAX).map(String::as_str).collect();
        arguments.push(format!("--tag={}", tags.join(",")));
    }
    if !source.host.is_empty() {
        arguments.push(format!("--host={}", source.host));
    }
    if tools.cache_dir.is_none() {
        arguments.push("--no-cache".into());
    }
    let environment = read_environment(&source.environment_file)?;
    Ok(Asking { program: PROGRAM, arguments, environment })
}

/// Looks at the repository now.
pub(crate) async fn read_restic(source: &BackupRestic, tools: &Tools) -> Result<Found, SourceError> {
    if !source.password_file.is_empty() {
        // Better told by us than by the tool: whose rights are missing.
        super::tool::read_secret(&source.password_file)?;
    }
    let answer = tools.ask(asking(source, tools)?).await?;
    if answer.code != Some(0) {
        return Err(SourceError::Failed { program: PROGRAM, said: explain(&answer) });
    }
    let wrong = |source| SourceError::Answer { program: PROGRAM, source };
    let artefacts = parse_restic_snapshots(&answer.output).map_err(wrong)?;
    let location = if source.repository_file.is_empty() { &source.repository } else { &source.repository_file };
    Ok(Found { location: hide_password(location), ..Found::of(artefacts) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_repository_and_nonsense() {
        assert_eq!(parse_restic_snapshots(b"null").expect("none"), []);
        assert_eq!(parse_restic_snapshots(b"[]").expect("none"), []);
        assert!(parse_restic_snapshots(b"{\"message_type\":\"exit_error\"}").is_err());
        assert!(parse_restic_snapshots(b"").is_err());
    }

    #[test]
    fn exit_codes_and_words_of_old_versions_mean_the_same() {
        let said = |code, complaint: &str| explain(&Answer { code, complaint: complaint.into(), output: Vec::new() });
        assert!(said(Some(12), "").starts_with("was given a wrong password (exit code 12)"));
        assert!(said(Some(1), "Fatal: wrong password or no key found").starts_with("was given a wrong password"));
        assert!(said(Some(1), "Fatal: unable to open config file: stat").starts_with("finds no repository"));
        assert!(said(Some(10), "").starts_with("finds no repository"));
        assert!(said(Some(11), "").starts_with("cannot lock"));
        assert!(said(Some(77), "x").starts_with("failed (exit code 77): x"));
        assert!(said(None, "").starts_with("was ended by a signal"));
    }

    #[test]
    fn filters_are_arguments_of_their_own() {
        let source = BackupRestic {
            repository: "/srv/repo".into(),
            host: "app1".into(),
            paths: vec!["/etc".into()],
            tags: vec!["harian".into(), "db".into()],
            ..BackupRestic::default()
        };
        let asking = asking(&source, &Tools::default()).expect("asks");
        let expected =
            "snapshots --json --no-lock --quiet --repo /srv/repo --path=/etc --tag=harian,db --host=app1 --no-cache";
        assert_eq!(asking.arguments.join(" "), expected);
    }
}
