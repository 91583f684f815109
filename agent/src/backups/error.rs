//! Why a source cannot be looked at, in words that say how to mend it. Reaches people through the observation.

/// One reason.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The local configuration forbids starting tools.
    #[error("`{program}` is not started: backups.tools = false in the agent's configuration on this host")]
    ToolsForbidden {
        /// Which.
        program: &'static str,
    },
    /// The tool is not there.
    #[error("`{program}` is not installed on this host; install it, or look at this set from a host that has it")]
    Missing {
        /// Which.
        program: &'static str,
    },
    /// It cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// Which.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Its answer cannot be read.
    #[error("cannot read what `{program}` says")]
    Read {
        /// Which.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It took too long.
    #[error("`{program}` did not answer within {seconds} s; is its storage reachable?")]
    Deadline {
        /// Which.
        program: &'static str,
        /// How long it was given.
        seconds: u64,
    },
    /// It said more than is read.
    #[error("`{program}` says more than is read of it; narrow the set by host, path, tag or name")]
    TooMuch {
        /// Which.
        program: &'static str,
    },
    /// It failed.
    #[error("`{program}` {said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What that means.
        said: String,
    },
    /// What it said is not what it says by its own documentation.
    #[error("answer of `{program}` is not understood")]
    Answer {
        /// Which.
        program: &'static str,
        /// Where it stops being understood.
        source: serde_json::Error,
    },
    /// A line of its answer is not of the expected form.
    #[error("answer of `{program}` is not understood: line {line}")]
    Line {
        /// Which.
        program: &'static str,
        /// Which line, from 1.
        line: usize,
    },
    /// A secret cannot be read.
    #[error("cannot read {path}: the agent's user needs to be able to read it")]
    Secret {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file of credentials holds something else.
    #[error(
        "{path}, line {line}: is no credential of a storage (NAME=VALUE with AWS_…, B2_…, AZURE_…, GOOGLE_…, OS_…, ST_…, RESTIC_REST_…)"
    )]
    Environment {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
    /// An argument of the assignment cannot be given to a tool.
    #[error("assignment: {what} `{value}` cannot be used")]
    Argument {
        /// What it is.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// Files cannot be looked at.
    #[error(transparent)]
    Files(#[from] super::files::FilesError),
    /// The folder of runs cannot be read.
    #[error(transparent)]
    Runs(#[from] super::runs::RunsError),
    /// The source holds nothing because it is not set up.
    #[error("{0}")]
    NotSetUp(String),
}
