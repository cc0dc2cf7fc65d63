//! Loads fonts for tests from Debian's font folders. For a missing font, the panic message names the package to
//! install.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{FontFile, FontLibrary, TextEngine, WANTED_FONTS};

/// Returns the shared engine with every wanted font. All tests of the process use it.
pub(crate) fn engine() -> TextEngine {
    static ENGINE: OnceLock<TextEngine> = OnceLock::new();
    ENGINE
        .get_or_init(|| {
            let files = WANTED_FONTS
                .iter()
                .flat_map(|wanted| wanted.file_names.iter().map(move |name| (wanted, *name)))
                .map(|(wanted, name)| {
                    let path = find(Path::new("/usr/share/fonts"), name).unwrap_or_else(|| {
                        panic!("font {name} is missing: install Debian package {}", wanted.package)
                    });
                    FontFile::new(name, std::fs::read(path).expect("readable font"))
                })
                .collect();
            TextEngine::new(FontLibrary::new(files).expect("fonts load"))
        })
        .clone()
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).collect();
    entries
        .iter()
        .find(|path| path.is_file() && path.file_name().is_some_and(|n| n == name))
        .cloned()
        .or_else(|| entries.iter().filter(|p| p.is_dir()).find_map(|p| find(p, name)))
}
