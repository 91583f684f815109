//! What must be read before a collector, or a command beside it, can work: the regulation, the catalogue's file, the
//! certificate, and whose folder the data is. Starts nothing.

use crate::config::profile;
use crate::config::settings::{Settings, TlsChoice};
use crate::domain::profile::Profile;
use crate::tls::{Tls, TlsSource};
use anyhow::{Context, Result};
use pantau_shared::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

/// The regulation in force: the configured file, or the built-in profile.
///
/// # Errors
/// The file cannot be read, or all its faults.
pub fn load_profile(settings: &Settings) -> Result<Profile> {
    let Some(path) = &settings.profile else { return Ok(profile::bangka_2025()) };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the profile `{}`", path.display()))?;
    Ok(profile::parse(&path.display().to_string(), &text)?)
}

/// The catalogue's file as text; empty when there is none yet.
///
/// # Errors
/// It is there but cannot be read.
pub fn read_catalogue(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(anyhow::Error::new(error).context(format!("cannot read the catalogue `{}`", path.display()))),
    }
}

/// Protection as configured; `None` for plain HTTP. The own certificate names the host, what it listens on, and what
/// the configuration adds.
///
/// # Errors
/// Files that cannot be read or made.
pub fn open_tls(settings: &Settings, now: Timestamp) -> Result<Option<Tls>> {
    let source = match &settings.tls {
        TlsChoice::Off => return Ok(None),
        TlsChoice::OwnCa(names) => {
            let mut names: BTreeSet<String> = names.iter().cloned().collect();
            let addresses = settings.listen.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
            names.extend(addresses.map(|ip| ip.to_string()));
            names.extend(Some(hostname()).filter(|name| !name.is_empty()));
            TlsSource::Own { folder: settings.data_dir.clone(), names: names.into_iter().collect() }
        }
        TlsChoice::Given { certificate, key } => {
            TlsSource::Given { certificates: certificate.clone(), key: key.clone() }
        }
    };
    Ok(Some(Tls::open(source, now)?))
}

/// Refuses a data folder of another user: files written there by root would be closed to the service ever after.
///
/// # Errors
/// Whose folder it is, and how to go on.
pub fn own_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = std::fs::metadata(folder) else { return Ok(()) };
    let own = own_user()?;
    let (owner, shown) = (metadata.uid(), folder.display());
    anyhow::ensure!(
        owner == own,
        "the data folder `{shown}` belongs to user {owner}, this is user {own}: start the collector first, or run this \
         as that user (sudo -u '#{owner}' …)"
    );
    Ok(())
}

/// The number of the user this runs as; root is 0.
///
/// # Errors
/// The kernel does not say.
pub fn own_user() -> Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata("/proc/self").context("cannot tell which user this is")?.uid())
}

/// The kernel's name for this machine.
pub fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_user_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(own_folder(folder.path()).is_ok());
        assert!(own_folder(Path::new("/nowhere/at/all")).is_ok(), "made later, by this user");
        // Whoever runs this test: one of the two belongs to somebody else.
        std::os::unix::fs::chown(folder.path(), Some(65_534), None).ok();
        let foreign = [folder.path(), Path::new("/proc/1")].into_iter().find_map(|path| own_folder(path).err());
        let text = foreign.expect("one is foreign").to_string();
        assert!(text.contains("belongs to user") && text.contains("sudo -u"), "{text}");
    }
}
