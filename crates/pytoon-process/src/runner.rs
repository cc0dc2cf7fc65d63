//! Starts the external programs of the pipeline.
//!
//! Guarantees: a program runs in its own process group, without a shell; it is killed when its owner has died (even
//! by SIGKILL: see `keeper`), when the render is cancelled, or when it stalls or exceeds its maximum run time; its
//! memory is limited; the end of its standard error is retained for the message.

use crate::guard::{Guard, STALLED, TOO_LONG, kill_group};
use crate::progress::{Progress, Ticks};
use crate::{
    CancelToken, CommandLine, Programs, SharedMemory, Shortage, SystemError, keeper, threads,
};
use pytoon_telemetry::Event;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;

/// The maximum size of the retained standard error, in bytes.
const STDERR_KEPT: usize = 8 * 1024;
/// The buffer size of a socket for frames, in bytes.
const SOCKET_ROOM: usize = 1 << 20;
/// The interval at which a waiting thread checks a program.
const TICK: Duration = Duration::from_millis(2);

/// A runner of external programs, with their limits.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The lookup of programs.
    pub programs: Programs,
    /// The token that is set when the user cancels.
    pub cancel: CancelToken,
    /// The time without progress after which a program is killed.
    pub stall: Duration,
    /// The limits of every program, regardless of its progress.
    pub limits: ProcessLimits,
    /// The name under which this runner's work holds shares of common budgets, such as a job's id.
    pub holder: Arc<str>,
}

/// The limits of a program, regardless of its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLimits {
    /// The maximum run time, after which a program is killed.
    pub longest: Duration,
    /// The maximum size of a program's own memory, in bytes (RLIMIT_DATA); further allocations fail. `None` for no
    /// limit. Addresses that are only reserved do not count, as they would under RLIMIT_AS: every thread of an
    /// encoder reserves far more than it uses.
    pub memory: Option<u64>,
    /// The maximum size of the output, in bytes, if all of it is returned. A program that exceeds it is killed.
    pub output: usize,
}

impl Default for ProcessLimits {
    /// Returns the default limits. Encoding at 1080 by 1920 needs less than 1 GiB on two cores.
    fn default() -> Self {
        Self { longest: Duration::from_secs(3600), memory: Some(8 << 30), output: 1 << 30 }
    }
}

impl Runner {
    /// Creates a runner with the default limits.
    pub fn new(programs: Programs, cancel: CancelToken, stall: Duration) -> Self {
        Self { programs, cancel, stall, limits: ProcessLimits::default(), holder: Arc::from("") }
    }

    /// Runs a command to its end and returns its standard output. Returns an error if it fails, stalls, exceeds a
    /// limit or is cancelled.
    ///
    /// `input` is written to the program's standard input. Output on standard output or standard error is
    /// progress.
    pub fn run(&self, command: &CommandLine, input: Vec<u8>) -> Result<Vec<u8>, SystemError> {
        let mut running = self.start(command)?;
        let writer = running.take_stdin().map(|mut stdin| {
            // A program that stops reading early gives the reason in its exit status.
            threads::spawn(move || drop(stdin.write_all(&input)))
        });
        let writer = writer.transpose()?;
        let progress = running.progress.clone();
        let most = self.limits.output;
        let reader = running.take_stdout().map(|mut stdout| {
            threads::spawn(move || {
                let mut bytes = Vec::new();
                let mut buffer = [0; 64 * 1024];
                while let Ok(count) = stdout.read(&mut buffer)
                    && count > 0
                {
                    // Nothing reads further output: the program ends at its next write.
                    if bytes.len() + count > most || bytes.try_reserve(count).is_err() {
                        return None;
                    }
                    bytes.extend_from_slice(&buffer[..count]);
                    progress.touch();
                }
                Some(bytes)
            })
        });
        let reader = reader.transpose()?;
        let ended = running.wait();
        let bytes = reader.map_or(Some(Vec::new()), |thread| thread.join().unwrap_or_default());
        let Some(bytes) = bytes else {
            return Err(SystemError::SaidTooMuch { program: command.program.to_owned(), most });
        };
        if let Some(thread) = writer {
            // The writer's own failure shows in the exit status.
            let _ = thread.join();
        }
        ended.map(|()| bytes)
    }

    /// Starts a command with pipes for input and output.
    pub fn start(&self, command: &CommandLine) -> Result<Running, SystemError> {
        self.spawn(command, Stdio::piped(), Stdio::piped())
    }

    /// Starts a command whose standard input is a socket with a large buffer, for frames. Returns the other end.
    pub fn start_fed(&self, command: &CommandLine) -> Result<(Running, UnixStream), SystemError> {
        let (ours, theirs) = frame_socket(command)?;
        Ok((self.spawn(command, theirs.into(), Stdio::piped())?, ours))
    }

    /// Starts a command that shares memory with this process ([`SharedMemory`]): its standard input is the memory,
    /// and its standard output a socket for messages about the memory's content.
    pub fn start_sharing(
        &self,
        command: &CommandLine,
        memory: &SharedMemory,
    ) -> Result<(Running, UnixStream), SystemError> {
        let failed = |source| SystemError::Start { program: command.program.to_owned(), source };
        let memory = memory.file().try_clone().map_err(failed)?;
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        Ok((self.spawn(command, memory.into(), OwnedFd::from(theirs).into())?, ours))
    }

    /// Starts a command without input whose standard output is a socket with a large buffer. Returns the other end.
    pub fn start_giving(
        &self,
        command: &CommandLine,
    ) -> Result<(Running, UnixStream), SystemError> {
        let (ours, theirs) = frame_socket(command)?;
        Ok((self.spawn(command, Stdio::null(), theirs.into())?, ours))
    }

    /// Starts a command whose standard input and output are sockets with large buffers. Returns their other ends.
    pub fn start_between(
        &self,
        command: &CommandLine,
    ) -> Result<(Running, UnixStream, UnixStream), SystemError> {
        let (input, their_input) = frame_socket(command)?;
        let (output, their_output) = frame_socket(command)?;
        Ok((self.spawn(command, their_input.into(), their_output.into())?, input, output))
    }

    fn spawn(
        &self,
        command: &CommandLine,
        stdin: Stdio,
        stdout: Stdio,
    ) -> Result<Running, SystemError> {
        self.cancel.check()?;
        let path = self.programs.find(command.program)?;
        // A relative path would be looked for in the program's own folder.
        let path = std::path::absolute(&path).unwrap_or(path);
        #[expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]
        let mut child = Command::new(&path);
        if let Some(folder) = &command.folder {
            child.current_dir(folder);
        }
        let mut child = child
            .args(&command.args)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| SystemError::Start { program: command.program.to_owned(), source })?;
        let kept = keeper::keep(child.id());
        if let Some(memory) = self.limits.memory {
            limit_memory(&child, memory);
        }
        let stderr = Arc::new(Mutex::new(String::new()));
        let progress = Progress::new();
        let pipe = child.stderr.take();
        // From here on the program ends with this value.
        let mut running = Running {
            program: command.program,
            purpose: command.purpose,
            child,
            stderr: stderr.clone(),
            stderr_reader: None,
            progress: progress.clone(),
            cancel: self.cancel.clone(),
            stall: self.stall,
            longest: self.limits.longest,
            started: Instant::now(),
            guard: None,
            unguarded: None,
            _kept: kept,
        };
        let reader = pipe.map(|pipe| threads::spawn(move || keep_tail(pipe, &stderr, &progress)));
        running.stderr_reader = reader.transpose()?;
        Ok(running)
    }
}

/// Limits the memory of a program. If the system does not permit that, logs it and continues.
fn limit_memory(child: &Child, memory: u64) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
        // If this process has a lower limit, its programs get no more.
        let own = getrlimit(Resource::Data).maximum.unwrap_or(u64::MAX);
        let memory = memory.min(own);
        let limit = Rlimit { current: Some(memory), maximum: Some(memory) };
        match prlimit(Some(Pid::from_child(child)), Resource::Data, limit) {
            // It has already exited.
            Ok(_) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                let detail = format!("failed to limit a program's memory: {error}");
                pytoon_telemetry::Event::Warning { detail: &detail }.emit();
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (child, memory);
}

/// Returns both ends of a socket for frames. A pipe allocates a page for every 4 KiB, a socket for every 32 KiB. A
/// socket needs half the CPU time of a pipe for the writer and a third for the reader.
fn frame_socket(command: &CommandLine) -> Result<(UnixStream, OwnedFd), SystemError> {
    let failed = |source| SystemError::Start { program: command.program.to_owned(), source };
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    for end in [&ours, &theirs] {
        // A larger buffer saves wake-ups; if it is not permitted, the default works too.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(end, SOCKET_ROOM);
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(end, SOCKET_ROOM);
    }
    Ok((ours, theirs.into()))
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

/// A running external program.
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
    longest: Duration,
    started: Instant,
    guard: Option<Guard>,
    /// The error that prevented the guard from starting. The program was then killed, since it could not be watched.
    unguarded: Option<SystemError>,
    /// The registration with the keeper. It is the last field, so that it is released after the program has ended.
    _kept: keeper::KeeperGuard,
}

impl Running {
    /// Takes the pipe to the program's standard input; `None` if it was taken before or is no pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the pipe from the program's standard output; `None` if it was taken before or is no pipe.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Returns true if less than half of the program's maximum run time has passed.
    pub fn has_half_its_time(&self) -> bool {
        self.progress.running() * 2 < self.longest
    }

    /// Runs work that blocks on one of the program's pipes, such as writing a frame.
    ///
    /// The program is killed if it blocks its owner for longer than the stall limit, or on cancellation. The work
    /// then fails, and [`Running::wait`] returns the reason. Time outside such work does not count: a program whose
    /// output nobody reads has not stalled.
    pub fn during<T>(&mut self, work: impl FnOnce() -> T) -> T {
        if self.guard.is_none() && self.unguarded.is_none() {
            let (progress, cancel) = (self.progress.clone(), self.cancel.clone());
            match Guard::start(self.child.id(), progress, cancel, self.stall, self.longest) {
                Ok(guard) => self.guard = Some(guard),
                Err(error) => {
                    self.unguarded = Some(error);
                    self.kill();
                }
            }
        }
        let is_waiting = |waiting| {
            if let Some(guard) = &self.guard {
                guard.set_waiting(waiting);
            }
            self.progress.touch();
        };
        is_waiting(true);
        let done = work();
        is_waiting(false);
        done
    }

    /// Kills the program and returns an error if it has stalled, run too long, or been cancelled.
    fn watch(&mut self) -> Result<(), SystemError> {
        if self.cancel.is_cancelled() {
            self.kill();
            return Err(SystemError::Cancelled);
        }
        if self.progress.idle() > self.stall {
            self.kill();
            return Err(self.stalled_error());
        }
        if self.progress.running() > self.longest {
            self.kill();
            return Err(self.too_long());
        }
        Ok(())
    }

    fn too_long(&self) -> SystemError {
        SystemError::TooLong {
            program: self.program.to_owned(),
            purpose: self.purpose.to_owned(),
            seconds: self.longest.as_secs_f64(),
        }
    }

    fn stalled_error(&self) -> SystemError {
        SystemError::Stalled {
            program: self.program.to_owned(),
            purpose: self.purpose.to_owned(),
            seconds: self.stall.as_secs_f64(),
        }
    }

    /// Waits for the program to exit. Kills it on cancellation, on a stall, or after its maximum run time. Returns an
    /// error unless the program succeeded.
    pub fn wait(mut self) -> Result<(), SystemError> {
        drop(self.child.stdin.take());
        if let Some(error) = self.unguarded.take() {
            return Err(error);
        }
        // Before the process is reaped: its id may be reused afterwards.
        match self.guard.take().map(Guard::stop) {
            Some(STALLED) => return Err(self.stalled_error()),
            Some(TOO_LONG) => return Err(self.too_long()),
            _ => {}
        }
        let mut ticks = Ticks::new();
        loop {
            ticks.tick(&self.progress);
            match self.child.try_wait() {
                Ok(Some(status)) => return self.finish(status),
                Ok(None) => self.watch()?,
                Err(source) => {
                    return Err(SystemError::Start { program: self.program.to_owned(), source });
                }
            }
            std::thread::sleep(TICK);
        }
    }

    fn finish(&mut self, status: std::process::ExitStatus) -> Result<(), SystemError> {
        if let Some(reader) = self.stderr_reader.take() {
            // A grandchild may keep the pipe open; the tail read so far is enough then.
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
            return Err(SystemError::Cancelled);
        }
        let stderr = self.stderr.lock().map(|text| text.clone()).unwrap_or_default();
        Err(SystemError::Failed {
            program: self.program.to_owned(),
            purpose: self.purpose.to_owned(),
            status: how_it_ended(status).into(),
            shortage: Shortage::from_stderr(&stderr),
            stderr: stderr.into(),
        })
    }

    fn kill(&mut self) {
        kill_group(self.child.id());
    }
}

fn how_it_ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (_, Some(9)) => "was killed (signal 9, often for lack of memory)".to_owned(),
        (_, Some(signal)) => format!("was killed by signal {signal}"),
        _ => format!("ended with {status}"),
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
mod tests;
