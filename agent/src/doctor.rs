//! `pantau-agent doctor`: what works on this host, what is missing, and how to mend it, on one page.
//!
//! Looks as the user who asks: whoever wants to know how the service fares runs it as the service's user. Works beside a
//! running agent, changes nothing and sends no observation; the collector is asked by a batch that it must refuse, so that
//! nobody takes the question for a sign of life.
//!
//! | module | looks at |
//! |---|---|
//! | `host` | kernel sources, clock, systemd unit, the port of `/metrics` |
//! | `keeping` | data directory, key, spool |
//! | `collector` | name, connection, certificate, whether this host is known |
//! | `clock` | the collector's clock beside this host's |
//! | `work` | ICMP, every check's own trouble, tools for backup sets |

mod clock;
mod collector;
mod host;
mod keeping;
mod work;

use crate::assignment_file;
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::Identity;
use serde::Serialize;

/// How a finding is to be taken, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Works.
    Good,
    /// The agent does its work without it; somebody may miss it.
    Missing,
    /// Keeps the agent from its work.
    Bad,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at (`spool`, `collector`).
    pub subject: &'static str,
    /// How it is.
    pub level: Level,
    /// What was seen.
    pub told: String,
    /// What to do about it; none when there is nothing to do.
    pub mend: Option<String>,
}

impl Finding {
    fn good(subject: &'static str, told: impl Into<String>) -> Self {
        Self { subject, level: Level::Good, told: told.into(), mend: None }
    }

    fn missing(subject: &'static str, told: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, level: Level::Missing, told: told.into(), mend: Some(mend.into()) }
    }

    fn bad(subject: &'static str, told: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, level: Level::Bad, told: told.into(), mend: Some(mend.into()) }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing keeps the agent from its work.
    pub healthy: bool,
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    fn of(findings: Vec<Finding>) -> Self {
        Self { healthy: findings.iter().all(|finding| finding.level < Level::Bad), findings }
    }

    /// The page for a terminal: one line for each finding, what to do below it, a closing line.
    pub fn render(&self) -> String {
        let width = self.findings.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
        let mut page = String::new();
        for finding in &self.findings {
            let word = match finding.level {
                Level::Good => "ok     ",
                Level::Missing => "missing",
                Level::Bad => "BAD    ",
            };
            page.push_str(&format!("{word}  {:width$}  {}\n", finding.subject, finding.told));
            if let Some(mend) = &finding.mend {
                page.push_str(&format!("{:9}{:width$}  -> {mend}\n", "", ""));
            }
        }
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (bad, missing) = (count(Level::Bad), count(Level::Missing));
        page.push_str(&match (bad, missing) {
            (0, 0) => "\neverything works\n".to_owned(),
            (0, missing) => format!("\nthe agent can do its work; {missing} missing\n"),
            (bad, missing) => format!("\n{bad} to mend, {missing} missing\n"),
        });
        page
    }
}

/// Looks at everything. Bounded by the slowest check's own deadline and some seconds for the rest.
pub async fn diagnose(config: &Config, clock: &Clock) -> Report {
    let mut findings = host::look(config, clock).await;
    findings.extend(keeping::look(config));
    match Identity::load(&config.data_dir) {
        Ok(Some(identity)) => {
            // A collector that has moved since is where the configuration says.
            let url = config.collector_url.clone().unwrap_or_else(|| identity.collector_url.clone());
            findings.extend(collector::look(&Identity { collector_url: url, ..identity }, config, clock).await);
        }
        Ok(None) => findings.push(Finding::bad(
            "joined",
            format!("this host has not joined a collector: there is no identity in {}", config.data_dir.display()),
            "on the collector run `pantau-collector host join-token NAME`, then here the `pantau-agent join URL TOKEN` \
             line that it prints; a token works once and not for long, a used one needs another",
        )),
        Err(error) => findings.push(Finding::bad(
            "joined",
            format!("{:#}", anyhow::Error::from(error)),
            "run this as the agent's user; a damaged file is mended by joining again",
        )),
    }
    let assignment = assignment_file::load(&config.data_dir).unwrap_or_default();
    findings.extend(work::look(config, &assignment, clock).await);
    Report::of(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_no_failure_and_what_is_bad_is() {
        let good = Finding::good("clock", "in step");
        let missing = Finding::missing("icmp", "no echo", "do this");
        let bad = Finding::bad("spool", "full", "do that");
        let report = Report::of(vec![good.clone(), missing.clone()]);
        assert!(report.healthy);
        let page = "ok       clock  in step\nmissing  icmp   no echo\n                -> do this\n\n\
                    the agent can do its work; 1 missing\n";
        assert_eq!(report.render(), page);
        let report = Report::of(vec![good.clone(), missing, bad]);
        assert!(
            !report.healthy
                && report
                    .render()
                    .ends_with("BAD      spool  full\n                -> do that\n\n1 to mend, 1 missing\n")
        );
        assert!(Report::of(vec![good]).render().ends_with("everything works\n"));
    }
}
