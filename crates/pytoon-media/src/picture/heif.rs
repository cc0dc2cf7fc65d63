//! Parses the boxes of a HEIF file (HEIC, AVIF; ISO/IEC 23008-12): size, rotation, mirroring and colours of the
//! primary picture, and the presence of an alpha picture.
//!
//! The size distinguishes a complete picture from a single decoded tile.

use image::metadata::Orientation;

/// The picture that a HEIF file displays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Primary {
    /// The width and height before rotation, in pixels.
    pub(super) size: (u32, u32),
    /// The rotations and mirrorings, in this order.
    pub(super) turns: Vec<Orientation>,
    /// The colours of the picture, if they are not sRGB.
    pub(super) colours: Option<Colours>,
}

/// The colours of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Colours {
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Display P3, identified by its number (H.273: primaries 12).
    DisplayP3,
}

/// Returns the picture that a file displays, if the file declares one.
pub(super) fn primary(bytes: &[u8]) -> Option<Primary> {
    let meta = meta(bytes)?;
    let primary = child(meta, b"pitm")?;
    // A full box: version and flags, then the item's number in 16 bits, or 32 since version 1.
    let primary = match primary.first()? {
        0 => u32::from(u16::from_be_bytes(*primary.get(4..)?.first_chunk()?)),
        _ => word(primary, 4)?,
    };
    let properties = child(meta, b"iprp")?;
    let known: Vec<(&[u8], &[u8])> = boxes(child(properties, b"ipco")?).collect();
    let listed = associations(child(properties, b"ipma")?, primary)?;
    let own = || listed.iter().filter_map(|index| known.get(index.checked_sub(1)?));
    Some(Primary {
        size: own().find_map(|(kind, body)| {
            Some((word(body, 4)?, word(body, 8)?)).filter(|_| *kind == b"ispe")
        })?,
        turns: own().filter_map(|(kind, body)| turn(kind, *body.first()?)).collect(),
        colours: own().filter(|(kind, _)| *kind == b"colr").find_map(|(_, body)| colours(body)),
    })
}

fn colours(colr: &[u8]) -> Option<Colours> {
    match (colr.get(..4)?, colr.get(4..)?) {
        (b"prof" | b"rICC", profile) => Some(Colours::Icc(profile.to_vec())),
        (b"nclx", [0, 12, ..]) => Some(Colours::DisplayP3),
        _ => None,
    }
}

/// Returns true if an auxiliary picture of the file is the alpha of another picture.
pub(super) fn has_alpha(bytes: &[u8]) -> bool {
    const ALPHA: [&[u8]; 2] =
        [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
    let properties = meta(bytes).and_then(|meta| child(child(meta, b"iprp")?, b"ipco"));
    properties.into_iter().flat_map(boxes).any(|(kind, body)| {
        let name = body.get(4..).unwrap_or_default();
        kind == b"auxC" && ALPHA.iter().any(|alpha| name.starts_with(alpha))
    })
}

/// Parses the orientation in a property: a counter-clockwise rotation by quarter turns, or a mirroring.
fn turn(kind: &[u8], value: u8) -> Option<Orientation> {
    match (kind, value & 3) {
        (b"irot", 1) => Some(Orientation::Rotate270),
        (b"irot", 2) => Some(Orientation::Rotate180),
        (b"irot", 3) => Some(Orientation::Rotate90),
        (b"imir", axis) if axis & 1 == 0 => Some(Orientation::FlipVertical),
        (b"imir", _) => Some(Orientation::FlipHorizontal),
        _ => None,
    }
}

fn meta(bytes: &[u8]) -> Option<&[u8]> {
    child(bytes, b"meta")?.get(4..)
}

/// Returns the indices of an item's properties, counted from 1.
fn associations(body: &[u8], item: u32) -> Option<Vec<usize>> {
    let (version, wide) = (*body.first()?, body.get(3)? & 1 == 1);
    let mut at = 8;
    for _ in 0..word(body, 4)? {
        let number = if version == 0 {
            u32::from(u16::from_be_bytes(*body.get(at..)?.first_chunk()?))
        } else {
            word(body, at)?
        };
        at += if version == 0 { 2 } else { 4 };
        let count = usize::from(*body.get(at)?);
        at += 1;
        let size = if wide { 2 } else { 1 };
        let list = body.get(at..at + count * size)?;
        at += count * size;
        if number == item {
            // The first bit marks the property as essential.
            return Some(match wide {
                true => list
                    .chunks_exact(2)
                    .map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]]) & 0x7fff))
                    .collect(),
                false => list.iter().map(|byte| usize::from(byte & 0x7f)).collect(),
            });
        }
    }
    None
}

fn child<'a>(bytes: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| *found == kind).map(|(_, body)| body)
}

/// Iterates over the consecutive boxes of a container, with their bodies.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (size, kind) = (word(rest, 0)?, rest.get(4..8)?);
        let (head, size) = match size {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?),
            size => (8, size as usize),
        };
        let body = rest.get(head..size.min(rest.len()))?;
        rest = rest.get(size..).unwrap_or_default();
        Some((kind, body))
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_box(kind: &[u8], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), kind, body].concat()
    }

    fn ispe(width: u32, height: u32) -> Vec<u8> {
        make_box(b"ispe", &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat())
    }

    fn alpha() -> Vec<u8> {
        make_box(b"auxC", b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
    }

    /// Creates a file in which item 1 is a tile and item 2 is the grid, which is the primary picture.
    fn grid() -> Vec<u8> {
        let properties = [
            make_box(b"hvcC", b"x"),
            ispe(512, 512),
            ispe(4032, 3024),
            make_box(b"irot", &[1]),
            alpha(),
            make_box(b"colr", b"nclx\0\x0c\0\x0d\0\x01\x80"),
        ];
        let properties = make_box(b"ipco", &properties.concat());
        let listed =
            [&[0, 0, 0, 0][..], &2u32.to_be_bytes(), &[0, 1, 2, 0x81, 2], &[0, 2, 3, 3, 0x84, 6]];
        let iprp = make_box(b"iprp", &[properties, make_box(b"ipma", &listed.concat())].concat());
        let meta = [&[0; 4][..], &make_box(b"pitm", &[0, 0, 0, 0, 0, 2]), &iprp].concat();
        [make_box(b"ftyp", b"heic"), make_box(b"meta", &meta), make_box(b"mdat", &[0; 64])].concat()
    }

    #[test]
    fn the_size_is_that_of_the_grid_and_not_of_a_tile() {
        let grid = grid();
        let primary = primary(&grid).expect("a picture");
        assert_eq!((primary.size, primary.turns), ((4032, 3024), vec![Orientation::Rotate270]));
        assert_eq!(primary.colours, Some(Colours::DisplayP3));
        assert!(has_alpha(&grid));
    }

    #[test]
    fn a_broken_file_has_no_size_and_does_not_panic() {
        let whole = grid();
        for length in 0..whole.len() {
            let _ = (primary(&whole[..length]), has_alpha(&whole[..length]));
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                let _ = (primary(&broken), has_alpha(&broken));
            }
        }
    }
}
