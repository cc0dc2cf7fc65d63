//! Reads the size limits of pictures from the configuration.

use pytoon_config::Config;
use pytoon_media::picture::PictureLimits;

/// Returns the configured size limits of pictures.
pub(crate) fn picture_limits(config: &Config) -> PictureLimits {
    let limits = &config.settings.limits;
    PictureLimits {
        max_bytes: limits.max_file_mib << 20,
        max_pixels: u64::from(limits.max_picture_megapixels) * 1_000_000,
    }
}
