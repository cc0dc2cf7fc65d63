//! Errors of files, external programs, threads and the disk.

use crate::Shortage;
use std::path::{Path, PathBuf};

/// The maximum length of a program's last line in a message, in characters.
const MAX_TAIL: usize = 300;
const DISK_HINT: &str = " (the disk is full: free some space and repeat the command)";
const PROCESS_HINT: &str =
    "; raise the limit: `ulimit -u`, `TasksMax=` of the unit or `pids_limit` of the container";

/// A system failure. Messages complete "failed to …", and contain a remedy if there is one.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// An external program is not installed.
    #[error("find `{program}`: it is neither beside pytoon nor on PATH; install it ({hint})")]
    MissingProgram {
        /// The name of the program.
        program: String,
        /// An installation hint.
        hint: &'static str,
    },
    /// An external program could not be started.
    #[error("start `{program}`: {source}{}", start_hint(program, source))]
    Start {
        /// The name of the program.
        program: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// An external program exited with an error.
    #[error("{purpose}: `{program}` {status}{}{}", tail(program, stderr), shortage_hint(*shortage))]
    Failed {
        /// The name of the program.
        program: String,
        /// The purpose of the command.
        purpose: String,
        /// The exit status of the program.
        status: Box<str>,
        /// The end of the program's standard error.
        stderr: Box<str>,
        /// The exhausted resource, if the program's standard error names one.
        shortage: Option<Shortage>,
    },
    /// An external program produced more output than is allowed.
    #[error("read the output of `{program}`: it is more than {} MiB", most >> 20)]
    SaidTooMuch {
        /// The name of the program.
        program: String,
        /// The limit of the output, in bytes.
        most: usize,
    },
    /// An external program made no progress.
    #[error("{purpose}: `{program}` made no progress for {seconds} s and was stopped")]
    Stalled {
        /// The name of the program.
        program: String,
        /// The purpose of the command.
        purpose: String,
        /// The timeout, in seconds.
        seconds: f64,
    },
    /// An external program exceeded its maximum run time.
    #[error(
        "{purpose}: `{program}` took longer than {seconds} s and was stopped: raise \
         limits.process_seconds"
    )]
    TooLong {
        /// The name of the program.
        program: String,
        /// The purpose of the command.
        purpose: String,
        /// The timeout, in seconds.
        seconds: f64,
    },
    /// The operating system refused to start a thread.
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
    /// The user cancelled the work.
    #[error("finish: cancelled")]
    Cancelled,
    /// A file could not be read or written.
    #[error("{what} {}: {source}{}", path.display(), disk_hint(what, source))]
    File {
        /// The operation that failed: `read` or `write`.
        what: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file has unusable content.
    #[error("use {}: {reason}", path.display())]
    Unusable {
        /// The path of the file.
        path: PathBuf,
        /// The reason for rejecting the content.
        reason: String,
    },
}

impl SystemError {
    /// Creates the error for a file that cannot be read.
    pub fn read(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "read", path: path.to_owned(), source }
    }

    /// Creates the error for a file that cannot be written.
    pub fn write(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "write", path: path.to_owned(), source }
    }

    /// Returns the exhausted resource of this machine; `None` if that is not the cause of the error.
    pub fn shortage(&self) -> Option<Shortage> {
        match self {
            Self::NoRoom { .. } => Some(Shortage::Disk),
            Self::NoThread(_) => Some(Shortage::Process),
            Self::File { source, .. } | Self::Start { source, .. } => Shortage::of(source),
            Self::Failed { shortage, .. } => *shortage,
            _ => None,
        }
    }

    /// Returns true if an exhausted resource of this machine caused the error.
    pub fn is_exhausted(&self) -> bool {
        self.shortage().is_some()
    }

    /// Creates the error for a file with unusable content.
    pub fn unusable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.into() }
    }
}

/// Returns the last non-empty line of FFmpeg's standard error, without the file's path, or a substitute if there is
/// none.
pub fn last_words(stderr: &str, path: &Path) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("FFmpeg gave no reason").trim();
    let place = format!("file:{}: ", path.display());
    line.strip_prefix(&place).unwrap_or(line).to_owned()
}

/// Formats the last non-empty line of a program's error output as `: LINE`, without the program's name, control
/// characters and replacement characters, cut to [`MAX_TAIL`]; empty if there is no such line.
fn tail(program: &str, stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = line.trim().strip_prefix(&format!("{program}: ")).unwrap_or(line.trim());
    let is_text = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
    let line: String = line.chars().filter(is_text).take(MAX_TAIL).collect();
    if line.is_empty() { String::new() } else { format!(": {line}") }
}

/// Returns a hint on how to install a program or find out more.
pub(crate) fn hint(program: &str) -> &'static str {
    match program {
        "ffmpeg" | "ffprobe" => "`make setup`, or `apt-get install ffmpeg`",
        "pytoon-espeak" | "pytoon-x264" => "`make setup`, then `cargo build --release`",
        _ => "run `pytoon doctor` for details",
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
        std::io::ErrorKind::PermissionDenied => {
            format!("; make the file executable, or reinstall it ({})", hint(program))
        }
        _ if Shortage::of(error).is_none() => {
            format!("; the file is damaged or not a program: reinstall it ({})", hint(program))
        }
        _ => String::new(),
    }
}

fn disk_hint(what: &str, error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull => DISK_HINT,
        std::io::ErrorKind::PermissionDenied if what == "read" => " (change the permissions)",
        std::io::ErrorKind::PermissionDenied => {
            " (change the permissions, or choose another folder with --out)"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => " (choose another folder with --out)",
        _ => "",
    }
}
