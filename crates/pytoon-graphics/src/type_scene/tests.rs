//! Tests type scenes with real fonts: the zone, the onsets, and every script.

use super::*;
use crate::area::SafeRect;
use crate::kinetic::KineticVariant;
use crate::palette::Mood;
use crate::text::testing::engine;

fn words(text: &str) -> Vec<TypeWord> {
    let mut out: Vec<TypeWord> = Vec::new();
    for token in text.split_whitespace() {
        let parts: Vec<&str> = token.split('|').collect();
        for (i, part) in parts.iter().enumerate() {
            let start_ms = 200 + 310 * out.len() as i64;
            out.push(TypeWord {
                text: part.replace('*', ""),
                start_ms,
                end_ms: start_ms + 290,
                emphasis: part.starts_with('*'),
                joins_next: i + 1 < parts.len(),
            });
        }
    }
    out
}

/// Returns the settings for frames of half the reference size, [`HALF`].
fn spec(text: &str, treatment: Treatment, variant: KineticVariant) -> TypeSpec {
    TypeSpec {
        seed: 3,
        zone: SafeRect::UNIVERSAL.scaled(0.5),
        unit: 0.5,
        ..TypeSpec::new(words(text), treatment, variant)
    }
}

const HALF: (usize, usize) = (540, 960);

fn prepare(spec: &TypeSpec) -> TypeScene {
    TypeScene::prepare(&engine(), spec, &Palette::from_mood(Mood::Calm))
}

/// A scene drawn on black frames of one size.
struct Film {
    scene: TypeScene,
    zone: Rect,
    size: (usize, usize),
}

impl Film {
    fn new(spec: &TypeSpec, size: (usize, usize)) -> Self {
        Self { scene: prepare(spec), zone: spec.zone.rect, size }
    }

    fn at(&self, t_ms: f64) -> Frame {
        let mut frame = Frame::new(self.size.0, self.size.1);
        self.scene.draw(&mut frame, t_ms);
        frame
    }

    fn assert_inside_zone(&self, frame: &Frame, t_ms: f64) {
        let z = self.zone;
        for y in 0..frame.height() {
            let row = &frame.y()[y * frame.width()..(y + 1) * frame.width()];
            let inside_y = (y as f32) >= z.y0.floor() && (y as f32) < z.y1.ceil();
            let outside = row.iter().enumerate().find(|(x, v)| {
                let inside_x = (*x as f32) >= z.x0.floor() && (*x as f32) < z.x1.ceil();
                **v != 16 && !(inside_x && inside_y)
            });
            assert!(outside.is_none(), "ink outside the zone at {t_ms} ms, row {y}: {outside:?}");
        }
    }
}

/// Returns the number of pixels inside `rect` that differ between two frames.
fn changed(a: &Frame, b: &Frame, rect: &Rect) -> usize {
    let (x0, x1) = (rect.x0.max(0.0) as usize, (rect.x1.max(0.0) as usize).min(a.width()));
    let (y0, y1) = (rect.y0.max(0.0) as usize, (rect.y1.max(0.0) as usize).min(a.height()));
    (y0..y1)
        .map(|y| {
            let row = y * a.width();
            (x0..x1).filter(|x| a.y()[row + x].abs_diff(b.y()[row + x]) > 12).count()
        })
        .sum()
}

const SENTENCES: &[(&str, Treatment)] = &[
    ("Small habits change *everything* you do.", Treatment::WordByWord),
    ("The best teams write down what they decide.", Treatment::LineBuild),
    ("The plan costs only $1,299 a year.", Treatment::CountUp),
    ("It saves 30 % of the energy.", Treatment::CountUp),
    ("You need flour, warm water, and patience.", Treatment::List),
    ("First, breathe in. Second, breathe out.", Treatment::List),
    ("“What stands in the way becomes the way.” — Marcus Aurelius", Treatment::Quotation),
    ("It is not a sprint, but a marathon.", Treatment::Contrast),
    ("Progress, not perfection.", Treatment::Contrast),
];

#[test]
fn words_follow_the_voice_in_every_treatment() {
    for (text, treatment) in SENTENCES {
        for variant in [KineticVariant::Left, KineticVariant::Centred] {
            let spec = spec(text, *treatment, variant);
            let film = Film::new(&spec, HALF);
            for (word, spoken) in film.scene.word_boxes().iter().zip(&spec.words) {
                let onset = spoken.start_ms as f64;
                // Other elements may move inside the box, so the word's own change is measured over short times.
                let before = film.at(onset - 61.0);
                let early = film.at(onset - 40.0);
                let after = film.at(onset + 40.0);
                let full = film.at(onset + 200.0);
                let later = film.at(onset + 270.0);
                let name = format!("{:?} of {text:?} ({treatment})", spoken.text);
                assert!(!word.rect.is_empty(), "{name} has no ink");
                let ink = |f: &Frame| changed(f, &Frame::new(HALF.0, HALF.1), &word.rect);
                assert!(ink(&full) * 10 >= ink(&later) * 9, "{name} is not complete after 200 ms");
                let area = (word.rect.width() * word.rect.height()) as usize;
                let own = changed(&before, &after, &word.rect);
                assert!(own * 60 > area, "{name} is not visible 40 ms after its onset: {own} px");
                let previous = changed(&before, &early, &word.rect);
                assert!(previous * 50 < area.max(own), "{name} is visible too early: {previous}");
                if *treatment != Treatment::CountUp && *treatment != Treatment::Contrast {
                    let rest = changed(&full, &later, &word.rect);
                    let rising = *treatment == Treatment::LineBuild;
                    assert!(rising || rest == 0, "{name} is not at rest after 200 ms: {rest}");
                }
            }
        }
    }
}

#[test]
fn type_stays_inside_the_zone_at_all_times() {
    let square = SafeRect { rect: Rect::new(32.5, 32.5, 507.5, 507.5), centre_x: 270.0 };
    let wide = SafeRect { rect: Rect::new(48.0, 27.0, 912.0, 486.0), centre_x: 480.0 };
    for (i, (text, treatment)) in SENTENCES.iter().enumerate() {
        let formats = [
            (540, 960, SafeRect::UNIVERSAL.scaled(0.5), 0.5),
            (540, 540, square, 0.5),
            (960, 540, wide, 0.4),
        ];
        let (w, h, zone, unit) = formats[i % 3];
        let variant = [KineticVariant::Left, KineticVariant::Centred][i / 3 % 2];
        let spec = TypeSpec { zone, unit, ..spec(text, *treatment, variant) };
        let film = Film::new(&spec, (w, h));
        for t in (0..=spec.scene_ms).step_by(66) {
            film.assert_inside_zone(&film.at(t as f64), t as f64);
        }
    }
}

#[test]
fn every_word_has_one_run_on_one_page() {
    for (text, treatment) in SENTENCES {
        let scene = prepare(&spec(text, *treatment, KineticVariant::Left));
        let count = words(text).len();
        for word in 0..count {
            let runs = scene.pages.iter().flat_map(|p| &p.runs).filter(|r| r.word == word).count();
            assert_eq!(runs, 1, "word {word} of {text:?}");
        }
        let boxes = scene.word_boxes();
        assert_eq!(boxes.len(), count);
        for (i, a) in boxes.iter().enumerate() {
            for b in boxes[..i].iter().filter(|b| b.page == a.page) {
                let (x, y) = (a.rect.x1.min(b.rect.x1) - a.rect.x0.max(b.rect.x0), {
                    a.rect.y1.min(b.rect.y1) - a.rect.y0.max(b.rect.y0)
                });
                // Ascenders and descenders of neighbouring lines may share rows.
                let line = a.rect.height().min(b.rect.height());
                assert!(x <= 8.0 || y <= 0.45 * line, "{text:?}: words {} and {i} overlap", b.word);
            }
        }
    }
}

#[test]
fn long_sentences_have_pages_that_break_at_phrases() {
    let long = "Most people believe that creativity is a gift that some are born with, but every \
                study of the last forty years says something else: people who make many things \
                make better things, because they see more of their own mistakes, and they stop \
                being afraid of the empty page that waits for them each morning, and that is why \
                the ones who begin today will be the ones whom others call talented tomorrow.";
    assert!(long.len() > 380);
    for treatment in Treatment::ALL {
        let spec = spec(long, *treatment, KineticVariant::Left);
        let film = Film::new(&spec, HALF);
        assert!(film.scene.page_count() >= 3, "{treatment}: {} pages", film.scene.page_count());
        let boxes = film.scene.word_boxes();
        assert!(boxes.iter().all(|b| !b.rect.is_empty()));
        assert!(boxes.windows(2).all(|w| w[0].page <= w[1].page));
        // No page ends with an article or a preposition.
        for pair in boxes.windows(2).filter(|w| w[0].page < w[1].page) {
            let last = spec.words[pair[0].word].text.as_str();
            assert!(!["the", "a", "of", "that", "and"].contains(&last), "{treatment}: {last:?}");
        }
        for word in boxes.iter().step_by(5) {
            let t = word.appears_ms as f64 + 120.0;
            let frame = film.at(t);
            film.assert_inside_zone(&frame, t);
            assert!(changed(&frame, &Frame::new(HALF.0, HALF.1), &word.rect) > 12);
        }
    }
}

#[test]
fn every_script_and_odd_input_is_set() {
    let cases = [
        "مرحبا بالعالم، خمس دقائق كل يوم تكفي",
        "毎日|五分|だけ|で|新しい|言葉|を|覚え|られ|ます。",
        "每天|只需|五分钟|，|就能|学会|一门|语言",
        "हर दिन सिर्फ़ पाँच मिनट क्षत्रिय",
        "오늘 날씨가 정말 좋네요",
        "family 👨‍👩‍👧‍👦 flag 🇩🇪 fire 🔥",
        "das Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz gilt",
        "I",
        "',  % \\ : +",
        "שלום and مرحبا 42",
    ];
    for text in cases {
        for treatment in Treatment::ALL {
            let spec = spec(text, *treatment, KineticVariant::Left);
            let film = Film::new(&spec, HALF);
            for word in film.scene.word_boxes() {
                assert!(!word.rect.is_empty(), "{text:?} {treatment}: word {}", word.word);
                let t = word.appears_ms as f64 + 70.0;
                film.assert_inside_zone(&film.at(t), t);
            }
            assert!(film.scene.missing().is_empty());
        }
    }
}

#[test]
fn a_number_and_its_unit_in_one_word_count_together() {
    let mut spec = spec("It saves 30 of the energy", Treatment::CountUp, KineticVariant::Left);
    spec.words[2].text = "30 %".to_owned();
    let film = Film::new(&spec, HALF);
    let rect = film.scene.word_boxes()[2].rect;
    assert!(rect.width() > 1.8 * rect.height(), "the unit is beside the number: {rect:?}");
    let onset = spec.words[2].start_ms as f64;
    let counting = changed(&film.at(onset + 210.0), &film.at(onset + 900.0), &rect);
    let landed = changed(&film.at(onset + 480.0), &film.at(onset + 900.0), &rect);
    assert!(counting > 0 && landed == 0, "{counting} and {landed}");
}

#[test]
fn degenerate_specs_do_not_panic() {
    let base =
        spec("one two three 42 %, not four but five", Treatment::WordByWord, KineticVariant::Left);
    let zones = [
        Rect::new(0.0, 0.0, 0.0, 0.0),
        Rect::new(10.0, 10.0, 40.0, 20.0),
        Rect::new(100.0, 100.0, 101.0, 1900.0),
    ];
    for treatment in Treatment::ALL {
        let none = TypeSpec { words: Vec::new(), treatment: *treatment, ..base.clone() };
        prepare(&none).draw(&mut Frame::new(64, 64), 10.0);
        for rect in zones {
            let zone = SafeRect { rect, centre_x: 0.5 * (rect.x0 + rect.x1) };
            let spec = TypeSpec { zone, treatment: *treatment, ..base.clone() };
            prepare(&spec).draw(&mut Frame::new(64, 64), 900.0);
        }
        let mut same = base.clone();
        same.treatment = *treatment;
        same.words.iter_mut().for_each(|w| (w.start_ms, w.end_ms) = (500, 400));
        same.words[2].text = String::new();
        same.words[3].text = "\u{10FFFD}".to_owned();
        let scene = prepare(&same);
        assert_eq!(scene.missing(), &['\u{10FFFD}']);
        for t in [-5.0, 0.0, 520.0, f64::MAX, f64::NAN] {
            scene.draw(&mut Frame::new(64, 64), t);
        }
    }
}

#[test]
fn frames_are_deterministic_hold_still_and_leave() {
    let spec = TypeSpec {
        scene_ms: 4000,
        ..spec("Plan less, ship more.", Treatment::LineBuild, KineticVariant::Left)
    };
    let (a, b) = (Film::new(&spec, HALF), Film::new(&spec, HALF));
    for t in [0.0, 230.0, 900.0, 2500.0, 3900.0] {
        assert_eq!(a.at(t), b.at(t), "{t}");
    }
    assert_eq!(a.at(2000.0), a.at(3800.0), "type holds still");
    let ink = |t| a.at(t).y().iter().filter(|v| **v > 100).count();
    assert!(ink(3990.0) * 10 < ink(3000.0), "the exit is complete");
    assert_eq!(ink(4000.0), 0);
}

#[test]
fn the_ground_is_adapted_for_contrast() {
    use crate::backgrounds::{GenScratch, Generator, is_light};
    use crate::color::{contrast, ycc_to_rgb};
    use pytoon_vocabulary::Background;
    let cases = [
        ("Small habits *change* everything.", Treatment::WordByWord),
        ("It is not a sprint, but a marathon.", Treatment::Contrast),
    ];
    for (i, kind) in Background::ALL.iter().enumerate() {
        let palette = Palette::from_mood(Mood::ALL[i % Mood::ALL.len()]);
        let (text, treatment) = cases[i % 2];
        let spec = TypeSpec {
            light_ground: is_light(*kind),
            ..spec(text, treatment, KineticVariant::Left)
        };
        let mut sample = Frame::new(1080, 1920);
        let generator = Generator::new(*kind, &palette, 5, 1080, 1920);
        generator.draw(&mut sample, 1.0, &mut GenScratch::default());
        let mut scene = TypeScene::prepare(&engine(), &spec, &palette);
        scene.adapt(&sample);
        // No word has appeared yet.
        let mut frame = sample.clone();
        scene.draw(&mut frame, 0.0);
        let r = scene.rect;
        let (mut good, mut all) = (0, 0);
        for y in (r.y0 as usize..r.y1 as usize).step_by(16) {
            for x in (r.x0 as usize..r.x1 as usize).step_by(16) {
                let c = (y / 2) * 540 + x / 2;
                let ycc = [frame.y()[y * 1080 + x], frame.u()[c], frame.v()[c]].map(f32::from);
                let ground = Rgb::from_float(ycc_to_rgb(ycc));
                good += usize::from(contrast(scene.weakest, ground) >= 6.9);
                all += 1;
            }
        }
        assert!(good * 100 >= all * 94, "{kind}: {good} of {all}");
    }
}
