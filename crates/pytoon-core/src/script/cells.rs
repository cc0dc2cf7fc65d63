//! A script during parsing: characters and the meanings of marks.

/// One character, or the meaning of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A character that may be part of a mark.
    Char(char),
    /// A character that is not a mark: written as an entity, escaped, or within code.
    Literal(char),
    /// The end of a line by a tag.
    Break(Break),
    /// A pause in milliseconds; `None` leaves its length to the preset.
    Pause(Option<u32>),
    /// A stage direction, without its brackets.
    Direction(String),
    /// The start (true) or end of emphasised words.
    Emphasis(bool),
}

/// The break that a tag makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// A line; the next one is a new sentence.
    Line,
    /// The words before a list item; the item begins.
    Item,
    /// A heading; a pause follows.
    Heading,
    /// A paragraph.
    Paragraph,
}

/// The character in [`view`] for a cell that cannot be part of a mark.
pub(super) const OBJECT: char = '\u{fffc}';

/// Returns one character per cell, for searching marks.
pub(super) fn view(cells: &[Cell]) -> Vec<char> {
    let seen = |cell: &Cell| match cell {
        Cell::Char(c) => *c,
        Cell::Literal(c) if c.is_alphanumeric() || c.is_whitespace() => *c,
        Cell::Break(_) => '\n',
        Cell::Literal(_) | Cell::Pause(_) | Cell::Direction(_) | Cell::Emphasis(_) => OBJECT,
    };
    cells.iter().map(seen).collect()
}

/// Returns the characters of cells.
pub(super) fn plain(cells: &[Cell]) -> String {
    let character = |cell: &Cell| match cell {
        Cell::Char(c) | Cell::Literal(c) => Some(*c),
        Cell::Break(_) => Some(' '),
        Cell::Pause(_) | Cell::Direction(_) | Cell::Emphasis(_) => None,
    };
    cells.iter().filter_map(character).collect()
}

/// Returns true if cells contain nothing but white space.
pub(super) fn is_blank(cells: &[Cell]) -> bool {
    cells.iter().all(|cell| matches!(cell, Cell::Char(c) | Cell::Literal(c) if c.is_whitespace()))
}

/// Returns true if no word is left in cells, but a pause or a direction is.
pub(super) fn is_object_only(cells: &[Cell]) -> bool {
    let is_object = |cell: &Cell| matches!(cell, Cell::Pause(_) | Cell::Direction(_));
    cells.iter().any(is_object) && plain(cells).trim().is_empty()
}
