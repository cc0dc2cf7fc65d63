//! Looks at every picture once: its size, and where the eye goes.

use crate::PipelineError;
use crate::assets::PictureStore;
use crate::sources::Sources;
use pytoon_compositor::saliency;
use pytoon_config::BriefFile;
use pytoon_core::colour::ColourMatch;
use pytoon_core::scene::MediaKind;
use pytoon_core::timeline::build::AssetFacts;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Facts about every asset of a film. A picture that cannot be read is an error of the brief.
pub(crate) fn look(
    sources: &Sources,
    file: &BriefFile,
    store: &PictureStore,
    threads: usize,
) -> Result<BTreeMap<String, AssetFacts>, PipelineError> {
    let mut facts: BTreeMap<String, AssetFacts> = sources
        .clips
        .iter()
        .map(|(path, clip)| {
            (
                path.clone(),
                AssetFacts::Clip {
                    duration_ms: clip.duration_ms,
                    keep_sound: clip.keep_sound,
                    colour: ColourMatch::default(),
                },
            )
        })
        .collect();
    let pictures = pictures(sources);
    let aspect = f64::from(sources.profile.width) / f64::from(sources.profile.height);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pictures.len()) {
            scope.spawn(|| {
                // Backwards: what the film needs first is then still decoded when drawing begins.
                while let Some((field, path)) =
                    pictures.iter().rev().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    let seen =
                        store.load(path, true).map(|picture| saliency::look(&picture, aspect));
                    if let Ok(mut results) = results.lock() {
                        results.push((field, path, seen));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    // The first picture of the brief is the one to complain about.
    results.sort_by_key(|(_, path, _)| pictures.iter().position(|(_, p)| p == *path));
    for (field, path, seen) in results {
        match seen {
            Ok(seen) => {
                facts.insert(path.clone(), AssetFacts::Picture(seen));
            }
            Err(pytoon_media::MediaError::Cancelled) => {
                return Err(pytoon_media::MediaError::Cancelled.into());
            }
            Err(error) => return Err(file.error(field, error.to_string()).into()),
        }
    }
    Ok(facts)
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
