//! A reading that has a threshold, as a ticket key sees it: the same for what is judged now and for a rehearsal of the past.

use crate::domain::catalogue::{ServiceId, ThresholdMetric};
use crate::domain::phrase::Phrase;
use crate::domain::profile::Impact;
use crate::domain::rule::Rule;
use crate::domain::threshold::ThresholdView;
use crate::domain::ticket::condition::{Condition, View};
use crate::domain::ticket::{TicketKey, TicketScope};
use pantau_shared::ids::HostId;

/// Which reading of whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) host: &'a HostId,
    /// The host's name for people.
    pub(crate) name: &'a str,
    pub(crate) metric: ThresholdMetric,
    /// `/var`, `eth0`; empty for the host.
    pub(crate) part: &'a str,
}

impl Reading<'_> {
    /// What is seen of it; `newest` is its value in thousandths, `services` run on the host.
    pub(crate) fn view(&self, seen: ThresholdView, newest: Option<u32>, services: impl Fn() -> Vec<ServiceId>) -> View {
        let place = match self.part {
            "" => self.metric.code().to_owned(),
            part => format!("{}:{part}", self.metric.code()),
        };
        let category = match self.metric {
            ThresholdMetric::Storage => "kapasitas",
            ThresholdMetric::Bandwidth => "jaringan",
            ThresholdMetric::Cpu | ThresholdMetric::Memory => "sistem_operasi",
        };
        let scope = TicketScope::Host(self.host.clone(), place.clone());
        let key = TicketKey { scope, class: Rule::Threshold(self.metric).class() };
        match seen {
            ThresholdView::Unseen => View::Unseen { key },
            ThresholdView::Quiet(since) => View::Clear { key, since },
            ThresholdView::Alarm(since) => View::Holds(Condition {
                key,
                impact: Impact::Minor,
                onset_at: since,
                symptom: Phrase::new(&format!("symptom-threshold-{}", self.metric.code()))
                    .with("host", self.name)
                    .with("part", self.part)
                    .with("percent", newest.unwrap_or(0) / 10)
                    .with("since_at", since),
                category: category.to_owned(),
                components: vec![self.host.to_string(), place],
                affected: services(),
                flapping_since: None,
            }),
        }
    }
}
