//! A compact map from text to a value: keys in one arena, entries sorted by key.
//!
//! Guarantees: lookups are deterministic; where a key is given twice, the later value counts, as in
//! JSON; building takes O(n log n) whatever the keys are, so hostile data cannot make it slow.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A sorted map from text to `V`, built once.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    keys: String,
    entries: Vec<Entry<V>>,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    start: u32,
    end: u32,
    value: V,
}

impl<V> Entry<V> {
    fn key<'a>(&self, keys: &'a str) -> &'a str {
        keys.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl<V> Table<V> {
    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let at = self.entries.binary_search_by(|entry| entry.key(&self.keys).cmp(key)).ok()?;
        self.entries.get(at).map(|entry| &entry.value)
    }

    /// Returns true if the table has this key.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns all values, in the order of their keys.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Collects entries; [`TableBuilder::build`] sorts them.
pub(crate) struct TableBuilder<V> {
    keys: String,
    entries: Vec<Entry<V>>,
}

impl<V> TableBuilder<V> {
    pub(crate) fn new() -> Self {
        Self { keys: String::new(), entries: Vec::new() }
    }

    /// Adds an entry. Returns false if the arena is full (4 GiB).
    #[must_use]
    pub(crate) fn push(&mut self, key: &str, value: V) -> bool {
        let start = u32::try_from(self.keys.len());
        let end = u32::try_from(self.keys.len().saturating_add(key.len()));
        let (Ok(start), Ok(end)) = (start, end) else { return false };
        self.keys.push_str(key);
        self.entries.push(Entry { start, end, value });
        true
    }

    /// Sorts the entries and drops all but the last of equal keys.
    pub(crate) fn build(self) -> Table<V> {
        let Self { mut keys, mut entries } = self;
        // Later entries first among equals, so that `dedup` keeps the last one given.
        entries.sort_unstable_by(|a, b| {
            a.key(&keys).cmp(b.key(&keys)).then(b.start.cmp(&a.start)).then(b.end.cmp(&a.end))
        });
        entries.dedup_by(|later, kept| later.key(&keys) == kept.key(&keys));
        keys.shrink_to_fit();
        entries.shrink_to_fit();
        Table { keys, entries }
    }
}

/// Parses a JSON object entry by entry, without a tree in between: `each` gets every key and value.
pub(crate) struct EachEntry<T, F> {
    each: F,
    value: PhantomData<T>,
}

impl<T, F> EachEntry<T, F> {
    pub(crate) fn new(each: F) -> Self {
        Self { each, value: PhantomData }
    }
}

impl<'de, T, F> DeserializeSeed<'de> for EachEntry<T, F>
where
    T: serde::Deserialize<'de>,
    F: FnMut(&str, T) -> Result<(), String>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, T, F> Visitor<'de> for EachEntry<T, F>
where
    T: serde::Deserialize<'de>,
    F: FnMut(&str, T) -> Result<(), String>,
{
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<JsonText<'de>>()? {
            let value = map.next_value::<T>()?;
            (self.each)(&key.0, value).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// A JSON string, borrowed from the input where it has no escapes.
#[derive(Debug)]
pub(crate) struct JsonText<'a>(pub(crate) std::borrow::Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for JsonText<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Text<'a> {
            type Value = JsonText<'a>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<JsonText<'a>, E> {
                Ok(JsonText(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<JsonText<'a>, E> {
                Ok(JsonText(text.to_owned().into()))
            }
        }
        from.deserialize_str(Text(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(&str, u32)]) -> Table<u32> {
        let mut builder = TableBuilder::new();
        for (key, value) in pairs {
            assert!(builder.push(key, *value));
        }
        builder.build()
    }

    #[test]
    fn keys_are_found_in_any_order_of_building() {
        let found = table(&[("beta", 2), ("", 9), ("alpha", 1), ("é", 3)]);
        assert_eq!(found.get("alpha"), Some(&1));
        assert_eq!(found.get("beta"), Some(&2));
        assert_eq!(found.get("é"), Some(&3));
        assert_eq!(found.get(""), Some(&9));
        assert_eq!(found.get("alph"), None);
        assert!(!found.contains("gamma"));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let found = table(&[("a", 1), ("b", 5), ("a", 2), ("a", 3), ("", 1), ("", 2)]);
        assert_eq!(found.get("a"), Some(&3));
        assert_eq!(found.len(), 3);
    }
}
