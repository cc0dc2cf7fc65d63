//! A pronunciation dictionary that maps spellings to pronunciations, some of which depend on the part of speech.
//!
//! A lower-case entry also applies to the capitalised spelling and vice versa, unless the other spelling has an
//! entry of its own.

use crate::error::{DataFile, EnglishError};
use crate::files::{gunzip, text};
use crate::table::{EachEntry, JsonText, Table, TableBuilder};
use crate::text::{capitalize, is_lower};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The key of the default pronunciation, for parts of speech that have none of their own.
const DEFAULT: &str = "DEFAULT";

/// The pronunciation of a spelling, which may depend on the part of speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reading<'a> {
    /// Phonemes that are the same in every context.
    Fixed(&'a str),
    /// Phonemes that depend on the part of speech.
    ByTag(&'a Readings),
}

/// The pronunciations of a spelling by part of speech. `None` means that the word is spelled letter by letter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Readings {
    by_tag: BTreeMap<String, Option<String>>,
}

impl Readings {
    /// Returns true if there is an entry for exactly this tag.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.by_tag.contains_key(tag)
    }

    /// Returns the pronunciation for a tag, or else the default one. `None` means that the word is spelled letter by
    /// letter.
    pub(crate) fn get(&self, tag: Option<&str>) -> Option<&str> {
        tag.and_then(|tag| self.by_tag.get(tag)).or_else(|| self.by_tag.get(DEFAULT))?.as_deref()
    }
}

/// A pronunciation dictionary.
#[derive(Debug)]
pub(crate) struct Dictionary {
    spellings: Table<Place>,
    phonemes: String,
    readings: Vec<Readings>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// The start and end of the phonemes in `phonemes`, in bytes.
    Phonemes(u32, u32),
    /// The index into `readings`.
    Readings(u32),
}

impl Dictionary {
    /// Parses a dictionary from its gzip-compressed JSON.
    pub(crate) fn load(file: DataFile, bytes: &[u8]) -> Result<Self, EnglishError> {
        let json = gunzip(file, bytes)?;
        let json = text(file, &json)?;
        Self::from_json(json).map_err(|error| EnglishError::content(file, error))
    }

    fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        let mut spellings = TableBuilder::with_capacity(json.len() / 2);
        let mut phonemes = String::with_capacity(json.len() / 2);
        let mut readings = Vec::new();
        let mut parser = serde_json::Deserializer::from_str(json);
        EachEntry::new(|spelling: &str, value: Value<'_>| {
            let place = match value {
                Value::Absent => return Ok(()),
                Value::Fixed(text) => {
                    let start = phonemes.len();
                    phonemes.push_str(&text.0);
                    place_of(start, phonemes.len()).ok_or("too many phonemes")?
                }
                Value::ByTag(by_tag) if !by_tag.contains_key(DEFAULT) => {
                    return Err(format!("`{spelling}` has no reading `{DEFAULT}`"));
                }
                Value::ByTag(by_tag) => {
                    let index = u32::try_from(readings.len()).map_err(|e| e.to_string())?;
                    readings.push(Readings { by_tag });
                    Place::Readings(index)
                }
            };
            if spellings.push(spelling, place) { Ok(()) } else { Err("too many entries".into()) }
        })
        .deserialize(&mut parser)?;
        parser.end()?;
        Ok(Self { spellings: spellings.build(), phonemes, readings })
    }

    /// Returns the pronunciation of a spelling. If it has no entry, tries the spelling with the other capitalisation.
    pub(crate) fn get(&self, spelling: &str) -> Option<Reading<'_>> {
        if let Some(found) = self.exact(spelling) {
            return Some(found);
        }
        // A single letter has no other case.
        spelling.chars().nth(1)?;
        if is_lower(spelling) {
            return self.exact(&capitalize(spelling));
        }
        let lower = spelling.to_lowercase();
        if capitalize(&lower) == spelling { self.exact(&lower) } else { None }
    }

    /// Returns true if the dictionary contains a spelling.
    pub(crate) fn contains(&self, spelling: &str) -> bool {
        self.get(spelling).is_some()
    }

    /// Returns the pronunciation of a spelling without regard to the part of speech: the only one, or the default
    /// one.
    pub(crate) fn default_pronunciation(&self, spelling: &str) -> Option<&str> {
        match self.get(spelling)? {
            Reading::Fixed(phonemes) => Some(phonemes),
            Reading::ByTag(readings) => readings.get(None),
        }
    }

    fn exact(&self, spelling: &str) -> Option<Reading<'_>> {
        match *self.spellings.get(spelling)? {
            Place::Phonemes(start, end) => {
                self.phonemes.get(start as usize..end as usize).map(Reading::Fixed)
            }
            Place::Readings(index) => self.readings.get(index as usize).map(Reading::ByTag),
        }
    }
}

fn place_of(start: usize, end: usize) -> Option<Place> {
    Some(Place::Phonemes(u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

/// A dictionary entry in the file's format.
enum Value<'a> {
    Absent,
    Fixed(JsonText<'a>),
    ByTag(BTreeMap<String, Option<String>>),
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = Value<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("phonemes, or an object of phonemes by part of speech")
            }

            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Absent)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Fixed(JsonText(text.into())))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Fixed(JsonText(text.to_owned().into())))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                /// Maximum number of parts of speech per word, so that a damaged file cannot fill the memory. The
                /// tagger has fewer tags.
                const MAX_TAGS: usize = 64;
                let mut by_tag = BTreeMap::new();
                while let Some(tag) = map.next_key::<String>()? {
                    if by_tag.len() >= MAX_TAGS {
                        map.next_value::<IgnoredAny>()?;
                        return Err(serde::de::Error::custom("too many readings of one word"));
                    }
                    by_tag.insert(tag, map.next_value::<Option<String>>()?);
                }
                Ok(Value::ByTag(by_tag))
            }
        }
        from.deserialize_any(Entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tests::gzip;

    fn load(json: &str) -> Result<Dictionary, EnglishError> {
        Dictionary::load(DataFile::Gold, &gzip(json.as_bytes()))
    }

    #[test]
    fn case_is_grown_unless_the_other_case_has_its_own_entry() {
        let found = load(r#"{"polish":"pˈɑlɪʃ","Polish":"pˈOlɪʃ","cat":"kˈæt","Paris":"pˈɛɹɪs","\"x":"y","n":null}"#)
            .unwrap();
        let cases = [
            ("polish", Some("pˈɑlɪʃ")),
            ("Polish", Some("pˈOlɪʃ")),
            ("POLISH", None),
            ("Cat", Some("kˈæt")),
            ("CAT", None),
            ("paris", Some("pˈɛɹɪs")),
            ("\"x", Some("y")),
            ("n", None),
            ("", None),
        ];
        for (spelling, expected) in cases {
            assert_eq!(found.default_pronunciation(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn readings_fall_back_to_the_default() {
        let found = load(r#"{"read":{"DEFAULT":"ɹˈid","VBD":"ɹˈɛd","NOUN":null}}"#).unwrap();
        let Some(Reading::ByTag(readings)) = found.get("Read") else { panic!("no readings") };
        assert_eq!(readings.get(Some("VBD")), Some("ɹˈɛd"));
        assert_eq!(readings.get(Some("JJ")), Some("ɹˈid"));
        assert_eq!(readings.get(None), Some("ɹˈid"));
        assert_eq!(readings.get(Some("NOUN")), None);
        assert!(readings.has("NOUN") && !readings.has("JJ"));
    }

    #[test]
    fn other_shapes_are_refused() {
        for json in [
            "",
            "[]",
            "null",
            "{\"a\":1}",
            "{\"a\":[\"b\"]}",
            "{\"a\":{\"NOUN\":\"b\"}}",
            "{\"a\":{\"DEFAULT\":{}}}",
            "{\"a\":\"b\"",
            "{\"a\":\"b\"} x",
            "{\"a\":\"\u{0}\"}",
        ] {
            let error = load(json).unwrap_err();
            assert!(error.to_string().starts_with("gold lexicon: unexpected"), "{json}: {error}");
        }
    }
}
