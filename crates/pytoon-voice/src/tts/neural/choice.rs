//! Chooses the installed voice that speaks a language.
//!
//! The choice is pure: equal voices and preferences give an equal choice.

use crate::installed::{InstalledVoice, Style};
use crate::language::primary;

/// Returns the best voice for a language. Voices with the exact tag (`en-GB`) precede others, then those of the
/// style, then the voice `heart`, then the first by name. `en` alone counts as `en-US`. Never returns a voice of
/// another language.
pub fn choose<'a>(
    installed: &'a [InstalledVoice],
    language: &str,
    style: Option<Style>,
) -> Option<&'a InstalledVoice> {
    let wanted = language.replace('_', "-").to_lowercase();
    let tag = |voice: &InstalledVoice| voice.manifest.language.replace('_', "-").to_lowercase();
    installed.iter().filter(|voice| primary(&tag(voice)) == primary(&wanted)).min_by_key(|voice| {
        let own = tag(voice);
        let is_of_style = style.is_none_or(|style| voice.manifest.styles.contains(&style));
        // `en` alone is American, as in the default voices.
        let is_of_tag = own == wanted || (wanted == "en" && own == "en-us");
        (!is_of_tag, !is_of_style, voice.manifest.name != "heart", voice.manifest.name.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installed::{Family, Gender, Manifest};

    fn voice(name: &str, language: &str, styles: &[Style]) -> InstalledVoice {
        InstalledVoice {
            folder: name.into(),
            manifest: Manifest {
                version: 1,
                name: name.to_owned(),
                family: Family::Heart,
                language: language.to_owned(),
                accent: None,
                gender: Gender::Female,
                styles: styles.to_vec(),
                quality: None,
                licence: "CC0-1.0".to_owned(),
                source: String::new(),
                sample_rate: 24_000,
                words_per_minute: None,
                front_end: None,
                files: std::collections::BTreeMap::new(),
            },
        }
    }

    #[test]
    fn language_comes_before_style_and_style_before_name() {
        let voices = [
            voice("emma", "en-GB", &[Style::Calm]),
            voice("fenrir", "en-US", &[Style::Low]),
            voice("heart", "en-US", &[Style::Calm, Style::Bright]),
            voice("thorsten", "de-DE", &[]),
        ];
        for (language, style, expected) in [
            ("en", None, Some("heart")),
            ("en", Some(Style::Low), Some("fenrir")),
            ("en_US", Some(Style::Bright), Some("heart")),
            ("en-GB", Some(Style::Low), Some("emma")),
            ("en-AU", None, Some("heart")),
            ("de", Some(Style::Calm), Some("thorsten")),
            ("fr", None, None),
        ] {
            let found = choose(&voices, language, style).map(|v| v.manifest.name.as_str());
            assert_eq!(found, expected, "{language} {style:?}");
        }
    }
}
