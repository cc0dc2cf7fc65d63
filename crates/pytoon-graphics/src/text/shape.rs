//! Wraps the shaping of the library `parley`. Other modules use only its types for fonts.
//!
//! Converts a string to clusters with advances, break opportunities, and placed glyphs. The result has plain types,
//! so that a new release of the library changes little outside this file.

use std::ops::Range;

use parley::fontique::Language;
use parley::style::{FontFeatures, FontWeight};
use parley::{
    BaseDirection, FontContext, FontFamily, FontFamilyName, LayoutContext, LineHeight,
    StyleProperty,
};

use super::fonts;
use super::script;

/// The text to shape and its settings. All sizes are in pixels.
pub(super) struct ShapeSpec<'a> {
    pub text: &'a str,
    pub family: &'a str,
    pub weight: u16,
    pub size: f32,
    pub tracking: f32,
    pub word_spacing: f32,
    pub language: Option<&'a str>,
    pub tabular: bool,
    /// The direction; `None` derives it from the first strong character.
    pub rtl: Option<bool>,
    /// The ranges drawn larger than `size`, with their factors.
    pub scaled: &'a [(Range<usize>, f32)],
    /// The whole text that contains this one, which decides the CJK face.
    pub context: &'a str,
}

/// One grapheme in logical order.
pub(super) struct Cluster {
    pub range: Range<usize>,
    pub advance: f32,
}

/// A unit of text without a break opportunity inside.
pub(super) struct Unit {
    pub range: Range<usize>,
    /// The advance without trailing white space.
    pub width: f32,
    /// The advance of the trailing white space.
    pub space: f32,
}

/// The measured text, which is the input of line breaking.
pub(super) struct Measured {
    pub clusters: Vec<Cluster>,
    pub units: Vec<Unit>,
    pub rtl: bool,
}

/// A glyph on a line. `x` counts from the line's left edge, `y` down from the baseline.
pub(super) struct ShapedGlyph {
    pub font: parley::FontData,
    pub id: u32,
    pub size: f32,
    pub x: f32,
    pub y: f32,
    pub embolden: bool,
}

/// One grapheme on a line, in visual order.
pub(super) struct ShapedCluster {
    pub range: Range<usize>,
    pub advance: f32,
    pub glyphs: Vec<ShapedGlyph>,
}

/// The shaping state. Each engine has one, behind its lock.
pub(super) struct Shaper {
    pub fonts: FontContext,
    pub families: Vec<String>,
    layouts: LayoutContext<()>,
}

impl Shaper {
    pub(super) fn new(fonts: FontContext, families: Vec<String>) -> Self {
        Self { fonts, families, layouts: LayoutContext::new() }
    }

    /// Measures a text and determines its break opportunities (UAX #14, through the shaping library).
    pub(super) fn measure(&mut self, spec: &ShapeSpec<'_>) -> Measured {
        let mut layout = self.build(spec);
        layout.break_all_lines(None);
        let mut clusters: Vec<Cluster> = layout
            .lines()
            .flat_map(|line| line.runs())
            .flat_map(|run| run.clusters())
            .map(|c| Cluster { range: c.text_range(), advance: c.advance() })
            .collect();
        clusters.sort_by_key(|c| c.range.start);
        let rtl = layout.is_rtl();
        // With zero width a line ends at every opportunity, which lists them.
        layout.break_all_lines(Some(0.0));
        let units = layout
            .lines()
            .map(|line| {
                let range = line.text_range();
                let kept = spec.text.get(range.clone()).unwrap_or("").trim_end().len();
                let split = range.start + kept;
                let (mut width, mut space) = (0.0, 0.0);
                for c in clusters.iter().filter(|c| range.contains(&c.range.start)) {
                    if c.range.start < split { width += c.advance } else { space += c.advance }
                }
                Unit { range, width, space }
            })
            .filter(|unit| !unit.range.is_empty())
            .collect();
        Measured { clusters, units, rtl }
    }

    /// Shapes the text as one line and returns its graphemes in visual order, from the left.
    pub(super) fn line(&mut self, spec: &ShapeSpec<'_>) -> Vec<ShapedCluster> {
        let mut layout = self.build(spec);
        layout.break_all_lines(None);
        let mut out = Vec::new();
        let mut pen = 0.0;
        for run in layout.lines().flat_map(|line| line.runs()) {
            // In right-to-left runs a ligature's glyphs belong to its visually last cluster.
            let mut ligature_pen = None;
            for cluster in run.visual_clusters() {
                let rtl = run.is_rtl();
                if rtl && cluster.is_ligature_continuation() && ligature_pen.is_none() {
                    ligature_pen = Some(pen);
                }
                let mut x = pen;
                if !cluster.is_ligature_continuation() {
                    x = ligature_pen.take().filter(|_| rtl).unwrap_or(pen);
                }
                let mut glyphs = Vec::new();
                for glyph in cluster.glyphs() {
                    glyphs.push(ShapedGlyph {
                        font: run.font().clone(),
                        id: glyph.id,
                        size: run.font_size(),
                        x: x + glyph.x,
                        y: glyph.y,
                        embolden: run.synthesis().embolden(),
                    });
                    x += glyph.advance;
                }
                out.push(ShapedCluster {
                    range: cluster.text_range(),
                    advance: cluster.advance(),
                    glyphs,
                });
                pen += cluster.advance();
            }
        }
        out
    }

    fn build(&mut self, spec: &ShapeSpec<'_>) -> parley::Layout<()> {
        let cjk = script::cjk_order(spec.language, spec.context);
        let family = fonts::chain(&self.families, spec.family, &cjk, false);
        let emoji = fonts::chain(&self.families, spec.family, &cjk, true);
        let list = |names: Vec<FontFamilyName<'static>>| FontFamily::List(names.into());
        let mut builder = self.layouts.ranged_builder(&mut self.fonts, spec.text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(list(family)));
        builder.push_default(StyleProperty::FontSize(spec.size));
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(f32::from(spec.weight))));
        builder.push_default(StyleProperty::LineHeight(LineHeight::Absolute(spec.size)));
        if spec.tracking != 0.0 && !script::forbids_tracking(spec.text) {
            builder.push_default(StyleProperty::LetterSpacing(spec.tracking));
        }
        if spec.word_spacing != 0.0 {
            builder.push_default(StyleProperty::WordSpacing(spec.word_spacing));
        }
        if spec.tabular {
            builder.push_default(StyleProperty::FontFeatures(FontFeatures::from("\"tnum\" 1")));
        }
        if let Some(language) = spec.language.and_then(|tag| Language::parse(tag).ok()) {
            builder.push_default(StyleProperty::Locale(Some(language)));
        }
        for range in script::emoji_ranges(spec.text) {
            builder.push(StyleProperty::FontFamily(list(emoji.clone())), range);
        }
        for (range, factor) in spec.scaled {
            builder.push(StyleProperty::FontSize(spec.size * factor), range.clone());
        }
        builder.set_base_direction(match spec.rtl {
            None => BaseDirection::Auto,
            Some(true) => BaseDirection::Rtl,
            Some(false) => BaseDirection::Ltr,
        });
        builder.build(spec.text)
    }
}
