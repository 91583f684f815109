//! Runners of freshness against RPO, period figures, heartbeats, drills and lint.

use crate::case::{Case, GoldenFile, Instant};
use anyhow::{Context, bail};
use chrono::NaiveDate;
use pantau_collector::domain::interval::Interval;
use pantau_collector::domain::profile::Operator;
use pantau_collector::domain::rpo::drill::{Recovery, valid_until};
use pantau_collector::domain::rpo::exposure::{PeriodFigures, over, retroactive as late_record};
use pantau_collector::domain::rpo::heartbeat::{Ping, Signal, Tolerances, evaluate};
use pantau_collector::domain::rpo::plausibility::{is_feasible, is_suspicious, median, worst_exposure_s};
use pantau_collector::domain::rpo::wal::{Archive, recovery_point};
use pantau_collector::domain::rpo::{Backup, Policy, exposure_s, is_of_yesterday, newest_usable, stalest};
use pantau_shared::backup::BackupStatus;
use pantau_shared::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The zone of the cases.
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Jakarta;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupGiven {
    #[serde(default)]
    id: Option<String>,
    data_time: Instant,
    end: Instant,
    status: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    deleted_at: Option<Instant>,
    #[serde(default)]
    verified_ok_at: Option<Instant>,
    #[serde(default)]
    references: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyGiven {
    rpo_s: Option<u32>,
    operator: String,
    #[serde(default)]
    rpo_required: bool,
    warn_ppm: u32,
    partial_ok: bool,
    min_size: u64,
    require_verified: bool,
}

fn operator(name: &str) -> anyhow::Result<Operator> {
    Ok(match name {
        "<" => Operator::Below,
        "<=" => Operator::AtMost,
        other => bail!("unknown operator {other:?}"),
    })
}

/// The file's defaults with the policy of `given` over them.
fn policy(file: &GoldenFile, given: &Map<String, Value>) -> anyhow::Result<Policy> {
    let known = ["operator", "warn_ppm", "partial_ok", "min_size", "require_verified"];
    let mut merged: Map<String, Value> = file
        .defaults
        .iter()
        .filter(|(key, _)| known.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    merged.extend(given.clone());
    let given: PolicyGiven = serde_json::from_value(Value::Object(merged)).context("policy")?;
    Ok(Policy {
        rpo_seconds: given.rpo_s,
        operator: operator(&given.operator)?,
        required: given.rpo_required,
        warn_ppm: given.warn_ppm,
        partial_counts: given.partial_ok,
        size_bytes_min: given.min_size,
        verified_only: given.require_verified,
    })
}

fn backup(given: &BackupGiven, all: &[BackupGiven]) -> anyhow::Result<Backup> {
    let status = match given.status.as_str() {
        "ok" => BackupStatus::Ok,
        "partial" => BackupStatus::Partial,
        "failed" => BackupStatus::Failed,
        "running" => BackupStatus::Running,
        other => bail!("unknown status {other:?}"),
    };
    let place = |id: &String| all.iter().position(|b| b.id.as_ref() == Some(id)).unwrap_or(usize::MAX);
    Ok(Backup {
        status,
        size_bytes: given.size,
        deleted_at: given.deleted_at.map(|at| at.0),
        verified_at: given.verified_ok_at.map(|at| at.0),
        references: given.references.iter().map(place).collect(),
        ..Backup::complete(given.data_time.0, given.end.0)
    })
}

fn backups(given: &[BackupGiven]) -> anyhow::Result<Vec<Backup>> {
    given.iter().map(|one| backup(one, given)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtGiven {
    backups: Vec<BackupGiven>,
    at: Instant,
    policy: Map<String, Value>,
}

fn judged(policy: &Policy, data_time: Option<Timestamp>, at: Timestamp) -> Value {
    json!({
        "state": policy.state(data_time, at).code(),
        "exposure_s": data_time.map(|data_time| exposure_s(data_time, at)),
    })
}

/// State and exposure at one instant.
pub(crate) fn state(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: AtGiven = case.given()?;
    let (policy, backups) = (policy(file, &given.policy)?, backups(&given.backups)?);
    Ok(judged(&policy, newest_usable(&backups, &policy, given.at.0).map(|b| b.data_time), given.at.0))
}

/// The other reading of the regulation's example.
pub(crate) fn posisi_kemarin(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: AtGiven = case.given()?;
    let (policy, backups) = (policy(file, &given.policy)?, backups(&given.backups)?);
    let data_time = newest_usable(&backups, &policy, given.at.0).map(|b| b.data_time);
    Ok(json!({ "met": is_of_yesterday(ZONE, data_time, given.at.0) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodGiven {
    backups: Vec<BackupGiven>,
    from: Instant,
    to: Instant,
    policy: Map<String, Value>,
}

fn figures(figures: &PeriodFigures) -> Value {
    json!({
        "breach_s": figures.breach_s,
        "no_backup_s": figures.no_backup_s,
        "peak_exposure_s": figures.peak_exposure_s,
        "breaches": figures.breaches.len(),
        "compliance_ppm": figures.compliance_ppm,
    })
}

/// Figures of a period.
pub(crate) fn period(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: PeriodGiven = case.given()?;
    let period = Interval::new(given.from.0, given.to.0);
    Ok(figures(&over(&backups(&given.backups)?, &policy(file, &given.policy)?, period)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetroactiveGiven {
    backups_known_at_first: Vec<BackupGiven>,
    late_record: BackupGiven,
    from: Instant,
    to: Instant,
    policy: Map<String, Value>,
}

/// A record that comes late.
pub(crate) fn retroactive(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: RetroactiveGiven = case.given()?;
    let known = backups(&given.backups_known_at_first)?;
    let late = backup(&given.late_record, &[])?;
    let period = Interval::new(given.from.0, given.to.0);
    let told = late_record(&known, late, &policy(file, &given.policy)?, period);
    // What was raised is in the figures as they were told, and what explains it stands beside it.
    let kept = told.before.breaches.iter().all(|b| told.after.breaches.contains(b) || told.explained.contains(b));
    Ok(json!({ "before": figures(&told.before), "after": figures(&told.after), "alarm_kept": kept }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WalGiven {
    base: Vec<BackupGiven>,
    wal: ArchiveGiven,
    now: Instant,
    policy: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveGiven {
    last_archived_time: Option<Instant>,
    unarchived_changes: bool,
    chain_ok: bool,
}

/// PostgreSQL with WAL archiving.
pub(crate) fn wal(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: WalGiven = case.given()?;
    let archive = Archive {
        last_archived_at: given.wal.last_archived_time.map(|at| at.0),
        unarchived_changes: given.wal.unarchived_changes,
        chain_ok: given.wal.chain_ok,
    };
    let policy = policy(file, &given.policy)?;
    let data_time = recovery_point(&backups(&given.base)?, &archive, &policy, given.now.0);
    Ok(judged(&policy, data_time, given.now.0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrillGiven {
    disaster_at: Instant,
    restored_at: Instant,
    recovered_data_time: Instant,
    rto_s: Option<u32>,
    rpo_s: Option<u32>,
}

/// A drill or a recovery.
pub(crate) fn drill(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: DrillGiven = case.given()?;
    let recovery = Recovery {
        disaster_at: given.disaster_at.0,
        restored_at: given.restored_at.0,
        recovered_data_time: given.recovered_data_time.0,
    };
    let got = recovery.evaluate(given.rto_s, given.rpo_s);
    Ok(json!({ "rta_s": got.rta_s, "rpa_s": got.rpa_s, "rto_met": got.rto_met, "rpo_met": got.rpo_met }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidityGiven {
    drill_date: NaiveDate,
    valid_days: u32,
    on: Vec<NaiveDate>,
}

/// How long a drill counts.
pub(crate) fn drill_validity(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ValidityGiven = case.given()?;
    let until = valid_until(given.drill_date, given.valid_days);
    let valid: Vec<bool> = given.on.iter().map(|date| *date <= until).collect();
    Ok(json!({ "valid_until": until.to_string(), "valid": valid }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceGiven {
    sets: BTreeMap<String, Vec<BackupGiven>>,
    at: Instant,
    policy: Map<String, Value>,
}

/// The worst of a service's required sets.
pub(crate) fn service(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: ServiceGiven = case.given()?;
    let policy = policy(file, &given.policy)?;
    let newest = |set: &Vec<BackupGiven>| {
        anyhow::Ok(newest_usable(&backups(set)?, &policy, given.at.0).map(|backup| backup.data_time))
    };
    let data_times = given.sets.values().map(newest).collect::<anyhow::Result<Vec<_>>>()?;
    let worst = stalest(&data_times).context("a set")?;
    let mut got = judged(&policy, data_times[worst], given.at.0);
    got["worst"] = json!(given.sets.keys().nth(worst));
    Ok(got)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LintGiven {
    interval_s: u64,
    max_duration_s: u64,
    rpo_s: u32,
    #[serde(default)]
    operator: Option<String>,
}

/// Can this schedule hold this RPO.
pub(crate) fn lint(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: LintGiven = case.given()?;
    let worst = worst_exposure_s(given.interval_s, given.max_duration_s);
    let operator = operator(given.operator.as_deref().unwrap_or("<"))?;
    Ok(json!({ "worst_exposure_s": worst, "feasible": is_feasible(worst, given.rpo_s, operator) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuspiciousGiven {
    last_sizes: Vec<u64>,
    new_size: u64,
}

#[derive(Deserialize)]
struct SuspiciousPolicy {
    size_ratio_ppm: u32,
}

/// Size against those before it.
pub(crate) fn suspicious(file: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: SuspiciousGiven = case.given()?;
    let policy: SuspiciousPolicy = file.policy(case)?;
    let suspicious = is_suspicious(&given.last_sizes, given.new_size, policy.size_ratio_ppm);
    Ok(json!({ "median": median(&given.last_sizes), "suspicious": suspicious }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeartbeatGiven {
    config: TolerancesGiven,
    slots: Vec<Instant>,
    events: Vec<PingGiven>,
    now: Instant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TolerancesGiven {
    start_grace_s: u32,
    max_runtime_s: u32,
    early_tolerance_s: u32,
    known_duration_s: Option<u32>,
    #[serde(default)]
    min_runtime_s: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PingGiven {
    t: Instant,
    #[serde(rename = "type")]
    signal: String,
    rid: Option<String>,
    #[serde(default)]
    code: Option<i64>,
}

fn ping(given: &PingGiven) -> anyhow::Result<Ping> {
    let signal = match (given.signal.as_str(), given.code) {
        ("start", _) => Signal::Start,
        ("success", _) | ("exit" | "exit_code", Some(0)) => Signal::Success,
        ("fail", _) | ("exit" | "exit_code", Some(_)) => Signal::Fail,
        (other, _) => bail!("unknown signal {other:?}"),
    };
    Ok(Ping { at: given.t.0, signal, run: given.rid.clone() })
}

/// Job signals against slots.
pub(crate) fn heartbeat(_: &GoldenFile, case: &Case) -> anyhow::Result<Value> {
    let given: HeartbeatGiven = case.given()?;
    let tolerances = Tolerances {
        early_s: given.config.early_tolerance_s,
        start_grace_s: given.config.start_grace_s,
        runtime_s_max: given.config.max_runtime_s,
        runtime_s_min: given.config.min_runtime_s,
        known_duration_s: given.config.known_duration_s,
    };
    let slots: Vec<Timestamp> = given.slots.iter().map(|slot| slot.0).collect();
    let pings = given.events.iter().map(ping).collect::<anyhow::Result<Vec<_>>>()?;
    let judged = evaluate(&tolerances, &slots, &pings, given.now.0);
    let local = |at: Timestamp| at.to_utc().with_timezone(&ZONE).to_rfc3339();
    let run = |run: &pantau_collector::domain::rpo::heartbeat::Run| {
        json!({
            "data_time": local(run.data_time),
            "end": local(run.end),
            "duration_s": run.duration_s,
            "status": if run.status == BackupStatus::Ok { "ok" } else { "failed" },
            "basis": run.basis.code(),
        })
    };
    let alarms: Vec<Value> = judged.alarms.iter().map(|(at, kind)| json!([local(*at), kind.code()])).collect();
    Ok(json!({ "alarms": alarms, "runs": judged.runs.iter().map(run).collect::<Vec<_>>() }))
}
