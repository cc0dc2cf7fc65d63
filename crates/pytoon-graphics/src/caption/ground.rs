//! The surface behind the words of a cue: its rectangles and its sprite.

use super::look::Ground;
use crate::area::Rect;
use crate::layer::{Sprite, draw_mask, rounded_rect};
use crate::text::blur;
use crate::text::{Layout, PlacedSprite};

/// Returns the rectangles of a ground in whole frame pixels: one for the block, or one for each line. `origin` is the
/// top-left corner of the layout, `ink` the ink box in frame pixels, `k` the pixels per reference pixel.
pub(super) fn rects(
    ground: &Ground,
    layout: &Layout,
    origin: (f32, f32),
    ink: &Rect,
    k: f32,
) -> Vec<Rect> {
    let (ox, oy) = origin;
    let mut rects = match *ground {
        Ground::Plate { pad, .. } => {
            let (px, py) = (pad.0 * k, pad.1 * k);
            let left = layout.lines.iter().map(|l| l.x0).fold(f32::MAX, f32::min);
            let right = layout.lines.iter().map(|l| l.x1).fold(0.0, f32::max);
            let text = Rect::new(ox + left, oy, ox + right, oy + layout.height);
            vec![text.grown(px, py).union(&ink.grown(0.3 * px, 0.5 * py))]
        }
        Ground::Rows { pad, radius, .. } => {
            let mut rows = lines(layout, origin, pad.0 * k);
            let reach = ink.grown(0.4 * pad.0 * k, pad.1 * k);
            if let Some(first) = rows.first_mut() {
                first.y0 = first.y0.min(reach.y0);
            }
            if let Some(last) = rows.last_mut() {
                last.y1 = last.y1.max(reach.y1);
            }
            if let Some(widest) = rows.iter_mut().max_by(|a, b| a.width().total_cmp(&b.width())) {
                widest.x0 = widest.x0.min(reach.x0);
                widest.x1 = widest.x1.max(reach.x1);
            }
            // A step that is too short for two arcs is left out.
            for i in 1..rows.len() {
                let (x0, x1) = (rows[i].x0.min(rows[i - 1].x0), rows[i].x1.max(rows[i - 1].x1));
                if (rows[i].width() - rows[i - 1].width()).abs() < 4.0 * radius * k {
                    for row in &mut rows[i - 1..=i] {
                        (row.x0, row.x1) = (x0, x1);
                    }
                }
            }
            rows
        }
        Ground::Shade { margin, .. } => {
            let block = lines(layout, origin, 0.0).iter().fold(*ink, |block, r| block.union(r));
            vec![block.grown(margin.0 * k, margin.1 * k)]
        }
    };
    for r in &mut rects {
        *r = Rect::new(r.x0.floor(), r.y0.floor(), r.x1.ceil(), r.y1.ceil());
    }
    rects
}

fn lines(layout: &Layout, (ox, oy): (f32, f32), pad: f32) -> Vec<Rect> {
    let height = layout.line_height;
    let line = |(i, line): (usize, &crate::text::Line)| {
        let top = oy + i as f32 * height;
        Rect::new(ox + line.x0 - pad, top, ox + line.x1 + pad, top + height)
    };
    layout.lines.iter().enumerate().map(line).collect()
}

/// Rasterises a ground with the given rectangles.
pub(super) fn sprite(ground: &Ground, rects: &[Rect], k: f32) -> PlacedSprite {
    let area = rects.iter().fold(Rect::EMPTY, |area, r| area.union(r));
    // One pixel of margin around the rectangles.
    let placed = |sprite| PlacedSprite { x: area.x0 as i32 - 1, y: area.y0 as i32 - 1, sprite };
    match *ground {
        Ground::Plate { radius, color, opacity, .. } => {
            placed(rounded_rect(area.width(), area.height(), radius * k, color, opacity))
        }
        Ground::Rows { radius, color, .. } => {
            let size = (area.width() as usize + 2, area.height() as usize + 2);
            let rows = rects.iter().map(|r| r.shifted(1.0 - area.x0, 1.0 - area.y0)).collect();
            let shape = JoinedRows::new(rows, radius * k);
            let mask = draw_mask(size.0, size.1, |x, y| shape.distance(x, y));
            placed(Sprite::from_mask(size.0, size.1, &mask, color))
        }
        Ground::Shade { sigma, color, opacity, .. } => {
            let pad = (3.0 * sigma * k).ceil();
            let size = ((area.width() + 2.0 * pad) as usize, (area.height() + 2.0 * pad) as usize);
            let block = area.shifted(pad - area.x0, pad - area.y0);
            let mut mask = draw_mask(size.0, size.1, |x, y| rounded(&block, sigma * k, x, y));
            blur::gaussian(&mut mask, size.0, size.1, sigma * k);
            mask.iter_mut().for_each(|v| *v = (f32::from(*v) * opacity + 0.5) as u8);
            let sprite = Sprite::from_mask(size.0, size.1, &mask, color);
            PlacedSprite { x: (area.x0 - pad) as i32, y: (area.y0 - pad) as i32, sprite }
        }
    }
}

/// Returns the signed distance from a rounded rectangle, negative inside.
fn rounded(r: &Rect, radius: f32, x: f32, y: f32) -> f32 {
    let half = (0.5 * r.width(), 0.5 * r.height());
    let radius = radius.min(half.0).min(half.1);
    let dx = (x - 0.5 * (r.x0 + r.x1)).abs() - half.0 + radius;
    let dy = (y - 0.5 * (r.y0 + r.y1)).abs() - half.1 + radius;
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
}

/// Rounded boxes of consecutive lines, joined to one shape with rounded inner corners.
struct JoinedRows {
    rows: Vec<Rect>,
    /// The inner corners: the square that an arc cuts, and the centre of the arc.
    corners: Vec<(Rect, (f32, f32))>,
    radius: f32,
}

impl JoinedRows {
    fn new(mut rows: Vec<Rect>, radius: f32) -> Self {
        let mut corners = Vec::new();
        for i in 1..rows.len() {
            let (upper, lower) = (rows[i - 1], rows[i]);
            let seam = lower.y0;
            // The narrower row reaches into the wider one, so that its own round corners there are hidden.
            if upper.width() <= lower.width() {
                rows[i - 1].y1 = seam + radius;
            }
            if lower.width() <= upper.width() {
                rows[i].y0 = seam - radius;
            }
            let (narrow, side) =
                if upper.width() < lower.width() { (upper, -1.0) } else { (lower, 1.0) };
            if (upper.width() - lower.width()).abs() < 4.0 * radius - 2.0 {
                continue;
            }
            let y = seam + side * radius;
            for x in [narrow.x0 - radius, narrow.x1 + radius] {
                let edge = if x < narrow.x0 { narrow.x0 } else { narrow.x1 };
                let square = Rect::new(x.min(edge), y.min(seam), x.max(edge), y.max(seam));
                corners.push((square, (x, y)));
            }
        }
        Self { rows, corners, radius }
    }

    /// Returns the signed distance from the shape, negative inside.
    fn distance(&self, x: f32, y: f32) -> f32 {
        let rows = self.rows.iter().map(|r| rounded(r, self.radius, x, y));
        let inside = |r: &Rect| x >= r.x0 && x <= r.x1 && y >= r.y0 && y <= r.y1;
        let corners = self.corners.iter().filter(|(square, _)| inside(square));
        let arcs = corners.map(|(_, at)| self.radius - (x - at.0).hypot(y - at.1));
        rows.chain(arcs).fold(f32::MAX, f32::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_rows_have_no_gap_and_round_inner_corners() {
        let rows = vec![Rect::new(100.0, 0.0, 300.0, 80.0), Rect::new(0.0, 80.0, 400.0, 160.0)];
        let shape = JoinedRows::new(rows, 20.0);
        for y in 30..130 {
            assert!(shape.distance(200.0, y as f32) < 0.0, "gap at {y}");
        }
        // The outer corner of the wide row is cut, the inner corner is filled.
        assert!(shape.distance(2.0, 82.0) > 0.0);
        assert!(shape.distance(98.0, 78.0) < 0.0 && shape.distance(84.0, 64.0) > 0.0);
        assert!(shape.distance(302.0, 78.0) < 0.0);
    }
}
