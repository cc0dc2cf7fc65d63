//! Parses a pasted script into paragraphs, lists, sentences, pauses, emphasis and directions.
//!
//! The parser understands Markdown, HTML, SSML, `[pause: 1s]`, stage directions and speakers (`Narrator:`).
//! Their marks are neither shown nor spoken, and [`Script::notes`] lists the removed marks. Uncertain marks
//! stay: `5 * 3`, `I <3 you`, `(yes, really)`.
//!
//! In a `<SHOT n>` block these are directions too: lines labelled `camera:`, `light:`, `mood:`, `style:`,
//! `visual:`, and a sentence that begins with a camera term ("Wide shot of …"). If a block has a line
//! labelled `voice:` (or `vo:`, `narrator:`) or a line wholly in quotation marks, only these lines and the
//! lines that continue them are spoken. Camera, light and mood words anywhere in the block define the style.
//!
//! Guarantees: every word outside markup and labels is in a sentence or a direction, and parsing terminates
//! for every text. `pytoon-normalize` expands numbers and symbols into words.
//!
//! Start with [`read`].

mod blocks;
mod cells;
mod directions;
mod durations;
mod inline;
mod lines;
mod markup;
pub mod sentence;
mod shots;
mod speakers;
mod style;
mod subtitles;
mod units;

use crate::note::Note;
use crate::text::SentenceEnd;
use inline::Removed;
use units::{Unit, Units, inline_lines};

pub use style::{StyleWords, style_words};

/// Maximum length of a pause in a script, in milliseconds.
pub const MAX_PAUSE_MS: u32 = 5_000;

/// A sentence of a script with its pauses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    /// The sentence as shown on screen, trimmed; never empty.
    pub text: String,
    /// The ending of the sentence, which decides the length of the pause after it.
    pub end: SentenceEnd,
    /// The indices of the emphasised words, ascending.
    pub emphasis: Vec<usize>,
    /// The pauses that the script requests, in order.
    pub pauses: Vec<Pause>,
    /// True if the sentence is the first of a list item.
    pub starts_item: bool,
}

/// A pause that a script requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The number of words in the sentence before the pause.
    pub after_word: usize,
    /// The length in milliseconds, at most [`MAX_PAUSE_MS`]; `None` leaves it to the preset.
    pub ms: Option<u32>,
}

/// A parsed script.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// The beats of the script, in order.
    pub beats: Vec<Beat>,
    /// The directions of the script, in order.
    pub directions: Vec<String>,
    /// The notes about removals and guesses.
    pub notes: Vec<Note>,
}

/// One beat of the script: a `<SHOT>` block, or one sentence of plain text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// The sentences to speak.
    pub sentences: Vec<Sentence>,
    /// The visual idea, in the words of the script.
    pub direction: String,
    /// The style that the beat's words suggest.
    pub style: StyleWords,
    /// True for a `<SHOT>` block, which is never merged with others.
    pub is_shot: bool,
}

/// Parses a script into beats, directions and notes.
///
/// ```
/// let script = pytoon_core::script::read("# Bread\n\n- Baked at *dawn*. [pause: 1s]\n- Gone by nine.");
/// let sentences: Vec<&str> =
///     script.beats.iter().flat_map(|beat| &beat.sentences).map(|sentence| sentence.text.as_str()).collect();
/// assert_eq!(sentences, ["Bread", "Baked at dawn.", "Gone by nine."]);
/// ```
pub fn read(script: &str) -> Script {
    let mut removed = Removed::default();
    let script = without_front_matter(with_line_feeds(script), &mut removed.marks);
    let script = subtitles::without_times(&script, &mut removed.marks);
    let mut notes = Vec::new();
    let blocks = shots::shot_blocks(&script);
    let units: Vec<(Option<&str>, Vec<Unit>)> = if blocks.is_empty() {
        vec![(None, plain_units(&script, &mut removed, &mut notes))]
    } else {
        let read = |block: &String, removed: &mut Removed, notes: &mut Vec<Note>| {
            shots::shot_units(block, removed, notes)
        };
        blocks
            .iter()
            .map(|block| (Some(block.as_str()), read(block, &mut removed, &mut notes)))
            .collect()
    };
    let all = units.iter().flat_map(|(_, units)| units);
    let directions: Vec<String> = all.filter_map(Unit::direction).map(str::to_owned).collect();
    let mut beats: Vec<Beat> = Vec::new();
    for (block, units) in units {
        match block {
            Some(block) => beats.push(shots::shot_beat(block, units)),
            None => beats.extend(plain_beats(units)),
        }
    }
    note_removed(&removed, &directions, &mut notes);
    Script { beats, directions, notes }
}

/// Returns the sentences of a text, without markup or directions.
pub fn sentences(text: &str) -> Vec<Sentence> {
    read(text).beats.into_iter().flat_map(|beat| beat.sentences).collect()
}

/// Converts line breaks to line feeds and paragraph separators to blank lines, and removes a byte order mark.
fn with_line_feeds(text: &str) -> String {
    text.trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{0b}', '\u{85}'], "\n")
        .replace(['\u{2029}', '\u{0c}'], "\n\n")
}

/// Removes the front matter that web tools write at the start of a text: `title: …` between two `---` lines.
fn without_front_matter(text: String, removed: &mut Vec<String>) -> String {
    let mut lines = text.lines();
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        return text;
    }
    const FIELDS: &[&str] = &[
        "title",
        "date",
        "layout",
        "tags",
        "author",
        "description",
        "slug",
        "draft",
        "categories",
        "permalink",
        "lang",
    ];
    let mut has_field = false;
    let mut length = text.find('\n').map_or(text.len(), |at| at + 1);
    for line in lines {
        length += line.len() + 1;
        if line.trim_end() == "---" {
            if !has_field {
                return text;
            }
            removed.push("---".to_owned());
            return text.get(length..).unwrap_or_default().to_owned();
        }
        let is_field = line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        });
        has_field |= line.split_once(':').is_some_and(|(name, _)| FIELDS.contains(&name));
        if !is_field && !line.starts_with([' ', '\t', '-', '#']) && !line.trim().is_empty() {
            return text;
        }
    }
    text
}

fn plain_units(script: &str, removed: &mut Removed, notes: &mut Vec<Note>) -> Vec<Unit> {
    let cells = markup::read(script, &mut removed.marks);
    let names = speakers::of_dialogue(script);
    let mut units = Units::new(notes);
    for block in blocks::read(cells, &mut removed.marks) {
        let (end, is_item, is_quote) = (block.end, block.is_item, block.is_quote);
        let is_listed = block.is_listed;
        let mut lines = inline_lines(block, removed);
        for line in &mut lines {
            line.starts = inline::take_direction(&mut line.cells)
                || inline::take_speaker(&mut line.cells, &names, removed);
        }
        let from = units.units.len();
        units.lines(lines, end, is_item, is_quote);
        if is_listed {
            units.start_item(from);
        }
    }
    units.finish()
}

/// Adds notes about the removed markup, speaker labels and directions.
fn note_removed(removed: &Removed, directions: &[String], notes: &mut Vec<Note>) {
    if !removed.marks.is_empty() || removed.links > 0 {
        notes.push(Note::MarksRemoved { marks: removed.marks.clone(), links: removed.links });
    }
    if !removed.speakers.is_empty() {
        notes.push(Note::SpeakersRemoved { speakers: removed.speakers.clone() });
    }
    if !directions.is_empty() {
        notes.push(Note::DirectionsRemoved { directions: directions.to_vec() });
    }
}

/// Returns one beat per sentence. A direction belongs to the sentence after it, or to the last sentence if none
/// follows.
fn plain_beats(units: Vec<Unit>) -> Vec<Beat> {
    let mut beats: Vec<Beat> = Vec::new();
    let mut waiting: Vec<String> = Vec::new();
    for unit in units {
        match unit {
            Unit::Direction(words) => waiting.push(words),
            Unit::Sentence(sentence) => {
                let mut beat = Beat { sentences: vec![sentence], ..Beat::default() };
                direct(&mut beat, std::mem::take(&mut waiting));
                beats.push(beat);
            }
        }
    }
    if let Some(last) = beats.last_mut()
        && !waiting.is_empty()
    {
        direct(last, waiting);
    }
    beats
}

/// Assigns directions to a beat, with the style that they suggest. Without directions, the first sentence is the
/// visual idea.
fn direct(beat: &mut Beat, directions: Vec<String>) {
    if directions.is_empty() {
        beat.direction = beat.sentences[0].text.clone();
        return;
    }
    let words = directions.join(" ");
    beat.style = style_words(&words);
    beat.direction = words;
}

#[cfg(test)]
mod tests;
