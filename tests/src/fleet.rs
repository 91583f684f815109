//! Many agents that play a trace to a collector, and what that costs: the parts of the `fleet` bench.
//!
//! Agents are real in everything a collector can see: each has its key and stream, joins with a token of its own, keeps
//! its connection under the pinned certificate, sends sealed batches in order and waits for each acknowledgement. What
//! they read is a trace. Knows nothing of how the collector works inside.
//!
//! | module | holds |
//! |---|---|
//! | [`agents`] | one agent: key, stream, batches |
//! | [`clock`] | the only reader of clocks |
//! | [`collector`] | the collector under measurement, started or running |
//! | [`compare`] | ours and the peers in one run |
//! | [`connection`] | one kept connection |
//! | [`figures`] | figures from counts, table, JSON |
//! | [`footprint`] | what the memory of another process is |
//! | [`levers`] | what each lever of the write path is worth |
//! | [`measure`] | one run from start to figures |
//! | [`peers`] | the same samples to VictoriaMetrics and Prometheus |
//! | [`play`] | the pace, the batches, the acknowledgements |
//! | [`process`] | what another process costs |
//! | [`program`] | starting and stopping one |

pub mod agents;
pub mod clock;
pub mod collector;
pub mod compare;
pub mod connection;
pub mod figures;
pub mod footprint;
pub mod levers;
pub mod measure;
pub mod peers;
pub mod play;
pub mod process;
pub mod program;
