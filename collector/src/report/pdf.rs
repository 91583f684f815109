//! A PDF is printed by a browser that is installed: it lays out the same page that a person prints, and no second layout
//! has to be kept. Without one it is said so, and what to do.

use anyhow::{Context, Result, bail, ensure};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Browsers that print, in order of preference.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/// A browser that prints longer has hung.
const PRINT_SECONDS_MAX: u32 = 180;

/// The PDF of a page, printed in a folder of its own that nobody else may read. One at a time: a browser takes memory.
///
/// # Errors
/// As [`print()`].
pub(crate) fn bytes(page: &str) -> Result<Vec<u8>> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("pantau-print-{}", crate::auth::random_token(8).context("cannot draw a name")?);
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new().mode(0o700).create(&folder).context("cannot make a folder to print in")?;
    let output = folder.join("page.pdf");
    let printed = print(page, &output).and_then(|()| std::fs::read(&output).context("cannot read what was printed"));
    std::fs::remove_dir_all(&folder).ok();
    printed
}

/// Prints a page into `output` with an installed browser.
///
/// # Errors
/// No browser, or one that could not; in words that name the remedy.
pub fn print(page: &str, output: &Path) -> Result<()> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = BROWSERS
        .iter()
        .find_map(|name| std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()));
    let Some(browser) = found else {
        bail!(
            "a PDF needs a browser that prints, and none is installed (looked for {}); install one (apt install \
             chromium), or make --format html and print it from any browser",
            BROWSERS.join(", ")
        );
    };
    let source = std::path::absolute(output.with_added_extension("html")).context("cannot name the page's file")?;
    std::fs::write(&source, page)
        .with_context(|| format!("cannot write `{}`; its folder must exist and be writable", source.display()))?;
    let mut command = std::process::Command::new(&browser);
    command.args(["--headless", "--disable-gpu", "--no-pdf-header-footer"]);
    if crate::opening::own_user()? == 0 {
        // Its sandbox does not work for root; the page holds no script and asks for nothing.
        command.arg("--no-sandbox");
    }
    let target = std::path::absolute(output).context("cannot name the output")?;
    command.arg(format!("--print-to-pdf={}", target.display())).arg(&source);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let printed = run_bounded(&mut command);
    std::fs::remove_file(&source).ok();
    let shown = browser.display();
    printed.with_context(|| format!("`{shown}` could not print"))?;
    ensure!(output.is_file(), "`{shown}` printed nothing; make --format html and print it by hand");
    Ok(())
}

fn run_bounded(command: &mut std::process::Command) -> Result<()> {
    let mut child = command.spawn()?;
    for _ in 0..PRINT_SECONDS_MAX * 10 {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    bail!("it took longer than {PRINT_SECONDS_MAX} s")
}
