//! What each lever of the write path is worth: one run for each setting, all else equal, against the same base.
//!
//! The base is a live batch as agents send it: TLS, a signature, one frame. Costs are compared for a frame, since a batch of
//! six frames is fewer batches. Does not judge which lever to pull.

use super::agents::Proof;
use super::figures::{Figures, figure};
use super::measure::{Measurement, Subject, measure};
use anyhow::{Result, bail};
use serde::Serialize;

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    proof: Proof,
    tls: bool,
    frames_per_batch: usize,
}

const BASE: Setting =
    Setting { name: "TLS, signature, 1 frame", proof: Proof::Signature, tls: true, frames_per_batch: 1 };

/// The base first; each other differs from it in one thing, but for the last, which has what a batch that is not urgent can
/// have over a network.
const SETTINGS: [Setting; 6] = [
    BASE,
    Setting { name: "session instead of signature", proof: Proof::Session, ..BASE },
    Setting { name: "2 frames a batch", frames_per_batch: 2, ..BASE },
    Setting { name: "6 frames a batch", frames_per_batch: 6, ..BASE },
    Setting { name: "plain instead of TLS", tls: false, ..BASE },
    Setting { name: "session and 6 frames", proof: Proof::Session, frames_per_batch: 6, ..BASE },
];

/// A setting with its figures.
#[derive(Debug, Clone, Serialize)]
pub struct Lever {
    /// What differs from the base.
    pub name: &'static str,
    /// Processor time for a frame.
    pub cpu_us_per_frame: Option<f64>,
    /// As a share of the base's.
    pub of_base: Option<f64>,
    /// All figures of the run.
    pub figures: Figures,
}

/// Runs every setting; `say` gets each line as soon as it is known.
///
/// # Errors
/// What failed; a collector that is not the bench's own, whose TLS cannot be chosen.
pub async fn levers(base: &Measurement, say: &dyn Fn(&str)) -> Result<Vec<Lever>> {
    let Subject::Own { binary, .. } = &base.subject else {
        bail!("--levers needs a collector of its own: leave --collector out");
    };
    say(&format!("{:<30} {:>9} {:>9} {:>7} {:>8} {:>8}", "", "µs/batch", "µs/frame", "of base", "p50 ms", "p99 ms"));
    let mut all: Vec<Lever> = Vec::new();
    for setting in SETTINGS {
        let figures = measure(&Measurement {
            subject: Subject::Own { binary: binary.clone(), tls: setting.tls },
            proof: setting.proof,
            frames_per_batch: setting.frames_per_batch,
            ..base.clone()
        })
        .await?;
        let lever = lever(setting, figures, all.first());
        say(&lever.render());
        all.push(lever);
    }
    Ok(all)
}

fn lever(setting: Setting, figures: Figures, base: Option<&Lever>) -> Lever {
    let frame = f64::from(u32::try_from(figures.series).unwrap_or(u32::MAX));
    let cpu_us_per_frame = figures.cpu_ns_per_sample.map(|ns| ns * frame / 1000.0);
    let base = base.map_or(cpu_us_per_frame, |base| base.cpu_us_per_frame);
    let of_base = cpu_us_per_frame.zip(base).map(|(own, base)| own / base);
    Lever { name: setting.name, cpu_us_per_frame, of_base, figures }
}

impl Lever {
    fn render(&self) -> String {
        let ms = |us: u32| f64::from(us) / 1000.0;
        format!(
            "{:<30} {:>9} {:>9} {:>7} {:>8.2} {:>8.2}",
            self.name,
            figure(self.figures.cpu_us_per_batch, 1),
            figure(self.cpu_us_per_frame, 1),
            figure(self.of_base, 2),
            ms(self.figures.acknowledge.p50_us),
            ms(self.figures.acknowledge.p99_us)
        )
    }
}
