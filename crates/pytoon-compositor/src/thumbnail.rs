//! Scores frames as covers of a film.

use pytoon_graphics::Frame;

/// Returns the score of a frame as a cover. Sharp, contrasty frames that are neither dark nor overexposed score
/// higher.
pub fn score(frame: &Frame) -> f64 {
    let (width, height) = (frame.width(), frame.height());
    let luma = frame.y();
    let (mut sum, mut squares, mut edges, mut count) = (0.0, 0.0, 0.0, 0.0);
    for y in (2..height.saturating_sub(2)).step_by(3) {
        for x in (2..width.saturating_sub(2)).step_by(3) {
            let at = y * width + x;
            let value = f64::from(luma[at]);
            let around = [at - 1, at + 1, at - width, at + width].map(|i| f64::from(luma[i]));
            edges += (4.0 * value - around.iter().sum::<f64>()).abs();
            sum += value;
            squares += value * value;
            count += 1.0;
        }
    }
    if count == 0.0 {
        return 0.0;
    }
    let mean: f64 = sum / count;
    let deviation = (squares / count - mean * mean).max(0.0).sqrt();
    let exposure = 1.0 - ((mean - 118.0).abs() / 118.0).min(1.0) * 0.6;
    (deviation + 1.6 * (edges / count).min(30.0)) * exposure
}
