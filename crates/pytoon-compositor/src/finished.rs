//! Measures decoded frames of a finished film: their tones, shifts, bars, bands and text.
//!
//! A frame is its luma plane, 8-bit codes in limited range, row by row.

use pytoon_core::layout::Area;

/// The luma code up to which a pixel is black.
const BLACK: u8 = 18;
/// The number of rows of equal luma that are a plateau, as a fraction of the shorter side of the frame.
const PLATEAU: f64 = 60.0 / 1080.0;
/// The largest step between two plateaus that is a band and no edge of a shape, in luma codes.
const STEP: u8 = 12;
/// The mean squared gradient of luma below which a picture is too even to measure shifts.
const EVEN: f64 = 0.5;
/// The difference of luma codes from which a pixel belongs to text, and a smaller one for its soft parts.
const TEXT: u8 = 48;
const SOFT: u8 = 24;
/// The distance over which the edge of a letter is sharp, as a fraction of the frame's shorter side. The edge of a shade
/// is softer.
const SHARP: f64 = 1.0 / 180.0;
/// The number of text pixels from which a row or a column belongs to the box of a text.
const FEWEST: usize = 3;

/// Returns the mean difference of the codes of two frames.
pub fn difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len().min(b.len()).max(1) as f64
}

/// Returns the mean and the standard deviation of the codes of a frame.
pub fn mean_and_deviation(frame: &[u8]) -> (f64, f64) {
    let count = frame.len().max(1) as f64;
    let mean = frame.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let square = frame.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count;
    (mean, square.sqrt())
}

/// Returns the first frame in which half a percent of the pixels differ from frame 0 by more than twelve codes.
pub fn first_change(frames: &[Vec<u8>]) -> Option<usize> {
    let first = frames.first()?;
    let differs = |frame: &Vec<u8>| {
        let changed = frame.iter().zip(first).filter(|(a, b)| a.abs_diff(**b) > 12).count();
        changed * 200 > first.len()
    };
    frames.iter().position(differs)
}

/// Returns the shift between two frames in pixels, by least squares over the gradients (Lucas and Kanade, 1981); `None`
/// if the rows are too plain.
pub fn shift(before: &[u8], after: &[u8], width: usize, rows: &[usize]) -> Option<(f64, f64)> {
    let (mut xx, mut xy, mut yy, mut xt, mut yt) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for row in rows {
        for column in 1..width - 1 {
            let at = row * width + column;
            let value = |at: usize| (f64::from(before[at]) + f64::from(after[at])) / 2.0;
            let x = (value(at + 1) - value(at - 1)) / 2.0;
            let y = (value(at + width) - value(at - width)) / 2.0;
            let t = f64::from(after[at]) - f64::from(before[at]);
            xx += x * x;
            xy += x * y;
            yy += y * y;
            xt += x * t;
            yt += y * t;
        }
    }
    let determinant = xx * yy - xy * xy;
    let count = (rows.len() * width) as f64;
    if xx < EVEN * count || yy < EVEN * count || determinant <= 0.0 {
        return None;
    }
    Some(((xy * yt - yy * xt) / determinant, (xy * xt - xx * yt) / determinant))
}

/// Returns the thickness of the black bar that all frames have along an edge, as a fraction of the frame.
pub fn bar(frames: &[Vec<u8>], width: usize) -> f64 {
    let Some(height) = frames.first().map(|frame| frame.len() / width) else { return 0.0 };
    let is_black = |at: &dyn Fn(&[u8]) -> bool| frames.iter().all(|frame| at(frame));
    let row = |y: usize| {
        is_black(&|frame: &[u8]| frame[y * width..(y + 1) * width].iter().all(|v| *v <= BLACK))
    };
    let column =
        |x: usize| is_black(&|frame: &[u8]| (0..height).all(|y| frame[y * width + x] <= BLACK));
    let rows = [
        (0..height).take_while(|y| row(*y)).count(),
        (0..height).rev().take_while(|y| row(*y)).count(),
    ];
    let columns = [
        (0..width).take_while(|x| column(*x)).count(),
        (0..width).rev().take_while(|x| column(*x)).count(),
    ];
    let share = |lengths: [usize; 2], of: usize| lengths[0].max(lengths[1]) as f64 / of as f64;
    share(rows, height).max(share(columns, width))
}

/// Returns the share of a frame's columns that have two long plateaus of nearly equal luma with a step between them.
pub fn bands(luma: &[u8], width: usize) -> f64 {
    let height = luma.len() / width.max(1);
    let least = ((width.min(height) as f64 * PLATEAU) as usize).max(8);
    let has_band = |column: usize| {
        let mut plateaus: Vec<(usize, u8)> = Vec::new();
        let mut start = 0;
        for row in 1..=height {
            let value = luma[start * width + column];
            if row < height && luma[row * width + column] == value {
                continue;
            }
            if row - start >= least {
                let follows = plateaus.last().is_some_and(|(end, other)| {
                    start - end <= 2 && (1..=STEP).contains(&value.abs_diff(*other))
                });
                if follows {
                    return true;
                }
                plateaus.push((row, value));
            }
            start = row;
        }
        false
    };
    let columns: Vec<usize> = (0..width).step_by(8).collect();
    columns.iter().filter(|column| has_band(**column)).count() as f64 / columns.len().max(1) as f64
}
/// Returns the box of the text in a frame and its contrast; `None` if the frame has no text.
pub fn text_box(shown: &[u8], bare: &[u8], (width, height): (usize, usize)) -> Option<(Area, f64)> {
    let is_text = |at: usize, least: u8| shown[at].abs_diff(bare[at]) > least;
    let reach = ((width.min(height) as f64 * SHARP) as usize).max(1);
    let is_letter = |x: usize, y: usize| {
        let at = y * width + x;
        let near = [x.saturating_sub(reach), (x + reach).min(width - 1)];
        let is_edge = near.iter().any(|x| shown[at].abs_diff(shown[y * width + x]) > TEXT);
        is_edge && is_text(at, TEXT)
    };
    let in_row = |y: &usize| (0..width).filter(|x| is_letter(*x, *y)).count() >= FEWEST;
    let in_column = |x: &usize| (0..height).filter(|y| is_letter(*x, *y)).count() >= FEWEST;
    let (top, bottom) = ((0..height).find(in_row)?, (0..height).rfind(in_row)?);
    let (left, right) = ((0..width).find(in_column)?, (0..width).rfind(in_column)?);
    let mut letters = Vec::new();
    for y in top..=bottom {
        letters.extend((left..=right).map(|x| y * width + x).filter(|at| is_text(*at, SOFT)));
    }
    let share = |at: usize, of: usize| at as f64 / of as f64;
    let area = Area::new(
        share(left, width),
        share(top, height),
        share(right + 1, width),
        share(bottom + 1, height),
    );
    Some((area, contrast(shown, bare, &letters)))
}

/// Returns the contrast of the lightest to the darkest tone of a text, or of its letters to the ground that they cover,
/// whichever is larger.
fn contrast(shown: &[u8], bare: &[u8], letters: &[usize]) -> f64 {
    let ratio = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    let mut tones: Vec<u8> = letters.iter().map(|at| shown[*at]).collect();
    tones.sort_unstable();
    let tone = |share: f64| tones[((tones.len() - 1) as f64 * share) as usize];
    let own = ratio(luminance(tone(0.03)), luminance(tone(0.97)));
    let mut by_difference: Vec<usize> = letters.to_vec();
    by_difference.sort_by_key(|at| shown[*at].abs_diff(bare[*at]));
    let strongest = &by_difference[by_difference.len() * 3 / 4..];
    let middle = |of: &[u8]| {
        let mut values: Vec<u8> = strongest.iter().map(|at| of[*at]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    own.max(ratio(luminance(middle(shown)), luminance(middle(bare))))
}

/// Returns the relative luminance of a luma code of a grey.
fn luminance(code: u8) -> f64 {
    ((f64::from(code) - 16.0) / 219.0).clamp(0.0, 1.0).powf(2.2)
}
