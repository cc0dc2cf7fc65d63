//! Rasterises a placed cue to sprites, and draws the sprites into a frame at a given time.

use super::CaptionStyle;
use super::look;
use super::prepare::PlacedCue;
use crate::color::Rgb;
use crate::frame::Frame;
use crate::layer::{Placement, Sprite, blend, blend_placed, rounded_rect};
use crate::motion;
use crate::text::{PlacedSprite, TextEngine, TextStyle};
use pytoon_vocabulary::CaptionLook;

/// The sprites of one cue.
pub(super) struct CueSprites {
    plate: Option<Sprite>,
    /// The shadow and stroke of the whole cue. In the pop look each word has its own.
    backing: Option<PlacedSprite>,
    words: Vec<WordSprites>,
}

#[derive(Default)]
struct WordSprites {
    backing: Option<PlacedSprite>,
    /// The word before it is spoken, or its only state.
    plain: Option<PlacedSprite>,
    active: Option<PlacedSprite>,
    spoken: Option<PlacedSprite>,
    chips: Vec<Sprite>,
}

pub(super) fn rasterise(engine: &TextEngine, style: &CaptionStyle, cue: &PlacedCue) -> CueSprites {
    let k = style.unit * style.size_scale;
    let fill = |word: usize, color: Rgb| {
        let style = TextStyle { fill: color, stroke: None, shadow: None, ..cue.style.clone() };
        engine.sprites(&cue.layout, &style, &|w| w == word).fill
    };
    let words = (0..cue.words.len()).map(|i| match style.look {
        CaptionLook::Classic => WordSprites {
            plain: fill(i, look::UPCOMING),
            active: fill(i, look::accent_on_plate(style.accent)),
            spoken: fill(i, Rgb::WHITE),
            ..WordSprites::default()
        },
        CaptionLook::Karaoke => {
            let chip = look::chip_color(style.accent);
            // Emphasis stays white here: a second coloured word would compete with the chip.
            WordSprites {
                plain: fill(i, Rgb::WHITE),
                active: fill(i, look::DARK),
                chips: cue.words[i]
                    .chips
                    .iter()
                    .map(|r| rounded_rect(r.width(), r.height(), look::CHIP_RADIUS * k, chip, 1.0))
                    .collect(),
                ..WordSprites::default()
            }
        }
        CaptionLook::Pop => {
            let color =
                if cue.words[i].emphasis { look::chip_color(style.accent) } else { Rgb::WHITE };
            let style = TextStyle { fill: color, ..cue.style.clone() };
            let sprites = engine.sprites(&cue.layout, &style, &|w| w == i);
            WordSprites { backing: sprites.backing, plain: sprites.fill, ..WordSprites::default() }
        }
    });
    let words = words.collect();
    let plate = (style.look == CaptionLook::Classic).then(|| {
        let r = cue.plate;
        rounded_rect(
            r.width(),
            r.height(),
            look::PLATE_RADIUS * k,
            look::PLATE,
            look::PLATE_OPACITY,
        )
    });
    let backing = (style.look == CaptionLook::Karaoke)
        .then(|| engine.sprites(&cue.layout, &cue.style, &|_| true).backing)
        .flatten();
    CueSprites { plate, backing, words }
}

pub(super) fn draw_cue(
    frame: &mut Frame,
    style: &CaptionStyle,
    cue: &PlacedCue,
    sprites: &CueSprites,
    time_ms: f64,
) {
    let since = |ms: i64| (time_ms - ms as f64) as f32;
    match style.look {
        CaptionLook::Classic => {
            draw_classic(frame, cue, sprites, &since, style.unit * style.size_scale)
        }
        CaptionLook::Karaoke => draw_karaoke(frame, cue, sprites, &since),
        CaptionLook::Pop => draw_pop(frame, cue, sprites, &since),
    }
}

fn draw_classic(
    frame: &mut Frame,
    cue: &PlacedCue,
    sprites: &CueSprites,
    since: &dyn Fn(i64) -> f32,
    k: f32,
) {
    let entered = motion::cubic_out(since(cue.start_ms) / look::CLASSIC_IN_MS);
    let leaving = (-since(cue.end_ms) / look::CLASSIC_OUT_MS).clamp(0.0, 1.0);
    // The first frame is already visible.
    let opacity = (0.2 + 0.8 * entered) * leaving;
    let slide = (look::CLASSIC_SLIDE * k * (1.0 - entered)).round() as i32;
    if let Some(plate) = &sprites.plate {
        // One pixel of margin around the plate sprite.
        blend(frame, plate, cue.plate.x0 as i32 - 1, cue.plate.y0 as i32 - 1 + slide, opacity);
    }
    for (word, sprite) in cue.words.iter().zip(&sprites.words) {
        let on = look::onset(since(word.from_ms), look::TINT_MS);
        let off = look::onset(since(word.to_ms), look::TINT_MS);
        let (from, to, mix) = if off > 0.0 {
            (&sprite.active, &sprite.spoken, off)
        } else {
            (&sprite.plain, &sprite.active, on)
        };
        crossfade(frame, cue, from, to, mix, opacity, slide);
    }
}

fn draw_karaoke(
    frame: &mut Frame,
    cue: &PlacedCue,
    sprites: &CueSprites,
    since: &dyn Fn(i64) -> f32,
) {
    let opacity = look::onset(since(cue.start_ms), look::KARAOKE_IN_MS);
    put(frame, cue, &sprites.backing, opacity, 0);
    // The presence of each word's chip. It disappears at once when the next appears, so that two are never visible
    // together.
    let presence = |i: usize| {
        let word = &cue.words[i];
        if since(word.to_ms) < 0.0 {
            look::onset(since(word.from_ms), look::CHIP_IN_MS)
        } else {
            0.0
        }
    };
    for (i, (word, sprite)) in cue.words.iter().zip(&sprites.words).enumerate() {
        let shown = presence(i) * opacity;
        for (chip, rect) in sprite.chips.iter().zip(&word.chips) {
            let at = (0.5 * (rect.x0 + rect.x1), 0.5 * (rect.y0 + rect.y1));
            let scale = look::chip_scale(since(word.from_ms));
            if scale == 1.0 {
                blend(frame, chip, rect.x0 as i32 - 1, rect.y0 as i32 - 1, shown);
                continue;
            }
            blend_sprite(
                frame,
                chip,
                (chip.width() as f32 * 0.5, chip.height() as f32 * 0.5),
                at,
                scale,
                0.0,
                shown,
            );
        }
    }
    for (i, sprite) in sprites.words.iter().enumerate() {
        // Letters darken before the chip is solid, so they never take the chip's own tone.
        let dark = (1.8 * presence(i)).min(1.0);
        crossfade(frame, cue, &sprite.plain, &sprite.active, dark, opacity, 0);
    }
}

fn draw_pop(frame: &mut Frame, cue: &PlacedCue, sprites: &CueSprites, since: &dyn Fn(i64) -> f32) {
    // All strokes are below all fills, so that a stroke never covers a neighbour's fill.
    for backing in [true, false] {
        for (word, sprite) in cue.words.iter().zip(&sprites.words) {
            let t = since(word.from_ms);
            let layer = if backing { &sprite.backing } else { &sprite.plain };
            let Some(placed) = layer.as_ref().filter(|_| t >= 0.0) else {
                continue;
            };
            let (x, y) = (cue.origin.0 + placed.x, cue.origin.1 + placed.y);
            if t >= look::POP_MS {
                blend(frame, &placed.sprite, x, y, 1.0);
                continue;
            }
            let anchor = (word.anchor.0 - x as f32, word.anchor.1 - y as f32);
            let turn = if word.emphasis { look::pop_rotation(t) } else { 0.0 };
            let (scale, opacity) = (look::pop_scale(t), look::pop_opacity(t));
            blend_sprite(frame, &placed.sprite, anchor, word.anchor, scale, turn, opacity);
        }
    }
}

/// Draws `from`, then `to` over it at the fraction `mix` of the opacity. At 1, only `to` is drawn.
fn crossfade(
    frame: &mut Frame,
    cue: &PlacedCue,
    from: &Option<PlacedSprite>,
    to: &Option<PlacedSprite>,
    mix: f32,
    opacity: f32,
    dy: i32,
) {
    if mix < 1.0 {
        put(frame, cue, from, opacity, dy);
    }
    put(frame, cue, to, opacity * mix, dy);
}

fn put(frame: &mut Frame, cue: &PlacedCue, placed: &Option<PlacedSprite>, opacity: f32, dy: i32) {
    if let Some(p) = placed {
        blend(frame, &p.sprite, cue.origin.0 + p.x, cue.origin.1 + p.y + dy, opacity);
    }
}

fn blend_sprite(
    frame: &mut Frame,
    sprite: &Sprite,
    anchor: (f32, f32),
    at: (f32, f32),
    scale: f32,
    rotation: f32,
    opacity: f32,
) {
    blend_placed(frame, sprite, &Placement { anchor, at, scale, rotation, opacity, clip: None });
}
