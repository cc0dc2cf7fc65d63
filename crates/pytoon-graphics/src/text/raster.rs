//! Glyph outlines and colour bitmaps to coverage, cached, then to sprites.
//!
//! Guarantees: glyphs keep a quarter-pixel horizontal position; the stroke of all selected words
//! lies below every fill; colour glyphs keep their own colours.

use std::collections::HashMap;
use std::sync::Arc;

use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source, StrikeWith, image::Content, image::Image};
use swash::zeno::{Join, Stroke as OutlineStroke, Vector};

use super::blur;
use super::layout::{Layout, PlacedGlyph};
use super::style::TextStyle;
use crate::layer::Sprite;
use crate::safe_zone::Rect;

/// A sprite and where its top-left corner goes.
#[derive(Clone, Debug)]
pub struct PlacedSprite {
    /// Left edge, relative to the layout's origin.
    pub x: i32,
    /// Top edge, relative to the layout's origin.
    pub y: i32,
    /// The picture.
    pub sprite: Sprite,
}

/// The two layers of a text.
#[derive(Clone, Debug, Default)]
pub struct TextSprites {
    /// Shadow and stroke; absent when the style has neither.
    pub backing: Option<PlacedSprite>,
    /// The letters; absent when nothing is visible.
    pub fill: Option<PlacedSprite>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    font: (u64, u32),
    glyph: u16,
    size: u32,
    fraction: u8,
    stroke: u32,
    embolden: bool,
}

/// A rasterised glyph around its origin.
struct GlyphImage {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
    /// Coverage, or premultiplied RGBA when `color`.
    data: Vec<u8>,
    color: bool,
}

/// Bytes of glyph images kept before the cache starts over.
const CACHE_BYTES: usize = 24 << 20;

pub(super) struct Rasteriser {
    scale: ScaleContext,
    cache: HashMap<Key, Option<Arc<GlyphImage>>>,
    cache_bytes: usize,
    bounds: HashMap<((u64, u32), u16), Option<Rect>>,
}

impl Rasteriser {
    pub(super) fn new() -> Self {
        Self {
            scale: ScaleContext::new(),
            cache: HashMap::new(),
            cache_bytes: 0,
            bounds: HashMap::new(),
        }
    }

    /// Ink of a glyph around its origin at `size`, y down.
    pub(super) fn bounds(&mut self, font: &parley::FontData, id: u16, size: f32) -> Option<Rect> {
        let key = ((font.data.id(), font.index), id);
        let scale = &mut self.scale;
        let unit = *self.bounds.entry(key).or_insert_with(|| unit_bounds(scale, font, id));
        unit.map(|rect| rect.scaled(size))
    }

    pub(super) fn sprites(
        &mut self,
        layout: &Layout,
        style: &TextStyle,
        select: &dyn Fn(usize, usize) -> bool,
    ) -> TextSprites {
        let glyphs: Vec<&PlacedGlyph> =
            layout.glyphs.iter().filter(|g| select(g.word, g.line)).collect();
        let k = if style.size_px > 0.0 { layout.size_px / style.size_px } else { 1.0 };
        let mut fill = Canvas::default();
        let images = self.images(layout, &glyphs, 0.0);
        fill.fit(&images, 1);
        fill.draw(&images);
        let mut out = TextSprites::default();
        if fill.width == 0 {
            return out;
        }
        let stroke = style.stroke.map(|s| (s.color, (s.width_px * k).max(1.0)));
        let stroked = stroke.map(|(_, width)| self.images(layout, &glyphs, width));
        if stroke.is_some() || style.shadow.is_some() {
            let shadow = style.shadow.map(|s| (s, s.dy_px * k, s.sigma_px * k));
            let pad = shadow.map_or(1.0, |(_, dy, sigma)| (dy + 2.6 * sigma).ceil()) as i32;
            let mut outline = Canvas::default();
            let all: Vec<_> = stroked.iter().flatten().chain(&images).cloned().collect();
            outline.fit(&all, pad);
            outline.draw(&all);
            let mut rgba = vec![0u8; 4 * outline.width * outline.height];
            if let Some((shadow, dy, sigma)) = shadow {
                let mut mask = outline.silhouette();
                blur::gaussian(&mut mask, outline.width, outline.height, sigma);
                over_shifted(&mut rgba, &mask, outline.width, dy.round() as i32, shadow.color.to_float(), shadow.opacity);
            }
            if let Some((color, _)) = stroke {
                over_shifted(&mut rgba, &outline.mask, outline.width, 0, color.to_float(), 1.0);
            }
            let sprite = Sprite::from_premultiplied(outline.width, outline.height, &rgba);
            out.backing = Some(PlacedSprite { x: outline.x, y: outline.y, sprite });
        }
        let mut rgba = vec![0u8; 4 * fill.width * fill.height];
        over_shifted(&mut rgba, &fill.mask, fill.width, 0, style.fill.to_float(), 1.0);
        for (dst, src) in rgba.chunks_exact_mut(4).zip(fill.color.chunks_exact(4)) {
            let keep = 255 - u16::from(src[3]);
            for (d, s) in dst.iter_mut().zip(src) {
                *d = (u16::from(*s) + (u16::from(*d) * keep + 127) / 255).min(255) as u8;
            }
        }
        let sprite = Sprite::from_premultiplied(fill.width, fill.height, &rgba);
        out.fill = Some(PlacedSprite { x: fill.x, y: fill.y, sprite });
        out
    }

    fn images(&mut self, layout: &Layout, glyphs: &[&PlacedGlyph], stroke: f32) -> Vec<Placed> {
        let mut out = Vec::with_capacity(glyphs.len());
        for glyph in glyphs {
            let Some(font) = layout.fonts.get(glyph.font) else { continue };
            let quarter = (glyph.x * 4.0).round();
            let x = (quarter / 4.0).floor();
            let key = Key {
                font: (font.data.id(), font.index),
                glyph: glyph.id,
                size: (glyph.size * 64.0) as u32,
                fraction: (quarter - 4.0 * x) as u8,
                stroke: (stroke * 64.0) as u32,
                embolden: glyph.embolden,
            };
            let image = match self.cache.get(&key) {
                Some(image) => image.clone(),
                None => {
                    let image = render(&mut self.scale, font, glyph, &key, stroke).map(Arc::new);
                    self.cache_bytes += image.as_ref().map_or(64, |i| i.data.len() + 64);
                    if self.cache_bytes > CACHE_BYTES {
                        self.cache.clear();
                        self.cache_bytes = 0;
                    }
                    self.cache.insert(key, image.clone());
                    image
                }
            };
            if let Some(image) = image {
                out.push(Placed { x: x as i32 + image.left, y: glyph.y.round() as i32 - image.top, image });
            }
        }
        out
    }
}

#[derive(Clone)]
struct Placed {
    x: i32,
    y: i32,
    image: Arc<GlyphImage>,
}

/// Coverage and colour of several glyphs.
#[derive(Default)]
struct Canvas {
    x: i32,
    y: i32,
    width: usize,
    height: usize,
    mask: Vec<u8>,
    color: Vec<u8>,
}

impl Canvas {
    fn fit(&mut self, images: &[Placed], pad: i32) {
        let Some(x0) = images.iter().map(|p| p.x).min() else { return };
        let y0 = images.iter().map(|p| p.y).min().unwrap_or(0);
        let x1 = images.iter().map(|p| p.x + p.image.width as i32).max().unwrap_or(x0);
        let y1 = images.iter().map(|p| p.y + p.image.height as i32).max().unwrap_or(y0);
        self.x = x0 - pad;
        self.y = y0 - pad;
        self.width = (x1 - x0 + 2 * pad).max(0) as usize;
        self.height = (y1 - y0 + 2 * pad).max(0) as usize;
        self.mask = vec![0; self.width * self.height];
        if images.iter().any(|p| p.image.color) {
            self.color = vec![0; 4 * self.width * self.height];
        }
    }

    fn draw(&mut self, images: &[Placed]) {
        for placed in images {
            let image = &placed.image;
            let (dx, dy) = ((placed.x - self.x) as usize, (placed.y - self.y) as usize);
            for row in 0..image.height {
                let at = (dy + row) * self.width + dx;
                if image.color {
                    let source = &image.data[4 * row * image.width..4 * (row + 1) * image.width];
                    self.color[4 * at..4 * (at + image.width)].copy_from_slice(source);
                } else {
                    let source = &image.data[row * image.width..(row + 1) * image.width];
                    for (d, s) in self.mask[at..at + image.width].iter_mut().zip(source) {
                        // Union of independent coverages, so abutting edges close.
                        let sum = u16::from(*d) + u16::from(*s);
                        *d = (sum - (u16::from(*d) * u16::from(*s) + 127) / 255) as u8;
                    }
                }
            }
        }
    }

    fn silhouette(&self) -> Vec<u8> {
        let mut mask = self.mask.clone();
        for (m, c) in mask.iter_mut().zip(self.color.chunks_exact(4)) {
            *m = (*m).max(c[3]);
        }
        mask
    }
}

/// Composites one colour through a mask, moved down by `dy`, over premultiplied RGBA.
fn over_shifted(rgba: &mut [u8], mask: &[u8], width: usize, dy: i32, color: [f32; 3], opacity: f32) {
    let height = mask.len() / width.max(1);
    for row in 0..height {
        let Some(from) = row.checked_add_signed(-dy as isize).filter(|r| *r < height) else { continue };
        for x in 0..width {
            let a = f32::from(mask[from * width + x]) * opacity;
            if a <= 0.0 {
                continue;
            }
            let keep = 1.0 - a / 255.0;
            let p = &mut rgba[4 * (row * width + x)..4 * (row * width + x) + 4];
            for (d, c) in p.iter_mut().zip([color[0], color[1], color[2], 1.0]) {
                *d = (c * a + f32::from(*d) * keep + 0.5).min(255.0) as u8;
            }
        }
    }
}

fn render(
    context: &mut ScaleContext,
    font: &parley::FontData,
    glyph: &PlacedGlyph,
    key: &Key,
    stroke: f32,
) -> Option<GlyphImage> {
    let face = FontRef::from_index(font.data.as_ref(), font.index as usize)?;
    if stroke == 0.0
        && let Some(image) = render_color(context, face, glyph.id, glyph.size)
    {
        return Some(image);
    }
    let mut scaler = context.builder(face).size(glyph.size).hint(false).build();
    let mut render = Render::new(&[Source::Outline]);
    render.offset(Vector::new(f32::from(key.fraction) * 0.25, 0.0));
    if glyph.embolden {
        render.embolden(glyph.size / 40.0);
    }
    if stroke > 0.0 {
        // Half of a centred stroke lies outside the outline.
        render.style(*OutlineStroke::new(2.0 * stroke).join(Join::Round));
    }
    let image = render.render(&mut scaler, glyph.id)?;
    let p = image.placement;
    (p.width > 0 && p.height > 0 && image.content == Content::Mask).then(|| GlyphImage {
        left: p.left,
        top: p.top,
        width: p.width as usize,
        height: p.height as usize,
        data: image.data,
        color: false,
    })
}

/// Colour layers, or the largest bitmap reduced with premultiplied alpha.
fn render_color(context: &mut ScaleContext, face: FontRef<'_>, id: u16, size: f32) -> Option<GlyphImage> {
    let mut scaler = context.builder(face).size(size).build();
    if scaler.has_color_outlines()
        && let Some(image) = Render::new(&[Source::ColorOutline(0)]).render(&mut scaler, id)
    {
        return Some(premultiplied(&image));
    }
    let (bitmap, ppem) = color_bitmap(context, face, id)?;
    Some(reduce(&premultiplied(&bitmap), size / ppem))
}

/// The largest colour bitmap and the size it was drawn for.
fn color_bitmap(context: &mut ScaleContext, face: FontRef<'_>, id: u16) -> Option<(Image, f32)> {
    let ppem = face.color_strikes().map(|strike| strike.ppem()).max().filter(|p| *p > 0)?;
    // Size zero asks for the bitmap as stored.
    let mut scaler = context.builder(face).build();
    let bitmap = scaler.scale_color_bitmap(id, StrikeWith::LargestSize)?;
    (bitmap.content == Content::Color).then_some((bitmap, f32::from(ppem)))
}

fn premultiplied(image: &Image) -> GlyphImage {
    let mut data = image.data.clone();
    for p in data.chunks_exact_mut(4) {
        let a = u16::from(p[3]);
        for c in &mut p[..3] {
            *c = ((u16::from(*c) * a + 127) / 255) as u8;
        }
    }
    let p = image.placement;
    GlyphImage { left: p.left, top: p.top, width: p.width as usize, height: p.height as usize, data, color: true }
}

/// Resamples with a tent as wide as the reduction, per axis weights normalised.
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

/// Ink of a glyph at one pixel per em.
fn unit_bounds(context: &mut ScaleContext, font: &parley::FontData, id: u16) -> Option<Rect> {
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
