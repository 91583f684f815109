//! Ours and the peers in one run: live (one host a request) and bulk (fifty), the same samples, one after the other on the
//! same machine, so that what disturbs one disturbs all. Says nothing about why.

use super::figures::Figures;
use super::measure::{Measurement, measure};
use super::peers::{Peer, PeerFigures, Ratios, measure_peer, render_ours};
use anyhow::Result;
use serde::Serialize;

/// Frames of one host, or hosts, in a bulk request.
pub const BULK: usize = 50;

/// Everything one comparison showed.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Ours: live, then bulk.
    pub ours: Vec<Figures>,
    /// Theirs: each live, then bulk.
    pub peers: Vec<PeerFigures>,
    /// Ours : theirs.
    pub ratios: Vec<Ratios>,
}

/// Runs all of it; `say` gets each line as soon as it is known.
///
/// # Errors
/// What failed; a peer that is not installed, before anything is run.
pub async fn compare(base: &Measurement, say: &dyn Fn(&str)) -> Result<Comparison> {
    for peer in Peer::ALL {
        peer.program()?;
    }
    say(&PeerFigures::render_header());
    let mut all = Comparison { ours: Vec::new(), peers: Vec::new(), ratios: Vec::new() };
    for (kind, frames, hosts) in [("live", 1, 1), ("bulk", BULK, BULK)] {
        let ours = measure(&Measurement { frames_per_batch: frames, ..base.clone() }).await?;
        say(&render_ours(&ours));
        for peer in Peer::ALL {
            let theirs = measure_peer(peer, &base.plan(), base.hosts, hosts.min(base.hosts)).await?;
            say(&theirs.render_line());
            all.ratios.push(Ratios::of(kind, &ours, &theirs));
            all.peers.push(theirs);
        }
        all.ours.push(ours);
    }
    for ratios in &all.ratios {
        say(&ratios.render());
    }
    if let Some(note) = all.ours.first().map(Figures::render_note).filter(|note| !note.is_empty()) {
        say(&note);
    }
    Ok(all)
}
