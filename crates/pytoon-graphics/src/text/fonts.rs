//! Determines the fonts that a text needs, and builds the font collection from their bytes.
//!
//! Guarantees: only the supplied fonts are used, never the machine's; bytes are shared, not copied; a file that is
//! not a font is reported and skipped.
//!
//! This module does not search for files. Callers match [`super::WANTED_FONTS`] against their font folders.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{FontContext, FontFamilyName};

use super::wanted::{FontScript, MONOSPACED};
use crate::error::GraphicsError;

/// A font file's bytes, shared between the library and its caller.
pub type FontBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A font file: its name for messages, and its bytes.
#[derive(Clone)]
pub struct FontFile {
    /// The name for messages, normally the file name.
    pub name: String,
    /// The bytes of a TrueType or OpenType font, or of a collection.
    pub bytes: FontBytes,
}

impl FontFile {
    /// Creates a font file from any type that references bytes: `Vec<u8>`, `Arc<[u8]>`, a memory map.
    pub fn new(name: impl Into<String>, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self { name: name.into(), bytes: Arc::new(bytes) }
    }
}

impl fmt::Debug for FontFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.bytes.as_ref().as_ref().len();
        f.debug_struct("FontFile").field("name", &self.name).field("size_bytes", &size).finish()
    }
}

/// Returns the scripts whose fonts are needed to draw `texts`. Latin is always included, for digits, spaces and
/// punctuation.
pub fn fonts_needed(texts: &[&str]) -> BTreeSet<FontScript> {
    let mut needed = BTreeSet::from([FontScript::Latin]);
    needed.extend(texts.iter().flat_map(|text| text.chars()).map(super::script::font_script));
    needed
}

/// Returns the characters of `texts` that need a glyph of their own: letters, digits, symbols and emoji, without
/// those that join or select glyphs (ZWJ, variation selectors, tags).
pub fn glyphs_needed(texts: &[&str]) -> BTreeSet<char> {
    let is_drawn = |c: &char| match super::script::font_script(*c) {
        FontScript::Emoji => !matches!(u32::from(*c), 0x20E3 | 0xFE0F | 0xE0020..=0xE007F),
        FontScript::Symbols => true,
        _ => c.is_alphanumeric(),
    };
    texts.iter().flat_map(|text| text.chars()).filter(is_drawn).collect()
}

/// Removes the characters that a font file's first face covers from `wanted`. Returns true if there were any, and
/// false for a file that is not a font.
pub fn take_covered(font: &[u8], wanted: &mut BTreeSet<char>) -> bool {
    let Some(face) = swash::FontRef::from_index(font, 0) else { return false };
    let before = wanted.len();
    let map = face.charmap();
    wanted.retain(|c| map.map(*c) == 0);
    wanted.len() < before
}

/// The font families tried after the style's own, in order. The CJK faces are inserted by language.
const CHAIN: &[&str] = &["Inter", "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari"];
const EMOJI: &str = "Noto Color Emoji";

/// The fonts of one process or job.
pub struct FontLibrary {
    collection: Collection,
    families: Vec<String>,
    unreadable: Vec<String>,
}

impl FontLibrary {
    /// Creates a library from font files. Fails only if none of them is a font.
    pub fn new(files: Vec<FontFile>) -> Result<Self, GraphicsError> {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut collection = Collection::new(options);
        let mut unreadable = Vec::new();
        for file in files {
            if collection.register_fonts(Blob::new(file.bytes), None).is_empty() {
                unreadable.push(file.name);
            }
        }
        let mut families: Vec<String> = collection.family_names().map(str::to_owned).collect();
        if families.is_empty() {
            return Err(match unreadable.pop() {
                Some(name) => GraphicsError::UnreadableFont { name },
                None => GraphicsError::NoFonts,
            });
        }
        families.sort();
        Ok(Self { collection, families, unreadable })
    }

    /// Returns the names of the files that are not fonts.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Returns the available families, sorted.
    pub fn families(&self) -> &[String] {
        &self.families
    }

    pub(super) fn into_context(self) -> (FontContext, Vec<String>) {
        let context =
            FontContext { collection: self.collection, source_cache: SourceCache::default() };
        (context, self.families)
    }
}

/// Returns the fallback chain for one text: the style's family, the fixed chain, CJK faces in the order of
/// the language, emoji, then other available families. `emoji_first` is for emoji sequences, which some text
/// fonts cover with a monochrome glyph.
pub(super) fn chain(
    present: &[String],
    family: &str,
    cjk: &[&str],
    emoji_first: bool,
) -> Vec<FontFamilyName<'static>> {
    let mut names: Vec<&str> = Vec::new();
    if emoji_first {
        names.push(EMOJI);
    }
    names.push(family);
    names.extend(CHAIN);
    names.extend(cjk);
    names.push(EMOJI);
    // A monospaced CJK face must not win over the proportional ones for shared punctuation.
    let others = present.iter().map(String::as_str).filter(|name| !name.contains("Mono CJK"));
    names.extend(others.filter(|name| *name != MONOSPACED));
    names.push(MONOSPACED);
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name) && present.iter().any(|p| p == name) {
            seen.push(name);
        }
    }
    seen.into_iter().map(|name| FontFamilyName::Named(name.to_owned().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_follow_the_text() {
        let needed = fonts_needed(&["Hallo Welt", "مرحبا", "नमस्ते", "東京", "한국", "🔥"]);
        let expected = [
            FontScript::Latin,
            FontScript::Arabic,
            FontScript::Devanagari,
            FontScript::Cjk,
            FontScript::Emoji,
        ];
        assert_eq!(needed, BTreeSet::from(expected));
        assert_eq!(fonts_needed(&[]), BTreeSet::from([FontScript::Latin]));
    }

    #[test]
    fn rubbish_is_not_a_font() {
        let files = vec![FontFile::new("x.ttf", vec![1u8, 2, 3])];
        assert!(matches!(FontLibrary::new(files), Err(GraphicsError::UnreadableFont { .. })));
        assert!(matches!(FontLibrary::new(Vec::new()), Err(GraphicsError::NoFonts)));
    }
}
