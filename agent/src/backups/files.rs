//! Files that match a pattern, each of them one artefact: which there are, and what is known of each.
//!
//! Their end is their last modification. Their data time follows [`super::file_time`]; whether they are whole follows
//! [`super::content`]; what became of the command that wrote them follows [`super::runs`].

use super::content::stream::Wholeness;
use super::content::{Demands, FileKey, Reading};
use super::file_time::{Clues, NameTime, parse_pattern};
use super::runs;
use super::zone::Zone;
use glob::{MatchOptions, glob_with};
use pantau_shared::assignment::BackupFiles;
use pantau_shared::backup::{BackupArtefact, BackupRun, BackupStatus};
use pantau_shared::limits::cut_text;
use regex_lite::Regex;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

/// Most matching entries looked at; a pattern that matches more is told as an error instead of judged by a part.
const ENTRIES_MAX: u64 = 20_000;

/// Longest expression that finds the time in a name, in bytes.
const EXPRESSION_BYTES_MAX: usize = 500;

/// Why files cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The pattern is not absolute.
    #[error("assignment: pattern `{pattern}` does not begin with /")]
    Relative {
        /// Which.
        pattern: String,
    },
    /// The pattern is no pattern.
    #[error("assignment: pattern `{pattern}` cannot be used")]
    Pattern {
        /// Which.
        pattern: String,
    },
    /// The zone is not known.
    #[error("zone `{zone}` is not among this host's (package tzdata); times in names need one, such as Asia/Jakarta")]
    Zone {
        /// Which.
        zone: String,
    },
    /// The expression for names cannot be used.
    #[error("assignment: expression `{expression}` cannot be used; it needs the groups y, mo, d and h")]
    Expression {
        /// Which.
        expression: String,
    },
    /// A directory cannot be listed.
    #[error("cannot list {path}: the agent's user needs to be able to read it")]
    List {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// More than the bound.
    #[error("more than {ENTRIES_MAX} files match `{pattern}`")]
    TooMany {
        /// Which.
        pattern: String,
    },
}

/// An assignment that can be used.
#[derive(Debug, Clone)]
pub struct FileRules {
    glob: String,
    time: NameTime,
    zone: Option<Zone>,
    settle_ms: i64,
    duration_ms: Option<i64>,
    born_here: bool,
    pub(crate) read_content: bool,
    pub(crate) demands: Demands,
}

impl FileRules {
    /// Checks what was assigned.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn resolve(source: &BackupFiles) -> Result<Self, FilesError> {
        let pattern = &source.pattern;
        if !pattern.starts_with('/') {
            return Err(FilesError::Relative { pattern: cut_text(pattern) });
        }
        let refused = || FilesError::Pattern { pattern: cut_text(pattern) };
        let (glob, told) = parse_pattern(pattern).ok_or_else(refused)?;
        let bad_zone = || FilesError::Zone { zone: cut_text(&source.zone) };
        let zone = match source.zone.as_str() {
            "" => None,
            name => Some(Zone::read(name).ok_or_else(bad_zone)?),
        };
        let time = if !source.name_pattern.is_empty() {
            let refused = || FilesError::Expression { expression: cut_text(&source.name_pattern) };
            let expression = Some(&source.name_pattern).filter(|text| text.len() <= EXPRESSION_BYTES_MAX);
            let regex = expression.and_then(|text| Regex::new(text).ok()).ok_or_else(refused)?;
            let named: Vec<&str> = regex.capture_names().flatten().collect();
            if !["y", "mo", "d", "h"].iter().all(|group| named.contains(group)) {
                return Err(refused());
            }
            NameTime::Groups(Box::new(regex), zone.clone().ok_or_else(bad_zone)?)
        } else if let Some(told) = told {
            let regex = Regex::new(&told).map_err(|_| refused())?;
            NameTime::Groups(Box::new(regex), zone.clone().ok_or_else(bad_zone)?)
        } else {
            NameTime::Usual(zone.clone())
        };
        Ok(Self {
            glob,
            time,
            zone,
            settle_ms: i64::from(source.settle_seconds) * 1000,
            duration_ms: Some(i64::from(source.duration_seconds) * 1000).filter(|ms| *ms > 0),
            born_here: source.born_here,
            read_content: source.read_content,
            demands: Demands { trailer: source.trailer.clone(), bytes_max: source.read_bytes_max },
        })
    }
}

/// One file as it was listed.
#[derive(Debug, Clone)]
pub struct Listed {
    pub(crate) path: PathBuf,
    pub(crate) key: FileKey,
    size: u64,
    modified_ms: i64,
    birth_ms: Option<i64>,
}

impl Listed {
    /// A file of which no more is known than this; times are Unix ms.
    pub fn new(path: impl Into<PathBuf>, size: u64, modified_ms: i64, birth_ms: Option<i64>) -> Self {
        Self { path: path.into(), key: FileKey::default(), size, modified_ms, birth_ms }
    }
}

/// Lists the files now.
pub(crate) fn list_files(rules: &FileRules) -> Result<Vec<Listed>, FilesError> {
    let refused = |_| FilesError::Pattern { pattern: cut_text(&rules.glob) };
    let options =
        MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let mut found = Vec::new();
    let mut entries = 0;
    for path in glob_with(&rules.glob, options).map_err(refused)? {
        entries += 1;
        if entries > ENTRIES_MAX {
            return Err(FilesError::TooMany { pattern: cut_text(&rules.glob) });
        }
        let path = path.map_err(|error| {
            let path = error.path().display().to_string();
            FilesError::List { path, source: error.into() }
        })?;
        // A file may be rotated away between listing and looking.
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_file() {
            let modified_ms = metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000);
            let birth = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
            let birth_ms = birth.and_then(|born| i64::try_from(born.as_millis()).ok());
            let key = FileKey::of(&metadata);
            found.push(Listed { path, key, size: metadata.len(), modified_ms, birth_ms });
        }
    }
    Ok(found)
}

/// A file as an artefact, with all that is known of it. Pure.
pub fn evaluate(
    file: &Listed,
    rules: &FileRules,
    runs: &[BackupRun],
    reading: Option<&Reading>,
    now_ms: i64,
) -> BackupArtefact {
    let path = file.path.to_string_lossy();
    let settling = now_ms.saturating_sub(file.modified_ms) < rules.settle_ms;
    let run = runs::writer_of(runs, file.modified_ms);
    let header = reading.and_then(|reading| reading.content.header);
    let header_ms = header.and_then(|time| {
        if time.utc { Zone::utc().instant(time.local) } else { rules.zone.as_ref()?.instant(time.local) }
    });
    let clues = Clues {
        run_start_ms: run.map(|run| run.started_at_ms),
        named_ms: rules.time.find(&path),
        header_ms,
        birth_ms: file.birth_ms.filter(|_| rules.born_here),
        duration_ms: rules.duration_ms,
        modified_ms: file.modified_ms,
    };
    let (data_ms, basis) = clues.data_time();
    let (status, reason) = match reading.map(|reading| &reading.content.wholeness) {
        _ if settling => (BackupStatus::Running, ""),
        None | Some(Wholeness::Whole { .. }) => (BackupStatus::Ok, ""),
        Some(Wholeness::Cut(said)) => (BackupStatus::Partial, said.as_str()),
        Some(Wholeness::Damaged(said)) => (BackupStatus::Failed, said.as_str()),
        Some(Wholeness::NotRead(said)) => (BackupStatus::Ok, said.as_str()),
    };
    let verified = reading.filter(|reading| reading.content.wholeness == Wholeness::Whole { verified: true });
    let mut artefact = BackupArtefact {
        name: cut_text(&path),
        ended_at_ms: (!settling).then_some(file.modified_ms),
        data_time_ms: Some(data_ms),
        basis: basis as i32,
        status: status as i32,
        size_bytes: Some(file.size),
        verified_at_ms: verified.filter(|_| !settling).map(|reading| reading.read_at_ms),
        reason: cut_text(reason),
        ..BackupArtefact::default()
    };
    if let Some(run) = run {
        runs::mark_file(&mut artefact, run);
    }
    artefact
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::content::stream::Content;
    use pantau_shared::backup::DataTimeBasis;
    use std::fs::File;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    fn write(path: &Path, bytes: usize, modified_s: u64) {
        std::fs::write(path, vec![b'x'; bytes]).expect("writes");
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(modified_s);
        File::options().write(true).open(path).expect("opens").set_modified(modified).expect("sets");
    }

    fn rules(pattern: &str, change: impl FnOnce(&mut BackupFiles)) -> Result<FileRules, FilesError> {
        let mut source = BackupFiles { pattern: pattern.into(), ..BackupFiles::default() };
        change(&mut source);
        FileRules::resolve(&source)
    }

    #[test]
    fn looks_at_matching_files_only() {
        let dir = tempfile::tempdir().expect("temporary directory");
        write(&dir.path().join("db-1.gz"), 5, 1000);
        write(&dir.path().join("db-2.gz"), 7, 1990);
        write(&dir.path().join("db-20260601T013000Z.gz"), 1, 1500);
        write(&dir.path().join("other.gz"), 1, 1500);
        std::fs::create_dir(dir.path().join("db-dir.gz")).expect("creates");
        let rules = rules(&format!("{}/db-*.gz", dir.path().display()), |s| s.settle_seconds = 60).expect("rules");
        let files = list_files(&rules).expect("lists");
        let mut found: Vec<_> = files.iter().map(|file| evaluate(file, &rules, &[], None, 2_000_000)).collect();
        found.sort_by_key(|artefact| artefact.size_bytes);
        let [named, old, young] = found.as_slice() else { panic!("three artefacts") };
        assert_eq!((named.basis(), named.ended_at_ms), (DataTimeBasis::FileName, Some(1_500_000)));
        assert_eq!(
            (old.status(), old.basis(), old.data_time_ms),
            (BackupStatus::Ok, DataTimeBasis::Modified, Some(1_000_000))
        );
        assert_eq!((young.status(), young.ended_at_ms, young.size_bytes), (BackupStatus::Running, None, Some(7)));
    }

    #[test]
    fn nothing_found_is_not_an_error_and_what_cannot_be_used_is_told() {
        let empty = rules("/no/such/place/*.gz", |_| {}).expect("rules");
        assert!(list_files(&empty).expect("nothing").is_empty());
        assert!(matches!(rules("relative/*.gz", |_| {}), Err(FilesError::Relative { .. })));
        assert!(matches!(rules("/backup/***", |_| {}), Err(FilesError::Pattern { .. })));
        assert!(matches!(rules("/b/%Y%m%d-%H.gz", |_| {}), Err(FilesError::Zone { .. })));
        assert!(matches!(rules("/b/*.gz", |s| s.zone = "Mars/Olympus".into()), Err(FilesError::Zone { .. })));
        let expression = |text: &str| {
            rules("/b/*.gz", |s| {
                s.zone = "Asia/Jakarta".into();
                s.name_pattern = text.into();
            })
        };
        assert!(expression(r"(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)(?P<h>\d\d)").is_ok());
        assert!(matches!(expression(r"(\d{4})"), Err(FilesError::Expression { .. })));
        assert!(matches!(expression("("), Err(FilesError::Expression { .. })));
    }

    #[test]
    fn what_was_read_decides_what_is_told() {
        let rules = rules("/b/*.gz", |_| {}).expect("rules");
        let file = Listed::new("/b/x.gz", 5, 1000, None);
        let told = |wholeness| {
            let reading = Reading { content: Content { wholeness, header: None }, read_at_ms: 7 };
            let artefact = evaluate(&file, &rules, &[], Some(&reading), 9000);
            (artefact.status(), artefact.verified_at_ms, artefact.reason)
        };
        assert_eq!(told(Wholeness::Whole { verified: true }), (BackupStatus::Ok, Some(7), String::new()));
        assert_eq!(told(Wholeness::Whole { verified: false }), (BackupStatus::Ok, None, String::new()));
        assert_eq!(told(Wholeness::Cut("cut".into())), (BackupStatus::Partial, None, "cut".into()));
        assert_eq!(told(Wholeness::Damaged("bad".into())), (BackupStatus::Failed, None, "bad".into()));
        assert_eq!(told(Wholeness::NotRead("large".into())), (BackupStatus::Ok, None, "large".into()));
    }
}
