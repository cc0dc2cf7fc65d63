//! Rasterises a set page to sprites with their times, and draws the sprites.

use super::blocks::Role;
use super::figures;
use super::look::Colors;
use super::marks;
use super::set::{BAR, MARK, SetBlock, SetPage, Setter};
use crate::area::Rect;
use crate::color::Rgb;
use crate::frame::Frame;
use crate::kinetic::KineticVariant;
use crate::layer::{Clip, Placement, Sprite, blend, blend_clipped, blend_placed};
use crate::motion::{cubic_out, expo_out};
use crate::text::{PlacedSprite, TextStyle};
use pytoon_vocabulary::phrase::Rejected;

/// The time by which a word is visible before its onset, in milliseconds.
pub(super) const LEAD_MS: f32 = 33.0;
/// The duration of a word's entrance.
const WORD_MS: f32 = 160.0;
/// The duration of a line's rise.
const RISE_MS: f32 = 420.0;
const MARK_MS: f32 = 240.0;
/// The limits of a count's duration.
const COUNT_MS: (f32, f32) = (500.0, 700.0);
const DIM_MS: f32 = 200.0;
const STRIKE_MS: f32 = 260.0;
/// The delay between the strikes of two lines.
const STRIKE_STAGGER_MS: f32 = 70.0;

/// The entrance of a word.
#[derive(Debug)]
enum Entrance {
    /// Grows to its size from this scale.
    Grow { from: f32 },
    /// Fades in and rises by `dy` pixels.
    Fade { dy: f32 },
    /// Is wiped in with its line, which rises from a clip edge.
    Line { from_ms: f32, height: f32, bottom: i32 },
    /// Counts up in place.
    Count { steps: Vec<(f32, PlacedSprite)>, ms: f32 },
}

/// A word, or the part of a word on one line. Positions of sprites are in frame pixels.
#[derive(Debug)]
pub(super) struct Run {
    /// The index of the word in the input.
    pub word: usize,
    /// The ink at rest, in frame pixels.
    pub ink: Rect,
    /// The time at which the word begins to be visible, in milliseconds.
    pub appears_ms: f32,
    placed: PlacedSprite,
    entrance: Entrance,
    /// The dimmed word with the time at which it replaces the word.
    dimmed: Option<(PlacedSprite, f32)>,
}

/// The entrance of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
enum MarkEntrance {
    /// Is wiped in reading direction.
    Wipe,
    /// Grows from half its size.
    Grow,
}

/// A drawn shape.
#[derive(Debug)]
struct Mark {
    sprite: Sprite,
    x: i32,
    y: i32,
    appears_ms: f32,
    entrance: MarkEntrance,
    /// True to draw the shape over the words.
    above: bool,
}

/// A rasterised page.
#[derive(Debug)]
pub(super) struct Page {
    /// The time from which the page is shown, in milliseconds.
    pub from_ms: f32,
    pub runs: Vec<Run>,
    marks: Vec<Mark>,
    rtl: bool,
}

impl Setter<'_> {
    /// Rasterises a page. Every word becomes one run per line on which it stands.
    pub(super) fn rasterise(&self, page: &SetPage) -> Page {
        let mut out =
            Page { from_ms: f32::INFINITY, runs: Vec::new(), marks: Vec::new(), rtl: self.rtl };
        let second = page.blocks.iter().find(|b| b.role == Role::Second);
        let turn_ms = second.and_then(|b| self.first_onset(b));
        for block in &page.blocks {
            for i in 0..block.layout.words.len() {
                out.runs.extend(self.run(block, i, turn_ms));
            }
            out.from_ms = self.first_onset(block).map_or(out.from_ms, |ms| ms.min(out.from_ms));
            self.bullet(block, &mut out.marks);
            self.strikes(block, turn_ms, &mut out.marks);
        }
        if let Some((x, y)) = page.mark {
            let px = self.spec.unit * page.scale;
            let has_quote = page.blocks.iter().any(|b| b.role == Role::Quote);
            let sprite = if has_quote {
                marks::quotation_mark(MARK * px, self.colors.accent)
            } else {
                marks::bar(BAR.0 * px, BAR.1 * px, self.colors.accent)
            };
            // A bar has one pixel of margin.
            let margin = i32::from(!has_quote);
            let entrance = if has_quote { MarkEntrance::Grow } else { MarkEntrance::Wipe };
            let (x, y, appears_ms) = (x as i32 - margin, y as i32 - margin, f32::NEG_INFINITY);
            out.marks.push(Mark { sprite, x, y, appears_ms, entrance, above: false });
        }
        out
    }

    fn onset(&self, word: usize) -> f32 {
        self.spec.words.get(word).map_or(0.0, |w| w.start_ms as f32 - LEAD_MS)
    }

    fn first_onset(&self, block: &SetBlock) -> Option<f32> {
        block.words.iter().map(|w| self.onset(*w)).reduce(f32::min)
    }

    fn color(&self, role: Role, word: usize) -> Rgb {
        let Colors { text, soft, accent, .. } = self.colors;
        let any_emphasis = self.spec.words.iter().any(|w| w.emphasis);
        let emphasised = self.spec.words.get(word).is_some_and(|w| w.emphasis);
        let affirmed = match self.division.rejected {
            Rejected::Second => Role::First,
            _ => Role::Second,
        };
        match role {
            Role::Figure => accent,
            _ if emphasised => accent,
            Role::First | Role::Second if role == affirmed && !any_emphasis => accent,
            Role::Support | Role::Intro | Role::Attribution => soft,
            _ => text,
        }
    }

    /// Returns the used text colour that has the least contrast with the ground.
    pub(super) fn weakest(&self) -> Rgb {
        let mut colors = vec![self.colors.text];
        for block in &self.division.blocks {
            colors.extend(block.words.clone().map(|word| self.color(block.role, word)));
            if self.is_dimmed(block.role) {
                colors.push(self.colors.dim);
            }
        }
        let by = |a: &Rgb, b: &Rgb| a.luminance().total_cmp(&b.luminance());
        let found = if self.spec.light_ground {
            colors.into_iter().max_by(by)
        } else {
            colors.into_iter().min_by(by)
        };
        found.unwrap_or(self.colors.text)
    }

    /// Returns true for the part of a contrast that is dimmed.
    fn is_dimmed(&self, role: Role) -> bool {
        match self.division.rejected {
            Rejected::Second => role == Role::Second,
            _ => role == Role::First,
        }
    }

    /// Returns the time at which a block is dimmed: the first part when the second begins, or a rejected second part
    /// after its last word.
    fn dim_ms(&self, block: &SetBlock, turn_ms: Option<f32>) -> Option<f32> {
        let after_last = || block.words.iter().map(|w| self.onset(*w) + 320.0).reduce(f32::max);
        match block.role {
            Role::First => turn_ms,
            _ => after_last(),
        }
        .filter(|_| self.is_dimmed(block.role))
    }

    /// Returns the run of one word box of a block's layout, or `None` if it has no visible glyph.
    fn run(&self, block: &SetBlock, index: usize, turn_ms: Option<f32>) -> Option<Run> {
        let layout = &block.layout;
        let part = layout.words.get(index)?;
        let word = *block.words.get(part.word)?;
        let place = |fill: Rgb| {
            let style = TextStyle { fill, ..block.style.clone() };
            let sprites =
                self.engine.sprites_on_line(layout, &style, part.line, &|w| w == part.word);
            let mut placed = sprites.fill?;
            placed.x += block.origin.0;
            placed.y += block.origin.1;
            Some(placed)
        };
        let placed = place(self.color(block.role, word))?;
        let (x, y) = (placed.x as f32, placed.y as f32);
        // Sprites have one pixel of margin.
        let ink = Rect::new(
            x + 1.0,
            y + 1.0,
            x + placed.sprite.width() as f32 - 1.0,
            y + placed.sprite.height() as f32 - 1.0,
        );
        let grow = Entrance::Grow { from: 0.8 };
        let entrance = match block.role {
            Role::Body => grow,
            Role::Figure => self.count(block, index).unwrap_or(grow),
            Role::Quote => Entrance::Fade { dy: 0.0 },
            Role::Support | Role::Intro | Role::Attribution | Role::Item(_) => {
                Entrance::Fade { dy: self.travel() }
            }
            Role::Lines | Role::First | Role::Second => self.line(block, index, &placed),
        };
        let dimmed = self.dim_ms(block, turn_ms).and_then(|ms| Some((place(self.colors.dim)?, ms)));
        Some(Run { word, ink, appears_ms: self.onset(word), placed, entrance, dimmed })
    }

    fn line(&self, block: &SetBlock, index: usize, placed: &PlacedSprite) -> Entrance {
        let layout = &block.layout;
        let line = layout.words.get(index).map_or(0, |w| w.line);
        let words = layout.words.iter().filter(|w| w.line == line);
        let onsets = words.filter_map(|w| Some(self.onset(*block.words.get(w.word)?)));
        let from_ms = onsets.reduce(f32::min).unwrap_or(0.0);
        let baseline = layout.lines.get(line).map_or(0.0, |l| l.baseline);
        let bottom = block.origin.1 + (baseline + 0.26 * layout.size_px) as i32 + 1;
        let bottom = bottom.max(placed.y + placed.sprite.height() as i32);
        let bottom = bottom.min(self.spec.zone.rect.y1.floor() as i32);
        Entrance::Line { from_ms, height: layout.line_height, bottom }
    }

    /// Returns the count of a figure, or `None` if the word does not count.
    fn count(&self, block: &SetBlock, index: usize) -> Option<Entrance> {
        let layout = &block.layout;
        let part = layout.words.get(index)?;
        let word = self.spec.words.get(*block.words.get(part.word)?)?;
        let shown = self.division.shown.get(*block.words.get(part.word)?)?;
        let nth =
            block.words[..part.word].iter().rev().take_while(|w| **w == block.words[part.word]);
        let token = shown.split_whitespace().nth(nth.count())?;
        let style = TextStyle {
            fill: self.colors.accent,
            size_px: layout.size_px,
            line_height: layout.line_height,
            min_size_px: 1.0,
            ..block.style.clone()
        };
        let has_unit = block.words.len() > 1;
        let centred = self.spec.variant == KineticVariant::Centred;
        let mut steps = Vec::new();
        for (share, text) in figures::count_values(token) {
            let step = self.engine.layout(&style, &text, 2.0 * (part.x1 - part.x0) + 64.0, 1);
            let (Some(first), Some(last)) = (step.words.first(), step.words.last()) else {
                continue;
            };
            let (x0, x1) = (first.x0.min(last.x0), first.x1.max(last.x1));
            // Digits keep their places beside a unit.
            let dx = if has_unit || self.rtl {
                part.x1 - x1
            } else if centred {
                0.5 * (part.x0 + part.x1 - x0 - x1)
            } else {
                part.x0 - x0
            };
            let Some(mut placed) = self.engine.sprites(&step, &style, &|_| true).fill else {
                continue;
            };
            placed.x += block.origin.0 + dx.round() as i32;
            placed.y += block.origin.1 + (part.baseline - first.baseline).round() as i32;
            steps.push((share, placed));
        }
        let ms = ((word.end_ms - word.start_ms) as f32).clamp(COUNT_MS.0, COUNT_MS.1);
        (!steps.is_empty()).then_some(Entrance::Count { steps, ms })
    }

    /// Adds the bullet of a list's item, or its number.
    fn bullet(&self, block: &SetBlock, marks: &mut Vec<Mark>) {
        let (Role::Item(item), Some(line)) = (block.role, block.layout.lines.first()) else {
            return;
        };
        if block.bullet <= 0.0 {
            return;
        }
        let size = block.layout.size_px;
        let side = block.bullet;
        let centre = block.origin.1 as f32 + line.baseline - 0.3635 * size;
        let kind = if self.division.ordered { 0 } else { self.spec.seed };
        let sprite = marks::bullet(side, kind, self.colors.accent);
        let appears_ms = self.first_onset(block).unwrap_or(0.0);
        let (x, y) = (block.bullet_x.round() as i32 - 1, (centre - 0.5 * side).round() as i32 - 1);
        let entrance = MarkEntrance::Grow;
        let middle =
            (x as f32 + 0.5 * sprite.width() as f32, y as f32 + 0.5 * sprite.height() as f32);
        marks.push(Mark { sprite, x, y, appears_ms, entrance, above: false });
        if !self.division.ordered {
            return;
        }
        let style = TextStyle {
            fill: self.colors.on_accent,
            ..TextStyle::new(&block.style.family, 800, 0.58 * side, side)
        };
        let number = self.engine.layout(&style, &(item + 1).to_string(), side, 1);
        let ink = number.ink;
        if let Some(placed) = self.engine.sprites(&number, &style, &|_| true).fill {
            let x = (middle.0 - 0.5 * (ink.x0 + ink.x1)).round() as i32 + placed.x;
            let y = (middle.1 - 0.5 * (ink.y0 + ink.y1)).round() as i32 + placed.y;
            let sprite = placed.sprite;
            marks.push(Mark { sprite, x, y, appears_ms, entrance, above: true });
        }
    }

    /// Adds the strikes through the rejected part of a contrast, from the time at which it is dimmed.
    fn strikes(&self, block: &SetBlock, turn_ms: Option<f32>, marks: &mut Vec<Mark>) {
        let start_ms = self.dim_ms(block, turn_ms);
        let Some(start_ms) = start_ms.filter(|_| self.division.rejected != Rejected::Neither)
        else {
            return;
        };
        let size = block.layout.size_px;
        let thickness = (0.065 * size).round().max(2.0);
        for (i, line) in block.layout.lines.iter().enumerate() {
            let ink = block.layout.ink;
            let x0 = (block.origin.0 as f32 + (line.x0 + 0.03 * size).max(ink.x0)).ceil();
            let x1 = (block.origin.0 as f32 + (line.x1 - 0.02 * size).min(ink.x1)).floor();
            let y = block.origin.1 as f32 + line.baseline - 0.29 * size - 0.5 * thickness;
            marks.push(Mark {
                sprite: marks::bar((x1 - x0).max(4.0), thickness, self.colors.accent),
                x: x0 as i32 - 1,
                y: y.round() as i32 - 1,
                appears_ms: start_ms + STRIKE_STAGGER_MS * i as f32,
                entrance: MarkEntrance::Wipe,
                above: true,
            });
        }
    }
}

impl Page {
    /// Draws the page at `t` milliseconds. `opacity` is the opacity of everything.
    pub(super) fn draw(&self, frame: &mut Frame, t: f32, opacity: f32) {
        for mark in self.marks.iter().filter(|m| !m.above) {
            self.draw_mark(frame, mark, t, opacity);
        }
        for run in &self.runs {
            self.draw_run(frame, run, t, opacity);
        }
        for mark in self.marks.iter().filter(|m| m.above) {
            self.draw_mark(frame, mark, t, opacity);
        }
    }

    fn draw_mark(&self, frame: &mut Frame, mark: &Mark, t: f32, opacity: f32) {
        // Shapes of the page itself enter with it. A first page enters with the scene.
        let from_ms = mark.appears_ms.max(self.from_ms.max(-LEAD_MS));
        let from_ms = if mark.appears_ms.is_finite() { mark.appears_ms } else { from_ms };
        let since = t - from_ms;
        if since < 0.0 {
            return;
        }
        let (w, h) = (mark.sprite.width() as f32, mark.sprite.height() as f32);
        match mark.entrance {
            MarkEntrance::Wipe => {
                let is_strike = mark.above;
                let shown = if is_strike {
                    cubic_out(since / STRIKE_MS)
                } else {
                    expo_out(since / MARK_MS)
                };
                let clip = self.wipe(mark.x, w, shown, frame.height() as i32);
                blend_clipped(frame, &mark.sprite, mark.x, mark.y, opacity, clip);
            }
            MarkEntrance::Grow => {
                let p = expo_out(since / MARK_MS);
                if p >= 1.0 {
                    blend(frame, &mark.sprite, mark.x, mark.y, opacity);
                    return;
                }
                let anchor = (0.5 * w, 0.5 * h);
                let placement = Placement {
                    anchor,
                    at: (mark.x as f32 + anchor.0, mark.y as f32 + anchor.1),
                    scale: 0.5 + 0.5 * p,
                    rotation: 0.0,
                    opacity: opacity * (2.0 * p).min(1.0),
                    clip: None,
                };
                blend_placed(frame, &mark.sprite, &placement);
            }
        }
    }

    /// Returns the clip that shows the fraction `shown` of a box in reading direction.
    fn wipe(&self, x: i32, width: f32, shown: f32, bottom: i32) -> Clip {
        let part = (width * shown).ceil() as i32;
        if self.rtl {
            let right = x + width as i32;
            Clip { x0: right - part, y0: 0, x1: right, y1: bottom }
        } else {
            Clip { x0: x, y0: 0, x1: x + part, y1: bottom }
        }
    }

    fn draw_run(&self, frame: &mut Frame, run: &Run, t: f32, opacity: f32) {
        let since = t - run.appears_ms;
        if since < 0.0 {
            return;
        }
        let placed = &run.placed;
        let (x, y) = (placed.x, placed.y);
        let p = (since / WORD_MS).min(1.0);
        // The first frame of a word is already readable.
        let shown = opacity * (0.4 + 0.6 * (1.6 * p).min(1.0));
        match &run.entrance {
            Entrance::Count { steps, ms } if since < *ms => {
                let share = since / ms;
                let step = steps.iter().rev().find(|(from, _)| *from <= share);
                let step = step.map_or(placed, |(_, step)| step);
                blend(frame, &step.sprite, step.x, step.y, shown);
            }
            Entrance::Grow { from } if p < 1.0 => {
                let anchor =
                    (0.5 * placed.sprite.width() as f32, 0.5 * placed.sprite.height() as f32);
                let placement = Placement {
                    anchor,
                    at: (x as f32 + anchor.0, y as f32 + anchor.1),
                    scale: from + (1.0 - from) * expo_out(p),
                    rotation: 0.0,
                    opacity: shown,
                    clip: None,
                };
                blend_placed(frame, &placed.sprite, &placement);
            }
            Entrance::Fade { dy } if p < 1.0 => {
                let dy = dy * (1.0 - cubic_out(p));
                let placement = Placement {
                    anchor: (0.0, 0.0),
                    at: (x as f32, y as f32 + dy),
                    scale: 1.0,
                    rotation: 0.0,
                    opacity: shown,
                    clip: None,
                };
                blend_placed(frame, &placed.sprite, &placement);
            }
            Entrance::Line { from_ms, height, bottom } if p < 1.0 || t - from_ms < RISE_MS => {
                let rise = expo_out((t - from_ms) / RISE_MS);
                let dy = 0.6 * height * (1.0 - rise);
                let clip = self.wipe(x, placed.sprite.width() as f32, cubic_out(p), *bottom);
                let placement = Placement {
                    anchor: (0.0, 0.0),
                    at: (x as f32, y as f32 + dy),
                    scale: 1.0,
                    rotation: 0.0,
                    opacity,
                    clip: Some(clip),
                };
                blend_placed(frame, &placed.sprite, &placement);
            }
            _ => {
                let dimmed = run.dimmed.as_ref().filter(|(_, ms)| t >= *ms);
                let dim = dimmed.map_or(0.0, |(_, ms)| ((t - ms) / DIM_MS).min(1.0));
                if dim < 1.0 {
                    blend(frame, &placed.sprite, x, y, opacity);
                }
                if let Some((dimmed, _)) = dimmed {
                    blend(frame, &dimmed.sprite, dimmed.x, dimmed.y, opacity * dim);
                }
            }
        }
    }
}
