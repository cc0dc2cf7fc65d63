//! A compact map from text to a value, with keys in one arena and entries sorted by key.
//!
//! Guarantees: lookups are deterministic; of duplicate keys, the last value counts, as in JSON; building takes O(n
//! log n) for any keys, so hostile data cannot make it slow.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A sorted map from text to `V` that is built once.
#[derive(Debug, Clone)]
pub(crate) struct Table<V> {
    keys: String,
    entries: Vec<Entry<V>>,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    /// The first eight bytes of the key as a number, which decides most comparisons.
    prefix: u64,
    start: u32,
    end: u32,
    value: V,
}

impl<V> Entry<V> {
    fn key<'a>(&self, keys: &'a str) -> &'a str {
        keys.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Returns the first eight bytes of a key as a big-endian number, padded with zeros, so that the numbers sort like
/// the bytes.
fn prefix(key: &str) -> u64 {
    if let Some(first) = key.as_bytes().first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(key.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(first)
}

impl<V> Table<V> {
    /// Returns the value for a key, or `None` if the table does not have it.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let wanted = prefix(key);
        let order = |entry: &Entry<V>| {
            entry.prefix.cmp(&wanted).then_with(|| entry.key(&self.keys).cmp(key))
        };
        let at = self.entries.binary_search_by(order).ok()?;
        self.entries.get(at).map(|entry| &entry.value)
    }

    /// Returns true if the table has this key.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// A builder that collects entries. [`TableBuilder::build`] sorts them.
pub(crate) struct TableBuilder<V> {
    keys: String,
    entries: Vec<Entry<V>>,
}

impl<V> TableBuilder<V> {
    /// Creates a builder with capacity for `bytes` bytes of keys.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        /// The average size of a key in the known files, in bytes.
        const KEY_BYTES: usize = 12;
        Self { keys: String::with_capacity(bytes), entries: Vec::with_capacity(bytes / KEY_BYTES) }
    }

    /// Adds an entry. Returns false if the arena is full (4 GiB).
    #[must_use]
    pub(crate) fn push(&mut self, key: &str, value: V) -> bool {
        let start = u32::try_from(self.keys.len());
        let end = u32::try_from(self.keys.len().saturating_add(key.len()));
        let (Ok(start), Ok(end)) = (start, end) else { return false };
        self.keys.push_str(key);
        self.entries.push(Entry { prefix: prefix(key), start, end, value });
        true
    }

    /// Builds the table: sorts the entries and drops all but the last of equal keys.
    pub(crate) fn build(self) -> Table<V> {
        let Self { keys, mut entries } = self;
        // Later entries first among equals, so that `dedup` keeps the last one.
        entries.sort_unstable_by(|a, b| {
            let by_key = a.prefix.cmp(&b.prefix).then_with(|| a.key(&keys).cmp(b.key(&keys)));
            by_key.then_with(|| (b.start, b.end).cmp(&(a.start, a.end)))
        });
        entries.dedup_by(|later, kept| {
            later.prefix == kept.prefix && later.key(&keys) == kept.key(&keys)
        });
        Table { keys, entries }
    }
}

/// A JSON object parser that calls `each` with every key and value, without building a tree.
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

/// A JSON string that is borrowed from the input if it has no escapes.
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
        let mut builder = TableBuilder::with_capacity(0);
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
