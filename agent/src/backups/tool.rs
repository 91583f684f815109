//! Starts a backup tool to ask what it holds, and reads its answer: no shell, no terminal, a clean environment, a
//! deadline, a bound on what it may say.
//!
//! What is started is one of the names in this program, found in the system's own folders; an assignment only fills in
//! arguments. Secrets are read from files on this host and reach the tool by file name or environment, never by its
//! arguments, which everybody can read. Knows nothing of what the answers mean.

use super::SourceError;
use pantau_shared::limits::cut_text;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// Where tools are looked for: the folders that only an administrator can write to.
const FOLDERS: [&str; 6] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Longest a tool may take to answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Most that a tool may answer, in bytes; a listing of 20,000 restic snapshots is about 12 MB.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How much of the end of a tool's complaints is kept, in bytes.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// Largest file of secrets, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Niceness of a tool: what it asks for can wait.
const NICENESS: i32 = 10;

/// How tools are started on this host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools {
    /// Whether this host lets the agent start any.
    pub(crate) allowed: bool,
    /// Where they may keep what they read; none keeps nothing.
    pub(crate) cache_dir: Option<PathBuf>,
}

/// One asking.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    pub(crate) program: &'static str,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) output: Vec<u8>,
    /// The last of its error output, on one line.
    pub(crate) complaint: String,
}

impl Tools {
    /// Asks, within [`DEADLINE`].
    pub(crate) async fn ask(&self, asking: Asking) -> Result<Answer, SourceError> {
        let program = asking.program;
        if !self.allowed {
            return Err(SourceError::ToolsForbidden { program });
        }
        let path = find(program).ok_or(SourceError::Missing { program })?;
        let home = self.cache_dir.as_deref().unwrap_or(Path::new("/nonexistent"));
        let mut command = Command::new(path);
        command
            .args(&asking.arguments)
            .env_clear()
            .env("PATH", FOLDERS.join(":"))
            .env("LC_ALL", "C.UTF-8")
            // Borg 1 tells times without their zone.
            .env("TZ", "UTC")
            .env("HOME", home)
            .env("XDG_CACHE_HOME", home)
            .envs(asking.environment)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: what it starts itself ends with it.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| SourceError::Start { program, source })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // A unit that forbids it leaves the tool at the agent's own niceness.
            rustix::process::setpriority_process(Some(group), NICENESS).ok();
        }
        let (output, complaint) = (child.stdout.take(), child.stderr.take());
        let reading = async {
            let (output, complaint) = tokio::join!(read_bounded(output), read_tail(complaint));
            let output = output.map_err(|source| SourceError::Read { program, source })?;
            if output.len() as u64 > ANSWER_BYTES_MAX {
                return Err(SourceError::TooMuch { program });
            }
            let status = child.wait().await.map_err(|source| SourceError::Read { program, source })?;
            Ok(Answer { code: status.code(), output, complaint })
        };
        let answer = tokio::time::timeout(DEADLINE, reading)
            .await
            .unwrap_or(Err(SourceError::Deadline { program, seconds: DEADLINE.as_secs() }));
        if let (Err(_), Some(group)) = (&answer, group) {
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        }
        answer
    }
}

/// Where a program is, among the folders that tools are looked for in.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Reads one byte beyond the bound, so that it can be told from an answer that just fits.
async fn read_bounded(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Reads all and keeps the end.
async fn read_tail(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut tail = Tail::new(COMPLAINT_BYTES_MAX);
    if let Some(mut pipe) = pipe {
        let mut chunk = [0; 2048];
        while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
            tail.push(&chunk[..read]);
        }
    }
    tail.render()
}

/// The end of a text that may be long.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: std::collections::VecDeque<u8>,
    bytes_max: usize,
}

impl Tail {
    /// Keeps at most `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes: std::collections::VecDeque::new(), bytes_max }
    }

    /// Takes what comes next.
    pub(crate) fn push(&mut self, more: &[u8]) {
        let more = &more[more.len().saturating_sub(self.bytes_max)..];
        let over = (self.bytes.len() + more.len()).saturating_sub(self.bytes_max);
        self.bytes.drain(..over);
        self.bytes.extend(more);
    }

    /// Its last lines on one line, within the bound of a text.
    pub(crate) fn render(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let mut said = String::new();
        for line in text.lines().rev().map(str::trim).filter(|line| !line.is_empty()) {
            let joined = if said.is_empty() { line.to_owned() } else { format!("{line}; {said}") };
            if cut_text(&joined) != joined {
                break;
            }
            said = joined;
        }
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        said.chars().map(clean).collect()
    }
}

/// Reads a secret: the first line of a file.
pub(crate) fn read_secret(path: &str) -> Result<String, SourceError> {
    let text = read_secrets(path)?;
    Ok(text.lines().next().unwrap_or("").to_owned())
}

fn read_secrets(path: &str) -> Result<String, SourceError> {
    use std::io::Read;
    let refuse = |source| SourceError::Secret { path: cut_text(path), source };
    if !path.starts_with('/') {
        return Err(refuse(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not an absolute path")));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(refuse)?;
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(refuse)?;
    Ok(text)
}

/// Reads a file of `NAME=VALUE` lines with the credentials of a storage.
pub(crate) fn read_environment(path: &str) -> Result<Vec<(String, String)>, SourceError> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    parse_environment(&read_secrets(path)?).map_err(|line| SourceError::Environment { path: cut_text(path), line })
}

/// Parses lines of `NAME=VALUE`, with or without `export` and quotes; gives the number of the first line that is not a
/// storage's credential. Nothing that names a program to run is one (`RESTIC_PASSWORD_COMMAND`, `LD_PRELOAD`, …).
pub(crate) fn parse_environment(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let (name, value) = line.split_once('=').ok_or(number + 1)?;
        if !is_credential(name) {
            return Err(number + 1);
        }
        let quoted = ['"', '\''].into_iter().find_map(|q| value.strip_prefix(q)?.strip_suffix(q));
        out.push((name.to_owned(), quoted.unwrap_or(value).to_owned()));
    }
    Ok(out)
}

fn is_credential(name: &str) -> bool {
    const FAMILIES: [&str; 6] = ["AWS_", "AZURE_", "B2_", "GOOGLE_", "OS_", "ST_"];
    let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let known = matches!(name, "RESTIC_REST_USERNAME" | "RESTIC_REST_PASSWORD" | "RESTIC_PASSWORD")
        || FAMILIES.iter().any(|family| name.starts_with(family));
    plain && known && !name.ends_with("_COMMAND")
}

/// Refuses what a tool could take for an option or a command, and what cannot be an address: it comes from elsewhere.
pub(crate) fn check_argument(what: &'static str, value: &str) -> Result<(), SourceError> {
    // `ssh://-oProxyCommand=…` and `sftp:-o…` would reach ssh as an option.
    let option_within = ["://-", ":-", "@-"].iter().any(|sign| value.contains(sign));
    let usable = !value.is_empty()
        && value.len() <= 2000
        && !value.starts_with('-')
        && !option_within
        && !value.chars().any(char::is_control);
    if usable { Ok(()) } else { Err(SourceError::Argument { what, value: cut_text(value) }) }
}

/// An address without the password in it, for people to read.
pub(crate) fn hide_password(address: &str) -> String {
    let hidden = address.find("://").and_then(|scheme| {
        let rest = &address[scheme + 3..];
        let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
        let (user, host) = authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{}{name}:***@{host}{}", &address[..scheme + 3], &rest[authority.len()..]))
    });
    cut_text(&hidden.unwrap_or_else(|| address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_credentials_are_taken_from_a_file() {
        let read = parse_environment("# kunci\nexport AWS_ACCESS_KEY_ID='abc'\n\nAWS_SECRET_ACCESS_KEY=\"d=e\"\n");
        let expected = vec![("AWS_ACCESS_KEY_ID".into(), "abc".into()), ("AWS_SECRET_ACCESS_KEY".into(), "d=e".into())];
        assert_eq!(read, Ok(expected));
        for line in ["LD_PRELOAD=/x", "RESTIC_PASSWORD_COMMAND=id", "AWS_X_COMMAND=id", "BORG_RSH=x", "x", "PATH=/x"] {
            assert_eq!(parse_environment(&format!("B2_ACCOUNT_ID=1\n{line}")), Err(2), "{line}");
        }
    }

    #[test]
    fn nothing_assigned_can_become_an_option() {
        for good in
            ["/srv/repo", "sftp:backup@host:/repo", "rest:https://user:x@host:8000/r", "ssh://b@h/./r", "s3:h/b"]
        {
            assert!(check_argument("repository", good).is_ok(), "{good}");
        }
        for bad in ["", "-rfoo", "ssh://-oProxyCommand=id/x", "sftp:-oProxyCommand=id:/x", "a@-b:/x", "/a\nb"] {
            assert!(check_argument("repository", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(hide_password("rest:https://u:geheim@h:8000/r@x"), "rest:https://u:***@h:8000/r@x");
        assert_eq!(hide_password("ssh://borg@h/./repo"), "ssh://borg@h/./repo");
        assert_eq!(hide_password("/srv/repo"), "/srv/repo");
    }

    #[test]
    fn the_end_of_a_long_complaint_is_kept() {
        let mut tail = Tail::new(100);
        for n in 0..1000 {
            tail.push(format!("line {n}\n").as_bytes());
        }
        assert!(tail.render().ends_with("line 998; line 999"), "{}", tail.render());
        assert!(tail.render().len() <= 110);
    }

    #[tokio::test]
    async fn a_tool_that_is_not_here_says_how_to_mend_it() {
        let tools = Tools { allowed: true, cache_dir: None };
        let asking = || Asking { program: "no-such-tool", ..Asking::default() };
        let error = tools.ask(asking()).await.expect_err("missing").to_string();
        assert!(error.contains("not installed") && error.contains("no-such-tool"), "{error}");
        let forbidden = Tools::default().ask(asking()).await.expect_err("forbidden").to_string();
        assert!(forbidden.contains("backups.tools"), "{forbidden}");
    }

    #[tokio::test]
    async fn a_tool_answers_with_its_code_in_a_clean_environment() {
        let tools = Tools { allowed: true, cache_dir: None };
        let arguments = vec!["-c".to_owned(), "echo $TZ; echo oh >&2; exit 3".to_owned()];
        let answer = tools.ask(Asking { program: "sh", arguments, environment: Vec::new() }).await.expect("answers");
        assert_eq!((answer.code, answer.output.as_slice(), answer.complaint.as_str()), (Some(3), &b"UTC\n"[..], "oh"));
    }
}
