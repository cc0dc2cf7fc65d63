//! The self-check: compares the finished file with the timeline.
//!
//! Facts about pictures come from the composed frames. In the file, only the key frames are decoded, or every frame
//! on request. Findings are reported, not hidden; they do not fail a render.

use crate::PipelineError;
use crate::receipt::{Finding, SelfCheck};
use crate::stages::picture::PictureReport;
use crate::stages::sound::SoundReport;
use pytoon_core::preset::TransitionKind;
use pytoon_core::timeline::reading::AtEnd;
use pytoon_core::timeline::{AudioTrack, ClipSource, Timeline};
use pytoon_ffmpeg::probe::{MediaProbe, probe};
use pytoon_ffmpeg::verify::{self, FrameLook};
use pytoon_process::{Runner, SystemError, threads};
use pytoon_telemetry::Event;
use pytoon_vocabulary::Frame;
use std::path::Path;

/// The length above which a run of unchanging frames can be reported as frozen, in seconds.
const STILL_SECONDS: f64 = 2.0;

/// The smallest distance of a sound effect below words, in LU.
const LEAST_BELOW_WORDS_LU: f64 = 10.0;

const CHECKS: &[&str] = &[
    "length",
    "size",
    "codecs",
    "loudness",
    "true_peak",
    "clipping",
    "silence",
    "effects",
    "black",
    "frozen",
    "cue_overlap",
    "glyphs",
    "decodes",
];

/// A finished film and the measurements that were made while it was drawn and mixed.
pub(crate) struct Finished<'a> {
    pub(crate) timeline: &'a Timeline,
    pub(crate) sound: &'a SoundReport,
    pub(crate) picture: &'a PictureReport,
    pub(crate) output: &'a Path,
    pub(crate) target_lufs: f64,
}

/// Compares a finished film with its timeline and logs each finding. Returns the findings and the properties of the
/// file.
pub(crate) fn check(
    runner: &Runner,
    film: &Finished<'_>,
    full: bool,
) -> Result<(SelfCheck, MediaProbe), PipelineError> {
    let look = || {
        if full {
            return verify::look_at_all(runner, film.output);
        }
        verify::look_at_key_frames(runner, film.output)
    };
    let (looks, probed) = threads::side_by_side(look, || probe(runner, film.output));
    let probed = probed?;
    let looks = looks.map_err(|_| {
        PipelineError::Internal("the check of the finished film ended unexpectedly".into())
    })?;
    let mut findings = Findings::default();
    check_file(&mut findings, film, &probed);
    check_sound(&mut findings, film);
    check_picture(&mut findings, film);
    check_captions(&mut findings, film.timeline);
    match looks {
        Ok(looks) => check_decoded(&mut findings, film, &looks, full),
        // The film could not be read, so the check says nothing about it.
        Err(error) if matches!(error, SystemError::Cancelled) || error.is_exhausted() => {
            return Err(error.into());
        }
        Err(error) => findings.add("decodes", format!("failed to {error}")),
    }
    for finding in &findings.0 {
        Event::SelfCheckFinding { check: &finding.check, detail: &finding.detail }.emit();
    }
    let checks = CHECKS.iter().map(|c| (*c).to_owned()).collect();
    Ok((SelfCheck { full, checks, findings: findings.0 }, probed))
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &str, detail: impl Into<String>) {
        self.0.push(Finding { check: check.to_owned(), detail: detail.into() });
    }
}

fn check_file(findings: &mut Findings, film: &Finished<'_>, probed: &MediaProbe) {
    let profile = &film.timeline.profile;
    let Some(video) = &probed.video else {
        return findings.add("codecs", "there is no video stream");
    };
    if video.codec != "h264" || video.pixel_format != "yuv420p" {
        findings.add(
            "codecs",
            format!("the video is {} {} instead of h264 yuv420p", video.codec, video.pixel_format),
        );
    }
    match &probed.audio {
        Some(audio) if audio.codec == "aac" && audio.sample_rate == 48_000 => {}
        Some(audio) => findings.add(
            "codecs",
            format!(
                "the audio is {} at {} Hz instead of aac at 48000 Hz",
                audio.codec, audio.sample_rate
            ),
        ),
        None => findings.add("codecs", "there is no audio stream"),
    }
    if (video.width, video.height) != (profile.width, profile.height) {
        findings.add(
            "size",
            format!(
                "the video has {}x{} pixels instead of {}x{}",
                video.width, video.height, profile.width, profile.height
            ),
        );
    }
    let frames = video.frames.map(Frame::new);
    if frames != Some(film.timeline.total_frames) {
        let found = frames.map_or("an unknown number of".to_owned(), |frames| frames.to_string());
        findings.add(
            "length",
            format!("the video has {found} frames instead of {}", film.timeline.total_frames),
        );
    }
    let wanted = film.timeline.frame_rate.frame_to_seconds(film.timeline.total_frames);
    let frame = 1.0 / film.timeline.frame_rate.as_f64();
    if (probed.duration_s - wanted).abs() > frame {
        findings.add(
            "length",
            format!("the film lasts {:.3} s instead of {wanted:.3} s", probed.duration_s),
        );
    }
}

fn check_sound(findings: &mut Findings, film: &Finished<'_>) {
    let sounds = !film.timeline.tracks.audio.is_empty();
    match film.sound.decoded_lufs {
        Some(lufs) if (lufs - film.target_lufs).abs() > 0.3 => {
            findings.add(
                "loudness",
                format!("the loudness is {lufs:.2} LUFS instead of {:.1} LUFS", film.target_lufs),
            );
        }
        None if sounds => {
            findings.add("silence", "the film is silent although it has a sound track")
        }
        _ => {}
    }
    if let Some(peak) = film.sound.decoded_true_peak_dbtp
        && peak > -1.0
    {
        findings.add(
            "true_peak",
            format!("the true peak of {peak:.2} dBTP is above the maximum of -1 dBTP"),
        );
    }
    if film.sound.clipped_samples > 0 {
        findings.add("clipping", format!("{} samples are clipped", film.sound.clipped_samples));
    }
    if let Some(below) = film.sound.effects_below_words_lu
        && below < LEAST_BELOW_WORDS_LU
    {
        findings.add(
            "effects",
            format!(
                "a sound effect is {below:.1} LU below the words that it is heard with; \
                 the minimum is {LEAST_BELOW_WORDS_LU:.0} LU"
            ),
        );
    }
    let has_voice =
        film.timeline.tracks.audio.iter().any(|t| matches!(t, AudioTrack::Voice { .. }));
    if has_voice && film.sound.longest_silence_ms > 100 {
        findings.add(
            "silence",
            format!(
                "{} ms of the sound are digital silence; the maximum is 100 ms",
                film.sound.longest_silence_ms
            ),
        );
    }
}

fn check_picture(findings: &mut Findings, film: &Finished<'_>) {
    let timeline = film.timeline;
    for &(start, end) in &film.picture.black {
        let through_black =
            timeline.tracks.video.iter().filter_map(|c| c.transition_in.as_ref()).any(|t| {
                t.kind == TransitionKind::FadeBlack && t.start_frame <= start && end <= t.end_frame
            });
        if !through_black {
            findings.add("black", format!("frames {start} to {end} are black"));
        }
    }
    let longest = Frame::new((STILL_SECONDS * timeline.frame_rate.as_f64()) as i64);
    for &(start, end) in &film.picture.frozen {
        if end - start > longest && !may_stand_still(timeline, start, end) {
            findings.add("frozen", format!("frames {start} to {end} do not change"));
        }
    }
    if !film.picture.missing_glyphs.is_empty() {
        findings.add("glyphs", format!("no installed font has {}", film.picture.missing_glyphs));
    }
}

/// Returns true if every clip in this range of the timeline may stand still: a picture, a background, or a clip that
/// holds its last frame.
fn may_stand_still(timeline: &Timeline, start: Frame, end: Frame) -> bool {
    timeline.tracks.video.iter().filter(|c| c.start_frame < end && start < c.end_frame).all(
        |clip| match &clip.source {
            // A camera move over a plain picture changes no pixel; the move itself is tested as arithmetic.
            ClipSource::Picture { .. } => true,
            // Some backgrounds end still by design.
            ClipSource::Background { .. } => true,
            ClipSource::Clip { at_end, .. } => *at_end == AtEnd::Hold,
        },
    )
}

fn check_captions(findings: &mut Findings, timeline: &Timeline) {
    for pair in timeline.tracks.captions.windows(2) {
        if pair[1].start < pair[0].end {
            findings.add(
                "cue_overlap",
                format!("the captions \"{}\" and \"{}\" overlap", pair[0].text, pair[1].text),
            );
        }
    }
}

fn check_decoded(findings: &mut Findings, film: &Finished<'_>, looks: &[FrameLook], full: bool) {
    let timeline = film.timeline;
    let expected = match full {
        true => timeline.total_frames.get(),
        false => timeline.key_frames().len() as i64,
    };
    if (looks.len() as i64) != expected {
        findings
            .add("decodes", format!("{} frames were decoded instead of {expected}", looks.len()));
    }
    if looks.iter().any(|look| look.mean < 18.0 && look.deviation < 2.0)
        && film.picture.black.is_empty()
    {
        findings.add("black", "the file has a black frame, but no composed frame is black");
    }
}
