//! Checks that documents name only existing files and tests.

use std::path::{Path, PathBuf};

/// Documents that describe the present code. ADRs and the status also describe earlier code.
const DOCUMENTS: &[&str] =
    &["README.md", "ARCHITECTURE.md", "SECURITY.md", "docs/guides", "docs/runbooks"];
/// File names used as examples, which need not exist.
const EXAMPLES: &[&str] = &["acme.rs", "new_engine.rs"];

/// Returns a problem for each named file or test that does not exist.
pub(crate) fn problems() -> anyhow::Result<Vec<String>> {
    let root = crate::root();
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        for page in pages(&root.join(document))? {
            let text = std::fs::read_to_string(&page)?;
            let shown = page.strip_prefix(&root).unwrap_or(&page).display().to_string();
            let missing = quoted(&text).filter(|name| !is_there(&root, name));
            problems
                .extend(missing.map(|name| format!("{shown} names `{name}`, which is not there")));
        }
    }
    Ok(problems)
}

fn pages(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Returns the texts between single backticks, line by line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Returns false for a source file or a test that does not exist; true for everything else.
fn is_there(root: &Path, name: &str) -> bool {
    let is_example = EXAMPLES.iter().any(|example| name.ends_with(example));
    if name.starts_with("crates/") && name.ends_with(".rs") && !is_example {
        return root.join(name).is_file();
    }
    // `file::test` of the acceptance tests.
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    };
    match name.split_once("::") {
        Some((file, test)) if is_word(file) && is_word(test) => {
            let text = std::fs::read_to_string(root.join(format!("tests/v2/{file}.rs")));
            text.map_or(true, |text| text.contains(&format!("fn {test}(")))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_tests_that_are_gone_are_seen() {
        let root = crate::root();
        let text = "see `xtask` and `a::b`: `crates/pytoon/src/main.rs`\nor `crates/gone.rs`, `machine::gone`";
        let missing: Vec<&str> = quoted(text).filter(|name| !is_there(&root, name)).collect();
        assert_eq!(missing, ["crates/gone.rs", "machine::gone"]);
    }
}
