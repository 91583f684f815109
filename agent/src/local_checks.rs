//! Checks of this host's own file: asked beside the collector's, shown on `/metrics` and by `once`, told to nobody. For a
//! host that only Prometheus watches, and for what its owner wants to see without asking the office.
//!
//! ```toml
//! [[check]]
//! id = "web"
//! interval_ms = 30000
//! timeout_ms = 5000
//! [check.kind.http]
//! url = "https://localhost/"
//! ```
//!
//! The keys are those of [`pantau_shared::assignment`], so that the file says exactly what an assignment could.

use crate::probes::ProbeSite;
use pantau_shared::assignment::CheckSpec;
use pantau_shared::ids::CheckId;
use pantau_shared::limits::ASSIGNED_MAX;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Largest file of checks, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The checks of this host's own file, and what its owner permits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LocalProbes {
    /// Secrets, plug-ins, and where the kernel's files are.
    pub site: ProbeSite,
    /// Checks, each name once.
    pub checks: Vec<CheckSpec>,
}

impl LocalProbes {
    /// All checks by name, and whether each is of this host's own file. The collector's comes before a local one of the
    /// same name: what a service is judged by is the collector's matter.
    pub(crate) fn merge(&self, assigned: &[CheckSpec]) -> BTreeMap<String, (CheckSpec, bool)> {
        let local = self.checks.iter().map(|check| (check, true));
        let all = local.chain(assigned.iter().map(|check| (check, false)));
        all.map(|(check, local)| (check.id.clone(), (check.clone(), local))).collect()
    }
}

/// Reads a file of checks.
///
/// # Errors
/// What is wrong with it, with its line where there is one.
pub(crate) fn load(path: &Path) -> Result<Vec<CheckSpec>, String> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| format!("cannot read it: {error}"))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<CheckSpec>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        check: Vec<CheckSpec>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    if file.check.len() > ASSIGNED_MAX {
        return Err(format!("{} checks are more than {ASSIGNED_MAX}", file.check.len()));
    }
    let mut seen = std::collections::BTreeSet::new();
    for check in &file.check {
        CheckId::parse(&check.id).map_err(|error| format!("check `{}`: {error}", check.id))?;
        if !seen.insert(check.id.as_str()) {
            return Err(format!("check `{}` stands there twice", check.id));
        }
        if check.kind.is_none() {
            return Err(format!("check `{}` has no kind", check.id));
        }
    }
    Ok(file.check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::assignment::CheckKind;

    const WEB: &str =
        "[[check]]\nid = \"web\"\ninterval_ms = 30000\ntimeout_ms = 5000\n[check.kind.http]\nurl = \"http://x/\"\n";

    #[test]
    fn a_file_is_read_whole_or_refused_with_its_reason() {
        let checks = parse(WEB).expect("good");
        assert!(matches!(&checks[0].kind, Some(CheckKind::Http(http)) if http.url == "http://x/"));
        assert_eq!(parse("").expect("empty"), []);
        let cases = [
            (WEB.replace("url", "uri"), "unknown field `uri`"),
            (format!("{WEB}{WEB}"), "stands there twice"),
            ("[[check]]\nid = \"web\"\n".to_owned(), "has no kind"),
            (WEB.replace("web", "We b"), "check `We b`"),
            ("[[checks]]\n".to_owned(), "unknown field `checks`"),
        ];
        for (text, reason) in cases {
            let told = parse(&text).expect_err("bad");
            assert!(told.contains(reason), "{told}");
        }
    }

    #[test]
    fn the_collectors_check_comes_before_a_local_one_of_the_same_name() {
        let local = LocalProbes { checks: parse(WEB).expect("good"), ..LocalProbes::default() };
        let of = |id: &str| CheckSpec { id: id.into(), interval_ms: 5000, ..CheckSpec::default() };
        let merged = local.merge(&[of("web"), of("db")]);
        let told: Vec<_> = merged.iter().map(|(id, (check, local))| (id.as_str(), check.interval_ms, *local)).collect();
        assert_eq!(told, [("db", 5000, false), ("web", 5000, false)]);
        assert!(local.merge(&[])["web"].1);
    }
}
