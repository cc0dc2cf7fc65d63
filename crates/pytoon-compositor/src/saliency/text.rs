//! Finds lines of text in a picture: rows of at least four shapes of equal height, side by side on one line.
//!
//! A classical measure: it misses handwriting, type below about one percent of the picture's longer side, and words
//! whose letters touch; it finds no text in beans, leaves or latte art, which have strokes but no lines.

use pytoon_core::layout::protection::CELLS;

/// The longer side of the picture in which letters are found, in pixels.
pub(super) const SIDE: usize = 512;
/// The difference of luma between a letter and the mean around it; the range of luma is 0 to 1.
const STEP: f32 = 0.07;
/// The smallest mean difference of luma between a letter and what is around it. Noise has less.
const CONTRAST: f32 = 0.1;
/// Half the side of the square over which the mean is taken, in pixels.
const AROUND: usize = 12;
/// The heights of letters, in pixels.
const HEIGHTS: std::ops::RangeInclusive<usize> = 5..=60;
/// The largest width of a shape and the largest gap to the next one, in heights.
const WIDEST: usize = 3;
const GAP: f64 = 2.0;
/// The smallest share of a shape's box that its pixels cover.
const FILLED: f64 = 0.18;
/// The smallest number of shapes in a line. A line with no more of them is at most [`SHORT`] heights long.
const FEWEST: usize = 4;
const SHORT: f64 = 6.0;
/// The share of all cells above which no place is better than another.
const EVERYWHERE: f64 = 0.45;
/// The distance up to which two lines belong to one label, in heights.
const SAME_LABEL: f64 = 4.0;

/// A box in pixels; ends are exclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    x0: usize,
    x1: usize,
    y0: usize,
    y1: usize,
}

impl Shape {
    fn height(&self) -> f64 {
        (self.y1 - self.y0) as f64
    }

    fn union(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            x1: self.x1.max(other.x1),
            y0: self.y0.min(other.y0),
            y1: self.y1.max(other.y1),
        }
    }
}

/// A line of text: its box, and the height of its letters.
#[derive(Debug, Clone, Copy)]
struct Line {
    place: Shape,
    height: f64,
}

/// Returns the cells of labels and lines of text. `luma` has `width` x `height` values, 0 to 1.
pub(super) fn text_cells(luma: &[f32], width: usize, height: usize) -> [bool; CELLS * CELLS] {
    let mut cells = [false; CELLS * CELLS];
    if width == 0 || height == 0 {
        return cells;
    }
    let differences = differences(luma, width, height);
    let mut lines = Vec::new();
    for sign in [1.0, -1.0] {
        let mask: Vec<bool> = differences.iter().map(|d| d * sign > STEP).collect();
        let shapes = shapes(&mask, &differences, width, height);
        lines.extend(text_lines(&shapes, width, height));
    }
    for label in labels(&lines) {
        let cell = |at: usize, size: usize| (at * CELLS / size).min(CELLS - 1);
        for y in cell(label.y0, height)..=cell(label.y1 - 1, height) {
            for x in cell(label.x0, width)..=cell(label.x1 - 1, width) {
                cells[y * CELLS + x] = true;
            }
        }
    }
    let marked = cells.iter().filter(|cell| **cell).count();
    if marked as f64 > EVERYWHERE * cells.len() as f64 { [false; CELLS * CELLS] } else { cells }
}

/// Returns the difference of every pixel to the mean around it.
fn differences(luma: &[f32], width: usize, height: usize) -> Vec<f32> {
    let stride = width + 1;
    let mut sums = vec![0f64; stride * (height + 1)];
    for y in 0..height {
        let mut row = 0.0;
        for x in 0..width {
            row += f64::from(luma[y * width + x]);
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        let (y0, y1) = (y.saturating_sub(AROUND), (y + AROUND + 1).min(height));
        for x in 0..width {
            let (x0, x1) = (x.saturating_sub(AROUND), (x + AROUND + 1).min(width));
            let sum = sums[y1 * stride + x1] - sums[y0 * stride + x1] - sums[y1 * stride + x0]
                + sums[y0 * stride + x0];
            let mean = sum / ((x1 - x0) * (y1 - y0)) as f64;
            out.push(luma[y * width + x] - mean as f32);
        }
    }
    out
}

/// Returns the connected shapes of a mask that have the size, the filling and the contrast of a letter, from left to
/// right.
fn shapes(mask: &[bool], differences: &[f32], width: usize, height: usize) -> Vec<Shape> {
    let mut seen = vec![false; mask.len()];
    let mut out = Vec::new();
    let mut open = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        open.push(start);
        let (mut pixels, mut contrast) = (0u16, 0.0);
        let (x, y) = (start % width, start / width);
        let mut shape = Shape { x0: x, x1: x + 1, y0: y, y1: y + 1 };
        while let Some(at) = open.pop() {
            pixels = pixels.saturating_add(1);
            contrast += differences[at].abs();
            let (x, y) = (at % width, at / width);
            shape = shape.union(&Shape { x0: x, x1: x + 1, y0: y, y1: y + 1 });
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = y * width + x;
                    if mask[next] && !seen[next] {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        let (wide, high) = (shape.x1 - shape.x0, shape.y1 - shape.y0);
        let is_letter = HEIGHTS.contains(&high) && wide <= WIDEST * high;
        let is_filled = f64::from(pixels) >= FILLED * (wide * high) as f64;
        if is_letter && is_filled && pixels >= 8 && contrast >= CONTRAST * f32::from(pixels) {
            out.push(shape);
        }
    }
    out.sort_by_key(|shape| (shape.x0, shape.y0));
    out
}

/// Returns true if two shapes can be neighbours in a line of text. The first one begins further to the left.
fn are_neighbours(left: &Shape, right: &Shape) -> bool {
    let (high, low) = (left.height().max(right.height()), left.height().min(right.height()));
    let gap = right.x0 as f64 - left.x1 as f64;
    let away = |a: usize, b: usize| (a as f64 - b as f64).abs();
    let on_line = away(left.y1, right.y1).min(away(left.y0, right.y0)) <= (0.17 * high).max(1.0);
    let middles = away(left.y0 + left.y1, right.y0 + right.y1) / 2.0;
    (-0.3 * high..=GAP * low).contains(&gap)
        && high <= 1.7 * low
        && on_line
        && middles <= 0.35 * high
}

fn text_lines(shapes: &[Shape], width: usize, height: usize) -> Vec<Line> {
    let mut group: Vec<usize> = (0..shapes.len()).collect();
    let root = |group: &[usize], mut at: usize| {
        while group[at] != at {
            at = group[at];
        }
        at
    };
    let furthest = GAP * *HEIGHTS.end() as f64;
    for (index, left) in shapes.iter().enumerate() {
        for (other, right) in shapes.iter().enumerate().skip(index + 1) {
            if right.x0 as f64 - left.x1 as f64 > furthest {
                break;
            }
            if are_neighbours(left, right) {
                let (a, b) = (root(&group, index), root(&group, other));
                group[b] = a;
            }
        }
    }
    let mut members: std::collections::BTreeMap<usize, Vec<Shape>> = Default::default();
    for (index, shape) in shapes.iter().enumerate() {
        members.entry(root(&group, index)).or_default().push(*shape);
    }
    members.values().filter_map(|members| line_of(members, width, height)).collect()
}

/// Returns the line that shapes form; `None` if they are too few, too uneven or cut by the edge of the picture.
fn line_of(members: &[Shape], width: usize, height: usize) -> Option<Line> {
    let place = members.iter().copied().reduce(|all, shape| all.union(&shape))?;
    let mut heights: Vec<f64> = members.iter().map(Shape::height).collect();
    heights.sort_by(f64::total_cmp);
    let letter = heights[heights.len() / 2];
    let long = (place.x1 - place.x0) as f64;
    let spread = |values: &dyn Fn(&Shape) -> f64| {
        let mean = members.iter().map(values).sum::<f64>() / members.len() as f64;
        let square = members.iter().map(|shape| (values(shape) - mean).powi(2)).sum::<f64>();
        (square / members.len() as f64).sqrt()
    };
    let on_line = spread(&|shape| shape.y1 as f64).min(spread(&|shape| shape.y0 as f64));
    let is_cut = place.x0 <= 1 || place.y0 <= 1 || place.x1 + 1 >= width || place.y1 + 1 >= height;
    let is_line = members.len() >= FEWEST
        && (members.len() > FEWEST || long <= SHORT * letter)
        && long >= 2.5 * letter
        && place.height() <= 2.0 * letter
        && spread(&Shape::height) <= 0.25 * letter
        && on_line <= 0.2 * letter + 0.8
        && !is_cut;
    is_line.then_some(Line { place, height: letter })
}

/// Joins lines that are above each other and near, and returns the boxes of the labels with a margin.
fn labels(lines: &[Line]) -> Vec<Shape> {
    let mut labels: Vec<Line> = Vec::new();
    for line in lines {
        let mut joined = *line;
        // Each join may bring another label within reach.
        while let Some(near) = labels.iter().position(|other| is_near(&joined, other)) {
            let other = labels.swap_remove(near);
            let height = joined.height.max(other.height);
            joined = Line { place: joined.place.union(&other.place), height };
        }
        labels.push(joined);
    }
    let with_margin = |label: &Line| {
        let margin = (label.height / 3.0).round() as usize;
        Shape {
            x0: label.place.x0.saturating_sub(margin),
            y0: label.place.y0.saturating_sub(margin),
            x1: label.place.x1 + margin,
            y1: label.place.y1 + margin,
        }
    };
    labels.iter().map(with_margin).collect()
}

fn is_near(line: &Line, other: &Line) -> bool {
    let (a, b) = (&line.place, &other.place);
    let apart = a.y0.max(b.y0) as f64 - a.y1.min(b.y1) as f64;
    a.x0 < b.x1 && b.x0 < a.x1 && apart <= SAME_LABEL * line.height.max(other.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of marked cells of a picture of 512 x 512 pixels that a function of the position draws.
    fn marked(luma: impl Fn(usize, usize) -> f32) -> usize {
        let pixels: Vec<f32> = (0..SIDE * SIDE).map(|at| luma(at % SIDE, at / SIDE)).collect();
        text_cells(&pixels, SIDE, SIDE).iter().filter(|cell| **cell).count()
    }

    /// Returns the luma of a row of shapes of equal size on a light ground.
    fn row(x: usize, y: usize, count: usize, gap: usize) -> f32 {
        let place = x.checked_sub(100).map(|x| (x / (10 + gap), x % (10 + gap)));
        // An H: two stems and a bar.
        let is_letter = place.is_some_and(|(index, inside)| {
            let is_stem = inside < 3 || (7..10).contains(&inside);
            index < count && inside < 10 && (is_stem || (208..212).contains(&y))
        });
        if is_letter && (200..220).contains(&y) { 0.2 } else { 0.8 }
    }

    #[test]
    fn four_letters_are_a_line_and_three_are_not() {
        assert_eq!(marked(|x, y| row(x, y, 3, 6)), 0);
        assert!(marked(|x, y| row(x, y, 4, 6)) > 0);
        assert!(marked(|x, y| row(x, y, 8, 30)) > 0, "wide spacing");
    }

    #[test]
    fn light_letters_on_dark_are_text_too() {
        assert_eq!(marked(|x, y| row(x, y, 6, 6)), marked(|x, y| 1.0 - row(x, y, 6, 6)));
    }

    #[test]
    fn lines_of_one_label_protect_what_is_between_them() {
        let line = |x: usize, y: usize, at: usize| row(x, (y + 200).saturating_sub(at), 8, 6);
        let one = marked(|x, y| line(x, y, 100));
        let near = marked(|x, y| line(x, y, 100).min(line(x, y, 160)));
        let far = marked(|x, y| line(x, y, 100).min(line(x, y, 360)));
        assert!(near > 2 * one, "{one} and {near}");
        assert!(far <= 2 * one + 2 * 10, "{one} and {far}");
    }

    #[test]
    fn shapes_on_no_line_are_not_text() {
        // Discs of one size at uneven places, as beans lie.
        let centres: Vec<(f64, f64)> = (0..60)
            .map(|n| {
                let jump = |salt: usize| ((n * 7919 + salt * 104_729) % 461) as f64 + 25.0;
                (jump(1), jump(5 + n % 7))
            })
            .collect();
        let beans = marked(|x, y| {
            let hit = |(cx, cy): &(f64, f64)| (x as f64 - cx).hypot(y as f64 - cy) < 8.0;
            if centres.iter().any(hit) { 0.2 } else { 0.7 }
        });
        assert!(beans < CELLS * CELLS / 20, "{beans}");
    }
}
