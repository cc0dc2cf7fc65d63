//! Looks at every picture once: its size, and where the eye goes.

use crate::Result;
use crate::folder::JobFolder;
use crate::sources::{ClipSourceInfo, Sources};
use crate::stage::{Stage, StageContext, Step};
use crate::stages::Asset;
use pytoon_compositor::saliency;
use pytoon_compositor::source_colour::BRIGHTEST;
use pytoon_core::colour::ColourMatch;
use pytoon_core::scene::MediaKind;
use pytoon_core::timeline::build::AssetFacts;
use pytoon_core::timeline::reading::Transfer;
use pytoon_core::timeline::shots::PictureFacts;
use pytoon_media::clip_look::{self, ClipLook};
use pytoon_process::{SystemError, threads};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Looks at pictures and clips.
pub(crate) struct LookStage;

#[derive(Serialize)]
pub(crate) struct LookInput {
    /// Still pictures, each once, with the fields of the brief that name them.
    pictures: Vec<(String, Asset)>,
    clips: BTreeMap<String, ClipSourceInfo>,
    clip_stamps: Vec<String>,
    width: u32,
    height: u32,
    /// What shows where pictures are transparent.
    ground: [u8; 3],
}

impl LookInput {
    pub(crate) fn of(sources: &Sources, ground: [u8; 3], folder: &JobFolder) -> Self {
        let pictures = pictures(sources).into_iter();
        let stamp = |path: &String| folder.stamp(Path::new(path));
        Self {
            pictures: pictures.map(|(field, path)| (field, Asset::of(&path, folder))).collect(),
            clips: sources.clips.clone(),
            clip_stamps: sources.clips.keys().map(stamp).collect(),
            width: sources.profile.width,
            height: sources.profile.height,
            ground,
        }
    }

    /// Returns the width of a frame divided by its height.
    fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

impl Stage for LookStage {
    type Input = LookInput;
    type Output = BTreeMap<String, AssetFacts>;

    fn name(&self) -> String {
        "look".to_owned()
    }

    fn run(&self, context: &StageContext<'_>, input: &LookInput) -> Result<Step<Self::Output>> {
        look(input, context).map(Step::Done)
    }
}

/// Returns facts about every asset of a film. A picture that cannot be read is an error of the brief.
fn look(input: &LookInput, context: &StageContext<'_>) -> Result<BTreeMap<String, AssetFacts>> {
    let store = context.pictures;
    let mut facts: BTreeMap<String, AssetFacts> = input
        .clips
        .iter()
        .map(|(path, clip)| {
            (
                path.clone(),
                AssetFacts::Clip {
                    duration_ms: clip.duration_ms,
                    keep_sound: clip.keep_sound,
                    colour: ColourMatch::default(),
                    reading: clip.reading.clone(),
                    sound: clip.sound,
                    seen: None,
                },
            )
        })
        .collect();
    let pictures = &input.pictures;
    let clips: Vec<(&String, &ClipSourceInfo)> =
        input.clips.iter().filter(|(_, clip)| needs_look(input, clip)).collect();
    let aspect = input.aspect();
    let next = AtomicUsize::new(0);
    let (results, looks) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let next_clip = AtomicUsize::new(0);
    let look = || {
        while let Some((path, clip)) = clips.get(next_clip.fetch_add(1, Ordering::Relaxed)) {
            let look = clip_look::look(store.runner(), Path::new(path), &clip.reading);
            if let Ok(mut looks) = looks.lock() {
                looks.push((*path, look.map(|look| seen(look, store.matte(), aspect))));
            }
        }
        // Backwards: what the film needs first is then still decoded when drawing begins.
        while let Some((field, asset)) =
            pictures.iter().rev().nth(next.fetch_add(1, Ordering::Relaxed))
        {
            let path = &asset.path;
            let seen = store.load(path, true).map(|picture| saliency::look(&picture, aspect));
            if let Ok(mut results) = results.lock() {
                results.push((field, path, seen));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..context.threads().min(pictures.len().max(clips.len())) {
            if threads::spawn_in(scope, look).is_err() {
                // Those that there are do all of it.
                break;
            }
        }
        look();
    });
    for (path, look) in looks.into_inner().unwrap_or_default() {
        match (look, facts.get_mut(path)) {
            (Err(error), _) if matches!(error, SystemError::Cancelled) || error.is_exhausted() => {
                return Err(error.into());
            }
            (Ok((mut found, peak)), Some(AssetFacts::Clip { reading, seen, .. })) => {
                (found.width, found.height) = (reading.width, reading.height);
                *seen = Some(found);
                if let Some(colours) = &mut reading.colours {
                    colours.peak = peak;
                }
            }
            // Without key frames of its own it is taken for as bright as clips are.
            (Err(_), Some(AssetFacts::Clip { reading, .. })) => {
                if let Some(colours) = &mut reading.colours {
                    colours.peak = BRIGHTEST;
                }
            }
            (_, _) => {}
        }
    }
    let mut results = results.into_inner().unwrap_or_default();
    // The first picture of the brief is the one to complain about.
    results.sort_by_key(|(_, path, _)| pictures.iter().position(|(_, p)| p.path == **path));
    for (field, path, seen) in results {
        match seen {
            Ok(seen) => {
                facts.insert(path.clone(), AssetFacts::Picture(seen));
            }
            Err(SystemError::Cancelled) => return Err(SystemError::Cancelled.into()),
            Err(error) => return Err(context.field_error(field, error.to_string()).into()),
        }
    }
    Ok(facts)
}

/// Returns true if what a clip shows decides how it is shown: it has another shape than the frame,
/// or high dynamic range.
fn needs_look(input: &LookInput, clip: &ClipSourceInfo) -> bool {
    let reading = &clip.reading;
    let bright = reading.colours.as_ref().is_some_and(|colours| colours.transfer != Transfer::Sdr);
    let shape = input.aspect() * f64::from(reading.height) / f64::from(reading.width.max(1));
    bright || !(0.8..=1.25).contains(&shape)
}

/// What several frames of a clip show together, and how bright they are.
fn seen(mut look: ClipLook, matte: [u8; 3], aspect: f64) -> (PictureFacts, f64) {
    let pictures = look.pictures.iter_mut();
    let frames: Vec<PictureFacts> = pictures
        .map(|picture| {
            picture.flatten(matte);
            saliency::look(picture, aspect)
        })
        .collect();
    let mean = |of: fn(&PictureFacts) -> f64| {
        frames.iter().map(of).sum::<f64>() / frames.len().max(1) as f64
    };
    let centre = (mean(|f| f.crop_centre.0), mean(|f| f.crop_centre.1));
    // A crop that stands still loses what walks out of it.
    let astray = |f: &PictureFacts| {
        (f.crop_centre.0 - centre.0).abs().max((f.crop_centre.1 - centre.1).abs())
    };
    let strays = frames.iter().map(astray).fold(0.0, f64::max);
    let facts = PictureFacts {
        width: 0,
        height: 0,
        aim: (mean(|f| f.aim.0), mean(|f| f.aim.1)),
        has_subject: frames.iter().any(|f| f.has_subject),
        crop_keeps: (mean(|f| f.crop_keeps) - strays).max(0.0),
        crop_centre: centre,
    };
    (facts, look.peak)
}

/// Every still picture with the field that names it, each once.
fn pictures(sources: &Sources) -> Vec<(String, String)> {
    let listed =
        sources.media.iter().enumerate().map(|(i, info)| (format!("media_files[{i}]"), info));
    let own = sources.override_media.iter().map(|(scene, info)| {
        let index = sources.brief.scenes.iter().position(|s| s.scene == *scene).unwrap_or(0);
        (format!("scenes[{index}].media"), info)
    });
    let mut seen = std::collections::BTreeSet::new();
    listed
        .chain(own)
        .filter(|(_, info)| info.kind == MediaKind::Picture && seen.insert(info.path.clone()))
        .map(|(field, info)| (field, info.path.clone()))
        .collect()
}
