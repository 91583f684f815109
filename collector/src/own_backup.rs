//! The collector's own backup: what a copy holds besides the store, how it stands now, and who may ask.
//!
//! | module | does |
//! |---|---|
//! | [`view`] | how copies and integrity stand, as plain values for pages and metrics |
//! | [`schedule`] | copies while running, and the check after an unclean end |
//! | [`command`] | `backup`, `restore`, `verify` of the command line |
//!
//! The command line copies with a read view of its own, beside a running collector: it may so write where the service
//! may not, and nothing of it runs in the service. Knows no SQL and not how a copy is made.

pub mod command;
pub(crate) mod progress;
pub(crate) mod schedule;
pub mod view;

use crate::config::settings::Settings;
use crate::store::Store;
use crate::store::backup::{KEPT_BYTES_MAX, KeptFile};
use anyhow::{Context, Result, ensure};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use view::{Integrity, OwnBackupView};

/// The name under which the configuration is kept inside a copy.
const CONFIGURATION: &str = "collector.toml";

/// The files a copy holds besides the store, each under its role.
fn kept_paths(settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    let mut paths = vec![
        ("ca.pem", settings.data_dir.join("ca.pem")),
        ("ca.key", settings.data_dir.join("ca.key")),
        ("catalogue.toml", settings.catalogue.clone()),
    ];
    paths.extend(settings.file.clone().map(|file| (CONFIGURATION, file)));
    paths.extend(settings.profile.clone().map(|profile| ("profile.toml", profile)));
    paths
}

/// Reads them; one that is not there is not kept.
fn kept_files(settings: &Settings) -> Result<Vec<KeptFile>> {
    let mut files = Vec::new();
    for (name, path) in kept_paths(settings) {
        files.extend(read_kept(name, &path).with_context(|| format!("cannot keep `{}` in the copy", path.display()))?);
    }
    Ok(files)
}

fn read_kept(name: &str, path: &Path) -> Result<Option<KeptFile>> {
    let metadata = match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    ensure!(metadata.len() <= KEPT_BYTES_MAX, "it has more than {KEPT_BYTES_MAX} bytes");
    let mode = metadata.permissions().mode() & 0o777;
    Ok(Some(KeptFile { name: name.to_owned(), mode, body: std::fs::read(path)? }))
}

/// How the own backup of a running collector stands; cheap to clone, one for all clones.
#[derive(Debug, Clone, Default)]
pub struct OwnBackup(Arc<Mutex<OwnBackupView>>);

impl OwnBackup {
    /// How it stands now. Damage that `store` met at work counts, whatever the last check said.
    pub fn view(&self, store: &Store) -> OwnBackupView {
        let mut view = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(damage), false) = (store.damage(), matches!(view.integrity, Integrity::Damaged { .. })) {
            view.integrity = Integrity::Damaged { findings: vec![damage.to_owned()] };
        }
        view
    }

    fn update(&self, change: impl FnOnce(&mut OwnBackupView)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
