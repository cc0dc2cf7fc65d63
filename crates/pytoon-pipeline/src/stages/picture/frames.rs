//! Frame numbers in order, with the frames of moving clips that each one needs.

use crate::environment::Environment;
use pytoon_compositor::compose::visible_range;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, Timeline};
use pytoon_graphics::Frame;
use pytoon_media::MediaError;
use pytoon_media::ffmpeg::clip::{ClipCut, ClipDecoder};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Gives out frame numbers in order, with the frames of moving clips that each one needs.
pub(super) struct FrameSource<'a> {
    env: &'a Environment,
    timeline: &'a Timeline,
    next: i64,
    end: i64,
    decoders: BTreeMap<usize, ClipDecoder>,
}

/// Frames of moving clips, by index on the video track.
pub(super) type Moving = Vec<(usize, Arc<Frame>)>;
/// A frame number and what it needs.
pub(super) type Claimed = (i64, Moving);

impl<'a> FrameSource<'a> {
    pub(super) fn new(env: &'a Environment, timeline: &'a Timeline, range: FrameRange) -> Self {
        Self { env, timeline, next: range.start, end: range.end, decoders: BTreeMap::new() }
    }

    /// Leaves out frames that were drawn elsewhere; only where no clip moves.
    pub(super) fn skip_to(&mut self, number: i64) {
        self.next = self.next.max(number);
    }

    pub(super) fn claim(&mut self) -> Result<Option<Claimed>, MediaError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let number = self.next;
        self.next += 1;
        let mut moving = Vec::new();
        for (index, clip) in self.timeline.tracks.video.iter().enumerate() {
            let ClipSource::Clip { asset, source_start, speed, .. } = &clip.source else {
                continue;
            };
            let visible = visible_range(self.timeline, index);
            if !visible.contains(number) {
                self.decoders.remove(&index);
                continue;
            }
            if !self.decoders.contains_key(&index) {
                let cut = ClipCut { start_ms: *source_start, speed: *speed };
                let mut decoder = ClipDecoder::start(
                    &self.env.runner,
                    Path::new(asset),
                    cut,
                    &self.timeline.profile,
                )?;
                // A clip that began before the first frame wanted is on its way already.
                decoder.skip(number - visible.start)?;
                self.decoders.insert(index, decoder);
            }
            if let Some(decoder) = self.decoders.get_mut(&index) {
                moving.push((index, Arc::new(decoder.next_frame()?)));
            }
        }
        Ok(Some((number, moving)))
    }
}
