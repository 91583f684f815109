//! Who of Tabel 1 is asked about a ticket at an instant: roles, people, duty hours, absence.
//!
//! ```text
//! level of Tabel 14 ─► roles (profile) ─► officers of the role whose services suffer
//!                                          ├─ absent that day ─► their substitute, or the substitute's, or nobody
//!                                          └─ present ─► on duty now?  those who are; if nobody is, all of them
//! nobody at a level ─► the level above is asked, and it is said why
//! ```
//!
//! An office without officers is asked by role alone, as Tabel 14 has it. Duty hours narrow whom is asked first; they
//! never leave a level silent: the regulation knows no ticket without a person (G21, G36). Dates are local. Pure.

use super::calendar::{Calendar, zone};
use super::catalogue::{Service, ServiceId};
use super::interval::Interval;
use super::route::DayHours;
use chrono::NaiveDate;
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A substitute may be absent as well; so many steps are followed.
const SUBSTITUTES_MAX: usize = 8;

/// Days on which an officer is away, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// First day.
    pub first: NaiveDate,
    /// Last day.
    pub last: NaiveDate,
    /// Who stands in, an officer's identifier.
    pub substitute: Option<String>,
}

/// A person with a role of Tabel 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Officer {
    /// Stable identifier.
    pub id: String,
    /// For people.
    pub name: String,
    /// Codes of the profile's roles.
    pub roles: BTreeSet<String>,
    /// Only for services of these PD, as written in the catalogue; empty is all.
    pub providers: BTreeSet<String>,
    /// Only for these services; empty is all.
    pub services: BTreeSet<ServiceId>,
    /// On duty in its open time; `None` is always.
    pub duty: Option<Calendar>,
    /// The name of that calendar, for people.
    pub duty_name: Option<String>,
    /// In order of time.
    pub absences: Vec<Absence>,
    /// Receivers that reach this person alone.
    pub receivers: BTreeSet<String>,
    /// Hours in which messages of P4 to P6 wait.
    pub quiet: Option<DayHours>,
}

/// Why somebody is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// On duty.
    OnDuty,
    /// Nobody of the role is on duty: all of it are asked.
    NobodyOnDuty,
    /// Stands in for that officer, who is absent.
    StandsInFor(String),
}

/// Somebody who is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached<'a> {
    /// Who.
    pub officer: &'a Officer,
    /// In which role.
    pub role: String,
    /// Why.
    pub because: Because,
}

/// Everybody, in the file's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    /// The officers.
    pub officers: Vec<Officer>,
}

impl Officer {
    fn absence(&self, date: NaiveDate) -> Option<&Absence> {
        self.absences.iter().find(|absence| (absence.first..=absence.last).contains(&date))
    }

    fn is_on_duty(&self, at: Timestamp) -> bool {
        let instant = Interval::new(at, at.plus_ms(1));
        self.duty.as_ref().is_none_or(|calendar| calendar.open_in(instant).iter().next().is_some())
    }

    /// Whether any of the services is this officer's.
    fn cares_for(&self, affected: &[&Service]) -> bool {
        let all = self.providers.is_empty() && self.services.is_empty();
        let own =
            |service: &&Service| self.providers.contains(&service.provider) || self.services.contains(&service.id);
        all || affected.iter().any(own)
    }
}

impl Roster {
    /// The officer of that identifier.
    pub fn officer(&self, id: &str) -> Option<&Officer> {
        self.officers.iter().find(|officer| officer.id == id)
    }

    /// Whether anybody of these roles cares for a service, present or not.
    pub fn names_anybody(&self, roles: &[String], service: &Service) -> bool {
        let of_role = |officer: &&Officer| roles.iter().any(|role| officer.roles.contains(role));
        self.officers.iter().filter(of_role).any(|officer| officer.cares_for(&[service]))
    }

    /// Receivers that reach one person each: they hear of a ticket only when that person is asked.
    pub fn personal_receivers(&self) -> BTreeSet<&str> {
        self.officers.iter().flat_map(|officer| officer.receivers.iter().map(String::as_str)).collect()
    }

    /// Who is asked in any of `roles` for `affected` at `at`, by role and then in the file's order; each once.
    pub fn reached(&self, roles: &[String], affected: &[&Service], zone: Tz, at: Timestamp) -> Vec<Reached<'_>> {
        let date = zone::local_date(zone, at);
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for role in roles {
            let mut found = self.present(role, affected, date);
            if found.iter().any(|(officer, _)| officer.is_on_duty(at)) {
                found.retain(|(officer, _)| officer.is_on_duty(at));
            } else {
                found.iter_mut().filter(|(_, because)| *because == Because::OnDuty).for_each(|(_, because)| {
                    *because = Because::NobodyOnDuty;
                });
            }
            let new = found.into_iter().filter(|(officer, _)| seen.insert(officer.id.as_str()));
            out.extend(new.map(|(officer, because)| Reached { officer, role: role.clone(), because }));
        }
        out
    }

    /// Officers of a role who are not absent, and those who stand in for the absent ones.
    fn present(&self, role: &str, affected: &[&Service], date: NaiveDate) -> Vec<(&Officer, Because)> {
        let own = self.officers.iter().filter(|officer| officer.roles.contains(role) && officer.cares_for(affected));
        own.filter_map(|officer| match officer.absence(date) {
            None => Some((officer, Because::OnDuty)),
            Some(absence) => {
                let stands_in = self.stands_in(absence, date)?;
                Some((stands_in, Because::StandsInFor(officer.name.clone())))
            }
        })
        .collect()
    }

    fn stands_in(&self, absence: &Absence, date: NaiveDate) -> Option<&Officer> {
        let mut absence = absence;
        for _ in 0..SUBSTITUTES_MAX {
            let officer = self.officer(absence.substitute.as_deref()?)?;
            match officer.absence(date) {
                None => return Some(officer),
                Some(next) => absence = next,
            }
        }
        None
    }

    /// Who is asked at `level` (1 is the first) of `levels`, the roles of each level; where a level has nobody, the next
    /// one that has. The level that is asked, and its people; `None`: nobody at all.
    pub fn of_level(
        &self,
        level: u8,
        levels: &[Vec<String>],
        affected: &[&Service],
        zone: Tz,
        at: Timestamp,
    ) -> Option<(u8, Vec<Reached<'_>>)> {
        let above = (1_u8..).zip(levels).filter(|(number, _)| *number >= level);
        above
            .map(|(number, roles)| (number, self.reached(roles, affected, zone, at)))
            .find(|(_, reached)| !reached.is_empty())
    }
}

/// Receivers of those who are asked, each with the hours in which messages of P4 to P6 wait; of a receiver that reaches
/// two of them those of the one who waits for nothing.
pub fn receivers_of(reached: &[Reached<'_>]) -> BTreeMap<String, Option<DayHours>> {
    let mut out: BTreeMap<String, Option<DayHours>> = BTreeMap::new();
    for Reached { officer, .. } in reached {
        for receiver in &officer.receivers {
            let quiet = out.entry(receiver.clone()).or_insert(officer.quiet);
            if officer.quiet.is_none() {
                *quiet = None;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::WeeklyHours;
    use crate::domain::calendar::hours::MinuteOfDay;
    use chrono::Weekday;

    const ZONE: Tz = chrono_tz::Asia::Jakarta;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("{text}:00+07:00")).expect("valid")
    }

    fn officer(id: &str, role: &str) -> Officer {
        Officer {
            id: id.into(),
            name: id.to_uppercase(),
            roles: [role.to_owned()].into(),
            providers: BTreeSet::new(),
            services: BTreeSet::new(),
            duty: None,
            duty_name: None,
            absences: Vec::new(),
            receivers: [format!("wa-{id}")].into(),
            quiet: None,
        }
    }

    /// Mondays 08:00 to 16:00.
    fn mondays() -> Calendar {
        let mut hours = WeeklyHours::default();
        let minute = |text| MinuteOfDay::parse(text).expect("valid");
        hours.set(Weekday::Mon, vec![(minute("08:00"), minute("16:00"))]).expect("valid");
        Calendar::weekly(ZONE, hours)
    }

    fn away(officer: &mut Officer, first: &str, last: &str, substitute: Option<&str>) {
        let date = |text: &str| text.parse().expect("a date");
        officer.absences.push(Absence { first: date(first), last: date(last), substitute: substitute.map(Into::into) });
    }

    fn levels() -> Vec<Vec<String>> {
        vec![vec!["adm".into(), "infra".into()], vec!["pj".into()], vec!["pimpinan".into()]]
    }

    fn names(roster: &Roster, level: u8, now: &str) -> String {
        let Some((level, reached)) = roster.of_level(level, &levels(), &[], ZONE, at(now)) else {
            return "nobody".to_owned();
        };
        let name = |reached: &Reached<'_>| {
            let because = match &reached.because {
                Because::OnDuty => String::new(),
                Because::NobodyOnDuty => "?".to_owned(),
                Because::StandsInFor(name) => format!("/{name}"),
            };
            format!("{}{because}", reached.officer.id)
        };
        format!("{level}: {}", reached.iter().map(name).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn duty_narrows_and_never_silences() {
        let mut roster = Roster { officers: vec![officer("a", "adm"), officer("b", "adm"), officer("i", "infra")] };
        assert_eq!(names(&roster, 1, "2026-11-23T10:00"), "1: a b i");
        roster.officers[0].duty = Some(mondays());
        // Monday: both are on duty; Tuesday only who has no hours; the other role is not asked less for it.
        assert_eq!(names(&roster, 1, "2026-11-23T10:00"), "1: a b i");
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "1: b i");
        roster.officers[1].duty = Some(mondays());
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "1: a? b? i");
        assert_eq!(names(&roster, 1, "2026-11-23T15:59"), "1: a b i");
        assert_eq!(names(&roster, 1, "2026-11-23T16:00"), "1: a? b? i", "half-open");
    }

    #[test]
    fn who_is_absent_has_a_substitute_and_a_level_without_anybody_passes_on() {
        let mut roster = Roster { officers: vec![officer("a", "adm"), officer("p", "pj"), officer("q", "pj")] };
        away(&mut roster.officers[0], "2026-11-23", "2026-11-25", Some("q"));
        assert_eq!(names(&roster, 1, "2026-11-22T23:59"), "1: a");
        assert_eq!(names(&roster, 1, "2026-11-23T00:00"), "1: q/A");
        assert_eq!(names(&roster, 1, "2026-11-25T23:59"), "1: q/A");
        assert_eq!(names(&roster, 1, "2026-11-26T00:00"), "1: a");
        // The substitute is away as well, with one of their own; then without.
        away(&mut roster.officers[2], "2026-11-24", "2026-11-24", Some("p"));
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "1: p/A");
        assert_eq!(names(&roster, 2, "2026-11-24T10:00"), "2: p", "once, though also for q");
        away(&mut roster.officers[1], "2026-11-24", "2026-11-24", None);
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "nobody");
        roster.officers.push(officer("bupati", "pimpinan"));
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "3: bupati");
    }

    #[test]
    fn substitutes_in_a_circle_end() {
        let mut roster = Roster { officers: vec![officer("a", "adm"), officer("b", "adm")] };
        away(&mut roster.officers[0], "2026-11-24", "2026-11-24", Some("b"));
        away(&mut roster.officers[1], "2026-11-24", "2026-11-24", Some("a"));
        assert_eq!(names(&roster, 1, "2026-11-24T10:00"), "nobody");
    }

    #[test]
    fn a_shared_receiver_waits_only_as_long_as_all_do() {
        let mut roster = Roster { officers: vec![officer("a", "adm"), officer("b", "adm")] };
        roster.officers.iter_mut().for_each(|officer| officer.receivers = ["grup".to_owned()].into());
        let night = DayHours::parse("22:00-06:00");
        roster.officers[0].quiet = night;
        let told = |roster: &Roster| receivers_of(&roster.reached(&["adm".into()], &[], ZONE, at("2026-11-24T10:00")));
        assert_eq!(told(&roster), [("grup".to_owned(), None)].into());
        roster.officers[1].quiet = night;
        assert_eq!(told(&roster), [("grup".to_owned(), night)].into());
    }
}
