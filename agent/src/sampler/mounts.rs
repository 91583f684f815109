//! `/proc/self/mountinfo`: local file systems, and asking them with `statvfs` under a deadline.
//!
//! `statvfs` on a dead disk or server never returns. It is therefore asked on a thread of its own; what has not
//! answered in time is left out of this sample, and that mount is not asked again until the stuck call returns. At most
//! [`STUCK_MAX`] calls can be stuck at once; then file systems are not asked at all.
//!
//! Read-only is what the file system itself says (the options behind the ` - `), not the mount: a sandboxed agent sees
//! every mount read-only, while a disk that the kernel has turned read-only after an error says so in both.

use super::source::SourceError;
use pantau_shared::limits::{DEVICES_MAX, cut_text};
use pantau_shared::sample::Filesystem;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long all file systems together may take.
const DEADLINE: Duration = Duration::from_millis(500);

/// Most stuck threads.
const STUCK_MAX: usize = 2;

/// Types without a disk of their own behind them, sorted.
const PSEUDO_KINDS: [&str; 36] = [
    "autofs",
    "bdev",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "pipefs",
    "proc",
    "procfs",
    "pstore",
    "ramfs",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sockfs",
    "squashfs",
    "squashfuse",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "usbfs",
];

/// Types that another machine serves, sorted; and everything under `fuse.`.
const NETWORK_KINDS: [&str; 14] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// What asking one file system gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) size_bytes: u64,
    pub(crate) free_bytes: u64,
    pub(crate) available_bytes: u64,
    pub(crate) inodes: u64,
    pub(crate) inodes_free: u64,
}

/// Parses the file's text: local file systems with a disk, once for each device.
pub(crate) fn parse_mountinfo(text: &str) -> Result<Vec<Filesystem>, SourceError> {
    let mut devices = BTreeSet::new();
    let mut filesystems = Vec::new();
    for line in text.lines() {
        let (left, right) = line.split_once(" - ").ok_or_else(|| SourceError::malformed(line))?;
        let mut left = left.split(' ').skip(2);
        let mut right = right.split(' ');
        let (Some(number), Some(_root), Some(mount_point)) = (left.next(), left.next(), left.next()) else {
            return Err(SourceError::malformed(line));
        };
        let (Some(kind), Some(device), Some(options)) = (right.next(), right.next(), right.next()) else {
            return Err(SourceError::malformed(line));
        };
        if !is_local(kind) || filesystems.len() >= DEVICES_MAX || !devices.insert(number) {
            continue;
        }
        filesystems.push(Filesystem {
            mount_point: cut_text(&unescape(mount_point)),
            device: cut_text(&unescape(device)),
            kind: kind.to_owned(),
            read_only: Some(options.split(',').any(|option| option == "ro")),
            ..Filesystem::default()
        });
    }
    Ok(filesystems)
}

fn is_local(kind: &str) -> bool {
    PSEUDO_KINDS.binary_search(&kind).is_err()
        && NETWORK_KINDS.binary_search(&kind).is_err()
        && !kind.starts_with("fuse.")
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|digits| first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        if let Some(digits) = octal {
            bytes.push(digits.iter().fold(0u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0')));
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks the kernel about the file system at `mount_point`. May never return.
pub(crate) fn read_space(mount_point: &str) -> std::io::Result<Space> {
    let answer = rustix::fs::statvfs(mount_point)?;
    let bytes = |blocks: u64| blocks.saturating_mul(answer.f_frsize);
    Ok(Space {
        size_bytes: bytes(answer.f_blocks),
        free_bytes: bytes(answer.f_bfree),
        available_bytes: bytes(answer.f_bavail),
        inodes: answer.f_files,
        inodes_free: answer.f_ffree,
    })
}

/// What the asking thread has done so far.
#[derive(Debug, Default)]
struct Progress {
    asking: Option<usize>,
    answers: Vec<(usize, std::io::Result<Space>)>,
}

/// Asks file systems and remembers which of them are stuck.
#[derive(Debug, Default)]
pub(crate) struct SpaceReader {
    stuck: Vec<(String, JoinHandle<()>)>,
}

impl SpaceReader {
    /// Fills in the sizes of `filesystems` with `read`; gives the mount points that did not answer.
    pub(crate) async fn fill(
        &mut self,
        filesystems: &mut [Filesystem],
        read: fn(&str) -> std::io::Result<Space>,
    ) -> Vec<String> {
        self.stuck.retain(|(_, handle)| !handle.is_finished());
        let mut failed: Vec<String> = self.stuck.iter().map(|(mount_point, _)| mount_point.clone()).collect();
        if self.stuck.len() >= STUCK_MAX {
            return filesystems.iter().map(|filesystem| filesystem.mount_point.clone()).collect();
        }
        let asked: Vec<(usize, String)> = filesystems
            .iter()
            .enumerate()
            .filter(|(_, filesystem)| !failed.contains(&filesystem.mount_point))
            .map(|(index, filesystem)| (index, filesystem.mount_point.clone()))
            .collect();
        let progress = Arc::new(Mutex::new(Progress::default()));
        let mut handle = tokio::task::spawn_blocking({
            let progress = Arc::clone(&progress);
            move || {
                for (index, mount_point) in asked {
                    progress.lock().unwrap_or_else(PoisonError::into_inner).asking = Some(index);
                    let answer = read(&mount_point);
                    let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                    progress.asking = None;
                    progress.answers.push((index, answer));
                }
            }
        });
        let finished = tokio::time::timeout(DEADLINE, &mut handle).await.is_ok();
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, answer) in progress.answers.drain(..) {
            let filesystem = &mut filesystems[index];
            match answer {
                Ok(space) => space.fill(filesystem),
                Err(error) => {
                    tracing::debug!(%error, mount_point = filesystem.mount_point, "file system does not answer");
                    failed.push(filesystem.mount_point.clone());
                }
            }
        }
        if !finished && let Some(index) = progress.asking {
            let mount_point = filesystems[index].mount_point.clone();
            tracing::warn!(mount_point, "file system hangs: not asked again until it answers");
            failed.push(mount_point.clone());
            self.stuck.push((mount_point, handle));
        }
        failed
    }
}

impl Space {
    fn fill(self, filesystem: &mut Filesystem) {
        filesystem.size_bytes = Some(self.size_bytes);
        filesystem.free_bytes = Some(self.free_bytes);
        filesystem.available_bytes = Some(self.available_bytes);
        filesystem.inodes = Some(self.inodes);
        filesystem.inodes_free = Some(self.inodes_free);
    }
}

#[cfg(test)]
mod hung_tests;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
        27 1 254:0 / / ro,relatime shared:1 - ext4 /dev/vda rw,discard\n\
        28 27 254:0 /var/lib /mnt/bind rw - ext4 /dev/vda rw\n\
        29 27 8:1 / /data\\040disk rw,relatime - xfs /dev/sda1 ro\n\
        30 27 0:50 / /mnt/nas rw - nfs4 nas:/export rw\n\
        31 27 0:51 / /mnt/ssh rw - fuse.sshfs host: rw\n";

    #[test]
    fn keeps_local_disks_once() {
        let found = parse_mountinfo(TEXT).expect("parses");
        let told: Vec<_> =
            found.iter().map(|f| (f.mount_point.as_str(), f.device.as_str(), f.kind.as_str(), f.read_only)).collect();
        assert_eq!(told, [("/", "/dev/vda", "ext4", Some(false)), ("/data disk", "/dev/sda1", "xfs", Some(true))]);
        for text in ["nonsense", "1 2 3 - ext4 /dev/x rw", "1 2 3:4 / / rw - ext4"] {
            assert!(parse_mountinfo(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_tables_are_sorted_for_the_search() {
        assert!(PSEUDO_KINDS.is_sorted() && NETWORK_KINDS.is_sorted());
        assert!(!is_local("tmpfs") && !is_local("nfs") && is_local("btrfs"));
    }

    fn hangs(mount_point: &str) -> std::io::Result<Space> {
        if mount_point.starts_with("/hung") {
            // Long beyond the deadline, short enough for the runtime to end.
            std::thread::sleep(Duration::from_secs(3));
        }
        Ok(Space { size_bytes: 7, ..Space::default() })
    }

    fn mounted(names: &[&str]) -> Vec<Filesystem> {
        names.iter().map(|name| Filesystem { mount_point: (*name).to_owned(), ..Filesystem::default() }).collect()
    }

    #[tokio::test]
    async fn a_hung_mount_costs_only_itself_and_is_not_asked_again() {
        let mut reader = SpaceReader::default();
        let mut filesystems = mounted(&["/a", "/hung", "/b"]);
        assert_eq!(reader.fill(&mut filesystems, hangs).await, ["/hung"]);
        assert_eq!(filesystems[0].size_bytes, Some(7));
        let mut filesystems = mounted(&["/a", "/hung", "/b", "/hung2"]);
        assert_eq!(reader.fill(&mut filesystems, hangs).await, ["/hung", "/hung2"]);
        assert_eq!((filesystems[2].size_bytes, filesystems[1].size_bytes), (Some(7), None));
        let mut filesystems = mounted(&["/a", "/hung"]);
        assert_eq!(reader.fill(&mut filesystems, hangs).await, ["/a", "/hung"]);
    }

    #[tokio::test]
    async fn the_root_answers() {
        let mut filesystems = mounted(&["/", "/not/there"]);
        assert_eq!(SpaceReader::default().fill(&mut filesystems, read_space).await, ["/not/there"]);
        assert!(filesystems[0].size_bytes.expect("size") > 0);
    }
}
