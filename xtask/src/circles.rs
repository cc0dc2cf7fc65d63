//! Finds circular imports among the files of a crate.
//!
//! A file imports another if it names an item that the other defines; a re-exported name (`pub use`) leads to its
//! definition. Imports between a module and its submodules do not count. `use` lines and paths are parsed as text,
//! and tests are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Module = Vec<String>;

/// The text of a crate's files by module, without comments and tests.
struct Crate {
    texts: BTreeMap<Module, String>,
    uses: BTreeMap<Module, Vec<Module>>,
    inner: BTreeMap<Module, BTreeSet<String>>,
}

/// Returns one line for each circular import in a crate's sources.
pub(crate) fn circles(name: &str, files: &[PathBuf], src: &Path) -> Vec<String> {
    let house = Crate::read(files, src);
    let arrows: BTreeMap<&Module, BTreeSet<&Module>> =
        house.texts.keys().map(|module| (module, house.imports(module))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for from in arrows.keys().copied() {
        let reached = reach(&arrows, from);
        let circle = reached.iter().filter(|to| reach(&arrows, to).contains(from));
        let circle: Vec<String> = circle.map(|module| module.join("::")).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    let line = |circle: &Vec<String>| {
        format!("{name}: {} import each other in a circle", circle.join(", "))
    };
    found.iter().map(line).collect()
}

fn reach<'a>(
    arrows: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    from: &Module,
) -> BTreeSet<&'a Module> {
    let next = |module: &Module| arrows.get(module).into_iter().flatten().copied();
    let (mut seen, mut open): (BTreeSet<&Module>, Vec<&Module>) =
        (BTreeSet::new(), next(from).collect());
    while let Some(module) = open.pop() {
        if seen.insert(module) {
            open.extend(next(module));
        }
    }
    seen
}

impl Crate {
    fn read(files: &[PathBuf], src: &Path) -> Self {
        let mut texts = BTreeMap::new();
        for file in files {
            let Ok(inside) = file.strip_prefix(src) else { continue };
            let inside = inside.with_extension("");
            let mut module: Module =
                inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
                module.pop();
            }
            if module.iter().any(|part| part.contains("tests") || part == "testing") {
                continue;
            }
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines();
            let code: Vec<&str> =
                code.filter(|line| !line.trim_start().starts_with("//")).collect();
            texts.insert(module, code.join("\n"));
        }
        let uses = texts.iter().map(|(module, text)| (module.clone(), used_paths(text))).collect();
        let inner =
            texts.iter().map(|(module, text)| (module.clone(), declared_modules(text))).collect();
        Self { texts, uses, inner }
    }

    /// Returns the modules that a module imports, except its ancestors and descendants.
    fn imports(&self, module: &Module) -> BTreeSet<&Module> {
        let text = &self.texts[module];
        let in_code = paths_in_code(text).into_iter();
        let own = self.uses[module].iter().cloned().chain(in_code);
        let found = own.filter_map(|path| self.resolve(&self.absolute(module, &path)?, 0));
        found.filter(|to| !to.starts_with(module) && !module.starts_with(to)).collect()
    }

    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let kept = module.len().checked_sub(ups)?;
                Some([&module[..kept], &path[ups..]].concat())
            }
            inner if self.inner[module].contains(inner) => Some([module, path].concat()),
            _ => None,
        }
    }

    /// Returns the module that defines the name at the end of a path; `None` if it is not in the crate. Follows
    /// re-exports.
    fn resolve(&self, path: &Module, depth: usize) -> Option<&Module> {
        let length = (0..=path.len()).rev().find(|n| self.texts.contains_key(&path[..*n]))?;
        let (module, _) = self.texts.get_key_value(&path[..length])?;
        let Some(name) = path.get(length) else { return Some(module) };
        let handed_on = self.uses[module].iter().find(|used| used.last() == Some(name));
        match handed_on.and_then(|used| self.absolute(module, used)) {
            Some(further) if depth < 8 => self.resolve(&further, depth + 1),
            _ => Some(module),
        }
    }
}

/// Returns the names of the modules that a file declares.
fn declared_modules(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
    });
    lines.collect()
}

/// Returns the paths in all `use` lines of a file.
fn used_paths(text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for part in format!("\n{text}").split("use ").skip(1) {
        if let Some((tree, _)) = part.split_once(';') {
            spread(&[], tree, &mut found);
        }
    }
    found
}

/// Expands `a::{b, c::d}` into `a::b` and `a::c::d`.
fn spread(before: &[String], tree: &str, found: &mut Vec<Module>) {
    let (mut depth, mut start) = (0i32, 0);
    for (at, c) in tree.char_indices().chain([(tree.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                one(before, tree[start..at].trim(), found);
                start = (at + 1).min(tree.len());
            }
            _ => {}
        }
    }
}

fn one(before: &[String], path: &str, found: &mut Vec<Module>) {
    let (path, inside) = match path.split_once('{') {
        Some((path, inside)) => (path.trim_end_matches("::"), inside.strip_suffix('}')),
        None => (path.split(" as ").next().unwrap_or_default(), None),
    };
    let parts = path.split("::").map(|part| part.trim().to_owned());
    let whole: Module =
        before.iter().cloned().chain(parts.filter(|part| !part.is_empty())).collect();
    match inside {
        Some(inside) => spread(&whole, inside, found),
        // `a::{self}` is `a`.
        None if whole.len() > 1 && whole.last().is_some_and(|last| last == "self") => {
            found.push(whole[..whole.len() - 1].to_vec());
        }
        None if !whole.is_empty() => found.push(whole),
        None => {}
    }
}

/// Returns the paths in code, outside of `use` lines, that begin at the crate or a parent module.
fn paths_in_code(text: &str) -> Vec<Module> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c: char| !is_part(c));
    let paths = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths.map(|path| path.split("::").map(str::to_owned).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_through_a_name_that_is_handed_on() {
        let folder = std::env::temp_dir().join(format!("circles-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let lib = write("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::{A, Other};\n");
        let a = write("a.rs", "use super::b::{self, B};\npub struct A;\npub struct Other;\n");
        let b = write("b.rs", "use crate::A;\npub struct B;\n");
        let c = write("c.rs", "use crate::b::B;\n#[cfg(test)]\nmod tests {\n use crate::c;\n}\n");
        let files = [lib, a, b, c];
        let found = circles("x", &files, &folder);
        write("b.rs", "pub struct B;\n");
        let after = circles("x", &files, &folder);
        std::fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(found, ["x: a, b import each other in a circle"]);
        assert!(after.is_empty(), "{after:?}");
    }
}
