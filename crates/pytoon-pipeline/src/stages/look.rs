//! Analyses every picture once, for its size and its salient part, and every clip whose content affects the way it is
//! shown.

use crate::assets::ground;
use crate::places::content_stamp;
use crate::rendition::Rendition;
use crate::sources::{ClipSourceInfo, Sources};
use crate::stage::{Stage, StageContext, Step, lock};
use crate::stages::Asset;
use crate::{PipelineError, Result};
use pytoon_compositor::saliency;
use pytoon_compositor::source_colour::BRIGHTEST;
use pytoon_core::colour::ColourMatch;
use pytoon_core::layout::protection::ProtectionMap;
use pytoon_core::scene::MediaKind;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_core::timeline::reading::{ClipReading, Transfer};
use pytoon_core::timeline::shots::PictureFacts;
use pytoon_media::clip_look::{self, ClipLook};
use pytoon_process::{SystemError, threads};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

/// The stage that analyses pictures and clips for the shape of one film.
pub(crate) struct LookStage(pub(crate) Rendition);

#[derive(Serialize)]
pub(crate) struct LookInput {
    /// Still pictures without duplicates, with the fields of the brief that name them.
    pictures: Vec<(String, Asset)>,
    clips: BTreeMap<String, ClipSourceInfo>,
    clip_stamps: Vec<String>,
    width: u32,
    height: u32,
    /// The colour behind transparent parts of pictures.
    ground: [u8; 3],
}

impl LookInput {
    pub(crate) fn of(sources: &Sources) -> Self {
        let pictures = pictures(sources).into_iter();
        let stamp = |path: &String| content_stamp(Path::new(path));
        Self {
            pictures: pictures.map(|(field, path)| (field, Asset::of(&path))).collect(),
            clips: sources.clips.clone(),
            clip_stamps: sources.clips.keys().map(stamp).collect(),
            width: sources.profile.width,
            height: sources.profile.height,
            ground: ground(&sources.palette),
        }
    }

    /// Returns the aspect ratio of the output: width divided by height.
    fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

impl Stage for LookStage {
    type Input = LookInput;
    type Output = BTreeMap<String, AssetFacts>;

    fn name(&self) -> String {
        self.0.stage("look")
    }

    /// Analyses the pictures and clips. Reports the first unreadable picture, in the order of the brief, as an error
    /// at its field.
    fn run(&self, context: &StageContext<'_>, input: &LookInput) -> Result<Step<Self::Output>> {
        let (store, aspect, pictures) = (context.pictures, input.aspect(), &input.pictures);
        let unseen = |clip: &ClipSourceInfo| AssetFacts::Clip {
            duration_ms: clip.duration_ms,
            keep_sound: clip.keep_sound,
            colour: ColourMatch::default(),
            reading: clip.reading.clone(),
            sound: clip.sound,
            seen: None,
        };
        let clips = input.clips.iter();
        let mut facts: Self::Output =
            clips.clone().map(|(path, clip)| (path.clone(), unseen(clip))).collect();
        let clips: Vec<_> = clips.filter(|(_, clip)| needs_look(input, clip)).collect();
        let next_clip = Mutex::new(clips.iter());
        // In reverse order: the pictures that the film needs first are then still in memory when drawing begins.
        let next_picture = Mutex::new(pictures.iter().enumerate().rev());
        let (seen_clips, seen_pictures) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::new()));
        let look = || {
            while let Some(&(path, clip)) = next(&next_clip) {
                let look = clip_look::look(&store.runner, Path::new(path), &clip.reading);
                let seen =
                    look.map(|look| combine_frames(look, &clip.reading, store.matte, aspect));
                lock(&seen_clips).push((path, seen));
            }
            while let Some((index, (_, asset))) = next(&next_picture) {
                let picture = store.load(&asset.path, true);
                let seen = picture.map(|picture| saliency::look(&picture, aspect));
                lock(&seen_pictures).insert(index, seen);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..context.threads().min(pictures.len().max(clips.len())) {
                if threads::spawn_in(scope, look).is_err() {
                    // The threads that could be started do all of the work.
                    break;
                }
            }
            look();
        });
        for (path, look) in seen_clips.into_inner().unwrap_or_default() {
            let Some(AssetFacts::Clip { reading, seen, .. }) = facts.get_mut(path) else {
                continue;
            };
            let peak = match look {
                Ok((found, peak)) => {
                    *seen = Some(found);
                    peak
                }
                Err(error) if matches!(error, SystemError::Cancelled) || error.is_exhausted() => {
                    return Err(error.into());
                }
                // Without readable key frames it is assumed to be as bright as clips get.
                Err(_) => BRIGHTEST,
            };
            if let Some(colours) = &mut reading.colours {
                colours.peak = peak;
            }
        }
        // Report the first broken picture in the order of the brief.
        for (index, seen) in seen_pictures.into_inner().unwrap_or_default() {
            let (field, asset) = &pictures[index];
            let seen = seen.map_err(|error| match error {
                SystemError::Cancelled => PipelineError::from(error),
                other => context.field_error(field, other.to_string()).into(),
            })?;
            facts.insert(asset.path.clone(), AssetFacts::Picture(seen));
        }
        Ok(Step::Done(facts))
    }
}

/// Returns the next item of a shared queue; `None` when it is empty. The lock is released before the item is used.
fn next<I: Iterator>(queue: &Mutex<I>) -> Option<I::Item> {
    lock(queue).next()
}

/// Returns true if a clip's content affects the way it is shown: its aspect ratio differs from the output's by more
/// than a fifth, or it has high dynamic range.
fn needs_look(input: &LookInput, clip: &ClipSourceInfo) -> bool {
    let reading = &clip.reading;
    let bright = reading.colours.as_ref().is_some_and(|colours| colours.transfer != Transfer::Sdr);
    let shape = input.aspect() * f64::from(reading.height) / f64::from(reading.width.max(1));
    bright || !(0.8..=1.25).contains(&shape)
}

/// Combines the analyses of several frames of a clip. Returns the result with the clip's peak brightness.
fn combine_frames(
    mut look: ClipLook,
    reading: &ClipReading,
    matte: [u8; 3],
    aspect: f64,
) -> (PictureFacts, f64) {
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
    // A fixed crop loses a subject that moves out of it.
    let astray = |f: &PictureFacts| {
        (f.crop_centre.0 - centre.0).abs().max((f.crop_centre.1 - centre.1).abs())
    };
    let strays = frames.iter().map(astray).fold(0.0, f64::max);
    let all_of = |map: fn(&PictureFacts) -> &ProtectionMap| {
        frames.iter().fold(ProtectionMap::default(), |all, f| all.union(map(f)))
    };
    let facts = PictureFacts {
        width: reading.width,
        height: reading.height,
        aim: (mean(|f| f.aim.0), mean(|f| f.aim.1)),
        has_subject: frames.iter().any(|f| f.has_subject),
        crop_keeps: (mean(|f| f.crop_keeps) - strays).max(0.0),
        crop_centre: centre,
        protected: all_of(|f| &f.protected),
        subject: all_of(|f| &f.subject),
    };
    (facts, look.peak)
}

/// Returns the still pictures of the media list and the scenes, without duplicates, with the field that names
/// each.
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
