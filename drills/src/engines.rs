//! Kills rendering processes a thousand times at random moments, finishes each job afterwards, and compares the
//! ledger with the simulator's own.
//!
//! Kills are grouped into rounds, each with its own ledgers. The counts of finished rounds are stored in a file below
//! the build folder until all rounds are done, so that an interrupted drill can be resumed.

use crate::accounting::{Submission, by_task, duplicates, rows, submissions};
use crate::dice::Dice;
use crate::simulator::{Simulator, engine_yaml, program};
use crate::{note, number, result};
use anyhow::{Context, ensure};
use pytoon_records::ledger::{CallRow, CallState};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The number of concurrent sequences of jobs (lanes).
const LANES: u64 = 2;
/// The number of runs after which an unfinished job counts as lost.
const MOST_RUNS: u32 = 200;
/// The upper bound of the random part of a process's life, in milliseconds. A process is killed 20 ms plus this part
/// after its start, unless it ends earlier, as most do.
const LONGEST_LIFE_MS: u64 = 1500;
/// Maximum number of kills per job.
const KILLS_OF_A_JOB: u32 = 40;

struct Drill {
    folder: PathBuf,
    url: String,
    kills_wanted: u64,
    kills: AtomicU64,
    jobs: AtomicU64,
    lost: Mutex<Vec<String>>,
    pytoon: PathBuf,
}

/// The number of kills per round.
const ROUND: u64 = 500;

/// The names of the counts.
const COUNTED: [&str; 6] =
    ["kills", "jobs", "jobs_lost", "duplicate_paid_submissions", "paid_clips_lost", "unknown"];

/// The totals of one or more rounds, in the order of [`COUNTED`].
type Counts = [u64; COUNTED.len()];

/// Runs the kill drill, or resumes an interrupted one with the same seed. `KILLS` and `SEED` in the environment
/// replace the number of kills and the seed.
pub(crate) fn run() -> anyhow::Result<()> {
    let kills_wanted = number("KILLS", 1000)?;
    let seed = number("SEED", 1)?;
    let file = state_file(seed)?;
    let (mut rounds, mut sums) = read_state(&file);
    if rounds > 0 {
        note(&format!(
            "resuming after {rounds} rounds with {} kills ({})",
            sums[0],
            file.display()
        ));
    }
    while sums[0] < kills_wanted {
        let counts = round(ROUND.min(kills_wanted - sums[0]), seed + rounds)?;
        ensure!(counts[0] > 0, "a round without a kill");
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
        rounds += 1;
        pytoon_process::disk::write_whole(&file, json!([rounds, sums]).to_string().as_bytes())?;
        note(&format_counts(&sums));
    }
    result(&format_counts(&sums));
    std::fs::remove_file(&file)?;
    Ok(())
}

fn format_counts(sums: &Counts) -> String {
    let pairs = COUNTED.iter().zip(sums).map(|(name, sum)| format!("{name}={sum}"));
    format!("drill-engines {}", pairs.collect::<Vec<_>>().join(" "))
}

/// Returns the path of the file with finished rounds. It is beside the binary, where `make clean` removes it too.
fn state_file(seed: u64) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("the program lies in a folder")?;
    Ok(folder.join(format!("drill-engines-{seed}.json")))
}

/// Reads the counts of finished rounds; zeros if no drill was interrupted.
fn read_state(file: &Path) -> (u64, Counts) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Runs one round of kills, and compares the ledgers.
fn round(kills_wanted: u64, seed: u64) -> anyhow::Result<Counts> {
    let keep = tempfile::Builder::new().prefix("pytoon-drill-").tempdir()?;
    let folder = keep.path().to_owned();
    let simulator = Simulator::start(&folder, &scenario(seed), 20.0)?;
    let config = folder.join("config");
    std::fs::create_dir_all(&config)?;
    std::fs::write(config.join("engine.yaml"), engine_yaml(&simulator.url, ""))?;
    let drill = Drill {
        folder,
        url: simulator.url.clone(),
        kills_wanted,
        kills: AtomicU64::new(0),
        jobs: AtomicU64::new(0),
        lost: Mutex::new(Vec::new()),
        pytoon: program("pytoon")?,
    };
    note(&format!("killing {kills_wanted} times against {}", drill.url));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let drill = &drill;
                scope.spawn(move || lane_of(drill, lane, seed))
            })
            .collect();
        lanes.into_iter().try_for_each(|lane| {
            lane.join().map_err(|_| anyhow::anyhow!("a lane of the drill stopped"))?
        })
    })?;
    note(&format!("done in {} s; comparing the books", begun.elapsed().as_secs()));
    conclude(&drill, &simulator)
}

/// Returns a scenario in which a few submissions, polls and downloads fail, in various ways.
pub(crate) fn scenario(seed: u64) -> Value {
    let rule = |step: &str, fault: &str, probability: f64| json!({"step": step, "fault": fault, "probability": probability});
    json!({
        "seed": seed,
        "defaults": {"queue_ms": 500, "run_ms": 3000},
        "rules": [
            rule("submit", "server_error", 0.01),
            rule("submit", "unavailable", 0.02),
            rule("submit", "rate_limited", 0.02),
            rule("submit", "drop_before_accept", 0.01),
            rule("submit", "drop_after_accept", 0.02),
            rule("poll", "unavailable", 0.02),
            rule("poll", "unknown_status", 0.01),
            rule("poll", "failed", 0.005),
            rule("download", "truncated_clip", 0.02),
            rule("download", "frozen_clip", 0.01),
            rule("submit", "moderation", 0.005),
        ]
    })
}

/// Runs jobs one after another until the drill has reached its number of kills.
fn lane_of(drill: &Drill, lane: u64, seed: u64) -> anyhow::Result<()> {
    let mut dice = Dice::new(seed.wrapping_mul(1000) + lane);
    while drill.kills.load(Ordering::Relaxed) < drill.kills_wanted {
        let job = drill.jobs.fetch_add(1, Ordering::Relaxed);
        finish_job(drill, job, &mut dice)?;
    }
    Ok(())
}

fn brief(job: u64) -> String {
    format!(
        "script: |\n  <SHOT 1>\n  Wide view of drill {job} first\n  <SHOT 2>\n  Close view of drill {job} second\n  <SHOT 3>\n  High view of drill {job} third\nprofile: test\nvoice: off\ncaptions: off\nmusic_source: none\ntarget_duration_seconds: 2\nscenes:\n  - {{scene: 1, prompt: \"drill {job} scene 1\"}}\n  - {{scene: 2, prompt: \"drill {job} scene 2\"}}\n  - {{scene: 3, prompt: \"drill {job} scene 3\"}}\n"
    )
}

/// Renders a job in repeated runs. Kills the process of each run at random, until one run completes or the job counts
/// as lost.
fn finish_job(drill: &Drill, job: u64, dice: &mut Dice) -> anyhow::Result<()> {
    let name = format!("job_{job:04}");
    let file = drill.folder.join(format!("{name}.yaml"));
    std::fs::write(&file, brief(job))?;
    let out = drill.folder.join(&name);
    for run in 0..MOST_RUNS {
        let mut child = start(drill, &file, &out, run)?;
        // A job that is killed this often on a slow machine is then spared, as the last ones are.
        let spare =
            drill.kills.load(Ordering::Relaxed) >= drill.kills_wanted || run >= KILLS_OF_A_JOB;
        let life = Duration::from_millis(20 + dice.below(LONGEST_LIFE_MS));
        let begun = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if !spare && begun.elapsed() >= life && drill.may_kill() {
                break None;
            }
            ensure!(begun.elapsed() < Duration::from_secs(120), "{name} hangs");
            std::thread::sleep(Duration::from_millis(2));
        };
        match ended {
            Some(status) if status.success() && out.join("output.mp4").is_file() => return Ok(()),
            Some(status) => {
                let log = std::fs::read_to_string(drill.folder.join(format!("{name}.log")));
                let log = log.unwrap_or_default();
                let tail = log.lines().rev().take(5).collect::<Vec<_>>().join("\n");
                drill.lose(format!("{name} ended with {status}:\n{tail}"));
                return Ok(());
            }
            None => {
                // SIGKILL: none of its threads continues.
                child.kill()?;
                child.wait()?;
                let kills = drill.kills.load(Ordering::Relaxed);
                if kills.is_multiple_of(100) {
                    note(&format!("{kills} kills, {} jobs", drill.jobs.load(Ordering::Relaxed)));
                }
            }
        }
    }
    drill.lose(format!("{name} was not finished after {MOST_RUNS} runs"));
    Ok(())
}

impl Drill {
    /// Counts a kill and returns true, unless all lanes together have reached the limit.
    fn may_kill(&self) -> bool {
        let one_more = |kills| (kills < self.kills_wanted).then_some(kills + 1);
        self.kills.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn lose(&self, why: String) {
        note(&why);
        self.lost.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(why);
    }
}

fn start(drill: &Drill, file: &Path, out: &Path, run: u32) -> anyhow::Result<std::process::Child> {
    let name = out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let log = std::fs::File::create(drill.folder.join(format!("{name}.log")))?;
    #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
    let mut command = Command::new(&drill.pytoon);
    // Either command resumes an unfinished job; both are tested.
    let begun = out.join(".work").join("brief.json").is_file();
    if run % 2 == 1 && begun {
        command.arg("resume").arg(out);
    } else {
        command.arg("render").arg(file).arg("--out").arg(out);
    }
    command
        .current_dir(&drill.folder)
        .env("RUNWAY_API_KEY", "key_drill_runway")
        .env("PIKA_API_KEY", "drill_pika")
        .env("LUMA_API_KEY", "luma-api-drill")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("failed to start pytoon")
}

fn conclude(drill: &Drill, simulator: &Simulator) -> anyhow::Result<Counts> {
    let told = submissions(&simulator.get("/_sim/ledger")?);
    let database = drill.folder.join("storage").join("pytoon.db");
    let rows = rows(&database.to_string_lossy())?;
    let by_task = by_task(&rows);
    // The client never got the id of these submissions.
    let unanswered: BTreeSet<&str> = told
        .iter()
        .filter(|s| s.referenced == 0 && !by_task.contains_key(&s.id))
        .map(|s| s.id.as_str())
        .collect();
    let (undecided, never_arrived) = count_undecided(&rows, &told, &unanswered);
    let duplicates = duplicates(&told, &by_task);
    let lost_clips: Vec<&Submission> = told
        .iter()
        .filter(|s| !unanswered.contains(s.id.as_str()))
        .filter(|s| s.state == "succeeded" && !s.moderated && !s.cancelled)
        .filter(|s| {
            !by_task
                .get(&s.id)
                .is_some_and(|row| matches!(row.state, CallState::Kept | CallState::BadOutput))
        })
        .collect();
    for s in &lost_clips {
        let state = by_task.get(&s.id).map_or("no row", |row| row.state.as_str());
        note(&format!("paid and not kept: {} ({}), row: {state}", s.id, s.prompt));
    }
    let lost = drill.lost.lock().map(|lost| lost.len()).unwrap_or(usize::MAX);
    note(&format!(
        "simulator: accepted={} accepted_but_unanswered={}; ledger: undecided={} of which the vendor never heard={}",
        told.len(),
        unanswered.len(),
        undecided + never_arrived,
        never_arrived
    ));
    let counts = [
        drill.kills.load(Ordering::Relaxed),
        drill.jobs.load(Ordering::Relaxed),
        lost as u64,
        duplicates.len() as u64,
        lost_clips.len() as u64,
        undecided as u64,
    ];
    note(&format_counts(&counts));
    for why in &duplicates {
        note(why);
    }
    ensure!(lost == 0, "jobs were lost");
    ensure!(duplicates.is_empty(), "clips were bought twice");
    ensure!(lost_clips.is_empty(), "paid clips were lost");
    ensure!(
        undecided == unanswered.len(),
        "the ledger has {undecided} undecided calls that arrived, the simulator {}",
        unanswered.len()
    );
    Ok(counts)
}

/// Counts the undecided calls in the ledger: those that the vendor accepted, and those that were not sent because the
/// process died first. The prompt distinguishes them, as it would for an operator on the vendor's page.
fn count_undecided(
    rows: &[CallRow],
    told: &[Submission],
    unanswered: &BTreeSet<&str>,
) -> (usize, usize) {
    let mut open: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for s in told.iter().filter(|s| unanswered.contains(s.id.as_str())) {
        *open.entry((s.prompt.as_str(), "")).or_default() += 1;
    }
    let mut arrived = 0;
    let mut never = 0;
    for row in rows.iter().filter(|r| matches!(r.state, CallState::Unknown | CallState::Intent)) {
        match open.get_mut(&(row.prompt.as_str(), "")) {
            Some(left) if *left > 0 => {
                *left -= 1;
                arrived += 1;
            }
            _ => never += 1,
        }
    }
    (arrived, never)
}
