//! Rasterises glyph outlines and colour bitmaps to cached coverage, and the coverage to sprites.
//!
//! Guarantees: glyphs keep a quarter-pixel horizontal position; the stroke of all selected words is below every fill;
//! colour glyphs keep their own colours.

use std::collections::HashMap;
use std::sync::Arc;

use swash::scale::ScaleContext;

use super::blur;
use super::glyph::{GlyphImage, GlyphSpec, render, unit_bounds};
use super::layout::{Layout, PlacedGlyph};
use super::style::TextStyle;
use crate::area::Rect;
use crate::layer::Sprite;

/// A sprite with the position of its top-left corner.
#[derive(Clone, Debug)]
pub struct PlacedSprite {
    /// The left edge, relative to the layout's origin.
    pub x: i32,
    /// The top edge, relative to the layout's origin.
    pub y: i32,
    /// The sprite.
    pub sprite: Sprite,
}

/// The two sprite layers of a text.
#[derive(Clone, Debug, Default)]
pub struct TextSprites {
    /// The shadow and stroke; absent if there are none to draw.
    pub backing: Option<PlacedSprite>,
    /// The letters; absent if nothing is visible.
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

/// The size at which the glyph cache is cleared, in bytes.
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

    /// Returns the ink box of a glyph at `size`, relative to its origin, y down.
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
                over_shifted(
                    &mut rgba,
                    &mask,
                    outline.width,
                    dy.round() as i32,
                    shadow.color.to_float(),
                    shadow.opacity,
                );
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
            let Some(font) = layout.fonts.get(glyph.font) else {
                continue;
            };
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
                    let image = render(
                        &mut self.scale,
                        font,
                        &GlyphSpec {
                            id: glyph.id,
                            size: glyph.size,
                            shift: f32::from(key.fraction) * 0.25,
                            stroke,
                            embolden: glyph.embolden,
                        },
                    )
                    .map(Arc::new);
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
                out.push(Placed {
                    x: x as i32 + image.left,
                    y: glyph.y.round() as i32 - image.top,
                    image,
                });
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

/// The coverage and colour of several glyphs.
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
        let Some(x0) = images.iter().map(|p| p.x).min() else {
            return;
        };
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
                        // Union of independent coverages, so that adjacent edges close.
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
fn over_shifted(
    rgba: &mut [u8],
    mask: &[u8],
    width: usize,
    dy: i32,
    color: [f32; 3],
    opacity: f32,
) {
    let height = mask.len() / width.max(1);
    for row in 0..height {
        let Some(from) = row.checked_add_signed(-dy as isize).filter(|r| *r < height) else {
            continue;
        };
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
