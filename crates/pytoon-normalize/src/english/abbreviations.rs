//! Abbreviations: titles, companies, streets, Latin phrases, initials and letters with full stops.

use super::context::{Context, is_capitalised};
use crate::sentence::Reading;

/// The condition under which a token counts as an abbreviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Always, with or without its full stop.
    Always,
    /// Only with its full stop, since without it the token is a word.
    Stop,
    /// Only before a capitalised word, with or without the full stop.
    Title,
    /// Only with its full stop and before a capitalised word. A single letter also needs a house number before it,
    /// and `v.` a name.
    StoppedTitle,
    /// Only before a number, such as `No. 5`. An abbreviation of one or two letters also needs its full stop.
    Number,
}

use When::{Always, Number, Stop, StoppedTitle, Title};

const TABLE: &[(&str, &str, When)] = &[
    ("Mr", "Mister", Always),
    ("Mrs", "Missus", Always),
    ("Ms", "Miz", Title),
    ("Mx", "Mix", Title),
    ("Messrs", "Messers", Always),
    ("Mme", "Madame", Always),
    ("Mlle", "Mademoiselle", Always),
    ("Prof", "Professor", Always),
    ("Gov", "Governor", StoppedTitle),
    ("Sen", "Senator", StoppedTitle),
    ("Rep", "Representative", StoppedTitle),
    ("Gen", "General", StoppedTitle),
    ("Col", "Colonel", StoppedTitle),
    ("Capt", "Captain", Always),
    ("Cpt", "Captain", Always),
    ("Cmdr", "Commander", Always),
    ("Lt", "Lieutenant", Always),
    ("Sgt", "Sergeant", Always),
    ("Maj", "Major", StoppedTitle),
    ("Adm", "Admiral", StoppedTitle),
    ("Pvt", "Private", Always),
    ("Cpl", "Corporal", Always),
    ("Rev", "Reverend", StoppedTitle),
    ("Hon", "Honorable", StoppedTitle),
    ("Pres", "President", StoppedTitle),
    ("Supt", "Superintendent", Always),
    ("Insp", "Inspector", Stop),
    ("Fr", "Father", StoppedTitle),
    ("Br", "Brother", StoppedTitle),
    ("Jr", "Junior", Always),
    ("Sr", "Senior", Always),
    ("Esq", "Esquire", Always),
    ("Ave", "Avenue", Always),
    ("Blvd", "Boulevard", Always),
    ("Rd", "Road", Always),
    ("Ln", "Lane", Stop),
    ("Ct", "Court", Stop),
    ("Sq", "Square", Stop),
    ("Hwy", "Highway", Always),
    ("Pkwy", "Parkway", Always),
    ("Apt", "Apartment", Stop),
    ("apt", "apartment", Number),
    ("Apt", "Apartment", Number),
    ("Fl", "Floor", Stop),
    ("Bldg", "Building", Always),
    ("Rte", "Route", Always),
    ("Mt", "Mount", Always),
    ("Mtn", "Mountain", Always),
    ("Ft", "Fort", StoppedTitle),
    ("Pt", "Point", StoppedTitle),
    ("Inc", "Incorporated", Always),
    ("Ltd", "Limited", Always),
    ("Corp", "Corporation", Always),
    ("Co", "Company", Stop),
    ("Bros", "Brothers", Always),
    ("Assn", "Association", Always),
    ("Assoc", "Associates", Stop),
    ("Intl", "International", Always),
    ("Mfg", "Manufacturing", Always),
    ("Dept", "Department", Always),
    ("dept", "department", Always),
    ("Univ", "University", Stop),
    ("Inst", "Institute", Stop),
    ("Govt", "Government", Always),
    ("govt", "government", Always),
    ("etc", "et cetera", Always),
    ("e.g", "for example", Always),
    ("eg", "for example", Always),
    ("i.e", "that is", Always),
    ("ie", "that is", Always),
    ("E.g", "For example", Always),
    ("I.e", "That is", Always),
    ("vs", "versus", Always),
    ("Vs", "versus", Always),
    ("VS", "versus", Always),
    ("v", "versus", StoppedTitle),
    ("approx", "approximately", Always),
    ("Approx", "Approximately", Always),
    ("ca", "circa", Stop),
    ("c", "circa", Number),
    ("cf", "compare", Always),
    ("viz", "namely", Always),
    ("al", "al", Stop),
    ("a.m", "A M", Always),
    ("p.m", "P M", Always),
    ("A.M", "A M", Always),
    ("P.M", "P M", Always),
    ("a.k.a", "A K A", Always),
    ("aka", "A K A", Always),
    ("p.s", "P S", Always),
    ("P.S", "P S", Always),
    ("n.b", "N B", Always),
    ("est", "established", Number),
    ("Est", "Established", Always),
    ("min", "minimum", Stop),
    ("max", "maximum", Stop),
    ("avg", "average", Always),
    ("Avg", "Average", Always),
    ("temp", "temperature", Stop),
    ("tel", "telephone", Stop),
    ("Tel", "Telephone", Always),
    ("ext", "extension", Always),
    ("Ext", "Extension", Always),
    ("fig", "figure", Number),
    ("Fig", "Figure", Always),
    ("figs", "figures", Stop),
    ("Vol", "Volume", Always),
    ("vol", "volume", Stop),
    ("ch", "chapter", Number),
    ("Ch", "Chapter", Number),
    ("pp", "pages", Number),
    ("p", "page", Number),
    ("pg", "page", Number),
    ("sec", "section", Number),
    ("Sec", "Section", Stop),
    ("ed", "edition", Stop),
    ("eds", "editors", Stop),
    ("misc", "miscellaneous", Always),
    ("orig", "original", Stop),
    ("incl", "including", Always),
    ("excl", "excluding", Always),
    ("cont", "continued", Stop),
    ("mgmt", "management", Always),
    ("mgr", "manager", Always),
    ("asst", "assistant", Always),
    ("qty", "quantity", Always),
    ("req", "required", Stop),
    ("tech", "technical", Stop),
    ("esp", "especially", Stop),
    ("resp", "respectively", Stop),
    ("ref", "reference", Stop),
    ("Ref", "Reference", Stop),
    ("pls", "please", Always),
    ("thx", "thanks", Always),
    ("No", "number", Number),
    ("no", "number", Number),
    ("Nos", "numbers", Number),
    ("nos", "numbers", Number),
    ("NO", "number", Number),
    ("Nr", "number", Number),
    ("Ph.D", "P H D", Always),
    ("PhD", "P H D", Always),
    ("Ph.Ds", "P H Ds", Always),
    ("PhDs", "P H Ds", Always),
    ("M.Sc", "M S C", Always),
    ("B.Sc", "B S C", Always),
    ("MSc", "M S C", Always),
    ("BSc", "B S C", Always),
    ("hrs", "hours", Always),
    ("mins", "minutes", Always),
    ("yrs", "years", Always),
    ("lbs", "pounds", Always),
    ("tbsp", "tablespoon", Always),
    ("tsp", "teaspoon", Always),
    ("km/h", "kilometers per hour", Always),
    ("mph", "miles per hour", Always),
    ("sq", "square", Stop),
    ("oz", "ounces", Stop),
    ("lb", "pound", Stop),
    ("kg", "kilograms", Always),
    ("km", "kilometers", Always),
    ("cm", "centimeters", Always),
    ("kWh", "kilowatt hours", Always),
    ("N", "North", StoppedTitle),
    ("S", "South", StoppedTitle),
    ("E", "East", StoppedTitle),
    ("W", "West", StoppedTitle),
    ("iOS", "i O S", Always),
    ("macOS", "mac O S", Always),
    ("iPadOS", "iPad O S", Always),
    ("watchOS", "watch O S", Always),
    ("IoT", "I O T", Always),
    ("WiFi", "wi fi", Always),
    ("wifi", "wi fi", Always),
    ("mRNA", "M R N A", Always),
    ("PvP", "P V P", Always),
    ("LaTeX", "lay tek", Always),
    ("SaaS", "sass", Always),
    ("VoIP", "voyp", Always),
    ("BTW", "by the way", Always),
    ("btw", "by the way", Always),
    ("FYI", "F Y I", Always),
    ("asap", "A S A P", Always),
    ("diy", "D I Y", Always),
    ("ok", "okay", Always),
    ("tv", "T V", Always),
    ("pdf", "P D F", Always),
    ("usb", "U S B", Always),
    ("faq", "F A Q", Always),
    ("html", "H T M L", Always),
    ("css", "C S S", Always),
    ("url", "U R L", Always),
    ("OK", "okay", Always),
    ("Ok", "okay", Always),
    ("WWII", "World War two", Always),
    ("WW2", "World War two", Always),
    ("WWI", "World War one", Always),
    ("JSON", "jason", Always),
    ("AT&T", "A T and T", Always),
    ("&c", "et cetera", Always),
];

/// Expands an abbreviation, an initial or letters with full stops. Returns `None` for other tokens.
pub(super) fn abbreviation(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if core.is_empty() || core.len() > 24 {
        return None;
    }
    let has_stop = context.sentence.has_stop(index);
    let next = if context.sentence.flows_past_stop(index) { context.core(index + 1) } else { "" };
    let applies = |when: When| match when {
        Always => true,
        Stop => has_stop && !(context.sentence.is_last(index) && is_word_at_end(core)),
        Title => is_capitalised(next),
        StoppedTitle => {
            has_stop && is_capitalised(next) && (core.len() > 1 || is_direction(context, index))
        }
        Number => {
            next.trim_start_matches('#').starts_with(|c: char| c.is_ascii_digit())
                && (has_stop || core.len() > 2)
        }
    };
    let found = TABLE.iter().find(|(written, _, when)| *written == core && applies(*when));
    if let Some((_, spoken, _)) = found {
        return Some(vec![Reading::abbreviation(*spoken)]);
    }
    let is_initial =
        core.chars().count() == 1 && is_capitalised(core) && has_stop && is_capitalised(next);
    if is_initial {
        return Some(vec![Reading::abbreviation(core)]);
    }
    expand_dotted_letters(core).map(|letters| vec![Reading::abbreviation(letters)])
}

/// Returns true for abbreviations that are also words and may end a sentence with a full stop, such as `max`.
fn is_word_at_end(core: &str) -> bool {
    matches!(core, "min" | "max" | "temp" | "ed" | "tech" | "ref" | "orig" | "sec")
}

/// Returns true for a direction after a house number (`12 N. Main`) and `v.` between names.
fn is_direction(context: &Context<'_>, index: usize) -> bool {
    let before = context.before(index, 1);
    if context.core(index) == "v" {
        is_capitalised(before)
    } else {
        before.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// Expands single letters separated by full stops: `U.S.A`, `R.I.P`, `e.V`.
fn expand_dotted_letters(core: &str) -> Option<String> {
    let (core, ending) = core
        .strip_suffix(".'s")
        .or_else(|| core.strip_suffix("'s"))
        .map_or((core, ""), |owner| (owner, "'s"));
    let parts: Vec<&str> = core.split('.').filter(|part| !part.is_empty()).collect();
    let are_letters = parts.len() >= 2
        && parts
            .iter()
            .all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    are_letters.then(|| format!("{}{ending}", parts.join(" ").to_uppercase()))
}
