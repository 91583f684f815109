//! Recorded trees of several kernels, in `agent/tests/fixtures`: what each has is read, what it lacks is a missing field
//! and no failure.

use super::*;
use pantau_shared::sample::Sample;

async fn sample_of(tree: &str) -> Sample {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(tree);
    let roots = Roots { proc_root: root.join("proc"), sys_root: root.join("sys"), run_root: root.join("run") };
    let mut sample = Sampler::new(roots).sample(0).await;
    // This machine's, whatever the tree.
    sample.timekeeping = None;
    sample.failed_sources.retain(|name| name != "adjtimex");
    sample
}

fn pressure_of(sample: &Sample) -> Option<[Option<u64>; 6]> {
    let pressure = sample.pressure?;
    let p = pressure;
    Some([p.cpu_some_us, p.cpu_full_us, p.memory_some_us, p.memory_full_us, p.io_some_us, p.io_full_us])
}

#[tokio::test]
async fn linux_3_10_has_no_pressure_no_available_memory_and_hides_processes() {
    let sample = sample_of("linux-3.10").await;
    assert_eq!(sample.failed_sources, ["statvfs /no-such-boot"]);
    assert_eq!((sample.pressure, sample.cpus.len()), (None, 2));
    let memory = sample.memory.expect("memory");
    assert_eq!((memory.available_bytes, memory.cached_bytes), (None, Some(2_411_008 * 1024)));
    let kernel = sample.kernel.expect("kernel");
    assert_eq!((kernel.processes, kernel.threads, kernel.forks), (None, Some(214), Some(30_412)));
    let devices: Vec<_> = sample.disks.iter().map(|disk| (disk.device.as_str(), disk.io_ms)).collect();
    assert_eq!(devices, [("sda", Some(51_000)), ("dm-0", Some(52_000))]);
    let eno1 = &sample.interfaces[1];
    assert_eq!((eno1.speed_bits, eno1.up, eno1.receive_drops), (Some(1_000_000_000), Some(true), Some(3)));
    assert_eq!(sample.sockets.expect("sockets").tcp_established, Some(9));
    assert_eq!((sample.units, sample.failed_units.len()), (None, 0), "no bus: nobody knows");
}

#[tokio::test]
async fn linux_4_18_with_160_processors_and_a_network_file_system() {
    let sample = sample_of("linux-4.18").await;
    assert_eq!(sample.failed_sources, Vec::<String>::new());
    assert_eq!((sample.cpus.len(), sample.pressure), (160, None));
    assert_eq!(sample.kernel.and_then(|kernel| kernel.interrupts), Some(918_273_645_546));
    assert_eq!(sample.kernel.and_then(|kernel| kernel.processes), Some(3));
    let mounted: Vec<_> = sample.filesystems.iter().map(|f| f.mount_point.as_str()).collect();
    assert_eq!(mounted, ["/"], "neither the overlay nor the network file system");
    let devices: Vec<_> = sample.disks.iter().map(|disk| disk.device.as_str()).collect();
    assert_eq!(devices, ["nvme0n1", "md127"]);
    assert_eq!(sample.interfaces[1].speed_bits, Some(20_000_000_000));
    assert_eq!(sample.memory.and_then(|memory| memory.swap_total_bytes), Some(0));
}

#[tokio::test]
async fn linux_5_10_with_half_of_pressure_and_a_disk_turned_read_only() {
    let sample = sample_of("linux-5.10").await;
    assert_eq!(sample.failed_sources, Vec::<String>::new());
    let expected = [Some(9_182_736), None, Some(120), Some(60), Some(777), Some(666)];
    assert_eq!(pressure_of(&sample), Some(expected));
    assert_eq!(sample.filesystems.len(), 1);
    assert_eq!(sample.filesystems[0].read_only, Some(true), "the disk is, whatever its mount says");
    assert!(sample.filesystems[0].inodes.is_some(), "asked of this machine's own root");
    assert_eq!(sample.interfaces[1].speed_bits, None, "a virtual link has no speed");
    assert_eq!(sample.cpu_total.and_then(|cpu| cpu.steal_ms), Some(2500));
}

#[tokio::test]
async fn linux_6_12_before_and_after_a_disk_was_pulled() {
    let (before, after) = (sample_of("linux-6.12").await, sample_of("linux-6.12-later").await);
    assert_eq!(pressure_of(&before).and_then(|pressure| pressure[1]), Some(500));
    assert_eq!((before.disks.len(), after.disks.len()), (2, 1));
    assert_eq!(after.failed_sources, Vec::<String>::new(), "a disk that is gone is no failure");
    assert_eq!(after.interfaces[2].receive_bytes, Some(1200), "made anew: it counts from nothing, as it is");
}

#[tokio::test]
async fn a_machine_of_32_bits_tells_its_counters_as_they_are() {
    let (before, after) = (sample_of("linux-5.10-armv7").await, sample_of("linux-5.10-armv7-later").await);
    let counters = |sample: &Sample| (sample.disks[0].read_ms, sample.interfaces[0].receive_bytes);
    assert_eq!(counters(&before), (Some(4_294_967_000), Some(4_294_967_000)));
    assert_eq!(counters(&after), (Some(9000), Some(2000)), "wrapped: what that means, the collector knows");
    assert_eq!(after.failed_sources, Vec::<String>::new());
}
