//! Building metric families for the text encoder: one family for each name, with help, type and samples.
//!
//! The encoder knows no untyped families, which node_exporter has for what it copies from the kernel without knowing it;
//! those have no labels and are written here, behind the others.

use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use std::collections::BTreeSet;

/// Families in the making; every name is begun once.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    families: Vec<MetricFamily>,
    names: BTreeSet<String>,
    untyped: String,
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

    /// A gauge without labels, unless one of that name was begun already.
    pub(super) fn gauge_once(&mut self, name: &str, help: &str, value: Option<f64>) {
        if !self.names.contains(name) {
            self.gauge(name, help).add(&[], value);
        }
    }

    /// An untyped value without labels, unless one of that name was begun already.
    pub(super) fn untyped(&mut self, name: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value
            && self.names.insert(name.to_owned())
        {
            self.untyped.push_str(&format!("# HELP {name} {help}\n# TYPE {name} untyped\n{name} {value}\n"));
        }
    }

    fn family(&mut self, name: &str, help: &str, kind: MetricType) -> Family<'_> {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        self.names.insert(name.to_owned());
        Family { kind, metrics: Vec::new(), family, into: &mut self.families }
    }

    /// The text of all families.
    pub(super) fn render(self) -> Result<String, prometheus::Error> {
        Ok(TextEncoder::new().encode_to_string(&self.families)? + &self.untyped)
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
