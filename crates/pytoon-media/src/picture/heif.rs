//! The size of the picture in a HEIF file (HEIC, AVIF), as its own boxes say: a decoder that gives
//! less gave one tile of it.

/// Returns width and height of the primary item, where the file says.
pub(super) fn primary_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let meta = child(bytes, b"meta")?.get(4..)?;
    let primary = child(meta, b"pitm")?;
    // A full box: version and flags, then the item's number in 16 bits, or 32 since version 1.
    let primary = match primary.first()? {
        0 => u32::from(u16::from_be_bytes(*primary.get(4..)?.first_chunk()?)),
        _ => word(primary, 4)?,
    };
    let properties = child(meta, b"iprp")?;
    let sizes: Vec<Option<(u32, u32)>> = boxes(child(properties, b"ipco")?)
        .map(|(kind, body)| (kind == b"ispe").then(|| Some((word(body, 4)?, word(body, 8)?)))?)
        .collect();
    let mut listed = associations(child(properties, b"ipma")?, primary)?.into_iter();
    listed.find_map(|index| sizes.get(index.checked_sub(1)?).copied().flatten())
}

/// The properties of an item, counted from 1.
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
            // The first bit says whether the property is essential.
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

/// The boxes that follow each other in a container, with their bodies.
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

    fn boxed(kind: &[u8], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), kind, body].concat()
    }

    fn ispe(width: u32, height: u32) -> Vec<u8> {
        boxed(b"ispe", &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat())
    }

    /// Item 1 is a tile, item 2 the grid, which is the primary one.
    fn grid() -> Vec<u8> {
        let properties =
            boxed(b"ipco", &[boxed(b"hvcC", b"x"), ispe(512, 512), ispe(4032, 3024)].concat());
        let listed = [&[0, 0, 0, 0][..], &2u32.to_be_bytes(), &[0, 1, 2, 0x81, 2], &[0, 2, 1, 3]];
        let iprp = boxed(b"iprp", &[properties, boxed(b"ipma", &listed.concat())].concat());
        let meta = [&[0; 4][..], &boxed(b"pitm", &[0, 0, 0, 0, 0, 2]), &iprp].concat();
        [boxed(b"ftyp", b"heic"), boxed(b"meta", &meta), boxed(b"mdat", &[0; 64])].concat()
    }

    #[test]
    fn the_size_is_that_of_the_grid_and_not_of_a_tile() {
        assert_eq!(primary_size(&grid()), Some((4032, 3024)));
    }

    #[test]
    fn a_broken_file_has_no_size_and_harms_nobody() {
        let whole = grid();
        for length in 0..whole.len() {
            let _ = primary_size(&whole[..length]);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                let _ = primary_size(&broken);
            }
        }
    }
}
