//! A plug-in of the Nagios kind (Monitoring Plugins Development Guidelines): exit code, a line of text, figures behind `|`.

use super::conversation::render_bytes;
use super::{Asking, Judgement, Trouble, program};
use pantau_shared::assignment::kinds::ExecCheck;
use pantau_shared::probe::ProbePhase;
use std::os::unix::process::ExitStatusExt;

/// Most arguments, and most bytes of one.
const ARGUMENTS_MAX: usize = 64;
const ARGUMENT_BYTES_MAX: usize = 4096;

/// Runs the plug-in and judges what it says.
pub(super) async fn ask(asking: &mut Asking<'_>, check: &ExecCheck) -> Result<Judgement, Trouble> {
    if check.arguments.len() > ARGUMENTS_MAX
        || check.arguments.iter().any(|word| word.len() > ARGUMENT_BYTES_MAX || word.contains('\0'))
    {
        return Err(asking.refuse("arguments of the plug-in are too many, too long, or hold a zero byte"));
    }
    let path = asking.site.permit_plugin(&check.plugin, &check.arguments, asking.local)?;
    asking.enter(ProbePhase::Local);
    let ended = program::run(&path, &check.arguments).await?;
    if let Some(signal) = ended.status.signal() {
        return Err(Trouble::Probe(format!("plug-in {} was ended by signal {signal}", check.plugin)));
    }
    let code = ended.status.code().unwrap_or(-1);
    let said = parse(&String::from_utf8_lossy(&ended.stdout));
    asking.progress.exit_code = u32::try_from(code).ok();
    asking.progress.answer = said.text.clone();
    for figure in said.figures {
        asking.note(&figure.label, figure.value, &figure.unit);
    }
    Ok(judge(code, &said.text, &render_bytes(&ended.stderr)))
}

/// A figure with its unit; thresholds are the plug-in's matter and are read over.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    label: String,
    value: f64,
    unit: String,
}

/// What a plug-in said.
#[derive(Debug, Clone, PartialEq, Default)]
struct Said {
    /// First line, without the figures.
    text: String,
    figures: Vec<Figure>,
}

/// Reads the output: text and figures of the first line, further figures behind the `|` of a later one.
fn parse(output: &str) -> Said {
    let mut lines = output.lines();
    let (text, first) = lines.next().map_or(("", ""), |line| line.split_once('|').unwrap_or((line, "")));
    let mut figures = parse_figures(first);
    let mut behind = false;
    for line in lines {
        if behind {
            figures.extend(parse_figures(line));
        } else if let Some((_, rest)) = line.split_once('|') {
            behind = true;
            figures.extend(parse_figures(rest));
        }
    }
    Said { text: render_bytes(text.as_bytes()), figures }
}

/// `'label'=value[unit];[warn];[crit];[min];[max]`, separated by blanks; what cannot be read is left out.
fn parse_figures(text: &str) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((label, behind)) = split_label(rest) else { break };
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        let (value, next) = behind.split_at(end);
        let value = value.split(';').next().unwrap_or("");
        let number_end =
            value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+' | ',')).unwrap_or(value.len());
        let (number, unit) = value.split_at(number_end);
        if let Ok(value) = number.replace(',', ".").parse() {
            figures.push(Figure { label, value, unit: unit.chars().take(8).collect() });
        }
        rest = next.trim_start();
    }
    figures
}

/// A label, in quotes when it holds blanks, a quote in it doubled; and what stands behind its equals sign.
fn split_label(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let (label, behind) = text.split_once('=')?;
        return Some((label.to_owned(), behind));
    };
    let mut label = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('\'')?;
        label.push_str(part);
        if let Some(behind) = behind.strip_prefix('=') {
            return Some((label, behind));
        }
        rest = behind.strip_prefix('\'')?;
        label.push('\'');
    }
}

fn judge(code: i32, text: &str, stderr: &str) -> Judgement {
    let told = if text.is_empty() { stderr } else { text };
    let told = if told.is_empty() { "plug-in said nothing" } else { told }.to_owned();
    match code {
        0 => Judgement::ok(),
        1 => Judgement::degraded(ProbePhase::Content, told),
        2 => Judgement::failed(ProbePhase::Content, told),
        3 => Judgement::probe_error(told),
        code => Judgement::probe_error(format!("plug-in ended with code {code}: {told}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pantau_shared::probe::ProbeVerdict;
    use proptest::prelude::*;

    fn figure(label: &str, value: f64, unit: &str) -> Figure {
        Figure { label: label.into(), value, unit: unit.into() }
    }

    #[test]
    fn output_as_plugins_print_it() {
        let load = parse("OK - load average: 0.10, 0.20, 0.30|load1=0.100;5.000;10.000;0; load5=0.200;4;8;0;\n");
        assert_eq!(load.text, "OK - load average: 0.10, 0.20, 0.30");
        assert_eq!(load.figures, [figure("load1", 0.1, ""), figure("load5", 0.2, "")]);
        let disk = parse(
            "DISK OK| /=2643MB;5948;5958;0;5968\n/ 15272 MB;\n/boot 68 MB;| /boot=68MB;88;93;0;98\n/home=69357MB\n",
        );
        assert_eq!(disk.text, "DISK OK");
        assert_eq!(
            disk.figures,
            [figure("/", 2643.0, "MB"), figure("/boot", 68.0, "MB"), figure("/home", 69357.0, "MB")]
        );
        let quoted = parse("OK | 'a b'=1,5s;;; 'it''s'=-2% c=U d=7c");
        assert_eq!(quoted.figures, [figure("a b", 1.5, "s"), figure("it's", -2.0, "%"), figure("d", 7.0, "c")]);
        assert_eq!(parse(""), Said::default());
        for broken in ["|", "|=", "|'a", "|a", "|'a'b=1", "||||", "|a=;;;"] {
            assert!(parse(broken).figures.is_empty(), "{broken}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever a plug-in prints, of the signs that mean something and of any.
        #[test]
        fn any_output_is_read_without_a_crash(output in "([|='; ,.\\-+\\n%0-9aU]|\\PC){0,200}") {
            let said = parse(&output);
            prop_assert!(said.figures.len() <= output.matches('=').count());
            prop_assert!(said.figures.iter().all(|figure| figure.unit.chars().count() <= 8 && !figure.value.is_nan()));
        }
    }

    #[test]
    fn exit_codes_are_judged_as_agreed() {
        assert_eq!(judge(0, "OK", ""), Judgement::ok());
        assert_eq!(judge(1, "WARNING - slow", "").verdict, ProbeVerdict::Degraded);
        let critical = judge(2, "", "no route");
        assert_eq!((critical.verdict, critical.reason.as_str()), (ProbeVerdict::Failed, "no route"));
        assert_eq!(judge(3, "UNKNOWN", "").verdict, ProbeVerdict::ProbeError);
        assert_eq!(judge(127, "", "").reason, "plug-in ended with code 127: plug-in said nothing");
    }
}
