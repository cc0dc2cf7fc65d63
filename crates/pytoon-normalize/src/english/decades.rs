//! Distinguishes decades in digits from numbers of seconds.

use super::context::Context;

/// Words before `90s` that mark it as a decade and not as a number of seconds, such as `the`.
const DECADE_CUES: &[&str] =
    &["the", "early", "late", "mid", "his", "her", "their", "my", "our", "your", "of"];
/// Words after `90s` that mark it as a decade and not as a number of seconds, such as `music`.
const DECADE_STYLES: &[&str] = &[
    "music",
    "hits",
    "fashion",
    "style",
    "look",
    "vibe",
    "vibes",
    "kid",
    "kids",
    "nostalgia",
    "movie",
    "movies",
    "rock",
    "pop",
    "song",
    "songs",
    "party",
    "show",
    "shows",
    "classic",
    "classics",
    "disco",
];

/// Returns true if a token such as `90s` is a decade and not a number of seconds. The word before it (`the 90s`) or
/// after it (`90s music`) decides.
pub(super) fn is_decade(context: &Context<'_>, index: usize) -> bool {
    let core = context.core(index);
    let has_shape = (core.len() == 3 && core.ends_with("0s")
        || core.len() == 4 && core.ends_with("0's"))
        && core.starts_with(|c: char| c > '1');
    let before_style =
        core.starts_with(|c: char| c > '4') && DECADE_STYLES.contains(&context.next(index));
    has_shape && (context.follows(index, DECADE_CUES) || before_style)
}
