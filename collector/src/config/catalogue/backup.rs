//! Data that must be restorable: `[[layanan.cadangan]]`.

use super::{DAY_MS, Seen, TEXT_MAX, read_id, to_u32};
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::catalogue::BackupSet;
use pantau_shared::assignment::{BackupFiles, BackupSource};
use pantau_shared::ids::BackupSetId;

pub(super) fn read_backup(d: &mut Diagnostics<'_>, t: &TableReader<'_>, seen: &mut Seen) -> Option<BackupSet> {
    let id = read_id(d, t, "cadangan", seen, BackupSetId::parse);
    let name = t.text(d, "nama", TEXT_MAX).map(|p| p.value);
    let host = t.required_text(d, "host", TEXT_MAX).and_then(|host| seen.host(d, &host));
    let pattern = t.required_text(d, "pola", 1000);
    if let Some(pattern) = pattern.as_ref().filter(|p| !p.value.starts_with('/')) {
        let remedy = "begin with `/`, such as \"/var/backups/simpeg/*.sql.gz\"";
        d.add(pattern.span.clone(), &pattern.key, true, "is no absolute pattern", remedy);
    }
    let interval = t.duration_ms(d, "selang", 1000..=DAY_MS).map_or(300_000, |p| to_u32(p.value));
    let settle = t.duration_ms(d, "tunda_stabil", 0..=DAY_MS).map_or(60, |p| to_u32(p.value / 1000));
    let rpo = t.duration_ms(d, "rpo", 1000..=366 * DAY_MS).map(|p| to_u32(p.value / 1000));
    let size = t.integer(d, "ukuran_min", 1..=u64::MAX).map_or(1, |p| p.value);
    let required = t.boolean(d, "wajib").unwrap_or(true);
    t.finish(d);
    let id = id?;
    Some(BackupSet {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        host: host?,
        source: BackupSource::Files(BackupFiles { pattern: pattern?.value, settle_seconds: settle }),
        interval_ms: interval,
        rpo_seconds: rpo,
        size_bytes_min: size,
        required,
    })
}
