//! Where the agent keeps things: whether the data directory, its key and its spool are there, belong to one user, and
//! have room. Looks at files only: the spool may be in use by a running agent.

use super::Finding;
use crate::config::Config;
use crate::spool::lanes::SECOND;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Room that the disk must have left, in bytes.
const ROOM_MIN: u64 = 16 * 1024 * 1024;

/// Share of the spool's cap from which it is about to drop the oldest, in percent.
const FULL_PERCENT: u64 = 90;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let folder = &config.data_dir;
    let held = match fs::metadata(folder) {
        Ok(held) => held,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let told = format!("{} is not there yet; joining makes it", folder.display());
            return vec![Finding::missing("data", told, "join, or let the unit's StateDirectory make it")];
        }
        Err(error) => {
            let told = format!("{} cannot be looked at: {error}", folder.display());
            return vec![Finding::bad("data", told, "run this as the agent's user")];
        }
    };
    let mut findings = vec![owners(folder, &held), room(folder)];
    findings.extend(key(&folder.join("key")));
    findings.extend(spool(&folder.join("spool"), config.spool_bytes_max));
    findings
}

/// Joining as root leaves files that the service's user cannot read.
fn owners(folder: &Path, held: &Metadata) -> Finding {
    let foreign = ["key", "key.new", "identity.json", "assignment", "spool", "spool/cursor", "spool/second"]
        .into_iter()
        .find(|name| fs::metadata(folder.join(name)).is_ok_and(|file| file.uid() != held.uid()));
    if let Some(name) = foreign {
        let told = format!("{} does not belong to the owner of {}", name, folder.display());
        let mend = format!("chown -R --reference={0} {0}", folder.display());
        return Finding::bad("data", told, mend);
    }
    let access = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
    match access {
        Ok(()) => Finding::good("data", format!("{} can be written", folder.display())),
        Err(error) => Finding::bad(
            "data",
            format!("{} cannot be written by this user: {error}", folder.display()),
            format!("run this as user {}, as the service does, or set data_dir", held.uid()),
        ),
    }
}

fn room(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let told = format!("{} MiB free where the spool is", free / 1024 / 1024);
            if free < ROOM_MIN {
                Finding::bad("room", told, "make room, or set data_dir; what finds no room is lost and counted")
            } else {
                Finding::good("room", told)
            }
        }
        Err(error) => Finding::bad("room", format!("nobody knows how much is free: {error}"), "see `df`"),
    }
}

fn key(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let open = mode & 0o077 != 0;
    open.then(|| {
        let told = format!("{} can be read by others (mode {:o})", path.display(), mode & 0o777);
        let mend = format!("chmod 600 {}; if others were here, join again with a new token", path.display());
        Finding::bad("key", told, mend)
    })
}

fn spool(folder: &Path, bytes_max: u64) -> Option<Finding> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let told = format!("{} cannot be read: {error}", folder.display());
            return Some(Finding::bad("spool", told, "run this as the agent's user"));
        }
    };
    // Without the second lane where it is not there yet.
    let second = fs::read_dir(folder.join(SECOND)).into_iter().flatten();
    let bytes: u64 =
        entries.chain(second).flatten().filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum();
    let told = format!("{} of {} KiB used", bytes / 1024, bytes_max / 1024);
    if bytes.saturating_mul(100) >= bytes_max.saturating_mul(FULL_PERCENT) {
        let mend = "the oldest observations are dropped: let the agent reach the collector, or raise spool.max_bytes";
        return Some(Finding::bad("spool", told, mend));
    }
    Some(Finding::good("spool", told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn level(finding: Option<Finding>) -> Option<Level> {
        finding.map(|finding| finding.level)
    }

    #[test]
    fn a_spool_near_its_cap_and_a_key_that_others_read_are_bad() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("spool");
        assert_eq!(spool(&path, 1000), None);
        fs::create_dir(&path).expect("makes");
        fs::write(path.join("1.segment"), vec![0; 899]).expect("writes");
        assert_eq!(level(spool(&path, 1000)), Some(Level::Good));
        fs::write(path.join("2.segment"), [0]).expect("writes");
        assert_eq!(level(spool(&path, 1000)), Some(Level::Bad));
        let file = folder.path().join("key");
        assert_eq!(key(&file), None);
        fs::write(&file, "").expect("writes");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("changes");
        assert_eq!(level(key(&file)), Some(Level::Bad));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("changes");
        assert_eq!(key(&file), None);
    }

    #[test]
    fn files_of_another_user_are_found_where_a_test_may_make_some() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let held = fs::metadata(folder.path()).expect("is there");
        fs::write(folder.path().join("key"), "").expect("writes");
        assert_eq!(owners(folder.path(), &held).level, Level::Good);
        if std::os::unix::fs::chown(folder.path().join("key"), Some(12_345), None).is_ok() {
            let found = owners(folder.path(), &held);
            assert!(found.level == Level::Bad && found.mend.is_some_and(|mend| mend.starts_with("chown -R")));
        }
        assert_eq!(room(folder.path()).subject, "room");
    }
}
