//! Draws every frame once and hands it to the encoder, in order and in bounded memory.
//!
//! The film is drawn in one go ([`picture`]) or in chunks that are encoded apart from each other
//! ([`chunk`]); both draw with the same ring.

pub(crate) mod chunk;
mod cover;
mod frames;
mod ring;
mod sink;
mod statistics;

use crate::PipelineError;
use crate::assets::{PictureStore, SceneAssets};
use crate::environment::Environment;
use crate::folder::{JobFolder, VIDEO_PART};
use crate::options::RenderOptions;
use cover::{Cover, cover_candidates};
use pytoon_compositor::compose::Compositor;
use pytoon_core::layout;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, OverlayContent, Timeline};
use pytoon_graphics::text::TextEngine;
use pytoon_media::ffmpeg::encode::{Piece, SOFTWARE_ENCODER, try_encoder};
use pytoon_telemetry::Event;
use ring::draw_all;
use serde::{Deserialize, Serialize};
use sink::FrameSink;
use std::path::Path;
use std::sync::Arc;

/// The encoded picture of a finished step.
pub(crate) const VIDEO: &str = "video.mp4";
const REPORT: &str = "picture.json";
const ARTIFACTS: [&str; 3] = [VIDEO, REPORT, layout::THUMBNAIL];

/// What was seen of the frames as they were composed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PictureReport {
    /// The encoder used.
    pub(crate) encoder: String,
    /// Frames drawn.
    pub(crate) frames: i64,
    /// Runs of black frames, as (start, end).
    pub(crate) black: Vec<(i64, i64)>,
    /// Runs of frames without any change, as (start, end).
    pub(crate) frozen: Vec<(i64, i64)>,
    /// Characters that no font has.
    pub(crate) missing_glyphs: String,
}

/// Draws and encodes, or takes over the earlier result.
pub(crate) fn picture(
    env: &Environment,
    timeline: &Arc<Timeline>,
    store: &Arc<PictureStore>,
    text: TextEngine,
    folder: &JobFolder,
    options: &RenderOptions,
) -> Result<(PictureReport, bool), PipelineError> {
    let stamps: Vec<String> =
        assets(timeline, |_| true).map(|asset| folder.stamp(Path::new(asset))).collect();
    let input = folder.hash(&(timeline.as_ref(), stamps));
    let wants_frames = options.frames_out.is_some() || options.frame_hashes.is_some();
    if !wants_frames
        && folder.is_done("picture", &input, &ARTIFACTS)
        && let Ok(bytes) = std::fs::read(folder.work(REPORT))
        && let Ok(report) = serde_json::from_slice(&bytes)
    {
        return Ok((report, true));
    }
    let assets = Arc::new(SceneAssets(store.clone()));
    let compositor = Compositor::new(timeline.clone(), assets, text)?;
    let missing: String = compositor.missing_glyphs().into_iter().collect();
    if !missing.is_empty() {
        Event::GlyphsMissing { characters: &missing }.emit();
    }
    let encoder = choose_encoder(env, timeline, folder);
    let part = folder.new_work(VIDEO_PART)?;
    // An encoder orphaned by a kill may still be finishing this file: it keeps the old one.
    let _ = std::fs::remove_file(&part);
    // Those of a film in chunks: it does not matter to whoever plays it how it was made.
    let key_frames: Vec<i64> = timeline.chunks().iter().map(|chunk| chunk.start).collect();
    let piece = Piece::Whole { key_frames: &key_frames };
    let sink = FrameSink::open(env, timeline, (&encoder, piece), &part, options)?;
    let whole = FrameRange::new(0, timeline.total_frames);
    let cover = Cover::among(&cover_candidates(timeline), whole);
    let thumbnail = folder.new_work(layout::THUMBNAIL)?;
    let drawn = draw_all(env, &compositor, whole, sink, cover, &thumbnail)?;
    folder.finish_part(&part, VIDEO)?;
    let report = PictureReport {
        encoder,
        frames: timeline.total_frames,
        black: drawn.seen.black,
        frozen: drawn.seen.frozen,
        missing_glyphs: missing,
    };
    folder.write(REPORT, &serde_json::to_vec(&report).unwrap_or_default())?;
    folder.done("picture", &input, &ARTIFACTS)?;
    Ok((report, false))
}

/// The files that a film shows: those of the clips that are wanted, by their index, and of all
/// overlays.
fn assets(timeline: &Timeline, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = &str> {
    let clips = timeline.tracks.video.iter().enumerate().filter(move |(index, _)| wanted(*index));
    let clips = clips.filter_map(|(_, clip)| match &clip.source {
        ClipSource::Picture { asset, .. } | ClipSource::Clip { asset, .. } => Some(asset.as_str()),
        ClipSource::Background { .. } => None,
    });
    clips.chain(timeline.tracks.overlays.iter().filter_map(|overlay| match &overlay.content {
        OverlayContent::Image { asset } => Some(asset.as_str()),
        OverlayContent::Text { .. } => None,
    }))
}

/// The encoder asked for where it works, else the software one, with a word in the log.
fn choose_encoder(env: &Environment, timeline: &Timeline, folder: &JobFolder) -> String {
    let wanted = timeline.profile.video.encoder.as_str();
    if wanted == SOFTWARE_ENCODER {
        return wanted.to_owned();
    }
    match try_encoder(&env.runner, &timeline.profile, wanted, &folder.work("")) {
        Ok(()) => wanted.to_owned(),
        Err(error) => {
            Event::EncoderFallback {
                from: wanted,
                to: SOFTWARE_ENCODER,
                reason: &error.to_string(),
            }
            .emit();
            SOFTWARE_ENCODER.to_owned()
        }
    }
}
