//! PostgreSQL servers for tests: one server per test process, from the system's packages, and a new database for each
//! caller.
//!
//! The server is not durable (no fsync) and ends with the process that started it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The timeout for starting a server on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name prefix of server folders. The next server removes those of dead processes.
const PREFIX: &str = "pytoon-postgres-";
/// The name prefix of the template for database clusters, followed by version and user.
const TEMPLATE: &str = "pytoon-pgtemplate-";

/// A running PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    /// The host in the server's URLs.
    host: String,
    /// The command through which the server's programs run, such as `ip netns exec …`; empty for none.
    before: Vec<String>,
    port: u16,
    folder: PathBuf,
    programs: PathBuf,
}

static SERVER: OnceLock<Postgres> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Creates an empty database on the shared server of this test process, and returns its URL.
pub fn new_database() -> String {
    SERVER.get_or_init(Postgres::start).new_database()
}

impl Postgres {
    /// Starts a server on a free port of this machine.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1", &[])
    }

    /// Starts a server whose URLs contain another host, through a command such as one that enters another
    /// network. With such a command, the server listens on all addresses of that network. With another host
    /// than 127.0.0.1, it accepts every client.
    pub fn start_at(host: &str, before: &[&str]) -> Self {
        sweep();
        let programs = programs();
        let name = format!("{PREFIX}{}-{}", std::process::id(), free_port());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the database");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let before = before.iter().map(|word| (*word).to_owned()).collect();
        let server = Self { host: host.to_owned(), before, port: free_port(), folder, programs };
        let data = server.folder.join("data");
        server.copy_template(&data);
        if host != "127.0.0.1" {
            let everybody = "host all all 0.0.0.0/0 trust\n";
            let file = std::fs::File::options().append(true).open(data.join("pg_hba.conf"));
            file.and_then(|mut file| file.write_all(everybody.as_bytes())).expect("is written");
        }
        server.serve();
        server
    }

    /// Copies an empty database cluster to `data`. The first caller on this machine creates the original, since
    /// `initdb` takes a second and each test process has its own server.
    fn copy_template(&self, data: &Path) {
        let version = self.programs.parent().and_then(Path::file_name).expect("a version");
        let user = std::fs::metadata("/proc/self")
            .map_or(0, |own| std::os::unix::fs::MetadataExt::uid(&own));
        let template = std::env::temp_dir().join(format!("{TEMPLATE}{}-{user}", version.display()));
        let lock = std::fs::File::create(template.with_extension("lock")).expect("a lock file");
        lock.lock().expect("the lock");
        if !template.join("PG_VERSION").is_file() {
            let made = self.folder.join("template");
            let mut initdb = self.command("initdb");
            initdb.args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8"]);
            run(initdb.args(["--locale=C", "-D"]).arg(&made));
            // A process that is killed while it copies leaves no template.
            let part = template.with_extension("part");
            let _ = std::fs::remove_dir_all(&part);
            run(Command::new("cp").arg("-a").args([&made, &part]));
            std::fs::rename(&part, &template).expect("the template");
        }
        run(Command::new("cp").arg("-a").args([&template, &data.to_path_buf()]));
    }

    /// Creates an empty database on this server and returns its URL.
    pub fn new_database(&self) -> String {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("pytoon_{number}");
        let mut create = self.command("createdb");
        create.args(["-h", &self.host, "-U", "postgres", "-p", &self.port.to_string(), &name]);
        run(&mut create);
        self.address(&name)
    }

    /// Returns the URL of a database on this server.
    pub fn address(&self, name: &str) -> String {
        format!("postgres://postgres@{}:{}/{name}", self.host, self.port)
    }

    /// Starts the server process, and waits until it is ready. Can be called again after [`Postgres::stop`].
    pub fn serve(&self) {
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.folder.join("data"));
        let everywhere = if self.before.is_empty() { &self.host } else { "0.0.0.0" };
        postgres.args(["-p", &self.port.to_string(), "-h", everywhere]);
        postgres.arg("-k").arg(&self.folder);
        for setting in ["fsync=off", "max_connections=200", "log_min_messages=fatal"] {
            postgres.args(["-c", setting]);
        }
        postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // The parent-death signal is sent when the parent's thread ends: this one never ends before the process.
        std::thread::spawn(move || {
            let mut child = postgres.spawn().expect("postgres starts");
            let _ = child.wait();
        });
        let begun = Instant::now();
        let port = self.port.to_string();
        while !self
            .command("pg_isready")
            .args(["-q", "-h", &self.host, "-p", &port])
            .status()
            .is_ok_and(|status| status.success())
        {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(&self) {
        let mut stop = self.command("pg_ctl");
        run(stop.args(["-m", "immediate", "-w", "stop", "-D"]).arg(self.folder.join("data")));
    }

    /// Returns a command for one of the server's programs. Root runs it as `postgres`, because PostgreSQL refuses to
    /// run as root.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let words: Vec<&str> = self.before.iter().map(String::as_str).chain(["setpriv"]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        if program == "postgres" {
            command.args(["--pdeathsig", "INT"]);
        }
        command.arg(path).current_dir(&self.folder);
        command
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// Returns the folder with the programs of the newest PostgreSQL version.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("postgres").is_file());
    folders.sort();
    folders.pop().expect("PostgreSQL is installed (`make setup`)")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Removes the folders that servers of dead processes left behind.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
