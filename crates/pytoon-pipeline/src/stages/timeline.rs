//! Builds the timeline, and writes it with its caption sidecars.

use crate::folder::JobFolder;
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::write_json;
use crate::stages::voice::target_ms;
use crate::{PipelineError, Result};
use pytoon_config::settings::{BrandSafe, CaptionDefaults, Settings};
use pytoon_core::artifact;
use pytoon_core::brief::Ending;
use pytoon_core::caption::sidecar::{self, CaptionsFile};
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_core::timeline::build::{BuildInput, Built, Extras, build};
use pytoon_core::timeline::duck::DuckSettings;
use pytoon_core::timeline::utterance::Utterance;
use pytoon_core::timeline::{CaptionStyle, Look, Timeline};
use pytoon_media::fonts::{FontFinder, Fonts};
use pytoon_vocabulary::CaptionZone;
use serde::Serialize;
use std::collections::BTreeMap;

/// The configured settings that affect a timeline: captions, ducking and masked words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TimelineSettings {
    captions: CaptionDefaults,
    duck: DuckSettings,
    brand_safe: BrandSafe,
}

impl TimelineSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            captions: settings.captions.clone(),
            duck: settings.mix.duck.clone(),
            brand_safe: settings.brand_safe.clone(),
        }
    }
}

/// Builds the timeline of a scene graph with its speech and assets. Fails if the result contradicts itself.
pub(crate) fn timeline(
    settings: &TimelineSettings,
    sources: &Sources,
    graph: &SceneGraph,
    speech: &[Vec<Utterance>],
    assets: &BTreeMap<String, AssetFacts>,
) -> Result<Built> {
    let captions = sources.brief.caption_settings();
    let is_brand_safe = sources.brief.brand_safe == Some(true);
    let keeps_colours = is_brand_safe && sources.palette.brand_accent.is_some();
    let look = Look {
        // A grade would shift the brand's own colours.
        grade_strength: if keeps_colours { 0.0 } else { sources.preset.grade_strength },
        palette: sources.palette.clone(),
        captions: CaptionStyle {
            burn_in: !sources.brief.captions_are_off(),
            look: captions.look.unwrap_or(sources.preset.captions.look),
            platform: captions.platform.unwrap_or(settings.captions.platform),
            size: sources.preset.captions.size * captions.size.unwrap_or(1.0),
            lead_ms: settings.captions.lead_ms,
            top_room: 0.0,
        },
        font: sources.font.clone(),
    };
    let built = build(&BuildInput {
        graph,
        preset: &sources.preset,
        profile: &sources.profile,
        speech,
        assets,
        duck: &settings.duck,
        look,
        captions: !sources.brief.captions_are_off(),
        caption_zone: captions.position.map(CaptionZone::from),
        overlays: &sources.overlays,
        target_ms: target_ms(sources),
        masked_words: if is_brand_safe { &settings.brand_safe.masked_words } else { &[] },
        extras: Extras {
            chapters: sources.brief.chapters == Some(true),
            loops: sources.brief.ending == Some(Ending::Loop),
            opening_title: sources.preset.opening_title,
            effects: sources.brief.sound_effects.as_ref().unwrap_or(&sources.preset.sound_effects),
        },
    })?;
    if let Some((place, reason)) = built.timeline.problem() {
        return Err(PipelineError::Internal(format!(
            "the timeline contradicts itself at {place}: {reason}"
        )));
    }
    Ok(built)
}

/// Writes the timeline of a film and its caption sidecars into the work folder.
pub(crate) fn write(folder: &JobFolder, rendition: Rendition, timeline: &Timeline) -> Result<()> {
    let name = |artifact: &str| rendition.file(artifact);
    write_json(folder, &name(artifact::TIMELINE), timeline)?;
    let cues = &timeline.tracks.captions;
    if !cues.is_empty() {
        let size = (timeline.profile.width, timeline.profile.height);
        folder.write(&name(artifact::CAPTIONS_SRT), sidecar::to_srt(cues).as_bytes())?;
        folder.write(&name(artifact::CAPTIONS_VTT), sidecar::to_vtt(cues).as_bytes())?;
        folder.write(&name(artifact::CAPTIONS_ASS), sidecar::to_ass(cues, size).as_bytes())?;
        let file = CaptionsFile::of(cues, &timeline.language);
        write_json(folder, &name(artifact::CAPTIONS_JSON), &file)?;
    }
    Ok(())
}

/// Returns the fonts of all text on a timeline.
pub(crate) fn fonts(finder: &FontFinder, timeline: &Timeline) -> Result<Fonts> {
    use pytoon_core::timeline::{ClipSource, OverlayContent};
    let mut texts: Vec<&str> =
        timeline.tracks.captions.iter().map(|cue| cue.text.as_str()).collect();
    texts.extend(timeline.tracks.overlays.iter().flat_map(|overlay| match &overlay.content {
        OverlayContent::Text { text } => vec![text.as_str()],
        OverlayContent::Label { text } => vec![text.as_str()],
        OverlayContent::Chapter { .. } => vec!["0123456789"],
        OverlayContent::Title { text, detail } | OverlayContent::LowerThird { text, detail } => {
            detail.iter().map(String::as_str).chain([text.as_str()]).collect()
        }
        OverlayContent::Image { .. } => Vec::new(),
    }));
    texts.extend(timeline.tracks.video.iter().filter_map(|clip| match &clip.source {
        ClipSource::Background { headline, .. } => headline.as_deref(),
        _ => None,
    }));
    texts.extend(timeline.tracks.video.iter().flat_map(|clip| match &clip.source {
        ClipSource::Background { words: Some(set), .. } => {
            set.words.iter().map(|word| word.text.as_str()).collect()
        }
        _ => Vec::new(),
    }));
    Ok(finder.engine(&texts, timeline.look.font.as_deref())?)
}
