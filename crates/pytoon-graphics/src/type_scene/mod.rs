//! Films of words: a spoken sentence set as type that moves with the voice.
//!
//! Guarantees: every word is drawn once, on one page; it begins to be visible 33 ms before its onset and is complete
//! 130 ms after it. All text stays inside the zone. After [`TypeScene::adapt`] the ground gives the type a contrast of
//! 7:1. A frame is a pure function of the fonts, the spec, the palette and the time.
//!
//! This module does not draw the background or choose the treatment. A sentence that does not fit one page is divided
//! at punctuation and phrase boundaries; a page is shown until the first word of the next one.
//!
//! Start with [`TypeScene::prepare`].

mod blocks;
mod figures;
mod look;
mod marks;
mod ornament;
mod page;
mod set;
mod spec;
#[cfg(test)]
mod tests;

use crate::area::Rect;
use crate::color::Rgb;
use crate::frame::Frame;
use crate::kinetic::quiet::{QuietZone, Veil};
use crate::palette::Palette;
use crate::text::{TextEngine, TextStyle};
use look::Colors;
use ornament::Ornament;
use page::{LEAD_MS, Page};
pub use pytoon_vocabulary::Treatment;
use set::Setter;
pub use spec::{TypeSpec, TypeWord, WordBox};

/// The duration of the common exit, in milliseconds.
const EXIT_MS: f32 = 180.0;
/// The duration below which a scene ends with a cut, in milliseconds.
const SHORT_SCENE_MS: i64 = 2000;
/// The time after the last onset before which no exit begins, in milliseconds.
const LAST_WORD_MS: f32 = 200.0;
/// The width of the feathered edge, wide enough that the adapted area has no visible border.
const FEATHER: f32 = 1200.0;
/// Maximum change of the background towards the palette's ground. The words are the picture of the scene, so it may
/// be large.
const VEIL_LIMIT: f32 = 0.92;

/// A sentence that can be drawn at any time from any thread.
#[derive(Debug)]
pub struct TypeScene {
    pages: Vec<Page>,
    boxes: Vec<WordBox>,
    missing: Vec<char>,
    rect: Rect,
    quiet: QuietZone,
    /// The text colour with the least contrast.
    weakest: Rgb,
    ground: Rgb,
    /// The seed and the colour of the shape in a corner, if it is wanted.
    wanted: Option<(u64, Rgb)>,
    ornament: Option<Ornament>,
    unit: f32,
    scene_ms: i64,
    /// The start of the exit; the end of the scene for a cut.
    exit_ms: f32,
}

impl TypeScene {
    /// Divides the sentence into pages, lays them out and rasterises them.
    pub fn prepare(engine: &TextEngine, spec: &TypeSpec, palette: &Palette) -> Self {
        let colors = Colors::new(palette, spec.light_ground);
        let division = blocks::divide(&spec.words, spec.treatment);
        let style = TextStyle::new("Inter", 800, 48.0, 60.0);
        let sentence = division.shown.join(" ");
        let rtl = engine.layout(&style, &sentence, 1e6, 1).rtl;
        let setter = Setter { engine, spec, colors, division: &division, rtl };
        let set = setter.pages();
        let mut missing: Vec<char> = set
            .iter()
            .flat_map(|p| p.blocks.iter().flat_map(|b| b.layout.missing.iter().copied()))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let rect = set.iter().fold(Rect::EMPTY, |rect, page| rect.union(&page.rect));
        let pages: Vec<Page> = set.iter().map(|page| setter.rasterise(page)).collect();
        let boxes = word_boxes(spec, &set, &pages);
        let last = spec.words.iter().map(|w| w.start_ms).max().unwrap_or(0) as f32;
        let end = spec.scene_ms as f32;
        let exit_ms = if spec.scene_ms > SHORT_SCENE_MS {
            (end - EXIT_MS).max(last + LAST_WORD_MS).min(end)
        } else {
            end
        };
        Self {
            pages,
            boxes,
            missing,
            rect,
            quiet: QuietZone::none(),
            weakest: setter.weakest(),
            ground: if spec.light_ground { palette.paper } else { palette.ground },
            wanted: spec.ornament.map(|seed| (seed, palette.accent)),
            ornament: None,
            unit: spec.unit,
            scene_ms: spec.scene_ms,
            exit_ms,
        }
    }

    /// Measures a representative background frame and prepares the darkening (or lightening) that the text needs, and
    /// the shape in a corner. Without this call the background stays unchanged.
    pub fn adapt(&mut self, sample: &Frame) {
        if self.rect.is_empty() {
            return;
        }
        let area = self.rect.grown(24.0 * self.unit, 24.0 * self.unit);
        let veil = Veil { target: self.ground, feather: FEATHER * self.unit, limit: VEIL_LIMIT };
        self.quiet = QuietZone::measure_veil(sample, area, self.weakest, &veil);
        let size = (sample.width(), sample.height());
        self.ornament =
            self.wanted.and_then(|(seed, color)| Ornament::place(size, &area, seed, color));
    }

    /// Draws the type `t_ms` milliseconds after the scene's first frame.
    pub fn draw(&self, frame: &mut Frame, t_ms: f64) {
        let t = t_ms as f32;
        if t < 0.0 || t_ms >= self.scene_ms as f64 {
            return;
        }
        self.quiet.apply(frame);
        if let Some(ornament) = &self.ornament {
            ornament.draw(frame, t / self.scene_ms as f32);
        }
        let left = (self.scene_ms as f32 - t) / (self.scene_ms as f32 - self.exit_ms).max(1.0);
        let opacity = if t > self.exit_ms { left.clamp(0.0, 1.0) } else { 1.0 };
        // The first page is on screen from the start, without its words.
        let shown = self.pages.iter().rposition(|p| p.from_ms <= t).unwrap_or(0);
        if let Some(page) = self.pages.get(shown) {
            page.draw(frame, t, opacity);
        }
    }

    /// Returns the boxes of all words, in input order.
    pub fn word_boxes(&self) -> Vec<WordBox> {
        self.boxes.clone()
    }

    /// Returns the characters that no font covers.
    pub fn missing(&self) -> &[char] {
        &self.missing
    }

    /// Returns the number of pages.
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }
}

fn word_boxes(spec: &TypeSpec, set: &[set::SetPage], pages: &[Page]) -> Vec<WordBox> {
    let page_of = |word: usize| {
        set.iter().position(|p| p.blocks.iter().any(|b| b.words.contains(&word))).unwrap_or(0)
    };
    spec.words
        .iter()
        .enumerate()
        .map(|(word, spoken)| {
            let page = page_of(word);
            let runs = pages.get(page).map(|p| p.runs.as_slice()).unwrap_or_default();
            let rect = runs
                .iter()
                .filter(|run| run.word == word)
                .fold(Rect::EMPTY, |rect, run| rect.union(&run.ink));
            WordBox { word, page, rect, appears_ms: spoken.start_ms - LEAD_MS as i64 }
        })
        .collect()
}
