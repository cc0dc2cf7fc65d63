//! Renders sample frames as PPM pictures for visual review, and measures drawing times.
//!
//! Usage: `contact_sheet <output folder> [generators|captions|scripts|kinetic|type|times]`.

use pytoon_vocabulary::{
    Background, CaptionCue, CaptionLook, CaptionWord, CaptionZone, Ms, SceneId,
};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pytoon_graphics::backgrounds::*;
use pytoon_graphics::caption::*;
use pytoon_graphics::color::ycc_to_rgb;
use pytoon_graphics::kinetic::*;
use pytoon_graphics::palette::Mood;
use pytoon_graphics::text::*;
use pytoon_graphics::type_scene::*;
use pytoon_graphics::{Frame, Palette, Rect, Rgb, SafeRect};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const W: usize = 1080;
const H: usize = 1920;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let out = PathBuf::from(args.next().unwrap_or_else(|| "sheet".to_owned()));
    let what = args.next().unwrap_or_else(|| "all".to_owned());
    fs::create_dir_all(&out)?;
    let engine = engine()?;
    let wants = |name: &str| what == "all" || what == name;
    if wants("generators") {
        generators(&out)?;
    }
    if wants("captions") {
        captions(&out, &engine)?;
    }
    if wants("scripts") {
        scripts(&out, &engine)?;
    }
    if wants("kinetic") {
        kinetic(&out, &engine)?;
    }
    if wants("type") {
        type_scenes(&out, &engine)?;
    }
    if wants("times") {
        times(&engine)?;
    }
    Ok(())
}

fn engine() -> Result<TextEngine> {
    let mut files = Vec::new();
    for wanted in WANTED_FONTS {
        for name in wanted.file_names {
            match find(Path::new("/usr/share/fonts"), name) {
                Some(path) => files.push(FontFile::new(*name, fs::read(path)?)),
                None => writeln!(std::io::stderr(), "{name} is missing ({})", wanted.package)?,
            }
        }
    }
    Ok(TextEngine::new(FontLibrary::new(files)?))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).collect();
    let here = entries.iter().find(|p| p.is_file() && p.file_name().is_some_and(|n| n == name));
    here.cloned().or_else(|| entries.iter().filter(|p| p.is_dir()).find_map(|p| find(p, name)))
}

fn save(frame: &Frame, path: &Path) -> Result<()> {
    let (w, h) = (frame.width(), frame.height());
    let mut rgb = format!("P6\n{w} {h}\n255\n").into_bytes();
    for y in 0..h {
        for x in 0..w {
            let c = (y / 2) * (w / 2) + x / 2;
            let ycc = [frame.y()[y * w + x], frame.u()[c], frame.v()[c]].map(f32::from);
            let p = Rgb::from_float(ycc_to_rgb(ycc));
            rgb.extend([p.r, p.g, p.b]);
        }
    }
    fs::write(path, rgb)?;
    Ok(())
}

fn generators(out: &Path) -> Result<()> {
    let palettes = [
        ("calm", Palette::from_mood(Mood::Calm)),
        ("energetic", Palette::from_mood(Mood::Energetic)),
        ("luxury", Palette::from_mood(Mood::Luxury)),
        ("brand", Palette::from_brand(Rgb::from_hex("#1DB954")?)),
    ];
    let mut scratch = GenScratch::default();
    let mut frame = Frame::new(W, H);
    for kind in Background::ALL.iter().copied() {
        for (name, palette) in &palettes {
            let generator = Generator::new(kind, palette, 11, W, H);
            let times: &[f64] = if *name == "calm" { &[0.0, 2.6, 5.0] } else { &[1.5] };
            for t in times {
                generator.draw(&mut frame, *t, &mut scratch);
                save(
                    &frame,
                    &out.join(format!("gen-{}-{name}-{:02}.ppm", kind.as_str(), (t * 10.0) as u32)),
                )?;
            }
        }
    }
    Ok(())
}

fn cue(text: &str, emphasis: usize) -> CaptionCue {
    // A `|` joins words without a space.
    let mut words = Vec::new();
    for token in text.split(' ') {
        let parts: Vec<&str> = token.split('|').collect();
        for (i, part) in parts.iter().enumerate() {
            let start = Ms::new(1000 + 300 * words.len() as i64);
            words.push(CaptionWord {
                text: (*part).to_owned(),
                start,
                end: start + Ms::new(280),
                emphasis: words.len() == emphasis,
                joins_next: i + 1 < parts.len(),
            });
        }
    }
    let end = Ms::new(1000 + 300 * words.len() as i64 + 200);
    CaptionCue {
        scene_id: SceneId::default(),
        start: Ms::new(900),
        end,
        text: String::new(),
        words,
        zone: CaptionZone::Lower,
        set_as_type: false,
    }
}

fn style_in(look: CaptionLook, language: &str) -> CaptionStyle {
    CaptionStyle { language: Some(language.to_owned()), ..CaptionStyle::new(look) }
}

fn background(kind: Background, mood: Mood) -> Frame {
    let mut frame = Frame::new(W, H);
    Generator::new(kind, &Palette::from_mood(mood), 5, W, H).draw(
        &mut frame,
        1.0,
        &mut GenScratch::default(),
    );
    frame
}

const LOOKS: [(CaptionLook, &str, &str); 8] = [
    (CaptionLook::Classic, "classic", "you only need five minutes a day"),
    (CaptionLook::Karaoke, "karaoke", "just five minutes gets you going"),
    (CaptionLook::Pop, "pop", "only 5 minutes"),
    (CaptionLook::Bold, "bold", "just five minutes today"),
    (CaptionLook::Boxed, "boxed", "things nobody tells you about mornings"),
    (CaptionLook::Single, "single", "minutes"),
    (CaptionLook::Typewriter, "typewriter", "you only need five minutes a day"),
    (CaptionLook::Minimal, "minimal", "you only need five minutes a day"),
];

/// The looks whose words are hidden before they are spoken.
const HIDING: [CaptionLook; 3] = [CaptionLook::Pop, CaptionLook::Single, CaptionLook::Typewriter];

fn captions(out: &Path, engine: &TextEngine) -> Result<()> {
    for (bg, frame) in [
        ("dark", background(Background::Aurora, Mood::Calm)),
        ("light", background(Background::Paper, Mood::Energetic)),
    ] {
        for (look, name, text) in LOOKS {
            let cues = [cue(text, 1)];
            let renderer = CaptionRenderer::prepare(engine, &style_in(look, "en"), &cues);
            for t in [917.0, 950.0, 1017.0, 1290.0, 1317.0, 1350.0, 1500.0, 1650.0] {
                let mut frame = frame.clone();
                renderer.draw(&mut frame, t);
                save(&frame, &out.join(format!("cap-{name}-{bg}-{:04}.ppm", t as u32)))?;
            }
        }
    }
    Ok(())
}

fn scripts(out: &Path, engine: &TextEngine) -> Result<()> {
    let samples = [
        ("en", "Don't pay $1,299 for 30 % more"),
        ("de", "die Donaudampfschifffahrtsgesellschaft fährt"),
        ("ar", "تعلم اللغة العربية في خمس دقائق"),
        ("hi", "हर दिन सिर्फ़ पाँच मिनट क्षत्रिय"),
        ("ja", "今日は|とても|いい|天気|ですね"),
        ("zh-Hans", "每天|只需|五分钟|就能|学会"),
        ("ko", "하루에 단 오분이면 충분합니다"),
        ("en", "family 👨‍👩‍👧‍👦 flag 🇩🇪 fire 🔥 ok"),
    ];
    for (look, name, _) in LOOKS {
        for (i, (language, text)) in samples.iter().enumerate() {
            let mut frame = background(Background::Mesh, Mood::Corporate);
            let cues = [cue(text, 2)];
            let renderer = CaptionRenderer::prepare(engine, &style_in(look, language), &cues);
            writeln!(
                std::io::stderr(),
                "{name} {language} {:?} {:?}",
                renderer.cue_boxes(),
                renderer.missing()
            )?;
            renderer.draw(
                &mut frame,
                if HIDING.contains(&look) { cues[0].end.get() as f64 - 150.0 } else { 1750.0 },
            );
            save(&frame, &out.join(format!("scr-{name}-{i}.ppm")))?;
        }
    }
    Ok(())
}

fn kinetic(out: &Path, engine: &TextEngine) -> Result<()> {
    let samples = [
        ("Stop *scrolling*", None, KineticVariant::Centred, Background::Aurora, Mood::Calm),
        (
            "Five minutes a *day* is enough",
            None,
            KineticVariant::Centred,
            Background::BokehLeak,
            Mood::Energetic,
        ),
        (
            "Plan less, ship *more*",
            Some("Three habits that change how small teams work"),
            KineticVariant::Left,
            Background::Swiss,
            Mood::Corporate,
        ),
        (
            "Once upon a time there was a very small idea",
            Some("Chapter one"),
            KineticVariant::Left,
            Background::Paper,
            Mood::Lofi,
        ),
        (
            "The longest phrase a brief may hold still has to be set in a size that people can read on a phone",
            None,
            KineticVariant::Left,
            Background::Mesh,
            Mood::Luxury,
        ),
        (
            "Donaudampfschifffahrtsgesellschaft",
            None,
            KineticVariant::Centred,
            Background::Halftone,
            Mood::Energetic,
        ),
        (
            "毎日五分で十分です",
            None,
            KineticVariant::Centred,
            Background::Particles,
            Mood::Cinematic,
        ),
        ("خمس دقائق كل يوم", None, KineticVariant::Left, Background::Blobs, Mood::Calm),
    ];
    for (i, (phrase, support, variant, kind, mood)) in samples.into_iter().enumerate() {
        let palette = Palette::from_mood(mood);
        let sample = background(kind, mood);
        let mut spec = KineticSpec::new(phrase, variant);
        spec.support = support.map(str::to_owned);
        spec.light_ground = pytoon_graphics::backgrounds::is_light(kind);
        let mut kinetic = KineticType::prepare(engine, &spec, &palette);
        kinetic.adapt(&sample);
        for t in [0.0, 130.0, 300.0, 1500.0] {
            let mut frame = sample.clone();
            kinetic.draw(&mut frame, t, 3000.0);
            save(&frame, &out.join(format!("kin-{i}-{:04}.ppm", t as u32)))?;
        }
    }
    Ok(())
}

/// Returns spoken words with plausible times. Words marked `*like this*` are emphasised; a `|` joins words without a
/// space.
fn spoken(text: &str) -> Vec<TypeWord> {
    let mut words = Vec::new();
    let mut at = 120;
    for token in text.split(' ') {
        let parts: Vec<&str> = token.split('|').collect();
        for (i, part) in parts.iter().enumerate() {
            let ms = 130 + 45 * part.chars().count().min(12) as i64;
            words.push(TypeWord {
                text: part.replace('*', ""),
                start_ms: at,
                end_ms: at + ms - 20,
                emphasis: part.starts_with('*'),
                joins_next: i + 1 < parts.len(),
            });
            let pause = if part.ends_with(['.', ',', ':', '?', '…']) { 220 } else { 0 };
            at += ms + pause;
        }
    }
    words
}

/// A sentence with its treatment, language and alignment.
type TypeSample = (&'static str, Treatment, &'static str, KineticVariant);

const TYPE_SAMPLES: &[TypeSample] = &[
    (
        "Small habits change *everything* you do.",
        Treatment::WordByWord,
        "en",
        KineticVariant::Centred,
    ),
    (
        "Why do we forget most of what we learn within a single day?",
        Treatment::WordByWord,
        "en",
        KineticVariant::Left,
    ),
    (
        "The best teams write down what they decide, and nobody has to ask twice.",
        Treatment::LineBuild,
        "en",
        KineticVariant::Left,
    ),
    (
        "Sleep is when your brain *files* the day away.",
        Treatment::LineBuild,
        "en",
        KineticVariant::Centred,
    ),
    (
        "The new plan costs only $1,299 for the whole team.",
        Treatment::CountUp,
        "en",
        KineticVariant::Centred,
    ),
    (
        "Cold water alone saves 30 % of the energy of every wash you do.",
        Treatment::CountUp,
        "en",
        KineticVariant::Left,
    ),
    (
        "You only need flour, warm water, and a little patience.",
        Treatment::List,
        "en",
        KineticVariant::Left,
    ),
    (
        "First, open the app. Second, pick one goal. Third, press start.",
        Treatment::List,
        "en",
        KineticVariant::Centred,
    ),
    (
        "“The impediment to action advances action. What stands in the way becomes the way.” — Marcus Aurelius",
        Treatment::Quotation,
        "en",
        KineticVariant::Left,
    ),
    (
        "„Einfachheit ist die höchste Stufe der Vollendung.“ – Leonardo da Vinci",
        Treatment::Quotation,
        "de",
        KineticVariant::Centred,
    ),
    (
        "It is not about working more hours, but about protecting the good ones.",
        Treatment::Contrast,
        "en",
        KineticVariant::Left,
    ),
    ("Less noise, more *music*.", Treatment::Contrast, "en", KineticVariant::Centred),
    ("Progress, not perfection.", Treatment::Contrast, "en", KineticVariant::Left),
    ("خمس دقائق كل يوم تكفي لتعلم لغة جديدة", Treatment::LineBuild, "ar", KineticVariant::Left),
    (
        "毎日|五分|だけ|で|新しい|言葉|を|覚え|られ|ます。",
        Treatment::WordByWord,
        "ja",
        KineticVariant::Centred,
    ),
    ("हर दिन सिर्फ़ पाँच मिनट में नई भाषा सीखें", Treatment::LineBuild, "hi", KineticVariant::Left),
    (
        "Die Donaudampfschifffahrtsgesellschaft fährt heute 🎉 wieder.",
        Treatment::WordByWord,
        "de",
        KineticVariant::Left,
    ),
    (
        "Most people believe that creativity is a gift that some are born with and others are not, but every study of the last forty years says something else: people who make many things make better things, because they see more of their own mistakes, and they stop being afraid of the empty page that waits for them each morning.",
        Treatment::LineBuild,
        "en",
        KineticVariant::Left,
    ),
];

fn type_scenes(out: &Path, engine: &TextEngine) -> Result<()> {
    let square = SafeRect { rect: Rect::new(65.0, 65.0, 1015.0, 1015.0), centre_x: 540.0 };
    let wide = SafeRect { rect: Rect::new(96.0, 54.0, 1824.0, 972.0), centre_x: 960.0 };
    let formats = [
        ("v", 1080, 1920, SafeRect::UNIVERSAL, 1.0),
        ("q", 1080, 1080, square, 1.0),
        ("w", 1920, 1080, wide, 0.8),
    ];
    for (i, (text, treatment, language, variant)) in TYPE_SAMPLES.iter().enumerate() {
        let kind = Background::ALL[i % Background::ALL.len()];
        let palette = Palette::from_mood(Mood::ALL[i % Mood::ALL.len()]);
        for (name, w, h, zone, unit) in formats {
            let mut sample = Frame::new(w, h);
            let generator = Generator::new(kind, &palette, 5, w, h);
            generator.draw(&mut sample, 1.0, &mut GenScratch::default());
            let spec = TypeSpec {
                light_ground: is_light(kind),
                zone,
                unit,
                language: Some((*language).to_owned()),
                seed: i as u64,
                ..TypeSpec::new(spoken(text), *treatment, *variant)
            };
            let start = Instant::now();
            let mut scene = TypeScene::prepare(engine, &spec, &palette);
            let made = start.elapsed();
            scene.adapt(&sample);
            let end = spec.scene_ms as f64;
            let settled = measure(5, |_| scene.draw(&mut sample.clone(), 0.85 * end));
            let copy = measure(5, |_| drop(std::hint::black_box(sample.clone())));
            writeln!(
                std::io::stderr(),
                "{i} {name} {} pages {}, prepared in {:.0} ms, {:.2} ms/frame",
                treatment.as_str(),
                scene.page_count(),
                made.as_secs_f64() * 1e3,
                settled - copy
            )?;
            for (j, share) in [0.06, 0.15, 0.3, 0.55, 0.93].into_iter().enumerate() {
                let mut frame = sample.clone();
                scene.draw(&mut frame, share * end);
                save(&frame, &out.join(format!("type-{i:02}-{name}-{j}.ppm")))?;
            }
        }
    }
    Ok(())
}

fn times(engine: &TextEngine) -> Result<()> {
    let mut err = std::io::stderr();
    let mut frame = Frame::new(W, H);
    let mut scratch = GenScratch::default();
    for kind in Background::ALL.iter().copied() {
        let made = Instant::now();
        let generator = Generator::new(kind, &Palette::from_mood(Mood::Calm), 11, W, H);
        let made = made.elapsed();
        let per = measure(60, |i| generator.draw(&mut frame, i as f64 / 30.0, &mut scratch));
        writeln!(
            err,
            "{:10} {per:6.2} ms/frame, made in {:.1} ms",
            kind.as_str(),
            made.as_secs_f64() * 1e3
        )?;
    }
    for (look, name, text) in LOOKS {
        let cues = [cue(text, 1)];
        let start = Instant::now();
        let renderer = CaptionRenderer::prepare(engine, &style_in(look, "en"), &cues);
        let prepared = start.elapsed();
        let start = Instant::now();
        renderer.draw(&mut frame, 1000.0);
        let first = start.elapsed();
        let span = (cues[0].end - cues[0].start).get() as f64;
        let all = measure(120, |i| renderer.draw(&mut frame, 900.0 + span * i as f64 / 120.0));
        let settled = measure(60, |_| renderer.draw(&mut frame, cues[0].end.get() as f64 - 110.0));
        let busy = measure(60, |_| renderer.draw(&mut frame, 1310.0));
        writeln!(
            err,
            "{name:10} {all:6.3} ms/frame over the cue, {busy:.3} animating, {settled:.3} settled, prepare {:.1} ms, raster {:.1} ms",
            prepared.as_secs_f64() * 1e3,
            first.as_secs_f64() * 1e3
        )?;
    }
    Ok(())
}

/// Returns the mean time of the fastest half of the draws, which other load on the machine disturbs least.
fn measure(n: usize, mut draw: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..n)
        .map(|i| {
            let start = Instant::now();
            draw(i);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let half = &times[..n.div_ceil(2)];
    half.iter().sum::<f64>() / half.len() as f64
}
