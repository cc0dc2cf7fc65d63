//! A video chunk: whole groups of pictures, drawn and encoded separately.
//!
//! Guarantees: a change to the audio or to distant scenes does not redraw a chunk; chunks joined without
//! encoding form one film, with its cover and its frame statistics; frames do not depend on the chunk
//! boundaries.
//!
//! Start with [`ChunkInput::of`]; [`join_reports`] combines the reports of all chunks.

use super::cover::{Cover, cover_candidates};
use super::ring::draw_all;
use super::sink::FrameSink;
use super::statistics::FrameStatistics;
use super::{PictureReport, assets, choose_encoder};
use crate::assets::SceneAssets;
use crate::rendition::Rendition;
use crate::stage::{Stage, StageContext, Step};
use crate::stages::{Asset, timeline};
use crate::{PipelineError, Result};
use pytoon_compositor::compose::{Compositor, visible_range};
use pytoon_core::artifact;
use pytoon_core::preset::Grade;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, Timeline, Transition, VideoClip};
use pytoon_telemetry::Event;
use pytoon_vocabulary::{Background, CaptionCue, Frame, SceneId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The encoder, the frame statistics and the cover's score of a drawn chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChunkReport {
    range: FrameRange,
    encoder: String,
    seen: FrameStatistics,
    missing_glyphs: String,
    /// The score of the chunk's best cover frame; `None` if the chunk has no candidate.
    cover: Option<f64>,
}

/// The stage that draws and encodes a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkStage {
    /// The film of the chunk.
    pub(crate) rendition: Rendition,
    /// The index of the chunk in its film, from 0.
    pub(crate) index: usize,
}

impl ChunkStage {
    /// Returns the names of the chunk's files in the work folder.
    pub(crate) fn files(self) -> [String; 3] {
        [self.video(), self.file("json"), self.cover_file()]
    }

    /// Returns the name of the chunk's video file in the work folder.
    pub(crate) fn video(self) -> String {
        self.file("mp4")
    }

    /// Returns the name of the chunk's cover file in the work folder.
    pub(crate) fn cover_file(self) -> String {
        self.file("jpg")
    }

    fn file(self, ending: &str) -> String {
        let name = format!("{}/{:03}.{ending}", artifact::CHUNKS_DIR, self.index);
        self.rendition.file(&name)
    }
}

/// The part of the film that is visible in a chunk's range of frames, with its files. Times are relative to
/// the film, since captions and moves are computed from them.
#[derive(Serialize)]
pub(crate) struct ChunkInput {
    range: FrameRange,
    /// The visible part of the film in the range.
    shown: Timeline,
    files: Vec<Asset>,
    /// The frames that may become the cover.
    candidates: Vec<Frame>,
}

impl ChunkInput {
    pub(crate) fn of(timeline: &Timeline, range: FrameRange) -> Self {
        let shown = visible_part(timeline, range);
        let files = assets_in(&shown, range).chain(shown.look.font.as_deref());
        Self {
            files: files.map(Asset::of).collect(),
            candidates: Cover::among(&cover_candidates(timeline), range).candidates,
            range,
            shown,
        }
    }
}

impl Stage for ChunkStage {
    type Input = ChunkInput;
    type Output = ChunkReport;

    fn name(&self) -> String {
        format!("{}_{:03}", self.rendition.stage("chunk"), self.index)
    }

    fn output_file(&self) -> String {
        self.file("json")
    }

    fn artifacts(&self, report: &ChunkReport) -> Vec<String> {
        let cover = report.cover.map(|_| self.cover_file());
        std::iter::once(self.video()).chain(cover).collect()
    }

    /// Returns false if the caller requests the composed frames or their hashes, since they must then be drawn.
    fn is_usable(&self, context: &StageContext<'_>, _: &ChunkReport) -> Result<bool> {
        Ok(context.frames_out.is_none() && context.frame_hashes.is_none())
    }

    fn run(&self, context: &StageContext<'_>, input: &ChunkInput) -> Result<Step<ChunkReport>> {
        let cover = context.folder.new_work(&self.cover_file())?;
        let drawn = |part: &Path| draw(context, input, part, &cover);
        context.folder.make(&self.video(), drawn).map(Step::Done)
    }
}

/// Draws a range of frames and encodes it into `video`. Writes the best cover candidate, if there is one, to
/// `thumbnail`.
fn draw(
    context: &StageContext<'_>,
    input: &ChunkInput,
    video: &Path,
    thumbnail: &Path,
) -> Result<ChunkReport> {
    let (range, mut shown) = (input.range, input.shown.clone());
    let fonts = timeline::fonts(context.fonts(), &shown)?;
    // The text engine knows a font file by its family.
    shown.look.font = fonts.brand_family.clone();
    let shown = Arc::new(shown);
    let pictures = Arc::new(SceneAssets(context.pictures.clone()));
    let compositor =
        Compositor::new(shown.clone(), pictures, context.stills.clone(), fonts.engine)?;
    let missing_glyphs: String = compositor.missing_glyphs().into_iter().collect();
    if !missing_glyphs.is_empty() {
        Event::GlyphsMissing { characters: &missing_glyphs }.emit();
    }
    let encoder = choose_encoder(context, &shown);
    let sink = FrameSink::open(context, &shown, &encoder, range, video)?;
    let cover = Cover::among(&input.candidates, range);
    let drawn = draw_all(context, &compositor, range, sink, cover, thumbnail)?;
    Ok(ChunkReport { range, encoder, seen: drawn.seen, missing_glyphs, cover: drawn.cover_score })
}

/// Returns the visible part of the film in a range of frames. Clips, captions and overlays that are not
/// visible there are omitted, as are ids and audio, which change no pixel.
fn visible_part(timeline: &Timeline, range: FrameRange) -> Timeline {
    let mut shown = timeline.clone();
    let rate = timeline.frame_rate;
    let (first, last) = (rate.frame_to_ms(range.start), rate.frame_to_ms(range.last()));
    let burn_in = timeline.look.captions.burn_in;
    let is_seen = |cue: &CaptionCue| cue.start <= last && first < cue.end;
    shown.tracks.captions.retain(|cue| burn_in && is_seen(cue));
    for cue in &mut shown.tracks.captions {
        cue.scene_id = SceneId::default();
    }
    shown.tracks.overlays.retain(|overlay| !overlay.range().meet(range).is_empty());
    shown.tracks.video = clips_in(timeline, range);
    shown.tracks.audio.clear();
    shown.timeline.clear();
    (shown.total_frames, shown.seed) = (range.end, 0);
    shown
}

/// Returns the clips that are visible in a range of frames. A placeholder for the next clip follows if its transition
/// determines how long the last visible clip stays.
fn clips_in(timeline: &Timeline, range: FrameRange) -> Vec<VideoClip> {
    let clips = &timeline.tracks.video;
    let is_seen = |index: &usize| !visible_range(timeline, *index).meet(range).is_empty();
    let seen: Vec<usize> = (0..clips.len()).filter(is_seen).collect();
    let mut shown: Vec<VideoClip> = seen.iter().map(|&index| clips[index].clone()).collect();
    for clip in &mut shown {
        clip.id.clear();
        clip.scene_id = SceneId::default();
        // A headline is as long as its clip, and a moving clip begins with it: they keep their length. Of a picture
        // only the part that is visible here matters.
        if matches!(clip.source, ClipSource::Picture { .. }) {
            let own = clip.range().meet(range);
            (clip.start_frame, clip.end_frame) = (own.start, own.end);
            let meets = |transition: &Transition| !transition.range().meet(range).is_empty();
            clip.transition_in = clip.transition_in.take().filter(meets);
        }
    }
    let keeps_length =
        shown.last().is_some_and(|clip| !matches!(clip.source, ClipSource::Picture { .. }));
    let next = seen.last().and_then(|&last| clips.get(last + 1));
    if let Some(next) = next.filter(|next| keeps_length && next.transition_in.is_some()) {
        shown.push(VideoClip {
            id: String::new(),
            scene_id: SceneId::default(),
            start_frame: next.start_frame,
            end_frame: next.start_frame + Frame::new(1),
            source: ClipSource::Background {
                kind: Background::Aurora,
                seed: 0,
                headline: None,
                words: None,
                origin_frame: Frame::ZERO,
            },
            grade: Grade::Clean,
            transition_in: next.transition_in.clone(),
        });
    }
    shown
}

fn assets_in(shown: &Timeline, range: FrameRange) -> impl Iterator<Item = &str> {
    assets(shown, move |index| !visible_range(shown, index).meet(range).is_empty())
}

/// Combines the reports of all chunks. Also returns the index of the chunk with the best cover.
pub(crate) fn join_reports(reports: &[ChunkReport]) -> Result<(PictureReport, usize)> {
    let covers = reports.iter().enumerate().filter_map(|(i, report)| Some((i, report.cover?)));
    // Ties go to the first.
    let best = covers.reduce(|best, next| if next.1 > best.1 { next } else { best });
    let (best, _) =
        best.ok_or_else(|| PipelineError::Internal("the film has no frame for its cover".into()))?;
    let (black, frozen) = FrameStatistics::join(reports.iter().map(|r| (&r.seen, r.range.last())));
    let encoders: BTreeSet<&str> = reports.iter().map(|r| r.encoder.as_str()).collect();
    let missing: BTreeSet<char> = reports.iter().flat_map(|r| r.missing_glyphs.chars()).collect();
    let report = PictureReport {
        encoder: encoders.into_iter().collect::<Vec<_>>().join(", "),
        frames: reports.iter().map(|r| r.range.len()).sum(),
        black,
        frozen,
        missing_glyphs: missing.into_iter().collect(),
    };
    Ok((report, best))
}
