//! Chooses the engines for a scene and their order, and records the reasons.
//!
//! Guarantees: the functions are pure; the chain ends at `local` and names each engine once; every configured
//! engine that is considered is either a member or excluded, in both cases with a reason.
//!
//! Order: the engine that the scene requests; the preset's preferences; engines whose capability words are in the
//! scene's style and prompt; the default chain. An engine whose clip costs more than the budget, or whose breaker is
//! open, stays a member and is marked. Its state may change before the call; if it does not, the fallback past the
//! engine is logged.
//!
//! This module does not call any engine, which `engine_manager` does.
//!
//! Start with [`resolve_engine`].

use crate::adapter::{Ratio, not_offered};
use crate::breaker::BreakerState;
use pytoon_config::engines::EngineSettings;
use pytoon_core::chain::{ChainMember, EngineChain, LeftOut};
use pytoon_vocabulary::{EngineName, MicroUsd};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the local engine, which cannot fail.
pub const LOCAL: &str = pytoon_core::plan::LOCAL_ENGINE;

/// Minimum fraction of a clip that remains after a crop to the film's aspect ratio. A clip that would lose more is
/// not purchased. Between 9:16 and 1:1 the fraction is 0.56; between 9:16 and 16:9 it is 0.32.
const LEAST_KEPT: f64 = 0.5;

/// The properties of a scene that determine its chain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SceneWish<'a> {
    /// The engine that the brief requests by name, for the scene or for the whole film.
    pub explicit: Option<&'a str>,
    /// The id of the preset.
    pub preset_id: &'a str,
    /// Keywords about camera, light and mood.
    pub keywords: &'a [String],
    /// The description of the clip's content.
    pub prompt: &'a str,
    /// True if the clip starts from a picture.
    pub has_image: bool,
    /// The aspect ratio of the film.
    pub ratio: Ratio,
    /// The budget that the price of the clip must not exceed; `None` for no limit. The pipeline gives the job's whole
    /// budget.
    pub budget: Option<MicroUsd>,
}

/// The current facts about an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineFacts {
    /// True if the engine has an API key or needs none.
    pub has_key: bool,
    /// The environment variables that may contain the engine's API key.
    pub key_env: Vec<String>,
    /// True if the engine can draw from a prompt alone.
    pub text_to_video: bool,
    /// True if the engine can start from a picture.
    pub image_input: bool,
    /// The aspect ratio of the engine's clip; `None` if unknown in advance.
    pub shape: Option<Ratio>,
    /// The estimated cost of this scene.
    pub estimate: MicroUsd,
    /// The length to request, in milliseconds.
    pub asked_ms: u32,
    /// The state of the engine's breaker.
    pub breaker: BreakerState,
    /// The reason why an operator switched the engine off; `None` if it is switched on.
    pub switched_off: Option<String>,
}

/// Chooses the engines of a scene and their order, and records why the other engines are excluded.
pub fn resolve_engine(
    wish: &SceneWish<'_>,
    settings: &EngineSettings,
    facts: &BTreeMap<EngineName, EngineFacts>,
) -> EngineChain {
    let mut chain = EngineChain::default();
    let mut seen = BTreeSet::new();
    for (engine, reason) in order(wish, settings) {
        if engine == LOCAL && wish.explicit != Some(LOCAL) || !seen.insert(engine.clone()) {
            continue;
        }
        if engine == LOCAL {
            break;
        }
        let Some(config) = settings.engines.external.get(engine.as_str()) else { continue };
        match obstacle(engine.as_str(), config.enabled, facts.get(&engine), wish) {
            Some(reason) => chain.left_out.push(LeftOut { engine, reason }),
            None => chain.members.extend(facts.get(&engine).map(|facts| ChainMember {
                estimate: facts.estimate,
                asked_ms: facts.asked_ms,
                blocked: temporary_obstacle(facts, wish),
                cooling_until: facts.breaker.open_until(),
                engine,
                reason,
            })),
        }
    }
    let reason = if wish.explicit == Some(LOCAL) {
        "the scene asks for it"
    } else {
        "drawn on this machine; cannot fail"
    };
    chain.members.push(ChainMember {
        engine: LOCAL.into(),
        reason: reason.to_owned(),
        estimate: MicroUsd::ZERO,
        asked_ms: 0,
        blocked: None,
        cooling_until: None,
    });
    chain
}

/// Returns the engines to consider, in order and possibly more than once, each with the reason for its position. A
/// scene that names `local` gets only that; a preset's own fallback list replaces the default chain.
fn order(wish: &SceneWish<'_>, settings: &EngineSettings) -> Vec<(EngineName, String)> {
    let mut order: Vec<(EngineName, String)> = Vec::new();
    if let Some(explicit) = wish.explicit {
        order.push((explicit.into(), "the scene asks for it".to_owned()));
        if explicit == LOCAL {
            return order;
        }
    }
    let prefs = settings.preset_engine_prefs.get(wish.preset_id);
    if let Some(preferred) = prefs.and_then(|prefs| prefs.preferred_engine.as_ref()) {
        order.push((preferred.as_str().into(), format!("preset {} prefers it", wish.preset_id)));
    }
    if let Some(names) = prefs.and_then(|prefs| prefs.fallback_override.as_ref()) {
        let reason = format!("fallback of preset {}", wish.preset_id);
        order.extend(names.iter().map(|name| (name.as_str().into(), reason.clone())));
        return order;
    }
    let found = |name: &String| {
        let words = matching_words(wish, &settings.engines.external.get(name)?.capabilities);
        (!words.is_empty()).then(|| (name.clone(), words))
    };
    let mut by_words: Vec<_> = settings.default_chain.iter().filter_map(found).collect();
    // Stable: ties keep the order of the default chain.
    by_words.sort_by_key(|(_, words)| std::cmp::Reverse(words.len()));
    for (name, words) in by_words {
        order.push((name.into(), format!("good at: {}", words.join(", "))));
    }
    for (place, name) in settings.default_chain.iter().enumerate() {
        order.push((name.as_str().into(), format!("default chain, place {}", place + 1)));
    }
    order
}

fn matching_words<'a>(wish: &SceneWish<'_>, capabilities: &'a [String]) -> Vec<&'a str> {
    let text = format!("{} {}", wish.keywords.join(" "), wish.prompt).to_lowercase();
    let words: BTreeSet<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    capabilities
        .iter()
        .map(String::as_str)
        .filter(|capability| {
            let capability = capability.to_lowercase();
            words.contains(capability.as_str())
                || (capability.contains(' ') && text.contains(&capability))
        })
        .collect()
}

/// Returns the obstacle that rules an engine out for this scene: its configuration, a missing API key or an
/// unsuitable offer. `None` if there is none.
fn obstacle(
    name: &str,
    enabled: bool,
    facts: Option<&EngineFacts>,
    wish: &SceneWish<'_>,
) -> Option<String> {
    if !enabled {
        return Some(format!("v2.engines.{name}.enabled is false"));
    }
    let Some(facts) = facts else { return Some(format!("v2.engines.{name} is not configured")) };
    if let Some(reason) = &facts.switched_off {
        return Some(reason.clone());
    }
    if !facts.has_key {
        return Some(format!("no key: set {}", facts.key_env.join(" or ")));
    }
    if !(if wish.has_image { facts.image_input } else { facts.text_to_video }) {
        return Some(not_offered(wish.has_image).to_owned());
    }
    let shape = facts.shape?;
    let kept = shape.remaining_fraction_of(wish.ratio);
    (kept < LEAST_KEPT).then(|| {
        format!(
            "it offers no aspect ratio close to {}: {shape} would crop {:.0} % of the picture",
            wish.ratio,
            (1.0 - kept) * 100.0
        )
    })
}

/// Returns the temporary obstacle to an engine, an open breaker or a price above the budget; `None` if there is none.
fn temporary_obstacle(facts: &EngineFacts, wish: &SceneWish<'_>) -> Option<String> {
    if facts.breaker.open_until().is_some() {
        return Some("its circuit breaker is open after failures".to_owned());
    }
    let budget = wish.budget?;
    (facts.estimate > budget)
        .then(|| format!("its clip costs {}, and the budget is {budget}", facts.estimate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_config::{Config, ConfigSource};

    fn settings(yaml: &str) -> EngineSettings {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("engine.yaml"), yaml).expect("file");
        Config::load(&ConfigSource::Folder(folder.path().into())).expect("valid").engines
    }

    fn facts(names: &[&str]) -> BTreeMap<EngineName, EngineFacts> {
        ["runway", "pika", "luma", "pexels"]
            .into_iter()
            .map(|name| {
                let facts = EngineFacts {
                    has_key: names.contains(&name),
                    key_env: vec![format!("{}_API_KEY", name.to_uppercase())],
                    text_to_video: true,
                    image_input: name != "luma",
                    shape: (name != "pexels").then(Ratio::default),
                    estimate: MicroUsd::from_usd(0.25),
                    asked_ms: 5000,
                    breaker: BreakerState::Closed,
                    switched_off: None,
                };
                (name.into(), facts)
            })
            .collect()
    }

    fn names(chain: &EngineChain) -> Vec<&str> {
        chain.members.iter().map(|member| member.engine.as_str()).collect()
    }

    #[test]
    fn without_a_wish_the_default_chain_holds_and_keys_decide() {
        let settings = settings("");
        let wish = SceneWish { prompt: "a cup", ..SceneWish::default() };
        let all = resolve_engine(&wish, &settings, &facts(&["runway", "pika", "luma"]));
        assert_eq!(names(&all), ["runway", "pika", "luma", "local"]);
        let none = resolve_engine(&wish, &settings, &facts(&[]));
        assert_eq!(names(&none), ["local"]);
        assert_eq!(none.left_out.len(), 3);
        assert!(none.left_out[0].reason.contains("RUNWAY_API_KEY"));
    }

    #[test]
    fn a_scene_a_preset_and_words_change_the_order() {
        let yaml = "v2: {preset_engine_prefs: {mine: {preferred_engine: luma, fallback_override: [pika]}}}";
        let settings = settings(yaml);
        let facts = facts(&["runway", "pika", "luma"]);
        let explicit = SceneWish { explicit: Some("pika"), ..SceneWish::default() };
        assert_eq!(
            names(&resolve_engine(&explicit, &settings, &facts)),
            ["pika", "runway", "luma", "local"]
        );
        let preset = SceneWish { preset_id: "mine", ..SceneWish::default() };
        assert_eq!(names(&resolve_engine(&preset, &settings, &facts)), ["luma", "pika", "local"]);
        let words = SceneWish { prompt: "A Dreamy, surreal sea", ..SceneWish::default() };
        let chain = resolve_engine(&words, &settings, &facts);
        assert_eq!(names(&chain), ["luma", "runway", "pika", "local"]);
        assert_eq!(chain.members[0].reason, "good at: dreamy, surreal");
        let local = SceneWish { explicit: Some("local"), ..SceneWish::default() };
        assert_eq!(names(&resolve_engine(&local, &settings, &facts)), ["local"]);
    }

    #[test]
    fn what_would_lose_most_of_its_picture_is_not_bought() {
        let settings = settings("");
        let mut facts = facts(&["runway", "pika"]);
        let shape = |width, height| Ratio { width, height };
        facts.get_mut("runway").expect("facts").shape = Some(shape(1280, 720));
        facts.get_mut("pika").expect("facts").shape = Some(shape(720, 720));
        let upright = SceneWish { ratio: shape(1080, 1920), ..SceneWish::default() };
        let chain = resolve_engine(&upright, &settings, &facts);
        assert_eq!(names(&chain), ["pika", "local"]);
        let reason = &chain.left_out[0].reason;
        assert_eq!(
            reason,
            "it offers no aspect ratio close to 1080:1920: 1280:720 would crop 68 % of the picture"
        );
        let square = SceneWish { ratio: shape(1080, 1080), ..SceneWish::default() };
        assert_eq!(names(&resolve_engine(&square, &settings, &facts)), ["runway", "pika", "local"]);
    }

    #[test]
    fn what_cannot_draw_it_is_left_out_and_what_may_later_is_marked() {
        let settings = settings("v2: {engines: {pika: {enabled: false}}}");
        let mut facts = facts(&["runway", "pika", "luma"]);
        if let Some(runway) = facts.get_mut("runway") {
            runway.breaker = BreakerState::Open { until: 9 };
        }
        let wish = SceneWish { has_image: true, ..SceneWish::default() };
        let chain = resolve_engine(&wish, &settings, &facts);
        assert_eq!(names(&chain), ["runway", "local"]);
        assert_eq!(chain.members[0].cooling_until, Some(9));
        let reasons: Vec<&str> = chain.left_out.iter().map(|l| l.reason.as_str()).collect();
        assert!(reasons[0].contains("enabled is false") && reasons[1].contains("picture"));
        let poor = SceneWish { budget: Some(MicroUsd::from_usd(0.1)), ..SceneWish::default() };
        let chain = resolve_engine(&poor, &settings, &facts);
        assert!(chain.members[1].blocked.as_ref().is_some_and(|b| b.contains("budget is $0.10")));
    }
}
