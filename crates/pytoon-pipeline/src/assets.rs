//! The cache of decoded pictures, bounded by their size in memory.

use crate::environment::Environment;
use crate::limits::picture_limits;
use pytoon_compositor::CompositorError;
use pytoon_compositor::assets::Assets;
use pytoon_compositor::compose::palette;
use pytoon_compositor::picture::Picture;
use pytoon_core::timeline::PaletteChoice;
use pytoon_media::picture::{self, PictureLimits};
use pytoon_process::{Runner, SystemError};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A cache of decoded pictures. It evicts the least recently used ones when their total size exceeds its limit.
#[derive(Debug)]
pub(crate) struct PictureStore {
    pub(crate) runner: Runner,
    limits: PictureLimits,
    capacity_bytes: usize,
    /// The colour behind transparent parts of pictures.
    pub(crate) matte: [u8; 3],
    kept: Mutex<VecDeque<(String, bool, Arc<Picture>)>>,
}

impl PictureStore {
    /// Returns a picture from the cache, or decodes and caches it. If `opaque`, transparent parts show the matte.
    pub(crate) fn load(&self, asset: &str, opaque: bool) -> Result<Arc<Picture>, SystemError> {
        if let Some(found) = self.find(asset, opaque) {
            return Ok(found);
        }
        let mut picture = picture::load(&self.runner, Path::new(asset), &self.limits)?;
        if opaque {
            picture.flatten(self.matte);
        }
        let picture = Arc::new(picture);
        self.keep(asset, opaque, &picture);
        Ok(picture)
    }

    fn find(&self, asset: &str, opaque: bool) -> Option<Arc<Picture>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(name, o, _)| name == asset && *o == opaque)?;
        let entry = kept.remove(at)?;
        let picture = entry.2.clone();
        kept.push_back(entry);
        Some(picture)
    }

    fn keep(&self, asset: &str, opaque: bool, picture: &Arc<Picture>) {
        let size = |p: &Picture| p.rgba().len();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((asset.to_owned(), opaque, picture.clone()));
        let mut total: usize = kept.iter().map(|(_, _, p)| size(p)).sum();
        while total > self.capacity_bytes {
            let Some((_, _, oldest)) = kept.pop_front() else { break };
            total -= size(&oldest);
        }
    }
}

/// Creates the empty picture store of a film, with the configured limits and the matte of the film's palette.
pub(crate) fn picture_store(env: &Environment, choice: &PaletteChoice) -> Arc<PictureStore> {
    Arc::new(PictureStore {
        runner: env.runner.clone(),
        limits: picture_limits(&env.config),
        capacity_bytes: env.config.engines.engines.local.picture_cache_mib << 20,
        matte: ground(choice),
        kept: Mutex::default(),
    })
}

/// Returns the colour behind transparent parts of pictures and clips.
pub(crate) fn ground(choice: &PaletteChoice) -> [u8; 3] {
    let ground = palette(choice).shade(0.86, 0.02, 0.0);
    [ground.r, ground.g, ground.b]
}

/// The pictures that the compositor loads. Scene pictures are opaque; overlays keep their alpha.
pub(crate) struct SceneAssets(pub(crate) Arc<PictureStore>);

impl Assets for SceneAssets {
    fn picture(&self, asset: &str) -> Result<Arc<Picture>, CompositorError> {
        self.0.load(asset, true).map_err(|error| asset_error(asset, &error))
    }

    fn overlay(&self, asset: &str) -> Result<Arc<Picture>, CompositorError> {
        self.0.load(asset, false).map_err(|error| asset_error(asset, &error))
    }
}

fn asset_error(asset: &str, error: &SystemError) -> CompositorError {
    CompositorError::Asset { asset: asset.to_owned(), reason: error.to_string() }
}
