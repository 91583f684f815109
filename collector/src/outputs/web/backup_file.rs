//! A set's month as CSV, one line per local day and one for the whole: what the page shows, to count on.
//!
//! Durations are whole seconds, shares are ppm, as everywhere in the API; a day in which nothing was watched has no figures.

use super::visit::{Failure, Known, read};
use super::{WebState, month};
use crate::backup_period::{self, Watched};
use crate::domain::calendar::period::Period;
use crate::domain::calendar::zone;
use crate::domain::interval::Interval;
use crate::domain::rpo::exposure::PeriodFigures;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use http::{StatusCode, header};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

const HEADER: &str =
    "tanggal,set,dihitung_s,langgar_s,tanpa_cadangan_s,pelanggaran,paparan_tertinggi_s,kepatuhan_ppm,posisi_kemarin";

#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct FileQuery {
    period: Option<String>,
}

pub(super) async fn csv(
    Known { visit, .. }: Known,
    State(state): State<WebState>,
    Path(id): Path<String>,
    Query(query): Query<FileQuery>,
) -> Result<Response, Failure> {
    let missing = || visit.refuse(StatusCode::NOT_FOUND);
    let set = BackupSetId::parse(&id).map_err(|_| missing())?;
    let (service, _) = visit.snapshot.catalogue.backup_set(&set).ok_or_else(missing)?;
    let period = month::asked(query.period.as_deref(), &visit.snapshot, visit.now);
    let (store, rulebook, service) =
        (state.app.store.clone(), Arc::clone(&visit.snapshot.rulebook), service.id.clone());
    let (zone, now, of) = (visit.texts.zone(), visit.now, set.clone());
    let load = move |reader: &_| backup_period::load(reader, &rulebook, (&service, &of), period.interval(zone), now);
    let watched = read(&visit, move || store.read(load)).await?;
    let text = render(zone, &set, period, &watched, now);
    let disposition = format!("attachment; filename=\"rpo-{set}-{period}.csv\"");
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

fn render(zone: Tz, set: &BackupSetId, period: Period, watched: &Watched, now: Timestamp) -> String {
    let whole = period.interval(zone);
    let yesterday: BTreeMap<_, _> = watched.yesterday(zone, whole).into_iter().collect();
    let mut lines = vec![HEADER.to_owned()];
    let mut date = period.first_date();
    while zone::day_start(zone, date) < whole.to.min(now) {
        let Some(next) = date.succ_opt() else { break };
        let day = Interval::new(zone::day_start(zone, date), zone::day_start(zone, next));
        let met = yesterday.get(&date).map_or("", |met| if *met { "ya" } else { "tidak" });
        lines.push(line(&date.to_string(), set, watched, day, met));
        date = next;
    }
    let met = format!("{}/{}", yesterday.values().filter(|met| **met).count(), yesterday.len());
    lines.push(line(&period.to_string(), set, watched, whole, &met));
    lines.join("\r\n") + "\r\n"
}

fn line(name: &str, set: &BackupSetId, watched: &Watched, span: Interval, met: &str) -> String {
    let counted = watched.counted(span).length_s();
    let Some(PeriodFigures { breach_s, no_backup_s, breaches, peak_exposure_s, compliance_ppm }) = watched.over(span)
    else {
        return format!("{name},{set},0,,,,,,{met}");
    };
    let peak = peak_exposure_s.map(|peak| peak.to_string()).unwrap_or_default();
    let compliance = compliance_ppm.map(|ppm| ppm.to_string()).unwrap_or_default();
    format!("{name},{set},{counted},{breach_s},{no_backup_s},{},{peak},{compliance},{met}", breaches.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::Operator;
    use crate::domain::rpo::{Backup, Policy};
    use crate::rulebook::backup_terms::SetTerms;

    #[test]
    fn each_day_and_the_whole_are_told_by_the_rpo_of_their_time() {
        let zone = chrono_tz::Asia::Jakarta;
        let at = |text: &str| Timestamp::parse_rfc3339(&format!("2026-06-{text}:00+07:00")).expect("valid");
        let terms = |hours: u32| SetTerms {
            policy: Policy { rpo_seconds: Some(hours * 3600), operator: Operator::Below, ..Policy::default() },
            required: true,
            base: None,
        };
        let change = at("02T00:00");
        // Twelve hours were asked in the first days, two days from the 2nd on.
        let asked = vec![
            (Interval::new(Interval::ALL.from, change), terms(12)),
            (Interval::new(change, Interval::ALL.to), terms(48)),
        ];
        let window = Interval::new(at("01T12:00"), at("04T00:00"));
        let watched = Watched::new(window, asked, &[Backup::complete(at("01T06:00"), at("01T07:00"))]);
        let period = Period::parse("2026-06").expect("a month");
        let text = render(zone, &BackupSetId::parse("db").expect("valid"), period, &watched, at("04T00:00"));
        let lines: Vec<&str> = text.lines().collect();
        let expected = [
            HEADER,
            "2026-06-01,db,43200,21600,0,1,64800,500000,ya",
            "2026-06-02,db,86400,0,0,0,151200,1000000,ya",
            "2026-06-03,db,86400,64800,0,1,237600,250000,tidak",
            "2026-06,db,216000,86400,0,2,237600,600000,2/3",
        ];
        assert_eq!(lines, expected);
        assert_eq!(watched.changes().iter().map(|change| change.at).collect::<Vec<_>>(), [change]);
    }
}
