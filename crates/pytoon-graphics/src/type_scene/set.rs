//! Sets blocks on pages: chooses the size step, lays the blocks out, and places them in the zone.

use std::ops::Range;

use super::blocks::{Block, Division, Role, split_evenly};
use super::look::{self, Colors, STEPS};
use super::spec::TypeSpec;
use crate::area::Rect;
use crate::kinetic::KineticVariant;
use crate::text::{Align, FontScript, Layout, LayoutRequest, TextEngine, TextStyle, font_script};
use pytoon_vocabulary::Treatment;

/// The size factor of emphasised words in a body.
pub(super) const EMPHASIS: f32 = 1.18;
/// The size of the bar above lines, in pixels of a 1080x1920 frame.
pub(super) const BAR: (f32, f32) = (120.0, 12.0);
/// The gap below the bar.
const BAR_GAP: f32 = 44.0;
/// The height of the drawn quotation mark.
pub(super) const MARK: f32 = 132.0;
const MARK_GAP: f32 = 52.0;

/// A block with its layout, placed in the frame.
#[derive(Clone, Debug)]
pub(super) struct SetBlock {
    pub role: Role,
    pub style: TextStyle,
    pub layout: Layout,
    /// The input index of each word of the layout.
    pub words: Vec<usize>,
    /// The top-left corner of the layout, in frame pixels.
    pub origin: (i32, i32),
    /// The side of the bullet, in pixels; 0 for none.
    pub bullet: f32,
    /// The left edge of the bullet, in frame pixels.
    pub bullet_x: f32,
}

impl SetBlock {
    fn ink(&self) -> Rect {
        self.layout.ink.shifted(self.origin.0 as f32, self.origin.1 as f32)
    }
}

/// A page whose blocks are placed.
#[derive(Clone, Debug)]
pub(super) struct SetPage {
    pub blocks: Vec<SetBlock>,
    /// The top-left corner of the bar or quotation mark above the text, in frame pixels.
    pub mark: Option<(f32, f32)>,
    /// The bounds of everything on the page.
    pub rect: Rect,
    /// The top of the page's content, in frame pixels.
    top: f32,
    /// The factor by which the sizes were reduced below the smallest step.
    pub scale: f32,
    /// True if no word is split and every block has few enough lines.
    good: bool,
    /// The highest cost of a block's line breaks.
    cost: f32,
}

impl SetPage {
    /// Moves the page up by whole pixels.
    fn shift_up(&mut self, dy: f32) {
        self.top -= dy;
        self.rect = self.rect.shifted(0.0, -dy);
        self.blocks.iter_mut().for_each(|b| b.origin.1 -= dy as i32);
        if let Some((_, y)) = &mut self.mark {
            *y -= dy;
        }
    }
}

/// The engine and the decisions with which pages are set.
pub(super) struct Setter<'a> {
    pub engine: &'a TextEngine,
    pub spec: &'a TypeSpec,
    pub colors: Colors,
    pub division: &'a Division,
    /// True if the sentence runs right to left.
    pub rtl: bool,
}

impl Setter<'_> {
    /// Divides the blocks into pages and sets each page. Sizes differ by at most two steps between pages.
    pub(super) fn pages(&self) -> Vec<SetPage> {
        let mut groups: Vec<(Vec<Block>, usize)> = Vec::new();
        let mut current: Vec<Block> = Vec::new();
        for block in &self.division.blocks {
            let mut joined = current.clone();
            joined.push(block.clone());
            if self.step(&joined).is_some() {
                current = joined;
                continue;
            }
            groups.extend(self.group(std::mem::take(&mut current)));
            current.push(block.clone());
        }
        groups.extend(self.group(current));
        let smallest = groups.iter().map(|(_, step)| *step).max().unwrap_or(0);
        // Words one by one may differ more in size than lines.
        let spread = if self.spec.treatment == Treatment::WordByWord { 2 } else { 1 };
        let mut pages: Vec<SetPage> = groups
            .iter()
            .map(|(blocks, step)| {
                let from = (*step).max(smallest.saturating_sub(spread));
                (from..STEPS)
                    .map(|step| self.set(blocks, step, 1.0))
                    .find(|page| self.fits(page))
                    .unwrap_or_else(|| self.forced(blocks))
            })
            .collect();
        // Every page begins at the height of the tallest.
        let top = pages.iter().map(|page| page.top).fold(f32::INFINITY, f32::min);
        pages.iter_mut().for_each(|page| page.shift_up(page.top - top));
        pages
    }

    /// Returns the pages of blocks that belong together, with their size steps. Support type alone on a page is set
    /// as a body; a block that is too long is divided at phrase boundaries.
    fn group(&self, mut blocks: Vec<Block>) -> Vec<(Vec<Block>, usize)> {
        let weak = |r: Role| matches!(r, Role::Support | Role::Intro | Role::Attribution);
        if !blocks.is_empty() && blocks.iter().all(|b| weak(b.role)) {
            let strong = match self.spec.treatment {
                Treatment::Quotation => Role::Quote,
                _ => Role::Lines,
            };
            blocks.iter_mut().for_each(|b| b.role = strong);
        }
        if blocks.is_empty() {
            return Vec::new();
        }
        if let Some(step) = self.step(&blocks) {
            return vec![(blocks, step)];
        }
        if blocks.len() > 1 {
            return blocks.into_iter().flat_map(|b| self.group(vec![b])).collect();
        }
        let (words, role) = (blocks[0].words.clone(), blocks[0].role);
        let joins = |i: usize| self.spec.words.get(i).is_some_and(|w| w.joins_next);
        for parts in 2..=words.len() {
            let ranges = split_evenly(&self.division.shown, &joins, words.clone(), parts);
            let pages: Option<Vec<(Vec<Block>, usize)>> = ranges
                .into_iter()
                .map(|words: Range<usize>| {
                    let alone = words.len() == 1;
                    let page = vec![Block { words, role }];
                    let step = self.step(&page).or(alone.then_some(STEPS - 1))?;
                    Some((page, step))
                })
                .collect();
            if let Some(pages) = pages {
                return pages;
            }
        }
        vec![(blocks, STEPS - 1)]
    }

    /// Returns the largest size step at which the blocks fit a page well.
    fn step(&self, blocks: &[Block]) -> Option<usize> {
        let is_long = |b: &Block| {
            let text = self.division.shown.get(b.words.clone()).unwrap_or_default();
            let length: usize = text.iter().map(|w| display_width(w) + 1).sum();
            b.words.len() > 1 && length > look::max_chars(b.role) + 1
        };
        if blocks.iter().any(is_long) {
            return None;
        }
        let mut first = None;
        for step in 0..STEPS {
            let page = self.set(blocks, step, 1.0);
            // The smallest step may divide words that are too long for any line.
            if !self.fits(&page) || (!page.good && step + 1 < STEPS) {
                continue;
            }
            if page.good && page.cost <= 0.05 {
                return Some(step);
            }
            // Awkward line ends: a slightly smaller size may be better.
            match first {
                None => first = Some(step),
                Some(found) if step > found + 1 => break,
                Some(_) => {}
            }
        }
        first
    }

    fn fits(&self, page: &SetPage) -> bool {
        let zone = self.spec.zone.rect;
        page.rect.is_empty()
            || zone.contains(&page.rect, 0.01)
                && page.rect.y1 <= zone.y1 - (self.travel() + 1.0).min(0.2 * zone.height())
    }

    /// The distance by which fading words rise, in frame pixels.
    pub(super) fn travel(&self) -> f32 {
        (18.0 * self.spec.unit).round()
    }

    /// Sets blocks that fit at no step, as small as needed.
    fn forced(&self, blocks: &[Block]) -> SetPage {
        let mut k = 1.0;
        let mut page = self.set(blocks, STEPS - 1, k);
        for _ in 0..40 {
            if self.fits(&page) || k < 0.02 {
                break;
            }
            k *= 0.86;
            page = self.set(blocks, STEPS - 1, k);
        }
        page
    }

    /// Returns the style of a role at a step, with its sizes multiplied by `k`.
    pub(super) fn style(&self, role: Role, step: usize, k: f32) -> TextStyle {
        let (spec, setting) = (self.spec, look::setting(role, step));
        let default = if role == Role::Quote { "Lato" } else { "Inter" };
        let family = spec.font_family.clone().unwrap_or_else(|| default.to_owned());
        let px = spec.unit * k;
        let size = setting.size * px;
        // Short items of a list share one left edge.
        let centred = spec.variant == KineticVariant::Centred && !matches!(role, Role::Item(_));
        TextStyle {
            fill: self.colors.text,
            tracking: setting.tracking,
            align: if centred { Align::Centre } else { Align::Start },
            language: spec.language.clone(),
            min_size_px: if step + 1 < STEPS { size } else { 0.85 * size },
            tabular: matches!(role, Role::Figure | Role::Item(_)),
            ..TextStyle::new(&family, setting.weight, size, setting.line * size)
        }
    }

    /// Lays out and places the blocks at a size step, with sizes multiplied by `k`.
    fn set(&self, blocks: &[Block], step: usize, k: f32) -> SetPage {
        let px = self.spec.unit * k;
        let zone = self.spec.zone.rect;
        let centred = self.spec.variant == KineticVariant::Centred;
        let width = if centred { self.spec.zone.centred_width() } else { zone.width() };
        let width = width.max(8.0).floor();
        let left = if centred { self.spec.zone.centre_x - 0.5 * width } else { zone.x0 };
        let mut page = SetPage {
            blocks: Vec::with_capacity(blocks.len()),
            mark: None,
            rect: Rect::EMPTY,
            top: 0.0,
            scale: k,
            good: true,
            cost: 0.0,
        };
        let emphasised = |b: &Block| {
            self.spec.words.get(b.words.clone()).is_some_and(|w| w.iter().any(|w| w.emphasis))
        };
        let has_bar = !centred
            && blocks.first().is_some_and(|b| b.role == Role::Lines)
            && !blocks.iter().any(emphasised);
        let has_mark = blocks.iter().any(|b| b.role == Role::Quote);
        let mark_height = match (has_bar, has_mark) {
            (true, _) => (BAR.1 + BAR_GAP) * px,
            (_, true) => (MARK + MARK_GAP) * px,
            _ => 0.0,
        };
        let mut y = mark_height;
        for (i, block) in blocks.iter().enumerate() {
            if i > 0 {
                y += look::gap(blocks[i - 1].role, block.role, step) * px;
            }
            let mut set = self.lay(block, step, k, width);
            let good_lines = look::setting(block.role, step).max_lines.max(1);
            let cuts = set.layout.words.windows(2).filter(|w| w[0].word == w[1].word).count();
            page.good &= set.layout.lines.len() <= good_lines
                && !set.layout.broken
                && cuts == 0
                && set.layout.size_px >= 0.999 * set.style.size_px;
            page.cost = page.cost.max(set.layout.break_cost);
            // Capitals touch the top of the block: the line's upper slack does not count.
            let slack = 0.5 * (set.layout.line_height - 0.727 * set.layout.size_px).max(0.0);
            let ink = set.layout.ink;
            let top = if ink.is_empty() { 0.0 } else { ink.y0.min(slack) };
            let bottom = (set.layout.height - slack).max(if ink.is_empty() { 0.0 } else { ink.y1 });
            set.origin.1 = (y - top).round() as i32;
            y += (bottom - top).max(0.0);
            page.blocks.push(set);
        }
        self.place(&mut page, (left, width), y, has_bar, has_mark, px);
        page
    }

    fn lay(&self, block: &Block, step: usize, k: f32, width: f32) -> SetBlock {
        let style = self.style(block.role, step, k);
        let (mut text, mut ranges, mut words) = (String::new(), Vec::new(), Vec::new());
        let mut emphasis = Vec::new();
        for i in block.words.clone() {
            let (Some(shown), Some(word)) = (self.division.shown.get(i), self.spec.words.get(i))
            else {
                continue;
            };
            for (j, part) in shown.split_whitespace().enumerate() {
                if j > 0 {
                    text.push(' ');
                }
                if word.emphasis && matches!(block.role, Role::Body) {
                    emphasis.push(ranges.len());
                }
                let start = text.len();
                text.push_str(part);
                ranges.push(start..text.len());
                words.push(i);
            }
            if !word.joins_next && i + 1 < block.words.end {
                text.push(' ');
            }
        }
        let bullet = match block.role {
            Role::Item(_) if self.division.ordered => 0.86 * style.size_px,
            Role::Item(_) => 0.34 * style.size_px,
            _ => 0.0,
        };
        let indent = if bullet > 0.0 { (bullet + 0.42 * style.size_px).round() } else { 0.0 };
        let request = LayoutRequest {
            style: &style,
            text: &text,
            words: &ranges,
            emphasis: &emphasis,
            emphasis_scale: EMPHASIS,
            max_width: (width - indent).max(4.0),
            max_lines: if step + 1 < STEPS { 8 } else { 24 },
        };
        let layout =
            if ranges.is_empty() { Layout::default() } else { self.engine.layout_with(&request) };
        let dx = if self.rtl { 0 } else { indent as i32 };
        let bullet_x = if self.rtl { width - bullet } else { 0.0 };
        SetBlock { role: block.role, style, layout, words, origin: (dx, 0), bullet, bullet_x }
    }

    /// Moves the blocks of a page to their places in the zone.
    fn place(
        &self,
        page: &mut SetPage,
        (left, width): (f32, f32),
        height: f32,
        has_bar: bool,
        has_mark: bool,
        px: f32,
    ) {
        let zone = self.spec.zone.rect;
        let centred = self.spec.variant == KineticVariant::Centred;
        let left = left.ceil();
        // The optical middle is a little above the true one.
        let room = (zone.height() - height).max(0.0);
        let top = (zone.y0 + 0.44 * room).ceil();
        page.top = top;
        // A centred list is a column in the middle.
        let items = |b: &&SetBlock| matches!(b.role, Role::Item(_));
        let column = page
            .blocks
            .iter()
            .filter(items)
            .map(|b| b.layout.width + width - self.item_room(b, width))
            .fold(0.0, f32::max);
        let inset = if centred && column > 0.0 { 0.5 * (width - column).max(0.0) } else { 0.0 };
        for block in &mut page.blocks {
            let is_item = matches!(block.role, Role::Item(_));
            let mut dx = left;
            if is_item {
                dx += if self.rtl { -inset } else { inset };
            }
            if !centred || is_item {
                // Text against the direction of the sentence still starts at the sentence's margin.
                if !block.layout.lines.is_empty() && block.layout.rtl != self.rtl {
                    let slack = self.item_room(block, width) - block.layout.width;
                    dx += if self.rtl { slack } else { -slack };
                }
                // Ink, not advance, is aligned with the margin.
                let ink = block.layout.ink;
                if !ink.is_empty() && !is_item {
                    let own = ink.shifted(block.origin.0 as f32 + dx, 0.0);
                    dx += if self.rtl {
                        (left + width - 1.0 - own.x1).floor()
                    } else {
                        (left + 1.0 - own.x0).ceil()
                    };
                }
            }
            block.bullet_x += left + if self.rtl { -inset } else { inset };
            block.origin.0 += dx.round() as i32;
            block.origin.1 += top as i32;
            // Anti-aliased edges reach up to a pixel beyond the outlines.
            page.rect = page.rect.union(&block.ink().grown(1.0, 1.0));
            if block.bullet > 0.0 {
                let (x0, y0) = (block.bullet_x, block.ink().y0);
                page.rect = page.rect.union(&Rect::new(x0, y0, x0 + block.bullet, y0 + 1.0));
            }
        }
        let mark = match (has_bar, has_mark) {
            (true, _) => Some((BAR.0 * px, BAR.1 * px)),
            (_, true) => Some((1.3 * MARK * px, MARK * px)),
            _ => None,
        };
        if let Some((w, h)) = mark {
            let x = match (centred, self.rtl) {
                (true, _) => left + 0.5 * (width - w),
                (false, true) => left + width - w,
                (false, false) => left,
            };
            page.mark = Some((x.round(), top));
            page.rect = page.rect.union(&Rect::new(x, top, x + w, top + h));
        }
    }

    /// Returns the width of the column in which a block was laid out, in pixels.
    fn item_room(&self, block: &SetBlock, width: f32) -> f32 {
        if block.bullet > 0.0 {
            (width - (block.bullet + 0.42 * block.style.size_px).round()).max(4.0)
        } else {
            width
        }
    }
}

/// Returns the length of a word in characters; a full-width character counts as two.
fn display_width(word: &str) -> usize {
    word.chars().map(|c| 1 + usize::from(font_script(c) == FontScript::Cjk)).sum()
}
