//! Rasterises a placed cue to sprites, and draws the sprites into a frame at a given time.

use super::CaptionStyle;
use super::ground;
use super::look::{self, Inks, Look, Pose};
use super::prepare::{PlacedCue, PlacedWord};
use super::table;
use crate::frame::Frame;
use crate::layer::{Placement, Sprite, blend, blend_placed, rounded_rect};
use crate::text::{PlacedSprite, TextEngine, TextStyle};

/// The sprites of one cue.
pub(super) struct CueSprites {
    /// The surface behind the words. Its position is in frame pixels.
    ground: Option<PlacedSprite>,
    /// The shadow and stroke of the whole cue. Words that move have their own.
    backing: Option<PlacedSprite>,
    words: Vec<WordSprites>,
    caret: Option<Sprite>,
}

struct WordSprites {
    backing: Option<PlacedSprite>,
    /// The letters, once for each ink of the word.
    fills: Vec<Option<PlacedSprite>>,
    /// The index in `fills` before, while and after the word is spoken; `None` if the word is hidden.
    states: [Option<usize>; 3],
    chips: Vec<Sprite>,
}

const UPCOMING: usize = 0;
const ACTIVE: usize = 1;
const SPOKEN: usize = 2;

pub(super) fn rasterise(engine: &TextEngine, style: &CaptionStyle, cue: &PlacedCue) -> CueSprites {
    let look = table::look(style.look);
    let k = style.unit * style.size_scale;
    let has_backing = look.stroke.is_some() || look.shadow.is_some();
    let backing = |select: &dyn Fn(usize) -> bool| {
        has_backing.then(|| engine.sprites(&cue.layout, &cue.style, select).backing).flatten()
    };
    let words = cue.words.iter().enumerate().map(|(i, word)| {
        let (inks, states) = distinct(&look.inks, word.emphasis);
        let fill = |ink: look::Ink| {
            let fill = ink.color(style.accent);
            let style = TextStyle { fill, stroke: None, shadow: None, ..cue.style.clone() };
            engine.sprites(&cue.layout, &style, &|w| w == i).fill
        };
        let chip = |chip: &look::Chip| {
            let color = look::chip_color(style.accent);
            let sprite =
                |r: &crate::Rect| rounded_rect(r.width(), r.height(), chip.radius * k, color, 1.0);
            word.chips.iter().map(sprite).collect()
        };
        WordSprites {
            backing: look.motion.as_ref().and_then(|_| backing(&|w| w == i)),
            fills: inks.into_iter().map(fill).collect(),
            states,
            chips: look.chip.as_ref().map(chip).unwrap_or_default(),
        }
    });
    let words = words.collect();
    let caret = cue.carets.first().map(|r| {
        let color = look::accent_on_plate(style.accent);
        rounded_rect(r.width(), r.height(), 1.5 * k, color, 1.0)
    });
    CueSprites {
        ground: look.ground.as_ref().map(|ground| ground::sprite(ground, &cue.ground, k)),
        backing: look.motion.is_none().then(|| backing(&|_| true)).flatten(),
        words,
        caret,
    }
}

/// Returns the distinct inks of a word, and the index of each state's ink in them.
fn distinct(inks: &Inks, emphasis: bool) -> (Vec<look::Ink>, [Option<usize>; 3]) {
    let mut found: Vec<look::Ink> = Vec::with_capacity(3);
    let states = inks.states(emphasis).map(|ink| {
        let ink = ink?;
        Some(found.iter().position(|other| *other == ink).unwrap_or_else(|| {
            found.push(ink);
            found.len() - 1
        }))
    });
    (found, states)
}

pub(super) fn draw_cue(
    frame: &mut Frame,
    style: &CaptionStyle,
    cue: &PlacedCue,
    sprites: &CueSprites,
    time_ms: f64,
) {
    let since = |ms: i64| (time_ms - ms as f64) as f32;
    let look = table::look(style.look);
    let k = style.unit * style.size_scale;
    let (entered, offset) = look.entrance.at(since(cue.start_ms));
    let leaving = look.out_ms.map_or(1.0, |ms| (-since(cue.end_ms) / ms).clamp(0.0, 1.0));
    let mut canvas =
        Canvas { frame, cue, opacity: entered * leaving, dy: (offset * k).round() as i32 };
    if let Some(ground) = &sprites.ground {
        let (x, y) = (ground.x, ground.y + canvas.dy);
        blend(canvas.frame, &ground.sprite, x, y, canvas.opacity);
    }
    canvas.put(&sprites.backing, 1.0);
    let words = || cue.words.iter().zip(&sprites.words);
    for (word, sprite) in words() {
        canvas.chips(word, sprite, since(word.from_ms), chip_presence(word, &since));
    }
    // All strokes are below all fills, so that a stroke never covers a neighbour's fill.
    for layer in [Layer::Backing, Layer::Fill] {
        for (word, sprite) in words() {
            let t = since(word.from_ms);
            let pose = look.motion.as_ref().and_then(|motion| motion.pose(t, word.emphasis));
            let stage = stage(look, word, &since);
            canvas.word(word, sprite, layer, &stage, pose.as_ref());
        }
    }
    if let Some(caret) = &sprites.caret {
        let shown = cue.words.iter().rposition(|word| since(word.from_ms) >= 0.0);
        let idle = since(shown.map_or(cue.start_ms, |word| cue.words[word].from_ms));
        let at = cue.carets.get(shown.map_or(0, |word| word + 1));
        if let Some(at) = at.filter(|_| (idle / look::BLINK_MS) as i64 % 2 == 0) {
            let (x, y) = (at.x0.round() as i32 - 1, at.y0.round() as i32 - 1 + canvas.dy);
            blend(canvas.frame, caret, x, y, canvas.opacity);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Layer {
    Backing,
    Fill,
}

/// A change of a word from one state to another, and its progress from 0 to 1.
struct Stage {
    from: usize,
    to: usize,
    progress: f32,
}

/// Returns the presence of a word's chip from 0 to 1. It disappears at once when the next one appears, so that two are
/// never visible together.
fn chip_presence(word: &PlacedWord, since: &dyn Fn(i64) -> f32) -> f32 {
    if since(word.to_ms) < 0.0 { look::onset(since(word.from_ms), look::CHIP_IN_MS) } else { 0.0 }
}

fn stage(look: &Look, word: &PlacedWord, since: &dyn Fn(i64) -> f32) -> Stage {
    if look.chip.is_some() {
        // Letters darken before the chip is solid, so they never take the chip's own tone.
        let progress = (1.8 * chip_presence(word, since)).min(1.0);
        return Stage { from: UPCOMING, to: ACTIVE, progress };
    }
    let on = look::onset(since(word.from_ms), look.inks.tint_ms);
    let off = look::onset(since(word.to_ms), look.inks.tint_ms);
    if off > 0.0 {
        Stage { from: ACTIVE, to: SPOKEN, progress: off }
    } else {
        Stage { from: UPCOMING, to: ACTIVE, progress: on }
    }
}

/// A frame with the cue's opacity and offset at the time.
struct Canvas<'a> {
    frame: &'a mut Frame,
    cue: &'a PlacedCue,
    opacity: f32,
    /// The downward offset of the whole cue, in pixels.
    dy: i32,
}

impl Canvas<'_> {
    /// Draws one layer of a word. Between two states, the second is drawn over the first with the progress as its
    /// opacity.
    fn word(
        &mut self,
        word: &PlacedWord,
        sprites: &WordSprites,
        layer: Layer,
        stage: &Stage,
        pose: Option<&Pose>,
    ) {
        let (from, to) = (sprites.states[stage.from], sprites.states[stage.to]);
        if layer == Layer::Backing {
            let shown = if from.is_some() { 1.0 } else { stage.progress };
            self.place(&sprites.backing, word, pose, shown);
            return;
        }
        let mut fill = |state: Option<usize>, opacity: f32| {
            if let Some(sprite) = state.and_then(|state| sprites.fills.get(state)) {
                self.place(sprite, word, pose, opacity);
            }
        };
        if from == to {
            fill(to, 1.0);
            return;
        }
        if stage.progress < 1.0 {
            fill(from, 1.0);
        }
        fill(to, stage.progress);
    }

    /// Draws a word's sprite in its pose.
    fn place(
        &mut self,
        placed: &Option<PlacedSprite>,
        word: &PlacedWord,
        pose: Option<&Pose>,
        opacity: f32,
    ) {
        let Some(pose) = pose else {
            self.put(placed, opacity);
            return;
        };
        let Some(placed) = placed else { return };
        let (x, y) = (self.cue.origin.0 + placed.x, self.cue.origin.1 + placed.y);
        let placement = Placement {
            anchor: (word.anchor.0 - x as f32, word.anchor.1 - y as f32),
            at: (word.anchor.0, word.anchor.1 + self.dy as f32),
            scale: pose.scale,
            rotation: pose.turn,
            opacity: pose.opacity * self.opacity * opacity,
            clip: None,
        };
        blend_placed(self.frame, &placed.sprite, &placement);
    }

    fn put(&mut self, placed: &Option<PlacedSprite>, opacity: f32) {
        if let Some(p) = placed {
            let (x, y) = (self.cue.origin.0 + p.x, self.cue.origin.1 + p.y + self.dy);
            blend(self.frame, &p.sprite, x, y, self.opacity * opacity);
        }
    }

    /// Draws the chips of a word, `t` milliseconds after the start of its highlight.
    fn chips(&mut self, word: &PlacedWord, sprites: &WordSprites, t: f32, presence: f32) {
        let opacity = presence * self.opacity;
        let scale = look::chip_scale(t);
        for (chip, rect) in sprites.chips.iter().zip(&word.chips) {
            if scale == 1.0 {
                blend(self.frame, chip, rect.x0 as i32 - 1, rect.y0 as i32 - 1, opacity);
                continue;
            }
            let placement = Placement {
                anchor: (chip.width() as f32 * 0.5, chip.height() as f32 * 0.5),
                at: (0.5 * (rect.x0 + rect.x1), 0.5 * (rect.y0 + rect.y1)),
                scale,
                rotation: 0.0,
                opacity,
                clip: None,
            };
            blend_placed(self.frame, chip, &placement);
        }
    }
}
