//! Prometheus remote write 1.0: protobuf messages under snappy's block format. Only what a sender of samples needs.
//!
//! ```text
//! WriteRequest { timeseries... }   TimeSeries { labels sorted by name..., samples... }   Sample { value, timestamp in ms }
//! ```

use crate::trace::Trace;
use anyhow::Result;
use prost::Message;

/// What a request carries beside its body.
pub(super) const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/x-protobuf"),
    ("content-encoding", "snappy"),
    ("x-prometheus-remote-write-version", "0.1.0"),
];

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// Writes the requests of a group of hosts; labels are made once.
#[derive(Debug)]
pub(super) struct Writer {
    request: WriteRequest,
    snappy: snap::raw::Encoder,
}

impl Writer {
    /// For these hosts, each with every series of the trace.
    pub(super) fn new(trace: &Trace, hosts: &[usize]) -> Self {
        let label = |name: &str, value: &str| Label { name: name.into(), value: value.into() };
        let mut timeseries = Vec::with_capacity(hosts.len() * trace.series());
        for host in hosts {
            let instance = format!("fleet-{host:05}");
            timeseries.extend(trace.places().iter().map(|place| TimeSeries {
                labels: vec![label("__name__", place.name()), label("instance", &instance)],
                samples: vec![Sample { value: 0.0, timestamp: 0 }],
            }));
        }
        Self { request: WriteRequest { timeseries }, snappy: snap::raw::Encoder::new() }
    }

    /// The body of one step of these hosts; `at` gives each host's time.
    pub(super) fn request(
        &mut self,
        trace: &Trace,
        hosts: &[usize],
        step: usize,
        at: impl Fn(usize) -> i64,
    ) -> Result<Vec<u8>> {
        for (host, series) in hosts.iter().zip(self.request.timeseries.chunks_mut(trace.series())) {
            let (timestamp, position) = (at(*host), Trace::position(*host, step));
            for (column, one) in series.iter_mut().enumerate() {
                one.samples[0] = Sample { value: decimal(trace.value(column, position)), timestamp };
            }
        }
        Ok(self.snappy.compress_vec(&self.request.encode_to_vec())?)
    }
}

/// The double nearest to so many thousandths: the one that parsing the decimal text gives.
#[expect(clippy::cast_precision_loss, reason = "remote write has only doubles")]
fn decimal(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_every_series_of_every_host_at_its_step() {
        let trace = Trace::synthetic(30);
        let mut writer = Writer::new(&trace, &[2, 3]);
        let body = writer.request(&trace, &[2, 3], 4, |host| 1_000 + host as i64).expect("encodes");
        let bytes = snap::raw::Decoder::new().decompress_vec(&body).expect("snappy");
        let request = WriteRequest::decode(bytes.as_slice()).expect("protobuf");
        assert_eq!(request.timeseries.len(), 164);
        let last = &request.timeseries[163];
        assert_eq!(last.labels[0].value, "uptime");
        assert_eq!(last.labels[1].value, "fleet-00003");
        assert_eq!(last.samples, [Sample { value: decimal(trace.value(81, 25)), timestamp: 1_003 }]);
        assert_eq!(decimal(46_270).to_string(), "46.27");
    }
}
