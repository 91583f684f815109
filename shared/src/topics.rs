//! The topics on which batches pass a broker. Both programs are given the same prefix, [`TOPIC_PREFIX`] by default.
//!
//! ```text
//! <prefix>/<host>/up      agent → collector   a `SignedBatch`, as posted over HTTPS; QoS 1
//! <prefix>/<host>/down    collector → agent   a `SignedReply`; QoS 1
//! <prefix>/collector      collector → agents  `online` or `offline`, retained; `offline` is its last will
//! ```
//!
//! A broker that knows its clients by name can hold each host to its own two topics. Nothing depends on it: batches and
//! answers are signed.

use crate::ids::HostId;

/// What topics begin with when nothing else is configured.
pub const TOPIC_PREFIX: &str = "pantau/v1";

/// Longest prefix, in bytes.
pub const TOPIC_PREFIX_BYTES_MAX: usize = 200;

/// The collector takes batches.
pub const ONLINE: &str = "online";

/// The collector is away: what is sent would only wait at the broker.
pub const OFFLINE: &str = "offline";

/// Whether topics can begin with `prefix`: no wildcard, no empty part, not the broker's own `$…`.
pub fn is_prefix(prefix: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains(['#', '+', '\0']);
    prefix.len() <= TOPIC_PREFIX_BYTES_MAX && !prefix.starts_with('$') && prefix.split('/').all(plain)
}

/// Where a host's batches go.
pub fn up(prefix: &str, host: &HostId) -> String {
    format!("{prefix}/{host}/up")
}

/// All of them, as a subscription.
pub fn all_up(prefix: &str) -> String {
    format!("{prefix}/+/up")
}

/// Where a host's answers come.
pub fn down(prefix: &str, host: &HostId) -> String {
    format!("{prefix}/{host}/down")
}

/// Where the collector tells whether it is there.
pub fn presence(prefix: &str) -> String {
    format!("{prefix}/collector")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_plain_topics() {
        for good in [TOPIC_PREFIX, "a", "kantor/pantau"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/+", "#", "$SYS/a", "a\0", &"x".repeat(201)] {
            assert!(!is_prefix(bad), "{bad}");
        }
    }

    #[test]
    fn each_host_has_two_topics_under_one_subscription() {
        let host = HostId::parse("web-01").expect("valid");
        assert_eq!(up("p", &host), "p/web-01/up");
        assert_eq!(down("p", &host), "p/web-01/down");
        assert_eq!((all_up("p").as_str(), presence("p").as_str()), ("p/+/up", "p/collector"));
    }
}
