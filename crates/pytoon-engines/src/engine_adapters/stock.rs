//! Code shared by the sources of stock footage: it derives search terms from a prompt and chooses a clip.
//!
//! Guarantees: the same request and the same reply produce the same clip; a clip is vertical and covers the
//! requested length.

use super::common;
use crate::adapter::{
    Capabilities, Durations, GenerateRequest, Offer, Output, Prepared, Ratio, Task, TaskState,
};
use crate::{Accepted, Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::MicroUsd;
use serde_json::{Value, json};

/// Maximum number of search terms. Searches with more words often return no results.
const MAX_TERMS: usize = 4;
/// Maximum length of a search that every source accepts, in characters.
const MAX_SEARCH: usize = 100;
/// Maximum number of suitable results to choose from, since the first ones are the most relevant.
const CONSIDERED: usize = 5;
/// The height of a file, in pixels, that is enough for a film 1920 pixels high.
const ENOUGH: u64 = 1920;

/// Words that describe how a picture is made or that do not help a search, in alphabetical order.
const SILENT: &str = "
    about above aerial after against amid and angle animated animation are around background
    beautiful before behind being below bokeh bright camera cinematic clean close closeup color
    colour composition depth detailed dolly down dramatic drone during each epic establishing
    field film focus footage for frame from gentle gently has have high highly hyper image in
    into its lens light lighting like look macro mood motion movement moving near no not of off
    on onto our out over pan panning people photo photorealistic portrait quality realistic
    render resolution scene shallow shot show showing shows slow slowly smooth soft some style
    stylized subtle text that the their them then there these they this through to toward
    towards tracking ultra under vertical very video view viewed warm was watching wide with
    without words you your zoom
";

/// Returns the first words of a prompt that are worth searching for, in the order of the prompt: at most `MAX_TERMS`
/// words and about `MAX_SEARCH` characters.
pub(crate) fn search_terms(prompt: &str) -> String {
    let mut terms: Vec<String> = Vec::new();
    // The subject is in the first sentence; the rest mostly describes the camera.
    for word in prompt.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let word = word.trim_matches('\'').to_lowercase();
        let is_telling = word.chars().count() >= 3
            && !word.chars().all(|c| c.is_ascii_digit())
            && !SILENT.split_whitespace().any(|silent| silent == word);
        let length: usize = terms.iter().map(|t| t.chars().count() + 1).sum();
        if is_telling && !terms.contains(&word) && length + word.chars().count() <= MAX_SEARCH {
            terms.push(word);
        }
        if terms.len() == MAX_TERMS {
            break;
        }
    }
    terms.join(" ")
}

/// Returns the offer of stock footage: vertical clips of 1 to 60 s.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        from_words: Some(Offer {
            durations: Durations::Range { min: 1000, max: 60_000, step: 1000 },
            ratios: vec![Ratio::default()],
            follows_picture: false,
        }),
        max_prompt: 5000,
        is_stock: true,
        ..Capabilities::default()
    }
}

/// Returns an empty path and a body with the search terms. Returns an error if the prompt has no words to search for.
pub(crate) fn body(engine: &str, request: &GenerateRequest) -> Result<(String, Value)> {
    let terms = search_terms(&request.prompt);
    if terms.is_empty() {
        return Err(common::unsupported_error(engine, "the prompt has no words to search for"));
    }
    Ok((String::new(), json!({ "query": terms })))
}

/// Returns the search terms of a prepared request.
pub(crate) fn query(prepared: &Prepared) -> &str {
    common::text_at(&prepared.body, "/query").unwrap_or_default()
}

/// A clip in the search results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) length_ms: u64,
    pub(crate) files: Vec<File>,
    pub(crate) credit: String,
}

/// A downloadable file of a clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct File {
    pub(crate) url: String,
    pub(crate) width: u64,
    pub(crate) height: u64,
}

/// Chooses a clip for a prepared request and returns it as a finished task. Returns an error if no clip is suitable.
pub(crate) fn task(engine: &str, found: &[Found], prepared: &Prepared) -> Result<Task> {
    let (clip, file) = choose(found, &prepared.request).ok_or_else(|| {
        let message = format!(
            "no vertical clip of at least {:.1} s was found for `{}`",
            f64::from(prepared.request.duration_ms) / 1000.0,
            query(prepared)
        );
        VendorError::new(engine, common::SUBMIT, VendorErrorKind::Unsupported, message)
    })?;
    Ok(Task { id: clip.id.clone(), data: json!({ "url": file.url, "credit": clip.credit }) })
}

/// Chooses a clip and its file for a request; `None` if no clip is vertical and long enough. The seed selects among
/// the suitable clips, so that scenes with the same words do not all show the same clip.
fn choose<'a>(found: &'a [Found], request: &GenerateRequest) -> Option<(&'a Found, &'a File)> {
    let fitting: Vec<(&Found, &File)> = found
        .iter()
        .filter(|clip| clip.length_ms >= u64::from(request.duration_ms))
        .filter_map(|clip| Some((clip, best_file(&clip.files)?)))
        .take(CONSIDERED)
        .collect();
    fitting.get(request.seed as usize % fitting.len().max(1)).copied()
}

/// Returns the smallest vertical file that is at least `ENOUGH` pixels high, or else the highest vertical one; `None`
/// if no file is vertical.
fn best_file(files: &[File]) -> Option<&File> {
    // 4:5 still fills a 9:16 frame without losing more than a third of its width.
    let upright = || files.iter().filter(|f| f.width > 0 && f.height * 4 >= f.width * 5);
    upright()
        .filter(|f| f.height >= ENOUGH)
        .min_by_key(|f| f.height)
        .or_else(|| upright().max_by_key(|f| f.height))
}

/// Returns the state of a stock task, whose clip is already available.
pub(crate) fn state(engine: &str, task: &Task) -> TaskState {
    let text = |pointer: &str| common::text_at(&task.data, pointer).map(str::to_owned);
    match text("/url") {
        Some(url) => TaskState::Succeeded {
            output: Output { url, credit: text("/credit") },
            cost: Some(MicroUsd::ZERO),
        },
        None => {
            let message = "the stored search result contains no clip URL";
            let lost = VendorError::new(engine, common::POLL, VendorErrorKind::Lost, message);
            TaskState::Failed(lost.with_accepted(Accepted::Yes))
        }
    }
}

/// Returns the length of a side at a JSON pointer, in pixels; 0 if it is absent.
pub(crate) fn pixels(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0).min(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_words_are_searched_for() {
        for (prompt, expected) in [
            ("Cinematic slow motion shot of coffee beans falling", "coffee beans falling"),
            ("A barista's hands pour milk; warm light, 4k", "barista's hands pour milk"),
            ("the camera of the video", ""),
            ("Ein Fluss im Wald", "ein fluss wald"),
        ] {
            assert_eq!(search_terms(prompt), expected, "{prompt}");
        }
        assert!(search_terms(&"x".repeat(500)).len() <= MAX_SEARCH);
    }

    #[test]
    fn a_clip_is_upright_long_enough_and_not_larger_than_needed() {
        let file = |width, height| File { url: format!("{width}"), width, height };
        let clip = |id: &str, length_ms, files| Found {
            id: id.into(),
            length_ms,
            files,
            credit: String::new(),
        };
        let found = [
            clip("short", 3000, vec![file(1080, 1920)]),
            clip("flat", 9000, vec![file(1920, 1080)]),
            clip("a", 9000, vec![file(2160, 3840), file(1080, 1920), file(540, 960)]),
            clip("b", 5000, vec![file(540, 960), file(720, 1280)]),
        ];
        let mut request = GenerateRequest {
            call_id: Default::default(),
            prompt: String::new(),
            negative_prompt: None,
            image: None,
            duration_ms: 5000,
            ratio: Ratio { width: 9, height: 16 },
            seed: 0,
        };
        let chosen = |request: &GenerateRequest| {
            choose(&found, request).map(|(clip, file)| (clip.id.clone(), file.height))
        };
        assert_eq!(chosen(&request), Some(("a".into(), 1920)));
        request.seed = 1;
        assert_eq!(chosen(&request), Some(("b".into(), 1280)));
        request.duration_ms = 20_000;
        assert_eq!(chosen(&request), None);
    }
}
