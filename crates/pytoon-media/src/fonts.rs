//! Locates font files on the machine.
//!
//! Fonts are chosen by file name from a known list, so that a film looks the same on every machine that has them. A
//! brand's own font may be added by family or file. For characters that all of them lack, any other installed font
//! that covers them is used.

use pytoon_graphics::text::{
    FontFile, FontLibrary, FontScript, TextEngine, WANTED_FONTS, WantedFont, font_script,
    fonts_needed, glyphs_needed, take_covered,
};
use pytoon_process::SystemError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The writing systems and characters that no installed font covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// The preferred font for each writing system without an installed one.
    pub fonts: Vec<&'static WantedFont>,
    /// The characters without any known font, or missing from the fonts of their script.
    pub letters: String,
}

/// The font files chosen for some texts.
struct Choice {
    paths: BTreeSet<PathBuf>,
    /// The characters missing from all chosen files.
    undrawn: BTreeSet<char>,
}

/// The system's font folders.
const SYSTEM_FOLDERS: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts"];
/// Maximum depth of the search in folders.
const MAX_DEPTH: usize = 5;

/// The installed font files, by file name.
#[derive(Debug, Clone, Default)]
pub struct FontFinder {
    files: BTreeMap<String, PathBuf>,
}

impl FontFinder {
    /// Searches the system's folders, the user's folders and those in `extra`.
    pub fn search(extra: &[PathBuf]) -> Self {
        let mut finder = Self::default();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let user = home.iter().flat_map(|h| [h.join(".fonts"), h.join(".local/share/fonts")]);
        let system = SYSTEM_FOLDERS.iter().map(PathBuf::from);
        for folder in extra.iter().cloned().chain(user).chain(system) {
            finder.walk(&folder, 0);
        }
        finder
    }

    fn walk(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name =
                path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let is_font =
                [".ttf", ".otf", ".ttc"].iter().any(|end| name.to_lowercase().ends_with(end));
            if is_font {
                // The first folder wins: the user's own comes before the system's.
                self.files.entry(name).or_insert(path);
            } else if depth < MAX_DEPTH && path.is_dir() {
                self.walk(&path, depth + 1);
            }
        }
    }

    /// Returns the font file with the given name.
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files.get(name).map(PathBuf::as_path)
    }

    /// Returns the installed and the missing fonts among those wanted for a script.
    pub fn wanted_fonts(
        &self,
        script: FontScript,
    ) -> (Vec<&'static WantedFont>, Vec<&'static WantedFont>) {
        WANTED_FONTS
            .iter()
            .filter(|font| font.script == script)
            .partition(|font| font.file_names.iter().any(|name| self.files.contains_key(*name)))
    }

    /// Returns the writing systems and characters of `texts` that no installed font covers.
    pub fn lacking(&self, texts: &[&str]) -> Lacking {
        let mut lacking = Lacking::default();
        for letter in self.choose(texts).undrawn {
            let script = font_script(letter);
            let known = WANTED_FONTS.iter().find(|font| font.script == script);
            match known
                .filter(|_| script != FontScript::Latin && self.wanted_fonts(script).0.is_empty())
            {
                Some(font) if lacking.fonts.contains(&font) => {}
                Some(font) => lacking.fonts.push(font),
                None => lacking.letters.push(letter),
            }
        }
        lacking
    }

    /// Chooses the font files for `texts`: the listed fonts of their scripts, and other installed families for
    /// characters that those lack.
    fn choose(&self, texts: &[&str]) -> Choice {
        let scripts = fonts_needed(texts);
        let fonts = WANTED_FONTS.iter().filter(|font| scripts.contains(&font.script));
        let mut paths = BTreeSet::new();
        // Every font of the list contains ASCII.
        let mut undrawn = glyphs_needed(texts);
        undrawn.retain(|letter| !letter.is_ascii());
        for font in fonts {
            let files: Vec<&PathBuf> =
                font.file_names.iter().filter_map(|name| self.files.get(*name)).collect();
            // The weights of a family contain the same characters.
            if let Some(first) = files.first() {
                is_used(first, &mut undrawn);
            }
            paths.extend(files.into_iter().cloned());
        }
        for path in self.one_of_each_family() {
            if undrawn.is_empty() {
                break;
            }
            if is_used(path, &mut undrawn) {
                paths.insert(path.clone());
            }
        }
        Choice { paths, undrawn }
    }

    /// Returns one file for each installed family: its bold file, or else its first. Noto's families come
    /// first, since they are designed to be combined.
    fn one_of_each_family(&self) -> Vec<&PathBuf> {
        let mut families: BTreeMap<(bool, &str), (&str, &PathBuf)> = BTreeMap::new();
        for (name, path) in &self.files {
            let (family, weight) = name.split_once('-').unwrap_or((name, ""));
            let entry = families.entry((!name.starts_with("Noto"), family));
            let chosen = entry.or_insert((weight, path));
            if weight.starts_with("Bold.") {
                *chosen = (weight, path);
            }
        }
        families.into_values().map(|(_, path)| path).collect()
    }

    /// Returns the font files of a family by file name, such as `Montserrat-Bold.ttf` for "Montserrat".
    fn family_files(&self, family: &str) -> Vec<&Path> {
        let squeeze = |text: &str| {
            text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
        };
        let wanted = squeeze(family);
        self.files
            .iter()
            .filter(|(name, _)| {
                let stem = name.split(['-', '.', '[']).next().unwrap_or_default();
                !wanted.is_empty() && squeeze(stem) == wanted
            })
            .map(|(_, path)| path.as_path())
            .collect()
    }

    /// Creates a text engine with the fonts for `texts` and a brand's own font.
    pub fn engine(&self, texts: &[&str], brand_font: Option<&str>) -> Result<Fonts, SystemError> {
        let mut paths = self.choose(texts).paths;
        let mut brand_family = None;
        if let Some(font) = brand_font {
            let own = self.brand_paths(font)?;
            brand_family = first_family(&own)?.or(Some(font.to_owned()));
            paths.extend(own);
        }
        let files = paths.iter().map(|path| read_font(path)).collect::<Result<Vec<_>, _>>()?;
        let library = FontLibrary::new(files).map_err(|error| {
            SystemError::unusable(Path::new("fonts"), format!("{error}: run `make setup`"))
        })?;
        Ok(Fonts { engine: TextEngine::new(library), brand_family })
    }

    fn brand_paths(&self, font: &str) -> Result<Vec<PathBuf>, SystemError> {
        let as_file = Path::new(font);
        if as_file.is_file() {
            return Ok(vec![as_file.to_owned()]);
        }
        let found: Vec<PathBuf> = self.family_files(font).into_iter().map(Path::to_owned).collect();
        if found.is_empty() {
            return Err(SystemError::unusable(
                as_file,
                "it is neither a font file nor an installed family; run `fc-list : family` for \
                 a list",
            ));
        }
        Ok(found)
    }
}

/// Removes the characters that a font file covers from `undrawn`. Returns true if there were any.
fn is_used(path: &Path, undrawn: &mut BTreeSet<char>) -> bool {
    !undrawn.is_empty() && std::fs::read(path).is_ok_and(|bytes| take_covered(&bytes, undrawn))
}

fn read_font(path: &Path) -> Result<FontFile, SystemError> {
    let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
    Ok(FontFile::new(path.display().to_string(), bytes))
}

/// Returns the first family name in the first font file, or `None` if there are no files.
fn first_family(paths: &[PathBuf]) -> Result<Option<String>, SystemError> {
    let Some(path) = paths.first() else { return Ok(None) };
    let library = FontLibrary::new(vec![read_font(path)?])
        .map_err(|_| SystemError::unusable(path, "it is not a font file that can be read"))?;
    Ok(library.families().first().cloned())
}

/// Fonts ready for text layout.
pub struct Fonts {
    /// The text engine.
    pub engine: TextEngine,
    /// The family of the brand's font, if one was requested.
    pub brand_family: Option<String>,
}
