//! Figures from counted seconds: ratios, budget, verdict.

use super::Runs;

const PPM: u64 = 1_000_000;

/// Whole seconds of agreed time by what they count as. Sums of counts are counts: a year is the sum of its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Available, with the degraded time that counts as available.
    pub up_s: u64,
    /// Degraded; also part of `up_s` or `down_s` by policy.
    pub degraded_s: u64,
    /// Not available.
    pub down_s: u64,
    /// Not known.
    pub unknown_s: u64,
    /// Taken out of the figures.
    pub excluded_s: u64,
}

impl Counts {
    /// No second.
    pub const ZERO: Self = Self { up_s: 0, degraded_s: 0, down_s: 0, unknown_s: 0, excluded_s: 0 };

    /// Adds other counts.
    pub fn add(&mut self, other: Self) {
        self.up_s += other.up_s;
        self.degraded_s += other.degraded_s;
        self.down_s += other.down_s;
        self.unknown_s += other.unknown_s;
        self.excluded_s += other.excluded_s;
    }

    /// All agreed seconds.
    pub const fn agreed_s(&self) -> u64 {
        self.counted_s() + self.excluded_s
    }

    /// The agreed seconds that are not excluded.
    pub const fn counted_s(&self) -> u64 {
        self.known_s() + self.unknown_s
    }

    /// The counted seconds whose state is known.
    pub const fn known_s(&self) -> u64 {
        self.up_s + self.down_s
    }

    /// Availability over the known time, in ppm, floored; no value without any.
    pub fn availability_ppm(&self) -> Option<u32> {
        ratio_ppm(self.up_s, self.known_s())
    }

    /// Availability if all unknown time was down.
    pub fn availability_min_ppm(&self) -> Option<u32> {
        ratio_ppm(self.up_s, self.counted_s())
    }

    /// Availability if all unknown time was up.
    pub fn availability_max_ppm(&self) -> Option<u32> {
        ratio_ppm(self.up_s + self.unknown_s, self.counted_s())
    }

    /// The part of the counted time that is known.
    pub fn coverage_ppm(&self) -> Option<u32> {
        ratio_ppm(self.known_s(), self.counted_s())
    }
}

/// `part / whole` in parts per million, floored; no value where `whole` is 0. `part` is at most `whole`.
pub fn ratio_ppm(part: u64, whole: u64) -> Option<u32> {
    let ppm = (u128::from(part) * u128::from(PPM)).checked_div(u128::from(whole))?;
    Some(u32::try_from(ppm).unwrap_or(u32::MAX))
}

/// Whether `part / whole` reaches `ppm`, without rounding.
fn reaches(part: u64, whole: u64, ppm: u32) -> bool {
    u128::from(part) * u128::from(PPM) >= u128::from(ppm) * u128::from(whole)
}

/// The judgement of a period against its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Could go either way: too much is unknown.
    InsufficientData,
    /// Target met.
    Met,
    /// There was no agreed time to judge.
    NoServiceTime,
    /// No target is set; nothing is assumed.
    NoTarget,
    /// Target missed.
    NotMet,
}

impl Verdict {
    /// The code in the API, the store and the message files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InsufficientData => "data_tidak_cukup",
            Self::Met => "tercapai",
            Self::NoServiceTime => "tanpa_waktu_layanan",
            Self::NoTarget => "target_belum_ditetapkan",
            Self::NotMet => "tidak_tercapai",
        }
    }

    /// The verdict on `counts`, in the order of engines A.2.
    pub fn evaluate(counts: &Counts, target_ppm: Option<u32>, min_coverage_ppm: u32) -> Self {
        let Some(target) = target_ppm else { return Self::NoTarget };
        let counted = counts.counted_s();
        if counted == 0 {
            Self::NoServiceTime
        } else if reaches(counts.up_s, counted, target) {
            Self::Met
        } else if !reaches(counts.up_s + counts.unknown_s, counted, target) {
            Self::NotMet
        } else if counts.known_s() == 0 || !reaches(counts.known_s(), counted, min_coverage_ppm) {
            Self::InsufficientData
        } else if reaches(counts.up_s, counts.known_s(), target) {
            Self::Met
        } else {
            Self::NotMet
        }
    }
}

/// The seconds under one set of terms.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TermCounts {
    pub(super) target_ppm: Option<u32>,
    pub(super) counts: Counts,
}

/// The target that judges the period.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermsInForce {
    pub(super) target_ppm: Option<u32>,
    pub(super) target_changed: bool,
    /// See [`super::Policy::min_coverage_ppm`].
    pub(super) min_coverage_ppm: u32,
}

/// Everything that is said of one service and period. Seconds and ppm; `None` is "no value".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The seconds everything follows from.
    pub counts: Counts,
    /// `U + D + K + E`.
    pub agreed_s: u64,
    /// `U / (U + D)`.
    pub availability_ppm: Option<u32>,
    /// `U / (U + D + K)`.
    pub availability_min_ppm: Option<u32>,
    /// `(U + K) / (U + D + K)`.
    pub availability_max_ppm: Option<u32>,
    /// `(U + D) / (U + D + K)`.
    pub coverage_ppm: Option<u32>,
    /// How many outages.
    pub outages: u64,
    /// The most counted seconds of one outage; 0 without any.
    pub longest_outage_s: u64,
    /// Mean time to restore service, `D / outages`.
    pub mtrs_s: Option<u64>,
    /// Mean time between failures, `U / outages`.
    pub mtbf_s: Option<u64>,
    /// The target in force at the end of the period.
    pub target_ppm: Option<u32>,
    /// Another target applied earlier in the period: to be noted where the verdict is shown.
    pub target_changed: bool,
    /// `floor((1 - target) * (U + D + K))`, each stretch by its own target.
    pub budget_s: Option<i64>,
    /// The budget less `D`; negative when overspent.
    pub budget_left_s: Option<i64>,
    /// The judgement.
    pub verdict: Verdict,
}

impl Figures {
    pub(super) fn evaluate(counts: Counts, by_terms: &[TermCounts], runs: Runs, terms: &TermsInForce) -> Self {
        let number = runs.outages();
        let budget = terms.target_ppm.map(|_| budget(by_terms));
        Self {
            counts,
            agreed_s: counts.agreed_s(),
            availability_ppm: counts.availability_ppm(),
            availability_min_ppm: counts.availability_min_ppm(),
            availability_max_ppm: counts.availability_max_ppm(),
            coverage_ppm: counts.coverage_ppm(),
            outages: number,
            longest_outage_s: runs.longest_s(),
            mtrs_s: counts.down_s.checked_div(number),
            mtbf_s: counts.up_s.checked_div(number),
            target_ppm: terms.target_ppm,
            target_changed: terms.target_changed,
            budget_s: budget.map(|(allowed, _)| allowed),
            budget_left_s: budget.map(|(allowed, spent)| allowed - spent),
            verdict: Verdict::evaluate(&counts, terms.target_ppm, terms.min_coverage_ppm),
        }
    }
}

/// Allowed and spent seconds. A stretch without target neither allows nor spends. The sum is floored once.
fn budget(by_terms: &[TermCounts]) -> (i64, i64) {
    let (mut allowed, mut spent) = (0_u128, 0_u64);
    for part in by_terms {
        if let Some(target) = part.target_ppm {
            allowed += u128::from(PPM.saturating_sub(u64::from(target))) * u128::from(part.counts.counted_s());
            spent += part.counts.down_s;
        }
    }
    (i64::try_from(allowed / u128::from(PPM)).unwrap_or(i64::MAX), i64::try_from(spent).unwrap_or(i64::MAX))
}
