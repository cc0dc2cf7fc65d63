//! Rasterises one glyph: outlines filled or stroked, colour layers, colour bitmaps.
//!
//! This module does not cache or place glyphs.

use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source, StrikeWith, image::Content, image::Image};
use swash::zeno::{Join, Stroke as OutlineStroke, Vector};

use crate::area::Rect;

/// A glyph with its rendering settings.
pub(super) struct GlyphSpec {
    pub id: u16,
    pub size: f32,
    /// The sub-pixel offset to the right.
    pub shift: f32,
    /// The width of the outline outside the glyph, in pixels; zero fills the glyph.
    pub stroke: f32,
    pub embolden: bool,
}

/// A rasterised glyph positioned around its origin.
pub(super) struct GlyphImage {
    pub left: i32,
    pub top: i32,
    pub width: usize,
    pub height: usize,
    /// The coverage, or premultiplied RGBA if `color` is set.
    pub data: Vec<u8>,
    pub color: bool,
}

/// Rasterises one glyph. A fill uses the glyph's own colours if it has any; a stroke always follows the outline.
pub(super) fn render(
    context: &mut ScaleContext,
    font: &parley::FontData,
    glyph: &GlyphSpec,
) -> Option<GlyphImage> {
    let face = FontRef::from_index(font.data.as_ref(), font.index as usize)?;
    if glyph.stroke == 0.0
        && let Some(image) = render_color(context, face, glyph.id, glyph.size)
    {
        return Some(image);
    }
    let mut scaler = context.builder(face).size(glyph.size).hint(false).build();
    let mut render = Render::new(&[Source::Outline]);
    render.offset(Vector::new(glyph.shift, 0.0));
    if glyph.embolden {
        render.embolden(glyph.size / 40.0);
    }
    if glyph.stroke > 0.0 {
        // Half of a centred stroke is outside the outline.
        render.style(*OutlineStroke::new(2.0 * glyph.stroke).join(Join::Round));
    }
    let image = render.render(&mut scaler, glyph.id)?;
    let p = image.placement;
    (p.width > 0 && p.height > 0 && image.content == Content::Mask).then_some(GlyphImage {
        left: p.left,
        top: p.top,
        width: p.width as usize,
        height: p.height as usize,
        data: image.data,
        color: false,
    })
}

/// Renders a glyph's colour layers or, without layers, its largest colour bitmap, scaled. Returns `None` for a glyph
/// without colours.
fn render_color(
    context: &mut ScaleContext,
    face: FontRef<'_>,
    id: u16,
    size: f32,
) -> Option<GlyphImage> {
    let mut scaler = context.builder(face).size(size).build();
    if scaler.has_color_outlines()
        && let Some(image) = Render::new(&[Source::ColorOutline(0)]).render(&mut scaler, id)
    {
        return Some(premultiply(&image));
    }
    let (bitmap, ppem) = color_bitmap(context, face, id)?;
    Some(reduce(&premultiply(&bitmap), size / ppem))
}

/// Returns the largest colour bitmap and the size for which it was drawn.
fn color_bitmap(context: &mut ScaleContext, face: FontRef<'_>, id: u16) -> Option<(Image, f32)> {
    let ppem = face.color_strikes().map(|strike| strike.ppem()).max().filter(|p| *p > 0)?;
    // Size zero requests the bitmap as stored.
    let mut scaler = context.builder(face).build();
    let bitmap = scaler.scale_color_bitmap(id, StrikeWith::LargestSize)?;
    (bitmap.content == Content::Color).then_some((bitmap, f32::from(ppem)))
}

fn premultiply(image: &Image) -> GlyphImage {
    let mut data = image.data.clone();
    for p in data.chunks_exact_mut(4) {
        let a = u16::from(p[3]);
        for c in &mut p[..3] {
            *c = ((u16::from(*c) * a + 127) / 255) as u8;
        }
    }
    let p = image.placement;
    GlyphImage {
        left: p.left,
        top: p.top,
        width: p.width as usize,
        height: p.height as usize,
        data,
        color: true,
    }
}

/// Scales a colour glyph by `scale` with a tent filter, widened for reductions. The weights on each axis add up to 1.
fn reduce(source: &GlyphImage, scale: f32) -> GlyphImage {
    let size = |n: usize| ((n as f32 * scale).ceil() as usize).max(1);
    let (width, height) = (size(source.width), size(source.height));
    let radius = (1.0 / scale).max(1.0);
    let mut data = vec![0u8; 4 * width * height];
    let taps = |i: usize, n: usize| -> Vec<(usize, f32)> {
        let centre = (i as f32 + 0.5) / scale;
        let from = (centre - radius).floor().max(0.0) as usize;
        let to = ((centre + radius).ceil() as usize).min(n);
        let weights: Vec<(usize, f32)> = (from..to)
            .map(|j| (j, (1.0 - (j as f32 + 0.5 - centre).abs() / radius).max(0.0)))
            .collect();
        let total: f32 = weights.iter().map(|w| w.1).sum::<f32>().max(1e-6);
        weights.into_iter().map(|(j, w)| (j, w / total)).collect()
    };
    let columns: Vec<_> = (0..width).map(|x| taps(x, source.width)).collect();
    for y in 0..height {
        let rows = taps(y, source.height);
        for (x, column) in columns.iter().enumerate() {
            let mut sum = [0.0f32; 4];
            for (j, wy) in &rows {
                for (i, wx) in column {
                    let p = &source.data[4 * (j * source.width + i)..][..4];
                    for (s, v) in sum.iter_mut().zip(p) {
                        *s += wx * wy * f32::from(*v);
                    }
                }
            }
            for (d, s) in data[4 * (y * width + x)..][..4].iter_mut().zip(sum) {
                *d = (s + 0.5) as u8;
            }
        }
    }
    let at = |v: i32| (v as f32 * scale).round() as i32;
    GlyphImage { left: at(source.left), top: at(source.top), width, height, data, color: true }
}

/// Returns the ink box of a glyph, at one pixel per em.
pub(super) fn unit_bounds(
    context: &mut ScaleContext,
    font: &parley::FontData,
    id: u16,
) -> Option<Rect> {
    // A large size keeps rounding in the outline small.
    const SIZE: f32 = 1024.0;
    let face = FontRef::from_index(font.data.as_ref(), font.index as usize)?;
    if let Some((bitmap, ppem)) = color_bitmap(context, face, id) {
        let p = bitmap.placement;
        let (x, y) = (p.left as f32, -p.top as f32);
        return Some(Rect::new(x, y, x + p.width as f32, y + p.height as f32).scaled(1.0 / ppem));
    }
    let mut scaler = context.builder(face).size(SIZE).build();
    let outline = scaler.scale_outline(id)?;
    if outline.is_empty() {
        return None;
    }
    let b = outline.bounds();
    Some(Rect::new(b.min.x, -b.max.y, b.max.x, -b.min.y).scaled(1.0 / SIZE))
}
