//! Fuzzes type detection and decoding of untrusted pictures, within limits.
//!
//! A decoded picture is never larger than allowed. A picture that announces a larger size is rejected before it is
//! decoded, which the limit on allocations in `common` checks.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_media::picture::{FileKind, PictureLimits, kind, load};
use pytoon_media::sniff::sniff;
use pytoon_process::{CancelToken, Programs, Runner};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// The limits on pictures, small so that many inputs can be tried per second.
const LIMITS: PictureLimits = PictureLimits { max_bytes: 1 << 20, max_pixels: 1 << 20 };

static BASE: LazyLock<(PathBuf, Runner)> = LazyLock::new(|| {
    common::without_programs();
    // The TIFF decoder's own allowance before our limits apply.
    common::allow_mib(257);
    let runner = Runner::new(Programs::default(), CancelToken::default(), Duration::from_secs(5));
    (common::folder().join("picture"), runner)
});

fuzz_target!(|data: &[u8]| {
    let (path, runner) = &*BASE;
    std::fs::write(path, data).expect("written");
    let sniffed = sniff(runner, path, &LIMITS);
    if let Ok(FileKind::Picture) = kind(path, &LIMITS) {
        let loaded = load(runner, path, &LIMITS);
        if let Ok(picture) = &loaded {
            assert!((picture.width() * picture.height()) as u64 <= LIMITS.max_pixels);
            assert!(sniffed.is_ok_and(|found| found.media_type.starts_with("image/")));
        }
    }
});
