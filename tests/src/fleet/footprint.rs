//! What the memory of a process is, part by part, from `/proc/PID/smaps`: which of it is the program's file, which was
//! written, and which was looked at of late.
//!
//! "Looked at" is the kernel's own mark on each page, taken off by [`forget_looks`] and read a while later: the difference
//! to the whole is what the kernel could take back without anybody noticing. Knows nothing of what the process does.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;

/// One part, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// Proportional memory.
    pub pss_kb: u64,
    /// Of it written since it was mapped: it is in no file.
    pub dirty_kb: u64,
    /// Looked at since [`forget_looks`], shared pages in full.
    pub used_kb: u64,
}

/// Parts by name.
pub type Parts = BTreeMap<&'static str, Part>;

/// Takes the marks off all pages of a process.
///
/// # Errors
/// It has ended, or belongs to somebody else.
pub fn forget_looks(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "1").with_context(|| format!("clear the marks of process {pid}"))
}

/// The parts of a process now.
///
/// # Errors
/// It has ended, or belongs to somebody else.
pub fn read_parts(pid: u32) -> Result<Parts> {
    let program = fs::read_link(format!("/proc/{pid}/exe")).with_context(|| format!("find program of {pid}"))?;
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).with_context(|| format!("read maps of {pid}"))?;
    Ok(parse_parts(&text, &program.display().to_string()))
}

/// What all parts are together.
pub fn sum(parts: &Parts) -> Part {
    parts.values().fold(Part::default(), |sum, part| Part {
        pss_kb: sum.pss_kb + part.pss_kb,
        dirty_kb: sum.dirty_kb + part.dirty_kb,
        used_kb: sum.used_kb + part.used_kb,
    })
}

fn parse_parts(text: &str, program: &str) -> Parts {
    let mut parts = Parts::new();
    let mut part = "";
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        let Some(figure) = key.strip_suffix(':') else {
            part = name_of(rest, program);
            continue;
        };
        let kb = || rest.split_ascii_whitespace().next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        let entry = parts.entry(part).or_default();
        match figure {
            "Pss" => entry.pss_kb += kb(),
            "Private_Dirty" => entry.dirty_kb += kb(),
            "Referenced" => entry.used_kb += kb(),
            _ => {}
        }
    }
    parts.retain(|_, part| *part != Part::default());
    parts
}

/// A mapping's part, by its rights and its file: `r-xp 00026000 fe:00 326279   /usr/lib/libc.so.6`.
fn name_of(rest: &str, program: &str) -> &'static str {
    let mut words = rest.split_ascii_whitespace();
    let rights = words.next().unwrap_or_default();
    match words.nth(3) {
        Some("[heap]") => "heap",
        Some("[stack]") => "stack of the main thread",
        Some(file) if file == program && rights.contains('x') => "program: code",
        Some(file) if file == program => "program: constants, pointers, data",
        Some(file) if file.starts_with('/') => "shared libraries",
        Some(_) | None => "other threads: stacks, arenas",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_fall_into_parts() {
        let text = "55-56 r-xp 00000000 fe:00 59 /bin/a\nSize: 9 kB\nPss: 40 kB\nReferenced: 12 kB\n\
                    56-57 r--p 00000000 fe:00 59 /bin/a\nPss: 8 kB\nPrivate_Dirty: 8 kB\n\
                    57-58 rw-p 00000000 00:00 0 [heap]\nPss: 100 kB\nPrivate_Dirty: 100 kB\n\
                    7f-80 r-xp 00000000 fe:00 3 /lib/libc.so.6\nPss: 5 kB\n80-81 rw-p 00000000 00:00 0 \nPss: 4 kB\nVmFlags: rd\n";
        let parts = parse_parts(text, "/bin/a");
        assert_eq!(parts["program: code"], Part { pss_kb: 40, dirty_kb: 0, used_kb: 12 });
        assert_eq!(parts["program: constants, pointers, data"].dirty_kb, 8);
        assert_eq!((parts["shared libraries"].pss_kb, parts["other threads: stacks, arenas"].pss_kb), (5, 4));
        assert_eq!(sum(&parts), Part { pss_kb: 157, dirty_kb: 108, used_kb: 12 });
    }

    #[test]
    fn this_process_has_code_and_a_heap() {
        let parts = read_parts(std::process::id()).expect("reads");
        assert!(parts["program: code"].pss_kb > 0 && sum(&parts).dirty_kb > 0, "{parts:?}");
    }
}
