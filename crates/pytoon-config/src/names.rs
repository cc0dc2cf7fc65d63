//! Finds files by their names as people see and type them.
//!
//! macOS stores `é` as two characters, and most editors write one. A screenshot's name has a narrow no-break space
//! where people type a plain one. A word processor turns `'` into `’`. Paths from Windows have backslashes.
//! Guarantees: the exact name takes precedence; a suggestion that looks like the typed name reports the character
//! that differs.

use std::path::{Component, Path, PathBuf};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// The maximum number of entries of a folder that are compared with a typed name.
const MOST_ENTRIES: usize = 5000;

/// The result of a search for a file by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The path of the file.
    Here(PathBuf),
    /// Several files have names that look like the typed one, and none matches exactly.
    Ambiguous,
    /// There is no such file.
    Nowhere {
        /// The error message, such as `there is no file a.jpg`.
        reason: String,
        /// The name of a similar file in the same folder, if there is one.
        similar: Option<String>,
    },
}

/// Looks up a file by its path. Also accepts a name that looks the same but has other characters, and backslashes
/// between folders.
pub fn find(path: &Path) -> Found {
    let found = look(path);
    let text = path.to_string_lossy();
    if matches!(found, Found::Nowhere { .. })
        && text.contains('\\')
        && let found @ Found::Here(_) = look(Path::new(&text.replace('\\', "/")))
    {
        return found;
    }
    found
}

fn look(path: &Path) -> Found {
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
            [] => return nowhere(path),
            [one] => at.push(one),
            _ => return Found::Ambiguous,
        }
    }
    if at.is_file() { Found::Here(at) } else { nowhere(path) }
}

fn nowhere(path: &Path) -> Found {
    if path.is_dir() {
        let reason = format!("{} is a folder: name a file in it", path.display());
        return Found::Nowhere { reason, similar: None };
    }
    if let Ok(target) = std::fs::read_link(path) {
        let reason = format!(
            "{} is a link to {}, and there is no file there",
            path.display(),
            target.display()
        );
        return Found::Nowhere { reason, similar: None };
    }
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let names: Vec<String> = path.parent().into_iter().flat_map(entries).collect();
    let nearest = crate::strict::nearest(&wanted, names.iter().map(String::as_str));
    let mut reason = format!("there is no file {}", path.display());
    if let Some((theirs, own)) = nearest.and_then(|name| hidden_difference(name, &wanted)) {
        reason.push_str(&format!(
            ", only one whose name looks the same, with U+{:04X} in place of U+{:04X}",
            u32::from(theirs),
            u32::from(own)
        ));
    }
    Found::Nowhere { reason, similar: nearest.map(str::to_owned) }
}

/// Returns the first pair of different characters in two names that look alike (UTS #39); `None` if they do not look
/// alike.
fn hidden_difference(a: &str, b: &str) -> Option<(char, char)> {
    let look_alike = skeleton(a).eq(skeleton(b));
    look_alike.then(|| a.chars().zip(b.chars()).find(|(a, b)| a != b)).flatten()
}

fn entries(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let read = std::fs::read_dir(folder).ok();
    let entries = read.into_iter().flatten().flatten().take(MOST_ENTRIES);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// Returns the visible form of a name: in Unicode's compatibility form, with plain spaces, quotation marks and
/// hyphens, and without invisible characters.
fn appearance(name: &str) -> String {
    let seen =
        |c: &char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    let plain = |c: char| match c {
        '‘' | '’' | 'ʼ' => '\'',
        '“' | '”' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    let name: String = name.nfkc().filter(seen).map(plain).collect();
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

    fn suggestion(path: &Path) -> Option<String> {
        match find(path) {
            Found::Nowhere { similar, .. } => similar,
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn marks_of_other_programs_are_the_plain_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        for (stored, typed) in [
            ("Anna’s cake.jpg", "Anna's cake.jpg"),
            ("photo１.jpg", "photo1.jpg"),
            ("\u{fb01}nal – 2.jpg", "final - 2.jpg"),
            ("sub/a.jpg", "sub\\a.jpg"),
        ] {
            let stored = folder.path().join(stored);
            std::fs::create_dir_all(stored.parent().expect("a parent")).expect("a folder");
            std::fs::write(&stored, b"x").expect("a file");
            assert_eq!(find(&folder.path().join(typed)), Found::Here(stored));
        }
    }

    #[test]
    fn a_folder_is_called_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let Found::Nowhere { reason, .. } = find(folder.path()) else { panic!("a file") };
        assert!(reason.ends_with("is a folder: name a file in it"), "{reason}");
    }

    #[test]
    fn a_suggestion_never_looks_like_what_was_typed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a\u{301}.jpg", "a\u{301}\u{200b}.jpg"] {
            std::fs::write(folder.path().join(name), b"x").expect("a file");
        }
        assert_eq!(find(&folder.path().join("\u{e1}.jpg")), Found::Ambiguous);
        std::fs::write(folder.path().join("beach.jpg"), b"x").expect("a file");
        assert_eq!(suggestion(&folder.path().join("baech.jpg")).as_deref(), Some("beach.jpg"));
        assert_eq!(suggestion(&folder.path().join("nothing at all")), None);
        std::fs::write(folder.path().join("ph\u{43e}to.jpg"), b"x").expect("a file");
        let Found::Nowhere { reason, .. } = find(&folder.path().join("photo.jpg")) else {
            panic!("found a letter of another script")
        };
        assert!(reason.ends_with("with U+043E in place of U+006F"), "{reason}");
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
