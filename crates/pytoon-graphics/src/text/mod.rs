//! Shapes, breaks, measures and rasterises text.
//!
//! Guarantees: no word is ever lost; output depends only on the supplied fonts; an engine can be cloned cheaply and
//! used from several threads.
//!
//! This module does not read files or use the machine's fonts, and does not draw into frames. It creates sprites,
//! which [`crate::layer`] composites.
//!
//! Start with [`FontLibrary::new`], [`TextEngine::layout`] and [`TextEngine::sprites`].

pub(crate) mod blur;
mod breaks;
mod fit;
mod fonts;
mod glyph;
mod layout;
mod raster;
mod request;
mod script;
mod shape;
mod style;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wanted;

pub(crate) use breaks::penalty as break_penalty;
pub use fonts::{FontBytes, FontFile, FontLibrary, fonts_needed, glyphs_needed, take_covered};
pub use layout::{Layout, Line, WordBox};
pub use raster::{PlacedSprite, TextSprites};
pub use request::LayoutRequest;
pub use script::font_script;
pub use style::{Align, Shadow, Stroke, TextStyle};
pub(crate) use wanted::MONOSPACED;
pub use wanted::{FontScript, WANTED_FONTS, WantedFont};

use std::sync::{Arc, Mutex, PoisonError};

use crate::area::Rect;
use raster::Rasteriser;
use shape::Shaper;

/// The engine that lays out and rasterises text. Clones share fonts and caches.
#[derive(Clone)]
pub struct TextEngine(Arc<Inner>);

struct Inner {
    shaper: Mutex<Shaper>,
    raster: Mutex<Rasteriser>,
    families: Vec<String>,
}

impl TextEngine {
    /// Creates an engine that uses the given font library.
    pub fn new(library: FontLibrary) -> Self {
        let (context, families) = library.into_context();
        Self(Arc::new(Inner {
            shaper: Mutex::new(Shaper::new(context, families.clone())),
            raster: Mutex::new(Rasteriser::new()),
            families,
        }))
    }

    /// Returns true if a font family is available.
    pub fn has_family(&self, family: &str) -> bool {
        self.0.families.iter().any(|f| f == family)
    }

    /// Lays out `text`. Its white-space tokens are the words.
    pub fn layout(
        &self,
        style: &TextStyle,
        text: &str,
        max_width: f32,
        max_lines: usize,
    ) -> Layout {
        self.layout_with(&LayoutRequest {
            style,
            text,
            words: &[],
            emphasis: &[],
            emphasis_scale: 1.0,
            max_width,
            max_lines,
        })
    }

    /// Lays out text with explicitly marked words and emphasis.
    pub fn layout_with(&self, request: &LayoutRequest<'_>) -> Layout {
        // A panic elsewhere leaves only caches behind these locks, so poison can be ignored.
        let mut shaper = self.0.shaper.lock().unwrap_or_else(PoisonError::into_inner);
        let mut raster = self.0.raster.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bounds =
            |font: &parley::FontData, id: u16, size: f32| raster.bounds(font, id, size);
        layout::compose(&mut shaper, request, &mut bounds)
    }

    /// Returns the ink box of a word, in layout coordinates, without stroke or shadow.
    pub fn word_ink(&self, layout: &Layout, word: usize) -> Rect {
        let mut raster = self.0.raster.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ink = Rect::EMPTY;
        for glyph in layout.glyphs.iter().filter(|g| g.word == word) {
            if let Some(font) = layout.fonts.get(glyph.font)
                && let Some(b) = raster.bounds(font, glyph.id, glyph.size)
            {
                ink = ink.union(&b.shifted(glyph.x, glyph.y));
            }
        }
        ink
    }

    /// Rasterises the words that `select` picks, as one backing sprite (shadow and stroke) and one fill sprite.
    /// Positions are relative to the layout's origin, which must be on a whole pixel.
    pub fn sprites(
        &self,
        layout: &Layout,
        style: &TextStyle,
        select: &dyn Fn(usize) -> bool,
    ) -> TextSprites {
        let mut raster = self.0.raster.lock().unwrap_or_else(PoisonError::into_inner);
        raster.sprites(layout, style, &|word, _| select(word))
    }

    /// Rasterises like [`TextEngine::sprites`], for the glyphs of one line only.
    pub fn sprites_on_line(
        &self,
        layout: &Layout,
        style: &TextStyle,
        line: usize,
        select: &dyn Fn(usize) -> bool,
    ) -> TextSprites {
        let mut raster = self.0.raster.lock().unwrap_or_else(PoisonError::into_inner);
        raster.sprites(layout, style, &|word, on| on == line && select(word))
    }
}
