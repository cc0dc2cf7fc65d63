//! The temporary folder in which a user would work.

use crate::film::Film;
use crate::program::{Run, pytoon, run};
use crate::service::Service;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The arguments that start a service in one process on a free port.
const SERVE: [&str; 5] = ["--log-dir", "logs", "serve", "--port", "0"];

/// A folder with briefs, media and films. A temporary folder is removed when dropped.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    temporary: Option<Arc<TempDir>>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

impl Workspace {
    /// Creates a temporary folder, which is removed with the last workspace or film that uses it.
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        Self { folder: temporary.path().to_owned(), temporary: Some(Arc::new(temporary)) }
    }

    /// Creates an empty folder that is not removed when dropped. Removes an existing folder at this path first.
    pub fn at(folder: &Path) -> Self {
        if folder.exists() {
            std::fs::remove_dir_all(folder).expect("the old folder goes");
        }
        std::fs::create_dir_all(folder).expect("a folder");
        Self { folder: folder.to_owned(), temporary: None }
    }

    /// Opens an existing folder, which is not removed when dropped.
    pub fn existing(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), temporary: None }
    }

    /// Returns the path of the folder.
    pub fn root(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, and creates its parent folders.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// Returns a command that runs the binary in this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = pytoon();
        command.current_dir(self.root()).args(args);
        command
    }

    /// Starts a service in one process in this folder, on a free port.
    pub fn serve(&self) -> Service {
        self.serve_with::<&str, &str>(&[])
    }

    /// Starts a service as [`Self::serve`] does, with additional environment variables.
    pub fn serve_with<K: AsRef<OsStr>, V: AsRef<OsStr>>(&self, environment: &[(K, V)]) -> Service {
        let mut command = self.command(&SERVE);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        Service::start(&mut command, self.root(), "serve")
    }

    /// Starts a service as [`Self::serve`] does, through another program, such as one that limits its
    /// resources or changes the user.
    pub fn serve_through(&self, through: &[&str]) -> Service {
        self.start_through(through, &["serve", "--port", "0"])
    }

    /// Starts a process of the service in this folder through another program.
    pub fn start_through(&self, through: &[&str], role: &[&str]) -> Service {
        let args = [&["--log-dir", "logs"], role].concat();
        Service::start(&mut self.command_through(through, &args), self.root(), role[0])
    }

    /// Returns a command that runs the binary in this folder through another program.
    pub fn command_through(&self, through: &[&str], args: &[&str]) -> Command {
        let command = self.command(args);
        let mut started = Command::new(through[0]);
        started.args(&through[1..]).arg(command.get_program()).args(command.get_args());
        started.current_dir(self.root());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => started.env(name, value),
                None => started.env_remove(name),
            };
        }
        started
    }

    /// Runs the binary in this folder.
    pub fn pytoon(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    /// Writes a brief as `brief.yaml` and runs `pytoon render` into the folder `out`.
    pub fn try_render(&self, brief: &str) -> Run {
        self.write("brief.yaml", brief);
        self.pytoon(&["render", "brief.yaml", "--out", "out"])
    }

    /// Renders a brief as [`Self::try_render`] does, and requires success.
    #[track_caller]
    pub fn render(&self, brief: &str) -> Film {
        self.try_render(brief).ok();
        Film::open(&self.path("out")).with_temporary(self.temporary.clone())
    }

    /// Asserts that a brief is rejected with an exit status and a message that contains `parts`, and that there is no
    /// `out`.
    #[track_caller]
    pub fn refuse(&self, brief: &str, code: i32, parts: &[&str]) -> Run {
        let run = self.try_render(brief).expect_failure(code, parts);
        assert!(!self.path("out").exists(), "a refused brief left {:?}", self.path("out"));
        run
    }
}
