//! Compares a complete render with the bare encoding of its own frames.

use crate::rendering::{Peaks, brief, peaks_of_render, program, render};
use anyhow::{Context, bail};
use pytoon_core::profile::Profile;
use pytoon_core::timeline::Timeline;
use pytoon_media::encode::{SOFTWARE_ENCODER, codec_args};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const RUNS: usize = 5;

pub(crate) fn run() -> anyhow::Result<()> {
    let program = program()?;
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&work)?;
    let brief = brief(&work, "brief.json", &serde_json::json!({}))?;
    let frames = work.join("frames.yuv");
    let job = work.join("job");
    // The first render writes the frames, and warms all caches.
    render(&program, &brief, &job, &["--frames-out".as_ref(), frames.as_os_str()])?;
    // Three gigabytes of dirty pages would slow the runs down, the first most of all.
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
    let (mut ratios, mut wholes) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        let bare = encode(&timeline.profile, &frames, &work.join("bare.mp4"))?.as_secs_f64();
        std::fs::remove_dir_all(&job)?;
        let whole = render(&program, &brief, &job, &[])?.as_secs_f64();
        let ratio = whole / bare;
        println!(
            "film: run {run}: bare encode {bare:.2} s, whole render {whole:.2} s, ratio {ratio:.3}"
        );
        ratios.push(ratio);
        wholes.push(whole);
    }
    let mut peaks = Peaks::default();
    for _ in 0..RUNS {
        std::fs::remove_dir_all(&job)?;
        let Peaks { own_mib, sum_mib } = peaks_of_render(&program, &brief, &job)?;
        peaks.own_mib = f64::max(peaks.own_mib, own_mib);
        peaks.sum_mib = f64::max(peaks.sum_mib, sum_mib);
    }
    println!(
        "film: ratio {:.3} (median of {RUNS}), own peak {:.0} MiB, with its programs {:.0} MiB (worst of {RUNS})",
        median(&mut ratios),
        peaks.own_mib,
        peaks.sum_mib
    );
    std::fs::remove_file(&frames).context("failed to remove the frames")?;
    again(&program, &work, &job, median(&mut wholes))?;
    cores(&program, &brief, &work)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures re-renders into the finished folder with one caption or one picture changed, relative to the first
/// render.
fn again(program: &Path, work: &Path, job: &Path, whole: f64) -> anyhow::Result<()> {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pictures/05_row.jpg");
    let scene = |change: serde_json::Value| serde_json::json!({"scenes": [change]});
    let again = |name: &str, change: &serde_json::Value| -> anyhow::Result<f64> {
        let changed = brief(work, name, change)?;
        Ok(render(program, &changed, job, &[])?.as_secs_f64() / whole)
    };
    let (mut captions, mut media) = (Vec::new(), Vec::new());
    for run in 0..3 {
        let caption = format!("Cup {run}");
        captions.push(again(
            "caption.json",
            &scene(serde_json::json!({"scene": 4, "caption": caption})),
        )?);
    }
    for run in 0..3 {
        let file = work.join(format!("picture{run}.jpg"));
        copy_changed(&picture, &file, run)?;
        let change = serde_json::json!({"scene": 4, "caption": "Cup 2", "media": file});
        media.push(again("picture.json", &scene(change))?);
    }
    println!(
        "film: rendered again with one caption changed {:.3}, with one picture changed {:.3} of the first render (medians of three)",
        median(&mut captions),
        median(&mut media)
    );
    Ok(())
}

/// Copies a picture and appends bytes, which change the file but not the picture.
fn copy_changed(from: &Path, to: &Path, run: u8) -> anyhow::Result<()> {
    let mut bytes = std::fs::read(from)?;
    bytes.extend([0, run]);
    Ok(std::fs::write(to, bytes)?)
}

/// Renders on one core and on two, compares the two files, and prints the speedup.
fn cores(program: &Path, brief: &Path, work: &Path) -> anyhow::Result<()> {
    let mut films = Vec::new();
    for cores in ["0", "0,1"] {
        let job = work.join(format!("cores-{}", cores.len()));
        let _ = std::fs::remove_dir_all(&job);
        let begun = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "a bench, not part of the product")]
        let status = Command::new("taskset")
            .args(["-c", cores])
            .arg(program)
            .args(["render", "--quiet"])
            .arg(brief)
            .arg("--out")
            .arg(&job)
            .stdout(std::process::Stdio::null())
            .status()?;
        anyhow::ensure!(status.success(), "the render on cores {cores} failed: {status}");
        films.push((begun.elapsed().as_secs_f64(), std::fs::read(job.join("output.mp4"))?));
    }
    let same = if films[0].1 == films[1].1 { "equal" } else { "DIFFERENT" };
    println!(
        "film: one core {:.2} s, two cores {:.2} s: {:.2} times as fast, files {same}",
        films[0].0,
        films[1].0,
        films[0].0 / films[1].0
    );
    Ok(())
}

/// Encodes raw frames with FFmpeg alone, at the settings of `profile`, and returns the duration.
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
