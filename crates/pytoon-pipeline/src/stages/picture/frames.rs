//! Distributes frame numbers in order, with the frames of moving clips that each one needs.

use crate::assets::ground;
use pytoon_compositor::compose::visible_range;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, Timeline};
use pytoon_media::clip::{ClipCut, ClipDecoder, ClipFrame, ClipView};
use pytoon_process::{Runner, SystemError};
use pytoon_vocabulary::Frame;
use std::collections::BTreeMap;

/// A source of frame numbers in order, each with the frames of moving clips that it needs.
pub(super) struct FrameSource<'a> {
    runner: &'a Runner,
    timeline: &'a Timeline,
    next: Frame,
    end: Frame,
    decoders: BTreeMap<usize, ClipDecoder>,
}

/// Frames of moving clips, by index on the video track.
pub(super) type Moving = Vec<(usize, ClipFrame)>;
/// A claimed frame number and the clip frames that it needs.
pub(super) type Claimed = (Frame, Moving);

impl<'a> FrameSource<'a> {
    pub(super) fn new(runner: &'a Runner, timeline: &'a Timeline, range: FrameRange) -> Self {
        Self { runner, timeline, next: range.start, end: range.end, decoders: BTreeMap::new() }
    }

    /// Skips the frames before `number`, which another thread drew. Valid only in a range without moving clips.
    pub(super) fn skip_to(&mut self, number: Frame) {
        self.next = self.next.max(number);
    }

    pub(super) fn claim(&mut self) -> Result<Option<Claimed>, SystemError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let number = self.next;
        self.next += Frame::new(1);
        let mut moving = Vec::new();
        for (index, clip) in self.timeline.tracks.video.iter().enumerate() {
            if !matches!(clip.source, ClipSource::Clip { .. }) {
                continue;
            }
            let visible = visible_range(self.timeline, index);
            if !visible.contains(number) {
                self.decoders.remove(&index);
                continue;
            }
            if !self.decoders.contains_key(&index) {
                let Some(view) = self.view(&clip.source, visible) else { continue };
                let mut decoder = ClipDecoder::start(self.runner, view, &self.timeline.profile)?;
                // A clip that began before the first requested frame is already in progress.
                decoder.skip(number - visible.start)?;
                self.decoders.insert(index, decoder);
            }
            if let Some(decoder) = self.decoders.get_mut(&index) {
                moving.push((index, decoder.next_frame()?));
            }
        }
        Ok(Some((number, moving)))
    }

    /// Returns the decoding parameters of a moving clip for the frames on which it is visible; `None` for other
    /// sources.
    fn view(&self, source: &ClipSource, visible: FrameRange) -> Option<ClipView> {
        let ClipSource::Clip {
            asset,
            source_start,
            source_duration,
            speed,
            fit,
            at_end,
            reading,
            ..
        } = source
        else {
            return None;
        };
        let rate = self.timeline.frame_rate.as_f64();
        let seconds = source_duration.get() as f64 / 1000.0 / speed;
        let round = Frame::new((seconds * rate).round() as i64);
        Some(ClipView {
            path: asset.into(),
            cut: ClipCut { start_ms: source_start.get(), speed: *speed },
            reading: reading.clone(),
            fit: *fit,
            at_end: *at_end,
            frames: visible.len(),
            repeats: round + Frame::new(1) < visible.len(),
            ground: ground(&self.timeline.look.palette),
        })
    }
}
