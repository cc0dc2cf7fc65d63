//! Parses `<SHOT n>` blocks into directions and spoken words.

use super::cells::{Cell, plain};
use super::inline::Removed;
use super::units::{InlineLine, Unit, Units, inline_lines, is_quoted};
use super::{Beat, Sentence, blocks, markup, style_words};
use crate::note::Note;
use crate::text::SentenceEnd;

const CAMERA_OPENINGS: &[&str] = &[
    "wide shot",
    "wide angle",
    "wide-angle",
    "medium shot",
    "close-up",
    "close up",
    "extreme close",
    "macro",
    "aerial",
    "drone shot",
    "tracking shot",
    "slow push",
    "slow pan",
    "push in",
    "pull out",
    "pull back",
    "pan left",
    "pan right",
    "tilt up",
    "tilt down",
    "overhead",
    "top-down",
    "top down",
    "establishing shot",
    "pov",
    "handheld",
    "camera",
    "zoom in",
    "zoom out",
    "static shot",
    "dolly",
];

const DIRECTION_LABELS: &[&str] = &[
    "camera", "light", "lighting", "mood", "style", "visual", "visuals", "shot", "scene", "setting",
];
const VOICE_LABELS: &[&str] =
    &["voice", "vo", "v.o.", "voiceover", "voice-over", "narrator", "narration"];

pub(super) fn shot_blocks(script: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut rest = script;
    while let Some((start, end)) = next_marker(rest) {
        let head = &rest[..start];
        match blocks.last_mut() {
            Some(last) => last.push_str(head),
            // Words before the first marker are a stretch of their own.
            None if !head.trim().is_empty() => blocks.push(head.to_owned()),
            None => {}
        }
        blocks.push(String::new());
        rest = &rest[end..];
    }
    if let Some(last) = blocks.last_mut() {
        last.push_str(rest);
    }
    blocks.into_iter().filter(|block| !block.trim().is_empty()).collect()
}

/// Returns the start and end of the next `<SHOT …>` marker.
fn next_marker(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('<').map(|at| at + from) {
        let close = open + text[open..].find('>')?;
        let inside = text[open + 1..close].trim().to_lowercase();
        let number = inside.strip_prefix("shot").map(str::trim);
        if number.is_some_and(|n| n.is_empty() || n.chars().all(|c| c.is_ascii_digit() || c == ':'))
        {
            return Some((open, close + 1));
        }
        from = open + 1;
    }
    None
}

pub(super) fn shot_units(block: &str, removed: &mut Removed, notes: &mut Vec<Note>) -> Vec<Unit> {
    let cells = markup::read(block, &mut removed.marks);
    let mut blocks: Vec<(Vec<InlineLine>, SentenceEnd, bool, bool)> = Vec::new();
    for block in blocks::read(cells, &mut removed.marks) {
        let (end, is_item, is_listed) = (block.end, block.is_item, block.is_listed);
        blocks.push((inline_lines(block, removed), end, is_item, is_listed));
    }
    let is_voice = |line: &InlineLine| {
        let words = plain(&line.cells);
        matches!(label(words.trim()), Some((Label::Voice, _))) || is_quoted(words.trim())
    };
    let has_voice = blocks.iter().flat_map(|(lines, ..)| lines).any(is_voice);
    let mut units = Units::new(notes);
    // Lines continue the voice until a blank line or a label; a label alone is followed by its words.
    let mut goes_on = false;
    let mut label_alone = false;
    for (lines, end, is_item, is_listed) in blocks {
        let mut spoken = Vec::new();
        goes_on &= std::mem::take(&mut label_alone);
        for mut line in lines {
            let words = plain(&line.cells).trim().to_owned();
            let directions = line.cells.iter().filter_map(|cell| match cell {
                Cell::Direction(words) => Some(words.clone()),
                _ => None,
            });
            let directions: Vec<String> = directions.collect();
            match label(&words) {
                Some((Label::Direction, rest)) => {
                    goes_on = false;
                    units.units.extend(directions.into_iter().map(Unit::Direction));
                    units.units.push(Unit::Direction(rest.to_owned()));
                }
                _ if has_voice && !goes_on && !is_voice(&line) => {
                    units.units.extend(directions.into_iter().map(Unit::Direction));
                    if !words.is_empty() {
                        units.units.push(Unit::Direction(words));
                    }
                }
                Some((Label::Voice, rest)) => {
                    goes_on = true;
                    label_alone = rest.is_empty();
                    take_label(&mut line.cells);
                    spoken.push(InlineLine { starts: true, ..line });
                }
                None => {
                    label_alone = false;
                    spoken.push(line);
                }
            }
        }
        // A voice's line in quotation marks is spoken without them.
        let from = units.units.len();
        units.lines(spoken, end, is_item, has_voice);
        if is_listed {
            units.start_item(from);
        }
    }
    let camera = |unit: Unit| match unit {
        Unit::Sentence(sentence) if !has_voice && opens_with_camera(&sentence.text) => {
            Unit::Direction(sentence.text)
        }
        other => other,
    };
    units.finish().into_iter().map(camera).collect()
}

/// Removes the label from a line: all text up to its colon, but not the emphasis marks.
fn take_label(cells: &mut Vec<Cell>) {
    let colon = cells.iter().position(|cell| matches!(cell, Cell::Char(':') | Cell::Literal(':')));
    let Some(colon) = colon else { return };
    let rest = cells.split_off(colon + 1);
    cells.retain(|cell| matches!(cell, Cell::Emphasis(_)));
    cells.extend(rest);
}

pub(super) fn shot_beat(block: &str, units: Vec<Unit>) -> Beat {
    let mut directions: Vec<String> = Vec::new();
    let mut sentences: Vec<Sentence> = Vec::new();
    for unit in units {
        match unit {
            Unit::Direction(words) => directions.push(words),
            Unit::Sentence(sentence) => sentences.push(sentence),
        }
    }
    let direction = if directions.is_empty() {
        sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ")
    } else {
        directions.join(" ")
    };
    Beat { style: style_words(block), sentences, direction, is_shot: true }
}

enum Label {
    Direction,
    Voice,
}

fn label(line: &str) -> Option<(Label, &str)> {
    let (head, rest) = line.split_once(':')?;
    let head = head.trim().to_lowercase();
    if DIRECTION_LABELS.contains(&head.as_str()) {
        Some((Label::Direction, rest.trim()))
    } else if VOICE_LABELS.contains(&head.as_str()) {
        Some((Label::Voice, rest.trim()))
    } else {
        None
    }
}

fn opens_with_camera(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    CAMERA_OPENINGS.iter().any(|opening| {
        lower.strip_prefix(opening).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}
