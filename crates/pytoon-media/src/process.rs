//! The one place that starts programs.
//!
//! Guarantees: a program runs in a process group of its own, without a shell; it is killed when
//! its owner goes away, when the render is cancelled, or when it makes no progress for too long;
//! the end of its standard error is kept for the message.

use crate::MediaError;
use pytoon_telemetry::Event;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;

/// How much of standard error is kept.
const STDERR_KEPT: usize = 8 * 1024;
/// How much a socket for frames holds, in bytes.
const SOCKET_ROOM: usize = 1 << 20;
/// How often a waiting thread looks.
const TICK: Duration = Duration::from_millis(2);
/// How often a guard looks after a program whose owner may be blocked.
const GUARD_TICK: Duration = Duration::from_millis(50);

/// Set when the user gives up.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that shares a flag, such as one set by a signal.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// Gives up.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the user gave up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error when the user gave up.
    pub fn check(&self) -> Result<(), MediaError> {
        if self.is_cancelled() { Err(MediaError::Cancelled) } else { Ok(()) }
    }
}

/// Lets the encoder go first: this thread, and what it starts, gets a third of the encoder's share
/// where both want the processor. Frames that are drawn ahead of need must not hold up the
/// encoder, which everything else waits for; but a machine that is busy with something else must
/// not starve them either. Where it is not allowed nothing changes.
pub fn yield_to_encoder() {
    // On Linux a niceness is a thread's own; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

/// Runs this thread only while a processor has nothing else to do: a thread of the encoder that
/// wakes up goes before it at once, which a mere niceness does not bring about. There is no way
/// back, and on a machine that others keep busy the thread may wait for very long: whoever needs
/// its work has to be able to do it too. Where there is no such class it yields to the encoder.
pub fn work_in_gaps() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        if set.is_ok() {
            return;
        }
    }
    yield_to_encoder();
}

/// Programs are looked for in these folders first, then on PATH.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
}

impl Programs {
    /// Looks beside the running program, then on PATH.
    pub fn beside_this_one() -> Self {
        let own = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let mut folders: Vec<PathBuf> = own.iter().cloned().collect();
        // Test binaries live one folder below the programs.
        folders.extend(own.and_then(|folder| folder.parent().map(Path::to_owned)));
        Self { folders }
    }

    /// The path of a program.
    pub fn find(&self, program: &str) -> Result<PathBuf, MediaError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.folders
            .iter()
            .cloned()
            .chain(std::env::split_paths(&path))
            .map(|folder| folder.join(program))
            .find(|candidate| is_executable(candidate))
            .ok_or_else(|| MediaError::MissingProgram {
                program: program.to_owned(),
                hint: hint(program),
            })
    }
}

fn hint(program: &str) -> &'static str {
    match program {
        "ffmpeg" | "ffprobe" => "`make setup`, or `apt-get install ffmpeg`",
        "pytoon-espeak" => "`make setup`, then `cargo build --release`",
        _ => "`pytoon doctor` says more",
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// A command as a value: decided by pure functions, run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program's name.
    pub program: &'static str,
    /// What it is for, as "failed to …" goes on.
    pub purpose: &'static str,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl CommandLine {
    /// A command without arguments.
    pub fn new(program: &'static str, purpose: &'static str) -> Self {
        Self { program, purpose, args: Vec::new() }
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

/// Runs programs.
#[derive(Debug, Clone)]
pub struct Runner {
    /// Where programs are.
    pub programs: Programs,
    /// Set when the user gives up.
    pub cancel: CancelToken,
    /// A program without progress for so long is killed.
    pub stall: Duration,
}

impl Runner {
    /// Runs a command to its end and returns its standard output.
    ///
    /// `input` is written to its standard input. Output growing or the program ending counts as
    /// progress.
    pub fn run(&self, command: &CommandLine, input: Vec<u8>) -> Result<Vec<u8>, MediaError> {
        let mut running = self.start(command)?;
        let writer = running.take_stdin().map(|mut stdin| {
            // A program that stops reading early says why by its exit status.
            std::thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let progress = running.progress.clone();
        let reader = running.take_stdout().map(|mut stdout| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let mut buffer = [0; 64 * 1024];
                while let Ok(count) = stdout.read(&mut buffer)
                    && count > 0
                {
                    bytes.extend_from_slice(&buffer[..count]);
                    progress.touch();
                }
                bytes
            })
        });
        let ended = running.wait();
        let bytes = reader.map(|thread| thread.join().unwrap_or_default()).unwrap_or_default();
        if let Some(thread) = writer {
            // The writer's own failure shows in the exit status.
            let _ = thread.join();
        }
        ended.map(|()| bytes)
    }

    /// Starts a command with pipes for input and output.
    pub fn start(&self, command: &CommandLine) -> Result<Running, MediaError> {
        self.spawn(command, Stdio::piped(), Stdio::piped())
    }

    /// Starts a command whose standard input takes large pieces, such as frames.
    pub fn start_fed(&self, command: &CommandLine) -> Result<(Running, UnixStream), MediaError> {
        let (ours, theirs) = frame_socket(command)?;
        Ok((self.spawn(command, theirs.into(), Stdio::piped())?, ours))
    }

    /// Starts a command that reads nothing and whose standard output gives large pieces.
    pub fn start_giving(&self, command: &CommandLine) -> Result<(Running, UnixStream), MediaError> {
        let (ours, theirs) = frame_socket(command)?;
        Ok((self.spawn(command, Stdio::null(), theirs.into())?, ours))
    }

    fn spawn(
        &self,
        command: &CommandLine,
        stdin: Stdio,
        stdout: Stdio,
    ) -> Result<Running, MediaError> {
        self.cancel.check()?;
        let path = self.programs.find(command.program)?;
        #[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
        let mut child = Command::new(&path)
            .args(&command.args)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| MediaError::Start { program: command.program.to_owned(), source })?;
        let stderr = Arc::new(Mutex::new(String::new()));
        let progress = Progress::new();
        let stderr_reader = child.stderr.take().map(|pipe| {
            let (kept, progress) = (stderr.clone(), progress.clone());
            std::thread::spawn(move || keep_tail(pipe, &kept, &progress))
        });
        Ok(Running {
            program: command.program,
            purpose: command.purpose,
            child,
            stderr,
            stderr_reader,
            progress,
            cancel: self.cancel.clone(),
            stall: self.stall,
            started: Instant::now(),
            guard: None,
        })
    }
}

/// Both ends of a way for frames. A socket instead of a pipe: a pipe takes and gives back a page
/// of memory for every 4 KiB, a socket one for every 32 KiB, which costs half as much on the side
/// that writes and a third on the side that reads.
fn frame_socket(command: &CommandLine) -> Result<(UnixStream, OwnedFd), MediaError> {
    let failed = |source| MediaError::Start { program: command.program.to_owned(), source };
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    for end in [&ours, &theirs] {
        // More room saves wake-ups; where it is not allowed the usual room does.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(end, SOCKET_ROOM);
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(end, SOCKET_ROOM);
    }
    Ok((ours, theirs.into()))
}

/// When a program last showed a sign of life.
#[derive(Debug, Clone)]
pub struct Progress(Arc<(Instant, AtomicU64)>);

impl Progress {
    fn new() -> Self {
        Self(Arc::new((Instant::now(), AtomicU64::new(0))))
    }

    /// Notes a sign of life.
    pub fn touch(&self) {
        self.0.1.store(self.0.0.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    pub(crate) fn idle(&self) -> Duration {
        self.0.0.elapsed().saturating_sub(Duration::from_millis(self.0.1.load(Ordering::Relaxed)))
    }
}

fn keep_tail(mut pipe: impl Read, kept: &Mutex<String>, progress: &Progress) {
    let mut buffer = [0; 4096];
    while let Ok(count) = pipe.read(&mut buffer)
        && count > 0
    {
        progress.touch();
        if let Ok(mut text) = kept.lock() {
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if text.len() > STDERR_KEPT {
                let mut cut = text.len() - STDERR_KEPT;
                while !text.is_char_boundary(cut) {
                    cut += 1;
                }
                text.drain(..cut);
            }
        }
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    program: &'static str,
    purpose: &'static str,
    child: Child,
    stderr: Arc<Mutex<String>>,
    stderr_reader: Option<JoinHandle<()>>,
    progress: Progress,
    cancel: CancelToken,
    stall: Duration,
    started: Instant,
    guard: Option<Guard>,
}

impl Running {
    /// Its standard input, once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its standard output, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Does something that blocks on one of its pipes, such as writing a frame.
    ///
    /// The program is killed when it lets its owner wait for longer than the stall limit, or on
    /// cancel; the work then fails and [`Running::wait`] says why. Time outside such work does
    /// not count: a program that nobody reads from is not stalled.
    pub fn during<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let guard = self.guard.get_or_insert_with(|| {
            Guard::start(self.child.id(), self.progress.clone(), self.cancel.clone(), self.stall)
        });
        self.progress.touch();
        guard.state.waiting.store(true, Ordering::Release);
        let done = work();
        guard.state.waiting.store(false, Ordering::Release);
        self.progress.touch();
        done
    }

    /// Kills it when it stalled or was cancelled.
    fn watch(&mut self) -> Result<(), MediaError> {
        if self.cancel.is_cancelled() {
            self.kill();
            return Err(MediaError::Cancelled);
        }
        if self.progress.idle() > self.stall {
            self.kill();
            return Err(self.stalled());
        }
        Ok(())
    }

    fn stalled(&self) -> MediaError {
        MediaError::Stalled {
            program: self.program.to_owned(),
            purpose: self.purpose.to_owned(),
            seconds: self.stall.as_secs_f64(),
        }
    }

    /// Waits for the end; kills on cancel or stall.
    pub fn wait(mut self) -> Result<(), MediaError> {
        drop(self.child.stdin.take());
        // Before the process is reaped: its id may belong to another one afterwards.
        if self.guard.take().is_some_and(Guard::stop) {
            return Err(self.stalled());
        }
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return self.ended(status),
                Ok(None) => self.watch()?,
                Err(source) => {
                    return Err(MediaError::Start { program: self.program.to_owned(), source });
                }
            }
            std::thread::sleep(TICK);
        }
    }

    fn ended(&mut self, status: std::process::ExitStatus) -> Result<(), MediaError> {
        if let Some(reader) = self.stderr_reader.take() {
            // A grandchild may hold the pipe open; the tail read so far is enough then.
            let deadline = Instant::now() + Duration::from_millis(200);
            while !reader.is_finished() && Instant::now() < deadline {
                std::thread::sleep(TICK);
            }
        }
        Event::ProcessFinished {
            program: self.program,
            purpose: self.purpose,
            duration_ms: self.started.elapsed().as_millis() as u64,
        }
        .emit();
        if status.success() {
            return Ok(());
        }
        if self.cancel.is_cancelled() {
            return Err(MediaError::Cancelled);
        }
        let stderr = self.stderr.lock().map(|text| text.clone()).unwrap_or_default();
        Err(MediaError::Failed {
            program: self.program.to_owned(),
            purpose: self.purpose.to_owned(),
            status: status.to_string(),
            stderr,
        })
    }

    fn kill(&mut self) {
        kill_group(self.child.id());
    }
}

/// Kills a program and all that it started.
fn kill_group(id: u32) {
    if let Some(pid) = rustix::process::Pid::from_raw(id as i32) {
        // It may have ended by itself in between.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

/// Kills a program that its owner waits for in vain, since the owner is blocked and cannot.
#[derive(Debug)]
struct Guard {
    state: Arc<GuardState>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct GuardState {
    /// The owner is blocked on a pipe.
    waiting: AtomicBool,
    /// The owner is done with the program.
    over: AtomicBool,
    /// The program was killed for making its owner wait.
    stalled: AtomicBool,
}

impl Guard {
    fn start(id: u32, progress: Progress, cancel: CancelToken, stall: Duration) -> Self {
        let state = Arc::new(GuardState::default());
        let seen = state.clone();
        let thread = std::thread::spawn(move || {
            while !seen.over.load(Ordering::Acquire) {
                let stalled = seen.waiting.load(Ordering::Acquire) && progress.idle() > stall;
                if stalled || cancel.is_cancelled() {
                    seen.stalled.store(stalled, Ordering::Release);
                    kill_group(id);
                    return;
                }
                std::thread::park_timeout(GUARD_TICK);
            }
        });
        Self { state, thread }
    }

    /// Stops watching; whether it had killed for a stall.
    fn stop(self) -> bool {
        self.state.over.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // The thread cannot panic; a join that fails would only mean that it is over.
        let _ = self.thread.join();
        self.state.stalled.load(Ordering::Acquire)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.stop();
        }
        if let Ok(None) = self.child.try_wait() {
            self.kill();
        }
        // Reaps it, so that it does not stay as a zombie.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(stall_ms: u64) -> Runner {
        Runner {
            programs: Programs::default(),
            cancel: CancelToken::default(),
            stall: Duration::from_millis(stall_ms),
        }
    }

    fn sh(script: &str) -> CommandLine {
        CommandLine::new("sh", "test").args(["-c", script])
    }

    #[test]
    fn output_and_failure_come_back() {
        let out = runner(5000).run(&sh("cat; echo done"), b"in ".to_vec()).expect("runs");
        assert_eq!(out, b"in done\n");
        let error = runner(5000).run(&sh("echo why >&2; exit 3"), Vec::new()).expect_err("fails");
        assert!(error.to_string().contains("exit status: 3: why"), "{error}");
    }

    #[test]
    fn a_stalled_program_is_ended() {
        let error = runner(150).run(&sh("exec sleep 30"), Vec::new()).expect_err("stalls");
        assert!(matches!(error, MediaError::Stalled { .. }), "{error}");
    }

    #[test]
    fn a_program_that_stops_reading_or_writing_cannot_block_its_owner() {
        let mut reads_nothing = runner(150).start(&sh("exec sleep 30")).expect("starts");
        let mut stdin = reads_nothing.take_stdin().expect("a pipe");
        let written = reads_nothing.during(|| stdin.write_all(&[0; 1 << 20]));
        assert!(written.is_err());
        let error = reads_nothing.wait().expect_err("stalls");
        assert!(error.to_string().contains("0.15"), "{error}");

        let mut writes_nothing = runner(150).start(&sh("exec sleep 30")).expect("starts");
        let mut stdout = writes_nothing.take_stdout().expect("a pipe");
        assert!(writes_nothing.during(|| stdout.read_exact(&mut [0; 16])).is_err());
        let error = writes_nothing.wait().expect_err("stalls");
        assert!(matches!(error, MediaError::Stalled { .. }), "{error}");
    }

    #[test]
    fn a_program_that_nobody_waits_for_is_not_stalled() {
        let mut running = runner(100).start(&sh("printf a; cat; printf b")).expect("starts");
        let mut stdout = running.take_stdout().expect("a pipe");
        let mut first = [0; 1];
        running.during(|| stdout.read_exact(&mut first)).expect("the first letter");
        std::thread::sleep(Duration::from_millis(400));
        drop(running.take_stdin());
        running.during(|| stdout.read_exact(&mut first)).expect("the second letter");
        assert_eq!(&first, b"b");
        running.wait().expect("ends well");
    }

    #[test]
    fn a_cancelled_program_is_ended() {
        let runner = runner(20_000);
        let cancel = runner.cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(80));
            cancel.cancel();
        });
        let error = runner.run(&sh("exec sleep 30"), Vec::new()).expect_err("cancelled");
        assert!(matches!(error, MediaError::Cancelled), "{error}");
    }

    #[test]
    fn a_missing_program_says_how_to_get_it() {
        let error = runner(100)
            .run(&CommandLine::new("ffmpeg-none", "test"), Vec::new())
            .expect_err("missing");
        assert!(error.to_string().contains("neither beside pytoon nor on PATH"), "{error}");
    }
}
