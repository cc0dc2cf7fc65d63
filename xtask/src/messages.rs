//! Writes `docs/specs/messages.txt`, which lists every sentence in the code of the shipped programs by file, so that
//! people can read all messages from top to bottom and a review shows each change.
//!
//! The list contains string literals with at least two words, in the order of the code. It omits tests, parts of SQL
//! statements, reasons of lint attributes and doc comments, except doc comments of types that `clap` shows as
//! `--help`.

use anyhow::{Context, bail};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::fmt::Write;
use std::path::Path;

const FILE: &str = "docs/specs/messages.txt";
const HEAD: &str = "Every sentence in the code of the shipped programs, by file. `cargo xtask messages` writes\n\
    this file; `make check` compares it. Placeholders are in braces.\n";
/// Crates without messages: word tables, and tools for tests.
const UNSEEN: &[&str] = &["pytoon-english", "pytoon-normalize", "pytoon-testkit"];
/// Beginnings of SQL statements, which are not messages.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE ",
    "CREATE ",
    "ALTER ",
    "WITH ",
    "PRAGMA ",
    "BEGIN",
    "LISTEN ",
    "NOTIFY ",
    "SET ",
    "EXPLAIN ",
    "DROP ",
    "RETURNING ",
    "ORDER BY ",
    "ON CONFLICT ",
    "WHERE ",
    "FROM ",
    "AND ",
    "VALUES ",
];
/// Words that only parts of SQL statements contain.
const SQL_WORDS: &[&str] = &[
    "SELECT ",
    "CAST(",
    "COALESCE(",
    "ORDER BY ",
    "SKIP LOCKED",
    "FOR SHARE",
    "FOR NO KEY",
    " = $",
    "${",
    "created_at",
    " IN (",
    " = {",
];
/// The derive macros of types whose doc comments become `--help`.
const HELP: &[&str] = &["Parser", "Args", "Subcommand", "ValueEnum"];

/// Writes `docs/specs/messages.txt`, or checks that it is up to date.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let path = crate::root().join(FILE);
    let text = page()?;
    if !check {
        return std::fs::write(&path, text).context(format!("failed to write {FILE}"));
    }
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        bail!("{FILE} is out of date: run `cargo xtask messages`, and read the difference");
    }
    Ok(())
}

fn page() -> anyhow::Result<String> {
    let root = crate::root();
    let mut page = HEAD.to_owned();
    for file in crate::tidy::sources(&root.join("crates"))? {
        let shown = file.strip_prefix(&root).unwrap_or(&file);
        if !is_shipped(shown) {
            continue;
        }
        let code = std::fs::read_to_string(&file)?;
        let tokens: TokenStream =
            code.parse().map_err(|e| anyhow::anyhow!("{}: {e}", shown.display()))?;
        let mut found = Vec::new();
        collect(tokens, false, &mut found);
        if !found.is_empty() {
            write!(page, "\n## {}\n\n", shown.display())?;
            found.iter().try_for_each(|sentence| writeln!(page, "{sentence}"))?;
        }
    }
    Ok(page)
}

fn is_shipped(path: &Path) -> bool {
    let text = path.display().to_string();
    let is_test = |part: &str| {
        part == "tests"
            || part.ends_with("tests.rs")
            || part.contains("testing")
            || part.contains("conformance")
    };
    text.contains("/src/")
        && !text.split('/').any(is_test)
        && !UNSEEN.iter().any(|name| text.starts_with(&format!("crates/{name}/")))
}

/// Collects the sentences in an item and everything inside it. `help` is true inside a type that `clap` shows.
fn collect(tokens: TokenStream, help: bool, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    // Attributes of the item that follows.
    let (mut is_test, mut is_help) = (false, help);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                // An inner attribute: a module's `//!` comment among them.
                if tokens.next_if(is_exclamation).is_some() {
                    tokens.next();
                    continue;
                }
                let Some(TokenTree::Group(group)) = tokens.peek() else { continue };
                let text = group.stream().to_string();
                let is_attribute = group.delimiter() == Delimiter::Bracket;
                if is_attribute
                    && (text.starts_with("cfg (test)")
                        || text.starts_with("cfg(test)")
                        || text == "test")
                {
                    is_test = true;
                }
                if text.starts_with("derive") {
                    is_help |= HELP.iter().any(|name| group_has_word(group, name));
                }
                let is_doc = text.starts_with("doc ") || text.starts_with("doc=");
                let is_lint = text.starts_with("allow") || text.starts_with("expect");
                let group = group.clone();
                tokens.next();
                if !is_lint && (!is_doc || is_help) {
                    collect(group.stream(), is_help, found);
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => (is_test, is_help) = (false, help),
            TokenTree::Group(group) => {
                if !is_test {
                    collect(group.stream(), is_help, found);
                }
                if group.delimiter() == Delimiter::Brace {
                    (is_test, is_help) = (false, help);
                }
            }
            TokenTree::Literal(literal) if !is_test => {
                found.extend(sentence(&literal.to_string()).filter(|text| !found.contains(text)));
            }
            _ => {}
        }
    }
}

fn is_exclamation(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == '!')
}

fn group_has_word(group: &Group, word: &str) -> bool {
    group.stream().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(inner) => group_has_word(&inner, word),
        _ => false,
    })
}

/// Returns the text of a string literal if it is a sentence: it has at least two words and is not SQL. Otherwise
/// returns `None`.
fn sentence(literal: &str) -> Option<String> {
    let raw = literal.trim_start_matches(['r', 'b', 'c']).trim_matches('#');
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut rest = inner.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            // A line that goes on: the break and the indent are no part of the text.
            ('\\', Some('\n')) => while rest.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', Some('"' | '\\')) => text.extend(rest.next()),
            ('\n', _) => text.push_str("\\n"),
            _ => text.push(c),
        }
    }
    let text = text.trim().to_owned();
    let words = text
        .split_whitespace()
        .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1);
    let is_sql = SQL.iter().any(|start| text.starts_with(start))
        || SQL_WORDS.iter().any(|word| text.contains(word));
    (words.count() >= 2 && !is_sql).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found_outside_of_tests() {
        let code = r###"
            //! Not shown.
            /// Not shown.
            fn f() { bail!("the file {path} \"is\" \
                      missing"); run("x", "SELECT a FROM b") }
            #[derive(Debug, clap::Args)]
            struct Help {
                /// Shown in help.
                #[arg(long)] a: bool }
            /// Not shown either.
            struct Other;
            #[allow(dead_code, reason = "the names are the documentation")]
            const C: &str = "state IN (a, b)";
            #[cfg(test)]
            mod tests { const A: &str = "not in tests"; }
            const B: &str = r#"raw words"#;
        "###;
        let mut found = Vec::new();
        collect(code.parse().expect("code"), false, &mut found);
        assert_eq!(found, ["the file {path} \"is\" missing", "Shown in help.", "raw words"]);
    }
}
