//! Assigns part-of-speech tags (Penn Treebank) with an averaged perceptron.
//!
//! A word with one usual tag gets it from a list. Any other word gets the tag with the highest sum of weights over
//! features of the word and its neighbours. Of equal sums, the greatest tag in byte order wins. Sums are computed in
//! a fixed order, so equal input gives equal tags everywhere.

use crate::error::{DataFile, EnglishError};
use crate::files::{gunzip, text};
use crate::table::{EachEntry, JsonText, Table, TableBuilder};
use crate::text::{all_letters, is_digit_like, is_letter};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// The padding before the first word. The element farthest from the word comes first.
const START: [&str; 2] = ["-START2-", "-START-"];
/// The padding after the last word.
const END: [&str; 2] = ["-END-", "-END2-"];
/// The tag of a word without known features.
const UNKNOWN_TAG: &str = "NN";

/// The tagger with its weights.
#[derive(Debug)]
pub(crate) struct Tagger {
    tags: Vec<String>,
    usual: Table<u8>,
    vocabulary: Option<Table<()>>,
    features: Table<(u32, u32)>,
    weighted_tags: Vec<u8>,
    weights: Vec<f64>,
}

impl Tagger {
    /// Parses the tagger from its gzip-compressed JSON.
    pub(crate) fn load(bytes: &[u8]) -> Result<Self, EnglishError> {
        let json = gunzip(DataFile::Tagger, bytes)?;
        let json = text(DataFile::Tagger, &json)?;
        Self::from_json(json).map_err(|error| EnglishError::content(DataFile::Tagger, error))
    }

    fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        let mut parser = serde_json::Deserializer::from_str(json);
        let tagger = parser.deserialize_map(TaggerVisitor { bytes: json.len() })?;
        parser.end()?;
        Ok(tagger)
    }

    /// Returns the tag of every word.
    pub(crate) fn tag(&self, words: &[&str]) -> Vec<&str> {
        let seen: Vec<String> = START
            .iter()
            .map(|&edge| edge.to_owned())
            .chain(words.iter().map(|word| self.feature_form(word)))
            .chain(END.iter().map(|&edge| edge.to_owned()))
            .collect();
        let mut before = START;
        let mut tags = Vec::with_capacity(words.len());
        let mut scores = vec![0.0; self.tags.len()];
        for (index, (word, window)) in words.iter().zip(seen.windows(5)).enumerate() {
            let tag = match self.usual.get(word) {
                Some(&tag) => self.tag_name(tag),
                None => self.predict(index, word, window, before, &mut scores),
            };
            tags.push(tag);
            let [_, last] = before;
            before = [last, tag];
        }
        tags
    }

    /// Returns the form of a word that the features use: a class for numbers and hyphenated words, otherwise lower
    /// case. If this form is outside the vocabulary, it is replaced by the word's shape.
    fn feature_form(&self, word: &str) -> String {
        let normal = normal_form(word);
        match &self.vocabulary {
            Some(known) if !known.contains(&normal) => format!("<{}>", shape(word)),
            Some(_) | None => normal,
        }
    }

    fn predict<'a>(
        &'a self,
        index: usize,
        word: &str,
        window: &[String],
        [before2, before]: [&str; 2],
        scores: &mut [f64],
    ) -> &'a str {
        let [far_left, left, own, right, far_right] = window else { return UNKNOWN_TAG };
        scores.fill(0.0);
        let mut key = String::with_capacity(48);
        let mut known = false;
        let mut add = |name: &str, parts: &[&str]| {
            key.clear();
            key.push_str(name);
            parts.iter().for_each(|part| key.push_str(part));
            known |= self.add_weights(&key, scores);
        };
        add("b", &[]);
        add("s3=", &[last_three(word)]);
        add("p1=", &[first_letter(word)]);
        add("w=", &[own]);
        add("sh=", &[&shape(word)]);
        add(if index == 0 { "i0" } else { "i+" }, &[]);
        add("t-1=", &[before]);
        add("t-2=", &[before2]);
        add("t-12=", &[before, ",", before2]);
        add("w-1=", &[left]);
        add("s3-1=", &[last_three(left)]);
        add("w-2=", &[far_left]);
        add("w+1=", &[right]);
        add("s3+1=", &[last_three(right)]);
        add("w+2=", &[far_right]);
        if known { self.best(scores) } else { UNKNOWN_TAG }
    }

    /// Adds a feature's weights to the scores. Returns true if the feature has any.
    fn add_weights(&self, feature: &str, scores: &mut [f64]) -> bool {
        let Some(&(start, end)) = self.features.get(feature) else { return false };
        let range = start as usize..end as usize;
        let (Some(tags), Some(weights)) =
            (self.weighted_tags.get(range.clone()), self.weights.get(range))
        else {
            return false;
        };
        for (&tag, weight) in tags.iter().zip(weights) {
            if let Some(score) = scores.get_mut(usize::from(tag)) {
                *score += weight;
            }
        }
        !tags.is_empty()
    }

    fn best(&self, scores: &[f64]) -> &str {
        let best = scores.iter().zip(&self.tags).max_by(|(a, tag_a), (b, tag_b)| {
            a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal).then_with(|| tag_a.cmp(tag_b))
        });
        best.map_or(UNKNOWN_TAG, |(_, tag)| tag)
    }

    fn tag_name(&self, tag: u8) -> &str {
        self.tags.get(usize::from(tag)).map_or(UNKNOWN_TAG, String::as_str)
    }
}

fn normal_form(word: &str) -> String {
    let starts_with_hyphen = word.starts_with('-');
    if word.contains('-') && !starts_with_hyphen {
        return "!HYPHEN".to_owned();
    }
    if word.chars().count() == 4 && word.chars().all(is_digit_like) {
        return "!YEAR".to_owned();
    }
    if word.starts_with(is_digit_like) { "!DIGITS".to_owned() } else { word.to_lowercase() }
}

/// Returns the shape of a word: its case if it has only letters, `d` if it has only digits, otherwise the classes of
/// its first four characters.
fn shape(word: &str) -> String {
    if all_letters(word) {
        return case_shape(word).to_owned();
    }
    if !word.is_empty() && word.chars().all(is_digit_like) {
        return "d".to_owned();
    }
    let class = |c: char| match c {
        _ if is_digit_like(c) => 'd',
        _ if is_letter(c) => 'x',
        other => other,
    };
    word.chars().take(4).map(class).collect()
}

fn case_shape(word: &str) -> &'static str {
    let all_lower =
        |text: &str| text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase);
    let first_is_upper = word.chars().next().is_some_and(char::is_uppercase);
    let no_lower = !word.chars().any(char::is_lowercase);
    if all_lower(word) {
        "x"
    } else if no_lower && word.chars().any(char::is_uppercase) {
        if word.chars().nth(1).is_some() { "XX" } else { "X1" }
    } else if first_is_upper && all_lower(crate::text::after_first(word)) {
        "Xx"
    } else {
        "xX"
    }
}

fn last_three(word: &str) -> &str {
    let at = word.char_indices().nth_back(2).map_or(0, |(at, _)| at);
    word.get(at..).unwrap_or_default()
}

fn first_letter(word: &str) -> &str {
    let end = word.chars().next().map_or(0, char::len_utf8);
    word.get(..end).unwrap_or_default()
}

/// A visitor that builds a [`Tagger`] from its JSON object. The `tags` key must come before `tagdict` and `weights`,
/// which refer to tags by number.
struct TaggerVisitor {
    /// The size of the decompressed file, in bytes.
    bytes: usize,
}

impl<'de> Visitor<'de> for TaggerVisitor {
    type Value = Tagger;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object with `tags`, `tagdict`, `vocab` and `weights`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tagger, A::Error> {
        let mut tags: Option<Vec<String>> = None;
        let mut usual = None;
        let mut vocabulary = None;
        let mut weights: Option<FeatureWeights> = None;
        let mut numbers = TagNumbers::new(&[]).map_err(A::Error::custom)?;
        while let Some(JsonText(key)) = map.next_key()? {
            match key.as_ref() {
                "tags" => {
                    let names: Vec<String> = map.next_value()?;
                    numbers = TagNumbers::new(&names).map_err(A::Error::custom)?;
                    tags = Some(names);
                }
                "tagdict" => usual = Some(usual_tags(&mut map, &numbers)?),
                "vocab" => vocabulary = Some(map.next_value_seed(Vocabulary)?),
                "weights" => {
                    weights =
                        Some(map.next_value_seed(WeightsVisitor {
                            numbers: &numbers,
                            bytes: self.bytes,
                        })?)
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |name| A::Error::custom(format_args!("`{name}` is missing"));
        let tags = tags.ok_or_else(|| missing("tags"))?;
        let weights = weights.ok_or_else(|| missing("weights"))?;
        Ok(Tagger {
            tags,
            usual: usual.ok_or_else(|| missing("tagdict"))?,
            vocabulary,
            features: weights.features,
            weighted_tags: weights.tags,
            weights: weights.weights,
        })
    }
}

/// The weights of all features, concatenated. `features` contains the range of each feature.
struct FeatureWeights {
    features: Table<(u32, u32)>,
    tags: Vec<u8>,
    weights: Vec<f64>,
}

/// A map from tags to their numbers, built for speed: parsing the weights looks up hundreds of thousands of tags.
struct TagNumbers {
    names: Vec<String>,
    /// A hash table of tag numbers with linear probing. [`TagNumbers::FREE`] marks an unused slot.
    slots: [u8; Self::SLOTS],
}

impl TagNumbers {
    /// The number of slots: more than twice the maximum number of tags, so that a search is short for any names.
    const SLOTS: usize = 512;
    const FREE: u8 = u8::MAX;

    fn new(names: &[String]) -> Result<Self, &'static str> {
        let mut slots = [Self::FREE; Self::SLOTS];
        for (number, name) in names.iter().enumerate() {
            let number = u8::try_from(number).ok().filter(|number| *number != Self::FREE);
            let number = number.ok_or("more than 255 tags")?;
            let free = Self::search(name).find(|slot| slots[*slot] == Self::FREE);
            slots[free.ok_or("too many tags")?] = number;
        }
        Ok(Self { names: names.to_vec(), slots })
    }

    fn get(&self, tag: &str) -> Option<u8> {
        Self::search(tag)
            .map(|slot| self.slots[slot])
            .take_while(|number| *number != Self::FREE)
            .find(|number| self.names.get(usize::from(*number)).is_some_and(|name| name == tag))
    }

    /// Returns all slots in the order in which they are searched for a tag.
    fn search(tag: &str) -> impl Iterator<Item = usize> {
        // FNV-1a, whose upper bits are mixed best.
        let hash = tag.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let first = (hash >> 32) as usize;
        (0..Self::SLOTS).map(move |step| (first + step) % Self::SLOTS)
    }
}

fn usual_tags<'de, A: MapAccess<'de>>(
    map: &mut A,
    numbers: &TagNumbers,
) -> Result<Table<u8>, A::Error> {
    let mut usual = TableBuilder::with_capacity(0);
    map.next_value_seed(EachEntry::new(|word: &str, tag: JsonText<'_>| {
        let tag = numbers.get(&tag.0).ok_or_else(|| unlisted_message(&tag.0))?;
        if usual.push(word, tag) { Ok(()) } else { Err("too many words".into()) }
    }))?;
    Ok(usual.build())
}

fn unlisted_message(tag: &str) -> String {
    format!("`{}` is not listed in `tags` before it", tag.escape_debug())
}

/// A visitor that parses the weights: an object that maps each feature to its weights by tag.
struct WeightsVisitor<'a> {
    numbers: &'a TagNumbers,
    /// The size of the decompressed file, in bytes.
    bytes: usize,
}

impl<'de> DeserializeSeed<'de> for WeightsVisitor<'_> {
    type Value = FeatureWeights;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<FeatureWeights, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WeightsVisitor<'_> {
    type Value = FeatureWeights;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of weights by feature and tag")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FeatureWeights, A::Error> {
        /// The average size of a weight in the known files, including its tag.
        const WEIGHT_BYTES: usize = 14;
        let count = self.bytes / WEIGHT_BYTES;
        let (mut tags, mut weights) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut features = TableBuilder::with_capacity(self.bytes / 4);
        while let Some(feature) = map.next_key::<JsonText<'de>>()? {
            let start = weights.len();
            map.next_value_seed(EachEntry::new(|tag: &str, weight: f64| {
                tags.push(self.numbers.get(tag).ok_or_else(|| unlisted_message(tag))?);
                weights.push(weight);
                Ok(())
            }))?;
            let range = u32::try_from(start).ok().zip(u32::try_from(weights.len()).ok());
            if !range.is_some_and(|range| features.push(&feature.0, range)) {
                return Err(A::Error::custom("too many weights"));
            }
        }
        Ok(FeatureWeights { features: features.build(), tags, weights })
    }
}

/// A visitor that parses a list of words into a set.
struct Vocabulary;

impl<'de> DeserializeSeed<'de> for Vocabulary {
    type Value = Table<()>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Table<()>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Vocabulary {
    type Value = Table<()>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of words")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Table<()>, A::Error> {
        let mut words = TableBuilder::with_capacity(0);
        while let Some(word) = list.next_element::<JsonText<'de>>()? {
            if !words.push(&word.0, ()) {
                return Err(A::Error::custom("too many words"));
            }
        }
        Ok(words.build())
    }
}

#[cfg(test)]
#[path = "tagger_tests.rs"]
mod tests;
