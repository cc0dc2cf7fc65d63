//! Handles changelog fragments, which are files in `changelog.d` that a release moves into `CHANGELOG.md`.

use anyhow::{Context, bail};
use std::path::PathBuf;

const FOLDER: &str = "changelog.d";
const CHANGELOG: &str = "CHANGELOG.md";

/// A changelog fragment: a file that contains list items.
struct Fragment {
    path: PathBuf,
    text: String,
}

/// Returns a problem for each changelog fragment that is not a list.
pub(crate) fn problems() -> anyhow::Result<Vec<String>> {
    let is_list = |fragment: &Fragment| {
        let mut lines = fragment.text.lines();
        lines.next().is_some_and(|line| line.starts_with("- "))
            && lines.all(|line| line.starts_with("- ") || line.starts_with("  "))
            && fragment.text.ends_with('\n')
    };
    let bad = fragments()?.into_iter().filter(|fragment| !is_list(fragment));
    let shown = |fragment: Fragment| {
        format!("{} is not a list of items that begin with `- `", fragment.path.display())
    };
    Ok(bad.map(shown).collect())
}

/// Moves the items of all fragments into a new changelog section for `version`, and removes the fragments.
pub(crate) fn release(version: &str) -> anyhow::Result<()> {
    let fragments = fragments()?;
    if fragments.is_empty() {
        bail!("there are no fragments in {FOLDER}");
    }
    let path = crate::root().join(CHANGELOG);
    let changelog = std::fs::read_to_string(&path).context(CHANGELOG)?;
    let texts: Vec<&str> = fragments.iter().map(|fragment| fragment.text.as_str()).collect();
    std::fs::write(&path, with_release(&changelog, version, &texts)).context(CHANGELOG)?;
    for fragment in fragments {
        std::fs::remove_file(&fragment.path).context("a fragment could not be removed")?;
    }
    Ok(())
}

/// Returns the changelog with a new first section, which includes the items of `Unreleased`.
fn with_release(changelog: &str, version: &str, texts: &[&str]) -> String {
    let (head, rest) = changelog.split_once("\n## ").unwrap_or((changelog.trim_end(), ""));
    let rest = match rest.strip_prefix("Unreleased\n\n") {
        Some(items) => items.to_owned(),
        None if rest.is_empty() => String::new(),
        None => format!("\n## {rest}"),
    };
    format!("{head}\n## {version}\n\n{}{rest}", texts.concat())
}

fn fragments() -> anyhow::Result<Vec<Fragment>> {
    let mut fragments = Vec::new();
    for entry in std::fs::read_dir(crate::root().join(FOLDER)).context(FOLDER)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name != "README.md") {
            let text = std::fs::read_to_string(&path).context("a fragment cannot be read")?;
            fragments.push(Fragment { path, text });
        }
    }
    fragments.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(fragments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_and_unreleased_items_become_the_first_section() {
        let texts = ["- One.\n", "- Two,\n  longer.\n"];
        let after = with_release("# Changelog\n\n## Unreleased\n\n- Zero.\n", "0.2.0", &texts);
        assert_eq!(after, "# Changelog\n\n## 0.2.0\n\n- One.\n- Two,\n  longer.\n- Zero.\n");
        let later = with_release(&after, "0.3.0", &["- Three.\n"]);
        let expected = "# Changelog\n\n## 0.3.0\n\n- Three.\n\n## 0.2.0\n\n- One.";
        assert!(later.starts_with(expected), "{later}");
    }
}
