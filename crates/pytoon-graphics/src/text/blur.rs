//! Blurs 8-bit coverage with a Gaussian, approximated by three box passes.
//!
//! The box widths follow P. Kovesi, "Fast almost-Gaussian filtering", 2010.

/// Blurs `mask` in place with standard deviation `sigma`.
pub(crate) fn gaussian(mask: &mut [u8], width: usize, height: usize, sigma: f32) {
    if sigma < 0.3 || width == 0 || height == 0 {
        return;
    }
    let mut wide: Vec<f32> = mask.iter().map(|v| f32::from(*v)).collect();
    let mut line = vec![0.0f32; width.max(height)];
    for radius in radii(sigma) {
        for row in wide.chunks_exact_mut(width) {
            line[..width].copy_from_slice(row);
            box_pass(&line[..width], radius, |i, v| row[i] = v);
        }
        for x in 0..width {
            for y in 0..height {
                line[y] = wide[y * width + x];
            }
            box_pass(&line[..height], radius, |i, v| wide[i * width + x] = v);
        }
    }
    for (m, v) in mask.iter_mut().zip(&wide) {
        *m = (v + 0.5) as u8;
    }
}

/// Returns three box radii whose successive passes approximate a Gaussian with standard deviation `sigma`.
fn radii(sigma: f32) -> [usize; 3] {
    let ideal = (4.0 * sigma * sigma + 1.0).sqrt();
    let mut low = ideal.floor() as usize;
    if low.is_multiple_of(2) {
        low = low.saturating_sub(1);
    }
    let l = low as f32;
    let m = ((12.0 * sigma * sigma - 3.0 * l * l - 12.0 * l - 9.0) / (-4.0 * l - 4.0)).round();
    std::array::from_fn(|i| if (i as f32) < m { (low - 1) / 2 } else { low.div_ceil(2) })
}

fn box_pass(line: &[f32], radius: usize, mut put: impl FnMut(usize, f32)) {
    let n = line.len();
    let k = 1.0 / (2 * radius + 1) as f32;
    let mut sum: f32 = line[..radius.min(n)].iter().sum();
    for i in 0..n {
        if i + radius < n {
            sum += line[i + radius];
        }
        if i > radius {
            sum -= line[i - radius - 1];
        }
        put(i, (sum * k).max(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_like_a_gaussian() {
        let size = 121;
        let mut mask = vec![0u8; size * size];
        for y in 50..71 {
            mask[y * size + 50..y * size + 71].fill(255);
        }
        let moment = |m: &[u8]| {
            let total: f64 = m.iter().map(|v| f64::from(*v)).sum();
            let sum: f64 = m
                .iter()
                .enumerate()
                .map(|(i, v)| f64::from(*v) * ((i % size) as f64 - 60.0).powi(2))
                .sum();
            (total, sum / total)
        };
        let (before_total, before) = moment(&mask);
        gaussian(&mut mask, size, size, 10.0);
        let (after_total, after) = moment(&mask);
        assert!((after - before - 100.0).abs() < 8.0, "variance grew by {}", after - before);
        assert!((after_total / before_total - 1.0).abs() < 0.02);
    }
}
