//! A Borg repository: `borg list --json` for names and times, `borg info --json` for sizes, both without a lock.
//!
//! Borg 1 tells times without their zone; it is run with `TZ=UTC`, so they are UTC. A warning (a file that changed or
//! vanished) still makes an archive; only the wrapper's record of the run tells it, see [`super::runs`]. Sizes need Borg's
//! cache and come from the newest archives only; without a cache there are none, which is no error.

use super::tool::{Answer, Asking, Tools, check_argument, hide_password, read_secret};
use super::zone::Zone;
use super::{Found, SourceError};
use chrono::{DateTime, NaiveDateTime};
use pantau_shared::assignment::BackupBorg;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::limits::{ARTEFACTS_MAX, cut_text};
use serde::Deserialize;

const PROGRAM: &str = "borg";

/// Of how many archives, the newest, the size is asked.
const SIZED: usize = 8;

#[derive(Deserialize)]
struct Listing {
    archives: Vec<Archive>,
}

#[derive(Deserialize)]
struct Archive {
    #[serde(alias = "archive")]
    name: String,
    #[serde(default)]
    id: String,
    #[serde(default, alias = "time")]
    start: String,
    #[serde(default)]
    end: Option<String>,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    original_size: Option<u64>,
    #[serde(default)]
    nfiles: Option<u64>,
}

/// Parses the answer of `borg list --json` or `borg info --json`. `zone` is that of times that do not tell theirs.
///
/// # Errors
/// What is not that.
pub fn parse_borg_list(json: &[u8], zone: &Zone) -> Result<Vec<BackupArtefact>, serde_json::Error> {
    // Borg tells name and time twice, under an old key and a new one: a plain value takes the last, a struct refuses.
    let mut value: serde_json::Value = serde_json::from_slice(json)?;
    for archive in value.get_mut("archives").and_then(|list| list.as_array_mut()).into_iter().flatten() {
        if let Some(fields) = archive.as_object_mut() {
            for (old, new) in [("archive", "name"), ("time", "start")] {
                if fields.contains_key(new) {
                    fields.remove(old);
                }
            }
        }
    }
    let listing: Listing = serde_json::from_value(value)?;
    Ok(listing.archives.into_iter().map(|archive| artefact(archive, zone)).collect())
}

fn artefact(archive: Archive, zone: &Zone) -> BackupArtefact {
    let started = parse_time(&archive.start, zone);
    BackupArtefact {
        name: cut_text(if archive.id.is_empty() { &archive.name } else { &archive.id }),
        started_at_ms: started,
        ended_at_ms: archive.end.as_deref().and_then(|end| parse_time(end, zone)),
        data_time_ms: started,
        basis: DataTimeBasis::Start as i32,
        status: BackupStatus::Ok as i32,
        size_bytes: archive.stats.as_ref().and_then(|stats| stats.original_size),
        items: archive.stats.as_ref().and_then(|stats| stats.nfiles),
        group: cut_text(&format!("{}|{}", archive.hostname, archive.name)),
        ..BackupArtefact::default()
    }
}

/// A time with its zone (Borg 2), or one of `zone`. An hour that a clock change repeats is taken as the first.
fn parse_time(text: &str, zone: &Zone) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    zone.instant(local)
}

/// What an exit code means (Borg 1.4 gives reasons a code of their own when asked to; 1.2 says them in words).
fn explain(answer: &Answer) -> String {
    let said = &answer.complaint;
    let meaning = match answer.code {
        Some(13 | 15) => "finds no repository there",
        Some(52 | 53) => "was given a wrong passphrase",
        Some(70..=75) => "cannot lock the repository",
        _ if said.contains("assphrase supplied") || said.contains("passphrase is incorrect") => {
            "was given a wrong passphrase"
        }
        _ if said.contains("does not exist") || said.contains("not a valid repository") => "finds no repository there",
        _ if said.contains("Failed to create/acquire the lock") => "cannot lock the repository",
        Some(_) => "failed",
        None => "was ended by a signal",
    };
    let code = answer.code.map_or_else(String::new, |code| format!(" (exit code {code})"));
    format!("{meaning}{code}: {said}")
}

fn asking(source: &BackupBorg, verb: &str, last: usize, tools: &Tools) -> Result<Asking, SourceError> {
    check_argument("repository", &source.repository)?;
    let last = last.to_string();
    let mut arguments: Vec<String> = [verb, "--json", "--bypass-lock", "--last", &last].map(str::to_owned).into();
    if verb == "list" {
        // Keys in the form are added to the JSON.
        arguments.extend(["--format".into(), "{start}{end}{hostname}{id}".into()]);
    }
    if !source.archives.is_empty() {
        arguments.push(format!("--glob-archives={}", source.archives));
    }
    arguments.push(source.repository.clone());
    let yes = |name: &str| (name.to_owned(), "yes".to_owned());
    // Questions would wait for an answer for ever. Reading a moved or unencrypted repository endangers nothing.
    let mut environment =
        vec![yes("BORG_RELOCATED_REPO_ACCESS_IS_OK"), yes("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK")];
    environment.push(("BORG_EXIT_CODES".into(), "modern".into()));
    environment.push(("BORG_PASSPHRASE".into(), String::new()));
    if !source.passphrase_file.is_empty() {
        environment.retain(|(name, _)| name != "BORG_PASSPHRASE");
        environment.push(("BORG_PASSPHRASE".into(), read_secret(&source.passphrase_file)?));
    }
    let base = tools.cache_dir.as_ref().map_or_else(std::env::temp_dir, |folder| folder.join("borg"));
    environment.push(("BORG_BASE_DIR".into(), base.display().to_string()));
    Ok(Asking { program: PROGRAM, arguments, environment })
}

/// Looks at the repository now.
pub(crate) async fn read_borg(source: &BackupBorg, tools: &Tools) -> Result<Found, SourceError> {
    let answer = tools.ask(asking(source, "list", ARTEFACTS_MAX, tools)?).await?;
    // A warning (1, 100 to 127) still answers.
    if !matches!(answer.code, Some(0 | 1 | 100..=127)) {
        return Err(SourceError::Failed { program: PROGRAM, said: explain(&answer) });
    }
    let wrong = |source| SourceError::Answer { program: PROGRAM, source };
    let mut artefacts = parse_borg_list(&answer.output, &Zone::utc()).map_err(wrong)?;
    if tools.cache_dir.is_some() && !artefacts.is_empty() {
        let sized = tools.ask(asking(source, "info", SIZED, tools)?).await;
        let sized = sized.ok().and_then(|answer| parse_borg_list(&answer.output, &Zone::utc()).ok());
        for known in sized.unwrap_or_default() {
            if let Some(artefact) = artefacts.iter_mut().find(|artefact| artefact.name == known.name) {
                (artefact.size_bytes, artefact.items) = (known.size_bytes, known.items);
            }
        }
    }
    Ok(Found { location: hide_password(&source.repository), ..Found::of(artefacts) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::timestamp::Timestamp;

    /// As Borg 1.2.4 answers `list --json --format …`.
    const LIST: &[u8] = br#"{"archives":[{"archive":"app1-1","barchive":"app1-1","comment":"","end":"2026-06-09T18:42:30.000000",
        "hostname":"app1","id":"1b74","name":"app1-1","start":"2026-06-09T18:00:00.000000","time":"2026-06-09T18:00:00.000000"}],
        "encryption":{"mode":"repokey-blake2"},"repository":{"id":"7f","last_modified":"2026-06-09T18:42:30.000000","location":"/r"}}"#;

    #[test]
    fn times_without_zone_are_of_the_given_one() {
        let at = |zone: &Zone| {
            let archive = parse_borg_list(LIST, zone).expect("parses").remove(0);
            Timestamp::from_ms(archive.data_time_ms.expect("a time")).to_string()
        };
        assert_eq!(at(&Zone::utc()), "2026-06-09T18:00:00Z");
        assert_eq!(at(&Zone::read("Asia/Jakarta").expect("tzdata is installed")), "2026-06-09T11:00:00Z");
        let archive = parse_borg_list(LIST, &Zone::utc()).expect("parses").remove(0);
        assert_eq!((archive.name.as_str(), archive.group.as_str()), ("1b74", "app1|app1-1"));
        assert_eq!(archive.ended_at_ms.zip(archive.started_at_ms).map(|(e, s)| e - s), Some(2_550_000));
    }

    #[test]
    fn info_tells_sizes() {
        let info = br#"{"archives":[{"name":"a","id":"1","start":"2026-06-09T18:00:00.000000+00:00","end":"2026-06-09T18:00:01.000000",
            "duration":1.0,"stats":{"original_size":300003,"compressed_size":300089,"deduplicated_size":510,"nfiles":2}}]}"#;
        let archive = parse_borg_list(info, &Zone::utc()).expect("parses").remove(0);
        assert_eq!((archive.size_bytes, archive.items), (Some(300_003), Some(2)));
        assert!(parse_borg_list(b"[]", &Zone::utc()).is_err());
    }

    #[test]
    fn exit_codes_and_words_mean_the_same() {
        let said = |code, complaint: &str| explain(&Answer { code, complaint: complaint.into(), output: Vec::new() });
        assert!(said(Some(2), "Repository /tmp/nope does not exist.").starts_with("finds no repository"));
        assert!(said(Some(13), "").starts_with("finds no repository"));
        assert!(said(Some(2), "passphrase supplied in BORG_PASSPHRASE is incorrect.").starts_with("was given a wrong"));
        assert!(said(Some(73), "").starts_with("cannot lock"));
        assert!(said(Some(2), "x").starts_with("failed"));
    }
}
