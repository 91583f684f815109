//! Vantages: whether they are cut off, and what their witnesses say.

use super::{Family, gauge, yes};
use crate::snapshot::VantageView;
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::timestamp::Timestamp;

pub(super) fn vantages(vantages: &[VantageView], now: Timestamp) -> Vec<Family> {
    let mut isolated = gauge(
        "pantau_vantage_isolated",
        "1 while all witnesses of the vantage fail: what it reports as failed over the network is unknown.",
    );
    let mut success = gauge("pantau_witness_success", "1 if the newest answer of the witness to the vantage is good.");
    for vantage in vantages {
        let labels = [("vantage", vantage.host.as_str())];
        isolated.set(&labels, Some(yes(vantage.isolated_since(now).is_some())));
        for witness in &vantage.witnesses {
            // What could not ask says neither.
            let good = witness.outcome.as_ref().and_then(|outcome| match outcome.verdict() {
                ProbeVerdict::Ok | ProbeVerdict::Degraded => Some(true),
                ProbeVerdict::Failed => Some(false),
                ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => None,
            });
            success.set(&[labels[0], ("witness", witness.id.as_str())], good.map(yes));
        }
    }
    vec![isolated, success]
}
