//! Prepared captions: lookup by time, and a cache of rasterised cues.

use pytoon_vocabulary::CaptionCue;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::CaptionStyle;
use super::draw::{self, CueSprites};
use super::prepare::{PlacedCue, place_cue};
use crate::area::{Rect, SafeRect};
use crate::frame::Frame;
use crate::text::TextEngine;

/// The number of cached cues: the current one, its neighbours, and some for threads that draw other parts of the
/// film.
const KEPT: usize = 6;

/// The box of a cue over its whole animation, without shadows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CueBox {
    /// The index of the cue in the list passed to `prepare`.
    pub cue: usize,
    /// The time at which the cue appears.
    pub start_ms: i64,
    /// The time at which the cue has disappeared.
    pub end_ms: i64,
    /// The bounding box, in frame pixels.
    pub rect: Rect,
    /// The number of lines, one or two.
    pub lines: usize,
    /// The text size used.
    pub size_px: f32,
}

/// The highlighted word at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveWord {
    /// The index of the cue.
    pub cue: usize,
    /// The index of the word in the cue.
    pub word: usize,
}

/// The captions of a video, which can be drawn at any time from any thread.
pub struct CaptionRenderer {
    engine: TextEngine,
    style: CaptionStyle,
    /// The cues sorted by start, each with the caller's index.
    cues: Vec<(usize, PlacedCue)>,
    missing: Vec<char>,
    sprites: Mutex<VecDeque<(usize, Arc<CueSprites>)>>,
}

impl CaptionRenderer {
    /// Creates a renderer and lays out every cue once. Cues without visible text are skipped.
    pub fn prepare(engine: &TextEngine, style: &CaptionStyle, cues: &[CaptionCue]) -> Self {
        Self::prepare_in_zones(engine, style, cues, &|_| style.zone)
    }

    /// Creates a renderer like [`CaptionRenderer::prepare`], with an area of its own for each cue.
    pub fn prepare_in_zones(
        engine: &TextEngine,
        style: &CaptionStyle,
        cues: &[CaptionCue],
        zone_of: &dyn Fn(&CaptionCue) -> SafeRect,
    ) -> Self {
        let mut placed: Vec<(usize, PlacedCue)> = cues
            .iter()
            .enumerate()
            .filter_map(|(i, cue)| {
                let style = CaptionStyle { zone: zone_of(cue), ..style.clone() };
                Some((i, place_cue(engine, &style, cue)?))
            })
            .collect();
        placed.sort_by_key(|(_, cue)| cue.start_ms);
        let mut missing: Vec<char> =
            placed.iter().flat_map(|(_, cue)| cue.layout.missing.iter().copied()).collect();
        missing.sort_unstable();
        missing.dedup();
        Self {
            engine: engine.clone(),
            style: style.clone(),
            cues: placed,
            missing,
            sprites: Mutex::default(),
        }
    }

    /// Draws the cue that is on screen at `time_ms`; if cues overlap, the one that started last. The result depends
    /// only on the frame and the time, not on earlier calls.
    pub fn draw(&self, frame: &mut Frame, time_ms: f64) {
        let Some(index) = self.cue_at(time_ms) else {
            return;
        };
        let sprites = self.sprites_of(index);
        draw::draw_cue(frame, &self.style, &self.cues[index].1, &sprites, time_ms);
    }

    /// Returns the word that is highlighted (or popped in last) at `time_ms`.
    pub fn active_word(&self, time_ms: f64) -> Option<ActiveWord> {
        let (cue, placed) = &self.cues[self.cue_at(time_ms)?];
        let active = |w: &&(usize, &super::prepare::PlacedWord)| {
            time_ms >= w.1.from_ms as f64 && time_ms < w.1.to_ms as f64
        };
        let words: Vec<_> = placed.words.iter().enumerate().collect();
        words.iter().rfind(active).map(|(word, _)| ActiveWord { cue: *cue, word: *word })
    }

    /// Returns the box of every cue, for safe-area checks.
    pub fn cue_boxes(&self) -> Vec<CueBox> {
        self.cues
            .iter()
            .map(|(cue, placed)| CueBox {
                cue: *cue,
                start_ms: placed.start_ms,
                end_ms: placed.end_ms,
                rect: placed.bounds,
                lines: placed.layout.lines.len(),
                size_px: placed.layout.size_px,
            })
            .collect()
    }

    /// Returns the characters that no font covers. They are not drawn.
    pub fn missing(&self) -> &[char] {
        &self.missing
    }

    /// Returns the cue that started last among those on screen.
    fn cue_at(&self, time_ms: f64) -> Option<usize> {
        let after = self.cues.partition_point(|(_, cue)| cue.start_ms as f64 <= time_ms);
        self.cues[..after].iter().rposition(|(_, cue)| time_ms < cue.end_ms as f64)
    }

    fn sprites_of(&self, index: usize) -> Arc<CueSprites> {
        let lock = || self.sprites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sprites)) = lock().iter().find(|(i, _)| *i == index) {
            return Arc::clone(sprites);
        }
        // Built outside the lock: two threads may build the same cue, but none waits for the other.
        let built = Arc::new(draw::rasterise(&self.engine, &self.style, &self.cues[index].1));
        let mut kept = lock();
        kept.push_back((index, Arc::clone(&built)));
        while kept.len() > KEPT {
            kept.pop_front();
        }
        built
    }
}
