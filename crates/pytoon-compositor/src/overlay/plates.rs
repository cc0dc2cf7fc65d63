//! Text on plates: labels, lower thirds and the numbers of list items.

use super::{Layers, Page, overlay_origin};
use pytoon_core::brief::Position;
use pytoon_graphics::Rgb;
use pytoon_graphics::color::contrast;
use pytoon_graphics::layer::rounded_rect;
use pytoon_graphics::text::{Layout, TextStyle};

/// The plate of labels and lower thirds: nearly black, so that white text has a contrast of at least 10 over any picture.
const PLATE: Rgb = Rgb::new(0x0C, 0x0C, 0x10);
const PLATE_OPACITY: f32 = 0.82;

/// Draws a label: a line of text on a rounded plate.
pub(super) fn label(
    page: &Page<'_>,
    words: &str,
    position: Position,
    missing: &mut Vec<char>,
) -> Layers {
    let unit = page.placement.unit;
    let zone = page.placement.safe().rect;
    let (across, down) = (26.0 * unit, 14.0 * unit);
    let style = style(page, 46.0, 800, Rgb::WHITE);
    let layout = page.text.layout(&style, words, zone.width() - 2.0 * across, 1);
    missing.extend(layout.missing.iter().copied());
    let ink = layout.ink;
    let (width, height) = (ink.width() + 2.0 * across, layout.height + 2.0 * down);
    let (x, y) = overlay_origin(position, zone, width, height);
    let plate = rounded_rect(width, height, 20.0 * unit, PLATE, PLATE_OPACITY);
    let mut layers = vec![(x - 1, y - 1, plate)];
    let left = x as f32 + across - ink.x0;
    set(page, &layout, &style, (left, y as f32 + down), &mut layers);
    layers
}

/// Draws a lower third: a name and a smaller line on a plate with a bar in the accent colour, at the left above the
/// captions.
pub(super) fn lower_third(
    page: &Page<'_>,
    name: &str,
    detail: Option<&str>,
    position: Position,
    missing: &mut Vec<char>,
) -> Layers {
    let unit = page.placement.unit;
    let zone = page.placement.lower_third(position);
    let (across, down, bar) = (26.0 * unit, 16.0 * unit, 10.0 * unit);
    let room = zone.width() - 2.0 * across - bar;
    let lines = [(name, style(page, 46.0, 800, Rgb::WHITE))]
        .into_iter()
        .chain(detail.map(|detail| (detail, style(page, 36.0, 500, Rgb::WHITE))));
    let lines: Vec<_> =
        lines.map(|(words, style)| (page.text.layout(&style, words, room, 1), style)).collect();
    missing.extend(lines.iter().flat_map(|(layout, _)| layout.missing.iter().copied()));
    let inks: Vec<_> = lines.iter().map(|(layout, _)| layout.ink).collect();
    let width = inks.iter().map(|ink| ink.width()).fold(0.0, f32::max) + 2.0 * across + bar;
    let height = lines.iter().map(|(layout, _)| layout.height).sum::<f32>() + 2.0 * down;
    let (x, y) = (zone.x0, zone.y1 - height);
    let at = |value: f32| value.round() as i32 - 1;
    let mut layers = vec![
        (at(x), at(y), rounded_rect(width, height, 8.0 * unit, PLATE, PLATE_OPACITY)),
        (at(x), at(y), rounded_rect(bar, height, 4.0 * unit, page.palette.accent, 1.0)),
    ];
    let mut top = y + down;
    for ((layout, style), ink) in lines.iter().zip(&inks) {
        set(page, layout, style, (x + bar + across - ink.x0, top), &mut layers);
        top += layout.height;
    }
    layers
}

/// Draws the number of a list item on a disc in the accent colour.
pub(super) fn chapter(
    page: &Page<'_>,
    number: u32,
    size: f32,
    position: Position,
    missing: &mut Vec<char>,
) -> Layers {
    let zone = page.placement.safe().rect;
    let (x, y) = overlay_origin(position, zone, size, size);
    let accent = page.palette.accent;
    let ink = if contrast(accent, Rgb::WHITE) >= LEAST_CONTRAST {
        Rgb::WHITE
    } else {
        Rgb::new(0x11, 0x11, 0x11)
    };
    let text = number.to_string();
    let per_unit = page.placement.unit;
    let style = style(page, size * 0.56 / per_unit, 900, ink);
    let layout = page.text.layout(&style, &text, size * 0.8, 1);
    missing.extend(layout.missing.iter().copied());
    let glyphs = layout.ink;
    let disc = rounded_rect(size, size, size / 2.0, accent, 1.0);
    let mut layers = vec![(x - 1, y - 1, disc)];
    let left = x as f32 + (size - glyphs.width()) / 2.0 - glyphs.x0;
    let top = y as f32 + (size - glyphs.height()) / 2.0 - glyphs.y0;
    set(page, &layout, &style, (left, top), &mut layers);
    layers
}

/// The contrast of large type without an outline.
const LEAST_CONTRAST: f32 = 4.5;

fn style(page: &Page<'_>, size: f32, weight: u16, color: Rgb) -> TextStyle {
    let unit = page.placement.unit;
    let family = page.font.unwrap_or("Inter");
    TextStyle {
        fill: color,
        min_size_px: 30.0 * unit,
        ..TextStyle::new(family, weight, size * unit, size * 1.25 * unit)
    }
}

/// Adds the glyphs of a layout whose upper left corner is at a position in the frame.
fn set(
    page: &Page<'_>,
    layout: &Layout,
    style: &TextStyle,
    (left, top): (f32, f32),
    layers: &mut Layers,
) {
    let (left, top) = (left.round() as i32, top.round() as i32);
    let sprites = page.text.sprites(layout, style, &|_| true);
    for placed in [sprites.backing, sprites.fill].into_iter().flatten() {
        layers.push((left + placed.x, top + placed.y, placed.sprite));
    }
}
