//! What the hosts of the bench send: batches of samples of [`VALUES`] values that move as a busy server's do.

use crate::START;
use pantau_shared::envelope::{Batch, Observation, ObservationBody};
use pantau_shared::sample::{AgentHealth, CpuTimes, Disk, Filesystem, Interface, Kernel, Load, Memory, Sample};

/// Values in one sample, as in the budget.
pub(crate) const VALUES: u64 = 82;

/// A batch of `frames` samples, ten seconds apart, that follows `first` others.
pub(crate) fn batch(first: u64, frames: u64) -> Batch {
    let observation = |number: u64| Observation {
        seq: first + number + 1,
        at_ms: START.as_ms() + ((first + number) * 10_000) as i64,
        age_ms: Some((frames - 1 - number) * 10_000),
        body: Some(ObservationBody::Sample(Box::new(sample(first + number)))),
    };
    Batch {
        boot_id: "0b6ff8ab-5d8c-4a0e-9a27-3a5b7a6f5f0d".into(),
        stream: vec![7; 16],
        sent_at_ms: START.as_ms(),
        assignment_revision: 0,
        observations: (0..frames).map(observation).collect(),
        session_offer: Vec::new(),
    }
}

/// A counter at `base` after `tick` ticks of about `step`.
fn moved(tick: u64, base: u64, step: u64) -> Option<u64> {
    Some(base + tick * step + (tick * 7_919) % (step + 1))
}

/// A sample of [`VALUES`] values that move as a busy server's do.
fn sample(tick: u64) -> Sample {
    Sample {
        cpu_total: Some(cpu(tick, None)),
        cpus: vec![cpu(tick, Some(0)), cpu(tick, Some(1))],
        load: Some(Load { one_centi: Some(123), five_centi: Some(98), fifteen_centi: Some(87) }),
        memory: Some(memory(tick)),
        filesystems: vec![filesystem(tick, "/"), filesystem(tick, "/var")],
        disks: vec![disk(tick, "vda"), disk(tick, "vdb")],
        interfaces: vec![interface(tick)],
        kernel: Some(Kernel {
            uptime_ms: moved(tick, 8_640_000_000, 10_000),
            booted_at: Some(1_771_360_000),
            context_switches: moved(tick, 9_876_543_210, 24_000),
            interrupts: moved(tick, 5_432_109_876, 12_000),
            forks: moved(tick, 12_345_678, 20),
            running: moved(tick, 1, 1),
            blocked: Some(0),
        }),
        failed_sources: Vec::new(),
        agent: Some(AgentHealth {
            spool_bytes: moved(tick, 1_024, 600),
            spool_records: moved(tick, 1, 1),
            dropped: Some(0),
            send_failures: Some(3),
        }),
        ..Sample::default()
    }
}

fn cpu(tick: u64, number: Option<u32>) -> CpuTimes {
    CpuTimes {
        cpu: number,
        user_ms: moved(tick, 81_234_567, 3_100),
        nice_ms: moved(tick, 12_345, 1),
        system_ms: moved(tick, 21_345_678, 900),
        idle_ms: moved(tick, 912_345_678, 5_800),
        iowait_ms: moved(tick, 1_234_567, 90),
        irq_ms: Some(0),
        softirq_ms: moved(tick, 345_678, 40),
        steal_ms: moved(tick, 4_567, 2),
    }
}

fn memory(tick: u64) -> Memory {
    Memory {
        total_bytes: Some(8_323_022_848),
        free_bytes: moved(tick, 412_345_344, 8_192),
        available_bytes: moved(tick, 5_123_456_000, 8_192),
        buffers_bytes: moved(tick, 234_567_680, 4_096),
        cached_bytes: moved(tick, 4_567_891_968, 12_288),
        swap_total_bytes: Some(2_147_479_552),
        swap_free_bytes: Some(2_147_479_552),
        dirty_bytes: moved(tick, 1_234_944, 4_096),
        slab_reclaimable_bytes: moved(tick, 345_678_848, 4_096),
        ..Memory::default()
    }
}

fn filesystem(tick: u64, mount: &str) -> Filesystem {
    Filesystem {
        mount_point: mount.into(),
        device: "/dev/vda1".into(),
        kind: "ext4".into(),
        size_bytes: Some(105_089_261_568),
        free_bytes: moved(tick, 61_234_567_168, 4_096),
        available_bytes: moved(tick, 56_234_567_168, 4_096),
        inodes: Some(6_553_600),
        inodes_free: moved(tick, 6_012_345, 1),
        read_only: None,
    }
}

fn disk(tick: u64, name: &str) -> Disk {
    Disk {
        device: name.into(),
        reads: moved(tick, 4_567_890, 12),
        read_bytes: moved(tick, 123_456_789_504, 196_608),
        read_ms: moved(tick, 2_345_678, 9),
        writes: moved(tick, 34_567_890, 140),
        written_bytes: moved(tick, 876_543_210_496, 2_293_760),
        write_ms: moved(tick, 45_678_901, 210),
        io_ms: moved(tick, 23_456_789, 160),
        in_flight: moved(tick, 0, 2),
        ..Disk::default()
    }
}

fn interface(tick: u64) -> Interface {
    Interface {
        device: "ens3".into(),
        receive_bytes: moved(tick, 987_654_321_098, 1_250_000),
        receive_packets: moved(tick, 876_543_210, 1_100),
        receive_errors: Some(0),
        receive_drops: Some(1_234),
        transmit_bytes: moved(tick, 765_432_109_876, 980_000),
        transmit_packets: moved(tick, 654_321_098, 900),
        transmit_errors: Some(0),
        transmit_drops: Some(0),
        speed_bits: Some(1_000_000_000),
        up: None,
    }
}
