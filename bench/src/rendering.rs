//! Runs a render as a separate process, and measures its duration and the memory of the process and its children.

use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The peak memory of a render.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Peaks {
    /// The peak resident memory of pytoon's own process, in MiB.
    pub(crate) own_mib: f64,
    /// The peak total resident memory of pytoon and its child processes, in MiB. Shared pages count once for each
    /// process.
    pub(crate) sum_mib: f64,
}

/// Returns the path of the `pytoon` that was built beside this binary.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("pytoon");
    if !program.is_file() {
        bail!("{} is not there: run `make build` first", program.display());
    }
    Ok(program)
}

/// Writes the brief of a film of exactly 30 s with the example's pictures. Fields in `more` replace those of the
/// brief.
pub(crate) fn brief(work: &Path, name: &str, more: &serde_json::Value) -> anyhow::Result<PathBuf> {
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pictures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&pictures)
        .with_context(|| format!("failed to read {}", pictures.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "jpg"))
        .collect();
    files.sort();
    let list: Vec<String> = files
        .iter()
        .filter_map(|p| Some(std::fs::canonicalize(p).ok()?.display().to_string()))
        .collect();
    let mut brief = serde_json::json!({
        "script": "Good mornings start with better coffee. We roast small batches every single day, by hand. \
                   The beans come from farms we know by name. Grind them fresh, pour slowly, and breathe in. \
                   Sweet, round and clean, cup after cup. Delivered to your door within two days. \
                   Try your first bag for only $5.",
        "media_files": list,
        "target_duration_seconds": 30,
        "seed": 7,
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        brief[field] = value.clone();
    }
    let path = work.join(name);
    std::fs::write(&path, serde_json::to_vec_pretty(&brief)?)?;
    Ok(path)
}

/// Renders a brief, and returns the duration.
///
/// The process is not observed in the meantime. Reading the memory of all processes, as [`peaks_of_render`] does,
/// takes CPU time from the render on a machine with two cores.
pub(crate) fn render(
    program: &Path,
    brief: &Path,
    job: &Path,
    extra: &[&OsStr],
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let status = start(program, brief, job, extra)?.wait()?;
    if !status.success() {
        bail!("the render failed: {status}");
    }
    Ok(begun.elapsed())
}

/// Renders a brief, and returns its peak memory use.
pub(crate) fn peaks_of_render(program: &Path, brief: &Path, job: &Path) -> anyhow::Result<Peaks> {
    let mut child = start(program, brief, job, &[])?;
    let mut peaks = Peaks::default();
    loop {
        if let Some(kib) = status_kib(child.id(), "VmHWM:") {
            peaks.own_mib = f64::max(peaks.own_mib, kib / 1024.0);
        }
        peaks.sum_mib = f64::max(peaks.sum_mib, family_kib(child.id()) / 1024.0);
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("the render failed: {status}");
            }
            return Ok(peaks);
        }
        std::thread::sleep(Duration::from_millis(40));
    }
}

fn start(program: &Path, brief: &Path, job: &Path, extra: &[&OsStr]) -> anyhow::Result<Child> {
    #[expect(clippy::disallowed_methods, reason = "a bench, not part of the product")]
    let child = Command::new(program)
        .args(["render", "--quiet"])
        .arg(brief)
        .arg("--out")
        .arg(job)
        .args(extra)
        .stdout(Stdio::null())
        .spawn()?;
    Ok(child)
}

/// Returns a value in `/proc/PID/status`, in KiB; `None` if the process has ended.
fn status_kib(pid: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the resident memory of a process and all of its descendants, in KiB.
fn family_kib(root: u32) -> f64 {
    let mut parents: BTreeMap<u32, u32> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(parent) = status_kib(pid, "PPid:") {
            parents.insert(pid, parent as u32);
        }
    }
    let is_family = |mut pid: u32| {
        // No chain of parents is longer.
        for _ in 0..parents.len() {
            match parents.get(&pid) {
                _ if pid == root => return true,
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    let family = parents.keys().filter(|pid| is_family(**pid));
    family.filter_map(|pid| status_kib(*pid, "VmRSS:")).sum()
}

/// Returns the median of an odd number of values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
