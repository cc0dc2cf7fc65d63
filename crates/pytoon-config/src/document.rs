//! A parsed YAML or JSON text with the line of every field.
//!
//! Accepts the core schema of YAML 1.2 without aliases, since a few lines of them can expand to gigabytes,
//! and without tags. Numbers are decimal and finite; other forms are text. The same parser reads JSON, which
//! is a subset of YAML.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// The maximum nesting depth of a text.
const MAX_DEPTH: usize = 24;
/// The maximum size of a text, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A position in a text. Line and column start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line number, from 1.
    pub line: usize,
    /// The column number, from 1.
    pub column: usize,
}

/// A parsed YAML or JSON text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The value of the whole text.
    pub value: Value,
    places: HashMap<String, Place>,
}

/// The error for a text that cannot be parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntaxError {
    /// The position of the error.
    pub place: Place,
    /// The reason for the error, as shown to the user.
    pub reason: String,
}

impl Document {
    /// Parses a text. An empty text and `null` become an empty mapping.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_BYTES {
            return Err(SyntaxError {
                place: Place { line: 1, column: 1 },
                reason: format!(
                    "the document has {} bytes; the maximum is {MAX_BYTES}",
                    text.len()
                ),
            });
        }
        let text = with_whole_characters(text);
        let mut reader = Reader { parser: Parser::new_from_str(&text), places: HashMap::new() };
        let value = reader.document()?;
        let value = if value.is_null() { Value::Object(Map::new()) } else { value };
        Ok(Self { value, places: reader.places })
    }

    /// Returns the position of a field's key; `None` if the field is not in the text.
    pub(crate) fn place(&self, path: &str) -> Option<Place> {
        self.places.get(path).copied()
    }

    /// Returns the position of a field, or of the nearest enclosing field that is in the text; `None` if none is.
    ///
    /// Paths have the form `overlays[0].width`.
    pub fn find_place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(*place);
            }
            let cut = path.rfind(['.', '['])?;
            path = &path[..cut];
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    places: HashMap<String, Place>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), SyntaxError> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, place_of(&span))),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok((Event::StreamEnd, Place { line: 1, column: 1 })),
        }
    }

    fn document(&mut self) -> Result<Value, SyntaxError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(Value::Null),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (event, place) => {
                    let value = self.value(event, place, "", 0)?;
                    return self.end(value);
                }
            }
        }
    }

    /// Returns `value` if it is the only document in the text, and an error otherwise.
    fn end(&mut self, value: Value) -> Result<Value, SyntaxError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(value),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, place) => {
                    return Err(SyntaxError {
                        place,
                        reason: "a second document begins here: keep only one".into(),
                    });
                }
            }
        }
    }

    fn value(
        &mut self,
        event: Event<'a>,
        place: Place,
        path: &str,
        depth: usize,
    ) -> Result<Value, SyntaxError> {
        let refuse = |reason: &str| Err(SyntaxError { place, reason: reason.to_owned() });
        if depth > MAX_DEPTH {
            return refuse(&format!("more than {MAX_DEPTH} levels are nested here: remove some"));
        }
        self.places.entry(path.to_owned()).or_insert(place);
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                refuse("tags (`!name`) are not supported: remove the tag")
            }
            Event::Alias(_) => {
                refuse("aliases (`*name`) are not supported: write the value in place of the alias")
            }
            Event::Scalar(text, style, _, None) => Ok(scalar(&text, style)),
            Event::SequenceStart(_, None) => self.sequence(path, depth),
            Event::MappingStart(_, None) => self.mapping(path, depth),
            _ => refuse("a value is missing: write one after the colon or the hyphen"),
        }
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Result<Value, SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, place) => {
                    let path = format!("{path}[{}]", items.len());
                    items.push(self.value(event, place, &path, depth + 1)?);
                }
            }
        }
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Value, SyntaxError> {
        let mut map = Map::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Object(map)),
                (Event::Scalar(key, ..), place) => {
                    let path =
                        if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                    if map.contains_key(key.as_ref()) {
                        return Err(SyntaxError {
                            place,
                            reason: format!("the key `{key}` is given twice: remove one"),
                        });
                    }
                    self.places.insert(path.clone(), place);
                    let (event, value_place) = self.next()?;
                    let value = self.value(event, value_place, &path, depth + 1)?;
                    map.insert(key.into_owned(), value);
                }
                (_, place) => {
                    return Err(SyntaxError {
                        place,
                        reason: "the key is not plain text: write a name before the colon".into(),
                    });
                }
            }
        }
    }
}

/// Converts JSON's surrogate pairs (`\ud83d\ude00`, RFC 8259, section 7) to YAML's single escape for
/// characters beyond U+FFFF. Applies only to a text that begins with `{`, as JSON does, since a backslash is
/// a plain character in most YAML strings.
fn with_whole_characters(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('{') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let pair = half(&text[at..]).zip(text.get(at + 6..).and_then(half));
        let whole = pair.and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
        // A lone surrogate is left for the parser to reject.
        match whole.filter(|whole| *whole > '\u{ffff}') {
            Some(whole) => {
                out.push_str(&text[done..at]);
                out.push_str(&format!("\\U{:08X}", u32::from(whole)));
                at += 12;
                done = at;
            }
            // The escaped character, which may be a backslash, does not begin an escape.
            None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Returns the UTF-16 code unit of an escape `\uXXXX` at the start of a text; `None` if there is none.
fn half(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| u16::from_str_radix(digits, 16).ok())?
}

fn place_of(span: &Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn syntax(error: &ScanError) -> SyntaxError {
    let marker = error.marker();
    SyntaxError {
        place: Place { line: marker.line(), column: marker.col() + 1 },
        reason: match error.info() {
            "mapping values are not allowed in this context" => {
                "`: ` is not allowed here: put the text in quotation marks, or correct the indentation".to_owned()
            }
            reason => reason.to_owned(),
        },
    }
}

/// Parses a plain scalar as null, a truth value, a decimal number or text. A quoted scalar is always text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::Number(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Value::Number(whole.into());
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.chars().any(|c| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    let number = text.parse::<f64>().ok().filter(|_| numeric).and_then(Number::from_f64);
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_and_json_give_the_same_value() {
        let yaml = "script: |\n  Wake up.\n  It costs $5.\nseed: 7\nvoice: off\nscenes:\n  - scene: 1\n    caption: \"12\"\n";
        let text = "{\"script\": \"Wake up.\\nIt costs $5.\\n\", \"seed\": 7, \"voice\": \"off\",\n\t\"scenes\": [{\"scene\": 1, \"caption\": \"12\"}]}";
        let expected = json!({"script": "Wake up.\nIt costs $5.\n", "seed": 7, "voice": "off",
            "scenes": [{"scene": 1, "caption": "12"}]});
        assert_eq!(Document::parse(yaml).expect("yaml").value, expected);
        assert_eq!(Document::parse(text).expect("json").value, expected);
    }

    #[test]
    fn json_may_write_characters_in_halves() {
        for (text, expected) in [
            (r#"{"a": "caf\u00e9 \ud83d\ude00!"}"#, "caf\u{e9} \u{1f600}!"),
            (r#" {"a": "\\ud83d\\ude00"}"#, r"\ud83d\ude00"),
            (r#"{"a": "\\\uD83D\uDE00\/"}"#, "\\\u{1f600}/"),
        ] {
            assert_eq!(Document::parse(text).expect(text).value, json!({"a": expected}));
        }
        assert!(Document::parse(r#"{"a": "\ud83d"}"#).is_err(), "a half alone is nothing");
        let plain = Document::parse(r"a: \ud83d\ude00").expect("YAML").value;
        assert_eq!(plain, json!({"a": r"\ud83d\ude00"}));
    }

    #[test]
    fn every_field_knows_its_line() {
        let document = Document::parse("a: 1\nb:\n  - c: 2\n  - c: 3\n").expect("yaml");
        assert_eq!(document.find_place("b[1].c").map(|p| p.line), Some(4));
        assert_eq!(document.find_place("b[1].nothing").map(|p| p.line), Some(4));
        assert_eq!(document.find_place("a").map(|p| (p.line, p.column)), Some((1, 1)));
    }

    #[test]
    fn hostile_and_broken_texts_are_refused_with_a_line() {
        for (text, line) in [
            ("a: 1\na: 2\n", 2),
            ("a: &x [1]\nb: *x\n", 2),
            ("a: 'open\n", 1),
            ("a: !tag 1\n", 1),
            ("a: 1\n---\nb: 2\n", 2),
        ] {
            let error = Document::parse(text).expect_err(text);
            assert!(error.place.line >= line, "{text}: {error:?}");
        }
        assert!(Document::parse(&"[".repeat(5000)).is_err());
        assert_eq!(Document::parse("").expect("empty").value, json!({}));
    }
}
