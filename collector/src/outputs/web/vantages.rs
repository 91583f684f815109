//! Vantages that are cut off, for the overview, and the witnesses of one host.

use super::markup::{Badge, Tone};
use crate::snapshot::{Snapshot, VantageView, WitnessView};
use crate::texts::Texts;
use pantau_shared::ids::HostId;
use pantau_shared::probe::ProbeVerdict;
use pantau_shared::timestamp::Timestamp;

/// A vantage that is cut off now.
#[derive(Debug)]
pub(super) struct IsolatedRow {
    pub(super) href: String,
    pub(super) host: String,
    pub(super) text: String,
}

/// A witness of a host.
#[derive(Debug)]
pub(super) struct WitnessRow {
    pub(super) name: String,
    pub(super) badge: Badge,
    pub(super) note: String,
}

/// Those of the site, by host.
pub(super) fn isolated(texts: Texts, snapshot: &Snapshot, now: Timestamp) -> Vec<IsolatedRow> {
    let row = |vantage: &VantageView| {
        let since = vantage.isolated_since(now)?;
        let name = snapshot.catalogue.host_names.get(&vantage.host);
        let args = [("count", vantage.witnesses.len().to_string()), ("since", texts.instant_short(since))];
        let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Some(IsolatedRow {
            href: format!("/hosts/{}", vantage.host),
            host: name.cloned().unwrap_or_else(|| vantage.host.to_string()),
            text: texts.text("vantage-isolated-since", &args),
        })
    };
    snapshot.vantages.iter().filter_map(row).collect()
}

/// The witnesses of `host`; empty where it asks none.
pub(super) fn witnesses(texts: Texts, snapshot: &Snapshot, host: &HostId) -> Vec<WitnessRow> {
    let vantage = snapshot.vantages.iter().find(|vantage| vantage.host == *host);
    vantage.map(|vantage| vantage.witnesses.iter().map(|witness| row(texts, witness)).collect()).unwrap_or_default()
}

fn row(texts: Texts, witness: &WitnessView) -> WitnessRow {
    let verdict = witness.outcome.as_ref().map_or(ProbeVerdict::Unspecified, |outcome| outcome.verdict());
    let tone = match verdict {
        ProbeVerdict::Ok => Tone::Good,
        ProbeVerdict::Degraded => Tone::Warn,
        ProbeVerdict::Failed => Tone::Bad,
        ProbeVerdict::ProbeError | ProbeVerdict::Unspecified => Tone::Unknown,
    };
    let label = match verdict {
        ProbeVerdict::Unspecified => texts.get("witness-unasked"),
        ProbeVerdict::Ok | ProbeVerdict::Degraded | ProbeVerdict::Failed | ProbeVerdict::ProbeError => {
            texts.get(&format!("probe-{}", verdict.name().replace('_', "-")))
        }
    };
    let asked = witness.at.map(|at| texts.instant_seconds(at));
    let since = witness.down_since.map(|at| texts.text("witness-failing-since", &[("time", &texts.instant_short(at))]));
    let reason = witness.outcome.as_ref().map(|outcome| outcome.reason.clone()).filter(|reason| !reason.is_empty());
    let note: Vec<String> = [since, reason, asked].into_iter().flatten().collect();
    WitnessRow { name: witness.name.clone(), badge: Badge::new(tone, label), note: note.join(" · ") }
}
