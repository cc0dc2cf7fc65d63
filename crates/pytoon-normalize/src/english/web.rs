//! Addresses: web pages (host only), e-mail, `@handles`, `#hashtags`, domains, file names.

use super::acronyms;
use super::compounds;
use super::context::Context;
use crate::numbers::english::Dialect;
use crate::sentence::Reading;

/// Top-level domains that identify a token as an address. Those in [`WORDS`] need further evidence.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "ai", "app", "dev", "co", "uk", "us", "de", "fr", "es", "it", "eu",
    "ca", "au", "nz", "ie", "in", "jp", "cn", "br", "pt", "mx", "ch", "at", "be", "nl", "se", "no",
    "dk", "fi", "pl", "cz", "ru", "tv", "me", "ly", "gg", "xyz", "info", "biz", "shop", "store",
    "online", "site", "tech", "blog", "news", "cloud", "edu", "gov", "mil", "int", "link", "live",
    "studio", "design", "agency", "example", "test", "local", "coffee", "world", "today", "page",
    "space", "fm", "to", "cc", "id", "za",
];
/// Top-level domains that are also words. They count only with a scheme, `www.`, a path, a second dot, or a digit or
/// hyphen in the name.
const WORDS: &[&str] = &[
    "in", "it", "at", "be", "no", "me", "to", "us", "is", "so", "today", "world", "live", "news",
    "test", "local", "space", "page", "link", "site", "store", "online", "design", "coffee", "id",
    "in", "de", "es", "se",
];
/// File name extensions.
const FILES: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "jpg", "jpeg", "png", "gif",
    "svg", "webp", "mp3", "mp4", "mov", "wav", "avi", "mkv", "zip", "rar", "html", "htm", "css",
    "js", "ts", "jsx", "tsx", "json", "xml", "yaml", "yml", "md", "py", "rs", "go", "rb", "java",
    "cpp", "exe", "dmg", "apk", "psd", "log", "toml", "sh", "net",
];
/// Domains and file name extensions that are spoken as words.
const SAID_AS_WORDS: &[&str] = &[
    "com", "org", "net", "info", "biz", "shop", "store", "app", "dev", "co", "me", "edu", "gov",
    "mil", "online", "site", "tech", "blog", "news", "cloud", "link", "live", "studio", "design",
    "agency", "example", "test", "local", "coffee", "world", "today", "page", "space", "zip",
    "doc", "gif", "log", "java", "mov", "go", "int", "web", "wav", "json", "yaml", "toml",
];

/// Expands a web or e-mail address, a handle, a hashtag or a file name.
pub(super) fn address(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let spoken = if let Some(rest) = core.strip_prefix('@') {
        handle(rest)?
    } else if let Some(rest) = core.strip_prefix('#') {
        hashtag(rest)?
    } else if core.contains("://") {
        link(core)?
    } else if core.contains('@') {
        mail(core)?
    } else if core.contains(['.', ':']) {
        link(core).or_else(|| host_or_file(core))?
    } else {
        return None;
    };
    Some(vec![Reading::from(spoken)])
}

fn is_name(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '\''))
}

fn handle(name: &str) -> Option<String> {
    let (name, possessive) = match name.strip_suffix("'s") {
        Some(owner) => (owner, "'s"),
        None => (name, ""),
    };
    is_name(name).then(|| format!("at {}{possessive}", label(name, " underscore ")))
}

fn hashtag(name: &str) -> Option<String> {
    let has_letter = name.chars().any(char::is_alphabetic);
    (is_name(name) && has_letter).then(|| format!("hashtag {}", camel(&name.replace('_', " "))))
}

fn mail(core: &str) -> Option<String> {
    let (user, host) = core.strip_prefix("mailto:").unwrap_or(core).split_once('@')?;
    let is_user =
        !user.is_empty() && user.chars().all(|c| c.is_alphanumeric() || "._%+-'".contains(c));
    if !is_user || !is_host(host) {
        return None;
    }
    let user: Vec<String> = user.split('.').map(|part| label(part, " underscore ")).collect();
    Some(format!("{} at {}", user.join(" dot "), self::host(host)))
}

/// Expands the host of a link with a scheme or `www.`.
fn link(core: &str) -> Option<String> {
    let (rest, is_link) = match core.split_once("://") {
        Some((scheme, rest))
            if scheme.len() <= 8 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (rest, true)
        }
        _ => (core, false),
    };
    let is_www = rest.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    if !is_link && !is_www {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let name = authority.rsplit('@').next().unwrap_or(authority);
    let name = name.split(':').next().unwrap_or(name);
    (!name.is_empty()).then(|| host(name))
}

/// Expands a domain without its path, a file name, or a file name extension on its own.
fn host_or_file(core: &str) -> Option<String> {
    let (core, possessive) = core.strip_suffix("'s").map_or((core, ""), |owner| (owner, "'s"));
    let (name, path) = core.split_at(core.find('/').unwrap_or(core.len()));
    let name = name.split_once(':').map_or(name, |(host, _)| host);
    let (head, ending) = name.rsplit_once('.')?;
    if head.is_empty()
        && path.is_empty()
        && ending.len() <= 8
        && ending.chars().all(char::is_alphanumeric)
    {
        return ending
            .starts_with(char::is_alphabetic)
            .then(|| format!("dot {}{possessive}", self::ending(ending)));
    }
    let ending = ending.to_ascii_lowercase();
    let has_letters = head.chars().any(char::is_alphabetic)
        && head.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c));
    if !has_letters || ending.len() > 8 {
        return None;
    }
    let is_word = WORDS.contains(&ending.as_str());
    let is_domain = DOMAINS.contains(&ending.as_str())
        && is_host(name)
        && (!is_word
            || !path.is_empty()
            || head.contains('.')
            || head.chars().any(|c| c.is_ascii_digit() || c == '-'));
    let is_file = FILES.contains(&ending.as_str())
        && path.is_empty()
        && (ending != "go" && ending != "net" || head.is_empty());
    let is_dot_net = name.eq_ignore_ascii_case("asp.net");
    (is_domain || is_file || is_dot_net).then(|| format!("{}{possessive}", host(name)))
}

fn is_host(text: &str) -> bool {
    let labels = text.split('.');
    text.contains('.')
        && labels.clone().all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

/// Expands a host or file name, with "dot" between its parts. A leading `www.` is dropped.
fn host(text: &str) -> String {
    let lower_www = text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    let text = if lower_www { &text[4..] } else { text };
    let labels: Vec<&str> = text.split('.').filter(|label| !label.is_empty()).take(12).collect();
    let count = labels.len();
    let spoken: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(at, label)| {
            if at > 0 && at + 1 == count {
                ending(label)
            } else {
                self::label(label, " underscore ")
            }
        })
        .collect();
    spoken.join(" dot ")
}

fn ending(label: &str) -> String {
    let lower = label.to_ascii_lowercase();
    let is_word = SAID_AS_WORDS.contains(&lower.as_str())
        || (label.len() > 4 && label.chars().all(char::is_alphabetic));
    match lower.as_str() {
        _ if is_word => lower,
        "jpg" | "jpeg" => "J peg".to_owned(),
        _ => compounds::spell_out(&compounds::split_digits(
            &label.to_ascii_uppercase(),
            acronyms::spell_out,
            Dialect::American,
        )),
    }
}

/// Expands one part of a web or e-mail address. `underscore` is the text spoken for an underscore.
fn label(text: &str, underscore: &str) -> String {
    let text = text
        .replace('_', underscore)
        .replace('-', " dash ")
        .replace('+', " plus ")
        .replace('.', " dot ")
        .replace('%', " percent ");
    text.split_whitespace().map(camel).collect::<Vec<_>>().join(" ")
}

/// Splits `CamelCase` and separates letters from digits, then expands the words.
fn camel(text: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
        let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = (c.is_uppercase()
            && (previous.is_lowercase() || (previous.is_uppercase() && next_is_lower)))
            || c.is_ascii_digit() != previous.is_ascii_digit()
            || c.is_whitespace();
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !c.is_whitespace()) {
            word.push(c);
        }
    }
    let read = |word: &String| match word {
        _ if word.bytes().all(|b| b.is_ascii_digit()) => compounds::model_number(word),
        _ => acronyms::expand_known(word).unwrap_or_else(|| acronyms::lower_if_caps(word)),
    };
    let words: Vec<String> = words.iter().filter(|word| !word.is_empty()).map(read).collect();
    words.join(" ")
}
