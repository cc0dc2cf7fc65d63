//! Renders many films with one service, a few at a time. At the end it must use no more memory, files, threads and
//! disk than near the beginning.
//!
//! Each film is downloaded and its job deleted, as callers do. The medians of the second quarter and of the last are
//! compared, since the first quarter is warm-up. Purchased clips are stored for `storage.retention.clips_days`, by
//! default for ever, so they are counted separately.

use crate::accounting::{by_task, duplicates, rows, submissions};
use crate::client::{Caller, brief};
use crate::engines::scenario;
use crate::fleet::{Fleet, free_port};
use crate::simulator::{Simulator, engine_yaml};
use crate::{note, number, result};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// The number of films in progress.
const UNDER_WAY: usize = 6;
/// The timeout of a film.
const PATIENCE: Duration = Duration::from_secs(300);
/// The allowed increase of memory, in MiB. It covers measurement noise but not growth over hundreds of films.
const MEMORY_MIB: f64 = 16.0;
const FILES: f64 = 6.0;
const THREADS: f64 = 4.0;
const DISK_MIB: f64 = 8.0;

/// The resources that a process uses.
#[derive(Debug, Clone, Copy)]
struct Holds {
    memory_mib: f64,
    files: f64,
    threads: f64,
    disk_mib: f64,
    /// The size of purchased clips, in MiB.
    clips_mib: f64,
}

impl std::fmt::Display for Holds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory_mib, files, threads, disk_mib, clips_mib } = self;
        write!(
            f,
            "{memory_mib:.1} MiB of memory, {files} files, {threads} threads, {disk_mib:.1} MiB of disk, \
             {clips_mib:.1} MiB of bought clips"
        )
    }
}

/// Runs the soak drill. `JOBS` and `SEED` in the environment replace the number of films and the seed.
pub(crate) fn run() -> anyhow::Result<()> {
    let jobs = number("JOBS", 500)?;
    let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
    let folder = keep.path();
    let simulator = Simulator::start(folder, &scenario(number("SEED", 1)?), 20.0)?;
    std::fs::create_dir_all(folder.join("config"))?;
    std::fs::write(folder.join("config/engine.yaml"), engine_yaml(&simulator.url, ""))?;
    let settings = "service: {requests_per_minute: 0, submissions_per_minute: 0}\n";
    std::fs::write(folder.join("config/defaults.yaml"), settings)?;
    let mut fleet = Fleet::new(folder, None);
    let port = free_port()?.to_string();
    let place = fleet.add("serve", &[], &["serve", "--port", &port])?;
    let caller = Caller::new(&format!("http://127.0.0.1:{port}"), &fleet.first_key("serve")?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let process = fleet.id(place).context("the service runs")?;
    let storage = folder.join("storage");
    let begun = Instant::now();
    let (mut next, mut done, mut open) = (0, 0u64, Vec::<(String, Instant)>::new());
    let mut samples = Vec::new();
    while done < jobs {
        while open.len() < UNDER_WAY && next < jobs {
            let id = runtime.block_on(caller.submit(&film(next), &format!("soak-{next}")))?;
            open.push((id, Instant::now()));
            next += 1;
        }
        let mut still = Vec::new();
        for (id, since) in open {
            let job = runtime.block_on(caller.get(&format!("/api/v2/jobs/{id}")))?;
            match job["status"].as_str().unwrap_or_default() {
                "done" => {
                    let film = format!("/api/v2/jobs/{id}/artifacts/output.mp4");
                    let bytes = runtime.block_on(caller.bytes(&film))?;
                    ensure!(bytes.len() > 1000, "{id}: a film of {} bytes", bytes.len());
                    runtime.block_on(caller.delete(&format!("/api/v2/jobs/{id}")))?;
                    done += 1;
                    if done.is_multiple_of((jobs / 40).max(1)) {
                        samples.push(holds(process, &storage)?);
                    }
                    if done.is_multiple_of((jobs / 10).max(1)) {
                        let seconds = begun.elapsed().as_secs();
                        if let Some(now) = samples.last() {
                            note(&format!("{done} films after {seconds} s: {now}"));
                        }
                    }
                }
                "failed" | "cancelled" | "held" => anyhow::bail!("{id}: {}", job["error"]),
                status => {
                    ensure!(since.elapsed() < PATIENCE, "{id} has been {status} for too long");
                    still.push((id, since));
                }
            }
        }
        open = still;
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = begun.elapsed().as_secs();
    std::thread::sleep(Duration::from_secs(5));
    let rest = holds(process, &storage)?;
    let orphans = fleet.end()?;
    let told = submissions(&simulator.get("/_sim/ledger")?);
    let rows = rows(&storage.join("pytoon.db").to_string_lossy())?;
    let duplicates = duplicates(&told, &by_task(&rows));
    for why in &duplicates {
        note(why);
    }
    let quarter = samples.len() / 4;
    let early = median(&samples[quarter..2 * quarter]);
    let late = median(&samples[3 * quarter..]);
    result(&format!(
        "soak jobs={jobs} done={done} duplicate_paid_submissions={} orphans={orphans} \
         memory_mib={:.1}..{:.1} files={:.0}..{:.0} threads={:.0}..{:.0} disk_mib={:.1}..{:.1} \
         rest_memory_mib={:.1} rest_files={:.0} rest_threads={:.0} rest_disk_mib={:.1} bought_clips_mib={:.1} seconds={seconds}",
        duplicates.len(),
        early.memory_mib,
        late.memory_mib,
        early.files,
        late.files,
        early.threads,
        late.threads,
        early.disk_mib,
        late.disk_mib,
        rest.memory_mib,
        rest.files,
        rest.threads,
        rest.disk_mib,
        rest.clips_mib,
    ));
    ensure!(duplicates.is_empty() && orphans == 0, "something was made twice or left behind");
    for (what, early, late, more) in [
        ("memory", early.memory_mib, late.memory_mib, MEMORY_MIB),
        ("files", early.files, late.files, FILES),
        ("threads", early.threads, late.threads, THREADS),
        ("disk", early.disk_mib, late.disk_mib, DISK_MIB),
    ] {
        ensure!(late <= early + more, "{what} grew from {early:.1} to {late:.1}");
    }
    Ok(())
}

/// Returns the brief with the given number. The films are drawn, in turn, by engines without a voice, by engines with
/// a voice, and by this machine alone.
fn film(number: u64) -> Value {
    let mut brief = brief(number);
    if number % 3 == 1 {
        brief["voice"] = json!({});
        brief["captions"] = json!({"look": "pop"});
    }
    if number % 3 == 2 {
        brief["engine_override"] = json!("local");
        // The preset's own music.
        if let Some(fields) = brief.as_object_mut() {
            fields.remove("music_source");
        }
    }
    brief
}

fn holds(process: u32, storage: &Path) -> anyhow::Result<Holds> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let fact = |name: &str| -> anyhow::Result<f64> {
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).context("no such fact")?;
        Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
    };
    let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let clips = bytes_below(&storage.join("clips"));
    Ok(Holds {
        memory_mib: fact("VmRSS:")? / 1024.0,
        files: files as f64,
        threads: fact("Threads:")?,
        disk_mib: mib(bytes_below(storage).saturating_sub(clips)),
        clips_mib: mib(clips),
    })
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_below(&entry.path()),
            Ok(data) => data.len(),
            // It was removed meanwhile.
            Err(_) => 0,
        })
        .sum()
}

fn median(samples: &[Holds]) -> Holds {
    let of = |what: fn(&Holds) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Holds {
        memory_mib: of(|h| h.memory_mib),
        files: of(|h| h.files),
        threads: of(|h| h.threads),
        disk_mib: of(|h| h.disk_mib),
        clips_mib: of(|h| h.clips_mib),
    }
}
