//! Marks the parts of a picture that text must not cover: text, faces and the subject.
//!
//! Text is found as lines of letters (`text`), faces as compact areas of skin tones. Both are classical measures and miss
//! some.

use super::{N, centroid_of_top, gaussian};
use pytoon_core::layout::protection::{CELLS, ProtectionMap};

/// The share of the strongest saliency that belongs to the subject.
const SUBJECT: f32 = 0.72;

/// Returns the text and the faces of a picture. `skin` has its skin tones in 64 x 64.
pub(super) fn text_and_faces(text: &Cells, skin: &[f32]) -> ProtectionMap {
    let faces = face_cells(skin);
    ProtectionMap::from_fn(|x, y| text[y * CELLS + x] || faces[y * CELLS + x])
}

/// Returns the subject of a picture from its saliency in 64 x 64; nothing without a subject.
pub(super) fn subject(salient: &[f32], has_subject: bool) -> ProtectionMap {
    let cells = if has_subject { subject_cells(salient) } else { [false; CELLS * CELLS] };
    ProtectionMap::from_fn(|x, y| cells[y * CELLS + x])
}

pub(super) type Cells = [bool; CELLS * CELLS];

/// Returns the cells of compact areas of skin tones, as a face is: from 1 to 30 % of the picture, not much wider or
/// higher than their other side, mostly filled, and not in a corner, where a sky or a wall may have such tones.
fn face_cells(skin: &[f32]) -> Cells {
    let mut is_skin = [false; CELLS * CELLS];
    for (at, cell) in is_skin.iter_mut().enumerate() {
        *cell = quarter_mean(skin, at % CELLS, at / CELLS) > 0.55;
    }
    let mut faces = [false; CELLS * CELLS];
    let mut seen = [false; CELLS * CELLS];
    for start in 0..CELLS * CELLS {
        if !is_skin[start] || seen[start] {
            continue;
        }
        let mut area = vec![start];
        seen[start] = true;
        let mut next = 0;
        while let Some(&at) = area.get(next) {
            next += 1;
            for at in neighbours(at) {
                if is_skin[at] && !seen[at] {
                    seen[at] = true;
                    area.push(at);
                }
            }
        }
        let span = |values: &dyn Fn(usize) -> usize| {
            let (low, high) = area
                .iter()
                .fold((CELLS, 0), |(low, high), at| (low.min(values(*at)), high.max(values(*at))));
            high - low + 1
        };
        let (width, height) = (span(&|at| at % CELLS), span(&|at| at / CELLS));
        let is_compact = width * 10 >= height * 4 && height * 10 >= width * 5;
        let is_filled = area.len() * 10 >= width * height * 5;
        let touches = |edge: &dyn Fn(usize) -> bool| area.iter().any(|at| edge(*at));
        let edges: [&dyn Fn(usize) -> bool; 4] =
            [&|at| at % CELLS == 0, &|at| at % CELLS == CELLS - 1, &|at| at / CELLS == 0, &|at| {
                at / CELLS == CELLS - 1
            }];
        let in_corner = edges.iter().filter(|edge| touches(edge)).count() > 1;
        if !in_corner
            && (10..=CELLS * CELLS * 3 / 10).contains(&area.len())
            && is_compact
            && is_filled
        {
            area.iter().for_each(|at| faces[*at] = true);
        }
    }
    faces
}

fn neighbours(at: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % CELLS, at / CELLS);
    let around = [
        (x > 0).then(|| at - 1),
        (x + 1 < CELLS).then(|| at + 1),
        (y > 0).then(|| at - CELLS),
        (y + 1 < CELLS).then(|| at + CELLS),
    ];
    around.into_iter().flatten()
}

/// Returns the cells around the strongest subject whose smoothed saliency is near its maximum.
fn subject_cells(salient: &[f32]) -> Cells {
    let smooth = gaussian(salient, 2.0);
    let peak = smooth.iter().copied().fold(0.0, f32::max);
    let (aim_x, aim_y) = centroid_of_top(salient);
    let mut cells = [false; CELLS * CELLS];
    for (at, cell) in cells.iter_mut().enumerate() {
        let (x, y) = (at % CELLS, at / CELLS);
        let away =
            (x as f64 + 0.5 - aim_x * CELLS as f64).hypot(y as f64 + 0.5 - aim_y * CELLS as f64);
        *cell = away < CELLS as f64 / 4.0 && quarter_mean(&smooth, x, y) > SUBJECT * peak;
    }
    cells
}

/// Returns the mean of the four points of a 64 x 64 map in a cell.
fn quarter_mean(map: &[f32], x: usize, y: usize) -> f32 {
    let at = y * 2 * N + x * 2;
    (map[at] + map[at + 1] + map[at + N] + map[at + N + 1]) / 4.0
}

#[cfg(test)]
mod tests {
    use super::super::look;
    use super::*;
    use crate::picture::Picture;

    /// Returns a picture of 512 x 512 pixels from a function of the position.
    fn picture(colour: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
        let pixels = (0..512 * 512).flat_map(|at| {
            let [r, g, b] = colour(at % 512, at / 512);
            [r, g, b, 255]
        });
        Picture::try_new(512, 512, pixels.collect()).expect("a picture")
    }

    fn share(
        map: &ProtectionMap,
        columns: std::ops::Range<usize>,
        rows: std::ops::Range<usize>,
    ) -> f64 {
        let cells = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
        let all = columns.len() * rows.len();
        cells.filter(|(x, y)| map.is_protected(*x, *y)).count() as f64 / all as f64
    }

    #[test]
    fn a_line_of_letters_is_protected_and_a_gradient_is_not() {
        // Bars of letter-like width on a light label, in the lower third.
        let label = picture(|x, y| {
            let in_line = (340..372).contains(&y) && (100..412).contains(&x);
            match in_line && x % 14 < 6 {
                true => [20, 20, 24],
                false => [200 - (y / 8) as u8; 3],
            }
        });
        let map = look(&label, 9.0 / 16.0).protected;
        assert!(share(&map, 7..25, 21..23) > 0.8, "the label is not seen");
        let gradient = picture(|x, y| [(x / 4) as u8, (y / 4) as u8, 90]);
        let map = look(&gradient, 9.0 / 16.0).protected;
        assert!(share(&map, 0..CELLS, 0..CELLS) < 0.05);
    }

    #[test]
    fn a_face_is_protected_and_a_wall_of_its_colour_is_not() {
        let skin = [224, 172, 140];
        let face = picture(|x, y| {
            let (dx, dy) = (x as f64 - 300.0, y as f64 - 170.0);
            if (dx / 70.0).hypot(dy / 90.0) < 1.0 { skin } else { [60, 90, 120] }
        });
        let map = look(&face, 9.0 / 16.0).protected;
        assert!(share(&map, 16..21, 7..14) > 0.9, "the face is not seen");
        let wall = picture(|x, y| if (x / 64 + y / 64) % 9 == 0 { [30, 40, 50] } else { skin });
        let map = look(&wall, 9.0 / 16.0).protected;
        assert!(share(&map, 0..CELLS, 0..CELLS) < 0.35);
    }

    #[test]
    fn a_texture_is_not_text() {
        let grass = picture(|x, y| {
            let noise = ((x * 7919 + y * 104_729) ^ (x * y)) % 97;
            [30, 80 + noise as u8, 30]
        });
        let map = look(&grass, 9.0 / 16.0).protected;
        assert!(share(&map, 0..CELLS, 0..CELLS) < 0.35);
    }
}
