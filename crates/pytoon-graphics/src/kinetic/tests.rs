//! Tests that kinetic type fits, enters in time and is readable.

use super::*;
use crate::SafeRect;
use crate::backgrounds::{GenScratch, Generator};
use crate::palette::Mood;
use crate::text::testing::engine;
use pytoon_vocabulary::Background;

fn prepare(phrase: &str, variant: KineticVariant) -> KineticType {
    let palette = Palette::from_mood(Mood::Calm);
    KineticType::prepare(&engine(), &KineticSpec::new(phrase, variant), &palette)
}

#[test]
fn sizes_follow_length_and_always_fit() {
    let long = "word ".repeat(60);
    let cases = [
        ("Stop scrolling", Some(KineticSize::Hero)),
        ("Plan less, ship more", Some(KineticSize::Hero)),
        ("Five minutes a day is enough for everybody here", Some(KineticSize::Statement)),
        ("毎日五分で十分です", None),
        ("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", None),
        (long.as_str(), Some(KineticSize::Support)),
        ("', % \\ : 👨‍👩‍👧‍👦", None),
    ];
    for (phrase, size) in cases {
        for variant in [KineticVariant::Left, KineticVariant::Centred] {
            let kinetic = prepare(phrase, variant);
            let zone = SafeRect::UNIVERSAL.rect;
            assert!(zone.contains(&kinetic.rect(), 6.0), "{phrase:?}: {:?}", kinetic.rect());
            assert!(size.is_none_or(|s| s == kinetic.size()), "{phrase:?} is {:?}", kinetic.size());
            assert!(kinetic.entrance_ms() <= 900.0 && kinetic.missing().is_empty());
        }
    }
}

#[test]
fn builds_holds_and_leaves() {
    let kinetic = prepare("Plan less, ship more", KineticVariant::Left);
    let drawn = |t: f64| {
        let mut frame = Frame::new(1080, 1920);
        kinetic.draw(&mut frame, t, 4000.0);
        frame
    };
    let ink = |frame: &Frame| frame.y().iter().filter(|v| **v > 100).count();
    let done = drawn(900.0);
    assert_eq!(done, drawn(2000.0), "type holds still");
    assert!(ink(&drawn(133.0)) * 10 > ink(&done) * 3, "readable early");
    assert!(ink(&drawn(3990.0)) < ink(&done) / 10, "gone at the end");
    // Nothing outside the zone changes at any time.
    for t in [0.0, 66.0, 200.0, 400.0, 900.0] {
        let frame = drawn(t);
        assert!(frame.y()[..288 * 1080].iter().all(|v| *v == 16));
        assert!(frame.y()[1248 * 1080..].iter().all(|v| *v == 16));
    }
}

#[test]
fn marks_choose_accent_words() {
    let (text, marked) = accent_words("a *bold* move, *two words*, 5 * 3");
    assert_eq!(text, "a bold move, two words, 5 * 3");
    assert_eq!(marked, vec![1, 3, 4]);
    assert_eq!(accent_words("5 * 3"), ("5 * 3".to_owned(), vec![]));
}

#[test]
fn quiet_zone_restores_contrast() {
    let palette = Palette::from_mood(Mood::Calm);
    let mut sample = Frame::new(1080, 1920);
    sample.fill(Rgb::new(120, 120, 120).to_ycc());
    let mut kinetic = prepare("Stop scrolling", KineticVariant::Centred);
    kinetic.adapt(&sample);
    let mut frame = sample.clone();
    kinetic.draw(&mut frame, 1000.0, 4000.0);
    let r = kinetic.rect();
    let beside = frame.y()[(r.y0 as usize + 4) * 1080 + r.x0 as usize];
    assert!(beside < sample.y()[0] - 20, "the box is darkened: {beside}");
    assert_eq!(frame.y()[1900 * 1080 + 5], sample.y()[0], "the corner is not");
    // A dark background stays unchanged.
    let mut dark = Frame::new(1080, 1920);
    Generator::new(Background::Particles, &palette, 1, 1080, 1920).draw(
        &mut dark,
        0.0,
        &mut GenScratch::default(),
    );
    kinetic.adapt(&dark);
    let mut frame = dark.clone();
    kinetic.draw(&mut frame, 1000.0, 4000.0);
    assert_eq!(
        frame.y()[(r.y0 as usize - 20) * 1080 + 200],
        dark.y()[(r.y0 as usize - 20) * 1080 + 200]
    );
}
