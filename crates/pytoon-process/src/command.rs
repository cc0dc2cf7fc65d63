//! Commands as values, and the lookup of their programs.

use crate::SystemError;
use crate::error::hint;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The lookup of external programs: in a list of folders first, then on PATH.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
    /// True to ignore PATH.
    isolated: bool,
}

impl Programs {
    /// Creates a lookup that searches beside the running program, then on PATH.
    pub fn beside_this_one() -> Self {
        let own = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let mut folders: Vec<PathBuf> = own.iter().cloned().collect();
        // Cargo puts test binaries one folder below the programs. Anybody may write to the parent of another
        // folder, such as `/tmp`.
        let tests = own.filter(|folder| folder.ends_with("deps"));
        folders.extend(tests.and_then(|folder| folder.parent().map(Path::to_owned)));
        Self { folders, isolated: false }
    }

    /// Creates a lookup that searches only these folders, whatever is installed.
    pub fn only_in(folders: Vec<PathBuf>) -> Self {
        Self { folders, isolated: true }
    }

    /// Returns the path of a program, or an error with an installation hint.
    pub fn find(&self, program: &str) -> Result<PathBuf, SystemError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).filter(|_| !self.isolated);
        self.folders
            .iter()
            .cloned()
            .chain(on_path)
            .map(|folder| folder.join(program))
            .find(|candidate| is_executable(candidate))
            .ok_or_else(|| SystemError::MissingProgram {
                program: program.to_owned(),
                hint: hint(program),
            })
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// A command as a value, which pure functions create and a runner runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The name of the program.
    pub program: &'static str,
    /// The purpose of the command, as a phrase that completes "failed to …".
    pub purpose: &'static str,
    /// The arguments of the program.
    pub args: Vec<OsString>,
    /// The working directory; by default that of this process.
    pub folder: Option<PathBuf>,
}

impl CommandLine {
    /// Creates a command without arguments.
    pub fn new(program: &'static str, purpose: &'static str) -> Self {
        Self { program, purpose, args: Vec::new(), folder: None }
    }

    /// Sets the working directory.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }
}
