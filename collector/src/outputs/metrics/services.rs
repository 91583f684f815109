//! Services: state, figures of the month, budget. The very numbers of pages and reports, so that none can disagree.

use super::{Family, gauge, number, ratio, seconds, whole, yes};
use crate::domain::availability::{Verdict, instant};
use crate::domain::burn::Forecast;
use crate::domain::interval::Interval;
use crate::domain::state::{State, StateInterval, Timeline};
use crate::snapshot::{ServiceView, Snapshot};
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;

const VERDICTS: [Verdict; 5] =
    [Verdict::Met, Verdict::NotMet, Verdict::InsufficientData, Verdict::NoTarget, Verdict::NoServiceTime];

/// Families of figures of the month that runs.
struct Month {
    availability: Family,
    least: Family,
    most: Family,
    coverage: Family,
    seconds: Family,
    outages: Family,
    verdict: Family,
}

pub(super) fn services(snapshot: &Snapshot, now: Timestamp) -> Vec<Family> {
    let mut state = gauge("pantau_service_state", "1 for the state the service is in now, 0 for the others.");
    let mut since = gauge("pantau_service_state_since_timestamp_seconds", "When that state began.");
    let mut target = gauge("pantau_service_availability_target_ratio", "Availability target in force.");
    let mut maintenance =
        gauge("pantau_service_in_maintenance", "1 while planned maintenance takes the service out of its figures.");
    let mut hours = gauge("pantau_service_in_service_time", "1 in the hours in which the service should be up.");
    let mut expiry = gauge(
        "pantau_check_certificate_expiry_timestamp_seconds",
        "When the certificate that the newest answer of the check showed runs out.",
    );
    let mut month = Month::new();
    for view in snapshot.services.iter() {
        let id = view.id.as_str();
        for each in State::ALL {
            state.set(&[("service", id), ("state", each.name())], Some(yes(each == view.state)));
        }
        since.set(&[("service", id)], view.since.map(seconds));
        target.set(&[("service", id)], view.month.target_ppm.map(ratio));
        let (planned, open) = service_time(snapshot, view, now);
        maintenance.set(&[("service", id)], Some(yes(planned)));
        hours.set(&[("service", id)], Some(yes(open)));
        for check in &view.checks {
            let expires_at = check.outcome.as_ref().and_then(|outcome| outcome.certificate_expires_at);
            let labels = [("service", id), ("check", check.id.as_str()), ("host", check.host.as_str())];
            expiry.set(&labels, expires_at.map(|at| seconds(Timestamp::from_secs(at))));
        }
        month.add(view);
    }
    let mut all = vec![state, since, target, maintenance, hours, expiry];
    all.extend(month.families());
    all
}

/// Whether a window counts for the service at `now`, and whether it lies in service time, by the rules of the figures.
fn service_time(snapshot: &Snapshot, view: &ServiceView, now: Timestamp) -> (bool, bool) {
    let rules = snapshot.rulebook.rules(&view.id, view.effective_from, now);
    let states = Timeline::from_intervals([StateInterval { interval: Interval::ALL, state: view.state }]);
    let count = instant::count(&rules, &states, now);
    (count.component_maintenance || count.windows.iter().any(|(_, counts)| *counts), count.in_service_time)
}

impl Month {
    fn new() -> Self {
        Self {
            availability: gauge(
                "pantau_service_availability_ratio",
                "Availability over the known time of the period to date.",
            ),
            least: gauge(
                "pantau_service_availability_lower_bound_ratio",
                "Availability of the period to date if all unknown time was down.",
            ),
            most: gauge(
                "pantau_service_availability_upper_bound_ratio",
                "Availability of the period to date if all unknown time was up.",
            ),
            coverage: gauge(
                "pantau_service_coverage_ratio",
                "Share of the period to date in which the state is known.",
            ),
            seconds: gauge("pantau_service_time_seconds", "Seconds of the period to date, by what they count as."),
            outages: gauge("pantau_service_outages", "Outages of the period to date."),
            verdict: gauge("pantau_service_verdict", "1 for the verdict on the period to date, 0 for the others."),
        }
    }

    fn add(&mut self, view: &ServiceView) {
        let (figures, counts) = (&view.month, &view.month.counts);
        let labels = [("service", view.id.as_str()), ("period", "month")];
        let [service, period] = labels;
        self.availability.set(&labels, figures.availability_ppm.map(ratio));
        self.least.set(&labels, figures.availability_min_ppm.map(ratio));
        self.most.set(&labels, figures.availability_max_ppm.map(ratio));
        self.coverage.set(&labels, figures.coverage_ppm.map(ratio));
        for (class, value) in [
            ("up", counts.up_s),
            ("down", counts.down_s),
            ("unknown", counts.unknown_s),
            ("excluded", counts.excluded_s),
        ] {
            self.seconds.set(&[service, period, ("counted_as", class)], Some(number(value)));
        }
        self.outages.set(&labels, Some(number(figures.outages)));
        for verdict in VERDICTS {
            let value = Some(yes(verdict == figures.verdict));
            self.verdict.set(&[service, period, ("verdict", verdict.code())], value);
        }
    }

    fn families(self) -> Vec<Family> {
        vec![self.availability, self.least, self.most, self.coverage, self.seconds, self.outages, self.verdict]
    }
}

pub(super) fn budgets(services: &[Arc<ServiceView>]) -> Vec<Family> {
    let mut budget = gauge("pantau_service_error_budget_seconds", "Downtime the target allows in the period to date.");
    let mut left = gauge(
        "pantau_service_error_budget_remaining_seconds",
        "Allowed downtime less downtime in the period to date; negative when overspent.",
    );
    let mut month =
        gauge("pantau_service_error_budget_month_seconds", "Downtime the target allows in the whole month.");
    let mut month_left = gauge(
        "pantau_service_error_budget_month_remaining_seconds",
        "Of the whole month's budget, what is left; negative when overspent.",
    );
    let mut burn = gauge(
        "pantau_service_error_budget_burn_rate",
        "Pace at which the budget is used up, over a window of counted time; at 1 it lasts exactly the month.",
    );
    let mut burning =
        gauge("pantau_service_error_budget_burning", "1 while both windows of the pair burn above its limit.");
    let mut breaks = gauge(
        "pantau_service_error_budget_exhausted_timestamp_seconds",
        "When the month's budget is used up at the pace of the last day; absent when it lasts.",
    );
    for view in services {
        let id = view.id.as_str();
        let labels = [("service", id), ("period", "month")];
        budget.set(&labels, view.month.budget_s.map(whole));
        left.set(&labels, view.month.budget_left_s.map(whole));
        let Some(now) = &view.budget else { continue };
        month.set(&[("service", id)], Some(whole(now.month_s)));
        month_left.set(&[("service", id)], Some(whole(now.month_left_s)));
        for pair in &now.pairs {
            let window = format!("{}h", pair.pair.long_s / 3600);
            let labels = [("service", id), ("window", window.as_str())];
            burn.set(&labels, pair.burn.long_milli.map(|milli| number(milli) / 1e3));
            burning.set(&labels, Some(yes(pair.burn.fires)));
        }
        breaks.set(
            &[("service", id)],
            match now.forecast {
                Forecast::BreaksAt(at) => Some(seconds(at)),
                Forecast::Broken => Some(seconds(now.as_of)),
                Forecast::Holds | Forecast::Unknown => None,
            },
        );
    }
    vec![budget, left, month, month_left, burn, burning, breaks]
}
