//! Parses HTML and SSML: tags become breaks, pauses and emphasis, entities become characters.
//!
//! Unknown tags stay: `I <3 you`, `5 < 7` and `<your name>` are text.

use super::cells::{Break, Cell};
use super::{directions, durations};

/// The effect of a tag.
enum Effect {
    None,
    Line,
    Item,
    Heading,
    Paragraph,
    Emphasis,
    Pause,
    /// The content of the tag is skipped.
    Skip,
}

/// Returns the effect of the tag with this lower-case name. Returns `None` for an unknown tag.
fn effect(name: &str) -> Option<Effect> {
    Some(match name {
        "br" | "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside"
        | "tr" | "table" | "thead" | "tbody" | "ul" | "ol" | "dl" | "body" | "html" | "figure"
        | "figcaption" | "address" | "form" => Effect::Line,
        "li" | "dt" | "dd" => Effect::Item,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Effect::Heading,
        "p" | "hr" | "blockquote" | "pre" => Effect::Paragraph,
        "b" | "strong" | "em" | "i" | "emphasis" | "mark" => Effect::Emphasis,
        "break" => Effect::Pause,
        "script" | "style" | "head" | "title" | "svg" | "iframe" | "audio" | "video" => {
            Effect::Skip
        }
        // `v` and `c` are WebVTT's.
        "v" | "c" | "a" | "abbr" | "cite" | "code" | "del" | "font" | "img" | "ins" | "kbd"
        | "q" | "s" | "small" | "span" | "strike" | "sub" | "sup" | "td" | "th" | "time" | "tt"
        | "u" | "var" | "wbr" | "center" | "label" | "button" | "input" | "meta" | "link"
        | "col" | "colgroup" | "caption" | "o:p" | "speak" | "prosody" | "say-as" | "phoneme"
        | "voice" | "lang" | "w" | "token" | "amazon:effect" | "mstts:express-as"
        | "mstts:silence" => Effect::None,
        _ => return None,
    })
}

/// A tag: its name, a closing flag, its attributes as written, and its length in bytes.
struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
    length: usize,
}

/// Maximum length of a tag after its name, in bytes.
const MAX_TAG: usize = 4_000;
/// Maximum length of an entity, in bytes.
const MAX_ENTITY: usize = 34;

/// Parses the tags and entities of a text whose lines end in `\n`. Adds the tag names to `removed`.
pub(super) fn read(text: &str, removed: &mut Vec<String>) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(text.len());
    let mut rest = text;
    // Within these tags a line end is only white space.
    let mut flowing = 0usize;
    while let Some(c) = rest.chars().next() {
        if c == '<' {
            if let Some(length) = comment(rest) {
                rest = &rest[length..];
                continue;
            }
            if let Some((content, length)) = cdata(rest) {
                cells.extend(content.chars().map(Cell::Char));
                rest = &rest[length..];
                continue;
            }
            if let Some((cells_of, length)) = direction(rest) {
                cells.extend(cells_of);
                rest = &rest[length..];
                continue;
            }
            if let Some(tag) = tag(rest)
                && let Some(effect) = effect(&tag.name)
            {
                let mark = format!("<{}>", tag.name);
                if !removed.contains(&mark) {
                    removed.push(mark);
                }
                let is_flow = matches!(effect, Effect::Item | Effect::Heading | Effect::Paragraph)
                    && !matches!(tag.name.as_str(), "hr" | "pre");
                if is_flow && !tag.attributes.ends_with('/') {
                    flowing = if tag.closes { flowing.saturating_sub(1) } else { flowing + 1 };
                }
                let skipped = apply(&effect, &tag, &rest[tag.length..], &mut cells);
                rest = &rest[tag.length + skipped..];
                continue;
            }
        }
        if c == '&'
            && let Some((decoded, length)) = entity(rest)
        {
            cells.extend(decoded.chars().map(|c| {
                if c == '\u{a0}' || c == '\n' { Cell::Literal(' ') } else { Cell::Literal(c) }
            }));
            rest = &rest[length..];
            continue;
        }
        cells.push(Cell::Char(if c == '\n' && flowing > 0 { ' ' } else { c }));
        rest = &rest[c.len_utf8()..];
    }
    cells
}

/// Parses angle brackets that are not a tag: a pause, a sound, or a link such as `<https://…|text>`. Returns the
/// meaning and the length in bytes.
fn direction(text: &str) -> Option<(Vec<Cell>, usize)> {
    const LONGEST: usize = 300;
    let length = text.bytes().take(LONGEST).position(|b| b == b'>' || b == b'\n')?;
    let inside = text.get(1..length).filter(|_| text.as_bytes()[length] == b'>')?;
    let cells = if inside.starts_with("http") && inside.contains("://") {
        inside.split_once('|')?.1.chars().map(Cell::Char).collect()
    } else if let Some(pause) = durations::pause(inside).filter(|_| !inside.starts_with("break")) {
        vec![Cell::Pause(pause)]
    } else if directions::is_sound(inside) && !inside.contains('=') {
        vec![Cell::Direction(inside.trim().to_owned())]
    } else {
        return None;
    };
    Some((cells, length + 1))
}

/// Adds the cells that a tag stands for. Returns the number of bytes after the tag to skip, such as the content of
/// `<script>`.
fn apply(effect: &Effect, tag: &Tag<'_>, rest: &str, cells: &mut Vec<Cell>) -> usize {
    match effect {
        Effect::None => {
            // Table cells are separated.
            if matches!(tag.name.as_str(), "td" | "th") {
                cells.push(Cell::Char(' '));
            }
        }
        Effect::Line => cells.push(Cell::Break(Break::Line)),
        Effect::Item => {
            cells.push(Cell::Break(if tag.closes { Break::Line } else { Break::Item }));
        }
        Effect::Heading => {
            cells.push(Cell::Break(if tag.closes { Break::Heading } else { Break::Paragraph }));
        }
        Effect::Paragraph => cells.push(Cell::Break(Break::Paragraph)),
        Effect::Emphasis => cells.push(Cell::Emphasis(!tag.closes)),
        Effect::Pause if !tag.closes => {
            let is_none = attribute(tag.attributes, "strength").is_some_and(|s| s == "none");
            let ms = attribute(tag.attributes, "time").and_then(durations::parse);
            if ms.is_some() || !is_none {
                cells.push(Cell::Pause(ms));
            }
        }
        Effect::Pause => {}
        Effect::Skip if !tag.closes && !tag.attributes.ends_with('/') => {
            let end = format!("</{}", tag.name);
            let lower = rest.to_ascii_lowercase();
            let Some(at) = lower.find(&end) else { return 0 };
            return at + rest[at..].find('>').map_or(rest.len() - at, |close| close + 1);
        }
        Effect::Skip => {}
    }
    0
}

/// Returns the length of the comment, declaration or prolog at the start of a text.
fn comment(text: &str) -> Option<usize> {
    let ended_by = |end: &str| text.find(end).map(|at| at + end.len());
    if text.starts_with("<!--") {
        return ended_by("-->");
    }
    let lower: String = text.chars().take(9).collect::<String>().to_ascii_lowercase();
    if lower.starts_with("<?xml") {
        return ended_by("?>");
    }
    if lower.starts_with("<!doctype") {
        return ended_by(">");
    }
    None
}

/// Returns the content of the CDATA section at the start of a text, and the section's length (XML 1.0, 2.7).
fn cdata(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix("<![CDATA[").or_else(|| text.strip_prefix("<![cdata["))?;
    let (content, _) = inside.split_once("]]>")?;
    Some((content, text.len() - inside.len() + content.len() + "]]>".len()))
}

fn tag(text: &str) -> Option<Tag<'_>> {
    let inside = text.strip_prefix('<')?;
    let closes = inside.starts_with('/');
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    let length = inside
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':')))
        .unwrap_or(inside.len());
    let (name, after) = inside.split_at(length);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !after.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
    {
        return None;
    }
    let mut quote = None;
    for (at, c) in after.char_indices() {
        if at > MAX_TAG {
            return None;
        }
        match (quote, c) {
            (None, '>') => {
                let length = text.len() - after.len() + at + 1;
                let attributes = after[..at].trim();
                // `a<b and c>d`: words, not attributes.
                let is_comparison =
                    name.len() == 1 && !matches!(name, "v" | "c") && !attributes.is_empty();
                if is_comparison && !attributes.contains('=') && attributes != "/" {
                    return None;
                }
                return Some(Tag { name: name.to_ascii_lowercase(), closes, attributes, length });
            }
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

/// Returns the value of an attribute, with or without quotation marks, or `None` if the tag does not have it.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let value = attributes.match_indices(name).find_map(|(at, _)| {
        // `data-time` is another attribute than `time`.
        let is_whole = at == 0 || attributes[..at].ends_with(char::is_whitespace);
        let after = attributes[at + name.len()..].trim_start();
        after.strip_prefix('=').filter(|_| is_whole).map(str::trim_start)
    })?;
    match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next(),
        _ => value.split(char::is_whitespace).next(),
    }
}

/// Returns the characters that the entity at the start of a text stands for, and the entity's length.
fn entity(text: &str) -> Option<(String, usize)> {
    let end = text.bytes().take(MAX_ENTITY).position(|b| b == b';')? + 1;
    let written = text.get(..end)?;
    let decoded = html_escape::decode_html_entities(written);
    (decoded != written).then(|| (decoded.into_owned(), end))
}
