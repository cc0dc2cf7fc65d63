//! Groups lines into blocks: paragraphs, headings, list items, quotes. Parses Markdown markup at line starts.

use super::cells::{Break, Cell, is_blank, plain, view};
use crate::text::SentenceEnd;

/// The lines of one paragraph, heading, list item, table row or quote, without Markdown prefixes. List
/// numbers stay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// The lines of the block. A tag that ends a line also ends the block.
    pub(super) lines: Vec<Vec<Cell>>,
    /// The kind of ending, which determines the pause after the block.
    pub(super) end: SentenceEnd,
    /// True for lines of a block quote.
    pub(super) is_quote: bool,
    /// True if a line end never ends a sentence in this block, as in a list item or a heading.
    pub(super) is_item: bool,
    /// True for an item of a list.
    pub(super) is_listed: bool,
}

/// A line before its Markdown prefix is parsed.
struct Line {
    cells: Vec<Cell>,
    /// The break that ended the line; `None` for a plain line feed.
    ended_by: Option<Break>,
    /// True if the line is the content of an `<li>`, `<dt>` or `<dd>` tag.
    is_tagged_item: bool,
}

/// Parses a script into blocks. Adds the removed markup to `removed`, each kind once.
pub(super) fn read(cells: Vec<Cell>, removed: &mut Vec<String>) -> Vec<Block> {
    let lines = lines(cells);
    let bullets = emoji_bullets(&lines);
    let mut reader = Reader { blocks: Vec::new(), open: None, in_fence: false, removed };
    for (index, line) in lines.iter().enumerate() {
        reader.line(line, bullets[index]);
    }
    reader.close(SentenceEnd::Paragraph);
    reader.blocks
}

fn lines(cells: Vec<Cell>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut current = Vec::new();
    let mut is_tagged_item = false;
    let mut end = |current: &mut Vec<Cell>, ended_by, is_item: &mut bool| {
        let cells = std::mem::take(current);
        lines.push(Line { cells, ended_by, is_tagged_item: std::mem::take(is_item) });
    };
    for cell in cells {
        match cell {
            Cell::Char('\n') => end(&mut current, None, &mut is_tagged_item),
            Cell::Break(kind) => {
                end(&mut current, Some(kind), &mut is_tagged_item);
                is_tagged_item = kind == Break::Item;
            }
            other => current.push(other),
        }
    }
    end(&mut current, Some(Break::Paragraph), &mut is_tagged_item);
    lines
}

struct Reader<'a> {
    blocks: Vec<Block>,
    open: Option<Block>,
    in_fence: bool,
    removed: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn close(&mut self, end: SentenceEnd) {
        match self.open.take() {
            Some(block) => self.blocks.push(Block { end: block.end.max(end), ..block }),
            // A blank line after a closed block still ends the paragraph.
            None => {
                if let Some(last) = self.blocks.last_mut() {
                    last.end = last.end.max(end);
                }
            }
        }
    }

    fn took(&mut self, mark: &str) {
        if !self.removed.iter().any(|known| known == mark) {
            self.removed.push(mark.to_owned());
        }
    }

    fn line(&mut self, line: &Line, emoji_bullet: usize) {
        self.text(line, emoji_bullet);
        match line.ended_by {
            None => {}
            Some(Break::Line) => self.close(SentenceEnd::Sentence),
            Some(Break::Item) => self.close(SentenceEnd::ListItem),
            Some(Break::Heading | Break::Paragraph) => self.close(SentenceEnd::Paragraph),
        }
    }

    fn text(&mut self, line: &Line, emoji_bullet: usize) {
        let mut cells = trim(&line.cells);
        if is_blank(cells) {
            // White space beside a tag is not a blank line.
            if line.ended_by.is_none() {
                self.close(SentenceEnd::Paragraph);
            }
            return;
        }
        let mut is_quote = false;
        let mut seen = view(cells);
        while let Some(mark) = quote_mark(&seen) {
            cells = trim(&cells[mark..]);
            seen = view(cells);
            is_quote = true;
            self.took(">");
            if cells.is_empty() {
                return self.close(SentenceEnd::Paragraph);
            }
        }
        if is_definition(&seen) {
            self.took("[]:");
            return;
        }
        if is_fence(&seen) {
            self.in_fence = !self.in_fence;
            self.took("```");
            return self.close(SentenceEnd::Paragraph);
        }
        if let Some(mark) = rule(&seen) {
            self.took(&mark.to_string().repeat(3));
            // Under words it makes them a heading.
            return self.close(SentenceEnd::Paragraph);
        }
        if let Some((start, end)) = heading(&seen) {
            self.took("#");
            self.close(SentenceEnd::ListItem);
            self.open = Some(Block {
                lines: vec![trim(&cells[start..end]).to_vec()],
                end: SentenceEnd::Paragraph,
                is_quote,
                is_item: true,
                is_listed: false,
            });
            return self.close(SentenceEnd::Paragraph);
        }
        if let Some(row) = table_row(cells, &seen) {
            self.took("|");
            if row.is_empty() {
                return;
            }
            self.close(SentenceEnd::ListItem);
            self.start(row, is_quote, true);
            return self.close(SentenceEnd::ListItem);
        }
        let marker = if line.is_tagged_item {
            Some(0)
        } else if emoji_bullet > 0 {
            Some(emoji_bullet)
        } else {
            self.list_marker(&seen)
        };
        if let Some(marker) = marker {
            let is_number = seen.first().is_some_and(char::is_ascii_digit) && emoji_bullet == 0;
            let skip = if is_number { 0 } else { marker };
            if skip > 0 {
                let mark: String = seen[..skip].iter().collect();
                self.took(mark.trim());
            }
            self.close(SentenceEnd::ListItem);
            let rest = &cells[skip..];
            let boxed = if is_number { 0 } else { checkbox(&view(rest)) };
            self.start(trim(&rest[boxed..]).to_vec(), is_quote, true);
            if let Some(block) = &mut self.open {
                block.is_listed = true;
            }
            return;
        }
        match &mut self.open {
            Some(block) => block.lines.push(cells.to_vec()),
            None => self.start(cells.to_vec(), is_quote, false),
        }
    }

    fn start(&mut self, cells: Vec<Cell>, is_quote: bool, is_item: bool) {
        let end = SentenceEnd::Sentence;
        self.open = Some(Block { lines: vec![cells], end, is_quote, is_item, is_listed: false });
    }

    /// Returns the length of a list marker with the spaces after it, or `None` if the line begins with no marker.
    fn list_marker(&self, seen: &[char]) -> Option<usize> {
        let digits = seen.iter().take_while(|c| c.is_ascii_digit()).count();
        let mark = *seen.get(digits)?;
        let is_marker = match digits {
            0 => "-*+•‣◦▪▫●○■□►▸✓✔➤➢·∙".contains(mark),
            1..=3 => ".)".contains(mark) && self.numbers_may_begin(&seen[..digits]),
            _ => false,
        };
        let rest = &seen[digits + 1..];
        let blanks = rest.iter().take_while(|c| c.is_whitespace()).count();
        let has_item = rest.len() > blanks;
        // `➢Apples`: marks that are always bullets need no blank.
        let is_only_bullet = digits == 0 && "•‣◦▪●■►▸➤➢".contains(mark);
        (is_marker && has_item && (blanks > 0 || is_only_bullet)).then_some(digits + 1 + blanks)
    }

    /// Returns true if a numbered list item may begin here. Within a paragraph, only `1` may begin one, or any number
    /// after a line that ends with `.`, `:`, `!` or `?`. Otherwise a wrapped line that happens to begin with `20. `
    /// would count as an item.
    fn numbers_may_begin(&self, digits: &[char]) -> bool {
        let is_first = digits == ['1'];
        match &self.open {
            None => true,
            Some(block) if block.is_item => true,
            Some(block) => {
                let last = block.lines.last().map(|line| plain(line)).unwrap_or_default();
                is_first || last.trim_end().ends_with(['.', ':', '!', '?'])
            }
        }
    }
}

/// Returns true for the definition of a link (`[1]: https://…`) or a footnote (`[^1]: a footnote`), which is never
/// spoken.
fn is_definition(seen: &[char]) -> bool {
    let Some(close) = seen.iter().take(24).position(|c| *c == ']') else { return false };
    if seen.first() != Some(&'[') || seen.get(close + 1) != Some(&':') {
        return false;
    }
    let after: String = seen[close + 2..].iter().take(12).collect();
    seen.get(1) == Some(&'^') || after.trim_start().starts_with("http")
}

fn trim(cells: &[Cell]) -> &[Cell] {
    let is_space = |cell: &Cell| matches!(cell, Cell::Char(c) if c.is_whitespace());
    let start = cells.iter().take_while(|cell| is_space(cell)).count();
    let end = cells.len() - cells[start..].iter().rev().take_while(|cell| is_space(cell)).count();
    &cells[start..end]
}

/// Returns the length of a block quote mark: `> `, or `>` before a letter, a quotation mark, `*` or another `>`.
/// Returns `None` for text such as `> 5` and `->`.
fn quote_mark(seen: &[char]) -> Option<usize> {
    let (first, rest) = seen.split_first()?;
    let next = rest.first().copied();
    let is_quote = *first == '>'
        && next.is_none_or(|c| {
            c == '>' || c.is_whitespace() || c.is_alphabetic() || "\"“*".contains(c)
        })
        && !rest.iter().find(|c| !c.is_whitespace()).is_some_and(char::is_ascii_digit);
    is_quote.then(|| 1 + usize::from(next.is_some_and(char::is_whitespace)))
}

/// Returns true for the first or last line of a code block: ```` ``` ```` or `~~~`, with or without a language name.
fn is_fence(seen: &[char]) -> bool {
    ["```", "~~~"].iter().any(|fence| {
        let marks = fence.chars().count();
        seen.len() >= marks
            && seen.iter().zip(fence.chars()).all(|(a, b)| *a == b)
            && seen[marks..].iter().all(|c| c.is_alphanumeric() || "-+_`~ ".contains(*c))
            && seen.iter().filter(|c| c.is_whitespace()).count() <= 1
    })
}

/// Returns the repeated character of a line that consists of a rule alone, such as `---`, `* * *` or `===`. Returns
/// `None` for other lines.
fn rule(seen: &[char]) -> Option<char> {
    let marks: Vec<char> = seen.iter().copied().filter(|c| !c.is_whitespace()).collect();
    let first = *marks.first()?;
    let is_rule =
        marks.len() >= 3 && "-*_=–—~".contains(first) && marks.iter().all(|c| *c == first);
    is_rule.then_some(first)
}

/// Returns the range of the words in a heading such as `## Bread ##`, or `None` for other lines.
fn heading(seen: &[char]) -> Option<(usize, usize)> {
    let hashes = seen.iter().take_while(|c| **c == '#').count();
    if !(1..=6).contains(&hashes) || !seen.get(hashes).is_some_and(|c| c.is_whitespace()) {
        return None;
    }
    let mut end = seen.len();
    let closing = seen.iter().rev().take_while(|c| **c == '#').count();
    if closing > 0 && seen[..end - closing].last().is_some_and(|c| c.is_whitespace()) {
        end -= closing;
    }
    (end > hashes + 1).then_some((hashes + 1, end))
}

/// Returns the content of a table row, with commas between its columns. Returns an empty list for the line
/// under the table head, and `None` for a line that is not a table row.
fn table_row(cells: &[Cell], seen: &[char]) -> Option<Vec<Cell>> {
    if seen.len() < 3 || seen.first() != Some(&'|') || seen.last() != Some(&'|') {
        return None;
    }
    if seen.iter().all(|c| "|-: ".contains(*c)) {
        return Some(Vec::new());
    }
    let columns: Vec<Vec<Cell>> = cells[1..cells.len() - 1]
        .split(|cell| *cell == Cell::Char('|'))
        .map(|column| trim(column).to_vec())
        .filter(|column| !column.is_empty())
        .collect();
    let mut row = Vec::new();
    for (index, column) in columns.into_iter().enumerate() {
        if index > 0 {
            row.extend([Cell::Char(','), Cell::Char(' ')]);
        }
        row.extend(column);
    }
    Some(row)
}

/// Returns the length of a checkbox at the start of a list item, such as `[ ] ` or `[x] `, or 0.
fn checkbox(seen: &[char]) -> usize {
    match seen {
        ['[', ' ' | 'x' | 'X' | '✓', ']', blank, ..] if blank.is_whitespace() => 4,
        ['☐' | '☑' | '✅' | '✓' | '✔', blank, ..] if blank.is_whitespace() => 2,
        _ => 0,
    }
}

/// Returns the length of each line's emoji bullet, or 0. A bullet counts only if at least two consecutive lines begin
/// with one.
fn emoji_bullets(lines: &[Line]) -> Vec<usize> {
    let bullet = |line: &Line| -> Option<usize> {
        let cells = trim(&line.cells);
        let seen = view(cells);
        let length = seen.iter().take_while(|c| is_pictograph(**c)).count();
        let has_blank = seen.get(length).is_some_and(|c| c.is_whitespace());
        (length > 0 && length <= 4 && has_blank && seen.len() > length + 1).then_some(length + 1)
    };
    let found: Vec<Option<usize>> = lines.iter().map(bullet).collect();
    let has_bullet = |index: Option<usize>| {
        index.and_then(|index| found.get(index)).is_some_and(Option::is_some)
    };
    let stands_in_list =
        |index: usize| has_bullet(index.checked_sub(1)) || has_bullet(Some(index + 1));
    (0..lines.len())
        .map(|index| found[index].filter(|_| stands_in_list(index)).unwrap_or(0))
        .collect()
}

/// Returns true for emoji, arrows, dingbats and the characters that join them.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}' | '\u{200d}')
}
