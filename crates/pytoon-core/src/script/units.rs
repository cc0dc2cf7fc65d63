//! Splits lines into sentences, with the pauses and directions between their words.

use super::blocks::Block;
use super::cells::{Cell, is_object_only, plain};
use super::inline::{self, Removed};
use super::lines::{self, LineEnds};
use super::{MAX_PAUSE_MS, Pause, Sentence, sentence};
use crate::note::{self, Note};
use crate::text::{self, SentenceEnd};

/// An element of a script.
#[derive(Debug)]
pub(super) enum Unit {
    Sentence(Sentence),
    Direction(String),
}

impl Unit {
    pub(super) fn direction(&self) -> Option<&str> {
        match self {
            Self::Direction(words) => Some(words),
            Self::Sentence(_) => None,
        }
    }
}

/// A line of a block whose inline markup is parsed.
pub(super) struct InlineLine {
    pub(super) cells: Vec<Cell>,
    /// True if the line begins a sentence regardless of the words before it.
    pub(super) starts: bool,
}

pub(super) fn inline_lines(block: Block, removed: &mut Removed) -> Vec<InlineLine> {
    let cells = block.lines.join(&Cell::Char('\n'));
    let read = inline::read(cells, removed);
    let lines = read.split(|cell| *cell == Cell::Char('\n'));
    lines.map(|cells| InlineLine { cells: cells.to_vec(), starts: false }).collect()
}

/// Collects units and attaches pauses to the sentences before them.
pub(super) struct Units<'a> {
    pub(super) units: Vec<Unit>,
    /// The pauses before the first sentence.
    early: Vec<Option<u32>>,
    notes: &'a mut Vec<Note>,
}

impl<'a> Units<'a> {
    pub(super) fn new(notes: &'a mut Vec<Note>) -> Self {
        Self { units: Vec::new(), early: Vec::new(), notes }
    }

    /// Adds the sentences, pauses and directions in the lines of a block.
    pub(super) fn lines(
        &mut self,
        lines: Vec<InlineLine>,
        end: SentenceEnd,
        is_item: bool,
        is_quote: bool,
    ) {
        let spoken: Vec<String> = lines
            .iter()
            .map(|line| plain(&line.cells).trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        let ends = if is_item { LineEnds::Wrapped } else { lines::judge(&spoken) };
        if ends == LineEnds::Unsure {
            note::add_once(self.notes, [Note::LinesJoined { lines: spoken.len() }]);
        }
        let mut run: Vec<Cell> = Vec::new();
        let mut after_object = false;
        let last = lines.len().saturating_sub(1);
        for (index, mut line) in lines.into_iter().enumerate() {
            let words = plain(&line.cells).trim().to_owned();
            if is_object_only(&line.cells) {
                run.append(&mut line.cells);
                after_object = true;
            } else if !words.is_empty() {
                let before = plain(&run).trim().to_owned();
                let begins = words.chars().find(|c| c.is_alphanumeric());
                let is_new = line.starts
                    || (after_object && !begins.is_some_and(char::is_lowercase))
                    || (ends == LineEnds::Items && lines::ends_item(&before, &words));
                if !before.is_empty() && is_new {
                    let between = if ends == LineEnds::Items {
                        SentenceEnd::ListItem
                    } else {
                        SentenceEnd::Sentence
                    };
                    self.run(std::mem::take(&mut run), between, is_quote);
                } else if !before.is_empty() {
                    run.extend(lines::joint(&before, &words).chars().map(Cell::Char));
                }
                run.append(&mut line.cells);
                after_object = false;
            }
            if index == last {
                self.run(std::mem::take(&mut run), end, is_quote);
            }
        }
    }

    /// Marks the first sentence from a unit on as the beginning of a list item.
    pub(super) fn start_item(&mut self, from: usize) {
        let mut sentences = self.units.iter_mut().skip(from).filter_map(|unit| match unit {
            Unit::Sentence(sentence) => Some(sentence),
            _ => None,
        });
        if let Some(sentence) = sentences.next() {
            sentence.starts_item = true;
        }
    }

    /// Adds the sentences of a text. Line ends within it do not end a sentence.
    fn run(&mut self, cells: Vec<Cell>, end: SentenceEnd, is_quote: bool) {
        let words = Words::of(&cells, is_quote);
        let ranges = sentence::split(&words.text);
        if ranges.is_empty() {
            self.objects(&words);
            // A line of pauses or directions may be at a paragraph's end.
            if let Some(last) = self.last_sentence() {
                last.end = last.end.max(end);
            }
            return;
        }
        let count = ranges.len();
        let mut objects = words.objects.iter().peekable();
        for (index, range) in ranges.into_iter().enumerate() {
            let mut sentence = Sentence {
                text: words.text[range.clone()].to_owned(),
                end: if index + 1 == count { end } else { SentenceEnd::Sentence },
                ..Sentence::default()
            };
            let places = word_places(&sentence.text);
            sentence.emphasis = (0..places.len())
                .filter(|word| words.is_emphasised(range.start, &places[*word]))
                .collect();
            while let Some((_, object)) = objects.next_if(|(at, _)| *at <= range.start) {
                self.object(object);
            }
            sentence.pauses.extend(self.early_pauses());
            let mut after = Vec::new();
            let is_last = index + 1 == count;
            while let Some((at, object)) = objects.next_if(|(at, _)| *at < range.end || is_last) {
                match object {
                    Object::Pause(ms) => {
                        let before =
                            |place: &&std::ops::Range<usize>| range.start + place.start < *at;
                        let after_word = places.iter().filter(before).count();
                        sentence.pauses.push(Pause { after_word, ms: self.clamp_pause(*ms) });
                    }
                    Object::Direction(_) if *at >= range.end => after.push(object),
                    Object::Direction(words) => self.units.push(Unit::Direction(words.clone())),
                }
            }
            self.units.push(Unit::Sentence(sentence));
            for object in after {
                self.object(object);
            }
        }
    }

    fn early_pauses(&mut self) -> Vec<Pause> {
        let early = std::mem::take(&mut self.early);
        early.into_iter().map(|ms| Pause { after_word: 0, ms }).collect()
    }

    fn objects(&mut self, words: &Words) {
        for (_, object) in &words.objects {
            self.object(object);
        }
    }

    fn object(&mut self, object: &Object) {
        match object {
            Object::Direction(words) => self.units.push(Unit::Direction(words.clone())),
            Object::Pause(ms) => {
                let ms = self.clamp_pause(*ms);
                match self.last_sentence() {
                    Some(last) => {
                        let after_word = text::words(&last.text).len();
                        last.pauses.push(Pause { after_word, ms });
                    }
                    None => self.early.push(ms),
                }
            }
        }
    }

    fn clamp_pause(&mut self, ms: Option<u32>) -> Option<u32> {
        let asked_ms = ms?;
        if asked_ms > MAX_PAUSE_MS {
            let note = Note::PauseShortened { asked_ms, used_ms: MAX_PAUSE_MS };
            note::add_once(self.notes, [note]);
        }
        Some(asked_ms.min(MAX_PAUSE_MS))
    }

    fn last_sentence(&mut self) -> Option<&mut Sentence> {
        self.units.iter_mut().rev().find_map(|unit| match unit {
            Unit::Sentence(sentence) => Some(sentence),
            Unit::Direction(_) => None,
        })
    }

    pub(super) fn finish(self) -> Vec<Unit> {
        self.units
    }
}

#[derive(Debug)]
enum Object {
    Pause(Option<u32>),
    Direction(String),
}

/// A text with single spaces, and the pauses and directions between its words.
#[derive(Debug, Default)]
struct Words {
    text: String,
    /// The byte ranges of emphasised words.
    emphasis: Vec<std::ops::Range<usize>>,
    /// The pauses and directions, each with its byte position.
    objects: Vec<(usize, Object)>,
}

impl Words {
    fn of(cells: &[Cell], is_quote: bool) -> Self {
        let mut words = Self::default();
        let mut from: Option<usize> = None;
        let mut after_object = false;
        let is_wholly_quoted = is_quote && is_quoted(plain(cells).trim());
        for cell in cells {
            match cell {
                Cell::Char(c) | Cell::Literal(c) if c.is_whitespace() => {
                    if !words.text.is_empty() && !words.text.ends_with(' ') {
                        words.text.push(' ');
                    }
                }
                Cell::Char(c) | Cell::Literal(c) => {
                    // `Hello [waves], friends` leaves no blank before the comma.
                    if after_object && ",.;:!?…".contains(*c) && words.text.ends_with(' ') {
                        words.text.pop();
                    }
                    after_object = false;
                    words.text.push(*c);
                }
                Cell::Break(_) => {}
                Cell::Emphasis(true) => from = from.or(Some(words.text.len())),
                Cell::Emphasis(false) => {
                    words.emphasis.extend(from.take().map(|from| from..words.text.len()));
                }
                Cell::Pause(ms) => {
                    words.objects.push((words.text.len(), Object::Pause(*ms)));
                    after_object = true;
                }
                Cell::Direction(direction) => {
                    words.objects.push((words.text.len(), Object::Direction(direction.clone())));
                    after_object = true;
                }
            }
        }
        words.emphasis.extend(from.map(|from| from..words.text.len()));
        if is_wholly_quoted {
            words.unquote();
        }
        words
    }

    /// Removes the quotation marks around the whole text.
    fn unquote(&mut self) {
        let bare = unquote(self.text.trim());
        let Some(start) = self.text.find(bare) else { return };
        let end = start + bare.len();
        let moved = |at: usize| at.clamp(start, end) - start;
        self.emphasis = self.emphasis.iter().map(|r| moved(r.start)..moved(r.end)).collect();
        for (at, _) in &mut self.objects {
            *at = moved(*at);
        }
        self.text = bare.to_owned();
    }

    fn is_emphasised(&self, start: usize, word: &std::ops::Range<usize>) -> bool {
        let (from, to) = (start + word.start, start + word.end);
        self.emphasis.iter().any(|range| {
            let common = self.text.get(range.start.max(from)..range.end.min(to));
            common.is_some_and(|text| text.chars().any(char::is_alphanumeric))
        })
    }
}

/// Returns the byte range of each word of a sentence.
fn word_places(sentence: &str) -> Vec<std::ops::Range<usize>> {
    let mut at = 0;
    let mut places = Vec::new();
    for word in text::words(sentence) {
        let start = at + sentence[at..].find(&word.text).unwrap_or(0);
        at = (start + word.text.len()).min(sentence.len());
        places.push(start..at);
    }
    places
}

pub(super) fn is_quoted(line: &str) -> bool {
    let ends = [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“'), ('「', '」')];
    let length = line.chars().count();
    length > 2 && ends.iter().any(|&(a, b)| line.starts_with(a) && line.ends_with(b))
}

fn unquote(line: &str) -> &str {
    if is_quoted(line) {
        line.trim_start_matches(['"', '“', '«', '„', '「'])
            .trim_end_matches(['"', '”', '»', '“', '」'])
    } else {
        line
    }
}
