//! `[[layanan.cadangan]]`: backup sets and jobs, and `[cadangan]`: what holds for all of them.
//!
//! ```toml
//! [[layanan.cadangan]]
//! id = "simpeg-db"                 # jenis = "berkas" (default), "restic", …: an agent looks
//! jenis = "berkas"                 #       "detak": a job tells of itself; "tugas": a job that is no backup
//! host = "db-01"                   # of those an agent looks at: host, selang, and the keys of `backup_source`
//! pola = "/var/backups/*.sql.gz"
//! rpo = "26h"                      # the service's when absent; operator = "<" (default) | "<="
//! jadwal = "0 1 * * *"             # a cron line (zona = "Asia/Jayapura"), or a period such as "24h"
//! toleransi_awal = "5m"            # tenggang_mulai, lama_maks, lama_min, lama_biasa
//! ukuran_min = 1024                # wajib, sebagian_dihitung, wajib_terverifikasi, verifikasi_tiap
//! dasar = "simpeg-base"            # of logs (WAL, binlogs): the set of this service whose backups they carry on
//! ```
//!
//! A schedule whose longest gap alone is not below the RPO is refused: it breaks the RPO even when every run goes well.

use super::{DAY_MS, Seen, TEXT_MAX, TableReader, backup_source, read_id, to_u32};
use crate::config::diagnostics::{Diagnostics, Placed};
use crate::domain::catalogue::{BackupRules, BackupSet, Look, SetSource, TOLERANCES};
use crate::domain::profile::Operator;
use crate::domain::rpo::heartbeat::Tolerances;
use crate::domain::rpo::plausibility::{is_feasible, worst_exposure_s};
use crate::domain::rpo::schedule::Schedule;
use chrono_tz::Tz;
use pantau_shared::ids::BackupSetId;

const KINDS: [&str; 9] = ["berkas", "restic", "borg", "pgbackrest", "wal", "zfs", "perintah", "detak", "tugas"];
const YEAR_MS: u64 = 366 * DAY_MS;
/// Gaps of cron lines do not depend on the zone but for changes of clocks; where none is named the office's has none.
const OFFICE: Tz = chrono_tz::Asia::Jakarta;

/// Reads `[cadangan]`.
pub(super) fn read_rules(d: &mut Diagnostics<'_>, root: &TableReader<'_>) -> BackupRules {
    let defaults = BackupRules::default();
    let Some(t) = root.table(d, "cadangan") else { return defaults };
    let yesterday = t.boolean(d, "bacaan_posisi_kemarin");
    let verify = t.duration_ms(d, "verifikasi_tiap", DAY_MS..=YEAR_MS);
    let drill = t.duration_ms(d, "uji_pulih_berlaku", DAY_MS..=10 * YEAR_MS);
    t.finish(d);
    BackupRules {
        yesterday_reading: yesterday.unwrap_or(defaults.yesterday_reading),
        verify_every_seconds: verify.map_or(defaults.verify_every_seconds, |p| to_u32(p.value / 1000)),
        drill_valid_days: drill.map_or(defaults.drill_valid_days, |p| to_u32(p.value / DAY_MS)),
    }
}

/// Reads one set; `service_rpo` is in force where it names none.
fn read_set(
    d: &mut Diagnostics<'_>,
    t: &TableReader<'_>,
    seen: &mut Seen,
    service_rpo: Option<u32>,
) -> Option<(BackupSet, Option<Placed<String>>)> {
    let id = read_id(d, t, "cadangan", seen, BackupSetId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|p| p.value);
    let kind = t.choice(d, "jenis", &KINDS, |code| KINDS.into_iter().find(|kind| *kind == code));
    if t.has("jenis") && kind.is_none() {
        // A fault that was told: nothing is known of its other keys.
        return None;
    }
    let source = match kind.unwrap_or("berkas") {
        "detak" => Some(SetSource::Heartbeat),
        "tugas" => Some(SetSource::Job),
        kind => read_look(d, t, seen, kind).map(SetSource::Looked),
    };
    let job = kind == Some("tugas");
    let rpo = t.duration_ms(d, "rpo", 1000..=YEAR_MS).map(|p| to_u32(p.value / 1000));
    if job && rpo.is_some() {
        let problem = "is of no use: a job of this kind is no backup";
        d.add(t.span(), &t.key("rpo"), false, problem, "remove it, or give jenis = \"detak\"");
    }
    let operators = |code: &str| match code {
        "<" => Some(Operator::Below),
        "<=" => Some(Operator::AtMost),
        _ => None,
    };
    let operator = t.choice(d, "operator", &["<", "<="], operators).unwrap_or(Operator::Below);
    let size = t.integer(d, "ukuran_min", 1..=u64::MAX).map_or(1, |p| p.value);
    let required = t.boolean(d, "wajib").unwrap_or(true);
    let partial = t.boolean(d, "sebagian_dihitung").unwrap_or(false);
    let verified = t.boolean(d, "wajib_terverifikasi").unwrap_or(false);
    let verify = t.duration_ms(d, "verifikasi_tiap", DAY_MS..=YEAR_MS).map(|p| to_u32(p.value / 1000));
    let (schedule, tolerances) = (read_schedule(d, t), read_tolerances(d, t));
    if let (Some((schedule, at)), Some(rpo)) = (&schedule, rpo.or(service_rpo).filter(|_| !job)) {
        refuse_impossible(d, schedule, at, &tolerances, (rpo, operator));
    }
    let base = t.text(d, "dasar", TEXT_MAX);
    t.finish(d);
    let id = id?;
    let set = BackupSet {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        source: source?,
        rpo_seconds: rpo,
        operator,
        required: required && !job,
        partial_counts: partial,
        size_bytes_min: size,
        verified_only: verified,
        verify_every_seconds: verify,
        schedule: schedule.map(|(schedule, _)| schedule),
        tolerances,
        base: base.as_ref().and_then(|base| BackupSetId::parse(&base.value).ok()),
    };
    Some((set, base))
}

/// Reads the sets of a service. What logs carry on must be a set of the same service that restores by itself: so no circle
/// can be.
pub(super) fn read_sets(
    d: &mut Diagnostics<'_>,
    tables: &[TableReader<'_>],
    seen: &mut Seen,
    service_rpo: Option<u32>,
) -> Vec<BackupSet> {
    let read = tables.iter().filter_map(|table| read_set(d, table, seen, service_rpo));
    let (sets, bases): (Vec<BackupSet>, Vec<Option<Placed<String>>>) = read.collect::<Vec<_>>().into_iter().unzip();
    for (set, base) in sets.iter().zip(&bases) {
        let Some(base) = base else { continue };
        let remedy = "name a set of the same service that restores by itself";
        let mut refuse = |problem: &str| d.add(base.span.clone(), &base.key, true, problem, remedy);
        match sets.iter().find(|other| other.id.as_str() == base.value) {
            None => refuse("is no backup set of this service"),
            Some(other) if other.id == set.id => refuse("is the set itself"),
            Some(other) if other.base.is_some() => refuse("is a set of logs itself"),
            Some(other) if !other.is_backup() || !set.is_backup() => {
                refuse("is of no use: one of the two is no backup")
            }
            Some(_) => {}
        }
    }
    sets
}

/// What an agent looks at; the keys of each kind are `backup_source`'s.
fn read_look(d: &mut Diagnostics<'_>, t: &TableReader<'_>, seen: &Seen, kind: &str) -> Option<Look> {
    let host = t.required_text(d, "host", TEXT_MAX).and_then(|host| seen.host(d, &host));
    let source = backup_source::read_source(d, t, kind);
    let interval = t.duration_ms(d, "selang", 1000..=DAY_MS).map_or(300_000, |p| to_u32(p.value));
    Some(Look { host: host?, source: source?, interval_ms: interval })
}

/// `jadwal` with the place where it stands: a period where it reads as one, else a cron line.
fn read_schedule(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<(Schedule, Placed<String>)> {
    let zone = t.text(d, "zona", 64);
    let named: Option<Tz> = zone.as_ref().and_then(|zone| zone.value.parse().ok());
    if let Some(zone) = zone.filter(|_| named.is_none()) {
        let remedy = "give a name such as \"Asia/Jakarta\", \"Asia/Makassar\", \"Asia/Jayapura\"";
        d.add(zone.span, &zone.key, true, "is no time zone", remedy);
    }
    let text = t.text(d, "jadwal", 200)?;
    if let Ok(every) = humantime::parse_duration(&text.value) {
        let seconds = u32::try_from(every.as_secs()).ok().filter(|s| (60..=366 * 86_400).contains(s));
        if seconds.is_none() {
            d.add(text.span.clone(), &text.key, true, "is out of range", "give a period of 1m to 366days");
        }
        return seconds.map(|seconds| (Schedule::Every(seconds), text));
    }
    match Schedule::cron(&text.value, named) {
        Ok(schedule) => Some((schedule, text)),
        Err(problem) => {
            let remedy =
                "give five fields (minute hour day month weekday), such as \"0 1 * * *\", or a period, \"24h\"";
            d.add(text.span.clone(), &text.key, true, &format!("is no schedule: {problem}"), remedy);
            None
        }
    }
}

/// Four numbers, because lateness of a start and length of a run are two things; and how long a run takes, for jobs that
/// tell only of their end.
fn read_tolerances(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Tolerances {
    let mut seconds = |key, from: u64| t.duration_ms(d, key, from..=30 * DAY_MS).map(|p| to_u32(p.value / 1000));
    let early_s = seconds("toleransi_awal", 0).unwrap_or(TOLERANCES.early_s);
    let start_grace_s = seconds("tenggang_mulai", 0).unwrap_or(TOLERANCES.start_grace_s);
    let longest = seconds("lama_maks", 1000);
    let (runtime_s_min, known_duration_s) = (seconds("lama_min", 1000), seconds("lama_biasa", 1000));
    let runtime_s_max = longest.unwrap_or(TOLERANCES.runtime_s_max);
    if runtime_s_min.is_some_and(|least| least >= runtime_s_max) {
        d.add(t.span(), &t.key("lama_min"), false, "is not below `lama_maks`", "give a shorter time");
    }
    Tolerances { early_s, start_grace_s, runtime_s_max, runtime_s_min, known_duration_s }
}

/// The lint of engines C.2, as far as the schedule alone proves it: one gap and the least length of a run.
fn refuse_impossible(
    d: &mut Diagnostics<'_>,
    schedule: &Schedule,
    at: &Placed<String>,
    tolerances: &Tolerances,
    (rpo, operator): (u32, Operator),
) {
    let least = tolerances.known_duration_s.or(tolerances.runtime_s_min).unwrap_or(0);
    let worst = worst_exposure_s(schedule.gap_s_max(OFFICE), least.into());
    if !is_feasible(worst, rpo, operator) {
        let problem = format!(
            "jadwal ini tidak mungkin memenuhi RPO: paparan mencapai {worst} s, RPO {rpo} s (this schedule cannot hold the RPO)"
        );
        d.add(at.span.clone(), &at.key, true, &problem, "run it more often, or set an RPO above the gap and a run");
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::domain::catalogue::Catalogue;

    fn file(service: &str, set: &str) -> String {
        format!(
            "[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
             kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n{service}\n\
             [[layanan.cadangan]]\nid = \"c\"\n{set}\n"
        )
    }

    fn good(service: &str, set: &str) -> Catalogue {
        parse("k.toml", &file(service, set), 1, &crate::config::profile::bangka_2025()).expect("valid")
    }

    #[track_caller]
    fn refused(service: &str, set: &str, expected: &str) {
        let faults = parse("k.toml", &file(service, set), 1, &crate::config::profile::bangka_2025())
            .expect_err("faulty")
            .to_string();
        assert!(faults.contains(expected) && faults.lines().count() == 1, "{faults}");
    }

    #[test]
    fn an_unknown_kind_is_the_one_fault_that_is_told() {
        refused("", "host = \"a\"\njenis = \"tape\"", "jenis");
    }

    #[test]
    fn a_set_has_its_settings_or_the_products_defaults() {
        let set = &good("rpo = \"26h\"", "host = \"a\"\npola = \"/b/*\"").services[0].backups[0];
        assert_eq!((set.rpo_seconds, set.operator, set.required), (None, Operator::Below, true));
        assert_eq!((set.tolerances, set.schedule.is_none()), (TOLERANCES, true));
        let text = "jenis = \"detak\"\noperator = \"<=\"\nrpo = \"1day\"\njadwal = \"0 1 * * *\"\nzona = \"Asia/Jayapura\"\n\
                    toleransi_awal = \"1m\"\ntenggang_mulai = \"2m\"\nlama_maks = \"3h\"\nsebagian_dihitung = true\n\
                    wajib = false\nwajib_terverifikasi = true\nverifikasi_tiap = \"3days\"";
        let set = &good("", text).services[0].backups[0];
        assert_eq!(
            (set.source.clone(), set.operator, set.rpo_seconds),
            (SetSource::Heartbeat, Operator::AtMost, Some(86_400))
        );
        assert_eq!(
            (set.tolerances.early_s, set.tolerances.start_grace_s, set.tolerances.runtime_s_max),
            (60, 120, 10_800)
        );
        assert!(set.partial_counts && set.verified_only && !set.required);
        assert_eq!(set.verify_every_seconds, Some(3 * 86_400));
        assert_eq!(set.schedule.as_ref().map(Schedule::text).as_deref(), Some("0 1 * * *"));
        let rules =
            good("", "jenis = \"tugas\"\n[cadangan]\nbacaan_posisi_kemarin = true\nuji_pulih_berlaku = \"90days\"");
        assert!(rules.backups.yesterday_reading && !rules.services[0].backups[0].is_backup());
        assert_eq!((rules.backups.drill_valid_days, rules.backups.verify_every_seconds), (90, 604_800));
    }

    #[test]
    fn a_schedule_that_cannot_hold_the_rpo_is_refused() {
        let impossible = "jadwal ini tidak mungkin memenuhi RPO";
        refused("rpo = \"24h\"", "jenis = \"detak\"\njadwal = \"0 1 * * *\"", impossible);
        refused("", "rpo = \"24h\"\njenis = \"detak\"\njadwal = \"24h\"", impossible);
        refused("rpo = \"25h\"", "jenis = \"detak\"\njadwal = \"0 1 * * *\"\nlama_min = \"1h\"", impossible);
        good("rpo = \"24h\"", "jenis = \"detak\"\noperator = \"<=\"\njadwal = \"0 1 * * *\"");
        good("rpo = \"24h\"", "jenis = \"tugas\"\njadwal = \"0 1 * * *\"");
        good("rpo = \"26h\"", "jenis = \"detak\"\njadwal = \"0 1 * * *\"\nlama_min = \"1h\"");
    }

    #[test]
    fn logs_name_their_base() {
        let two = |first: &str, second: &str| {
            let second = second.replace("SET", "[[layanan.cadangan]]\nid = \"log\"\njenis = \"detak\"");
            format!("jenis = \"detak\"\n{first}\n{second}")
        };
        let sets = &good("", &two("", "SET\ndasar = \"c\"")).services[0].backups;
        assert_eq!(sets[1].base.as_ref(), Some(&sets[0].id));
        refused("", &two("", "SET\ndasar = \"x\""), "is no backup set of this service");
        refused("", &two("", "SET\ndasar = \"log\""), "is the set itself");
        let circle = two("dasar = \"log\"", "SET\ndasar = \"c\"");
        let faults = parse("k.toml", &file("", &circle), 1, &crate::config::profile::bangka_2025());
        assert!(faults.expect_err("faulty").to_string().contains("is a set of logs itself"));
        let job = "[[layanan.cadangan]]\nid = \"log\"\njenis = \"tugas\"\ndasar = \"c\"";
        refused("", &two("", job), "is no backup");
    }

    #[test]
    fn nonsense_is_told_with_its_remedy() {
        refused("", "jenis = \"detak\"\njadwal = \"besok\"", "is no schedule");
        refused("", "jenis = \"detak\"\njadwal = \"1s\"", "is out of range");
        refused("", "jenis = \"detak\"\nzona = \"Bangka\"", "is no time zone");
        refused("", "jenis = \"detak\"\nhost = \"a\"", "is not a known key");
        refused("", "jenis = \"tugas\"\nrpo = \"1h\"", "is no backup");
        refused("", "jenis = \"detak\"\nlama_min = \"2h\"\nlama_maks = \"1h\"", "is not below `lama_maks`");
    }
}
