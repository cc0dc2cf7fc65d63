//! A whole render against the bare encode of its own frames.

use anyhow::{Context, bail};
use pytoon_core::profile::Profile;
use pytoon_core::timeline::Timeline;
use pytoon_media::ffmpeg::encode::{SOFTWARE_ENCODER, codec_args};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 5;

pub(crate) fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = std::env::current_exe()?.with_file_name("pytoon");
    if !program.is_file() {
        bail!("{} is not there: run `make build` first", program.display());
    }
    let work = root.join("target/bench");
    std::fs::create_dir_all(&work)?;
    let brief = bench_brief(&root, &work)?;
    let frames = work.join("frames.yuv");
    let job = work.join("job");
    // The first render writes the frames, and warms every cache alike.
    render(&program, &brief, &job, &["--frames-out".as_ref(), frames.as_os_str()])?;
    // Three gigabytes that are still on their way to the disk would slow the runs down, the first
    // most of all.
    std::fs::File::open(&frames)?.sync_all()?;
    let timeline: Timeline = serde_json::from_slice(&std::fs::read(job.join("timeline.json"))?)?;
    println!(
        "film: {} frames of {}x{}, encoder {} {}",
        timeline.total_frames,
        timeline.profile.width,
        timeline.profile.height,
        SOFTWARE_ENCODER,
        timeline.profile.video.preset
    );
    let mut ratios = Vec::new();
    let mut peaks = Vec::new();
    for run in 1..=RUNS {
        let bare = encode(&timeline.profile, &frames, &work.join("bare.mp4"))?;
        std::fs::remove_dir_all(&job)?;
        let (whole, peak_mib) = render(&program, &brief, &job, &[])?;
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!(
            "film: run {run}: bare encode {:.2} s, whole render {:.2} s, ratio {ratio:.3}, pytoon's own peak {peak_mib:.0} MiB",
            bare.as_secs_f64(),
            whole.as_secs_f64()
        );
        ratios.push(ratio);
        peaks.push(peak_mib);
    }
    ratios.sort_by(f64::total_cmp);
    let peak = peaks.into_iter().fold(0.0, f64::max);
    println!("film: ratio {:.3} (median of {RUNS}), peak memory {peak:.0} MiB", ratios[RUNS / 2]);
    std::fs::remove_file(&frames).context("failed to remove the frames")?;
    Ok(())
}

/// The example's pictures in a film of exactly 30 s.
fn bench_brief(root: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    let pictures = root.join("examples/pictures");
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
    let brief = serde_json::json!({
        "script": "Good mornings start with better coffee. We roast small batches every single day, by hand. \
                   The beans come from farms we know by name. Grind them fresh, pour slowly, and breathe in. \
                   Sweet, round and clean, cup after cup. Delivered to your door within two days. \
                   Try your first bag for only $5.",
        "media_files": list,
        "target_duration_seconds": 30,
        "seed": 7,
    });
    let path = work.join("brief.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&brief)?)?;
    Ok(path)
}

/// Renders; how long it took, and the peak memory of the process itself.
fn render(
    program: &Path,
    brief: &Path,
    job: &Path,
    extra: &[&std::ffi::OsStr],
) -> anyhow::Result<(Duration, f64)> {
    let begun = Instant::now();
    #[expect(clippy::disallowed_methods, reason = "a bench, not part of the product")]
    let mut child = Command::new(program)
        .args(["render", "--quiet"])
        .arg(brief)
        .arg("--out")
        .arg(job)
        .args(extra)
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak_kib = 0.0;
    loop {
        if let Some(kib) = high_water_kib(child.id()) {
            peak_kib = f64::max(peak_kib, kib);
        }
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("the render failed: {status}");
            }
            return Ok((begun.elapsed(), peak_kib / 1024.0));
        }
        // The mark only rises: looking now and then, and not disturbing the run, is enough.
        std::thread::sleep(Duration::from_millis(40));
    }
}

/// The kernel's own record of the most memory that was resident.
fn high_water_kib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// FFmpeg alone on the same frames at the same settings.
fn encode(profile: &Profile, frames: &Path, output: &Path) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    #[expect(clippy::disallowed_methods, reason = "a bench, not part of the product")]
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p"])
        .args(["-s", &format!("{}x{}", profile.width, profile.height)])
        .args(["-r", &profile.frame_rate.to_ratio_string()])
        .arg("-i")
        .arg(frames)
        .args(codec_args(profile, SOFTWARE_ENCODER))
        .arg(output)
        .status()?;
    if !status.success() {
        bail!("the bare encode failed: {status}");
    }
    Ok(begun.elapsed())
}
