//! A made-up server of 82 series for when no recording is at hand: a minute of load, half a minute of rest. Good for figures
//! of processor time; its gauges jump about more than a real server's, so figures of bytes want a recording.

const MODES: [(&str, i64); 8] = [
    ("user", 2_400),
    ("nice", 10),
    ("system", 700),
    ("idle", 12_000),
    ("iowait", 400),
    ("irq", 0),
    ("softirq", 40),
    ("steal", 10),
];

/// Counters: name, value at the start, most it rises in a row.
const COUNTERS: [(&str, i64, i64); 19] = [
    ("intr", 694_847, 12_000),
    ("ctxt", 1_649_322, 24_000),
    ("processes", 11_654, 40),
    ("disk_reads", 43_052, 60),
    ("disk_rmerge", 7_273, 10),
    ("disk_rsect", 6_619_426, 9_000),
    ("disk_rms", 1_102_875, 200),
    ("disk_writes", 18_105, 140),
    ("disk_wmerge", 21_066, 160),
    ("disk_wsect", 12_498_288, 20_000),
    ("disk_wms", 1_119_482, 900),
    ("disk_io_ms", 246_212, 1_000),
    ("disk_wio_ms", 2_359_278, 1_100),
    ("psi_cpu_some_total", 10_012_640, 90_000),
    ("psi_cpu_full_total", 0, 0),
    ("psi_memory_some_total", 0, 0),
    ("psi_memory_full_total", 0, 0),
    ("psi_io_some_total", 234_897_793, 60_000),
    ("psi_io_full_total", 232_938_860, 50_000),
];

/// Gauges: name, middle, how far it strays, smallest step.
const GAUGES: [(&str, i64, i64, i64); 22] = [
    ("procs_running", 3, 3, 1),
    ("procs_blocked", 0, 1, 1),
    ("load1", 1, 1, 1),
    ("load5", 1, 1, 1),
    ("load15", 1, 1, 1),
    ("mem_MemFree_bytes", 22_000_000_000, 3_000_000_000, 4_096),
    ("mem_MemAvailable_bytes", 24_000_000_000, 2_000_000_000, 4_096),
    ("mem_Buffers_bytes", 25_337_856, 900_000, 4_096),
    ("mem_Cached_bytes", 2_137_542_656, 90_000_000, 4_096),
    ("mem_Active_bytes", 364_679_168, 50_000_000, 4_096),
    ("mem_Inactive_bytes", 1_874_845_696, 70_000_000, 4_096),
    ("mem_SwapFree_bytes", 0, 0, 4_096),
    ("mem_Dirty_bytes", 60_285_952, 50_000_000, 4_096),
    ("mem_AnonPages_bytes", 391_033_600, 200_000_000, 4_096),
    ("mem_Mapped_bytes", 46_948_352, 9_000_000, 4_096),
    ("mem_Slab_bytes", 196_718_592, 8_000_000, 4_096),
    ("disk_inflight", 0, 3, 1),
    ("fs_avail_bytes", 79_255_724_032, 900_000_000, 4_096),
    ("fs_files_free", 16_354_259, 9_000, 1),
    ("fs_size", 270_553_174_016, 0, 1),
    ("tcp_inuse", 12, 9, 1),
    ("tcp_tw", 2, 4, 1),
];

/// A small generator of numbers that look random and are the same every time.
struct Noise(u64);

impl Noise {
    /// From 0 to `most`.
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 33).unwrap_or(0) % (most + 1)
    }
}

/// A series being made, in thousandths.
struct Series {
    name: String,
    value: i64,
    rise: i64,
    /// Middle, stray, step: a gauge.
    around: Option<(i64, i64, i64)>,
}

fn counter(name: String, start: i64, rise: i64) -> Series {
    Series { name, value: start * 1000, rise: rise * 1000, around: None }
}

fn series() -> Vec<Series> {
    let mut all = Vec::new();
    for cpu in ["cpu", "cpu0", "cpu1"] {
        let times = MODES.map(|(mode, rise)| Series {
            name: format!("{cpu}_{mode}_seconds_total"),
            value: rise * 700,
            // Whole ticks of 10 ms.
            rise: rise / 10 * 10,
            around: None,
        });
        all.extend(times);
    }
    for device in ["lo", "eth0"] {
        for way in ["rx", "tx"] {
            for (what, rise) in [("bytes", 90_000), ("packets", 120), ("errs", 0), ("drop", 0)] {
                all.push(counter(format!("net_{device}_{way}_{what}"), rise * 90, rise));
            }
        }
    }
    all.extend(COUNTERS.map(|(name, start, rise)| counter(name.into(), start, rise)));
    all.extend(GAUGES.map(|(name, middle, stray, step)| Series {
        name: name.into(),
        value: middle * 1000,
        rise: 0,
        around: Some((middle, stray, step)),
    }));
    all.push(Series { name: "uptime".into(), value: 610_670, rise: 10_000, around: None });
    all
}

/// Names, and as many rows of thousandths.
pub(super) fn rows(count: usize) -> (Vec<String>, Vec<Vec<i64>>) {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut all = series();
    let mut rows = Vec::with_capacity(count);
    for row in 0..count {
        let busy = row % 90 < 60;
        for one in &mut all {
            one.value = match one.around {
                _ if one.name == "uptime" => one.value + one.rise,
                None if one.rise == 0 || (!busy && noise.up_to(3) > 0) => one.value,
                // Tens keep the hundredths of processor time; whole numbers stay whole.
                None if one.name.starts_with("cpu") => one.value + noise.up_to(one.rise / 10) * 10,
                None => one.value + noise.up_to(one.rise / 1000) * 1000,
                Some((middle, stray, step)) => {
                    let low = (middle - stray).max(0);
                    (low + noise.up_to((middle + stray - low) / step) * step) * 1000
                }
            };
        }
        rows.push(all.iter().map(|one| one.value).collect());
    }
    (all.into_iter().map(|one| one.name).collect(), rows)
}
