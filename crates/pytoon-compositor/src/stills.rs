//! Caches prepared pictures, which the compositors of one film share.
//!
//! Chunks of one scene are drawn in parallel and move over the same picture. It is prepared once and stored while one
//! of them uses it. A caller that needs a picture in preparation waits for it.

use crate::CompositorError;
use crate::still::PreparedStill;
use pytoon_core::preset::Grade;
use pytoon_core::timeline::{Fit, Motion};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The inputs of a prepared picture, as a cache key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StillKey {
    pub(crate) asset: String,
    pub(crate) fit: Fit,
    pub(crate) motion: Motion,
    pub(crate) grade: Grade,
    pub(crate) grade_strength: f64,
    /// The width and height of the frame, in pixels.
    pub(crate) frame_size: (usize, usize),
}

/// The prepared pictures that a film is using.
#[derive(Debug, Default)]
pub struct SharedStills(Mutex<Vec<Arc<Place>>>);

#[derive(Debug)]
struct Place {
    key: StillKey,
    still: Mutex<Weak<PreparedStill>>,
}

impl SharedStills {
    /// Returns a prepared picture. Calls `prepare` unless the picture is already in use, and waits if another caller
    /// is preparing it.
    pub(crate) fn get(
        &self,
        key: &StillKey,
        prepare: impl FnOnce() -> Result<PreparedStill, CompositorError>,
    ) -> Result<Arc<PreparedStill>, CompositorError> {
        let place = self.find_or_add(key);
        let mut still = place.still.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(still) = still.upgrade() {
            return Ok(still);
        }
        let prepared = Arc::new(prepare()?);
        *still = Arc::downgrade(&prepared);
        Ok(prepared)
    }

    fn find_or_add(&self, key: &StillKey) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.iter().find(|place| place.key == *key) {
            return place.clone();
        }
        let place = Arc::new(Place { key: key.clone(), still: Mutex::default() });
        places.push(place.clone());
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::GradeTable;
    use crate::picture::Picture;
    use pytoon_core::timeline::Window;
    use pytoon_vocabulary::Frame as FrameNumber;

    #[test]
    fn a_picture_is_prepared_once_while_it_is_held_and_for_each_move() {
        let motion = Motion {
            from: Window::FULL,
            to: Window::FULL,
            start_frame: FrameNumber::ZERO,
            end_frame: FrameNumber::new(10),
            ease_in_frames: FrameNumber::ZERO,
        };
        let key = StillKey {
            asset: "a.jpg".to_owned(),
            fit: Fit::Cover,
            motion,
            grade: Grade::Clean,
            grade_strength: 1.0,
            frame_size: (8, 8),
        };
        let stills = SharedStills::default();
        let mut made = 0;
        let mut get = |key: &StillKey| {
            stills
                .get(key, || {
                    made += 1;
                    let picture = Picture::try_new(8, 8, vec![200; 256])?;
                    let grade = GradeTable::new(Grade::Clean, 1.0);
                    PreparedStill::prepare(&picture, key.fit, &key.motion, (8, 8), &grade)
                })
                .expect("a picture is prepared")
        };
        let first = get(&key);
        assert!(Arc::ptr_eq(&first, &get(&key)));
        let other = StillKey {
            motion: Motion { end_frame: FrameNumber::new(11), ..motion },
            ..key.clone()
        };
        assert!(!Arc::ptr_eq(&first, &get(&other)));
        drop(first);
        get(&key);
        assert_eq!(made, 3, "once held, once for another move, once after it was let go");
    }
}
