//! The intermediate form of a script during parsing: characters, pauses, directions, emphasis and breaks.

/// One character, or the meaning of the markup at its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A character that may be markup.
    Char(char),
    /// A character that is never markup: written as an entity, escaped, or within code.
    Literal(char),
    /// A line end that a tag causes.
    Break(Break),
    /// A pause in milliseconds; `None` leaves its length to the preset.
    Pause(Option<u32>),
    /// A stage direction, without its brackets.
    Direction(String),
    /// The start (true) or the end (false) of emphasised words.
    Emphasis(bool),
}

/// The kind of break that a tag causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// A line break; the next line is a new sentence.
    Line,
    /// The start of a list item, which ends the words before it.
    Item,
    /// The end of a heading, followed by a pause.
    Heading,
    /// The end of a paragraph.
    Paragraph,
}

/// The placeholder in [`view`] for a cell that cannot be markup.
pub(super) const OBJECT: char = '\u{fffc}';

/// Returns one character per cell, so that markup can be searched for. Pauses, directions, emphasis and
/// literal punctuation become [`OBJECT`].
pub(super) fn view(cells: &[Cell]) -> Vec<char> {
    let seen = |cell: &Cell| match cell {
        Cell::Char(c) => *c,
        Cell::Literal(c) if c.is_alphanumeric() || c.is_whitespace() => *c,
        Cell::Break(_) => '\n',
        Cell::Literal(_) | Cell::Pause(_) | Cell::Direction(_) | Cell::Emphasis(_) => OBJECT,
    };
    cells.iter().map(seen).collect()
}

/// Returns the text of the cells, without pauses, directions and emphasis.
pub(super) fn plain(cells: &[Cell]) -> String {
    let character = |cell: &Cell| match cell {
        Cell::Char(c) | Cell::Literal(c) => Some(*c),
        Cell::Break(_) => Some(' '),
        Cell::Pause(_) | Cell::Direction(_) | Cell::Emphasis(_) => None,
    };
    cells.iter().filter_map(character).collect()
}

/// Returns true if the cells contain only white space.
pub(super) fn is_blank(cells: &[Cell]) -> bool {
    cells.iter().all(|cell| matches!(cell, Cell::Char(c) | Cell::Literal(c) if c.is_whitespace()))
}

/// Returns true if the cells contain a pause or a direction but no words.
pub(super) fn is_object_only(cells: &[Cell]) -> bool {
    let is_object = |cell: &Cell| matches!(cell, Cell::Pause(_) | Cell::Direction(_));
    cells.iter().any(is_object) && plain(cells).trim().is_empty()
}
