//! ZFS snapshots: `zfs list -Hp -t snapshot`. A snapshot's creation is its data time, on a replica too: when it was
//! received does not matter. Whether a snapshot in the pool of its data counts as a backup, the collector judges.

use super::tool::{Asking, Tools, check_argument};
use super::{Found, SourceError};
use glob::Pattern;
use pantau_shared::assignment::BackupZfs;
use pantau_shared::backup::{BackupArtefact, BackupStatus, DataTimeBasis};
use pantau_shared::limits::cut_text;

const PROGRAM: &str = "zfs";

/// Parses lines of name, creation in epoch seconds, bytes used, bytes referenced; tabs between. Gives the number of the
/// first line that is not one.
///
/// # Errors
/// That number, from 1.
pub fn parse_zfs_list(text: &str) -> Result<Vec<BackupArtefact>, usize> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    lines.map(|(number, line)| parse_line(line).ok_or(number + 1)).collect()
}

fn parse_line(line: &str) -> Option<BackupArtefact> {
    let mut fields = line.split('\t');
    let (name, creation, _used) = (fields.next()?, fields.next()?, fields.next()?);
    let referenced: u64 = fields.next()?.parse().ok()?;
    let created_ms = creation.parse::<i64>().ok()?.checked_mul(1000)?;
    if fields.next().is_some() || !name.contains('@') {
        return None;
    }
    Some(BackupArtefact {
        name: cut_text(name),
        started_at_ms: Some(created_ms),
        // A snapshot is of one instant.
        ended_at_ms: Some(created_ms),
        data_time_ms: Some(created_ms),
        basis: DataTimeBasis::Start as i32,
        status: BackupStatus::Ok as i32,
        size_bytes: Some(referenced),
        ..BackupArtefact::default()
    })
}

/// Looks at the dataset now.
pub(crate) async fn read_zfs(source: &BackupZfs, tools: &Tools) -> Result<Found, SourceError> {
    check_argument("dataset", &source.dataset)?;
    let wanted = match source.snapshots.as_str() {
        "" => None,
        pattern => {
            let refused = |_| SourceError::Argument { what: "snapshots", value: cut_text(pattern) };
            Some(Pattern::new(pattern).map_err(refused)?)
        }
    };
    let fixed = ["list", "-Hp", "-d", "1", "-t", "snapshot", "-o", "name,creation,used,referenced"];
    let mut arguments: Vec<String> = fixed.map(str::to_owned).into();
    arguments.push(source.dataset.clone());
    let answer = tools.ask(Asking { program: PROGRAM, arguments, environment: Vec::new() }).await?;
    if answer.code != Some(0) {
        let code = answer.code.map_or_else(|| "by a signal".to_owned(), |code| format!("(exit code {code})"));
        return Err(SourceError::Failed { program: PROGRAM, said: format!("failed {code}: {}", answer.complaint) });
    }
    let text = String::from_utf8_lossy(&answer.output);
    let mut artefacts = parse_zfs_list(&text).map_err(|line| SourceError::Line { program: PROGRAM, line })?;
    artefacts.retain(|artefact| {
        let short = artefact.name.split_once('@').map_or("", |(_, short)| short);
        wanted.as_ref().is_none_or(|wanted| wanted.matches(short))
    });
    Ok(Found { location: cut_text(&source.dataset), ..Found::of(artefacts) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_told_by_their_number() {
        let good = "tank/db@a\t1781028000\t1\t5\n";
        assert_eq!(parse_zfs_list("").expect("none"), []);
        assert_eq!(parse_zfs_list(good).expect("one")[0].data_time_ms, Some(1_781_028_000_000));
        for bad in ["tank/db\t1\t1\t1", "tank/db@a\tx\t1\t1", "tank/db@a\t1\t1", "tank/db@a\t1\t1\t1\t1", "no datasets"]
        {
            assert_eq!(parse_zfs_list(&format!("{good}{bad}\n")), Err(2), "{bad}");
        }
    }
}
