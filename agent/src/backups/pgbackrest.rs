//! A pgBackRest stanza: `pgbackrest info --output=json`.
//!
//! Times are epoch seconds. A backup with page checksum failures (`error`) is partial. An increment is only as good as
//! what it builds upon: one whose reference is gone has failed. The data time is a backup's start, or its stop when asked
//! so, because a physical backup cannot be restored to before its stop.

use super::tool::{Asking, Tools, check_argument};
use super::{Found, SourceError};
use pantau_shared::assignment::BackupPgBackRest;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::limits::cut_text;
use serde::Deserialize;
use std::collections::BTreeSet;

const PROGRAM: &str = "pgbackrest";

/// One stanza of the answer.
#[derive(Debug, Deserialize)]
pub struct Stanza {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    backup: Vec<Backup>,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    lock: Locks,
}

#[derive(Debug, Default, Deserialize)]
struct Locks {
    #[serde(default)]
    backup: Lock,
}

#[derive(Debug, Default, Deserialize)]
struct Lock {
    #[serde(default)]
    held: bool,
}

#[derive(Debug, Deserialize)]
struct Backup {
    label: String,
    #[serde(rename = "type", default)]
    kind: String,
    timestamp: Span,
    #[serde(default)]
    error: Option<bool>,
    #[serde(default)]
    info: Info,
    #[serde(default)]
    reference: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: i64,
    stop: i64,
}

#[derive(Debug, Default, Deserialize)]
struct Info {
    #[serde(default)]
    size: Option<u64>,
}

/// Parses the answer of `pgbackrest info --output=json`.
///
/// # Errors
/// What is not that.
pub fn parse_pgbackrest_info(json: &[u8]) -> Result<Vec<Stanza>, serde_json::Error> {
    serde_json::from_slice(json)
}

impl Stanza {
    /// Its backups, and a running one where it holds the lock.
    pub fn artefacts(&self, data_time_is_stop: bool) -> Vec<BackupArtefact> {
        let there: BTreeSet<&str> = self.backup.iter().map(|backup| backup.label.as_str()).collect();
        let mut artefacts: Vec<BackupArtefact> =
            self.backup.iter().map(|backup| artefact(backup, &there, data_time_is_stop)).collect();
        if self.status.lock.backup.held {
            let name = cut_text(&format!("{} (running)", self.name));
            artefacts.push(BackupArtefact { name, status: BackupStatus::Running as i32, ..BackupArtefact::default() });
        }
        artefacts
    }

    /// Why the stanza as a whole is not well; none when it is, and when it merely holds no backup yet.
    pub fn trouble(&self) -> Option<String> {
        let meaning = match self.status.code {
            // 2: no valid backups. Nothing found is not an error.
            0 | 2 => return None,
            1 => {
                "the stanza or its path is missing (stanza-create was not run, or the agent may not read the repository)"
            }
            3 => "data are missing in the repository",
            4 => "the repositories of the stanza differ in their state",
            5 => "the repository does not fit the database",
            6 => "a backup is missing in the repository",
            _ => "the stanza is not well",
        };
        Some(cut_text(&format!("stanza {}: {meaning}: {} (code {})", self.name, self.status.message, self.status.code)))
    }
}

fn artefact(backup: &Backup, there: &BTreeSet<&str>, data_time_is_stop: bool) -> BackupArtefact {
    let references = backup.reference.clone().unwrap_or_default();
    let gone = references.iter().find(|label| !there.contains(label.as_str()));
    let (status, reason) = match (gone, backup.error) {
        (Some(gone), _) => (BackupStatus::Failed, format!("builds upon {gone}, which is gone")),
        (None, Some(true)) => (BackupStatus::Partial, "page checksums failed".to_owned()),
        (None, Some(false) | None) => (BackupStatus::Ok, String::new()),
    };
    let (start, stop) = (backup.timestamp.start.saturating_mul(1000), backup.timestamp.stop.saturating_mul(1000));
    BackupArtefact {
        name: cut_text(&backup.label),
        started_at_ms: Some(start),
        ended_at_ms: Some(stop),
        data_time_ms: Some(if data_time_is_stop { stop } else { start }),
        basis: DataTimeBasis::Start as i32,
        status: status as i32,
        size_bytes: backup.info.size,
        kind: cut_text(&backup.kind),
        references: references.iter().map(|label| cut_text(label)).collect(),
        reason: cut_text(&reason),
        ..BackupArtefact::default()
    }
}

fn asking(source: &BackupPgBackRest) -> Result<Asking, SourceError> {
    check_argument("stanza", &source.stanza)?;
    let mut arguments = vec!["info".to_owned(), "--output=json".into(), "--log-level-console=off".into()];
    arguments.extend(["--log-level-file=off".into(), "--log-level-stderr=error".into()]);
    arguments.push(format!("--stanza={}", source.stanza));
    if !source.config.is_empty() {
        check_argument("config", &source.config)?;
        arguments.push(format!("--config={}", source.config));
    }
    if source.repository > 0 {
        arguments.push(format!("--repo={}", source.repository));
    }
    Ok(Asking { program: PROGRAM, arguments, environment: Vec::new() })
}

/// Looks at the stanza now.
pub(crate) async fn read_pgbackrest(source: &BackupPgBackRest, tools: &Tools) -> Result<Found, SourceError> {
    let answer = tools.ask(asking(source)?).await?;
    if answer.code != Some(0) {
        let code = answer.code.map_or_else(|| "by a signal".to_owned(), |code| format!("(exit code {code})"));
        return Err(SourceError::Failed { program: PROGRAM, said: format!("failed {code}: {}", answer.complaint) });
    }
    let wrong = |source| SourceError::Answer { program: PROGRAM, source };
    let stanzas = parse_pgbackrest_info(&answer.output).map_err(wrong)?;
    let Some(stanza) = stanzas.into_iter().find(|stanza| stanza.name == source.stanza) else {
        return Err(SourceError::NotSetUp(format!("`pgbackrest` knows no stanza {}", source.stanza)));
    };
    match stanza.trouble() {
        // What it holds is still told; with nothing to tell, the trouble is the news.
        Some(trouble) if stanza.backup.is_empty() => Err(SourceError::NotSetUp(trouble)),
        Some(_) | None => {
            let location = cut_text(&source.stanza);
            Ok(Found { location, ..Found::of(stanza.artefacts(source.data_time_is_stop)) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(json: &str) -> Stanza {
        parse_pgbackrest_info(json.as_bytes()).expect("parses").remove(0)
    }

    #[test]
    fn an_increment_without_its_base_has_failed() {
        let stanza = stanza(
            r#"[{"name":"main","status":{"code":0,"lock":{"backup":{"held":true}}},"backup":[
            {"label":"2F","type":"full","timestamp":{"start":20,"stop":30},"info":{"size":9}},
            {"label":"2F_3I","type":"incr","timestamp":{"start":40,"stop":50},"reference":["2F"],"error":null},
            {"label":"1F_3D","type":"diff","timestamp":{"start":60,"stop":70},"reference":["1F"]}]}]"#,
        );
        let seen = stanza.artefacts(true);
        let told: Vec<_> = seen.iter().map(|a| (a.name.as_str(), a.status(), a.data_time_ms)).collect();
        assert_eq!(
            told,
            [
                ("2F", BackupStatus::Ok, Some(30_000)),
                ("2F_3I", BackupStatus::Ok, Some(50_000)),
                ("1F_3D", BackupStatus::Failed, Some(70_000)),
                ("main (running)", BackupStatus::Running, None),
            ]
        );
        assert_eq!(
            (seen[1].references.as_slice(), seen[2].reason.as_str()),
            (["2F".to_owned()].as_slice(), "builds upon 1F, which is gone")
        );
    }

    #[test]
    fn a_stanza_says_why_it_is_not_well() {
        let missing = stanza(
            r#"[{"archive":[],"backup":[],"cipher":"none","db":[],"name":"nope","status":{"code":1,"message":"missing stanza path"}}]"#,
        );
        assert!(missing.trouble().is_some_and(|said| said.contains("missing stanza path (code 1)")));
        assert_eq!(stanza(r#"[{"name":"new","status":{"code":2,"message":"no valid backups"}}]"#).trouble(), None);
        assert!(stanza(r#"[{"name":"x","status":{"code":99,"message":"other"}}]"#).trouble().is_some());
        assert!(parse_pgbackrest_info(b"{}").is_err());
    }
}
