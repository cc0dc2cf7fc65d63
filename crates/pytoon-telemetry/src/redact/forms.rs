//! The forms in which secrets may appear in a text (plain, hexadecimal, base64), and the search for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Number of consecutive characters of a secret that are redacted even without the rest.
const RUN: usize = 16;
/// The length of the base64 form of `RUN` bytes, without the characters that neighbouring bytes affect.
const RUN_IN_BASE64: usize = 20;
/// The length of `RUN` bytes in hexadecimal.
const RUN_IN_HEX: usize = 2 * RUN;
/// The size of the filter that precedes the search, in bits.
const FILTER_BITS: usize = 1 << 16;

/// The substrings to search for: windows of fixed length of every form of every secret. A text that contains a window
/// contains a secret.
#[derive(Debug)]
pub(super) struct Forms {
    /// The windows in lower case, by their length.
    windows: Option<HashMap<usize, HashSet<Box<[u8]>>>>,
    /// Values that are too short for windows, unchanged.
    exact: Vec<Box<[u8]>>,
    /// One flag per hash of the first three bytes of a window; true if a window has that hash.
    filter: Vec<bool>,
}

impl Forms {
    pub(super) const fn none() -> Self {
        Self { windows: None, exact: Vec::new(), filter: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.windows.is_none() && self.exact.is_empty()
    }

    pub(super) fn add(&mut self, value: &str) {
        let bytes = value.as_bytes();
        if bytes.len() < RUN {
            let exact: Box<[u8]> = bytes.into();
            if !self.exact.contains(&exact) {
                self.exact.push(exact);
            }
        } else {
            self.add_windows(bytes, RUN);
        }
        for (form, run) in encoded_forms(bytes) {
            // Short forms could be ordinary words.
            if form.len() > SHORTEST_FORM {
                self.add_windows(&form, run.min(form.len()));
            }
        }
    }

    fn add_windows(&mut self, form: &[u8], length: usize) {
        self.filter.resize(FILTER_BITS, false);
        let windows = self.windows.get_or_insert_with(HashMap::new).entry(length).or_default();
        for window in form.to_ascii_lowercase().windows(length) {
            if let Some(bit) = self.filter.get_mut(hash(window)) {
                *bit = true;
            }
            windows.insert(window.into());
        }
    }

    /// Returns the ranges in a text that match a window or an exact value.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for exact in &self.exact {
            let places = text.windows(exact.len()).enumerate();
            let same = places.filter(|(_, window)| *window == exact.as_ref());
            found.extend(same.map(|(at, _)| at..at + exact.len()));
        }
        let Some(windows) = &self.windows else { return found };
        let lower = text.to_ascii_lowercase();
        for at in 0..lower.len() {
            let rest = &lower[at..];
            if !self.filter.get(hash(rest)).copied().unwrap_or(false) {
                continue;
            }
            let longest = windows
                .iter()
                .filter(|(length, set)| rest.get(..**length).is_some_and(|w| set.contains(w)))
                .map(|(length, _)| *length)
                .max();
            found.extend(longest.map(|length| at..at + length));
        }
        found
    }
}

/// The length up to which an encoded form is not searched for, in bytes.
const SHORTEST_FORM: usize = 7;

fn hash(window: &[u8]) -> usize {
    let byte = |index: usize| usize::from(window.get(index).copied().unwrap_or(0));
    (byte(0) | byte(1) << 8 | byte(2) << 4 ^ byte(2) << 11) % FILTER_BITS
}

/// Returns the encoded forms of a secret, each with the length of its windows: hexadecimal digits, and base64 at each
/// of its three offsets, without the characters that neighbouring bytes affect.
fn encoded_forms(value: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let hex = value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let mut forms = vec![(hex, RUN_IN_HEX)];
    for before in 0..3usize {
        let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(value.iter().copied()).collect();
        let whole = padded.len() * 8 / 6;
        let first = (before * 8).div_ceil(6);
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push((text.as_bytes()[first..whole].to_vec(), RUN_IN_BASE64));
        }
    }
    forms
}
