//! Runs the built `pytoon` as a user would.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The result of a program that has exited.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit status; `None` if a signal ended the program.
    pub code: Option<i32>,
    /// The text on standard output.
    pub stdout: String,
    /// The text on standard error.
    pub stderr: String,
}

impl Run {
    /// Asserts that the run succeeded. Returns the run.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "it should succeed:\n{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the run failed with this exit status and printed all of these parts to standard error. Returns
    /// the run.
    #[track_caller]
    pub fn expect_failure(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "wrong exit status:\n{}{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "the message lacks `{part}`:\n{}", self.stderr);
        }
        self
    }

    /// Parses standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("standard output is not one JSON value ({error}):\n{}", self.stdout)
        })
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Environment variables that may contain an API key of an engine or a service.
pub const KEY_VARIABLES: [&str; 10] = [
    "RUNWAY_API_KEY",
    "RUNWAYML_API_SECRET",
    "PIKA_API_KEY",
    "FAL_KEY",
    "LUMA_API_KEY",
    "LUMA_AGENTS_API_KEY",
    "LUMAAI_API_KEY",
    "PEXELS_API_KEY",
    "PIXABAY_API_KEY",
    "OPENAI_API_KEY",
];

/// Environment variables that configure a developer's own database or object store.
pub const STORE_VARIABLES: [&str; 4] =
    ["DATABASE_URL", "STORAGE_URL", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"];

/// Returns the folder with the built binaries. Test binaries are in its subfolder `deps`, benches and drills in the
/// folder itself.
pub(crate) fn binary_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its own path");
    let folder = own.parent().expect("a program lies in a folder");
    let deeper = folder.ends_with("deps");
    let folder = if deeper { folder.parent().expect("deps lies in one") } else { folder };
    folder.to_owned()
}

/// Returns a command that runs the built binary. It gets no API keys, since tests must not spend a developer's money.
pub fn pytoon() -> Command {
    let folder = binary_folder();
    for program in ["pytoon", "pytoon-espeak", "pytoon-x264"] {
        assert!(
            folder.join(program).is_file(),
            "{} is not built: run `cargo build --workspace --bins` first",
            folder.join(program).display()
        );
    }
    other(&folder.join("pytoon"))
}

/// Links or copies the binary and the named helper programs into a separate folder, where the binary finds no other
/// helpers except those on PATH. Returns the path of the binary there.
pub fn alone(folder: &Path, helpers: &[&str]) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    for name in helpers.iter().chain(&["pytoon"]) {
        let (from, to) = (binary_folder().join(name), folder.join(name));
        // A link is as good as a copy, but impossible between file systems.
        if std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to).expect("copied");
        }
    }
    folder.join("pytoon")
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Run {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}")).into()
}

/// Runs a command to its end with a text on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("reads its input");
    child.wait_with_output().expect("ends").into()
}

/// Runs a tool that must succeed, such as `ffmpeg`, and returns its standard output.
#[track_caller]
pub fn tool<S: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = S>) -> Vec<u8> {
    let output = Command::new(name).args(args).stdin(Stdio::null()).output().expect("starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Runs a tool and returns true if it succeeds.
pub fn tool_succeeds<S: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = S>) -> bool {
    let output = Command::new(name).args(args).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

/// Returns the path of a tool on PATH. Panics if there is none.
pub fn find_tool(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is not on PATH"))
}

/// Returns true if the tests run as root, to whom file permissions do not apply.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs in the background of a test.
#[derive(Debug)]
pub struct Background {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Background {
    /// Starts a command in the background. Discards its standard output, and keeps its standard error for the caller.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, stderr }
    }

    /// Reads the command's standard error up to a line that contains `part`. Panics if the command ends first.
    #[track_caller]
    pub fn wait_for_line(&mut self, part: &str) {
        let mut seen = String::new();
        loop {
            let from = seen.len();
            let count = self.stderr.read_line(&mut seen).expect("readable");
            assert!(count > 0, "it ended without a line with `{part}`:\n{seen}");
            if seen[from..].contains(part) {
                return;
            }
        }
    }

    /// Waits until an external condition holds. Panics if the command ends first.
    #[track_caller]
    pub fn wait_until(&mut self, condition: impl Fn() -> bool) {
        while !condition() {
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "it ended before the condition held");
            // The condition concerns another process; there is nothing to block on.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Sends SIGHUP, as a closed terminal does. The command must continue.
    pub fn hang_up(&self) {
        self.send(rustix::process::Signal::HUP);
    }

    /// Suspends the command for a while, as Ctrl-Z and `fg` do.
    pub fn pause(&self, length: std::time::Duration) {
        self.send(rustix::process::Signal::STOP);
        std::thread::sleep(length);
        self.send(rustix::process::Signal::CONT);
    }

    fn send(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("it runs");
    }

    /// Waits until the command ends by itself, and returns its exit status.
    pub fn end(mut self) -> Option<i32> {
        // Its remaining output is read, so that it never blocks on a full pipe.
        let _ = std::io::copy(&mut self.stderr, &mut std::io::sink());
        self.child.wait().expect("ends").code()
    }

    /// Sends Ctrl-C, waits for the end, and returns the exit status.
    pub fn interrupt(self) -> Option<i32> {
        self.end_by(rustix::process::Signal::INT)
    }

    /// Kills the command without a chance to clean up. Returns its exit status, `None` for a signal.
    pub fn kill(self) -> Option<i32> {
        self.end_by(rustix::process::Signal::KILL)
    }

    fn end_by(self, signal: rustix::process::Signal) -> Option<i32> {
        self.send(signal);
        self.end()
    }
}

/// Returns the command lines of running processes that contain a path.
pub fn processes_naming(path: &Path) -> Vec<String> {
    let needle = path.display().to_string();
    let entries = std::fs::read_dir("/proc").expect("a /proc");
    entries
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(&needle))
        .collect()
}

/// Returns a command that runs another program, such as a copy of the built binary, without API keys, installed
/// voices or a developer's settings.
pub fn other(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("PYTOON_CONFIG").stdin(Stdio::null());
    // Only tests of installed voices have any: the others use eSpeak NG on every machine.
    command.env("PYTOON_VOICES", binary_folder().join("no-voices"));
    for variable in STORE_VARIABLES {
        command.env_remove(variable);
    }
    for variable in KEY_VARIABLES {
        command.env_remove(variable).env_remove(format!("{variable}_FILE"));
    }
    command
}
