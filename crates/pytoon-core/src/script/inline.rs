//! Parses the inline markup of a block: escapes, code, links, directions, pauses and emphasis. Also removes speaker
//! labels.

use super::cells::{Cell, OBJECT, plain, view};
use super::{directions, durations};
use std::collections::BTreeSet;

/// Maximum length of a text in brackets, brackets included, in characters.
const MAX_DIRECTION: usize = 300;

/// The markup, speaker labels and URLs that were removed from a script.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// The removed markup and tags, each once.
    pub(super) marks: Vec<String>,
    /// The removed speaker labels, each once.
    pub(super) speakers: Vec<String>,
    /// The number of removed link URLs.
    pub(super) links: usize,
}

impl Removed {
    fn mark(&mut self, mark: &str) {
        if !self.marks.iter().any(|known| known == mark) {
            self.marks.push(mark.to_owned());
        }
    }
}

/// Parses the inline markup in a block's cells, whose lines are separated by `\n`.
pub(super) fn read(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    let cells = escapes(cells, removed);
    let cells = code(cells, removed);
    let cells = forum_tags(cells, removed);
    let cells = links(cells, removed);
    let cells = square_brackets(cells);
    let cells = emphasis(cells, removed);
    round_brackets(cells)
}

/// Makes escaped characters literal: `\*` is an asterisk, not markup.
fn escapes(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::with_capacity(cells.len());
    for cell in cells {
        match (out.last(), &cell) {
            (Some(Cell::Char('\\')), Cell::Char(c)) if "*_`[]#~\\>|<".contains(*c) => {
                removed.mark("\\");
                let literal = Cell::Literal(*c);
                out.pop();
                out.push(literal);
            }
            _ => out.push(cell),
        }
    }
    out
}

fn code(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    let seen = view(&cells);
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        let ticks = run(&seen, at, '`');
        if ticks > 0 {
            let from = at + ticks;
            let close = (from..seen.len())
                .find(|&i| seen[i] == '`' && run(&seen, i, '`') == ticks && seen[i - 1] != '`');
            if let Some(close) = close
                && close > from
            {
                removed.mark("`");
                out.extend(cells[from..close].iter().map(|cell| match cell {
                    Cell::Char(c) => Cell::Literal(*c),
                    other => other.clone(),
                }));
                at = close + ticks;
                continue;
            }
            out.extend(cells[at..from].iter().cloned());
            at = from;
            continue;
        }
        out.push(cells[at].clone());
        at += 1;
    }
    out
}

/// Returns the number of consecutive `mark` characters from position `at`.
fn run(seen: &[char], at: usize, mark: char) -> usize {
    seen[at..].iter().take_while(|c| **c == mark).count()
}

/// Parses links. `[text](address)`, `[text][1]` and `[[text]]` become their text, `![text](address)` becomes a
/// direction, and `[^1]` and `[2, 3]` are removed.
fn links(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    let seen = view(&cells);
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        let is_image = seen[at] == '!' && seen.get(at + 1) == Some(&'[');
        let open = at + usize::from(is_image);
        if seen.get(open) == Some(&'[')
            && let Some(close) = closing(&seen, open, '[', ']')
        {
            if seen.get(open + 1) == Some(&'^') && close - open <= 8 {
                removed.mark("[^]");
                at = close + 1;
                continue;
            }
            if is_reference(&seen[open + 1..close]) {
                removed.mark(&seen[open..=close].iter().collect::<String>());
                // Remove its blank too: `the risk [1].`
                let before_stop = seen.get(close + 1).is_some_and(|c| ".,;:!?".contains(*c));
                if before_stop && out.last() == Some(&Cell::Char(' ')) {
                    out.pop();
                }
                at = close + 1;
                continue;
            }
            if seen.get(open + 1) == Some(&'[') && close > open + 3 && seen[close - 1] == ']' {
                removed.mark("[[");
                out.extend(cells[open + 2..close - 1].iter().cloned());
                at = close + 1;
                continue;
            }
            // `[text][1]`, whose address is elsewhere.
            if seen.get(close + 1) == Some(&'[')
                && let Some(end) = closing(&seen, close + 1, '[', ']')
                && is_reference(&seen[close + 2..end])
            {
                removed.links += 1;
                out.extend(cells[open + 1..close].iter().cloned());
                at = end + 1;
                continue;
            }
            if let Some(end) = target(&seen, close + 1) {
                removed.links += 1;
                let inside = &cells[open + 1..close];
                if is_image {
                    let words = plain(inside).trim().to_owned();
                    out.extend((!words.is_empty()).then_some(Cell::Direction(words)));
                } else {
                    out.extend(inside.iter().cloned());
                }
                at = end;
                continue;
            }
        }
        out.push(cells[at].clone());
        at += 1;
    }
    out
}

/// Removes forum tags (`[b]`, `[/b]`, `[url=…]`) and keeps the words between them. `[b]` and `[i]` become emphasis.
fn forum_tags(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    const TAGS: &[&str] = &[
        "b", "i", "u", "s", "url", "color", "size", "font", "center", "left", "right", "quote",
        "list", "code", "email",
    ];
    let seen = view(&cells);
    let is_closed = |name: &str| {
        let end: Vec<char> = format!("[/{name}]").chars().collect();
        let same =
            |window: &[char]| window.iter().zip(&end).all(|(a, b)| a.to_ascii_lowercase() == *b);
        seen.windows(end.len()).any(same)
    };
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        if seen[at] == '['
            && let Some(close) = closing(&seen, at, '[', ']')
        {
            let inside: String = seen[at + 1..close].iter().collect();
            let (closes, name) = match inside.strip_prefix('/') {
                Some(name) => (true, name),
                None => (false, inside.split('=').next().unwrap_or_default()),
            };
            let name = name.to_lowercase();
            if TAGS.contains(&name.as_str()) && (closes || is_closed(&name)) {
                removed.mark(&format!("[{name}]"));
                out.extend(matches!(name.as_str(), "b" | "i").then_some(Cell::Emphasis(!closes)));
                at = close + 1;
                continue;
            }
        }
        out.push(cells[at].clone());
        at += 1;
    }
    out
}

/// Returns true for reference numbers: `1`, `2, 3`, `14–16`.
fn is_reference(inside: &[char]) -> bool {
    inside.len() <= 12
        && inside.iter().any(char::is_ascii_digit)
        && inside.iter().all(|c| c.is_ascii_digit() || " ,-–".contains(*c))
}

/// Returns the position of the bracket that closes the one at `open`, or `None` if there is none within
/// [`MAX_DIRECTION`] characters.
fn closing(seen: &[char], open: usize, opens: char, closes: char) -> Option<usize> {
    let mut depth = 0usize;
    for (index, c) in seen.iter().enumerate().skip(open).take(MAX_DIRECTION) {
        if *c == opens {
            depth += 1;
        } else if *c == closes {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// Returns the end of the link target that begins at `open`, such as `(https://…)` or `(page.html "Title")`. Returns
/// `None` for other text in brackets.
fn target(seen: &[char], open: usize) -> Option<usize> {
    if seen.get(open) != Some(&'(') {
        return None;
    }
    let mut depth = 0usize;
    let close = seen.iter().enumerate().skip(open).take(2_000).find_map(|(index, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(index)
    })?;
    let inside: String = seen[open + 1..close].iter().collect();
    let address = inside.split_whitespace().next().unwrap_or_default();
    let title = inside.trim()[address.len()..].trim();
    let is_title = title.is_empty() || (title.len() > 1 && title.starts_with(['"', '\'']));
    let is_address = address.contains("://")
        || address.starts_with(['/', '#', '.'])
        || address.starts_with("mailto:")
        || address.starts_with("tel:")
        || (address.contains('.') && !address.ends_with('.'));
    (is_title && is_address).then_some(close + 1)
}

fn square_brackets(cells: Vec<Cell>) -> Vec<Cell> {
    let seen = view(&cells);
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        let pair = match seen[at] {
            '[' => Some(('[', ']')),
            '【' => Some(('【', '】')),
            _ => None,
        };
        if let Some((opens, closes)) = pair
            && let Some(close) = closing(&seen, at, opens, closes)
            && let Some(object) = object(&cells[at + 1..close])
        {
            out.push(object);
            // Emphasis that began or ended inside still applies outside.
            out.extend(cells[at + 1..close].iter().filter(is_emphasis).cloned());
            at = close + 1;
            continue;
        }
        out.push(cells[at].clone());
        at += 1;
    }
    out
}

fn is_emphasis(cell: &&Cell) -> bool {
    matches!(cell, Cell::Emphasis(_))
}

/// Returns the pause or direction that bracketed words mean, or `None` for empty brackets.
fn object(inside: &[Cell]) -> Option<Cell> {
    let words = plain(inside).split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_matches(['*', '_', ' ']).to_owned();
    if words.is_empty() {
        return None;
    }
    Some(durations::pause(&words).map_or(Cell::Direction(words), Cell::Pause))
}

/// A run of asterisks, underscores or tildes that may open or close emphasis or struck text.
struct Delimiter {
    at: usize,
    length: usize,
    mark: char,
    opens: bool,
    closes: bool,
}

/// Parses emphasis (`*x*`, `**x**`, `_x_`) and struck text (`~~x~~`). A closing mark pairs with the last open
/// mark of the same character and length.
fn emphasis(cells: Vec<Cell>, removed: &mut Removed) -> Vec<Cell> {
    let seen = view(&cells);
    let mut open: Vec<Delimiter> = Vec::new();
    // The replacement of each cell that is part of a mark.
    let mut becomes: Vec<Option<Option<bool>>> = vec![None; cells.len()];
    for delimiter in delimiters(&seen) {
        let partner = delimiter.closes.then(|| {
            open.iter().rposition(|o| o.mark == delimiter.mark && o.length == delimiter.length)
        });
        if let Some(Some(place)) = partner {
            let opener = open.remove(place);
            open.truncate(place);
            removed.mark(&delimiter.mark.to_string().repeat(delimiter.length));
            let is_struck = delimiter.mark == '~';
            for (mark, starts) in [(&opener, true), (&delimiter, false)] {
                for slot in &mut becomes[mark.at..mark.at + mark.length] {
                    *slot = Some(None);
                }
                becomes[mark.at] = Some((!is_struck).then_some(starts));
            }
        } else if delimiter.opens {
            open.push(delimiter);
        }
    }
    cells
        .into_iter()
        .zip(becomes)
        .filter_map(|(cell, becomes)| match becomes {
            None => Some(cell),
            Some(meaning) => meaning.map(Cell::Emphasis),
        })
        .collect()
}

fn delimiters(seen: &[char]) -> Vec<Delimiter> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < seen.len() {
        let mark = seen[at];
        if !matches!(mark, '*' | '_' | '~') {
            at += 1;
            continue;
        }
        let length = run(seen, at, mark);
        let most = if mark == '~' { 2 } else { 3 };
        let before = at.checked_sub(1).map(|i| seen[i]);
        let after = seen.get(at + length).copied();
        let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_spaced = |c: Option<char>| c.is_some_and(crate::text::is_unspaced_script);
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        // Within a word only pairs of stars are emphasis, and any at a script without blanks.
        let inside = (mark == '*' && length == 2 && !(is_digit(before) && is_digit(after)))
            || (mark != '_' && (is_spaced(before) || is_spaced(after)));
        let is_mark = length <= most && (mark != '~' || length == 2);
        found.extend(is_mark.then(|| Delimiter {
            at,
            length,
            mark,
            opens: !is_space(after) && (inside || !is_word(before)),
            closes: !is_space(before) && (inside || !is_word(after)),
        }));
        at += length;
    }
    found
}

fn round_brackets(cells: Vec<Cell>) -> Vec<Cell> {
    let seen = view(&cells);
    let mut out = Vec::with_capacity(cells.len());
    let mut at = 0;
    while at < cells.len() {
        let pair = match seen[at] {
            '(' => Some(('(', ')')),
            '（' => Some(('（', '）')),
            _ => None,
        };
        if let Some((opens, closes)) = pair
            && let Some(close) = closing(&seen, at, opens, closes)
        {
            let inside = &cells[at + 1..close];
            let words = plain(inside);
            let is_direction = directions::is_sound(&words)
                || durations::pause(&words).is_some()
                || stands_alone(&seen, at, close);
            if is_direction && let Some(object) = object(inside) {
                out.push(object);
                out.extend(inside.iter().filter(is_emphasis).cloned());
                at = close + 1;
                continue;
            }
        }
        out.push(cells[at].clone());
        at += 1;
    }
    out
}

/// Returns true if the line contains nothing outside the brackets.
fn stands_alone(seen: &[char], open: usize, close: usize) -> bool {
    let is_nothing = |c: &&char| c.is_whitespace() || **c == OBJECT;
    let before = seen[..open].iter().rev().take_while(|c| **c != '\n');
    let after = seen[close + 1..].iter().take_while(|c| **c != '\n');
    before.chain(after).all(|c| is_nothing(&c))
}

/// Converts a line to a direction if its label or form marks it as one: `SFX: door`, `INT. KITCHEN`. Returns true if
/// it does.
pub(super) fn take_direction(cells: &mut Vec<Cell>) -> bool {
    let seen = view(cells);
    let Some(skip) = directions::line(&seen) else { return false };
    let words = plain(&cells[skip..]);
    let words = words.trim().trim_end_matches([':', '.']).to_owned();
    if words.is_empty() {
        return false;
    }
    *cells = vec![Cell::Direction(words)];
    true
}

/// Removes a speaker label from the start of a line. `names` are the speakers of a dialogue. Returns true if there
/// was a label.
pub(super) fn take_speaker(
    cells: &mut Vec<Cell>,
    names: &BTreeSet<String>,
    removed: &mut Removed,
) -> bool {
    let seen = view(cells);
    let start = seen.iter().take_while(|c| c.is_whitespace() || **c == OBJECT).count();
    let Some(length) = directions::speaker_label(&seen[start..], names) else { return false };
    let label: Vec<Cell> = cells.drain(start..start + length).collect();
    let name = plain(&label).trim().trim_end_matches([':', '：']).trim().to_owned();
    if !removed.speakers.contains(&name) {
        removed.speakers.push(name);
    }
    let kept: Vec<Cell> = label.into_iter().filter(|c| is_emphasis(&c)).collect();
    cells.splice(start..start, kept);
    true
}
