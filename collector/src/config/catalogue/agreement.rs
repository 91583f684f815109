//! How a service's time is counted and judged: `pemeliharaan`, `pemberitahuan_min`, `pemeliharaan_maks_per_bulan`,
//! `cakupan_min`, `kinerja_turun`, `periode_target` of `[[layanan]]` (G22, G26).

use super::DAY_MS;
use crate::config::diagnostics::{Diagnostics, TableReader};
use crate::domain::availability::{DegradedPolicy, MaintenancePolicy, Policy};
use crate::domain::calendar::PeriodKind;
use crate::domain::catalogue::Agreement;

pub(super) fn read_agreement(d: &mut Diagnostics<'_>, t: &TableReader<'_>) -> Agreement {
    let default = Agreement::default();
    let maintenance = t.choice(d, "pemeliharaan", &MaintenancePolicy::ALL.map(MaintenancePolicy::code), |code| {
        MaintenancePolicy::ALL.into_iter().find(|policy| policy.code() == code)
    });
    let notice = t.duration_ms(d, "pemberitahuan_min", 0..=60 * DAY_MS).map(|p| p.value / 1000);
    let cap = t.duration_ms(d, "pemeliharaan_maks_per_bulan", 0..=31 * DAY_MS).map(|p| p.value / 1000);
    let coverage = t.percent_ppm(d, "cakupan_min");
    let degraded = t.choice(d, "kinerja_turun", &DegradedPolicy::ALL.map(DegradedPolicy::code), |code| {
        DegradedPolicy::ALL.into_iter().find(|policy| policy.code() == code)
    });
    let kinds = [("bulan", PeriodKind::Month), ("triwulan", PeriodKind::Quarter), ("tahun", PeriodKind::Year)];
    let period = t.choice(d, "periode_target", &kinds.map(|(code, _)| code), |code| {
        kinds.into_iter().find(|(known, _)| *known == code).map(|(_, kind)| kind)
    });
    Agreement {
        policy: Policy {
            maintenance: maintenance.unwrap_or(default.policy.maintenance),
            min_notice_s: notice.unwrap_or(default.policy.min_notice_s),
            excluded_cap_s: cap,
            degraded: degraded.unwrap_or(default.policy.degraded),
            min_coverage_ppm: coverage.unwrap_or(default.policy.min_coverage_ppm),
        },
        target_period: period.unwrap_or(default.target_period),
    }
}
