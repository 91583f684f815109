//! Processes of this host, counted by name and command line from `/proc`.

use super::pattern::{Pattern, parse_pattern};
use super::{Asking, Judgement, Trouble};
use pantau_shared::assignment::kinds::ProcessCheck;
use pantau_shared::probe::ProbePhase;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Most of a command line that is read, in bytes.
const COMMAND_BYTES_MAX: u64 = 8192;

/// Counts and judges.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &ProcessCheck) -> Result<Judgement, Trouble> {
    if check.name.is_empty() && check.command_pattern.is_empty() {
        return Err(asking.refuse("neither a name nor a command line to look for"));
    }
    let pattern = parse_pattern(&check.command_pattern).map_err(|what| asking.refuse(&what))?;
    asking.enter(ProbePhase::Local);
    let (root, name) = (asking.site.proc_root.clone(), check.name.clone());
    let counted = tokio::task::spawn_blocking(move || count(&root, &name, pattern.as_ref())).await;
    let counted = counted.map_err(|error| Trouble::Probe(format!("processes were not counted: {error}")))?;
    let count = counted.map_err(|error| Trouble::Probe(format!("cannot list processes: {error}")))?;
    asking.note("processes", f64::from(count), "");
    Ok(judge(count, check))
}

/// How many processes match. One that ends meanwhile is none.
fn count(root: &Path, name: &str, pattern: Option<&Pattern>) -> io::Result<u32> {
    let mut count = 0;
    let mut text = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let path = entry.path();
        let matches = (name.is_empty() || read(&path.join("comm"), &mut text).trim_end() == name)
            && pattern.is_none_or(|pattern| pattern.is_match(read(&path.join("cmdline"), &mut text).trim_end()));
        count += u32::from(matches);
    }
    Ok(count)
}

/// A file's text with blanks for the zero bytes between arguments; what cannot be read is empty.
fn read(path: &Path, buffer: &mut Vec<u8>) -> String {
    buffer.clear();
    match File::open(path).and_then(|file| file.take(COMMAND_BYTES_MAX).read_to_end(buffer)) {
        Ok(_) => String::from_utf8_lossy(buffer).replace('\0', " "),
        Err(_) => String::new(),
    }
}

fn judge(count: u32, check: &ProcessCheck) -> Judgement {
    let what = if check.name.is_empty() { &check.command_pattern } else { &check.name };
    // With no process allowed none is asked for.
    let count_min = if check.count_max == Some(0) { 0 } else { check.count_min.max(1) };
    if count < count_min {
        return Judgement::failed(ProbePhase::Local, format!("{count} of `{what}` run, at least {count_min} should"));
    }
    match check.count_max {
        Some(count_max) if count > count_max => {
            Judgement::failed(ProbePhase::Local, format!("{count} of `{what}` run, at most {count_max} should"))
        }
        Some(_) | None => Judgement::ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;
    use std::fs;

    #[test]
    fn processes_are_counted_by_name_and_command_line() {
        let root = tempfile::tempdir().expect("temporary directory");
        for (id, name, command) in [
            ("1", "init\n", "/sbin/init\0"),
            ("22", "java\n", "java\0-jar\0simpeg.jar\0"),
            ("23", "java\n", "java\0x\0"),
        ] {
            fs::create_dir(root.path().join(id)).expect("makes");
            fs::write(root.path().join(id).join("comm"), name).expect("writes");
            fs::write(root.path().join(id).join("cmdline"), command).expect("writes");
        }
        fs::create_dir(root.path().join("sys")).expect("makes");
        fs::create_dir(root.path().join("99")).expect("one that has ended");
        let simpeg = parse_pattern("-jar simpeg.jar$").expect("good");
        assert_eq!(count(root.path(), "java", None).expect("lists"), 2);
        assert_eq!(count(root.path(), "java", simpeg.as_ref()).expect("lists"), 1);
        assert_eq!(count(root.path(), "", simpeg.as_ref()).expect("lists"), 1);
        assert!(count(Path::new("/no/such"), "", None).is_err());
    }

    #[test]
    fn counts_are_judged() {
        let check =
            |count_min, count_max| ProcessCheck { name: "x".into(), count_min, count_max, ..ProcessCheck::default() };
        assert_eq!(judge(0, &check(0, None)).verdict, ProbeVerdict::Failed);
        assert_eq!(judge(9, &check(0, None)), Judgement::ok());
        assert_eq!(judge(1, &check(2, None)).reason, "1 of `x` run, at least 2 should");
        assert_eq!(judge(3, &check(0, Some(2))).reason, "3 of `x` run, at most 2 should");
        assert_eq!(judge(0, &check(0, Some(0))), Judgement::ok());
        assert_eq!(judge(1, &check(0, Some(0))).verdict, ProbeVerdict::Failed);
    }
}
