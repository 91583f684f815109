//! All figures of one service and period, each with its name: the one list behind the API, the JSON and the CSV report.
//! Names stay; new ones come at the end. Knows no words for people.

use crate::domain::availability::Figures;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The value of a figure. Nothing is "no value".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// One of a set of names.
    Code(&'static str),
    /// How many.
    Count(u64),
    /// Whether.
    Flag(bool),
    /// Parts per million.
    Ppm(Option<u32>),
    /// The parts per million beside it as a decimal, for programs that calculate with ratios.
    Ratio(Option<u32>),
    /// Seconds; negative where something is overspent.
    Seconds(Option<i64>),
}

impl Figure {
    /// As a field of CSV; `None`: not there, since the integer beside it is.
    pub fn csv(self) -> Option<String> {
        match self {
            Self::Code(code) => Some(code.to_owned()),
            Self::Count(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Ppm(ppm) => Some(ppm.map(|ppm| ppm.to_string()).unwrap_or_default()),
            Self::Ratio(_) => None,
            Self::Seconds(seconds) => Some(seconds.map(|seconds| seconds.to_string()).unwrap_or_default()),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Code(code) => serializer.serialize_str(code),
            Self::Count(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Ppm(ppm) => ppm.serialize(serializer),
            Self::Ratio(ppm) => ppm.map(|ppm| f64::from(ppm) / 1e6).serialize(serializer),
            Self::Seconds(seconds) => seconds.serialize(serializer),
        }
    }
}

/// Figures as one object with a field each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureList(pub Figures);

impl FigureList {
    /// Name and value of each, in the order of the report.
    pub fn fields(&self) -> [(&'static str, Figure); 22] {
        let seconds = |seconds: Option<u64>| Figure::Seconds(seconds.and_then(|s| i64::try_from(s).ok()));
        let counted = |s: u64| seconds(Some(s));
        let (figures, counts) = (&self.0, &self.0.counts);
        [
            ("target", Figure::Ratio(figures.target_ppm)),
            ("target_ppm", Figure::Ppm(figures.target_ppm)),
            ("availability", Figure::Ratio(figures.availability_ppm)),
            ("availability_ppm", Figure::Ppm(figures.availability_ppm)),
            ("availability_min_ppm", Figure::Ppm(figures.availability_min_ppm)),
            ("availability_max_ppm", Figure::Ppm(figures.availability_max_ppm)),
            ("coverage", Figure::Ratio(figures.coverage_ppm)),
            ("coverage_ppm", Figure::Ppm(figures.coverage_ppm)),
            ("agreed_s", counted(figures.agreed_s)),
            ("up_s", counted(counts.up_s)),
            ("degraded_s", counted(counts.degraded_s)),
            ("down_s", counted(counts.down_s)),
            ("unknown_s", counted(counts.unknown_s)),
            ("excluded_s", counted(counts.excluded_s)),
            ("outages", Figure::Count(figures.outages)),
            ("longest_outage_s", counted(figures.longest_outage_s)),
            ("mtrs_s", seconds(figures.mtrs_s)),
            ("mtbf_s", seconds(figures.mtbf_s)),
            ("budget_s", Figure::Seconds(figures.budget_s)),
            ("budget_left_s", Figure::Seconds(figures.budget_left_s)),
            ("verdict", Figure::Code(figures.verdict.code())),
            ("target_changed", Figure::Flag(figures.target_changed)),
        ]
    }
}

impl Serialize for FigureList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields();
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, figure) in fields {
            map.serialize_entry(name, &figure)?;
        }
        map.end()
    }
}
