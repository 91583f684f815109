//! A systemd unit of this host. Asked through `systemctl show`: any user may, it needs no library that speaks D-Bus in
//! the agent's memory for a question every half minute, and what it prints is made for programs.

use super::{Asking, Judgement, Trouble, program};
use pantau_shared::assignment::kinds::UnitCheck;
use pantau_shared::probe::ProbePhase;
use std::path::Path;

/// Where systemd-based systems have it.
const SYSTEMCTL: &str = "/usr/bin/systemctl";

/// Asks for the unit's state.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &UnitCheck) -> Result<Judgement, Trouble> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '@' | '\\');
    if check.unit.is_empty() || check.unit.len() > 255 || check.unit.starts_with('-') || !check.unit.chars().all(known)
    {
        return Err(asking.refuse(&format!("`{}` is not the name of a unit", check.unit)));
    }
    asking.enter(ProbePhase::Local);
    let arguments = [
        "show".to_owned(),
        "--property=LoadState,ActiveState,SubState,Result".to_owned(),
        "--".to_owned(),
        check.unit.clone(),
    ];
    let ended = program::run(Path::new(SYSTEMCTL), &arguments).await?;
    if !ended.status.success() {
        let reason = super::conversation::render_bytes(&ended.stderr);
        return Err(Trouble::Probe(format!("systemd does not answer: {reason}")));
    }
    Ok(judge(&String::from_utf8_lossy(&ended.stdout), check))
}

/// Judges `Name=value` lines.
fn judge(properties: &str, check: &UnitCheck) -> Judgement {
    let value = |name: &str| {
        let of = |line: &str| line.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        properties.lines().find_map(of).unwrap_or_default()
    };
    let (active, sub, result) = (value("ActiveState"), value("SubState"), value("Result"));
    let unit = &check.unit;
    if value("LoadState") == "not-found" {
        return Judgement::failed(ProbePhase::Local, format!("{unit} is not known to systemd"));
    }
    match active.as_str() {
        "active" | "reloading" | "refreshing" => Judgement::ok(),
        "inactive" if check.accept_inactive && (result.is_empty() || result == "success") => Judgement::ok(),
        "activating" | "deactivating" => {
            Judgement::degraded(ProbePhase::Local, format!("{unit} is {active} ({sub}), last result {result}"))
        }
        "" => Judgement::probe_error(format!("systemd tells no state of {unit}")),
        state => Judgement::failed(ProbePhase::Local, format!("{unit} is {state} ({sub}), last result {result}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;

    fn judged(load: &str, active: &str, sub: &str, result: &str, accept_inactive: bool) -> Judgement {
        let text = format!("LoadState={load}\nActiveState={active}\nSubState={sub}\nResult={result}\n");
        judge(&text, &UnitCheck { unit: "x.service".into(), accept_inactive })
    }

    #[test]
    fn states_as_systemd_tells_them() {
        assert_eq!(judged("loaded", "active", "running", "success", false), Judgement::ok());
        assert_eq!(judged("loaded", "reloading", "reload", "success", false), Judgement::ok());
        assert_eq!(judged("loaded", "inactive", "dead", "success", true), Judgement::ok());
        let failed = judged("loaded", "failed", "failed", "exit-code", true);
        assert_eq!(failed.reason, "x.service is failed (failed), last result exit-code");
        assert_eq!(judged("loaded", "inactive", "dead", "success", false).verdict, ProbeVerdict::Failed);
        assert_eq!(judged("not-found", "inactive", "dead", "success", true).verdict, ProbeVerdict::Failed);
        let again = judged("loaded", "activating", "auto-restart", "exit-code", false);
        assert_eq!(again.verdict, ProbeVerdict::Degraded);
        assert_eq!(judge("", &UnitCheck::default()).verdict, ProbeVerdict::ProbeError);
    }
}
