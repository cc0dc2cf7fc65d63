//! Tests layout with real fonts: no text is lost, and none is wider than requested.

use std::collections::BTreeSet;

use super::testing::engine;
use super::*;

const LONG: &str = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter";

fn style(size: f32) -> TextStyle {
    TextStyle { min_size_px: 36.0, ..TextStyle::new("Inter", 800, size, size * 1.25) }
}

/// Checks that every word has a box, all ink is within the width, and no character is missing.
fn check(text: &str, words: usize, size: f32, width: f32, lines: usize) {
    let layout = engine().layout(&style(size), text, width, lines);
    let boxed: BTreeSet<usize> = layout.words.iter().map(|b| b.word).collect();
    assert_eq!(boxed, (0..words).collect(), "words of {text:?}");
    assert!(layout.lines.len() <= lines, "{text:?} took {} lines", layout.lines.len());
    assert!(layout.width <= width + 0.5, "{text:?} is {} wide", layout.width);
    assert!(layout.missing.is_empty(), "{text:?} misses {:?}", layout.missing);
    for word in 0..words {
        let ink = engine().word_ink(&layout, word);
        assert!(!ink.is_empty(), "word {word} of {text:?} has no ink");
        assert!(ink.x0 > -6.0 && ink.x1 < width + 6.0, "word {word} of {text:?} leaves the box");
    }
}

#[test]
fn no_word_is_lost_with_any_characters() {
    check("Hello world", 2, 72.0, 640.0, 2);
    check(&format!("das {LONG} hier"), 3, 72.0, 640.0, 2);
    check(LONG, 1, 104.0, 640.0, 2);
    check("it's 100 % of C:\\path ' : %", 8, 72.0, 640.0, 2);
    check("go 👨‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ 1️⃣ now", 7, 72.0, 640.0, 2);
    check("he said مرحبا بالعالم and שלום 42", 7, 72.0, 640.0, 2);
    check("नमस्ते दुनिया क्षत्रिय", 3, 72.0, 640.0, 2);
    check("こんにちは世界、今日は良い天気ですね。", 1, 72.0, 640.0, 2);
    check("오늘 날씨가 정말 좋네요", 4, 64.0, 640.0, 2);
    check("สวัสดี ชาวโลก", 2, 64.0, 640.0, 2);
    check("one\ntwo\tthree  four\u{2028}five", 5, 64.0, 640.0, 2);
    let many = vec!["word"; 60].join(" ");
    check(&many, 60, 72.0, 640.0, 2);
}

#[test]
fn missing_characters_are_reported_and_the_rest_is_drawn() {
    let layout = engine().layout(&style(72.0), "ab \u{10FFFD}c \u{12000}", 640.0, 2);
    assert!(layout.missing.contains(&'\u{10FFFD}') && layout.missing.contains(&'\u{12000}'));
    assert!(!engine().word_ink(&layout, 1).is_empty());
}

#[test]
fn scripts_join_order_and_break_properly() {
    let engine = engine();
    // Joined Arabic is narrower than its letters set apart.
    let width = |text: &str| engine.layout(&style(72.0), text, 2000.0, 1).width;
    assert!(width("بيت") < width("ب") + width("ي") + width("ت"));
    // Right to left: the first word is the rightmost.
    let layout = engine.layout(&style(72.0), "مرحبا بالعالم", 900.0, 1);
    assert!(layout.rtl && layout.words[0].x0 > layout.words[1].x0);
    // Kinsoku: no line starts with a closing mark.
    let text = "今日は天気、明日は雨、明後日は雪。";
    let words: Vec<_> = text.char_indices().map(|(i, c)| i..i + c.len_utf8()).collect();
    let style = style(72.0);
    for width in [380.0, 420.0, 460.0, 500.0, 640.0] {
        let request = LayoutRequest {
            style: &style,
            text,
            words: &words,
            emphasis: &[],
            emphasis_scale: 1.0,
            max_width: width,
            max_lines: 4,
        };
        let layout = engine.layout_with(&request);
        assert!(layout.lines.len() > 1 && layout.words.len() == words.len());
        for line in 0..layout.lines.len() {
            let first = layout.words.iter().find(|b| b.line == line).expect("line has words");
            assert!(!"、。".contains(&text[words[first.word].clone()]), "width {width}");
        }
    }
    // Emoji sequences are one glyph.
    let layout = engine.layout(&style, "👨‍👩‍👧‍👦", 900.0, 1);
    assert_eq!(layout.glyphs.len(), 1);
}

#[test]
fn given_words_emphasis_and_caps() {
    let style = TextStyle { caps: true, join_gap: 10.0, ..style(72.0) };
    let text = "straße東京へ行く";
    let words = [0..7, 7..13, 13..16, 16..text.len()];
    let layout = engine().layout_with(&LayoutRequest {
        style: &style,
        text,
        words: &words,
        emphasis: &[1],
        emphasis_scale: 1.25,
        max_width: 1200.0,
        max_lines: 1,
    });
    assert_eq!(layout.words.len(), 4);
    let gap = layout.words[1].x0 - layout.words[0].x1;
    assert!((gap - 10.0).abs() < 0.6, "gap {gap}");
    let per_char = |i: usize, n: f32| (layout.words[i].x1 - layout.words[i].x0) / n;
    assert!((per_char(1, 2.0) / per_char(2, 1.0) - 1.25).abs() < 0.02);
}

#[test]
fn sprites_hold_ink_inside_their_box() {
    let style = TextStyle {
        stroke: Some(Stroke { width_px: 8.0, color: crate::Rgb::BLACK }),
        shadow: Some(Shadow {
            color: crate::Rgb::BLACK,
            opacity: 0.6,
            dy_px: 10.0,
            sigma_px: 14.0,
        }),
        ..style(104.0)
    };
    let layout = engine().layout(&style, "Great 🔥", 800.0, 1);
    let sprites = engine().sprites(&layout, &style, &|_| true);
    let (fill, backing) = (sprites.fill.expect("fill"), sprites.backing.expect("backing"));
    assert!(backing.x < fill.x && backing.sprite.width() > fill.sprite.width());
    assert!(
        (fill.x as f32 - layout.ink.x0).abs() < 3.0 && (fill.y as f32 - layout.ink.y0).abs() < 3.0
    );
    let right = fill.x + fill.sprite.width() as i32;
    assert!((right as f32 - layout.ink.x1).abs() < 4.0);
}
