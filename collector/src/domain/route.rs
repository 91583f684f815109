//! Which receivers hear of a ticket, and from when on.
//!
//! Without routes every receiver hears of every ticket. With routes a ticket goes to the receivers of every route that
//! matches it. Hours are judged at the moment the ticket was recorded, never at that of a later event, and who has heard
//! of a ticket hears of it to its end: a help desk that got the opening by day gets the closing by night.
//!
//! A receiver that reaches one officer ([`super::duty`]) hears of a ticket only when that officer is asked, and from then
//! on; without routes too.
//!
//! Quiet hours hold back messages of P4 to P6 until they end (rules B.2, escalation); P1 to P3 are never held back.

use crate::domain::calendar::zone;
use crate::domain::catalogue::{Catalogue, ServiceId};
use crate::domain::ticket::{Ticket, TicketClass};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most urgent priority that quiet hours hold back.
const QUIET_FROM_PRIORITY: u8 = 4;
/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// A span of every local day, `[from, to)` in minutes after midnight; one that ends before it begins crosses midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayHours {
    from: u16,
    to: u16,
}

impl fmt::Display for DayHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [self.from, self.to].map(|minute| (minute / 60, minute % 60));
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
    }
}

impl DayHours {
    /// Reads `HH:MM-HH:MM`, to 24:00; `None` for anything else and for an empty span.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let hours = Self { from: minute(from.trim())?, to: minute(to.trim())? };
        (hours.from != hours.to && hours.from < DAY_MINUTES).then_some(hours)
    }

    /// Not before when a message about `ticket` may leave, if it must wait.
    fn holds(self, ticket: &Ticket, zone: Tz, now: Timestamp) -> Option<Timestamp> {
        let minute = zone::minute_of_day(zone, now);
        let waits = ticket.priority.number() >= QUIET_FROM_PRIORITY && self.contains(minute);
        let began = Timestamp::from_ms(now.as_ms() - now.as_ms().rem_euclid(60_000));
        waits.then(|| began.plus_secs(i64::from(self.left(minute)) * 60))
    }

    /// Whether a minute of the day lies within.
    fn contains(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// Minutes from `minute`, which lies within, to the end.
    fn left(self, minute: u16) -> u16 {
        (self.to + DAY_MINUTES - minute) % DAY_MINUTES
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY_MINUTES).then_some(at)
}

/// One route. An empty condition matches every ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Any of the affected services.
    pub services: BTreeSet<ServiceId>,
    /// Penyedia (PD) of any of the affected services, as written in the catalogue.
    pub providers: BTreeSet<String>,
    /// Priorities, 1 to 6.
    pub priorities: BTreeSet<u8>,
    /// Classes.
    pub classes: BTreeSet<TicketClass>,
    /// Only tickets recorded in these hours.
    pub hours: Option<DayHours>,
    /// Hours in which messages of P4 to P6 wait.
    pub quiet: Option<DayHours>,
    /// Who is told.
    pub targets: BTreeSet<String>,
}

impl Route {
    fn matches(&self, ticket: &Ticket, catalogue: &Catalogue, zone: Tz) -> bool {
        let any = |wanted: &dyn Fn(&ServiceId) -> bool| ticket.affected_services.iter().any(wanted);
        let provided =
            |id: &ServiceId| catalogue.service(id).is_some_and(|service| self.providers.contains(&service.provider));
        (self.services.is_empty() || any(&|id| self.services.contains(id)))
            && (self.providers.is_empty() || any(&provided))
            && (self.priorities.is_empty() || self.priorities.contains(&ticket.priority.number()))
            && (self.classes.is_empty() || self.classes.contains(&ticket.key.class))
            && self.hours.is_none_or(|hours| hours.contains(zone::minute_of_day(zone, ticket.recorded_at)))
    }
}

/// All receivers and the routes to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// Every enabled receiver's name, in the file's order.
    pub targets: Vec<String>,
    /// The routes; none sends everything to everyone.
    pub routes: Vec<Route>,
    /// Those of the receivers that also tell people what is no ticket.
    pub notices: BTreeSet<String>,
}

impl Routing {
    /// Everyone hears everything.
    pub fn to_all(targets: &[&str]) -> Self {
        let names = || targets.iter().map(|name| (*name).to_owned());
        Self { targets: names().collect(), routes: Vec::new(), notices: names().collect() }
    }

    /// Who hears of this state of `ticket`, each with the moment before which nothing may leave. `told` have heard of it
    /// before; `asked` are receivers of officers who are asked now, with their quiet hours. A receiver that two of them
    /// reach waits only as long as the earlier says.
    pub fn plan(
        &self,
        ticket: &Ticket,
        told: &BTreeSet<String>,
        asked: &BTreeMap<String, Option<DayHours>>,
        catalogue: &Catalogue,
        zone: Tz,
        now: Timestamp,
    ) -> Vec<(String, Option<Timestamp>)> {
        let mut holds: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
        for (target, quiet) in asked {
            holds.insert(target, quiet.and_then(|hours| hours.holds(ticket, zone, now)));
        }
        for route in self.routes.iter().filter(|route| route.matches(ticket, catalogue, zone)) {
            let held = route.quiet.and_then(|hours| hours.holds(ticket, zone, now));
            for target in &route.targets {
                // `None` sorts before every moment: not held at all.
                holds.entry(target).and_modify(|hold| *hold = (*hold).min(held)).or_insert(held);
            }
        }
        let personal = catalogue.roster.personal_receivers();
        let everyone = |name: &str| self.routes.is_empty() && !personal.contains(name);
        let hears = |name: &&String| everyone(name) || told.contains(*name) || holds.contains_key(name.as_str());
        let heard = self.targets.iter().filter(hears);
        heard.map(|name| (name.clone(), holds.get(name.as_str()).copied().flatten())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phrase::Phrase;
    use crate::domain::profile::Impact;
    use crate::domain::profile::Priority;
    use crate::domain::ticket::condition::Condition;
    use crate::domain::ticket::open::{self, Report};
    use crate::domain::ticket::{TicketKey, TicketNumber};

    const ZONE: Tz = chrono_tz::Asia::Jakarta;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("2026-11-24T{text}:00+07:00")).expect("valid")
    }

    fn ticket(priority: u8, recorded: &str) -> Ticket {
        let service = ServiceId::parse("simpeg").expect("valid");
        let condition = Condition {
            key: TicketKey::parse("service:simpeg|akses").expect("valid"),
            impact: Impact::Mayor,
            onset_at: at(recorded),
            symptom: Phrase::new("symptom-service-down"),
            category: "aplikasi".into(),
            components: vec![],
            affected: vec![service],
            flapping_since: None,
        };
        let report = Report { reporter: None, condition: &condition, related: None };
        let number = TicketNumber { year: 2026, number: 1 };
        let profile = crate::config::profile::bangka_2025();
        let (mut ticket, _) = open::open(&report, number, &Catalogue::empty(), &profile, at(recorded));
        ticket.priority = Priority::new(priority).expect("1 to 6");
        ticket.recorded_at = at(recorded);
        ticket
    }

    fn names(routing: &Routing, ticket: &Ticket, told: &[&str], now: &str) -> String {
        let told = told.iter().map(|name| (*name).to_owned()).collect();
        let plan = routing.plan(ticket, &told, &BTreeMap::new(), &Catalogue::empty(), ZONE, at(now));
        let show = |(name, held): (String, Option<Timestamp>)| {
            held.map_or(name.clone(), |until| {
                format!("{name}@{}", until.to_utc().with_timezone(&ZONE).format("%d %H:%M"))
            })
        };
        plan.into_iter().map(show).collect::<Vec<_>>().join(" ")
    }

    fn route(targets: &[&str]) -> Route {
        Route { targets: targets.iter().map(|name| (*name).to_owned()).collect(), ..Route::default() }
    }

    #[test]
    fn without_routes_everyone_hears_everything() {
        assert_eq!(names(&Routing::to_all(&["a", "b"]), &ticket(6, "02:00"), &[], "02:00"), "a b");
    }

    #[test]
    fn a_route_chooses_and_who_was_told_hears_the_end() {
        let mut routing = Routing::to_all(&["meja", "piket", "surat"]);
        routing.routes = vec![
            Route { priorities: [1, 2].into(), ..route(&["piket"]) },
            Route { hours: DayHours::parse("07:30-16:00"), ..route(&["meja"]) },
            Route { services: [ServiceId::parse("lain").expect("valid")].into(), ..route(&["surat"]) },
        ];
        assert_eq!(names(&routing, &ticket(1, "09:00"), &[], "09:00"), "meja piket");
        assert_eq!(names(&routing, &ticket(5, "20:00"), &[], "20:00"), "");
        // Recorded by day, closed by night.
        assert_eq!(names(&routing, &ticket(5, "09:00"), &[], "23:00"), "meja");
        // Its priority fell: who heard of it hears the end.
        assert_eq!(names(&routing, &ticket(5, "20:00"), &["piket"], "23:00"), "piket");
    }

    #[test]
    fn a_receiver_of_one_officer_hears_when_that_officer_is_asked_and_from_then_on() {
        let routing = Routing::to_all(&["meja", "wa-sari"]);
        let mut catalogue = Catalogue::empty();
        let officer = crate::domain::duty::Officer {
            id: "sari".into(),
            name: "Sari".into(),
            roles: BTreeSet::new(),
            providers: BTreeSet::new(),
            services: BTreeSet::new(),
            duty: None,
            duty_name: None,
            absences: Vec::new(),
            receivers: ["wa-sari".to_owned()].into(),
            quiet: None,
        };
        catalogue.roster.officers.push(officer);
        let night = DayHours::parse("22:00-06:00");
        let plan = |told: &[&str], asked: &[(&str, Option<DayHours>)], priority| {
            let told = told.iter().map(|name| (*name).to_owned()).collect();
            let asked = asked.iter().map(|(name, quiet)| ((*name).to_owned(), *quiet)).collect();
            routing.plan(&ticket(priority, "23:00"), &told, &asked, &catalogue, ZONE, at("23:00"))
        };
        let heard = |name: &str| (name.to_owned(), None);
        assert_eq!(plan(&[], &[], 1), [heard("meja")]);
        assert_eq!(plan(&[], &[("wa-sari", night)], 3), [heard("meja"), heard("wa-sari")]);
        let morning = Some(at("23:00").plus_secs(7 * 3_600));
        assert_eq!(plan(&[], &[("wa-sari", night)], 4), [heard("meja"), ("wa-sari".to_owned(), morning)]);
        assert_eq!(plan(&["wa-sari"], &[], 4), [heard("meja"), heard("wa-sari")], "told of its end");
    }

    #[test]
    fn quiet_hours_hold_back_p4_to_p6_only_and_across_midnight() {
        let mut routing = Routing::to_all(&["wa"]);
        routing.routes = vec![Route { quiet: DayHours::parse("22:00-06:00"), ..route(&["wa"]) }];
        assert_eq!(names(&routing, &ticket(3, "23:00"), &[], "23:00"), "wa");
        assert_eq!(names(&routing, &ticket(4, "23:00"), &[], "23:10"), "wa@25 06:00");
        assert_eq!(names(&routing, &ticket(6, "01:00"), &[], "05:59"), "wa@24 06:00");
        assert_eq!(names(&routing, &ticket(6, "06:00"), &[], "06:00"), "wa");
        routing.routes.push(route(&["wa"]));
        assert_eq!(names(&routing, &ticket(6, "23:00"), &[], "23:00"), "wa", "another route does not hold it back");
    }

    #[test]
    fn hours_are_read_strictly() {
        for good in ["07:30-16:00", "22:00-06:00", "00:00-24:00"] {
            assert!(DayHours::parse(good).is_some(), "{good}");
        }
        for bad in
            ["", "7:30-16:00", "08:00", "08:00-08:00", "25:00-26:00", "08:60-09:00", "24:00-06:00", "+8:00-09:00"]
        {
            assert!(DayHours::parse(bad).is_none(), "{bad}");
        }
    }
}
