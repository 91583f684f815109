//! `/proc/meminfo`: memory and swap in bytes.

use super::source::SourceError;
use pantau_shared::sample::Memory;

/// Parses the file's text. A line that a kernel does not have is a missing field.
pub(crate) fn parse_meminfo(text: &str) -> Result<Memory, SourceError> {
    let mut memory = Memory::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        let field = match name {
            "MemTotal" => &mut memory.total_bytes,
            "MemFree" => &mut memory.free_bytes,
            "MemAvailable" => &mut memory.available_bytes,
            "Buffers" => &mut memory.buffers_bytes,
            "Cached" => &mut memory.cached_bytes,
            "SwapTotal" => &mut memory.swap_total_bytes,
            "SwapFree" => &mut memory.swap_free_bytes,
            "Dirty" => &mut memory.dirty_bytes,
            "Slab" => &mut memory.slab_bytes,
            "Active" => &mut memory.active_bytes,
            "Inactive" => &mut memory.inactive_bytes,
            "AnonPages" => &mut memory.anonymous_bytes,
            "Mapped" => &mut memory.mapped_bytes,
            "SReclaimable" => &mut memory.slab_reclaimable_bytes,
            _ => continue,
        };
        let kib = rest.trim().strip_suffix(" kB").and_then(|number| number.trim().parse::<u64>().ok());
        *field = Some(kib.and_then(|kib| kib.checked_mul(1024)).ok_or_else(|| SourceError::malformed(line))?);
    }
    if memory.total_bytes.is_none() {
        return Err(SourceError::malformed("no MemTotal line"));
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kibibytes_as_bytes() {
        let text = "MemTotal:       2000 kB\nMemFree: 5 kB\nHugePages_Total:       0\nSReclaimable:  7 kB\n";
        let memory = parse_meminfo(text).expect("parses");
        assert_eq!(memory.total_bytes, Some(2_048_000));
        assert_eq!(memory.slab_reclaimable_bytes, Some(7168));
        assert_eq!(memory.available_bytes, None);
    }

    #[test]
    fn garbage_is_an_error() {
        for text in ["", "MemTotal: x kB\n", "MemTotal: 5\n", "MemTotal: 18446744073709551615 kB\n"] {
            assert!(parse_meminfo(text).is_err(), "{text}");
        }
    }
}
