//! A text with its escapes decoded, and the position of each byte in the source.

use std::ops::Range;

/// The longest escape, in bytes: `&#x00000041;`.
const LONGEST: usize = 12;

/// A decoded text with its source positions.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// The range of the source that encodes each byte.
    places: Vec<Range<usize>>,
}

impl Decoded {
    /// Decodes a text; `None` if it has no escapes.
    pub(super) fn of(source: &[u8]) -> Option<Self> {
        let mut decoded = Self { bytes: Vec::new(), places: Vec::new() };
        let mut at = 0;
        let mut has_escapes = false;
        while let Some(&byte) = source.get(at) {
            let Some((c, length)) = escape(&source[at..]) else {
                decoded.push(byte, at..at + 1);
                at += 1;
                continue;
            };
            has_escapes = true;
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                decoded.push(byte, at..at + length);
            }
            at += length;
        }
        has_escapes.then_some(decoded)
    }

    /// Returns the text decoded once more; `None` if no escapes remain.
    pub(super) fn decode_again(&self) -> Option<Self> {
        let mut again = Self::of(&self.bytes)?;
        for place in &mut again.places {
            *place = self.in_source(place);
        }
        Some(again)
    }

    /// Returns the range in the source that encodes a range of the decoded bytes.
    pub(super) fn in_source(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.places.get(range.start).map_or(0, |place| place.start);
        let end = range.end.checked_sub(1).and_then(|last| self.places.get(last));
        start..end.map_or(start, |place| place.end)
    }

    fn push(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place);
    }
}

/// Returns the character that an escape at the start of a text represents, and the length of the escape; `None` if
/// there is no escape.
///
/// A percent-encoded byte above 127 is decoded to the character with that number, since API keys are ASCII.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    let hex = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?.and_then(char::from_u32)
    };
    match text.first()? {
        b'%' => Some((hex(text.get(1..3)?)?, 3)),
        b'\\' => match text.get(1)? {
            b'u' => Some((hex(text.get(2..6)?)?, 6)),
            b'x' => Some((hex(text.get(2..4)?)?, 4)),
            &c @ (b'"' | b'\\' | b'/' | b'\'') => Some((char::from(c), 2)),
            _ => None,
        },
        b'&' => {
            let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
            let c = match text.get(1..end)? {
                b"amp" => '&',
                b"quot" => '"',
                b"apos" => '\'',
                b"lt" => '<',
                b"gt" => '>',
                [b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
                [b'#', digits @ ..] => {
                    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
                    char::from_u32(number)?
                }
                _ => return None,
            };
            Some((c, end + 1))
        }
        _ => None,
    }
}
