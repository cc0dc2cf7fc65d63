//! The split layout: a picture whose shape is far from the frame's is shown whole, above or beside the captions.

use super::{Area, Format};

/// The middle of a wide picture in a tall frame, as a fraction of the frame's height: above the captions.
const MIDDLE_Y: f64 = 690.0 / 1920.0;
/// The upper edge of captions at the lower edge of the safe area of a tall frame, above which a wide picture ends where
/// it can.
const CAPTIONS_Y: f64 = 0.53;
/// The middle of a tall picture in a wide frame, as a fraction of the frame's width: beside the captions.
const MIDDLE_X: f64 = 0.27;
/// The distance from a tall picture to the captions beside it, as a fraction of the frame's width.
const GAP: f64 = 0.03;
/// The smallest width of an area for captions beside a picture, as a fraction of the frame's width.
const LEAST_BESIDE: f64 = 0.35;

/// Returns the area of a whole picture: as wide or as high as the frame. Sizes are (width, height) in any unit.
pub fn picture_area(frame: (u32, u32), picture: (u32, u32)) -> Area {
    let format = Format::nearest(frame.0, frame.1);
    let ratio = |(width, height): (u32, u32)| f64::from(width.max(1)) / f64::from(height.max(1));
    let shape = ratio(picture) / ratio(frame);
    if shape >= 1.0 {
        let height = 1.0 / shape;
        let top = match format {
            Format::Vertical => (MIDDLE_Y - height / 2.0).min(CAPTIONS_Y - height),
            // Less room: the picture begins at the upper edge.
            Format::Portrait | Format::Square => 0.0,
            Format::Landscape => (1.0 - height) / 2.0,
        };
        let top = top.clamp(0.0, 1.0 - height);
        return Area::new(0.0, top, 1.0, top + height);
    }
    let left = match format {
        Format::Landscape => MIDDLE_X - shape / 2.0,
        Format::Vertical | Format::Portrait | Format::Square => (1.0 - shape) / 2.0,
    };
    let left = left.clamp(0.0, 1.0 - shape);
    Area::new(left, 0.0, left + shape, 1.0)
}

/// Returns the left and right edges of the captions beside a picture in `picture`, or `None` without enough room.
pub fn beside(picture: &Area, safe: &Area) -> Option<(f64, f64)> {
    let left = (picture.x1 + GAP).max(safe.x0);
    (safe.x1 - left >= LEAST_BESIDE).then_some((left, safe.x1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_picture_keeps_its_shape_and_stays_in_the_frame() {
        let whole = Area::new(0.0, 0.0, 1.0, 1.0);
        for format in Format::ALL {
            let (width, height) = format.size(1080);
            for picture in [(1600, 900), (900, 1600), (3000, 900), (900, 3000), (1, 1), (0, 0)] {
                let area = picture_area((width, height), picture);
                assert!(whole.contains(&area), "{format:?} {picture:?}: {area:?}");
                let shown = area.width() * f64::from(width) / (area.height() * f64::from(height));
                let shape = f64::from(picture.0.max(1)) / f64::from(picture.1.max(1));
                assert!((shown / shape - 1.0).abs() < 1e-9, "{format:?} {picture:?}");
                assert!(area.width() > 0.999 || area.height() > 0.999);
            }
        }
    }

    #[test]
    fn captions_are_beside_a_tall_picture_in_a_wide_frame_only() {
        let safe = Area::new(0.05, 0.05, 0.95, 0.9);
        let tall = picture_area((1920, 1080), (900, 1600));
        let (left, right) = beside(&tall, &safe).expect("room");
        assert!(left > tall.x1 && right == safe.x1);
        assert_eq!(beside(&picture_area((1080, 1080), (900, 1600)), &safe), None);
        assert_eq!(beside(&picture_area((1080, 1920), (1600, 900)), &safe), None);
    }
}
