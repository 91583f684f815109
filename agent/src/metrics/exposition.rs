//! Building metric families for the text encoder: one family for each name, with help, type and samples.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// Families in the making; every name is begun once.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    families: Vec<MetricFamily>,
}

/// One family; empty ones are left out at the end, because the encoder refuses them.
pub(super) struct Family<'a> {
    kind: MetricType,
    metrics: Vec<Metric>,
    family: MetricFamily,
    into: &'a mut Vec<MetricFamily>,
}

impl Exposition {
    /// Begins a counter.
    pub(super) fn counter(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, MetricType::COUNTER)
    }

    /// Begins a gauge.
    pub(super) fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, MetricType::GAUGE)
    }

    fn family(&mut self, name: &str, help: &str, kind: MetricType) -> Family<'_> {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        Family { kind, metrics: Vec::new(), family, into: &mut self.families }
    }

    /// All families.
    pub(super) fn into_families(self) -> Vec<MetricFamily> {
        self.families
    }
}

impl Family<'_> {
    /// Adds a sample; a missing value is a missing sample.
    pub(super) fn add(&mut self, labels: &[(&str, &str)], value: Option<f64>) -> &mut Self {
        let Some(value) = value else {
            return self;
        };
        let pair = |&(name, text): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name(name.to_owned());
            pair.set_value(text.to_owned());
            pair
        };
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.metrics.push(metric);
        self
    }
}

impl Drop for Family<'_> {
    fn drop(&mut self) {
        if !self.metrics.is_empty() {
            self.family.set_metric(std::mem::take(&mut self.metrics));
            self.into.push(std::mem::take(&mut self.family));
        }
    }
}
