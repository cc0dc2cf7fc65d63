//! Failures of files, programs, threads and the disk.

use crate::Shortage;
use std::path::{Path, PathBuf};

/// The longest part of a program's last line that a message shows, in characters.
const MAX_TAIL: usize = 300;
const DISK_HINT: &str = " (the disk is full: free some space and run it again)";
const PROCESS_HINT: &str =
    "; the limits are `ulimit -u`, `TasksMax=` of a unit, `pids_limit` of a container";

/// A system failure. Messages complete "failed to …"; each contains a remedy if there is one.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A program is not installed.
    #[error("find `{program}`: it is neither beside pytoon nor on PATH; install it ({hint})")]
    MissingProgram {
        /// The program.
        program: String,
        /// An installation hint.
        hint: &'static str,
    },
    /// A program could not be started.
    #[error("start `{program}`: {source}{}", start_hint(program, source))]
    Start {
        /// The program.
        program: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{purpose}: `{program}` {status}{}{}", tail(program, stderr), shortage_hint(*shortage))]
    Failed {
        /// The program.
        program: String,
        /// The purpose.
        purpose: String,
        /// The exit status.
        status: Box<str>,
        /// The end of its standard error.
        stderr: Box<str>,
        /// The exhausted resource, if its standard error names one.
        shortage: Option<Shortage>,
    },
    /// A program produced more output than is read.
    #[error("read the output of `{program}`: it is more than {} MiB", most >> 20)]
    SaidTooMuch {
        /// The program.
        program: String,
        /// The limit, in bytes.
        most: usize,
    },
    /// A program made no progress.
    #[error("{purpose}: `{program}` made no progress for {seconds} s and was stopped")]
    Stalled {
        /// The program.
        program: String,
        /// The purpose.
        purpose: String,
        /// The timeout, in seconds.
        seconds: f64,
    },
    /// A program exceeded its total time.
    #[error(
        "{purpose}: `{program}` took longer than {seconds} s and was stopped (limits.process_seconds)"
    )]
    TooLong {
        /// The program.
        program: String,
        /// The purpose.
        purpose: String,
        /// The timeout, in seconds.
        seconds: f64,
    },
    /// The system refused a thread.
    #[error("start a thread: {source}{hint}", source = .0, hint = PROCESS_HINT)]
    NoThread(#[source] std::io::Error),
    /// The disk has too little free space.
    #[error(
        "write below {}: its disk has {free_mib} MiB free and {needed_mib} MiB are needed \
         (limits.min_free_disk_mib): free some space", path.display()
    )]
    NoRoom {
        /// The path to write to.
        path: PathBuf,
        /// The free space, in MiB.
        free_mib: u64,
        /// The required space, in MiB.
        needed_mib: u64,
    },
    /// The user cancelled.
    #[error("finish: cancelled")]
    Cancelled,
    /// A file could not be read or written.
    #[error("{what} {}: {source}{}", path.display(), disk_hint(source))]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file has unusable content.
    #[error("use {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

impl SystemError {
    /// Makes the error of a file that cannot be read.
    pub fn read(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "read", path: path.to_owned(), source }
    }

    /// Makes the error of a file that cannot be written.
    pub fn write(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "write", path: path.to_owned(), source }
    }

    /// Returns the exhausted resource of this machine, if that is the cause.
    pub fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::NoRoom { .. } => Some(Shortage::Disk),
            Self::NoThread(_) => Some(Shortage::Process),
            Self::File { source, .. } | Self::Start { source, .. } => Shortage::of(source),
            Self::Failed { shortage, .. } => *shortage,
            _ => None,
        }
    }

    /// Returns true if a resource of the machine is exhausted.
    pub fn is_exhausted(&self) -> bool {
        self.shortage().is_some()
    }

    /// Makes the error of a file with unusable content.
    pub fn unusable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.into() }
    }
}

/// Returns the last line of FFmpeg's standard error about a file, without the file's path.
pub fn last_words(stderr: &str, path: &Path) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("no reason given").trim();
    let place = format!("file:{}: ", path.display());
    line.strip_prefix(&place).unwrap_or(line).to_owned()
}

/// Returns the last line that a program said, without its own name. Bytes that are no text are left out.
fn tail(program: &str, stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = line.trim().strip_prefix(&format!("{program}: ")).unwrap_or(line.trim());
    let is_text = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
    let line: String = line.chars().filter(is_text).take(MAX_TAIL).collect();
    if line.is_empty() { String::new() } else { format!(": {line}") }
}

/// Returns the way to install a program.
pub(crate) fn hint(program: &str) -> &'static str {
    match program {
        "ffmpeg" | "ffprobe" => "`make setup`, or `apt-get install ffmpeg`",
        "pytoon-espeak" | "pytoon-x264" => "`make setup`, then `cargo build --release`",
        _ => "`pytoon doctor` says more",
    }
}

fn shortage_hint(shortage: Option<Shortage>) -> &'static str {
    match shortage {
        Some(Shortage::Disk) => DISK_HINT,
        Some(Shortage::Process) | None => "",
    }
}

fn start_hint(program: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::WouldBlock => PROCESS_HINT.to_owned(),
        _ if Shortage::of(error).is_none() => {
            format!("; the file is damaged or not a program: reinstall it ({})", hint(program))
        }
        _ => String::new(),
    }
}

fn disk_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull => DISK_HINT,
        std::io::ErrorKind::PermissionDenied => {
            " (no permission: choose another folder with --out)"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => " (choose another folder with --out)",
        _ => "",
    }
}
