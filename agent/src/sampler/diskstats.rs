//! `/proc/diskstats`: whole block devices, counters since boot. Partitions, RAM disks and loop devices are left out by
//! their names, as node_exporter does.

use super::source::SourceError;
use pantau_shared::limits::DEVICES_MAX;
use pantau_shared::sample::Disk;

/// The unit of the file's sector counts, whatever the device's own sector is.
const SECTOR_BYTES: u64 = 512;

/// Parses the file's text.
pub(crate) fn parse_diskstats(text: &str) -> Result<Vec<Disk>, SourceError> {
    let mut disks = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().skip(2);
        let Some(device) = words.next() else {
            return Err(SourceError::malformed(line));
        };
        if !is_whole_device(device) || disks.len() >= DEVICES_MAX {
            continue;
        }
        let mut counters = [0u64; 11];
        for counter in &mut counters {
            let word = words.next().ok_or_else(|| SourceError::malformed(line))?;
            *counter = word.parse().map_err(|_| SourceError::malformed(line))?;
        }
        let [reads, reads_merged, sectors_read, read_ms, writes, writes_merged, sectors_written, ..] = counters;
        let [.., write_ms, in_flight, io_ms, io_weighted_ms] = counters;
        disks.push(Disk {
            device: device.to_owned(),
            reads: Some(reads),
            reads_merged: Some(reads_merged),
            read_bytes: Some(sectors_read.saturating_mul(SECTOR_BYTES)),
            read_ms: Some(read_ms),
            writes: Some(writes),
            writes_merged: Some(writes_merged),
            written_bytes: Some(sectors_written.saturating_mul(SECTOR_BYTES)),
            write_ms: Some(write_ms),
            io_ms: Some(io_ms),
            io_weighted_ms: Some(io_weighted_ms),
            in_flight: Some(in_flight),
        });
    }
    Ok(disks)
}

/// Whether a device is neither a part of another nor a piece of memory or file.
pub(crate) fn is_whole_device(name: &str) -> bool {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() {
        return true;
    }
    let numbered = ["ram", "zram", "loop", "fd"].contains(&stem);
    let lettered = ["hd", "sd", "vd", "xvd"].iter().any(|kind| {
        stem.strip_prefix(kind).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase()))
    });
    let parted = (name.starts_with("nvme") || name.starts_with("mmcblk"))
        && stem.strip_suffix('p').is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()));
    !(numbered || lettered || parted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_whole_devices_only() {
        for whole in ["sda", "vdb", "nvme0n1", "mmcblk0", "dm-3", "md127", "xvda", "sr0"] {
            assert!(is_whole_device(whole), "{whole}");
        }
        for part in ["sda1", "sdab12", "nvme0n1p2", "mmcblk0p1", "loop7", "ram0", "zram0", "fd0", "xvda1"] {
            assert!(!is_whole_device(part), "{part}");
        }
    }

    #[test]
    fn reads_bytes_and_times() {
        let text = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n 254       0 vda 45691 9359 100 17015 28068 46434 200 44240 3 10424 62110 9 26 7 707\n";
        let disks = parse_diskstats(text).expect("parses");
        assert_eq!(disks.len(), 1);
        let disk = &disks[0];
        assert_eq!((disk.reads, disk.read_bytes, disk.read_ms), (Some(45_691), Some(51_200), Some(17_015)));
        assert_eq!((disk.written_bytes, disk.io_ms, disk.in_flight), (Some(102_400), Some(10_424), Some(3)));
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["8 0\n", "8 0 sda 1 2 3\n", "8 0 sda 1 2 3 4 5 6 7 8 x 10\n"] {
            assert!(parse_diskstats(text).is_err(), "{text}");
        }
    }
}
