//! Draws every frame once and hands it to the encoder, in order and in bounded memory.
//!
//! Workers draw in parallel. A worker first takes a free frame buffer and only then the next
//! frame number, so the lowest outstanding frame always has a buffer and the ring cannot lock up.
//! Moving clips are decoded in frame order as numbers are given out.

use crate::PipelineError;
use crate::assets::{PictureStore, SceneAssets};
use crate::environment::{Environment, ProgressSink};
use crate::folder::{JobFolder, VIDEO_PART, file_stamp, input_hash};
use crate::render::RenderOptions;
use pytoon_compositor::compose::{ComposeScratch, Compositor, visible_range};
use pytoon_compositor::thumbnail;
use pytoon_compositor::tone::ClipTone;
use pytoon_core::layout;
use pytoon_core::timeline::{ClipSource, OverlayContent, Timeline, VideoClip};
use pytoon_graphics::Frame;
use pytoon_graphics::text::TextEngine;
use pytoon_media::ffmpeg::clip::{ClipCut, ClipDecoder};
use pytoon_media::ffmpeg::encode::{SOFTWARE_ENCODER, VideoEncoder, try_encoder};
use pytoon_media::process::{CancelToken, work_in_gaps, yield_to_encoder};
use pytoon_media::{MediaError, picture};
use pytoon_telemetry::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// The encoded picture of a finished step.
pub(crate) const VIDEO: &str = "video.mp4";
const REPORT: &str = "picture.json";

/// Sampling grid of the frame statistics.
const GRID: usize = 40;
/// How often a writer that waits for a frame looks whether the user gave up.
const CANCEL_LOOK: Duration = Duration::from_millis(100);
/// How long the writer waits for drawers that work in gaps: the encoder has frames for longer.
const GAP_PATIENCE: Duration = Duration::from_millis(20);
/// How long it waits where they did not bring the frame before: there seem to be no gaps.
const NO_GAP_PATIENCE: Duration = Duration::from_millis(1);

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
    let stamps: Vec<String> = assets(timeline).map(|asset| file_stamp(Path::new(asset))).collect();
    let input = input_hash(&(timeline.as_ref(), stamps));
    let wants_frames = options.frames_out.is_some() || options.frame_hashes.is_some();
    if !wants_frames
        && folder.is_done("picture", &input, &[VIDEO, REPORT, layout::THUMBNAIL])
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
    let sink = FrameSink::open(env, timeline, &encoder, &part, options)?;
    let cover = Cover { candidates: cover_candidates(&compositor, timeline), best: None };
    let thumbnail = folder.new_work(layout::THUMBNAIL)?;
    let statistics = draw_all(env, &compositor, timeline, sink, cover, &thumbnail)?;
    std::fs::rename(&part, folder.work(VIDEO)).map_err(|e| MediaError::write(&part, e))?;
    let report = PictureReport {
        encoder,
        frames: timeline.total_frames,
        black: statistics.runs(|s| s.mean < 20.0 && s.deviation < 3.0),
        frozen: statistics.still_runs(),
        missing_glyphs: missing,
    };
    folder.write(REPORT, &serde_json::to_vec(&report).unwrap_or_default())?;
    folder.done("picture", &input)?;
    Ok((report, false))
}

fn assets(timeline: &Timeline) -> impl Iterator<Item = &str> {
    let clips = timeline.tracks.video.iter().filter_map(|clip| match &clip.source {
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

/// Where finished frames go.
struct FrameSink {
    encoder: VideoEncoder,
    frames_out: Option<BufWriter<std::fs::File>>,
    frames_path: std::path::PathBuf,
    hashes: Option<BufWriter<std::fs::File>>,
}

impl FrameSink {
    fn open(
        env: &Environment,
        timeline: &Timeline,
        encoder: &str,
        part: &Path,
        options: &RenderOptions,
    ) -> Result<Self, PipelineError> {
        let create = |path: &Path| {
            std::fs::File::create(path).map(BufWriter::new).map_err(|e| MediaError::write(path, e))
        };
        Ok(Self {
            encoder: VideoEncoder::start(&env.runner, &timeline.profile, encoder, part)?,
            frames_out: options.frames_out.as_deref().map(create).transpose()?,
            frames_path: options.frames_out.clone().unwrap_or_default(),
            hashes: options.frame_hashes.as_deref().map(create).transpose()?,
        })
    }

    fn write(&mut self, frame: &Frame) -> Result<(), MediaError> {
        self.encoder.write(frame)?;
        if let Some(file) = &mut self.frames_out {
            file.write_all(frame.data()).map_err(|e| MediaError::write(&self.frames_path, e))?;
        }
        if let Some(file) = &mut self.hashes {
            let hash = xxhash_rust::xxh3::xxh3_128(frame.data());
            writeln!(file, "{hash:032x}")
                .map_err(|e| MediaError::write(Path::new("frame hashes"), e))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), MediaError> {
        for mut file in [self.frames_out, self.hashes].into_iter().flatten() {
            file.flush().map_err(|e| MediaError::write(&self.frames_path, e))?;
        }
        self.encoder.finish()
    }
}

/// A look at one frame.
struct FrameStatistics {
    mean: f32,
    deviation: f32,
    grid: Vec<u8>,
}

#[derive(Default)]
struct Statistics(Vec<FrameStatistics>);

impl Statistics {
    fn push(&mut self, frame: &Frame) {
        let grid: Vec<u8> = frame
            .y()
            .chunks_exact(frame.width())
            .step_by((frame.height() / (GRID * 2)).max(1))
            .flat_map(|row| row.iter().step_by((frame.width() / GRID).max(1)).copied())
            .collect();
        let n = grid.len().max(1) as f32;
        let mean = grid.iter().map(|&v| f32::from(v)).sum::<f32>() / n;
        let variance = grid.iter().map(|&v| (f32::from(v) - mean).powi(2)).sum::<f32>() / n;
        self.0.push(FrameStatistics { mean, deviation: variance.sqrt(), grid });
    }

    fn runs(&self, is_in: impl Fn(&FrameStatistics) -> bool) -> Vec<(i64, i64)> {
        runs(self.0.iter().map(is_in))
    }

    fn still_runs(&self) -> Vec<(i64, i64)> {
        runs(self.0.windows(2).map(|pair| pair[0].grid == pair[1].grid))
    }
}

/// Half-open runs of `true`.
fn runs(flags: impl Iterator<Item = bool>) -> Vec<(i64, i64)> {
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (index, flag) in flags.enumerate() {
        let index = index as i64;
        match out.last_mut() {
            Some(last) if flag && last.1 == index => last.1 = index + 1,
            _ if flag => out.push((index, index + 1)),
            _ => {}
        }
    }
    out
}

/// What workers and the writer share.
struct Ring<'a> {
    compositor: &'a Compositor,
    timeline: &'a Timeline,
    state: Mutex<RingState>,
    changed: Condvar,
    /// The tones of moving clips, by index on the video track.
    tones: BTreeMap<usize, ClipTone>,
    source: Mutex<FrameSource<'a>>,
    /// The first frame that is not drawn yet, for the preparer.
    reached: AtomicI64,
    stop: AtomicBool,
    cancel: CancelToken,
    /// Drawers work in gaps only, and the writer helps where there are none.
    in_gaps: bool,
}

#[derive(Default)]
struct RingState {
    free: Vec<Frame>,
    drawn: BTreeMap<i64, Frame>,
    /// The frame that the writer needs next.
    wanted: i64,
    /// Frames that the writer had to add to draw itself.
    extra: usize,
    /// The writer drew the frame before.
    helped: bool,
    failure: Option<PipelineError>,
}

impl Ring<'_> {
    fn lock(&self) -> MutexGuard<'_, RingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: PipelineError) {
        self.stop.store(true, Ordering::Relaxed);
        self.lock().failure.get_or_insert(error);
        self.changed.notify_all();
    }

    fn take_free(&self) -> Option<Frame> {
        let mut state = self.lock();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(frame) = state.free.pop() {
                return Some(frame);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn draw_frames(&self) {
        let mut scratch = ComposeScratch::default();
        while let Some(mut frame) = self.take_free() {
            let claimed = self.source.lock().unwrap_or_else(PoisonError::into_inner).claim();
            let (number, mut moving) = match claimed {
                Ok(Some(claimed)) => claimed,
                Ok(None) => return,
                Err(error) => return self.fail(error.into()),
            };
            self.reached.fetch_max(number, Ordering::Relaxed);
            for (index, frame) in &mut moving {
                if let (Some(tone), Some(frame)) = (self.tones.get(index), Arc::get_mut(frame)) {
                    tone.apply(frame);
                }
            }
            if let Err(error) = self.compositor.compose(number, &moving, &mut frame, &mut scratch) {
                return self.fail(error.into());
            }
            let mut state = self.lock();
            if number >= state.wanted {
                state.drawn.insert(number, frame);
            } else {
                // The writer did not wait for this one.
                state.free.push(frame);
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Prepares each clip while the one before it is on screen.
    fn prepare_ahead(&self) {
        for index in 0..self.timeline.tracks.video.len() {
            let before = index.saturating_sub(1);
            let start = visible_range(self.timeline, before).start;
            while self.reached.load(Ordering::Relaxed) < start {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::park_timeout(Duration::from_millis(4));
            }
            if let Err(error) = self.compositor.prepare(index) {
                return self.fail(error.into());
            }
        }
    }

    /// The next frame for the encoder. Where drawers work in gaps only and there are none, because
    /// something else keeps the machine busy, the writer draws it itself.
    fn next_drawn(
        &self,
        number: i64,
        scratch: &mut ComposeScratch,
    ) -> Result<Frame, PipelineError> {
        let mut state = self.lock();
        let patience = match (self.in_gaps, state.helped) {
            (false, _) => CANCEL_LOOK,
            (true, false) => GAP_PATIENCE,
            (true, true) => NO_GAP_PATIENCE,
        };
        let mut waited_enough = false;
        loop {
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            self.cancel.check()?;
            if let Some(frame) = state.drawn.remove(&number) {
                state.wanted = number + 1;
                state.helped = false;
                return Ok(frame);
            }
            if waited_enough && self.in_gaps {
                state.wanted = number + 1;
                state.helped = true;
                let frame = state.free.pop();
                state.extra += usize::from(frame.is_none());
                drop(state);
                return self.draw_now(number, frame, scratch);
            }
            let waited;
            (state, waited) =
                self.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            waited_enough |= waited.timed_out();
        }
    }

    /// Draws a frame that drawers did not get to, or did not get done.
    fn draw_now(
        &self,
        number: i64,
        frame: Option<Frame>,
        scratch: &mut ComposeScratch,
    ) -> Result<Frame, PipelineError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.skip_to(number + 1);
        drop(source);
        self.reached.fetch_max(number, Ordering::Relaxed);
        let profile = &self.timeline.profile;
        let (width, height) = (profile.width as usize, profile.height as usize);
        let mut frame = frame.unwrap_or_else(|| Frame::new(width, height));
        self.compositor.compose(number, &[], &mut frame, scratch)?;
        Ok(frame)
    }

    fn give_back(&self, frame: Frame) {
        let mut state = self.lock();
        if state.extra > 0 {
            state.extra -= 1;
        } else {
            state.free.push(frame);
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// The tones of moving clips; those that nothing changes have none.
fn tones(timeline: &Timeline) -> BTreeMap<usize, ClipTone> {
    let clips = timeline.tracks.video.iter().enumerate();
    clips
        .filter_map(|(index, clip)| {
            let ClipSource::Clip { colour, .. } = &clip.source else { return None };
            let tone = ClipTone::new(clip.grade, timeline.look.grade_strength, colour)?;
            Some((index, tone))
        })
        .collect()
}

fn draw_all(
    env: &Environment,
    compositor: &Compositor,
    timeline: &Timeline,
    mut sink: FrameSink,
    cover: Cover,
    thumbnail: &Path,
) -> Result<Statistics, PipelineError> {
    let threads = env.threads();
    let size = (timeline.profile.width as usize, timeline.profile.height as usize);
    let is_moving = |clip: &VideoClip| matches!(clip.source, ClipSource::Clip { .. });
    let ring = Ring {
        compositor,
        timeline,
        // Frames of moving clips come one after the other and are there once: no second drawer can
        // take over a frame that needs them.
        in_gaps: !timeline.tracks.video.iter().any(is_moving),
        state: Mutex::new(RingState {
            free: (0..threads + 3).map(|_| Frame::new(size.0, size.1)).collect(),
            ..RingState::default()
        }),
        changed: Condvar::new(),
        tones: tones(timeline),
        source: Mutex::new(FrameSource::new(env, timeline)),
        reached: AtomicI64::new(0),
        stop: AtomicBool::new(false),
        cancel: env.runner.cancel.clone(),
    };
    let statistics = std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                if ring.in_gaps {
                    work_in_gaps();
                } else {
                    yield_to_encoder();
                }
                ring.draw_frames();
            });
        }
        scope.spawn(|| {
            yield_to_encoder();
            ring.prepare_ahead();
        });
        let write_cover = |frame: Frame| {
            scope.spawn(move || {
                yield_to_encoder();
                picture::write_jpeg(thumbnail, &frame)
            })
        };
        let written =
            write_all(&ring, timeline, &mut sink, cover, write_cover, env.progress.as_ref());
        ring.stop.store(true, Ordering::Relaxed);
        ring.changed.notify_all();
        written
    })?;
    sink.finish()?;
    Ok(statistics)
}

fn write_all<'scope>(
    ring: &Ring<'_>,
    timeline: &Timeline,
    sink: &mut FrameSink,
    mut cover: Cover,
    write_cover: impl Fn(Frame) -> ScopedJoinHandle<'scope, Result<(), MediaError>>,
    progress: &dyn ProgressSink,
) -> Result<Statistics, PipelineError> {
    let mut statistics = Statistics::default();
    let mut cover_written = None;
    let mut scratch = ComposeScratch::default();
    for number in 0..timeline.total_frames {
        let frame = ring.next_drawn(number, &mut scratch)?;
        statistics.push(&frame);
        if let Some(chosen) = cover.consider(number, &frame) {
            cover_written = Some(write_cover(chosen));
        }
        sink.write(&frame)?;
        ring.give_back(frame);
        if number % 15 == 0 {
            ring.compositor.release_before(number);
            progress.frames(number, timeline.total_frames);
        }
    }
    progress.frames(timeline.total_frames, timeline.total_frames);
    let internal = |what: &str| PipelineError::Internal(what.to_owned());
    cover_written
        .ok_or_else(|| internal("the film has no frame for its cover"))?
        .join()
        .map_err(|_| internal("writing the cover stopped"))??;
    Ok(statistics)
}

/// Gives out frame numbers in order, with the frames of moving clips that each one needs.
struct FrameSource<'a> {
    env: &'a Environment,
    timeline: &'a Timeline,
    next: i64,
    decoders: BTreeMap<usize, ClipDecoder>,
}

/// Frames of moving clips, by index on the video track.
type Moving = Vec<(usize, Arc<Frame>)>;
/// A frame number and what it needs.
type Claimed = (i64, Moving);

impl<'a> FrameSource<'a> {
    fn new(env: &'a Environment, timeline: &'a Timeline) -> Self {
        Self { env, timeline, next: 0, decoders: BTreeMap::new() }
    }

    /// Leaves out frames that were drawn elsewhere; only where no clip moves.
    fn skip_to(&mut self, number: i64) {
        self.next = self.next.max(number);
    }

    fn claim(&mut self) -> Result<Option<Claimed>, MediaError> {
        if self.next >= self.timeline.total_frames {
            return Ok(None);
        }
        let number = self.next;
        self.next += 1;
        let mut moving = Vec::new();
        for (index, clip) in self.timeline.tracks.video.iter().enumerate() {
            let ClipSource::Clip { asset, source_start, speed, .. } = &clip.source else {
                continue;
            };
            if !visible_range(self.timeline, index).contains(number) {
                self.decoders.remove(&index);
                continue;
            }
            if !self.decoders.contains_key(&index) {
                let cut = ClipCut { start_ms: *source_start, speed: *speed };
                let decoder = ClipDecoder::start(
                    &self.env.runner,
                    Path::new(asset),
                    cut,
                    &self.timeline.profile,
                )?;
                self.decoders.insert(index, decoder);
            }
            if let Some(decoder) = self.decoders.get_mut(&index) {
                moving.push((index, Arc::new(decoder.next_frame()?)));
            }
        }
        Ok(Some((number, moving)))
    }
}

/// Frames of the first three seconds that may become the cover; none lies in a transition. A very
/// short film has its first frame.
fn cover_candidates(compositor: &Compositor, timeline: &Timeline) -> Vec<i64> {
    let rate = timeline.frame_rate.as_f64();
    let mut candidates: Vec<i64> = [6, 10, 14, 18, 22, 26, 30]
        .into_iter()
        .map(|tenth| (f64::from(tenth) / 10.0 * rate) as i64)
        .filter(|&n| n < timeline.total_frames && compositor.clips_at(n).1.is_none())
        .collect();
    if candidates.is_empty() {
        candidates.push(0);
    }
    candidates
}

/// The best frame so far.
struct Cover {
    candidates: Vec<i64>,
    best: Option<(f64, Frame)>,
}

impl Cover {
    /// The chosen frame, once the last candidate was seen.
    fn consider(&mut self, number: i64, frame: &Frame) -> Option<Frame> {
        if !self.candidates.contains(&number) {
            return None;
        }
        let score = thumbnail::score(frame);
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            self.best = Some((score, frame.clone()));
        }
        let is_last = self.candidates.last() == Some(&number);
        is_last.then(|| self.best.take()).flatten().map(|(_, frame)| frame)
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_are_half_open() {
        let flags = [false, true, true, false, true];
        assert_eq!(runs(flags.into_iter()), [(1, 3), (4, 5)]);
        assert_eq!(runs([true, true].into_iter()), [(0, 2)]);
    }
}
