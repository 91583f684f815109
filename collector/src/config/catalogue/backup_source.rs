//! Where a backup set is: `jenis` of `[[layanan.cadangan]]` and the keys that go with it.
//!
//! | `jenis` | keys |
//! |---|---|
//! | `berkas` (default) | `pola`, `tunda_stabil`, `zona`, `pola_nama`, `penutup`, `lama_biasa`, `dibuat_di_sini`, `baca_isi`, `baca_maks` |
//! | `restic` | `repositori` or `berkas_repositori`, `berkas_sandi`, `berkas_kredensial`, `host_cadangan`, `jalur`, `tag` |
//! | `borg` | `repositori`, `berkas_sandi`, `arsip` |
//! | `pgbackrest` | `stanza`, `berkas_konfigurasi`, `waktu_data` (`mulai`, `selesai`), `nomor_repositori` |
//! | `wal` | `server`, `port`, `basis_data`, `pengguna`, `berkas_sandi` |
//! | `zfs` | `dataset`, `snapshot` |
//! | `perintah` | none: runs under `pantau-agent backup-run --set ID` |
//!
//! Secrets are never in the catalogue: a key names the file on the agent's host. A key of another `jenis` is refused.

use super::{DAY_MS, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use pantau_shared::assignment::{
    BackupBorg, BackupFiles, BackupPgBackRest, BackupRestic, BackupRuns, BackupSource, BackupWal, BackupZfs,
};
use pantau_shared::limits::FILTERS_MAX;

/// Zone of times in file names that do not tell theirs (rules C.2: WIB).
const ZONE: &str = "Asia/Jakarta";

/// Longest address, path or pattern, in characters.
const PATH_MAX: usize = 1000;

/// Longest name within a source, in characters.
const NAME_MAX: usize = 200;

/// Reads the source of a set of `kind`; `None` when a fault was told.
pub(super) fn read_source(d: &mut Diagnostics<'_>, t: &TableReader<'_>, kind: &str) -> Option<BackupSource> {
    match kind {
        "restic" => read_restic(d, t).map(BackupSource::Restic),
        "borg" => read_borg(d, t).map(BackupSource::Borg),
        "pgbackrest" => read_pgbackrest(d, t).map(BackupSource::PgBackRest),
        "wal" => read_wal(d, t).map(BackupSource::Wal),
        "zfs" => read_zfs(d, t).map(BackupSource::Zfs),
        "perintah" => Some(BackupSource::Runs(BackupRuns {})),
        _ => read_files(d, t).map(BackupSource::Files),
    }
}

fn read_files(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupFiles> {
    let pattern = t.required_text(d, "pola", PATH_MAX);
    if let Some(pattern) = pattern.as_ref().filter(|p| !p.value.starts_with('/')) {
        let remedy = "begin with `/`, such as \"/var/backups/simpeg/*.sql.gz\"";
        d.add(pattern.span.clone(), &pattern.key, true, "is no absolute pattern", remedy);
    }
    let zone = t.text(d, "zona", NAME_MAX);
    if let Some(zone) = zone.as_ref().filter(|zone| zone.value.parse::<chrono_tz::Tz>().is_err()) {
        d.add(zone.span.clone(), &zone.key, true, "is no known zone", "give an IANA name, such as \"Asia/Jakarta\"");
    }
    let name_pattern = t.text(d, "pola_nama", 500);
    let lacks = |text: &str| ["y", "mo", "d", "h"].iter().any(|group| !text.contains(&format!("(?P<{group}>")));
    if let Some(text) = name_pattern.as_ref().filter(|text| lacks(&text.value)) {
        let remedy = "name year, month, day and hour with (?P<y>…), (?P<mo>…), (?P<d>…), (?P<h>…); (?P<mi>…) and (?P<s>…) may follow";
        d.add(text.span.clone(), &text.key, true, "does not find a time", remedy);
    }
    let trailer = t.text(d, "penutup", NAME_MAX).map(|p| p.value).unwrap_or_default();
    let settle = t.duration_ms(d, "tunda_stabil", 0..=DAY_MS).map_or(60, |p| to_u32(p.value / 1000));
    let duration = t.duration_ms(d, "lama_biasa", 1000..=DAY_MS).map_or(0, |p| to_u32(p.value / 1000));
    let born_here = t.boolean(d, "dibuat_di_sini").unwrap_or(false);
    let read_content = t.boolean(d, "baca_isi").unwrap_or(true);
    let read_bytes_max = t.bytes(d, "baca_maks", 1024..=u64::MAX).map_or(0, |p| p.value);
    Some(BackupFiles {
        pattern: pattern?.value,
        settle_seconds: settle,
        zone: zone.map_or_else(|| ZONE.to_owned(), |p| p.value),
        name_pattern: name_pattern.map(|p| p.value).unwrap_or_default(),
        trailer,
        duration_seconds: duration,
        born_here,
        read_content,
        read_bytes_max,
    })
}

/// An absolute path on the agent's host; empty when the key is not there.
fn path(d: &mut Diagnostics<'_>, t: &TableReader<'_>, key: &'static str) -> String {
    let Some(path) = t.text(d, key, PATH_MAX) else { return String::new() };
    if !path.value.starts_with('/') {
        d.add(
            path.span,
            &path.key,
            true,
            "is no absolute path",
            "give the path on the agent's host, beginning with `/`",
        );
    }
    path.value
}

fn texts(d: &mut Diagnostics<'_>, t: &TableReader<'_>, key: &'static str) -> Vec<String> {
    let texts = t.texts(d, key, PATH_MAX);
    if let Some(one) = texts.get(FILTERS_MAX) {
        d.add(one.span.clone(), &one.key, false, "is one too many", &format!("give at most {FILTERS_MAX}"));
    }
    texts.into_iter().map(|p| p.value).collect()
}

fn read_restic(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupRestic> {
    let repository = t.text(d, "repositori", PATH_MAX).map(|p| p.value).unwrap_or_default();
    let repository_file = path(d, t, "berkas_repositori");
    if repository.is_empty() == repository_file.is_empty() {
        t.missing(d, "repositori", "give the repository, or in `berkas_repositori` the file that holds it, not both");
    }
    if !t.has("berkas_sandi") {
        t.missing(d, "berkas_sandi", "give the file on the agent's host that holds the repository's password");
    }
    let password_file = path(d, t, "berkas_sandi");
    let environment_file = path(d, t, "berkas_kredensial");
    let host = t.text(d, "host_cadangan", NAME_MAX).map(|p| p.value).unwrap_or_default();
    let (paths, tags) = (texts(d, t, "jalur"), texts(d, t, "tag"));
    Some(BackupRestic { repository, repository_file, password_file, environment_file, host, paths, tags })
}

fn read_borg(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupBorg> {
    let repository = t.required_text(d, "repositori", PATH_MAX);
    let passphrase_file = path(d, t, "berkas_sandi");
    let archives = t.text(d, "arsip", NAME_MAX).map(|p| p.value).unwrap_or_default();
    Some(BackupBorg { repository: repository?.value, passphrase_file, archives })
}

fn read_pgbackrest(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupPgBackRest> {
    let stanza = t.required_text(d, "stanza", NAME_MAX);
    let config = path(d, t, "berkas_konfigurasi");
    let codes = ["mulai", "selesai"];
    let data_time = t.choice(d, "waktu_data", &codes, |code| codes.into_iter().find(|known| *known == code));
    let repository = t.integer(d, "nomor_repositori", 1..=256).map_or(0, |p| to_u32(p.value));
    let data_time_is_stop = data_time == Some("selesai");
    Some(BackupPgBackRest { stanza: stanza?.value, config, data_time_is_stop, repository })
}

fn read_wal(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupWal> {
    let host = t.required_text(d, "server", PATH_MAX);
    let port = t.integer(d, "port", 1..=65_535).map_or(0, |p| to_u32(p.value));
    let database = t.text(d, "basis_data", NAME_MAX).map(|p| p.value).unwrap_or_default();
    let user = t.text(d, "pengguna", NAME_MAX).map(|p| p.value).unwrap_or_default();
    let password_file = path(d, t, "berkas_sandi");
    Some(BackupWal { host: host?.value, port, database, user, password_file })
}

fn read_zfs(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Option<BackupZfs> {
    let dataset = t.required_text(d, "dataset", NAME_MAX);
    let snapshots = t.text(d, "snapshot", NAME_MAX).map(|p| p.value).unwrap_or_default();
    Some(BackupZfs { dataset: dataset?.value, snapshots })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostics::FileFaults;

    fn read(text: &str) -> Result<BackupSource, FileFaults> {
        let mut d = Diagnostics::new("k.toml", text);
        let Some((table, span)) = d.parse() else { return d.finish(None) };
        let root = TableReader::root(&table, span);
        let kind = root.text(&mut d, "jenis", NAME_MAX).map_or_else(|| "berkas".to_owned(), |kind| kind.value);
        let source = read_source(&mut d, &root, &kind);
        root.finish(&mut d);
        d.finish(source)
    }

    #[test]
    fn every_kind_is_read() {
        let files = read("pola = \"/b/*.gz\"\nlama_biasa = \"30m\"").expect("files");
        let expected = BackupFiles {
            pattern: "/b/*.gz".into(),
            settle_seconds: 60,
            zone: ZONE.into(),
            duration_seconds: 1800,
            read_content: true,
            ..BackupFiles::default()
        };
        assert_eq!(files, BackupSource::Files(expected));
        let restic =
            read("jenis = \"restic\"\nrepositori = \"/r\"\nberkas_sandi = \"/p\"\njalur = [\"/etc\"]").expect("restic");
        let expected = BackupRestic {
            repository: "/r".into(),
            password_file: "/p".into(),
            paths: vec!["/etc".into()],
            ..BackupRestic::default()
        };
        assert_eq!(restic, BackupSource::Restic(expected));
        assert!(matches!(read("jenis = \"borg\"\nrepositori = \"/r\""), Ok(BackupSource::Borg(_))));
        let stop = read("jenis = \"pgbackrest\"\nstanza = \"main\"\nwaktu_data = \"selesai\"");
        assert!(matches!(stop, Ok(BackupSource::PgBackRest(BackupPgBackRest { data_time_is_stop: true, .. }))));
        assert!(matches!(read("jenis = \"wal\"\nserver = \"/run/postgresql\""), Ok(BackupSource::Wal(_))));
        assert!(matches!(read("jenis = \"zfs\"\ndataset = \"tank/db\""), Ok(BackupSource::Zfs(_))));
        assert!(matches!(read("jenis = \"perintah\""), Ok(BackupSource::Runs(_))));
    }

    #[test]
    fn what_is_missing_or_belongs_elsewhere_is_a_fault() {
        for (text, said) in [
            ("jenis = \"restic\"\nrepositori = \"/r\"", "berkas_sandi"),
            ("jenis = \"restic\"\nberkas_sandi = \"/p\"", "repositori"),
            ("jenis = \"restic\"\nrepositori = \"/r\"\nberkas_sandi = \"p\"", "no absolute path"),
            ("jenis = \"borg\"\nrepositori = \"/r\"\npola = \"/x\"", "pola"),
            ("jenis = \"perintah\"\nstanza = \"x\"", "stanza"),
            ("pola = \"x\"", "no absolute pattern"),
            ("pola = \"/x\"\nzona = \"Mars\"", "no known zone"),
            ("pola = \"/x\"\npola_nama = '(\\d+)'", "does not find a time"),
        ] {
            let faults = read(text).expect_err(text).to_string();
            assert!(faults.contains(said), "{text}: {faults}");
        }
    }
}
