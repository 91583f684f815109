//! What the owner of this host permits a probe: which secrets it may tell to whom, which plug-ins it may run.
//!
//! The collector names, the host decides. A secret `NAME` for a check of `HOST` is the file `secrets_dir/HOST/NAME`, so
//! that a collector in the wrong hands cannot have it told to another host. A plug-in is a file of `plugins_dir`, run
//! without a shell; with arguments from the collector only where the owner allows them, because some plug-ins (check_by_ssh,
//! negate) run what their arguments say.

use super::Trouble;
use std::path::{Path, PathBuf};

/// Largest secret, in bytes.
const SECRET_BYTES_MAX: u64 = 4096;

/// Permissions and places of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSite {
    /// Folder of secrets by host and name; `None` has none.
    pub secrets_dir: Option<PathBuf>,
    /// Folder of plug-ins; `None` runs none.
    pub plugins_dir: Option<PathBuf>,
    /// Whether the collector may give arguments to plug-ins.
    pub plugin_arguments: bool,
    /// Where the kernel's proc file system is.
    pub proc_root: PathBuf,
}

impl Default for ProbeSite {
    fn default() -> Self {
        Self { secrets_dir: None, plugins_dir: None, plugin_arguments: false, proc_root: "/proc".into() }
    }
}

/// Whether `name` is the name of one file or host and nothing else.
fn is_plain_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '+' | '@');
    !name.is_empty() && name.len() <= 255 && !name.starts_with(['.', '-']) && name.chars().all(known)
}

impl ProbeSite {
    /// The secret `name` for `host`, without the line's end that editors leave.
    pub(super) async fn read_secret(&self, host: &str, name: &str) -> Result<String, Trouble> {
        let Some(folder) = &self.secrets_dir else {
            return Err(Trouble::Refused("needs a secret, but probes.secrets_dir is not set on this host".to_owned()));
        };
        if !is_plain_name(host) || !is_plain_name(name) {
            return Err(Trouble::Refused(format!("`{name}` for `{host}` is not the name of a secret")));
        }
        let path = folder.join(host).join(name);
        let read = tokio::task::spawn_blocking(move || read_bounded(&path)).await;
        let read = read.map_err(|error| Trouble::Probe(format!("secret was not read: {error}")))?;
        read.map_err(|error| Trouble::Refused(format!("cannot read secret `{name}` for `{host}`: {error}")))
    }

    /// The path of a plug-in that may be run with `arguments`.
    pub(super) fn permit_plugin(&self, plugin: &str, arguments: &[String], local: bool) -> Result<PathBuf, Trouble> {
        let Some(folder) = &self.plugins_dir else {
            return Err(Trouble::Refused("runs a plug-in, but probes.plugins_dir is not set on this host".to_owned()));
        };
        if !is_plain_name(plugin) {
            return Err(Trouble::Refused(format!("`{plugin}` is not the name of a plug-in")));
        }
        if !arguments.is_empty() && !local && !self.plugin_arguments {
            let reason = "gives arguments to a plug-in, but probes.plugin_arguments is not set on this host";
            return Err(Trouble::Refused(reason.to_owned()));
        }
        let path = folder.join(plugin);
        if !is_safe(&path) {
            let reason = format!("plug-in `{plugin}` is missing from probes.plugins_dir, or others may write to it");
            return Err(Trouble::Refused(reason));
        }
        Ok(path)
    }
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(SECRET_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A file that everybody may write would let everybody run as the agent.
fn is_safe(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o002 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_secret_is_told_to_its_own_host_only() {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::create_dir(folder.path().join("db")).expect("makes");
        fs::write(folder.path().join("db/monitor"), "rahasia\n").expect("writes");
        let site = ProbeSite { secrets_dir: Some(folder.path().to_owned()), ..ProbeSite::default() };
        assert_eq!(site.read_secret("db", "monitor").await, Ok("rahasia".to_owned()));
        for (host, name) in [("other", "monitor"), ("..", "db"), ("db", "../db/monitor"), ("", "monitor"), ("db", "")] {
            assert!(matches!(site.read_secret(host, name).await, Err(Trouble::Refused(_))), "{host} {name}");
        }
        assert!(matches!(ProbeSite::default().read_secret("db", "monitor").await, Err(Trouble::Refused(_))));
    }

    #[test]
    fn a_plugin_is_a_file_of_the_folder_and_arguments_are_the_owners_matter() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("check_x");
        fs::write(&path, "").expect("writes");
        let mut site = ProbeSite { plugins_dir: Some(folder.path().to_owned()), ..ProbeSite::default() };
        let words = ["-w".to_owned()];
        assert_eq!(site.permit_plugin("check_x", &[], false), Ok(path.clone()));
        assert!(site.permit_plugin("check_x", &words, false).is_err());
        assert!(site.permit_plugin("check_x", &words, true).is_ok());
        site.plugin_arguments = true;
        assert!(site.permit_plugin("check_x", &words, false).is_ok());
        for name in ["../check_x", "/bin/sh", "check_y", "", ".", "-x"] {
            assert!(site.permit_plugin(name, &[], true).is_err(), "{name}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o757)).expect("changes");
        assert!(site.permit_plugin("check_x", &[], true).is_err());
        assert!(ProbeSite::default().permit_plugin("check_x", &[], true).is_err());
    }
}
