//! Draws a range of frames in parallel and writes them in order, in bounded memory.
//!
//! A worker first takes a free frame buffer and only then the next frame number, so the lowest outstanding frame
//! always has a buffer and the ring cannot deadlock. Moving clips are decoded in frame order as numbers are claimed.

use super::cover::Cover;
use super::frames::FrameSource;
use super::sink::FrameSink;
use super::statistics::{FrameStatistics, Statistics};
use crate::draw_plan::DrawPlan;
use crate::stage::{StageContext, lock};
use crate::{PipelineError, Result};
use pytoon_compositor::compose::{ComposeScratch, Compositor, visible_range};
use pytoon_compositor::tone::ClipTone;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, Timeline, VideoClip};
use pytoon_graphics::Frame;
use pytoon_media::picture;
use pytoon_process::{CancelToken, SystemError, threads, work_in_gaps, yield_to_encoder};
use pytoon_vocabulary::Frame as FrameNumber;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// The interval at which a writer that waits for a frame checks for cancellation.
const CANCEL_LOOK: Duration = Duration::from_millis(100);
/// Maximum time that the writer waits for drawing threads that use only idle time. The encoder's buffered frames last
/// longer than this.
const GAP_PATIENCE: Duration = Duration::from_millis(20);
/// Maximum wait if the previous frame was already late, which suggests that there is no idle time.
const NO_GAP_PATIENCE: Duration = Duration::from_millis(1);

/// The state shared by workers and the writer.
struct Ring<'a> {
    compositor: &'a Compositor,
    timeline: &'a Timeline,
    range: FrameRange,
    state: Mutex<RingState>,
    changed: Condvar,
    /// The tone corrections of moving clips, by index on the video track.
    tones: BTreeMap<usize, ClipTone>,
    source: Mutex<FrameSource<'a>>,
    /// The highest frame whose drawing has begun; clips are prepared ahead of it.
    reached: AtomicI64,
    stop: AtomicBool,
    cancel: CancelToken,
    /// True if the drawing threads use only idle time. If there is none, the writer draws frames itself.
    in_gaps: bool,
}

#[derive(Default)]
struct RingState {
    free: Vec<Frame>,
    drawn: BTreeMap<FrameNumber, Frame>,
    /// The frame that the writer needs next.
    wanted: FrameNumber,
    /// The number of buffers that the writer allocated for frames that it draws itself.
    extra: usize,
    /// True if the writer drew the previous frame.
    helped: bool,
    failure: Option<PipelineError>,
}

impl Ring<'_> {
    fn fail(&self, error: PipelineError) {
        lock(&self.state).failure.get_or_insert(error);
        self.end();
    }

    /// Ends the drawing threads.
    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // A thread that holds the lock has either seen the flag or waits when the lock is free, and is then woken.
        drop(lock(&self.state));
        self.changed.notify_all();
    }

    fn take_free(&self) -> Option<Frame> {
        let mut state = lock(&self.state);
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
            let claimed = lock(&self.source).claim();
            let (number, decoded) = match claimed {
                Ok(Some(claimed)) => claimed,
                Ok(None) => return,
                Err(error) => return self.fail(error.into()),
            };
            self.reached.fetch_max(number.get(), Ordering::Relaxed);
            let moving: Vec<(usize, Arc<Frame>)> = decoded
                .into_iter()
                .map(|(index, decoded)| {
                    let mut frame = decoded.into_frame();
                    if let Some(tone) = self.tones.get(&index) {
                        tone.apply(&mut frame);
                    }
                    (index, Arc::new(frame))
                })
                .collect();
            if let Err(error) = self.compositor.compose(number, &moving, &mut frame, &mut scratch) {
                return self.fail(error.into());
            }
            let mut state = lock(&self.state);
            if number >= state.wanted {
                state.drawn.insert(number, frame);
            } else {
                // The writer did not wait for this frame.
                state.free.push(frame);
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Decodes and prepares each clip's picture while the previous clip is on screen.
    fn prepare_ahead(&self) {
        for index in 0..self.timeline.tracks.video.len() {
            if visible_range(self.timeline, index).meet(self.range).is_empty() {
                continue;
            }
            let before = index.saturating_sub(1);
            let start = visible_range(self.timeline, before).start;
            while self.reached.load(Ordering::Relaxed) < start.get() {
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

    /// Returns the next frame for the encoder. If the drawing threads use only idle time and other work keeps the
    /// machine busy, the writer draws the frame itself.
    fn next_drawn(&self, number: FrameNumber, scratch: &mut ComposeScratch) -> Result<Frame> {
        let mut state = lock(&self.state);
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
                state.wanted = number + FrameNumber::new(1);
                state.helped = false;
                return Ok(frame);
            }
            if waited_enough && self.in_gaps {
                state.wanted = number + FrameNumber::new(1);
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

    /// Draws a frame on the writer's thread, because the drawing threads have not started or not finished it.
    fn draw_now(
        &self,
        number: FrameNumber,
        frame: Option<Frame>,
        scratch: &mut ComposeScratch,
    ) -> Result<Frame> {
        lock(&self.source).skip_to(number + FrameNumber::new(1));
        self.reached.fetch_max(number.get(), Ordering::Relaxed);
        let profile = &self.timeline.profile;
        let (width, height) = (profile.width as usize, profile.height as usize);
        let mut frame = frame.unwrap_or_else(|| Frame::new(width, height));
        self.compositor.compose(number, &[], &mut frame, scratch)?;
        Ok(frame)
    }

    fn give_back(&self, frame: Frame) {
        let mut state = lock(&self.state);
        if state.extra > 0 {
            state.extra -= 1;
        } else {
            state.free.push(frame);
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// Ends the ring if its thread panics. The other threads would otherwise wait for it forever.
struct FailOnPanic<'a, 'b>(&'a Ring<'b>);

impl Drop for FailOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "a thread that draws frames ended unexpectedly";
            self.0.fail(PipelineError::Internal(reason.to_owned()));
        }
    }
}

/// Returns the tone corrections of moving clips, by the clip's index in the video track. A clip that needs no
/// correction has no entry.
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

/// The results of drawing a range, apart from the encoded frames.
pub(super) struct DrawnFrames {
    pub(super) seen: FrameStatistics,
    /// The score of the written cover; `None` if the range has no candidate.
    pub(super) cover_score: Option<f64>,
}

/// Draws a range of a film's frames and passes them to the encoder. Writes the cover, if the range has a
/// candidate, to `thumbnail`.
pub(super) fn draw_all(
    context: &StageContext<'_>,
    compositor: &Compositor,
    range: FrameRange,
    mut sink: FrameSink,
    cover: Cover,
    thumbnail: &Path,
) -> Result<DrawnFrames> {
    let timeline = compositor.timeline();
    let threads = context.draw_threads;
    let size = (timeline.profile.width as usize, timeline.profile.height as usize);
    let is_moving = |index: usize, clip: &VideoClip| {
        matches!(clip.source, ClipSource::Clip { .. })
            && !visible_range(timeline, index).meet(range).is_empty()
    };
    let ring = Ring {
        compositor,
        timeline,
        range,
        // Frames of moving clips are decoded in order and only once, so no second drawer can take over a frame that
        // needs them.
        in_gaps: !timeline.tracks.video.iter().enumerate().any(|(i, clip)| is_moving(i, clip)),
        state: Mutex::new(RingState {
            free: context.buffers.take(DrawPlan::ring(threads), size),
            wanted: range.start,
            ..RingState::default()
        }),
        changed: Condvar::new(),
        tones: tones(timeline),
        source: Mutex::new(FrameSource::new(context.runner(), timeline, range)),
        reached: AtomicI64::new(range.start.get()),
        stop: AtomicBool::new(false),
        cancel: context.runner().cancel.clone(),
    };
    let drawn = std::thread::scope(|scope| {
        let _guard = FailOnPanic(&ring);
        let draw = || {
            let _guard = FailOnPanic(&ring);
            if ring.in_gaps {
                work_in_gaps();
            } else {
                yield_to_encoder();
            }
            ring.draw_frames();
        };
        let prepare = || {
            let _guard = FailOnPanic(&ring);
            yield_to_encoder();
            ring.prepare_ahead();
        };
        let start = || {
            for _ in 0..threads {
                threads::spawn_in(scope, draw)?;
            }
            threads::spawn_in(scope, prepare).map(drop)
        };
        let write_cover = |frame: Frame| {
            threads::spawn_in(scope, move || {
                yield_to_encoder();
                picture::write_jpeg(thumbnail, &frame)
            })
        };
        let written = start()
            .map_err(PipelineError::from)
            .and_then(|()| write_all(&ring, &mut sink, cover, write_cover, context.frames_done));
        ring.end();
        written
    })?;
    let RingState { free, drawn: left, .. } =
        ring.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    context.buffers.give_back(free.into_iter().chain(left.into_values()));
    sink.finish(context.encoders)?;
    Ok(drawn)
}

/// The thread that writes the cover.
type CoverWriter<'scope> = ScopedJoinHandle<'scope, Result<(), SystemError>>;

fn write_all<'scope>(
    ring: &Ring<'_>,
    sink: &mut FrameSink,
    mut cover: Cover,
    write_cover: impl Fn(Frame) -> Result<CoverWriter<'scope>, SystemError>,
    drawn: &(dyn Fn(i64) + Sync),
) -> Result<DrawnFrames> {
    let range = ring.range;
    let mut statistics = Statistics::new(range.start);
    let wants_cover = !cover.candidates.is_empty();
    let mut cover_written = None;
    let mut scratch = ComposeScratch::default();
    for number in range.frames() {
        let frame = ring.next_drawn(number, &mut scratch)?;
        statistics.push(&frame);
        if let Some(chosen) = cover.consider(number, &frame) {
            cover_written = Some(write_cover(chosen)?);
        }
        sink.write(&frame)?;
        ring.give_back(frame);
        if number.get() % 15 == 0 {
            ring.compositor.release_before(number);
        }
        drawn(1);
    }
    let internal = |what: &str| PipelineError::Internal(what.to_owned());
    if wants_cover {
        cover_written
            .ok_or_else(|| internal("the film has no frame for its cover"))?
            .join()
            .map_err(|_| internal("writing the cover ended unexpectedly"))??;
    }
    Ok(DrawnFrames { seen: statistics.finish(), cover_score: cover.score })
}
