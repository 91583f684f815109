//! The form that proposes maintenance, with a preview: its windows, and whether they would count if users were told now.

use super::maintenance::{notice_badge, repeat_choices, span};
use super::markup::Badge;
use super::page::Page;
use super::tickets::Choice;
use crate::domain::calendar::zone;
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::domain::register::maintenance::{MaintenancePlan, MaintenanceProposal};
use crate::domain::register::notice::Notice;
use crate::domain::register::recurrence::{Recurrence, WEEK, Weekdays};
use crate::snapshot::Snapshot;
use askama::Template;
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;

/// Windows that the preview shows.
const PREVIEW_MAX: usize = 6;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MaintenanceForm {
    pub(crate) csrf: String,
    /// Whether it is to be recorded, not only previewed.
    pub(crate) submit: bool,
    pub(crate) title: String,
    pub(crate) reason: String,
    pub(crate) evidence: String,
    pub(crate) services: Vec<String>,
    pub(crate) hosts: Vec<String>,
    /// Local wall time.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) repeat: String,
    pub(crate) weekdays: Vec<String>,
    pub(crate) until: String,
}

/// Local wall time of a `datetime-local` input.
pub(crate) fn local_instant(text: &str, zone: Tz) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"));
    local.ok().map(|local| zone::instant_of(zone, local))
}

impl MaintenanceForm {
    /// From the pairs of a form; unknown ones are ignored.
    pub(crate) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "csrf" => form.csrf = value,
                "step" => form.submit = value == "propose",
                "title" => form.title = value,
                "reason" => form.reason = value,
                "evidence" => form.evidence = value,
                "service" => form.services.push(value),
                "host" => form.hosts.push(value),
                "from" => form.from = value,
                "to" => form.to = value,
                "repeat" => form.repeat = value,
                "weekday" => form.weekdays.push(value),
                "until" => form.until = value,
                _ => {}
            }
        }
        form
    }

    /// What it proposes; `None` when a part cannot be read. Whether it is sound the rules say.
    pub(crate) fn proposal(&self, zone: Tz) -> Option<MaintenanceProposal> {
        let planned = Interval::new(local_instant(&self.from, zone)?, local_instant(&self.to, zone)?);
        let recurrence = match self.repeat.as_str() {
            "weekly" if self.weekdays.is_empty() => {
                let first = zone::local_date(zone, planned.from);
                Recurrence::Weekly(Weekdays::default().with(chrono::Datelike::weekday(&first)))
            }
            "weekly" => Recurrence::Weekly(Weekdays::parse(&self.weekdays.join("+"))?),
            "" => Recurrence::Once,
            code => Recurrence::parse(code)?,
        };
        let until = match self.until.as_str() {
            "" => None,
            // What is not asked for a single window may still stand in its field.
            _ if recurrence == Recurrence::Once => None,
            text => Some(text.parse::<NaiveDate>().ok()?),
        };
        Some(MaintenanceProposal {
            services: self.services.iter().map(|id| ServiceId::parse(id).ok()).collect::<Option<_>>()?,
            hosts: self.hosts.iter().map(|id| HostId::parse(id).ok()).collect::<Option<_>>()?,
            title: self.title.clone(),
            reason: self.reason.clone(),
            evidence: self.evidence.clone(),
            planned,
            recurrence,
            until,
        })
    }
}

/// What a proposal would lead to.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) windows: Vec<(String, Badge)>,
    /// How many more there are, in words; empty for none.
    pub(crate) more: String,
    pub(crate) verdict: String,
}

/// The preview of `plan`, which is not recorded, if users were told at `now`.
pub(crate) fn preview(page: &Page, snapshot: &Snapshot, plan: &MaintenancePlan) -> Preview {
    let (texts, now) = (page.texts, page.now);
    let notice_s = snapshot.rulebook.min_notice_of(&plan.services, &plan.hosts, &snapshot.catalogue);
    let all = plan.occurrences(snapshot.profile.time_zone);
    let notice = |window: &Interval| Notice::evaluate(Some(now), window.from, notice_s, now);
    let counts = all.first().is_some_and(|first| notice(first).counts());
    let ahead = all.first().map(|first| texts.between(now, first.from)).unwrap_or_default();
    let id = if counts { "preview-counts" } else { "preview-too-short" };
    Preview {
        windows: all.iter().take(PREVIEW_MAX).map(|w| (span(texts, *w), notice_badge(texts, notice(w)))).collect(),
        more: match all.len().saturating_sub(PREVIEW_MAX) {
            0 => String::new(),
            more => texts.count("preview-more", more),
        },
        verdict: texts.text(id, &[("ahead", &ahead), ("needed", &texts.duration(notice_s))]),
    }
}

#[derive(Debug, Template)]
#[template(path = "maintenance_new.html")]
struct FormPage {
    page: Page,
    form: MaintenanceForm,
    services: Vec<Choice>,
    hosts: Vec<Choice>,
    repeats: Vec<Choice>,
    weekdays: Vec<Choice>,
    error: Option<String>,
    preview: Option<Preview>,
}

/// The form with what was typed, what was wrong with it, and what it would lead to.
pub(crate) fn render(
    page: Page,
    snapshot: &Snapshot,
    form: MaintenanceForm,
    error: Option<String>,
    preview: Option<Preview>,
) -> Result<String, askama::Error> {
    let texts = page.texts;
    let choice = |value: &str, label: String, chosen: &[String]| Choice {
        value: value.to_owned(),
        label,
        selected: chosen.iter().any(|known| known == value),
    };
    let services = snapshot.catalogue.services.iter().flat_map(|service| {
        let components = service.composition.components.iter().map(|component| &component.id);
        std::iter::once(&service.id).chain(components)
    });
    let named = |id: &ServiceId| choice(id.as_str(), snapshot.catalogue.scope_name(id), &form.services);
    let services = services.map(named).collect();
    let hosts = snapshot.hosts.iter();
    let hosts = hosts.map(|h| choice(h.id.as_str(), h.name.clone(), &form.hosts)).collect();
    let weekdays = WEEK.iter();
    let weekdays = weekdays.map(|(_, code)| choice(code, texts.get(&format!("weekday-{code}")), &form.weekdays));
    let weekdays = weekdays.collect();
    FormPage { services, hosts, weekdays, repeats: repeat_choices(texts, &form.repeat), page, form, error, preview }
        .render()
}
