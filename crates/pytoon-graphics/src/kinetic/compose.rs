//! Defines the input of kinetic type, and chooses the largest size class that suits the phrase.

use crate::area::SafeRect;
use crate::color::{Oklch, Rgb, contrast};
use crate::palette::Palette;
use crate::text::{Align, Layout, LayoutRequest, TextEngine, TextStyle};

/// The alignment of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KineticVariant {
    /// Aligned with the left margin, for swiss and paper.
    Left,
    /// Centred, for aurora and bokeh.
    Centred,
}

/// The size class, chosen so that the phrase fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KineticSize {
    /// 150 to 190 px, for a few words.
    Hero,
    /// 96 to 112 px, for a sentence.
    Statement,
    /// 60 px, or a text that was shrunk because no class fits it.
    Support,
}

/// The phrase and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct KineticSpec {
    /// The phrase. Words marked `*like this*` get the accent colour.
    pub phrase: String,
    /// A smaller line below the phrase that enters later.
    pub support: Option<String>,
    /// The alignment of the phrase.
    pub variant: KineticVariant,
    /// True for dark text on a light background.
    pub light_ground: bool,
    /// The area for the text, in frame pixels.
    pub zone: SafeRect,
    /// The number of frame pixels per pixel of the text sizes, which are those of a 1080x1920 frame.
    pub unit: f32,
    /// The language of the phrase, a BCP 47 tag.
    pub language: Option<String>,
    /// The font family; defaults to Inter.
    pub font_family: Option<String>,
}

impl KineticSpec {
    /// Creates the settings for a phrase on a dark background in the universal safe area of a 1080x1920 frame.
    pub fn new(phrase: &str, variant: KineticVariant) -> Self {
        Self {
            phrase: phrase.to_owned(),
            support: None,
            variant,
            light_ground: false,
            zone: SafeRect::UNIVERSAL,
            unit: 1.0,
            language: None,
            font_family: None,
        }
    }
}

/// Removes the `*` around marked words. Returns the text and the indices of the marked words.
pub(super) fn accent_words(phrase: &str) -> (String, Vec<usize>) {
    let mut marked = Vec::new();
    let mut inside = false;
    let words: Vec<String> = phrase
        .split_whitespace()
        .enumerate()
        .map(|(i, word)| {
            let opens = word.starts_with('*') && word.len() > 1;
            let closes = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '*');
            let closes = closes.ends_with('*') && closes.len() > 1;
            inside |= opens && phrase.matches('*').count() >= 2;
            if inside {
                marked.push(i);
            }
            let shown = if inside { word.replace('*', "") } else { word.to_owned() };
            inside &= !closes;
            shown
        })
        .collect();
    (words.join(" "), marked)
}

pub(super) fn readable_accent(palette: &Palette, light_ground: bool) -> Rgb {
    // On paper the bright accent is too pale for type; the body colour replaces it.
    if light_ground && contrast(palette.accent, palette.paper) < 4.5 {
        let lch = palette.body.to_oklch();
        Oklch::new(lch.l.min(0.5), lch.c.max(0.1), lch.h).to_rgb()
    } else {
        palette.accent
    }
}

/// Lays out the phrase in the largest size class in which it fits without being shrunk. Shrinks it if it fits
/// in none. Returns the class, the style and the layout.
pub(super) fn choose(
    engine: &TextEngine,
    spec: &KineticSpec,
    phrase: &str,
    fill: Rgb,
    width: f32,
    px: f32,
) -> (KineticSize, TextStyle, Layout) {
    let family = spec.font_family.clone().unwrap_or_else(|| "Inter".to_owned());
    let centred = spec.variant == KineticVariant::Centred;
    // (class, weight, size, line height in em, tracking, lines)
    let steps = [
        (KineticSize::Hero, 900, 190.0, 1.0, -0.02, 2),
        (KineticSize::Hero, 900, 168.0, 1.0, -0.02, 3),
        (KineticSize::Hero, 900, 150.0, 1.0, -0.02, 4),
        (KineticSize::Statement, 800, 112.0, 1.06, -0.015, 4),
        (KineticSize::Statement, 800, 96.0, 1.08, -0.01, 4),
        (KineticSize::Support, 700, 60.0, 1.3, 0.0, 4),
    ];
    let style = |weight, size: f32, line: f32, tracking| TextStyle {
        fill,
        tracking,
        align: if centred { Align::Centre } else { Align::Start },
        language: spec.language.clone(),
        min_size_px: size * px,
        tabular: true,
        ..TextStyle::new(&family, weight, size * px, size * line * px)
    };
    let lay = |style: &TextStyle| {
        engine.layout_with(&LayoutRequest {
            style,
            text: phrase,
            words: &[],
            emphasis: &[],
            emphasis_scale: 1.0,
            max_width: width,
            max_lines: 4,
        })
    };
    let mut fallback = None;
    for (class, weight, size, line, tracking, lines) in steps {
        let style = style(weight, size, line, tracking);
        let layout = lay(&style);
        let room = 0.72 * spec.zone.rect.height();
        // A word cut more than once reads as syllables.
        let cuts = layout.words.windows(2).filter(|pair| pair[0].word == pair[1].word).count();
        let unshrunk = cuts <= 1 && layout.size_px >= style.size_px * 0.999 && !layout.broken;
        if !unshrunk || layout.lines.len() > lines || layout.height > room {
            continue;
        }
        if fallback.as_ref().is_some_and(|(first, _, _)| *first != class) {
            break;
        }
        if layout.break_cost <= 0.05 {
            return (class, style, layout);
        }
        // Awkward line ends: a smaller size of the same class may be better.
        fallback.get_or_insert((class, style, layout));
    }
    // A word too long for any class, or a paragraph: shrink as much as needed.
    fallback.unwrap_or_else(|| {
        let style = TextStyle { min_size_px: 76.0 * px, ..style(800, 96.0, 1.1, -0.01) };
        let layout = lay(&style);
        (KineticSize::Support, style, layout)
    })
}
