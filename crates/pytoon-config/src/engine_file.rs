//! Writes the setting `enabled` of an engine into `engine.yaml`.
//!
//! Guarantees: only this setting changes, and comments, order and line ends stay; the file is replaced as a whole, so
//! that a reader sees the old text or the new one; a text that cannot be changed this way is left as it is.
//!
//! The processes read the changed file by themselves.

use crate::Config;
use crate::document::{Document, Place};
use crate::strict::ConfigError;
use serde_json::{Map, Value};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The indentation of a new line below the line of its mapping, in spaces.
const INDENT: usize = 2;

/// Serialises the changes of this process, each of which reads the file before it writes.
static CHANGES: Mutex<()> = Mutex::new(());

impl Config {
    /// Returns true if this process may replace `engine.yaml` in the configuration folder. The file need not exist.
    pub fn can_write_engines(&self) -> bool {
        let Some(path) = self.engine_file() else { return false };
        let is_folder_open = path.parent().is_some_and(is_writable);
        is_folder_open && (!path.exists() || is_writable(&path))
    }

    /// Sets `enabled` of an engine in `engine.yaml`. Creates the file if only the folder exists.
    ///
    /// Returns an error if there is no configuration folder, if the file is invalid or cannot be written, or if its
    /// text has a form in which the setting cannot be placed.
    pub fn write_enabled(&self, engine: &str, is_enabled: bool) -> Result<(), ConfigError> {
        let _alone = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = self.engine_file() else {
            let reason =
                "there is no configuration folder: create `config`, or name one with --config";
            return Err(ConfigError::file("engine.yaml", reason));
        };
        let wrong = |reason: String| ConfigError::file(path.display().to_string(), reason);
        // A broken file would be changed blindly.
        self.reload_engines()?;
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| wrong(format!("this file cannot be read: {error}")))?,
        };
        let changed = with_enabled(&text, engine, is_enabled).ok_or_else(|| {
            wrong(format!(
                "the setting cannot be placed in this text: write `enabled: {is_enabled}` at \
                 v2.engines.{engine} by hand"
            ))
        })?;
        replace(&path, &changed).map_err(|error| {
            wrong(format!("this file cannot be written: {error}; change `enabled` by hand"))
        })
    }

    /// Returns the path of `engine.yaml` with all symbolic links resolved, so that a link is not replaced by a file.
    fn engine_file(&self) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join("engine.yaml");
        Some(path.canonicalize().unwrap_or(path))
    }
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(metadata) = path.metadata() {
        file.as_file().set_permissions(metadata.permissions())?;
    } else {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Returns the text with `v2.engines.{engine}.enabled` set; `None` if the text has a form in which it cannot be placed.
fn with_enabled(text: &str, engine: &str, is_enabled: bool) -> Option<String> {
    let before = Document::parse(text).ok()?;
    let path = ["v2", "engines", engine, "enabled"];
    let mut wanted = before.value.clone();
    set(&mut wanted, &path, is_enabled);
    let candidates = match before.place(&path.join(".")) {
        Some(place) => [replace_value(text, place, is_enabled), None],
        None => {
            let insertion = Insertion::new(text, &before, &path, is_enabled)?;
            [insertion.in_block_style(), insertion.in_flow_style()]
        }
    };
    let is_wanted = |text: &String| Document::parse(text).is_ok_and(|now| now.value == wanted);
    candidates.into_iter().flatten().find(is_wanted)
}

fn set(value: &mut Value, path: &[&str], is_enabled: bool) {
    let mut at = value;
    for name in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[*name];
    }
    *at = Value::Bool(is_enabled);
}

/// Returns the byte offset of a position.
fn offset(text: &str, place: Place) -> Option<usize> {
    let line_start: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = text.get(line_start..)?;
    let in_line = line.char_indices().nth(place.column - 1).map_or(line.len(), |(at, _)| at);
    Some(line_start + in_line)
}

/// Replaces the value of the key at a position.
fn replace_value(text: &str, key: Place, is_enabled: bool) -> Option<String> {
    let key_start = offset(text, key)?;
    let value_start = key_start + text[key_start..].find(':')? + 1;
    let value_start = value_start + text[value_start..].find(|c: char| !c.is_whitespace())?;
    let value = &text[value_start..];
    let end = value.find(|c: char| c.is_whitespace() || ",}#".contains(c)).unwrap_or(value.len());
    Some(format!("{}{is_enabled}{}", &text[..value_start], &value[end..]))
}

/// A path that is inserted before the first field of its deepest mapping that is in the text.
struct Insertion<'a> {
    text: &'a str,
    /// The names of the path that are not in the text.
    names: &'a [&'a str],
    is_enabled: bool,
    /// The key of the deepest mapping; `None` for the whole document.
    owner: Option<Place>,
    /// The first field of that mapping; `None` if it is empty.
    first: Option<Place>,
}

impl<'a> Insertion<'a> {
    fn new(
        text: &'a str,
        document: &Document,
        path: &'a [&'a str],
        is_enabled: bool,
    ) -> Option<Self> {
        let is_there = |known: &usize| document.place(&path[..*known].join(".")).is_some();
        let known = (1..path.len()).rev().find(is_there).unwrap_or(0);
        let mapping = path[..known].iter().try_fold(&document.value, |at, name| at.get(name))?;
        let names: Vec<&String> = match mapping {
            Value::Object(fields) => fields.keys().collect(),
            Value::Null => Vec::new(),
            _ => return None,
        };
        let places = names.into_iter().filter_map(|name| {
            let parts: Vec<&str> = path[..known].iter().copied().chain([name.as_str()]).collect();
            document.place(&parts.join("."))
        });
        Some(Self {
            text,
            names: &path[known..],
            is_enabled,
            owner: document.place(&path[..known].join(".")),
            first: places.min_by_key(|place| (place.line, place.column)),
        })
    }

    /// Inserts lines before the line of the first field, or after the line of an empty mapping's key.
    fn in_block_style(&self) -> Option<String> {
        let line_end = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines = |indent: usize| {
            let mut lines = String::new();
            for (depth, name) in self.names.iter().enumerate() {
                let is_last = depth + 1 == self.names.len();
                let value = if is_last { format!(" {}", self.is_enabled) } else { String::new() };
                let indent = " ".repeat(indent + INDENT * depth);
                lines += &format!("{indent}{name}:{value}{line_end}");
            }
            lines
        };
        if let Some(first) = self.first {
            let at = offset(self.text, Place { line: first.line, column: 1 })?;
            let (before, after) = self.text.split_at(at);
            return Some(format!("{before}{}{after}", lines(first.column - 1)));
        }
        let Some(owner) = self.owner else {
            let is_open = !self.text.is_empty() && !self.text.ends_with('\n');
            let gap = if is_open { line_end } else { "" };
            return Some(format!("{}{gap}{}", self.text, lines(0)));
        };
        let at = offset(self.text, Place { line: owner.line, column: 1 })?;
        let (before, rest) = self.text.split_at(at);
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.trim_end_matches('\r').replacen("{}", "", 1);
        let new = lines(owner.column - 1 + INDENT);
        Some(format!("{before}{}{line_end}{new}{after}", line.trim_end()))
    }

    /// Inserts the path before the first field on its line, as in JSON.
    fn in_flow_style(&self) -> Option<String> {
        let (last, outer) = self.names.split_last()?;
        let opened: String = outer.iter().map(|name| format!("\"{name}\": {{")).collect();
        let closed = "}".repeat(outer.len());
        let (before, after) = self.text.split_at(offset(self.text, self.first?)?);
        Some(format!("{before}{opened}\"{last}\": {}{closed}, {after}", self.is_enabled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_setting_changes_and_comments_stay() {
        for (before, after) in [
            // The setting is there.
            (
                "v2:\n  engines:\n    runway: # ours\n      enabled: true # since May\n      priority: 1\n",
                "v2:\n  engines:\n    runway: # ours\n      enabled: false # since May\n      priority: 1\n",
            ),
            (
                "v2: {engines: {runway: {enabled: true}}}\n",
                "v2: {engines: {runway: {enabled: false}}}\n",
            ),
            // The engine is there.
            (
                "v2:\r\n  engines:\r\n    runway:\r\n      # money\r\n      priority: 1\r\n",
                "v2:\r\n  engines:\r\n    runway:\r\n      # money\r\n      enabled: false\r\n      priority: 1\r\n",
            ),
            (
                "v2:\n  engines:\n    runway: {}\n    luma:\n      enabled: true\n",
                "v2:\n  engines:\n    runway:\n      enabled: false\n    luma:\n      enabled: true\n",
            ),
            // Other engines are there.
            (
                "v2:\n    engines:\n        luma:\n            enabled: true\n",
                "v2:\n    engines:\n        runway:\n          enabled: false\n        luma:\n            enabled: true\n",
            ),
            // Other settings are there.
            (
                "# für uns\nv2:\n  default_chain: [local]\n",
                "# für uns\nv2:\n  engines:\n    runway:\n      enabled: false\n  default_chain: [local]\n",
            ),
            ("", "v2:\n  engines:\n    runway:\n      enabled: false\n"),
            ("# nothing", "# nothing\nv2:\n  engines:\n    runway:\n      enabled: false\n"),
        ] {
            assert_eq!(with_enabled(before, "runway", false).as_deref(), Some(after));
        }
    }

    #[test]
    fn a_mapping_in_braces_keeps_its_form() {
        for (before, after) in [
            (
                "v2: {engines: {luma: {enabled: true}}}\n",
                "v2: {engines: {\"runway\": {\"enabled\": false}, luma: {enabled: true}}}\n",
            ),
            (
                "v2:\n  engines:\n    runway: {priority: 1} # ours\n",
                "v2:\n  engines:\n    runway: {\"enabled\": false, priority: 1} # ours\n",
            ),
            (
                "{\n  \"v2\": {\n    \"default_chain\": []\n  }\n}\n",
                "{\n  \"v2\": {\n    \"engines\": {\"runway\": {\"enabled\": false}}, \"default_chain\": []\n  }\n}\n",
            ),
        ] {
            assert_eq!(with_enabled(before, "runway", false).as_deref(), Some(after));
        }
    }

    #[test]
    fn a_text_that_cannot_be_changed_is_left_alone() {
        for text in ["v2: [", "v2:\n  engines: [runway]\n", "- v2\n"] {
            assert_eq!(with_enabled(text, "runway", false), None, "{text}");
        }
    }

    #[test]
    fn the_file_is_written_read_again_and_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("folder");
        let source = crate::layers::ConfigSource::Folder(folder.path().into());
        let config = Config::load(&source).expect("loads");
        assert!(config.can_write_engines());
        let is_enabled = || {
            let (settings, _) = config.reload_engines().expect("valid");
            settings.engines.external["runway"].enabled
        };
        for is_wanted in [false, true, false] {
            config.write_enabled("runway", is_wanted).expect("written");
            assert_eq!(is_enabled(), is_wanted);
        }
        let file = folder.path().join("engine.yaml");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("mode");
        config.write_enabled("runway", true).expect("written");
        assert_eq!(file.metadata().expect("file").permissions().mode() & 0o777, 0o640);
        std::fs::write(&file, "v2: [").expect("file");
        config.write_enabled("runway", true).expect_err("an invalid file");
        assert_eq!(std::fs::read_to_string(&file).expect("file"), "v2: [");
    }
}
