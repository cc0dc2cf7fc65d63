//! A chunk of the picture: whole groups of pictures, drawn and encoded apart from all others.
//!
//! Guarantees: the frames are those of the film drawn in one go; a chunk is made anew only when
//! something that is seen in it changed; chunks joined without encoding are one film, with its
//! cover and what was seen of its frames.
//!
//! Start with [`chunk`]; [`joined`] is what all of them come to.

use super::cover::{Cover, cover_candidates};
use super::ring::{DrawnFrames, draw_all};
use super::sink::FrameSink;
use super::statistics::Seen;
use super::{PictureReport, assets, choose_encoder};
use crate::PipelineError;
use crate::assets::{PictureStore, SceneAssets};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::options::RenderOptions;
use crate::stages::timeline;
use pytoon_compositor::compose::{Compositor, visible_range};
use pytoon_core::layout;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{CaptionCue, ClipSource, Timeline};
use pytoon_media::disk;
use pytoon_media::ffmpeg::encode::Piece;
use pytoon_telemetry::Event;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What was seen of a chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChunkReport {
    range: FrameRange,
    encoder: String,
    seen: Seen,
    missing_glyphs: String,
    /// How good its best frame is as a cover; absent where none may be one.
    cover: Option<f64>,
    /// How long it took, in milliseconds.
    duration_ms: u64,
}

/// A chunk's files in the work folder.
struct Files {
    step: String,
    video: String,
    report: String,
    cover: String,
}

impl Files {
    fn of(index: usize) -> Self {
        let name = |ending: &str| format!("{}/{index:03}.{ending}", layout::CHUNKS_DIR);
        let (video, report, cover) = (name("mp4"), name("json"), name("jpg"));
        Self { step: format!("chunk_{index:03}"), video, report, cover }
    }
}

/// A chunk's files in the work folder.
pub(crate) fn files(index: usize) -> [String; 3] {
    let Files { video, report, cover, .. } = Files::of(index);
    [video, report, cover]
}

/// A chunk's encoded picture in the work folder.
pub(crate) fn video(index: usize) -> String {
    Files::of(index).video
}

/// Draws and encodes a chunk, or takes over what an earlier run made; whether it did.
pub(crate) fn chunk(
    env: &Environment,
    timeline: &Timeline,
    store: &Arc<PictureStore>,
    (index, range): (usize, FrameRange),
    folder: &JobFolder,
) -> Result<(ChunkReport, bool), PipelineError> {
    let begun = Instant::now();
    let shown = seen_in(timeline, range);
    let candidates = cover_candidates(timeline);
    let cover = Cover::among(&candidates, range);
    let input = input(folder, &shown, range, &cover);
    if let Some(report) = done(folder, index, &input) {
        return Ok((report, true));
    }
    let files = Files::of(index);
    // From here on the earlier chunk is not the one that its note speaks of.
    folder.undone(&files.step)?;
    let part = folder.own_part(&files.video)?;
    let places = (part.as_path(), folder.new_work(&files.cover)?);
    let encoder = choose_encoder(env, timeline, folder);
    let options = RenderOptions::default();
    let made = encode(env, shown, store, (range, cover), &encoder, places, &options);
    let (drawn, missing_glyphs) = match made {
        Ok(made) => made,
        Err(error) => {
            // The half-written file must not stay; that it cannot be removed changes nothing.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
    };
    folder.finish_part(&part, &files.video)?;
    let report = ChunkReport {
        range,
        encoder,
        seen: drawn.seen,
        missing_glyphs,
        cover: drawn.cover_score,
        duration_ms: begun.elapsed().as_millis() as u64,
    };
    folder.write(&files.report, &serde_json::to_vec(&report).unwrap_or_default())?;
    let cover = report.cover.map(|_| files.cover.as_str());
    let artifacts: Vec<&str> = [&*files.video, &*files.report].into_iter().chain(cover).collect();
    folder.done(&files.step, &input, &artifacts)?;
    Ok((report, false))
}

/// Draws what is seen in a range of frames and encodes it into a file of its own, with the cover
/// beside it; also says which characters no font has.
fn encode(
    env: &Environment,
    mut shown: Timeline,
    store: &Arc<PictureStore>,
    (range, cover): (FrameRange, Cover),
    encoder: &str,
    (video, thumbnail): (&Path, PathBuf),
    options: &RenderOptions,
) -> Result<(DrawnFrames, String), PipelineError> {
    let fonts = timeline::fonts(env, &shown)?;
    // A font file is known to the text engine by its family.
    shown.look.font = fonts.brand_family.clone();
    let shown = Arc::new(shown);
    let pictures = Arc::new(SceneAssets(store.clone()));
    let compositor = Compositor::new(shown.clone(), pictures, fonts.engine)?;
    let missing: String = compositor.missing_glyphs().into_iter().collect();
    if !missing.is_empty() {
        Event::GlyphsMissing { characters: &missing }.emit();
    }
    let sink = FrameSink::open(env, &shown, (encoder, Piece::Chunk), video, options)?;
    Ok((draw_all(env, &compositor, range, sink, cover, &thumbnail)?, missing))
}

/// The hashes of the frames of a range as they are drawn for a chunk.
#[cfg(test)]
pub(crate) fn frame_hashes(
    env: &Environment,
    timeline: &Timeline,
    store: &Arc<PictureStore>,
    range: FrameRange,
    folder: &Path,
) -> Vec<String> {
    let hashes = folder.join("hashes.txt");
    let options = RenderOptions { frame_hashes: Some(hashes.clone()), ..RenderOptions::default() };
    let cover = Cover::among(&[], range);
    let places = (folder.join("range.mp4"), folder.join("cover.jpg"));
    let shown = seen_in(timeline, range);
    let encoder = &timeline.profile.video.encoder;
    encode(env, shown, store, (range, cover), encoder, (&places.0, places.1), &options)
        .expect("draws");
    let text = std::fs::read_to_string(hashes).expect("hashes");
    text.lines().map(str::to_owned).collect()
}

fn done(folder: &JobFolder, index: usize, input: &str) -> Option<ChunkReport> {
    let files = Files::of(index);
    if !folder.is_done(&files.step, input, &[&files.video, &files.report]) {
        return None;
    }
    let bytes = std::fs::read(folder.work(&files.report)).ok()?;
    let report: ChunkReport = serde_json::from_slice(&bytes).ok()?;
    let has_cover = report.cover.is_none() || folder.work(&files.cover).is_file();
    has_cover.then_some(report)
}

/// The film as it is in a range of frames: captions and overlays that are not seen there are left
/// out, and what is drawn cannot depend on them. Clips stay, since they tile the film; which of
/// them are seen, [`input`] tells.
fn seen_in(timeline: &Timeline, range: FrameRange) -> Timeline {
    let mut shown = timeline.clone();
    let rate = timeline.frame_rate;
    let (first, last) = (rate.frame_to_ms(range.start), rate.frame_to_ms(range.end - 1));
    let burn_in = timeline.look.captions.burn_in;
    let is_seen = |cue: &CaptionCue| cue.start <= last && first < cue.end;
    shown.tracks.captions.retain(|cue| burn_in && is_seen(cue));
    shown.tracks.overlays.retain(|overlay| !overlay.range().meet(range).is_empty());
    shown
}

/// The hash of all that makes the picture of a range, and of nothing else: where a clip stands in
/// the list, what it is called and what it does elsewhere changes no pixel here. Times are those
/// of the film, since captions and moves are worked out from them.
fn input(folder: &JobFolder, shown: &Timeline, range: FrameRange, cover: &Cover) -> String {
    let clips: Vec<_> = shown
        .tracks
        .video
        .iter()
        .enumerate()
        .map(|(index, clip)| (visible_range(shown, index), clip))
        .filter(|(visible, _)| !visible.meet(range).is_empty())
        .map(|(visible, clip)| {
            let transition = clip.transition_in.as_ref().filter(|transition| {
                let frames = FrameRange::new(transition.start_frame, transition.end_frame);
                !frames.meet(range).is_empty()
            });
            // A headline is as long as its clip, and a moving clip begins with it.
            let own = match &clip.source {
                ClipSource::Picture { .. } => None,
                ClipSource::Clip { .. } | ClipSource::Background { .. } => Some(visible),
            };
            (own, clip.range().meet(range), &clip.source, clip.grade, transition)
        })
        .collect();
    let overlays: Vec<_> = shown
        .tracks
        .overlays
        .iter()
        .map(|o| (&o.content, o.position, o.width, o.opacity, o.range(), o.fade_frames))
        .collect();
    let cues: Vec<_> =
        shown.tracks.captions.iter().map(|cue| (cue.start, cue.end, &cue.words)).collect();
    let files = assets_in(shown, range).chain(shown.look.font.as_deref());
    let stamps: Vec<String> = files.map(|asset| folder.stamp(Path::new(asset))).collect();
    let profile = &shown.profile;
    folder.hash(&(
        (range, shown.frame_rate, profile.width, profile.height, &profile.video),
        (&shown.look, &shown.language),
        (clips, overlays, cues),
        (stamps, cover.candidates()),
    ))
}

fn assets_in(shown: &Timeline, range: FrameRange) -> impl Iterator<Item = &str> {
    assets(shown, move |index| !visible_range(shown, index).meet(range).is_empty())
}

/// What all chunks of a film come to.
pub(crate) struct Joined {
    /// What was seen of the whole picture.
    pub(crate) report: PictureReport,
    /// How long drawing and encoding took, in all.
    pub(crate) took: Duration,
    /// The best cover among theirs.
    cover: String,
}

impl Joined {
    /// Puts the cover into the work folder.
    pub(crate) fn keep_cover(&self, folder: &JobFolder) -> Result<(), PipelineError> {
        disk::place_whole(&folder.work(&self.cover), &folder.new_work(layout::THUMBNAIL)?)?;
        Ok(())
    }
}

/// What all chunks come to. One that is not there, or was made of something else, is made now:
/// files get lost, and an earlier version may have cut the film otherwise.
pub(crate) fn joined(
    env: &Environment,
    timeline: &Timeline,
    store: &Arc<PictureStore>,
    ranges: &[FrameRange],
    folder: &JobFolder,
) -> Result<Joined, PipelineError> {
    let mut reports = Vec::with_capacity(ranges.len());
    let candidates = cover_candidates(timeline);
    for (index, &range) in ranges.iter().enumerate() {
        let cover = Cover::among(&candidates, range);
        let input = input(folder, &seen_in(timeline, range), range, &cover);
        reports.push(match done(folder, index, &input) {
            Some(report) => report,
            None => chunk(env, timeline, store, (index, range), folder)?.0,
        });
    }
    let covers = reports.iter().enumerate().filter_map(|(i, report)| Some((i, report.cover?)));
    // Of equals the first, as where the film is drawn in one go.
    let best = covers.reduce(|best, next| if next.1 > best.1 { next } else { best });
    let (best, _) =
        best.ok_or_else(|| PipelineError::Internal("the film has no frame for its cover".into()))?;
    let (black, frozen) = Seen::joined(reports.iter().map(|r| (&r.seen, r.range.end - 1)));
    let report = PictureReport {
        encoder: distinct(reports.iter().map(|r| r.encoder.as_str())).join(", "),
        frames: timeline.total_frames,
        black,
        frozen,
        missing_glyphs: {
            let mut all: Vec<char> =
                reports.iter().flat_map(|r| r.missing_glyphs.chars()).collect();
            all.sort_unstable();
            all.dedup();
            all.into_iter().collect()
        },
    };
    let took = reports.iter().map(|r| Duration::from_millis(r.duration_ms)).sum();
    Ok(Joined { report, took, cover: Files::of(best).cover })
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}
