//! Reads a script as people paste it: paragraphs, lists, sentences, pauses, emphasis, directions.
//!
//! Markdown, HTML, SSML, `[pause: 1s]`, stage directions and speakers (`Narrator:`) are understood;
//! their marks are neither shown nor spoken, and [`Script::notes`] says what was taken out. What is
//! not certain to be a mark stays: `5 * 3`, `I <3 you`, `(yes, really)`.
//!
//! In a `<SHOT n>` block these are directions too: lines labelled `camera:`, `light:`, `mood:`,
//! `style:`, `visual:`, and a sentence that begins with a camera term ("Wide shot of …"). When a
//! block has a line labelled `voice:` (or `vo:`, `narrator:`) or a line wholly in quotation marks,
//! only such lines are spoken. Camera, light and mood words anywhere in the block become style.
//!
//! Guarantees: no word is lost, and reading ends for every text. Leaves to `pytoon-normalize` how
//! numbers and symbols are spoken.
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

use crate::note::Note;
use crate::preset::{Grade, Move};
use crate::text::{self, SentenceEnd};
use blocks::Block;
use cells::{Cell, is_object_only, plain};
use inline::Removed;
use lines::LineEnds;

/// The longest pause of a script, in milliseconds.
pub const MAX_PAUSE_MS: u32 = 5_000;

/// A sentence of a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    /// Its words as they are shown, trimmed; never empty.
    pub text: String,
    /// What ends it.
    pub end: SentenceEnd,
    /// Indices of its emphasised words, ascending.
    pub emphasis: Vec<usize>,
    /// Pauses that the script asks for, in order.
    pub pauses: Vec<Pause>,
}

/// A pause that a script asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The number of the sentence's words before it.
    pub after_word: usize,
    /// Its length in milliseconds, at most [`MAX_PAUSE_MS`]; `None` leaves it to the preset.
    pub ms: Option<u32>,
}

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// Its stretches in order.
    pub beats: Vec<Beat>,
    /// Its directions in order.
    pub directions: Vec<String>,
    /// What was taken out or is a guess.
    pub notes: Vec<Note>,
}

/// One stretch of the script: a `<SHOT>` block, or a paragraph of plain text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// The sentences to speak.
    pub sentences: Vec<Sentence>,
    /// What is to be seen, in the script's words.
    pub direction: String,
    /// Style found in the words.
    pub style: StyleWords,
    /// Whether this came from a `<SHOT>` block, which is never merged with others.
    pub is_shot: bool,
}

/// Camera, light and mood words as style.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StyleWords {
    /// The movement named.
    pub movement: Option<Move>,
    /// The grade that light and mood suggest.
    pub grade: Option<Grade>,
    /// Energy against the usual 1, from the mood.
    pub energy: Option<f64>,
    /// The words that were understood.
    pub keywords: Vec<String>,
}

const MOVES: &[(&str, Move)] = &[
    ("push in", Move::PushIn),
    ("push-in", Move::PushIn),
    ("zoom in", Move::PushIn),
    ("dolly in", Move::PushIn),
    ("close-up", Move::PushIn),
    ("close up", Move::PushIn),
    ("macro", Move::PushIn),
    ("pull out", Move::PullOut),
    ("pull back", Move::PullOut),
    ("zoom out", Move::PullOut),
    ("dolly out", Move::PullOut),
    ("wide shot", Move::PullOut),
    ("reveal", Move::PullOut),
    ("pan left", Move::PanLeft),
    ("pan right", Move::PanRight),
    ("slow pan", Move::PanRight),
    ("tracking shot", Move::PanRight),
    ("tilt up", Move::TiltUp),
    ("crane up", Move::TiltUp),
    ("tilt down", Move::TiltDown),
    ("overhead", Move::TiltDown),
    ("punch in", Move::PunchIn),
    ("static", Move::Hold),
    ("locked off", Move::Hold),
];

const GRADES: &[(&str, Grade)] = &[
    ("golden hour", Grade::WarmFilm),
    ("warm", Grade::WarmFilm),
    ("sunrise", Grade::WarmFilm),
    ("sunset", Grade::WarmFilm),
    ("candle", Grade::WarmFilm),
    ("cozy", Grade::WarmFilm),
    ("dramatic", Grade::TealOrange),
    ("cinematic", Grade::TealOrange),
    ("moody", Grade::TealOrange),
    ("neon", Grade::Punch),
    ("vibrant", Grade::Punch),
    ("bold", Grade::Punch),
    ("cool", Grade::CoolTech),
    ("blue hour", Grade::CoolTech),
    ("futuristic", Grade::CoolTech),
    ("black and white", Grade::Noir),
    ("noir", Grade::Noir),
    ("pastel", Grade::Pastel),
    ("dreamy", Grade::Pastel),
    ("soft light", Grade::Pastel),
];

const ENERGIES: &[(&str, f64)] = &[
    ("slow", 0.75),
    ("calm", 0.7),
    ("peaceful", 0.7),
    ("gentle", 0.75),
    ("dreamy", 0.8),
    ("dramatic", 1.2),
    ("dynamic", 1.35),
    ("energetic", 1.4),
    ("exciting", 1.3),
    ("fast", 1.4),
    ("urgent", 1.4),
];

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

/// Reads a script.
pub fn read(script: &str) -> Script {
    let script = with_line_feeds(script);
    let mut removed = Removed::default();
    let mut notes = Vec::new();
    let blocks = shot_blocks(&script);
    let units: Vec<(Option<&str>, Vec<Unit>)> = if blocks.is_empty() {
        vec![(None, plain_units(&script, &mut removed, &mut notes))]
    } else {
        let read = |block: &String, removed: &mut Removed, notes: &mut Vec<Note>| {
            shot_units(block, removed, notes)
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
            Some(block) => beats.push(shot_beat(block, units)),
            None => beats.extend(plain_beats(units)),
        }
    }
    tell(&removed, &directions, &mut notes);
    Script { beats, directions, notes }
}

/// Returns the sentences of a text, marks and directions taken out.
pub fn sentences(text: &str) -> Vec<Sentence> {
    read(text).beats.into_iter().flat_map(|beat| beat.sentences).collect()
}

/// Makes every line end a line feed, and paragraph separators blank lines.
fn with_line_feeds(text: &str) -> String {
    text.trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{0b}', '\u{85}'], "\n")
        .replace(['\u{2029}', '\u{0c}'], "\n\n")
}

/// What a script consists of.
#[derive(Debug)]
enum Unit {
    Sentence(Sentence),
    Direction(String),
}

impl Unit {
    fn direction(&self) -> Option<&str> {
        match self {
            Self::Direction(words) => Some(words),
            Self::Sentence(_) => None,
        }
    }
}

fn plain_units(script: &str, removed: &mut Removed, notes: &mut Vec<Note>) -> Vec<Unit> {
    let cells = markup::read(script, &mut removed.marks);
    let mut units = Units::new(notes);
    for block in blocks::read(cells, &mut removed.marks) {
        let (end, is_item, is_quote) = (block.end, block.is_item, block.is_quote);
        let mut lines = inline_lines(block, removed);
        for line in &mut lines {
            line.starts = inline::take_speaker(&mut line.cells, removed);
        }
        units.lines(lines, end, is_item, is_quote);
    }
    units.finish()
}

/// A line of a block, its marks read.
struct InlineLine {
    cells: Vec<Cell>,
    /// True if it begins a sentence whatever stands before it.
    starts: bool,
}

fn inline_lines(block: Block, removed: &mut Removed) -> Vec<InlineLine> {
    let cells = block.lines.join(&Cell::Char('\n'));
    let read = inline::read(cells, removed);
    let lines = read.split(|cell| *cell == Cell::Char('\n'));
    lines.map(|cells| InlineLine { cells: cells.to_vec(), starts: false }).collect()
}

/// Collects units, and gives pauses to the sentences before them.
struct Units<'a> {
    units: Vec<Unit>,
    /// Pauses before the first sentence.
    early: Vec<Option<u32>>,
    notes: &'a mut Vec<Note>,
}

impl<'a> Units<'a> {
    fn new(notes: &'a mut Vec<Note>) -> Self {
        Self { units: Vec::new(), early: Vec::new(), notes }
    }

    /// Adds the lines of a block.
    fn lines(&mut self, lines: Vec<InlineLine>, end: SentenceEnd, is_item: bool, is_quote: bool) {
        let spoken: Vec<String> = lines
            .iter()
            .map(|line| plain(&line.cells).trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        let ends = if is_item { LineEnds::Wrapped } else { lines::judge(&spoken) };
        if ends == LineEnds::Unsure {
            let note = Note::LinesJoined { lines: spoken.len() };
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
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

    /// Adds words that no line end splits.
    fn run(&mut self, cells: Vec<Cell>, end: SentenceEnd, is_quote: bool) {
        let words = Words::of(&cells, is_quote);
        let ranges = sentence::split(&words.text);
        if ranges.is_empty() {
            self.objects(&words);
            // A line of pauses or directions may stand at a paragraph's end.
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
                        sentence.pauses.push(Pause { after_word, ms: self.bounded(*ms) });
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
                let ms = self.bounded(*ms);
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

    fn bounded(&mut self, ms: Option<u32>) -> Option<u32> {
        let asked_ms = ms?;
        if asked_ms > MAX_PAUSE_MS {
            let note = Note::PauseShortened { asked_ms, used_ms: MAX_PAUSE_MS };
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Some(asked_ms.min(MAX_PAUSE_MS))
    }

    fn last_sentence(&mut self) -> Option<&mut Sentence> {
        self.units.iter_mut().rev().find_map(|unit| match unit {
            Unit::Sentence(sentence) => Some(sentence),
            Unit::Direction(_) => None,
        })
    }

    fn finish(self) -> Vec<Unit> {
        self.units
    }
}

#[derive(Debug)]
enum Object {
    Pause(Option<u32>),
    Direction(String),
}

/// Words with single blanks, and what stands between them.
#[derive(Debug, Default)]
struct Words {
    text: String,
    /// Emphasised stretches, in bytes.
    emphasis: Vec<std::ops::Range<usize>>,
    /// Pauses and directions by their place in bytes.
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

    /// Takes the quotation marks around everything off.
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

/// Where each word of a sentence stands, in bytes.
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

/// Says what was taken out of a script.
fn tell(removed: &Removed, directions: &[String], notes: &mut Vec<Note>) {
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

/// A stretch for each sentence; a direction belongs to the sentence after it, at the end to the one
/// before.
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

/// Gives directions to a stretch; without any its words say what is to be seen.
fn direct(beat: &mut Beat, directions: Vec<String>) {
    if directions.is_empty() {
        beat.direction = beat.sentences[0].text.clone();
        return;
    }
    let words = directions.join(" ");
    beat.style = style_words(&words);
    beat.direction = words;
}

fn shot_units(block: &str, removed: &mut Removed, notes: &mut Vec<Note>) -> Vec<Unit> {
    let cells = markup::read(block, &mut removed.marks);
    let mut blocks: Vec<(Vec<InlineLine>, SentenceEnd, bool)> = Vec::new();
    for block in blocks::read(cells, &mut removed.marks) {
        let (end, is_item) = (block.end, block.is_item);
        blocks.push((inline_lines(block, removed), end, is_item));
    }
    let is_voice = |line: &InlineLine| {
        let words = plain(&line.cells);
        matches!(label(words.trim()), Some((Label::Voice, _))) || is_quoted(words.trim())
    };
    let has_voice = blocks.iter().flat_map(|(lines, ..)| lines).any(is_voice);
    let mut units = Units::new(notes);
    for (lines, end, is_item) in blocks {
        let mut spoken = Vec::new();
        for mut line in lines {
            let words = plain(&line.cells).trim().to_owned();
            let directions = line.cells.iter().filter_map(|cell| match cell {
                Cell::Direction(words) => Some(words.clone()),
                _ => None,
            });
            let directions: Vec<String> = directions.collect();
            match label(&words) {
                Some((Label::Direction, rest)) => {
                    units.units.extend(directions.into_iter().map(Unit::Direction));
                    units.units.push(Unit::Direction(rest.to_owned()));
                }
                _ if has_voice && !is_voice(&line) => {
                    units.units.extend(directions.into_iter().map(Unit::Direction));
                    if !words.is_empty() {
                        units.units.push(Unit::Direction(words));
                    }
                }
                Some((Label::Voice, _)) => {
                    take_label(&mut line.cells);
                    spoken.push(InlineLine { starts: true, ..line });
                }
                None => spoken.push(line),
            }
        }
        // A voice's line in quotation marks is said without them.
        units.lines(spoken, end, is_item, has_voice);
    }
    let camera = |unit: Unit| match unit {
        Unit::Sentence(sentence) if !has_voice && opens_with_camera(&sentence.text) => {
            Unit::Direction(sentence.text)
        }
        other => other,
    };
    units.finish().into_iter().map(camera).collect()
}

/// Takes the label off a line: everything up to its colon, marks of emphasis excepted.
fn take_label(cells: &mut Vec<Cell>) {
    let colon = cells.iter().position(|cell| matches!(cell, Cell::Char(':') | Cell::Literal(':')));
    let Some(colon) = colon else { return };
    let rest = cells.split_off(colon + 1);
    cells.retain(|cell| matches!(cell, Cell::Emphasis(_)));
    cells.extend(rest);
}

fn shot_beat(block: &str, units: Vec<Unit>) -> Beat {
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

/// The style named by words anywhere in a text.
pub fn style_words(source: &str) -> StyleWords {
    let lower = source.to_lowercase();
    let mut style = StyleWords::default();
    for &(word, movement) in MOVES {
        if contains_word(&lower, word) {
            style.movement.get_or_insert(movement);
            style.keywords.push(word.to_owned());
        }
    }
    for &(word, grade) in GRADES {
        if contains_word(&lower, word) {
            style.grade.get_or_insert(grade);
            style.keywords.push(word.to_owned());
        }
    }
    for &(word, energy) in ENERGIES {
        if contains_word(&lower, word) {
            style.energy.get_or_insert(energy);
            if !style.keywords.iter().any(|k| k == word) {
                style.keywords.push(word.to_owned());
            }
        }
    }
    style
}

fn contains_word(haystack: &str, word: &str) -> bool {
    haystack.match_indices(word).any(|(at, _)| {
        let before = haystack[..at].chars().last();
        let after = haystack[at + word.len()..].chars().next();
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        outside(before) && outside(after)
    })
}

fn shot_blocks(script: &str) -> Vec<String> {
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

/// The next `<SHOT …>` marker as (start, end).
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

fn is_quoted(line: &str) -> bool {
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

fn opens_with_camera(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    CAMERA_OPENINGS.iter().any(|opening| {
        lower.strip_prefix(opening).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(beat: &Beat) -> Vec<&str> {
        beat.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
    }

    #[test]
    fn plain_text_is_one_beat_a_sentence() {
        let beats = read("Wake up. Coffee is ready!").beats;
        assert_eq!(beats.len(), 2);
        assert_eq!(spoken(&beats[1]), ["Coffee is ready!"]);
        assert!(!beats[0].is_shot);
    }

    #[test]
    fn directions_are_not_spoken() {
        let script = "<SHOT 1>\nCamera: slow push in, golden hour\nWake up to better coffee.\n\
                      <SHOT 2> Wide shot of a kitchen, calm mood. [steam rises] Freshly ground.\n\
                      <shot 3>\nA cup on a table.\nVoice: \"Only $5 today.\"";
        let beats = read(script).beats;
        assert_eq!(beats.len(), 3);
        assert_eq!(spoken(&beats[0]), ["Wake up to better coffee."]);
        assert_eq!(beats[0].style.movement, Some(Move::PushIn));
        assert_eq!(beats[0].style.grade, Some(Grade::WarmFilm));
        assert_eq!(spoken(&beats[1]), ["Freshly ground."]);
        assert_eq!(beats[1].style.movement, Some(Move::PullOut));
        assert_eq!(beats[1].style.energy, Some(0.7));
        assert!(beats[1].direction.contains("steam rises"));
        assert_eq!(spoken(&beats[2]), ["Only $5 today."]);
        assert_eq!(beats[2].direction, "A cup on a table.");
    }

    #[test]
    fn words_before_the_first_marker_are_kept() {
        let beats = read("Hello there. <SHOT 1> Bye now.").beats;
        assert_eq!(beats.len(), 2);
        assert_eq!(spoken(&beats[0]), ["Hello there."]);
    }

    #[test]
    fn angle_brackets_in_prose_are_words() {
        let beats = read("Prices < $5 and > $1. I <3 you.").beats;
        assert_eq!(spoken(&beats[0]), ["Prices < $5 and > $1."]);
    }

    #[test]
    fn style_words_match_whole_words_only() {
        assert_eq!(style_words("a warmup act").grade, None);
        assert_eq!(style_words("warm light").grade, Some(Grade::WarmFilm));
    }
}
