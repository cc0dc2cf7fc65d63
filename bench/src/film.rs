//! A whole render against the bare encode of its own frames.

use crate::rendering::{Cost, brief, program, render};
use anyhow::{Context, bail};
use pytoon_core::profile::Profile;
use pytoon_core::timeline::Timeline;
use pytoon_media::ffmpeg::encode::{SOFTWARE_ENCODER, codec_args};
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
        let Cost { wall: whole, own_mib: peak_mib, .. } = render(&program, &brief, &job, &[])?;
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
