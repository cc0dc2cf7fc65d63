//! Language tags (BCP 47) in the forms that services accept.

/// Three-letter language codes with the two-letter codes that services use for them: the code of the same
/// language (`nb` for `nob`), of the macrolanguage (`zh` for `cmn`), or an older code (`tl` for `fil`). The
/// sources are ISO 639-3 and 639-1.
const SHORTER: [(&str, &str); 6] =
    [("cmn", "zh"), ("yue", "zh"), ("fil", "tl"), ("nob", "nb"), ("nno", "nn"), ("arb", "ar")];

/// Returns the primary subtag of a tag, such as `en`.
pub(crate) fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// Returns a two-letter code of a tag's language, or `None` if no such code is known. A request to a service
/// that requires two letters then omits the language.
pub(crate) fn two_letters(tag: &str) -> Option<String> {
    let code = primary(tag).to_lowercase();
    if code.len() == 2 {
        return Some(code);
    }
    let known = SHORTER.iter().find(|(long, _)| *long == code);
    known.map(|(_, short)| (*short).to_owned())
}

/// Returns the script subtag of a tag, such as `Hant`, and the tag without it, joined by hyphens.
pub(crate) fn script_apart(tag: &str) -> (Option<&str>, String) {
    let is_script = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let parts: Vec<&str> = tag.split(['-', '_']).collect();
    let script = parts.iter().skip(1).copied().find(|part| is_script(part));
    let others: Vec<&str> = parts.into_iter().filter(|part| Some(*part) != script).collect();
    (script, others.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_shortened_to_two_letters_or_omitted() {
        for (tag, expected) in [
            ("en-GB", Some("en")),
            ("zh-Hant-TW", Some("zh")),
            ("yue", Some("zh")),
            ("fil-PH", Some("tl")),
            ("nob", Some("nb")),
            ("haw", None),
            ("", None),
        ] {
            assert_eq!(two_letters(tag).as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn a_script_is_taken_out_of_a_tag() {
        for (tag, script, rest) in [
            ("sr-Latn", Some("Latn"), "sr"),
            ("sr_Latn_RS", Some("Latn"), "sr-RS"),
            ("zh-Hans", Some("Hans"), "zh"),
            ("en-GB", None, "en-GB"),
            ("de-1996", None, "de-1996"),
        ] {
            assert_eq!(script_apart(tag), (script, rest.to_owned()), "{tag}");
        }
    }
}
