//! Finds files by the names that people see: a name is the same in every Unicode normalisation, and
//! whatever kind of space it has.
//!
//! macOS stores `é` as two characters and most editors write one; a screenshot's name has a narrow
//! no-break space where people type a plain one. Guarantees: the exact name wins; a suggestion never
//! looks like what was typed.

use std::path::{Component, Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// The most entries of a folder that are compared.
const MOST_ENTRIES: usize = 5000;

/// What was found under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The file.
    Here(PathBuf),
    /// Several files whose names look alike, none of them exactly as typed.
    Ambiguous,
    /// Nothing.
    Nowhere {
        /// The name of a file beside it that may have been meant.
        similar: Option<String>,
    },
}

/// Finds a file by its path.
pub(crate) fn find(path: &Path) -> Found {
    if path.is_file() {
        return Found::Here(path.to_owned());
    }
    let mut at = PathBuf::new();
    for part in path.components() {
        let Component::Normal(name) = part else {
            at.push(part);
            continue;
        };
        let exact = at.join(name);
        if exact.symlink_metadata().is_ok() {
            at = exact;
            continue;
        }
        let name = name.to_string_lossy();
        let alike: Vec<String> =
            entries(&at).filter(|entry| appearance(entry) == appearance(&name)).take(2).collect();
        match alike.as_slice() {
            [] => return Found::Nowhere { similar: similar(path) },
            [one] => at.push(one),
            _ => return Found::Ambiguous,
        }
    }
    if at.is_file() { Found::Here(at) } else { Found::Nowhere { similar: similar(path) } }
}

/// Returns the name of a file in the same folder that is spelt nearly alike.
fn similar(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_string_lossy().into_owned();
    let names: Vec<String> =
        entries(path.parent()?).filter(|name| appearance(name) != appearance(&wanted)).collect();
    pytoon_config::strict::nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned)
}

fn entries(folder: &Path) -> impl Iterator<Item = String> {
    let read = std::fs::read_dir(folder).ok();
    let entries = read.into_iter().flatten().flatten().take(MOST_ENTRIES);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// What a name looks like: composed, with plain spaces, without characters that are not seen.
fn appearance(name: &str) -> String {
    let seen =
        |c: &char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    let plain = |c: char| if c.is_whitespace() { ' ' } else { c };
    let name: String = name.nfc().filter(seen).map(plain).collect();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_every_normalisation() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(&path, b"x").expect("a file");
            path
        };
        let decomposed = make("Cafe\u{301} au lait/u\u{308}ber uns.jpg");
        let composed = folder.path().join("Caf\u{e9} au lait/\u{fc}ber uns.jpg");
        assert_eq!(find(&composed), Found::Here(decomposed.clone()));
        assert_eq!(find(&decomposed), Found::Here(decomposed));
        let korean = make("\u{d55c}\u{ad6d}.png");
        let jamo = folder.path().join("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}.png");
        assert_eq!(find(&jamo), Found::Here(korean));
        let screenshot = make("Screenshot at 9.41\u{202f}AM.png");
        assert_eq!(find(&folder.path().join("Screenshot at 9.41 AM.png")), Found::Here(screenshot));
    }

    #[test]
    fn a_suggestion_never_looks_like_what_was_typed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a\u{301}.jpg", "a\u{301}\u{200b}.jpg"] {
            std::fs::write(folder.path().join(name), b"x").expect("a file");
        }
        assert_eq!(find(&folder.path().join("\u{e1}.jpg")), Found::Ambiguous);
        std::fs::write(folder.path().join("beach.jpg"), b"x").expect("a file");
        let suggested = Found::Nowhere { similar: Some("beach.jpg".into()) };
        assert_eq!(find(&folder.path().join("baech.jpg")), suggested);
        assert_eq!(find(&folder.path().join("nothing at all")), Found::Nowhere { similar: None });
    }

    #[test]
    fn the_exact_name_wins() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["\u{e9}.jpg", "e\u{301}.jpg"] {
            std::fs::write(folder.path().join(name), b"x").expect("a file");
            assert_eq!(find(&folder.path().join(name)), Found::Here(folder.path().join(name)));
        }
    }
}
