//! Detects the salient part of a picture without a model, for the aim and crop of camera moves.
//!
//! The analysis combines maps on a 64 x 64 grid. Three are scaled to their 99th percentile: spectral residual
//! (Hou and Zhang, CVPR 2007), frequency-tuned colour contrast (Achanta and others, CVPR 2009), and local
//! sharpness. A prior favours the upper middle. Skin tones add to the result only where the picture is also
//! sharp.
//!
//! The analysis detects the conspicuous part, not the intended one. It also reports if a picture has no conspicuous
//! part.

mod protected;
mod text;

use crate::picture::Picture;
use pytoon_core::layout::protection::CELLS;
use pytoon_core::timeline::Window;
use pytoon_core::timeline::shots::PictureFacts;

const N: usize = 64;

/// Detects the subject of a picture, and its best crop for a frame with the given aspect ratio (width over height).
pub fn look(picture: &Picture, frame_aspect: f64) -> PictureFacts {
    let Maps { map, skin } = maps(picture);
    let mean = map.iter().sum::<f32>() / map.len() as f32;
    let peak = map.iter().copied().fold(0.0, f32::max);
    let aim = centroid_of_top(&map);
    let aspect = frame_aspect * picture.height() as f64 / picture.width() as f64;
    let protected = protected::text_and_faces(&text_of(picture), &skin);
    // Labels and faces count as much as the strongest subject.
    let cell = |i: usize| (i % N * CELLS / N, i / N * CELLS / N);
    let is_protected = |i: usize| protected.is_protected(cell(i).0, cell(i).1);
    let weighted: Vec<f32> = map
        .iter()
        .enumerate()
        .map(|(i, value)| if is_protected(i) { value + peak } else { *value })
        .collect();
    let (crop_keeps, crop_centre) = best_crop(&weighted, mean, aspect);
    // A lower ratio means gradients, textures or collages without a subject.
    let has_subject = peak > mean * 2.6;
    // A crop that cuts a label or a face keeps too little, whatever else it keeps.
    let crop_keeps = crop_keeps.min(protected.kept_by(&Window::around(aspect, 1.0, crop_centre)));
    PictureFacts {
        width: picture.width() as u32,
        height: picture.height() as u32,
        aim,
        has_subject,
        crop_keeps,
        crop_centre,
        protected,
        subject: protected::subject(&map, has_subject),
    }
}

/// The maps of a picture.
struct Maps {
    /// Saliency, 64 x 64.
    map: Vec<f32>,
    /// Skin tones, 64 x 64, 0 to 1.
    skin: Vec<f32>,
}

fn maps(picture: &Picture) -> Maps {
    let small = downsample(picture, (N, N));
    let detail: Vec<f32> =
        downsample(picture, (N * 4, N * 4)).iter().map(|p| luma_of(*p)).collect();
    let luma: Vec<f32> = small.iter().map(|p| luma_of(*p)).collect();
    let sharp = normalize(sharpness(&detail));
    let skin = skin_map(&small);
    let residual = normalize(spectral_residual(&luma));
    let contrast = normalize(colour_contrast(&small));
    let map = (0..N * N)
        .map(|i| {
            let (x, y) = ((i % N) as f32 / N as f32, (i / N) as f32 / N as f32);
            let prior = (-((x - 0.5).powi(2) + (y - 0.42).powi(2)) / (2.0 * 0.22 * 0.22)).exp();
            0.40 * residual[i]
                + 0.30 * contrast[i]
                + 0.20 * sharp[i]
                + 0.10 * prior
                + 0.15 * skin[i] * sharp[i]
        })
        .collect();
    Maps { map, skin }
}

/// Returns the cells of text of a picture, found in a copy with the picture's own aspect ratio.
fn text_of(picture: &Picture) -> protected::Cells {
    let longest = picture.width().max(picture.height()).max(1);
    let side = |size: usize| (size * text::SIDE.min(longest) / longest).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let luma: Vec<f32> = downsample(picture, (width, height)).iter().map(|p| luma_of(*p)).collect();
    text::text_cells(&luma, width, height)
}

/// Returns the picture as mean RGB values, 0 to 1, in `columns` and `rows`, regardless of its aspect ratio.
fn downsample(picture: &Picture, (columns, rows): (usize, usize)) -> Vec<[f32; 3]> {
    let (width, height) = (picture.width(), picture.height());
    let rgba = picture.rgba();
    let mut out = Vec::with_capacity(columns * rows);
    let span = |at: usize, of: usize, size: usize| {
        let start = at * size / of;
        (start, ((at + 1) * size / of).max(start + 1))
    };
    for y in 0..rows {
        for x in 0..columns {
            let ((x0, x1), (y0, y1)) = (span(x, columns, width), span(y, rows, height));
            let mut sum = [0f32; 3];
            let mut count = 0f32;
            for yy in (y0..y1.min(height)).step_by(((y1 - y0) / 4).max(1)) {
                for xx in (x0..x1.min(width)).step_by(((x1 - x0) / 4).max(1)) {
                    let at = (yy * width + xx) * 4;
                    for c in 0..3 {
                        sum[c] += f32::from(rgba[at + c]);
                    }
                    count += 1.0;
                }
            }
            out.push(sum.map(|s| s / count.max(1.0) / 255.0));
        }
    }
    out
}

fn luma_of(p: [f32; 3]) -> f32 {
    0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]
}

fn spectral_residual(luma: &[f32]) -> Vec<f32> {
    let mut re: Vec<f32> = luma.to_vec();
    let mut im = vec![0.0; N * N];
    fft2(&mut re, &mut im, false);
    let amplitude: Vec<f32> =
        re.iter().zip(&im).map(|(r, i)| (r * r + i * i).sqrt().max(1e-9)).collect();
    let log: Vec<f32> = amplitude.iter().map(|a| a.ln()).collect();
    for i in 0..N * N {
        let residual = (log[i] - box_mean(&log, i)).exp();
        re[i] *= residual / amplitude[i];
        im[i] *= residual / amplitude[i];
    }
    fft2(&mut re, &mut im, true);
    let power: Vec<f32> = re.iter().zip(&im).map(|(r, i)| r * r + i * i).collect();
    gaussian(&power, 2.5)
}

/// Returns the mean of the 3 x 3 neighbourhood of a point in the spectrum, which wraps around.
fn box_mean(map: &[f32], at: usize) -> f32 {
    let (x, y) = (at % N, at / N);
    let mut sum = 0.0;
    for dy in [N - 1, 0, 1] {
        for dx in [N - 1, 0, 1] {
            sum += map[(y + dy) % N * N + (x + dx) % N];
        }
    }
    sum / 9.0
}

fn colour_contrast(small: &[[f32; 3]]) -> Vec<f32> {
    // A cheap opponent space is enough here: luma, and two colour differences.
    let opponent: Vec<[f32; 3]> = small
        .iter()
        .map(|p| {
            let y = luma_of(*p);
            [y, (p[0] - y) * 1.4, (p[2] - y) * 1.1]
        })
        .collect();
    let planes: Vec<Vec<f32>> =
        (0..3).map(|c| gaussian(&opponent.iter().map(|p| p[c]).collect::<Vec<_>>(), 1.0)).collect();
    let means: Vec<f32> = planes.iter().map(|p| p.iter().sum::<f32>() / p.len() as f32).collect();
    (0..N * N)
        .map(|i| planes.iter().zip(&means).map(|(p, m)| (p[i] - m).powi(2)).sum::<f32>().sqrt())
        .collect()
}

fn sharpness(luma: &[f32]) -> Vec<f32> {
    let side = N * 4;
    let mut out = vec![0.0; N * N];
    for y in 1..side - 1 {
        for x in 1..side - 1 {
            let at = y * side + x;
            let laplacian =
                4.0 * luma[at] - luma[at - 1] - luma[at + 1] - luma[at - side] - luma[at + side];
            out[y / 4 * N + x / 4] += laplacian.abs();
        }
    }
    gaussian(&out, 1.5)
}

/// Returns a blurred map of the pixels whose Cb and Cr are in the ranges of skin tones, regardless of brightness.
fn skin_map(small: &[[f32; 3]]) -> Vec<f32> {
    let raw: Vec<f32> = small
        .iter()
        .map(|p| {
            let y = luma_of(*p);
            let cb = 128.0 + (p[2] - y) / 1.8556 * 255.0;
            let cr = 128.0 + (p[0] - y) / 1.5748 * 255.0;
            f32::from((77.0..=127.0).contains(&cb) && (133.0..=173.0).contains(&cr))
        })
        .collect();
    gaussian(&raw, 1.0)
}

fn gaussian(map: &[f32], sigma: f32) -> Vec<f32> {
    let radius = (sigma * 3.0).ceil() as i64;
    let kernel: Vec<f32> =
        (-radius..=radius).map(|d| (-(d * d) as f32 / (2.0 * sigma * sigma)).exp()).collect();
    let total: f32 = kernel.iter().sum();
    let pass = |source: &[f32], along_x: bool| -> Vec<f32> {
        (0..N * N)
            .map(|i| {
                let (x, y) = ((i % N) as i64, (i / N) as i64);
                let mut sum = 0.0;
                for (k, weight) in kernel.iter().enumerate() {
                    let d = k as i64 - radius;
                    let (xx, yy) = if along_x { (x + d, y) } else { (x, y + d) };
                    let clamp = |v: i64| v.clamp(0, N as i64 - 1) as usize;
                    sum += weight * source[clamp(yy) * N + clamp(xx)];
                }
                sum / total
            })
            .collect()
    };
    pass(&pass(map, true), false)
}

fn normalize(map: Vec<f32>) -> Vec<f32> {
    let mut sorted = map.clone();
    sorted.sort_by(f32::total_cmp);
    let top = sorted[sorted.len() * 99 / 100];
    if top < 1e-6 {
        return vec![0.0; map.len()];
    }
    map.into_iter().map(|v| (v / top).min(1.0)).collect()
}

/// Returns the centre of the strongest subject, computed from the points near the maximum of the smoothed map that
/// reach at least half of its value. Salient points elsewhere have no influence.
fn centroid_of_top(map: &[f32]) -> (f64, f64) {
    const REACH: f64 = 11.0;
    let smooth = gaussian(map, 3.0);
    let peak = (0..smooth.len())
        .max_by(|&a, &b| smooth[a].total_cmp(&smooth[b]).then(b.cmp(&a)))
        .unwrap_or(0);
    let floor = f64::from(smooth[peak]) * 0.5;
    let (px, py) = ((peak % N) as f64, (peak / N) as f64);
    let (mut x, mut y, mut weight) = (0.0, 0.0, 0.0);
    for (i, &value) in smooth.iter().enumerate() {
        let (cx, cy) = ((i % N) as f64, (i / N) as f64);
        if (cx - px).hypot(cy - py) > REACH {
            continue;
        }
        let w = (f64::from(value) - floor).max(1e-9);
        x += w * (cx + 0.5) / N as f64;
        y += w * (cy + 0.5) / N as f64;
        weight += w;
    }
    (x / weight, y / weight)
}

/// Returns the crop with the frame's aspect ratio that keeps the most saliency and cuts the least through it, as
/// (fraction kept, centre).
fn best_crop(map: &[f32], mean: f32, aspect: f64) -> (f64, (f64, f64)) {
    // Only values above the background count, squared.
    let weight = |v: f32| f64::from((v - mean).max(0.0)).powi(2);
    let along_x = aspect <= 1.0;
    let mut lines = vec![0.0; N];
    for (i, &v) in map.iter().enumerate() {
        lines[if along_x { i % N } else { i / N }] += weight(v);
    }
    let total: f64 = lines.iter().sum();
    if total <= 0.0 {
        return (1.0, (0.5, 0.5));
    }
    let share = if along_x { aspect } else { 1.0 / aspect };
    let size = ((share * N as f64).round() as usize).clamp(1, N);
    let score = |start: usize| {
        let inside: f64 = lines[start..start + size].iter().sum();
        let border = lines[start] * f64::from(u8::from(start > 0))
            + lines[start + size - 1] * f64::from(u8::from(start + size < N));
        inside - 0.5 * border
    };
    let best = (0..=N - size)
        .max_by(|&a, &b| {
            let off_centre = |s: usize| (s as f64 + size as f64 / 2.0 - N as f64 / 2.0).abs();
            score(a).total_cmp(&score(b)).then(off_centre(b).total_cmp(&off_centre(a)))
        })
        .unwrap_or(0);
    let kept = lines[best..best + size].iter().sum::<f64>() / total;
    let centre = (best as f64 + size as f64 / 2.0) / N as f64;
    let middle = 0.5;
    (kept, if along_x { (centre, middle) } else { (middle, centre) })
}

/// Computes a 2-D FFT or its inverse in place, radix 2 (Cooley and Tukey, 1965).
fn fft2(re: &mut [f32], im: &mut [f32], inverse: bool) {
    for _ in 0..2 {
        for row in 0..N {
            fft(&mut re[row * N..][..N], &mut im[row * N..][..N], inverse);
        }
        transpose(re);
        transpose(im);
    }
}

fn transpose(map: &mut [f32]) {
    for y in 0..N {
        for x in 0..y {
            map.swap(y * N + x, x * N + y);
        }
    }
}

fn fft(re: &mut [f32], im: &mut [f32], inverse: bool) {
    let n = re.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = (i as u32).reverse_bits() as usize >> (32 - bits);
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let sign = if inverse { 1.0 } else { -1.0 };
    let mut size = 2;
    while size <= n {
        let step = sign * std::f32::consts::TAU / size as f32;
        for start in (0..n).step_by(size) {
            for k in 0..size / 2 {
                let (sin, cos) = (step * k as f32).sin_cos();
                let (a, b) = (start + k, start + k + size / 2);
                let (tr, ti) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - tr, im[a] - ti);
                (re[a], im[a]) = (re[a] + tr, im[a] + ti);
            }
        }
        size *= 2;
    }
    if inverse {
        let scale = 1.0 / n as f32;
        re.iter_mut().chain(im.iter_mut()).for_each(|v| *v *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a disc with detail on a soft gradient. Its centre is given in fractions of width and height.
    fn disc(width: usize, height: usize, cx: f64, cy: f64) -> Picture {
        let mut rgba = Vec::new();
        let radius = width.min(height) as f64 * 0.12;
        for y in 0..height {
            for x in 0..width {
                let d = ((x as f64 - cx * width as f64).powi(2)
                    + (y as f64 - cy * height as f64).powi(2))
                .sqrt();
                let base = 110 + (y * 30 / height) as u8;
                if d < radius {
                    let stripe = if (x / 6 + y / 6) % 2 == 0 { 60 } else { 0 };
                    rgba.extend_from_slice(&[220, 60 + stripe, 40, 255]);
                } else {
                    rgba.extend_from_slice(&[base, base + 5, base + 8, 255]);
                }
            }
        }
        Picture::try_new(width, height, rgba).expect("picture")
    }

    #[test]
    fn a_lone_object_is_found() {
        for (cx, cy) in [(0.25, 0.3), (0.7, 0.6), (0.5, 0.8)] {
            let facts = look(&disc(640, 480, cx, cy), 9.0 / 16.0);
            assert!(facts.has_subject);
            assert!((facts.aim.0 - cx).abs() < 0.08, "{:?} for {cx}", facts.aim);
            assert!((facts.aim.1 - cy).abs() < 0.08, "{:?} for {cy}", facts.aim);
            assert!(facts.crop_keeps > 0.8, "{}", facts.crop_keeps);
        }
    }

    #[test]
    fn an_even_picture_has_no_subject() {
        let flat = Picture::try_new(50, 80, vec![128; 50 * 80 * 4]).expect("picture");
        let facts = look(&flat, 9.0 / 16.0);
        assert!((facts.aim.0 - 0.5).abs() < 0.1);
        let tiny = Picture::try_new(1, 1, vec![9, 9, 9, 255]).expect("picture");
        assert_eq!(look(&tiny, 0.5625).width, 1);
    }

    #[test]
    fn a_transform_and_its_inverse_cancel() {
        let source: Vec<f32> = (0..N * N).map(|i| ((i * 7919) % 101) as f32).collect();
        let (mut re, mut im) = (source.clone(), vec![0.0; N * N]);
        fft2(&mut re, &mut im, false);
        fft2(&mut re, &mut im, true);
        assert!(re.iter().zip(&source).all(|(a, b)| (a - b).abs() < 0.05));
    }
}
