//! Tests in which processes of the service die with their children, and disks fill up.

use pytoon_testkit::postgres::Postgres;
use pytoon_testkit::program::{alone, other, tool};
use pytoon_testkit::service::Service;
use pytoon_testkit::workspace::Workspace;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Returns true if a process is running. A zombie has ended.
fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Installs a copy of the binary with a fake encoder that writes its process id to a file and never exits, even when
/// its pipes close. Returns the paths of the binary and of that file.
fn with_stubborn_encoder(workspace: &Workspace) -> (PathBuf, PathBuf) {
    let program = alone(&workspace.path("bin"), &["pytoon-espeak"]);
    let noted = workspace.path("encoders");
    let script = format!("#!/bin/sh\necho $$ >> '{}'\nexec tail -f /dev/null\n", noted.display());
    let encoder = workspace.write("bin/pytoon-x264", script);
    let may_run = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&encoder, may_run).expect("may be run");
    (program, noted)
}

#[test]
fn an_encoder_dies_with_a_worker_that_is_killed() {
    let workspace = Workspace::new();
    let (program, noted) = with_stubborn_encoder(&workspace);
    let mut command = other(&program);
    command.current_dir(workspace.root()).args(["serve", "--port", "0"]);
    let mut service = Service::start(&mut command, workspace.root(), "serve");
    service.submit(&json!({
        "script": "Bread. And butter.", "profile": "test", "voice": "off", "captions": "off",
        "music_source": "none", "target_duration_seconds": 2,
    }));
    let encoders = || -> Vec<String> {
        let text = std::fs::read_to_string(&noted).unwrap_or_default();
        text.lines().map(str::to_owned).filter(|id| lives(id)).collect()
    };
    until("no encoder starts", || !encoders().is_empty());
    let running = encoders();
    service.kill();
    until("an encoder outlives its worker", || !running.iter().any(|id| lives(id)));
}

#[test]
fn a_full_disk_stops_work_and_fails_no_job() {
    let workspace = Workspace::new();
    let limits = |mib: u64| format!("limits: {{min_free_disk_mib: {mib}}}\n");
    workspace.write("config/defaults.yaml", limits(1 << 40));
    let mut command = workspace.command(&["serve", "--port", "0"]);
    let mut service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({
        "script": "Bread. And butter.", "profile": "test", "voice": "off", "captions": "off",
        "music_source": "none", "target_duration_seconds": 2,
    }));
    let said = service.wait_for("disk_full");
    assert!(said["reason"].as_str().is_some_and(|it| it.contains("min_free_disk_mib")), "{said}");
    assert_eq!(service.job(&id)["status"], "queued");
    let key = service.key.clone();
    assert_eq!(service.end(), Some(0));
    workspace.write("config/defaults.yaml", limits(1));
    // Partial files of a killed worker are removed at the end of its job.
    let part = workspace.write(&format!("storage/jobs/{id}/.work/x.0011-1.part"), b"half");
    let mut command = workspace.command(&["serve", "--port", "0"]);
    let mut service = Service::start(&mut command, workspace.root(), "again");
    service.key = key;
    service.until(&id, "done");
    assert!(!part.exists(), "a half-written file stays");
}

#[test]
fn a_worker_waits_for_a_database_that_is_started_after_it() {
    let postgres = Postgres::start();
    let address = postgres.new_database();
    let workspace = Workspace::new();
    workspace.write(".env", format!("DATABASE_URL={address}\n"));
    postgres.stop();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Longer than the timeout of one connection attempt.
            std::thread::sleep(Duration::from_secs(13));
            postgres.serve();
        });
        let worker =
            Service::start(&mut workspace.command(&["worker"]), workspace.root(), "worker");
        let waited = worker.events("store_unavailable");
        assert!(waited.iter().any(|line| line["operation"] == "start"), "{waited:?}");
    });
    // A path that cannot be a database is reported at once.
    workspace.write(".env", "DATABASE_URL=/proc/nowhere/pytoon.db\n");
    let begun = Instant::now();
    workspace.pytoon(&["worker"]).expect_failure(1, &["/proc/nowhere"]);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn shutdown_completes_despite_a_stuck_task() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {grace_seconds: 1}\n");
    let voices = workspace.path("voices");
    let start = |role: &[&str], name: &str| {
        let mut command = workspace.command(role);
        Service::start(command.env("PYTOON_VOICES", &voices), workspace.root(), name)
    };
    let api = start(&["api", "--port", "0"], "api");
    let stuck = api.submit(&json!({
        "script": "A cup of tea.", "profile": "test", "target_duration_seconds": 2,
    }));
    // A named pipe without a writer: reading this voice's manifest blocks for ever.
    std::fs::create_dir_all(voices.join("eva")).expect("a folder");
    let manifest = voices.join("eva/voice.json").display().to_string();
    tool("mkfifo", [manifest.as_str()]);
    let mut worker = start(&["worker"], "worker");
    until("the job begins", || api.job(&stuck)["status"] != "queued");
    std::thread::sleep(Duration::from_secs(1));
    let begun = Instant::now();
    assert_eq!(worker.end(), Some(0));
    let took = begun.elapsed();
    // The grace time, and then the time for handing back.
    assert!(took > Duration::from_secs(5), "no task was stuck: {took:?}");
    assert!(took < Duration::from_secs(25), "{took:?}");
}
