//! Starts, kills, restarts and counts the processes of the service.

use crate::note;
use crate::proc::{self, Process};
use crate::simulator::program;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An environment variable of all processes in the fleet and their children.
const MARK: &str = "PYTOON_DRILL";
/// The time for which children of a killed process may outlive it.
const MOURNING: Duration = Duration::from_secs(3);
/// The timeout for starting and for ending a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// The API keys of the vendors, which the simulator accepts.
pub(crate) const KEYS: [(&str, &str); 3] = [
    ("RUNWAY_API_KEY", "key_drill_runway"),
    ("PIKA_API_KEY", "drill_pika"),
    ("LUMA_API_KEY", "luma-api-drill"),
];

/// A process of the service, running or stopped.
pub(crate) struct Member {
    pub(crate) name: String,
    /// The command through which the binary runs, such as `ip netns exec …`; empty for none.
    before: Vec<String>,
    args: Vec<String>,
    child: Option<Child>,
}

/// All processes of the service.
pub(crate) struct Fleet {
    pub(crate) folder: PathBuf,
    mark: String,
    database: Option<String>,
    members: Vec<Member>,
    /// The children of killed processes, with the time of the kill and the name of the process.
    bereaved: Vec<(Instant, String, Process)>,
    orphans: usize,
    pub(crate) kills: u64,
}

impl Fleet {
    /// Creates a fleet that works in a folder. It uses PostgreSQL at the given URL, or SQLite if there is none.
    pub(crate) fn new(folder: &Path, database: Option<String>) -> Self {
        Self {
            folder: folder.to_owned(),
            mark: std::process::id().to_string(),
            database,
            members: Vec::new(),
            bereaved: Vec::new(),
            orphans: 0,
            kills: 0,
        }
    }

    /// Adds a process to the fleet and starts it. Returns its index.
    pub(crate) fn add(
        &mut self,
        name: &str,
        before: &[&str],
        args: &[&str],
    ) -> anyhow::Result<usize> {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (before, args) = (own(before), own(args));
        self.members.push(Member { name: name.to_owned(), before, args, child: None });
        let place = self.members.len() - 1;
        self.start(place)?;
        Ok(place)
    }

    /// Starts a stopped process of the fleet.
    pub(crate) fn start(&mut self, place: usize) -> anyhow::Result<()> {
        let member = &mut self.members[place];
        let log = |end: &str| -> anyhow::Result<File> {
            let path = self.folder.join(format!("{}.{end}", member.name));
            Ok(File::options().create(true).append(true).open(path)?)
        };
        let pytoon = program("pytoon")?.to_string_lossy().into_owned();
        let mut words = member.before.iter().chain([&pytoon]).chain(&member.args);
        #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
        let mut command = Command::new(words.next().context("a program")?);
        command
            .args(words)
            .current_dir(&self.folder)
            .env(MARK, &self.mark)
            .envs(KEYS)
            .stdin(Stdio::null())
            .stdout(log("out")?)
            .stderr(log("err")?);
        match &self.database {
            Some(address) => command.env("DATABASE_URL", address),
            None => command.env_remove("DATABASE_URL"),
        };
        member.child = Some(command.spawn().context("failed to start pytoon")?);
        Ok(())
    }

    /// Returns the URL of the database if it is PostgreSQL.
    pub(crate) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    fn member_index(&self, name: &str) -> anyhow::Result<usize> {
        let place = self.members.iter().position(|member| member.name == name);
        place.with_context(|| format!("there is no {name}"))
    }

    /// Returns the process id of a member of the fleet; `None` if it is stopped.
    pub(crate) fn id(&self, place: usize) -> Option<u32> {
        self.members[place].child.as_ref().map(Child::id)
    }

    /// Kills the process with the given name.
    pub(crate) fn kill_named(&mut self, name: &str) -> anyhow::Result<()> {
        self.kill(self.member_index(name)?)
    }

    /// Starts the stopped process with the given name.
    pub(crate) fn start_named(&mut self, name: &str) -> anyhow::Result<()> {
        self.start(self.member_index(name)?)
    }

    /// Shuts down a process and starts it again. Waits until it is ready.
    pub(crate) fn restart(&mut self, name: &str) -> anyhow::Result<()> {
        let place = self.member_index(name)?;
        let started = |fleet: &Self| {
            fleet.log(name).iter().filter(|line| line["event"] == "service_started").count()
        };
        let before = started(self);
        self.signal(place, rustix::process::Signal::TERM);
        if let Some(mut child) = self.members[place].child.take() {
            let begun = Instant::now();
            while child.try_wait()?.is_none() {
                ensure!(begun.elapsed() < PATIENCE, "{name} does not end");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.start(place)?;
        let begun = Instant::now();
        while started(self) <= before {
            ensure!(begun.elapsed() < PATIENCE, "{name} does not start again");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Returns the number of processes.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Kills a process with SIGKILL, and records the descendants that it leaves.
    pub(crate) fn kill(&mut self, place: usize) -> anyhow::Result<()> {
        let member = &mut self.members[place];
        let Some(child) = &mut member.child else { return Ok(()) };
        if let Some(status) = child.try_wait()? {
            // It must not have ended by itself.
            let path = self.folder.join(format!("{}.err", member.name));
            let said = std::fs::read_to_string(path).unwrap_or_default();
            let last = said.lines().last().unwrap_or_default().to_owned();
            note(&format!("{} had ended with {status}: {last}", member.name));
        }
        let below = proc::below(child.id());
        child.kill()?;
        child.wait()?;
        member.child = None;
        self.kills += 1;
        let now = Instant::now();
        let name = &member.name;
        self.bereaved.extend(below.into_iter().map(|process| (now, name.clone(), process)));
        self.mourn();
        Ok(())
    }

    /// Sends a signal to a process of the fleet, if it is running.
    pub(crate) fn signal(&self, place: usize, signal: rustix::process::Signal) {
        if let Some(child) = &self.members[place].child {
            // It may have ended by itself.
            let pid = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Counts the children of killed processes that have outlived [`MOURNING`].
    fn mourn(&mut self) {
        let due = |at: &Instant| at.elapsed() >= MOURNING;
        for (_, name, process) in self.bereaved.iter().filter(|(at, ..)| due(at)) {
            if process.lives() {
                note(&format!("left alive by {name}: {}", process.line()));
                self.orphans += 1;
            }
        }
        self.bereaved.retain(|(at, ..)| !due(at));
    }

    /// Terminates all processes and waits for them. Returns the number of remaining processes, including children of
    /// killed ones.
    pub(crate) fn end(&mut self) -> anyhow::Result<usize> {
        for child in self.members.iter().filter_map(|member| member.child.as_ref()) {
            let pid = rustix::process::Pid::from_child(child);
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        for member in &mut self.members {
            let Some(mut child) = member.child.take() else { continue };
            let begun = Instant::now();
            while child.try_wait()?.is_none() {
                if begun.elapsed() > PATIENCE {
                    child.kill()?;
                    child.wait()?;
                    anyhow::bail!("{} does not end", member.name);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        std::thread::sleep(MOURNING);
        self.mourn();
        let left = proc::processes_with_variable(&format!("{MARK}={}", self.mark));
        for process in &left {
            note(&format!("left alive at the end: {}", process.line()));
        }
        Ok(self.orphans + left.len())
    }

    /// Returns all JSON lines that a process has logged so far.
    pub(crate) fn log(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join(format!("{name}.out")));
        let text = text.unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Returns the lines of an event in all logs, each with the name of the process that wrote it.
    pub(crate) fn events(&self, event: &str) -> Vec<(String, Value)> {
        let of = |member: &Member| {
            let lines = self.log(&member.name).into_iter();
            let name = member.name.clone();
            lines.filter(|line| line["event"] == event).map(move |line| (name.clone(), line))
        };
        self.members.iter().flat_map(of).collect()
    }

    /// Waits for an API process to start, and returns the API key that it prints once.
    pub(crate) fn first_key(&self, name: &str) -> anyhow::Result<String> {
        let begun = Instant::now();
        loop {
            let said = std::fs::read_to_string(self.folder.join(format!("{name}.err")));
            let said = said.unwrap_or_default();
            let key = said.split_whitespace().find(|word| word.starts_with("pyt_"));
            let is_up = self.log(name).iter().any(|line| line["event"] == "service_started");
            if let (Some(key), true) = (key, is_up) {
                return Ok(key.to_owned());
            }
            ensure!(begun.elapsed() < PATIENCE, "{name} did not start: {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.members.iter_mut().filter_map(|member| member.child.as_mut()) {
            // An aborted drill leaves no process running.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns a port of this machine that is currently free.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
