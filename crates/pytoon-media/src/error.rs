//! What can go wrong with files and programs.

use std::path::{Path, PathBuf};

/// A failure at the edge. Messages complete "failed to …"; each says what to do where there is
/// something to do.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// A program is not installed.
    #[error("find `{program}`: it is neither beside pytoon nor on PATH; install it ({hint})")]
    MissingProgram {
        /// The program.
        program: String,
        /// How to get it.
        hint: &'static str,
    },
    /// A program could not be started.
    #[error("start `{program}`: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{purpose}: `{program}` ended with {status}{}", tail(stderr))]
    Failed {
        /// The program.
        program: String,
        /// What it was for.
        purpose: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        stderr: String,
    },
    /// A program made no progress.
    #[error("{purpose}: `{program}` made no progress for {seconds} s and was ended")]
    Stalled {
        /// The program.
        program: String,
        /// What it was for.
        purpose: String,
        /// How long it was waited for.
        seconds: f64,
    },
    /// The user gave up.
    #[error("finish: cancelled")]
    Cancelled,
    /// A file could not be read or written.
    #[error("{what} {}: {source}{}", path.display(), disk_hint(source))]
    File {
        /// Reading or writing.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("use {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl MediaError {
    /// A file that cannot be read.
    pub fn read(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "read", path: path.to_owned(), source }
    }

    /// A file that cannot be written.
    pub fn write(path: &Path, source: std::io::Error) -> Self {
        Self::File { what: "write", path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub fn unusable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.into() }
    }
}

fn tail(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if line.is_empty() { String::new() } else { format!(": {}", line.trim()) }
}

fn disk_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull => " (the disk is full: free some space and run it again)",
        std::io::ErrorKind::PermissionDenied => {
            " (no permission: choose another folder with --out)"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => " (the file system is read-only)",
        _ => "",
    }
}
