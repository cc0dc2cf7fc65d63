//! Tests captions with real fonts: zone, lines, timing, completeness.

use super::*;
use crate::frame::Frame;
use crate::text::testing::engine;
use pytoon_vocabulary::{CaptionCue, CaptionLook, CaptionWord, CaptionZone, Ms, SceneId};

fn cue(text: &str) -> CaptionCue {
    let mut words = Vec::new();
    for token in text.split(' ') {
        let parts: Vec<&str> = token.split('|').collect();
        for (i, part) in parts.iter().enumerate() {
            let start = Ms::new(1000 + 300 * words.len() as i64);
            words.push(CaptionWord {
                text: (*part).to_owned(),
                start,
                end: start + Ms::new(280),
                emphasis: words.len() == 1,
                joins_next: i + 1 < parts.len(),
            });
        }
    }
    let end = 1000 + 300 * words.len() as i64 + 200;
    cue_of(900, end, words)
}

fn cue_of(start: i64, end: i64, words: Vec<CaptionWord>) -> CaptionCue {
    let (start, end) = (Ms::new(start), Ms::new(end));
    CaptionCue {
        scene_id: SceneId::default(),
        start,
        end,
        text: String::new(),
        words,
        zone: CaptionZone::Lower,
    }
}

fn style_in(look: CaptionLook, language: &str) -> CaptionStyle {
    CaptionStyle { language: Some(language.to_owned()), ..CaptionStyle::new(look) }
}

/// Returns the style for a frame of half the size.
fn half(style: &CaptionStyle) -> CaptionStyle {
    CaptionStyle { zone: style.zone.scaled(0.5), unit: 0.5, ..style.clone() }
}

fn samples() -> Vec<(&'static str, CaptionCue)> {
    vec![
        ("en", cue("you only need five minutes a day")),
        (
            "de",
            cue("die Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte schläft"),
        ),
        ("en", cue("it's 100 % \\ : ' $1,299")),
        ("ar", cue("تعلم اللغة العربية في خمس دقائق")),
        ("hi", cue("हर दिन सिर्फ़ पाँच मिनट क्षत्रिय")),
        ("ja", cue("今日は|とても|いい|天気|ですね")),
        ("ko", cue("하루에 단 오분이면 충분합니다")),
        ("en", cue("family 👨‍👩‍👧‍👦 flag 🇩🇪 fire")),
        ("en", cue("mixed שלום English مرحبا end")),
        ("en", cue("W")),
        (
            "en",
            cue(
                "a much longer cue than anybody should ever write but which must still be shown in full",
            ),
        ),
    ]
}

/// Returns the bounding box (left, top, right, bottom) of the pixels whose luma differs from `luma` by more than
/// `by`.
fn changed_area(frame: &Frame, luma: u8, by: u8) -> Option<(usize, usize, usize, usize)> {
    let (w, h) = (frame.width(), frame.height());
    let mut found: Option<(usize, usize, usize, usize)> = None;
    for y in 0..h {
        for (x, v) in frame.y()[y * w..(y + 1) * w].iter().enumerate() {
            if v.abs_diff(luma) > by {
                let f = found.get_or_insert((x, y, x + 1, y + 1));
                *f = (f.0.min(x), f.1.min(y), f.2.max(x + 1), f.3.max(y + 1));
            }
        }
    }
    found
}

#[test]
fn nothing_leaves_the_zone_in_any_frame() {
    let zones = [crate::SafeRect::UNIVERSAL, crate::SafeRect::NARROW];
    for (zone, scale) in zones.into_iter().zip([1.0, 1.3]) {
        for look in CaptionLook::ALL.iter().copied() {
            for (language, cue) in samples() {
                let style = CaptionStyle { zone, size_scale: scale, ..style_in(look, language) };
                let renderer =
                    CaptionRenderer::prepare(&engine(), &style, std::slice::from_ref(&cue));
                let boxes = renderer.cue_boxes();
                assert_eq!(boxes.len(), 1);
                assert!(
                    zone.rect.contains(&boxes[0].rect, 0.01),
                    "{look:?} {cue:?}: {:?}",
                    boxes[0].rect
                );
                assert!(boxes[0].lines <= 2, "{look:?} {cue:?}");
                assert!(renderer.missing().is_empty(), "{look:?}: {:?}", renderer.missing());
            }
        }
    }
}

#[test]
fn pixels_agree_with_the_boxes() {
    // White on black: shadows and strokes are black, so every change is a fill, chip or plate.
    for look in CaptionLook::ALL.iter().copied() {
        for (language, cue) in samples() {
            let style = style_in(look, language);
            let renderer =
                CaptionRenderer::prepare(&engine(), &half(&style), std::slice::from_ref(&cue));
            let rect = renderer.cue_boxes()[0].rect;
            let mut seen = false;
            let times = (0..60).map(|i| 890.0 + (cue.end.get() - 880) as f64 * f64::from(i) / 59.0);
            for t in times {
                let mut frame = Frame::new(540, 960);
                renderer.draw(&mut frame, t);
                let Some((x0, y0, x1, y1)) = changed_area(&frame, 16, 10) else {
                    continue;
                };
                seen = true;
                let found = crate::Rect::new(x0 as f32, y0 as f32, x1 as f32, y1 as f32);
                assert!(
                    rect.contains(&found, 1.0),
                    "{look:?} at {t}: {found:?} outside {rect:?} {cue:?}"
                );
            }
            assert!(seen, "{look:?} draws nothing for {cue:?}");
        }
    }
}

#[test]
fn every_word_is_drawn() {
    for look in CaptionLook::ALL.iter().copied() {
        for (language, cue) in samples() {
            let style = style_in(look, language);
            let end = cue.end.get() as f64 - 130.0;
            let ink = |cue: &CaptionCue| {
                let renderer =
                    CaptionRenderer::prepare(&engine(), &style, std::slice::from_ref(cue));
                let mut frame = Frame::new(1080, 1920);
                renderer.draw(&mut frame, end);
                frame
            };
            let whole = super::prepare::place_cue(&engine(), &style, &cue).expect("placed");
            let frame = ink(&cue);
            for i in 0..cue.words.len() {
                let at = engine().word_ink(&whole.layout, i);
                let at = at.shifted(whole.origin.0 as f32, whole.origin.1 as f32);
                assert!(!at.is_empty(), "{look:?}: word {i} of {cue:?} has no ink");
                let range = (at.y0 as usize..at.y1 as usize + 1)
                    .flat_map(|y| (at.x0 as usize..at.x1 as usize + 1).map(move |x| (x, y)))
                    .map(|(x, y)| frame.y()[y * 1080 + x])
                    .fold((255u8, 0u8), |(low, high), v| (low.min(v), high.max(v)));
                assert!(range.1 - range.0 > 44, "{look:?}: word {i} of {cue:?} is invisible");
            }
        }
    }
}

#[test]
fn highlights_start_with_the_lead() {
    for look in CaptionLook::ALL.iter().copied() {
        let cue = cue("you only need five minutes");
        let style = style_in(look, "en");
        let renderer = CaptionRenderer::prepare(&engine(), &style, std::slice::from_ref(&cue));
        for (i, word) in cue.words.iter().enumerate() {
            // The first millisecond at which this word is the active one.
            let first = (900..cue.end.get())
                .find(|t| renderer.active_word(*t as f64) == Some(ActiveWord { cue: 0, word: i }))
                .expect("becomes active");
            assert_eq!(first, word.start.get() - 50, "{look:?} word {i}");
            // And the picture changes within a frame of it.
            let at = |t: f64| {
                let mut frame = Frame::new(1080, 1920);
                renderer.draw(&mut frame, t);
                frame
            };
            if i > 0 {
                let t = first as f64;
                assert_ne!(at(t - 1.0), at(t + 33.0), "{look:?} word {i}");
            }
        }
        // No flicker in the short gaps between words.
        let gaps =
            (960..cue.end.get() - 1).filter(|t| renderer.active_word(*t as f64).is_none()).count();
        assert_eq!(gaps, 0, "{look:?}");
    }
}

#[test]
fn a_word_is_visible_when_it_is_spoken() {
    // On black, the brightest sample in the ink of a word on its onset, before the 40 ms that viewers tolerate.
    for look in CaptionLook::ALL.iter().copied() {
        let cue = cue("you only need five minutes");
        let style = style_in(look, "en");
        let renderer = CaptionRenderer::prepare(&engine(), &style, std::slice::from_ref(&cue));
        let placed = super::prepare::place_cue(&engine(), &style, &cue).expect("placed");
        for (i, word) in cue.words.iter().enumerate() {
            let mut frame = Frame::new(1080, 1920);
            renderer.draw(&mut frame, word.start.get() as f64);
            let at = engine().word_ink(&placed.layout, i);
            let at = at.shifted(placed.origin.0 as f32, placed.origin.1 as f32);
            let rows = at.y0 as usize..at.y1 as usize;
            let luma = |y: usize| &frame.y()[y * 1080 + at.x0 as usize..y * 1080 + at.x1 as usize];
            let (low, high) = rows
                .flat_map(|y| luma(y).iter().copied())
                .fold((255u8, 0u8), |(low, high), v| (low.min(v), high.max(v)));
            assert!(high - low > 110, "{look}: word {i} has {low} to {high} at its onset");
        }
    }
}

#[test]
fn the_shade_is_dark_under_every_letter() {
    use crate::color::{Rgb, contrast};
    let style = style_in(CaptionLook::Minimal, "en");
    for text in ["you only need five minutes a day", "W", "gjpqy ÅÉÔ gjpqy"] {
        let cue = cue(text);
        let placed = super::prepare::place_cue(&engine(), &style, &cue).expect("placed");
        let ground = super::table::look(style.look).ground.as_ref().expect("a shade");
        let shade = super::ground::sprite(ground, &placed.ground, 1.0);
        let ink = placed.layout.ink.shifted(placed.origin.0 as f32, placed.origin.1 as f32);
        for (x, y) in [(ink.x0, ink.y0), (ink.x1, ink.y0), (ink.x0, ink.y1), (ink.x1, ink.y1)] {
            let (x, y) = (x as i32 - shade.x, y as i32 - shade.y);
            let alpha = shade.sprite.a[y as usize * shade.sprite.width() + x as usize];
            let behind = Rgb::WHITE.mix(Rgb::BLACK, f32::from(alpha) / 255.0);
            let [white, dimmed] = [Rgb::WHITE, super::look::DIMMED].map(|c| contrast(c, behind));
            assert!(white >= 7.0 && dimmed >= 4.5, "{text}: {white} {dimmed}");
        }
    }
}

#[test]
fn the_caret_stays_on_the_plate() {
    for (language, cue) in samples() {
        let style = style_in(CaptionLook::Typewriter, language);
        let placed = super::prepare::place_cue(&engine(), &style, &cue).expect("placed");
        assert_eq!(placed.carets.len(), cue.words.len() + 1);
        for caret in &placed.carets {
            assert!(
                placed.ground[0].contains(caret, 0.0),
                "{cue:?}: {caret:?} {:?}",
                placed.ground
            );
        }
    }
}

#[test]
fn arabic_is_highlighted_right_to_left() {
    let cue = cue("تعلم اللغة العربية");
    let style = style_in(CaptionLook::Karaoke, "ar");
    let placed = super::prepare::place_cue(&engine(), &style, &cue).expect("placed");
    let x: Vec<f32> = placed.words.iter().map(|w| w.anchor.0).collect();
    assert!(x[0] > x[1], "{x:?}");
}

#[test]
fn baselines_stay_put_and_drawing_is_pure() {
    for look in CaptionLook::ALL.iter().copied() {
        let style = style_in(look, "en");
        let baseline = |text: &str| {
            let placed = super::prepare::place_cue(&engine(), &style, &cue(text)).expect("placed");
            let line = placed.layout.lines.last().expect("line");
            line.baseline + placed.origin.1 as f32
        };
        assert_eq!(baseline("a word"), baseline("go up"), "{look:?}");
        let cues: Vec<CaptionCue> = (0..12)
            .map(|i| {
                let mut c = cue("one two three");
                let later = Ms::new(2000 * i);
                c.start += later;
                c.end += later;
                c.words
                    .iter_mut()
                    .for_each(|w| (w.start, w.end) = (w.start + later, w.end + later));
                c
            })
            .collect();
        let renderer = CaptionRenderer::prepare(&engine(), &half(&style), &cues);
        let at = |t: f64| {
            let mut frame = Frame::new(540, 960);
            renderer.draw(&mut frame, t);
            frame
        };
        let first = at(1500.0);
        (0..24).for_each(|i| drop(at(f64::from(i) * 1000.0)));
        assert_eq!(first, at(1500.0));
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| at(1500.0))).collect();
            threads.into_iter().for_each(|t| assert_eq!(t.join().expect("drawn"), first));
        });
        assert_eq!(at(0.0), Frame::new(540, 960));
    }
}

#[test]
fn odd_cues_are_survived() {
    let word = |text: &str, start, end| CaptionWord {
        text: text.to_owned(),
        start: Ms::new(start),
        end: Ms::new(end),
        emphasis: false,
        joins_next: false,
    };
    let cues = [
        cue_of(0, 0, vec![word("x", 0, 0)]),
        cue_of(500, 100, vec![word("x", 900, -5)]),
        cue_of(0, 900, vec![]),
        cue_of(0, 900, vec![word("  ", 0, 1), word("", 0, 1)]),
        cue_of(1000, 2000, vec![word("late", 5000, 6000)]),
    ];
    for look in CaptionLook::ALL.iter().copied() {
        let renderer = CaptionRenderer::prepare(&engine(), &style_in(look, "??"), &cues);
        let mut frame = Frame::new(1080, 1920);
        [0.0, 450.0, 1990.0, 1e12, -1e12, f64::NAN]
            .iter()
            .for_each(|t| renderer.draw(&mut frame, *t));
        assert_eq!(renderer.cue_boxes().len(), 3, "blank cues are skipped");
    }
}
