//! Detects truncated JPEGs. The last bytes of a file prove nothing: cameras append videos, metadata and depth maps,
//! and some omit the end marker.

use image::{DynamicImage, ImageFormat};

const END: [u8; 2] = [0xff, 0xd9];

/// Returns true if the picture has its own end marker, as opposed to one of a thumbnail in its metadata or one in
/// appended data.
pub(super) fn has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // A marker may be preceded by any number of fill bytes, and by others from broken encoders.
        let Some(found) = marker_from(bytes, at) else { return false };
        let marker = bytes[found + 1];
        at = found + 2;
        match marker {
            0xd9 => return true,
            // Markers without a length.
            0x01 | 0xd0..=0xd8 => {}
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return false };
                at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
}

/// Returns the position of the next marker. In coded data a zero byte follows a byte of 255, and restart markers
/// belong to the data.
fn marker_from(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    rest.windows(2).position(is_marker).map(|place| from + place)
}

/// Returns true if every row can be decoded although the end marker is missing.
///
/// Decoders fill missing data from the bytes that follow. The picture is therefore decoded twice with different bytes
/// after it: if both results are equal, no data was missing.
pub(super) fn has_all_rows(bytes: &[u8]) -> bool {
    let decoded = |tail: u8| -> Option<DynamicImage> {
        let padded = [bytes, &[tail; 64], &END].concat();
        image::load_from_memory_with_format(&padded, ImageFormat::Jpeg).ok()
    };
    decoded(0x00).zip(decoded(0x5a)).is_some_and(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn photo() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::from_fn(160, 120, |x, y| {
            image::Rgb([(x * 3 % 256) as u8, (y * 5 % 256) as u8, (x * y % 251) as u8])
        })
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .expect("a JPEG");
        bytes.into_inner()
    }

    #[test]
    fn what_follows_the_end_does_not_matter() {
        let jpeg = photo();
        for tail in [vec![], vec![7; 400_000], vec![0xff, 0xd9], b"Samsung".to_vec()] {
            assert!(has_end(&[jpeg.clone(), tail].concat()));
        }
        let open = &jpeg[..jpeg.len() - 2];
        assert!(!has_end(open) && has_all_rows(open));
        let trailer = [open, b"\0\x000\x0aPanorama_Shot_Info", &[9; 5000]].concat();
        assert!(!has_end(&trailer) && has_all_rows(&trailer));
    }

    #[test]
    fn a_picture_that_is_cut_off_is_found_out() {
        let jpeg = photo();
        for share in [30, 50, 70, 90, 97] {
            let cut = &jpeg[..jpeg.len() * share / 100];
            assert!(!has_end(cut), "{share} %");
            assert!(!has_all_rows(cut), "{share} %");
        }
        // The end marker of a thumbnail in its metadata is not its own.
        let small = [&[0xff, 0xe1][..], &(jpeg.len() as u16 + 2).to_be_bytes(), &jpeg].concat();
        let cut = [&jpeg[..2], &small, &jpeg[2..jpeg.len() / 2]].concat();
        assert!(!has_end(&cut) && !has_all_rows(&cut));
    }

    #[test]
    fn nonsense_has_no_end() {
        for bytes in [&b""[..], b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff\xff", &[0xff; 99]] {
            assert!(!has_end(bytes) && !has_all_rows(bytes));
        }
    }
}
