//! Crops a customer's picture to the aspect ratio of the clip that starts with it.
//!
//! Guarantees: the crop is centred on the salient part of the picture, as far as the edges allow; a picture
//! that already has almost the aspect ratio is passed on byte for byte; in a crop, transparent parts become
//! white.

use pytoon_compositor::picture::Picture;
use pytoon_compositor::saliency;
use pytoon_engines::adapter::Ratio;
use pytoon_engines::picture_fit::{FitFuture, FitProblem, Fitted, PictureFitter, SAME_SHAPE};
use pytoon_media::picture::{self, PictureLimits};
use pytoon_process::{Runner, SystemError};
use std::path::{Path, PathBuf};

/// The fitter that crops customers' pictures to the aspect ratio of a clip.
#[derive(Debug)]
pub(crate) struct FirstFrames {
    /// The runner of FFmpeg, for formats that this crate does not decode.
    pub(crate) runner: Runner,
    pub(crate) limits: PictureLimits,
}

impl PictureFitter for FirstFrames {
    fn fit(&self, file: PathBuf, ratio: Ratio) -> FitFuture<'_> {
        let (runner, limits) = (self.runner.clone(), self.limits);
        Box::pin(async move {
            let work = move || fit_picture(&runner, &limits, &file, ratio);
            let fitted = tokio::task::spawn_blocking(work).await;
            let stopped =
                |_| FitProblem::Picture("reading the picture ended unexpectedly".to_owned());
            fitted.map_err(stopped)?.map_err(|error| {
                let reason = error.to_string();
                match error.is_exhausted() {
                    true => FitProblem::Machine(reason),
                    false => FitProblem::Picture(reason),
                }
            })
        })
    }
}

fn fit_picture(
    runner: &Runner,
    limits: &PictureLimits,
    file: &Path,
    ratio: Ratio,
) -> Result<Fitted, SystemError> {
    let picture = picture::load(runner, file, limits)?;
    let own = Ratio { width: picture.width() as u32, height: picture.height() as u32 };
    if ratio.remaining_fraction_of(own) >= SAME_SHAPE {
        return Ok(Fitted::AsItIs(file.to_owned()));
    }
    let centre = saliency::look(&picture, ratio.aspect()).crop_centre;
    let (width, height, rgb) = crop_rgb(&picture, ratio.aspect(), centre);
    let made = tempfile::Builder::new().prefix("first-frame-").suffix(".jpg").tempfile();
    let made = made.map_err(|error| SystemError::write(&std::env::temp_dir(), error))?;
    let path = made.into_temp_path();
    picture::write_rgb_jpeg(&path, width, height, &rgb)?;
    Ok(Fitted::Cropped(path))
}

/// Returns the width, height and RGB bytes of the largest crop with the given aspect ratio; transparent parts become
/// white. The centre is given as fractions of the picture's width and height.
fn crop_rgb(picture: &Picture, aspect: f64, centre: (f64, f64)) -> (usize, usize, Vec<u8>) {
    let (full_width, full_height) = (picture.width(), picture.height());
    let width = ((full_height as f64 * aspect).round() as usize).clamp(1, full_width);
    let height = ((full_width as f64 / aspect).round() as usize).clamp(1, full_height);
    let from = |full: usize, part: usize, centre: f64| {
        let from = (full as f64 * centre - part as f64 / 2.0).round();
        from.clamp(0.0, (full - part) as f64) as usize
    };
    let left = from(full_width, width, centre.0);
    let top = from(full_height, height, centre.1);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for row in picture.rgba().chunks_exact(full_width * 4).skip(top).take(height) {
        for pixel in row[left * 4..(left + width) * 4].chunks_exact(4) {
            let alpha = u32::from(pixel[3]);
            rgb.extend(pixel[..3].iter().map(|&value| {
                ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
            }));
        }
    }
    (width, height, rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_has_the_shape_and_lies_around_its_centre() {
        // The colour of a column encodes its position.
        let rgba = (0..40).flat_map(|i| [(i % 10) as u8 * 20, 0, 0, 255]).collect();
        let picture = Picture::try_new(10, 4, rgba).expect("a picture");
        for (aspect, centre, expected, first) in [
            (1.0, (0.5, 0.5), (4, 4), 60),
            (1.0, (0.0, 0.5), (4, 4), 0),
            (1.0, (1.0, 0.5), (4, 4), 120),
            (5.0, (0.5, 0.5), (10, 2), 0),
        ] {
            let (width, height, rgb) = crop_rgb(&picture, aspect, centre);
            assert_eq!(((width, height), rgb.len()), (expected, width * height * 3));
            assert_eq!(rgb[0], first, "{aspect} {centre:?}");
        }
        let clear = Picture::try_new(2, 2, vec![0; 16]).expect("a picture");
        assert_eq!(crop_rgb(&clear, 1.0, (0.5, 0.5)).2, vec![255; 12]);
    }
}
