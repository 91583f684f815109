//! Runner of what tools say about backups, against the agent's parsers.

use crate::case::{Case, GoldenFile, Instant};
use anyhow::{Context, bail};
use chrono_tz::Tz;
use pantau_agent::backups::borg::parse_borg_list;
use pantau_agent::backups::content::Reading;
use pantau_agent::backups::content::form::Form;
use pantau_agent::backups::content::stream::{Content, Wholeness};
use pantau_agent::backups::files::{FileRules, Listed, evaluate};
use pantau_agent::backups::pgbackrest::parse_pgbackrest_info;
use pantau_agent::backups::restic::parse_restic_snapshots;
use pantau_agent::backups::zfs::parse_zfs_list;
use pantau_agent::backups::zone::Zone;
use pantau_shared::assignment::BackupFiles;
use pantau_shared::backup::{BackupArtefact, BackupRun, BackupStatus, DataTimeBasis};
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParseGiven {
    source: String,
    raw: Value,
    #[serde(default)]
    options: Options,
}

/// What a case may set; a key that is not here fails it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    name_pattern: Option<String>,
    #[serde(default)]
    trailer: Option<String>,
    #[serde(default, alias = "zone", alias = "timezone")]
    tz: Option<String>,
    #[serde(default, alias = "known_duration_s")]
    duration_s: Option<u32>,
    #[serde(default)]
    data_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileGiven {
    path: String,
    mtime: Instant,
    size: u64,
    #[serde(default)]
    tail: String,
    #[serde(default, alias = "birth")]
    btime: Option<Instant>,
    #[serde(default, alias = "start", alias = "start_signal")]
    started_at: Option<Instant>,
}

/// A record from a tool's output.
pub(crate) fn parse(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ParseGiven = case.given()?;
    let raw = serde_json::to_vec(&given.raw)?;
    let artefacts = match given.source.as_str() {
        "restic" => parse_restic_snapshots(&raw)?,
        "borg" => parse_borg_list(&raw, &read_zone(zone(&given.options, Tz::UTC)?)?)?,
        "pgbackrest" => {
            let is_stop = match given.options.data_time.as_deref() {
                None | Some("start") => false,
                Some("stop") => true,
                Some(other) => bail!("unknown data_time {other:?}"),
            };
            parse_pgbackrest_info(&raw)?.iter().flat_map(|stanza| stanza.artefacts(is_stop)).collect()
        }
        "zfs" => {
            let text = given.raw.as_str().context("lines")?;
            parse_zfs_list(text).map_err(|line| anyhow::anyhow!("line {line} is no snapshot"))?
        }
        "file" => return file(&given),
        other => bail!("unknown source {other:?}"),
    };
    Ok(Value::Array(artefacts.iter().map(rendered).collect()))
}

/// The same zone of this machine's.
fn read_zone(zone: Tz) -> anyhow::Result<Zone> {
    Zone::read(zone.name()).with_context(|| format!("no zone {zone} on this machine (tzdata)"))
}

fn zone(options: &Options, default: Tz) -> anyhow::Result<Tz> {
    match &options.tz {
        None => Ok(default),
        Some(name) => name.parse().map_err(|_| anyhow::anyhow!("unknown zone {name:?}")),
    }
}

fn file(given: &ParseGiven) -> anyhow::Result<Value> {
    let seen: FileGiven = serde_json::from_value(given.raw.clone())?;
    let trailer = given.options.trailer.clone().unwrap_or_default();
    let source = BackupFiles {
        pattern: "/*".into(),
        zone: zone(&given.options, chrono_tz::Asia::Jakarta)?.name().to_owned(),
        name_pattern: given.options.name_pattern.clone().unwrap_or_default(),
        duration_seconds: given.options.duration_s.unwrap_or(0),
        born_here: seen.btime.is_some(),
        ..BackupFiles::default()
    };
    let rules = FileRules::resolve(&source)?;
    let listed = Listed::new(seen.path, seen.size, seen.mtime.0.as_ms(), seen.btime.map(|at| at.0.as_ms()));
    let form = Form::of_ends(Vec::new(), seen.tail.into_bytes(), seen.size);
    let wholeness = form.missing(&trailer).map_or(Wholeness::Whole { verified: false }, Wholeness::Cut);
    let now_ms = seen.mtime.0.as_ms() + 86_400_000;
    let reading = Reading { content: Content { wholeness, header: form.header_time() }, read_at_ms: now_ms };
    let run = seen.started_at.map(|at| BackupRun {
        started_at_ms: at.0.as_ms(),
        ended_at_ms: Some(seen.mtime.0.as_ms()),
        status: BackupStatus::Ok as i32,
        exit_code: Some(0),
        ..BackupRun::default()
    });
    Ok(rendered(&evaluate(&listed, &rules, run.as_slice(), Some(&reading), now_ms)))
}

/// Instants in whole seconds, as the cases have them.
fn instant(ms: Option<i64>) -> Option<String> {
    ms.map(|ms| Timestamp::from_ms(ms.div_euclid(1000) * 1000).to_string())
}

fn rendered(artefact: &BackupArtefact) -> Value {
    let status = match artefact.status() {
        BackupStatus::Unspecified => "unknown",
        BackupStatus::Ok => "ok",
        BackupStatus::Partial => "partial",
        BackupStatus::Failed => "failed",
        BackupStatus::Running => "running",
    };
    let basis = match artefact.basis() {
        DataTimeBasis::Unspecified => "tidak_diketahui",
        DataTimeBasis::Start => "sinyal_mulai",
        DataTimeBasis::FileName => "nama_berkas",
        DataTimeBasis::Header => "header",
        DataTimeBasis::Birth => "waktu_lahir",
        DataTimeBasis::ModifiedLessDuration => "mtime_kurang_durasi",
        DataTimeBasis::Modified => "mtime_perkiraan",
    };
    json!({
        "id": artefact.name,
        "data_time": instant(artefact.data_time_ms),
        "end": instant(artefact.ended_at_ms),
        "size": artefact.size_bytes,
        "items": artefact.items,
        "status": status,
        "basis": basis,
        "group": artefact.group,
        "type": artefact.kind,
    })
}
