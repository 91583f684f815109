//! `backup`, `restore` and `verify` of the command line: what is said, what is asked, what is put where.
//!
//! Restoring on a fresh machine needs nothing but the copy: where the configuration is missing, the one inside the copy
//! says where the store belongs. Run as root, what is written in the data folder is given to that folder's owner.
//! Everything that can be refused is refused before anything is written.

use super::progress::Bar;
use super::{CONFIGURATION, kept_files, kept_paths};
use crate::config::settings::{self, DEFAULT_FILE, Settings};
use crate::opening;
use crate::store::backup::{self, KeptFile, Request};
use crate::store::integrity::{Depth, check_store};
use crate::store::restore::{self, Look, Restore, file_time};
use crate::store::{CopyError, Store};
use anyhow::{Context, Result, bail, ensure};
use pantau_shared::timestamp::Timestamp;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to do about a damaged store.
pub const REMEDY: &str = "stop the collector and `pantau-collector restore` the newest copy; what was received since is \
     then lost unless `sqlite3 pantau.db .recover` can still read it; damage of indexes only is mended by \
     `sqlite3 pantau.db REINDEX`";

/// Pause after each step, so that a running collector has the disk too.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes a copy at `to`, or in it when it is a folder; what to tell the person.
///
/// # Errors
/// In words that name the remedy.
pub fn backup(settings: &Settings, to: &Path, force: bool, now: Timestamp) -> Result<String> {
    let to = if to.is_dir() { to.join(format!("pantau-{}.db", file_time(now))) } else { to.to_owned() };
    let store = settings.store_file();
    let files = kept_files(settings)?;
    let bar = Bar::new(["copying", "checking", "hashing"]);
    let request = Request { store: &store, to: &to, files: &files, made_at: now, replace: force, pause: PAUSE };
    let made = backup::make(&request, &mut |progress| bar.tell(progress))?;
    drop(bar);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    Ok(format!(
        "copy of `{}` made and checked: `{}`, {} bytes\nsha256 {}\nalso in it: {}\nit holds password hashes and keys: \
         keep it where only the administrator can read it",
        store.display(),
        to.display(),
        made.bytes,
        made.sha256,
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") },
    ))
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether nothing is wrong.
    pub whole: bool,
    /// What to tell the person.
    pub text: String,
}

/// Checks the store, also while the collector runs.
///
/// # Errors
/// The store cannot be opened.
pub fn verify(settings: &Settings, quick: bool) -> Result<Verified> {
    let (store, bar) = (settings.store_file(), Bar::new(["", "checking", ""]));
    let depth = if quick { Depth::Quick } else { Depth::Full };
    let findings = check_store(&store, depth, &mut |progress| bar.tell(progress))?;
    drop(bar);
    let shown = store.display();
    if findings.is_empty() {
        return Ok(Verified { whole: true, text: format!("`{shown}` is whole") });
    }
    let mut text = format!("`{shown}` is damaged, {} findings:\n", findings.len());
    for finding in &findings {
        let _written = writeln!(text, "  {finding}");
    }
    text += REMEDY;
    Ok(Verified { whole: false, text })
}

/// Rewrites a store of an early version; what to tell the person.
///
/// # Errors
/// A collector runs; too little room.
pub fn compact(settings: &Settings, now: Timestamp) -> Result<String> {
    opening::own_folder(&settings.data_dir)?;
    let store = settings.store_file();
    ensure!(store.exists(), "there is no store `{}`; nothing to rewrite", store.display());
    let rewritten = Store::compact(&store, now)?;
    let verb = if rewritten { "is rewritten and shrinks by itself from now on" } else { "shrinks by itself already" };
    Ok(format!("`{}` {verb}", store.display()))
}

/// What a person asked to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOptions {
    /// The copy.
    pub from: PathBuf,
    /// The configuration's file, where one was named.
    pub config: Option<PathBuf>,
    /// Do not ask.
    pub yes: bool,
    /// Put kept files back also where there is one.
    pub files: bool,
}

/// Puts a copy in the place of the store; what to tell the person.
///
/// # Errors
/// In words that name the remedy; the store is as it was.
pub fn restore(options: &RestoreOptions, now: Timestamp) -> Result<String> {
    let bar = Bar::new(["restoring", "checking", "hashing"]);
    let copy = restore::check_copy(&options.from, &mut |progress| bar.tell(progress))?;
    let kept = restore::kept_files(&options.from)?;
    drop(bar);
    let settings = settings_for(options.config.as_deref(), &kept)?;
    let root = ready_folder(&settings.data_dir)?;
    let store = settings.store_file();
    let held = Restore::begin(&store)?;
    let files = files_to_put(&settings, kept, options.files);
    eprintln!("{}", plan(&store, &copy, &held.present(), &files, now));
    ensure!(options.yes || agreed()?, "not restored");
    for (file, path) in &files {
        put_file(file, path, &settings.data_dir, root, now)?;
    }
    let bar = Bar::new(["restoring", "checking", "hashing"]);
    let aside = held.put(&options.from, now, &mut |progress| bar.tell(progress))?;
    drop(bar);
    let mut text = format!("`{}` is restored; start the collector: systemctl start pantau-collector", store.display());
    if let Some(aside) = aside {
        let aside = aside.display();
        let _written = write!(
            text,
            "\nthe store of before is `{aside}`; to go back: pantau-collector restore {aside}\ndelete it when all is well"
        );
    }
    Ok(text)
}

/// The configuration in force, or, on a fresh machine, the one inside the copy.
fn settings_for(named: Option<&Path>, kept: &[KeptFile]) -> Result<Settings> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let inside = kept.iter().find(|file| file.name == CONFIGURATION);
    let (false, Some(inside)) = (path.exists(), inside) else {
        return Ok(Settings::read(named)?);
    };
    let text = std::str::from_utf8(&inside.body).context("the configuration inside the copy is no text")?;
    let name = format!("{CONFIGURATION} inside the copy");
    let mut settings = settings::parse(&name, text, |file| std::fs::read(file))?;
    settings.file = Some(path.to_owned());
    Ok(settings)
}

/// Whether this is root; refuses a folder in which the service could not work afterwards.
fn ready_folder(folder: &Path) -> Result<bool> {
    let root = opening::own_user()? == 0;
    if !folder.exists() {
        let shown = folder.display();
        ensure!(
            !root,
            "the data folder `{shown}` does not exist; make it for the service's user: install -d -m 700 -o \
             pantau-collector -g pantau-collector {shown}"
        );
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot make the data folder `{shown}`"))?;
    }
    if !root {
        opening::own_folder(folder)?;
    }
    Ok(root)
}

/// The kept files that go somewhere: where there is none, or everywhere with `all` where it differs.
fn files_to_put(settings: &Settings, kept: Vec<KeptFile>, all: bool) -> Vec<(KeptFile, PathBuf)> {
    let paths = kept_paths(settings);
    let place = |file: KeptFile| {
        let (_, path) = paths.iter().find(|(name, _)| *name == file.name)?;
        let wanted = match std::fs::read(path) {
            Ok(present) => all && present != file.body,
            Err(_) => !path.exists(),
        };
        wanted.then(|| (file, path.clone()))
    };
    kept.into_iter().filter_map(place).collect()
}

/// What will be done and what it costs.
fn plan(
    store: &Path,
    copy: &Look,
    present: &Result<Option<Look>, CopyError>,
    files: &[(KeptFile, PathBuf)],
    now: Timestamp,
) -> String {
    let shown = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.floor_second().to_string());
    let holds = |look: &Look| {
        let received = shown(look.last_received_at);
        format!("{} hosts, {} tickets, last received {received}", look.hosts, look.tickets)
    };
    let made = copy.made_at.map_or_else(
        || "a store that was set aside".to_owned(),
        |at| format!("made {}, {} old", shown(Some(at)), age(now.ms_since(at))),
    );
    let mut text = format!("copy:    {made}; {}\n", holds(copy));
    match present {
        Ok(None) => text += "present: no store\n",
        Ok(Some(present)) => {
            let _written = writeln!(text, "present: {}", holds(present));
            if let (Some(ours), Some(theirs)) = (present.last_received_at, copy.last_received_at)
                && ours > theirs
            {
                let _written = writeln!(
                    text,
                    "lost:    what was received in the {} between, with tickets and what people did since",
                    age(ours.ms_since(theirs))
                );
            }
        }
        Err(error) => {
            let _written = writeln!(text, "present: cannot be read ({error})");
        }
    }
    let _written = writeln!(text, "to:      {}", store.display());
    for (_, path) in files {
        let _written = writeln!(text, "also:    {}", path.display());
    }
    text
}

fn age(ms: i64) -> String {
    humantime::format_duration(Duration::from_secs(ms.max(0).unsigned_abs() / 1000)).to_string()
}

fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here; add --yes to restore without asking");
    }
    eprint!("Pulihkan? Restore? [ya/yes] ");
    std::io::stderr().flush().ok();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(matches!(answer.trim(), "ya" | "yes" | "y"))
}

/// Writes a kept file, whole or not at all; one that is there is set aside first.
fn put_file(file: &KeptFile, path: &Path, data_dir: &Path, root: bool, now: Timestamp) -> Result<()> {
    let shown = path.display();
    let failed = || format!("cannot write `{shown}`; its folder must exist and be writable: run this as root");
    let part = path.with_added_extension("restoring");
    std::fs::remove_file(&part).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut written = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part).with_context(failed)?;
    written.write_all(&file.body).with_context(failed)?;
    let mut mode = file.mode & 0o777;
    if root && path.starts_with(data_dir) {
        restore::own_as_folder(&part)?;
    } else if root {
        // The service reads it by its group.
        let group = data_dir.metadata().with_context(failed)?.gid();
        std::os::unix::fs::chown(&part, None, Some(group)).with_context(failed)?;
        mode |= 0o040;
    }
    written.set_permissions(std::fs::Permissions::from_mode(mode)).with_context(failed)?;
    written.sync_all().with_context(failed)?;
    if path.exists() {
        let aside = path.with_added_extension(format!("before-restore-{}", file_time(now)));
        std::fs::hard_link(path, &aside)
            .or_else(|_| std::fs::copy(path, &aside).map(drop))
            .with_context(|| format!("cannot set `{shown}` aside as `{}`", aside.display()))?;
    }
    std::fs::rename(&part, path).with_context(failed)
}
