//! Which fonts are wanted, which are needed for a text, and the collection built from their bytes.
//!
//! Guarantees: only the fonts handed in are ever used, never the machine's; bytes are shared, not
//! copied; a file that is not a font is reported and left out rather than failing the rest.
//!
//! Does not look for files: callers match [`WANTED_FONTS`] against their font folders.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{FontContext, FontFamilyName};

use crate::error::GraphicsError;

/// A font file's bytes, shared between the library and whoever loaded them.
pub type FontBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// One font file: a name for messages, and its bytes.
#[derive(Clone)]
pub struct FontFile {
    /// Used in messages only, normally the file name.
    pub name: String,
    /// TrueType, OpenType or a collection of either.
    pub bytes: FontBytes,
}

impl FontFile {
    /// Takes anything that can show its bytes: `Vec<u8>`, `Arc<[u8]>`, a memory map.
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

/// A group of writing systems that shares font files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum FontScript {
    /// Latin, Greek, Cyrillic and common punctuation.
    Latin,
    Arabic,
    Hebrew,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Thai,
    Armenian,
    Georgian,
    Ethiopic,
    /// Chinese, Japanese and Korean.
    Cjk,
    Emoji,
    /// Arrows, dingbats, mathematical signs.
    Symbols,
}

/// A font the caller should look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedFont {
    /// The family name the files register under.
    pub family: &'static str,
    /// File names, any of which may be present; all found should be loaded.
    pub file_names: &'static [&'static str],
    /// The Debian package that carries them.
    pub package: &'static str,
    /// What they are needed for.
    pub script: FontScript,
}

const fn wanted(
    family: &'static str,
    file_names: &'static [&'static str],
    package: &'static str,
    script: FontScript,
) -> WantedFont {
    WantedFont { family, file_names, package, script }
}

/// Every font the looks and the fallback chain can use, best first.
pub const WANTED_FONTS: &[WantedFont] = &[
    wanted(
        "Inter",
        &["Inter-SemiBold.otf", "Inter-Bold.otf", "Inter-ExtraBold.otf", "Inter-Black.otf"],
        "fonts-inter",
        FontScript::Latin,
    ),
    wanted("Open Sans", &["OpenSans-Semibold.ttf", "OpenSans-ExtraBold.ttf"], "fonts-open-sans", FontScript::Latin),
    wanted("Lato", &["Lato-Semibold.ttf", "Lato-Black.ttf"], "fonts-lato", FontScript::Latin),
    wanted("Noto Sans", &["NotoSans-Bold.ttf"], "fonts-noto-core", FontScript::Latin),
    wanted("Noto Sans", &["NotoSans-SemiBold.ttf", "NotoSans-Black.ttf"], "fonts-noto-extra", FontScript::Latin),
    wanted("Noto Sans Arabic", &["NotoSansArabic-Bold.ttf"], "fonts-noto-core", FontScript::Arabic),
    wanted("Noto Sans Arabic", &["NotoSansArabic-SemiBold.ttf", "NotoSansArabic-Black.ttf"], "fonts-noto-extra", FontScript::Arabic),
    wanted("Noto Sans Hebrew", &["NotoSansHebrew-Bold.ttf"], "fonts-noto-core", FontScript::Hebrew),
    wanted("Noto Sans Devanagari", &["NotoSansDevanagari-Bold.ttf"], "fonts-noto-core", FontScript::Devanagari),
    wanted("Noto Sans Devanagari", &["NotoSansDevanagari-SemiBold.ttf", "NotoSansDevanagari-Black.ttf"], "fonts-noto-extra", FontScript::Devanagari),
    wanted("Noto Sans Bengali", &["NotoSansBengali-Bold.ttf"], "fonts-noto-core", FontScript::Bengali),
    wanted("Noto Sans Gurmukhi", &["NotoSansGurmukhi-Bold.ttf"], "fonts-noto-core", FontScript::Gurmukhi),
    wanted("Noto Sans Gujarati", &["NotoSansGujarati-Bold.ttf"], "fonts-noto-core", FontScript::Gujarati),
    wanted("Noto Sans Tamil", &["NotoSansTamil-Bold.ttf"], "fonts-noto-core", FontScript::Tamil),
    wanted("Noto Sans Telugu", &["NotoSansTelugu-Bold.ttf"], "fonts-noto-core", FontScript::Telugu),
    wanted("Noto Sans Kannada", &["NotoSansKannada-Bold.ttf"], "fonts-noto-core", FontScript::Kannada),
    wanted("Noto Sans Malayalam", &["NotoSansMalayalam-Bold.ttf"], "fonts-noto-core", FontScript::Malayalam),
    wanted("Noto Sans Thai", &["NotoSansThai-Bold.ttf"], "fonts-noto-core", FontScript::Thai),
    wanted("Noto Sans Armenian", &["NotoSansArmenian-Bold.ttf"], "fonts-noto-core", FontScript::Armenian),
    wanted("Noto Sans Georgian", &["NotoSansGeorgian-Bold.ttf"], "fonts-noto-core", FontScript::Georgian),
    wanted("Noto Sans Ethiopic", &["NotoSansEthiopic-Bold.ttf"], "fonts-noto-core", FontScript::Ethiopic),
    wanted("Noto Sans CJK", &["NotoSansCJK-Bold.ttc"], "fonts-noto-cjk", FontScript::Cjk),
    wanted("Noto Sans CJK", &["NotoSansCJK-Black.ttc"], "fonts-noto-cjk-extra", FontScript::Cjk),
    wanted("Noto Color Emoji", &["NotoColorEmoji.ttf"], "fonts-noto-color-emoji", FontScript::Emoji),
    wanted("Noto Sans Symbols", &["NotoSansSymbols-Bold.ttf"], "fonts-noto-core", FontScript::Symbols),
    wanted("Noto Sans Symbols 2", &["NotoSansSymbols2-Regular.ttf"], "fonts-noto-core", FontScript::Symbols),
    wanted("Noto Sans Math", &["NotoSansMath-Regular.ttf"], "fonts-noto-core", FontScript::Symbols),
];

/// The scripts whose fonts are needed to draw `texts`. Latin is always among them: digits,
/// spaces and punctuation come from it.
pub fn fonts_needed(texts: &[&str]) -> BTreeSet<FontScript> {
    let mut needed = BTreeSet::from([FontScript::Latin]);
    needed.extend(texts.iter().flat_map(|text| text.chars()).map(super::script::font_script));
    needed
}

/// Families tried after the style's own, in order; the CJK faces are inserted by language.
const CHAIN: &[&str] = &["Inter", "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari"];
const EMOJI: &str = "Noto Color Emoji";

/// The fonts of one process or job.
pub struct FontLibrary {
    collection: Collection,
    families: Vec<String>,
    unreadable: Vec<String>,
}

impl FontLibrary {
    /// Registers the files. Fails only when none of them is a font.
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

    /// Names of files that turned out not to be fonts.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Families present, sorted.
    pub fn families(&self) -> &[String] {
        &self.families
    }

    pub(super) fn into_context(self) -> (FontContext, Vec<String>) {
        let context =
            FontContext { collection: self.collection, source_cache: SourceCache::default() };
        (context, self.families)
    }
}

/// The fallback chain for one text: the style's family, the fixed chain, CJK faces in the order
/// of the language, emoji, then whatever else is present. `emoji_first` is for emoji sequences,
/// which some text fonts cover with a monochrome glyph.
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
    names.extend(present.iter().map(String::as_str).filter(|name| !name.contains("Mono CJK")));
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
