//! Classifies characters by writing system, for the choice of fonts and spacing.
//!
//! Block ranges are from the Unicode Character Database (Blocks.txt). This module does not perform bidi reordering or
//! shaping.

use std::ops::Range;

use super::wanted::FontScript;

/// Returns the font group that covers `c`, or [`FontScript::Latin`] for scripts without a group.
pub fn font_script(c: char) -> FontScript {
    match u32::from(c) {
        0x0530..=0x058F => FontScript::Armenian,
        0x0590..=0x05FF | 0xFB1D..=0xFB4F => FontScript::Hebrew,
        0x0600..=0x06FF | 0x0750..=0x077F | 0x0870..=0x08FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFE => {
            FontScript::Arabic
        }
        0x0900..=0x097F | 0xA8E0..=0xA8FF => FontScript::Devanagari,
        0x0980..=0x09FF => FontScript::Bengali,
        0x0A00..=0x0A7F => FontScript::Gurmukhi,
        0x0A80..=0x0AFF => FontScript::Gujarati,
        0x0B80..=0x0BFF => FontScript::Tamil,
        0x0C00..=0x0C7F => FontScript::Telugu,
        0x0C80..=0x0CFF => FontScript::Kannada,
        0x0D00..=0x0D7F => FontScript::Malayalam,
        0x0E00..=0x0E7F => FontScript::Thai,
        0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F => FontScript::Georgian,
        0x1200..=0x139F | 0x2D80..=0x2DDF => FontScript::Ethiopic,
        0x0700..=0x074F => FontScript::Syriac,
        0x0780..=0x07BF => FontScript::Thaana,
        0x07C0..=0x07FF => FontScript::Nko,
        0x0B00..=0x0B7F => FontScript::Oriya,
        0x0D80..=0x0DFF => FontScript::Sinhala,
        0x0E80..=0x0EFF => FontScript::Lao,
        0x0F00..=0x0FFF => FontScript::Tibetan,
        0x1000..=0x109F | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F => FontScript::Myanmar,
        0x13A0..=0x13FF | 0xAB70..=0xABBF => FontScript::Cherokee,
        0x1400..=0x167F | 0x18B0..=0x18FF => FontScript::CanadianAboriginal,
        0x1780..=0x17FF | 0x19E0..=0x19FF => FontScript::Khmer,
        0x1800..=0x18AF => FontScript::Mongolian,
        0x1A20..=0x1AAF => FontScript::TaiTham,
        0x1B00..=0x1B7F => FontScript::Balinese,
        0x1B80..=0x1BBF => FontScript::Sundanese,
        0x1C50..=0x1C7F => FontScript::OlChiki,
        0x2C80..=0x2CFF => FontScript::Coptic,
        0x2D30..=0x2D7F => FontScript::Tifinagh,
        0xA000..=0xA4CF => FontScript::Yi,
        0xA4D0..=0xA4FF => FontScript::Lisu,
        0xA980..=0xA9DF => FontScript::Javanese,
        0xAA00..=0xAA5F => FontScript::Cham,
        0xABC0..=0xABFF | 0xAAE0..=0xAAFF => FontScript::MeeteiMayek,
        0x1E900..=0x1E95F => FontScript::Adlam,
        0x1100..=0x11FF | 0x2E80..=0x2FDF | 0x2FF0..=0x4DBF | 0x4E00..=0x9FFF => FontScript::Cjk,
        0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFE30..=0xFE4F => FontScript::Cjk,
        0xFF00..=0xFFEF | 0x1B000..=0x1B16F | 0x20000..=0x3FFFF => FontScript::Cjk,
        0x1F000..=0x1FAFF | 0x20E3 | 0xFE0F | 0xE0020..=0xE007F => FontScript::Emoji,
        0x2190..=0x22FF | 0x2300..=0x23FF | 0x2460..=0x27BF | 0x2900..=0x2BFF => {
            FontScript::Symbols
        }
        _ => FontScript::Latin,
    }
}

/// Returns the minimum line height, in em, that leaves room for the marks of the text's scripts; 0 for Latin, emoji
/// and symbols.
pub(super) fn min_line_height_em(text: &str) -> f32 {
    text.chars()
        .map(|c| match font_script(c) {
            FontScript::Latin | FontScript::Emoji | FontScript::Symbols => 0.0,
            FontScript::Cjk => 1.35,
            _ => 1.5,
        })
        .fold(0.0, f32::max)
}

/// Returns true if the text must not be letter-spaced, because spacing breaks joined letters. This applies to all
/// font groups except Latin, CJK, emoji and symbols.
pub(super) fn forbids_tracking(text: &str) -> bool {
    text.chars().any(|c| {
        !matches!(
            font_script(c),
            FontScript::Latin | FontScript::Emoji | FontScript::Symbols | FontScript::Cjk
        )
    })
}

/// Returns true if the text contains Chinese or Japanese, which is written without spaces.
pub(super) fn breaks_anywhere(text: &str) -> bool {
    text.chars().any(|c| {
        let hangul = matches!(u32::from(c), 0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xAC00..=0xD7FF);
        font_script(c) == FontScript::Cjk && !hangul
    })
}

/// Returns the CJK faces in order of preference for a text: by its language tag, or else by the kana or hangul that
/// it contains.
pub(super) fn cjk_order(language: Option<&str>, text: &str) -> [&'static str; 5] {
    const SC: &str = "Noto Sans CJK SC";
    const TC: &str = "Noto Sans CJK TC";
    const HK: &str = "Noto Sans CJK HK";
    const JP: &str = "Noto Sans CJK JP";
    const KR: &str = "Noto Sans CJK KR";
    let tag = language.unwrap_or_default().to_ascii_lowercase();
    let kana = text.chars().any(|c| matches!(u32::from(c), 0x3040..=0x30FF | 0x31F0..=0x31FF));
    let hangul = text.chars().any(|c| matches!(u32::from(c), 0x1100..=0x11FF | 0xAC00..=0xD7AF));
    let traditional = tag.contains("hant") || tag.ends_with("-tw");
    if tag.starts_with("zh") || tag.starts_with("cmn") || tag.starts_with("yue") {
        if tag.ends_with("-hk") || tag.ends_with("-mo") || tag.starts_with("yue") {
            [HK, TC, SC, JP, KR]
        } else if traditional {
            [TC, HK, SC, JP, KR]
        } else {
            [SC, TC, HK, JP, KR]
        }
    } else if tag.starts_with("ja") || (kana && !tag.starts_with("ko")) {
        [JP, SC, TC, HK, KR]
    } else if tag.starts_with("ko") || hangul {
        [KR, JP, SC, TC, HK]
    } else {
        [SC, TC, HK, JP, KR]
    }
}

/// Returns the byte ranges of emoji: pictographs, flags and keycaps, each with its skin tones, tags, U+FE0F and
/// ZWJ-joined characters (UTS #51, section 1.4). Adjacent emoji share one range.
pub(super) fn emoji_ranges(text: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let end_of = |i: usize| chars.get(i).map_or(text.len(), |(at, _)| *at);
    let code = |i: usize| chars.get(i).map_or(0, |(_, c)| u32::from(*c));
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = code(i);
        let pictograph = matches!(c, 0x1F000..=0x1FAFF);
        let dressed = code(i + 1) == 0xFE0F && c > 0x20;
        let keycap = matches!(c, 0x23 | 0x2A | 0x30..=0x39) && code(i + 1) == 0x20E3;
        // Emoji by default although in the dingbat and symbol blocks (emoji-data.txt).
        let default_emoji = matches!(
            c,
            0x231A | 0x231B | 0x23E9..=0x23EC | 0x23F0 | 0x23F3 | 0x25FD | 0x25FE | 0x2614 | 0x2615
                | 0x2648..=0x2653 | 0x267F | 0x2693 | 0x26A1 | 0x26AA | 0x26AB | 0x26BD | 0x26BE
                | 0x26C4 | 0x26C5 | 0x26CE | 0x26D4 | 0x26EA | 0x26F2 | 0x26F3 | 0x26F5 | 0x26FA
                | 0x26FD | 0x2705 | 0x270A | 0x270B | 0x2728 | 0x274C | 0x274E | 0x2753..=0x2755
                | 0x2757 | 0x2795..=0x2797 | 0x27B0 | 0x27BF | 0x2B1B | 0x2B1C | 0x2B50 | 0x2B55
        );
        if !(pictograph || dressed || keycap || default_emoji) {
            i += 1;
            continue;
        }
        let start = i;
        i += 1;
        loop {
            match code(i) {
                0xFE0F | 0x20E3 | 0x1F3FB..=0x1F3FF | 0xE0020..=0xE007F => i += 1,
                0x200D => i += 2,
                0x1F1E6..=0x1F1FF if matches!(code(start), 0x1F1E6..=0x1F1FF) && i == start + 1 => {
                    i += 1
                }
                _ => break,
            }
        }
        let range = chars[start].0..end_of(i.min(chars.len()));
        match out.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_sequences_are_whole() {
        let family = "👨‍👩‍👧‍👦";
        let text = format!("go {family}!");
        assert_eq!(emoji_ranges(&text), vec![3..3 + family.len()]);
        assert_eq!(emoji_ranges("❤️").len(), 1);
        assert_eq!(emoji_ranges("1️⃣ a"), vec![0..7]);
        assert!(emoji_ranges("100 % ♥ a#").is_empty());
        assert_eq!(emoji_ranges("\u{1F468}\u{200D}"), vec![0..7]);
    }

    #[test]
    fn han_faces_follow_language() {
        assert_eq!(cjk_order(Some("zh-Hant"), "漢")[0], "Noto Sans CJK TC");
        assert_eq!(cjk_order(None, "これは漢字")[0], "Noto Sans CJK JP");
        assert_eq!(cjk_order(None, "한국")[0], "Noto Sans CJK KR");
        assert_eq!(cjk_order(None, "汉字")[0], "Noto Sans CJK SC");
    }
}
