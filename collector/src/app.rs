//! What every request handler may use: the parts of a running collector, wired once.

use crate::clock::Clock;
use crate::domain::profile::Profile;
use crate::engine::Engine;
use crate::outputs::receivers::Receivers;
use crate::own_backup::OwnBackup;
use crate::store::Store;
use std::sync::Arc;

/// The parts of a running collector; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Tells the time.
    pub clock: Clock,
    /// Keeps everything.
    pub store: Store,
    /// Judges; holds the snapshot.
    pub engine: Engine,
    /// The regulation in force.
    pub profile: Arc<Profile>,
    /// The collector's own counters.
    pub stats: Arc<crate::self_stats::SelfStats>,
    /// How the own backup stands.
    pub own_backup: OwnBackup,
    /// Who is told of tickets.
    pub receivers: Arc<Receivers>,
    /// Whether requests arrive over TLS: cookies are `Secure` then.
    pub tls: bool,
}
