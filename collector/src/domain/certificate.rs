//! Certificates that run out: from the `notAfter` that askings saw to the stage of a warning.
//!
//! ```text
//! days left │ > 30 sound │ ≤ 30 stage 1 │ ≤ 14 stage 2 │ ≤ 7 stage 3 │ ≤ 0 stage 4, expired
//! ```
//!
//! The earliest `notAfter` of the vantages counts: a name behind several addresses may show several certificates.
//! Nobody who saw one lately: unseen, whatever was seen before. A certificate that makes the asking fail is not judged
//! here: the service is down then, and its ticket tells why.

use pantau_shared::timestamp::Timestamp;

const DAY_S: i64 = 86_400;
/// So many intervals of its check a sight of a certificate counts.
const FRESH_INTERVALS: i64 = 5;
/// And at least so long, in milliseconds.
const FRESH_MS_MIN: i64 = 600_000;

/// When a certificate that runs out is warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificatePolicy {
    /// Days left at which a warning begins and rises, the most first; none are for ever quiet.
    pub stages_days: [u32; 3],
}

impl Default for CertificatePolicy {
    /// 30, 14 and 7 days: the renewal of an ordinary certificate, its second try, and the last week.
    fn default() -> Self {
        Self { stages_days: [30, 14, 7] }
    }
}

/// The certificate that one vantage sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCertificate {
    /// When it runs out.
    pub expires_at: Timestamp,
    /// Since when this one is shown.
    pub since: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
}

impl SeenCertificate {
    /// What is known once a certificate with this end is seen at `at`, in order of time.
    #[must_use]
    pub fn after(before: Option<Self>, expires_at: Timestamp, at: Timestamp) -> Self {
        let same = before.filter(|seen| seen.expires_at == expires_at);
        Self { expires_at, since: same.map_or(at, |seen| seen.since), last: at }
    }
}

/// How an endpoint's certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateView {
    /// Nobody saw one lately.
    Unseen,
    /// Far from its end, since then.
    Sound(Timestamp),
    /// Running out.
    Expiring {
        /// 1 to 4; 4 is expired.
        stage: u8,
        /// The limit that was passed, in days; 0 once expired.
        limit_days: u32,
        /// When the first limit was passed.
        onset_at: Timestamp,
        /// When it runs out.
        expires_at: Timestamp,
    },
}

impl CertificatePolicy {
    /// How it stands at `now` by what the vantages of a check that is asked each `interval_ms` saw.
    pub fn view(
        self,
        seen: impl Iterator<Item = SeenCertificate>,
        interval_ms: u32,
        now: Timestamp,
    ) -> CertificateView {
        let fresh_ms = (i64::from(interval_ms) * FRESH_INTERVALS).max(FRESH_MS_MIN);
        let fresh = seen.filter(|seen| now.ms_since(seen.last) <= fresh_ms);
        let (mut first, mut since): (Option<Timestamp>, Timestamp) = (None, Timestamp::from_ms(i64::MIN));
        for seen in fresh {
            first = Some(first.map_or(seen.expires_at, |known| known.min(seen.expires_at)));
            since = since.max(seen.since);
        }
        let Some(expires_at) = first else { return CertificateView::Unseen };
        let Some((stage, limit_days)) = self.stage(expires_at, now) else { return CertificateView::Sound(since) };
        let onset_at = expires_at.plus_secs(-i64::from(self.stages_days[0]) * DAY_S);
        CertificateView::Expiring { stage, limit_days, onset_at, expires_at }
    }

    fn stage(self, expires_at: Timestamp, now: Timestamp) -> Option<(u8, u32)> {
        let mut passed = None;
        for (stage, days) in (1_u8..).zip(self.stages_days.into_iter().chain([0])) {
            if now >= expires_at.plus_secs(-i64::from(days) * DAY_S) {
                passed = Some((stage, days));
            }
        }
        passed
    }

    /// The next instant after `now` at which the stage of a certificate rises.
    pub fn next_stage(self, expires_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let limits = self.stages_days.into_iter().chain([0]);
        limits.map(|days| expires_at.plus_secs(-i64::from(days) * DAY_S)).filter(|at| *at > now).min()
    }
}

/// Whole days until `expires_at`, floored; negative once it has passed.
pub fn days_left(expires_at: Timestamp, now: Timestamp) -> i64 {
    expires_at.ms_since(now).div_euclid(DAY_S * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `left` hours before its end, seen a minute ago; what the default policy says.
    fn at(left_hours: i64) -> CertificateView {
        let now = Timestamp::from_secs(100 * DAY_S);
        let seen = SeenCertificate {
            expires_at: now.plus_secs(left_hours * 3600),
            since: Timestamp::from_secs(5),
            last: now.plus_secs(-60),
        };
        CertificatePolicy::default().view([seen].into_iter(), 30_000, now)
    }

    #[test]
    fn stages_rise_at_thirty_fourteen_and_seven_days_and_at_the_end() {
        let told: Vec<String> = [31 * 24, 30 * 24 + 1, 30 * 24, 14 * 24 + 1, 14 * 24, 7 * 24, 1, 0, -48]
            .into_iter()
            .map(|hours| match at(hours) {
                CertificateView::Unseen => "unseen".to_owned(),
                CertificateView::Sound(since) => format!("sound {}", since.as_secs()),
                CertificateView::Expiring { stage, limit_days, .. } => format!("{stage}:{limit_days}"),
            })
            .collect();
        assert_eq!(told.join(" "), "sound 5 sound 5 1:30 1:30 2:14 3:7 3:7 4:0 4:0");
    }

    #[test]
    fn the_worst_vantage_counts_and_an_old_sight_says_nothing() {
        let now = Timestamp::from_secs(100 * DAY_S);
        let seen = |days: i64, ago: i64| SeenCertificate {
            expires_at: now.plus_secs(days * DAY_S),
            since: now.plus_secs(-9000),
            last: now.plus_secs(-ago),
        };
        let policy = CertificatePolicy::default();
        let stage = |list: &[SeenCertificate]| match policy.view(list.iter().copied(), 30_000, now) {
            CertificateView::Unseen => -1,
            CertificateView::Sound(_) => 0,
            CertificateView::Expiring { stage, .. } => i32::from(stage),
        };
        assert_eq!(stage(&[seen(90, 10), seen(6, 10)]), 3);
        assert_eq!(stage(&[seen(90, 10), seen(6, 601)]), 0);
        assert_eq!(stage(&[seen(6, 601)]), -1);
        assert_eq!(stage(&[]), -1);
    }

    #[test]
    fn a_renewed_certificate_is_another_one_and_the_next_stage_is_known() {
        let s = Timestamp::from_secs;
        let first = SeenCertificate::after(None, s(900), s(1));
        let again = SeenCertificate::after(Some(first), s(900), s(2));
        assert_eq!((again.since, again.last), (s(1), s(2)));
        assert_eq!(SeenCertificate::after(Some(again), s(5000), s(3)).since, s(3));
        let policy = CertificatePolicy::default();
        assert_eq!(policy.next_stage(s(100 * DAY_S), s(71 * DAY_S)), Some(s(86 * DAY_S)));
        assert_eq!(policy.next_stage(s(100 * DAY_S), s(100 * DAY_S)), None);
        assert_eq!((days_left(s(DAY_S), s(1)), days_left(s(0), s(1))), (0, -1));
    }
}
