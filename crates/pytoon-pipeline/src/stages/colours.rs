//! Matches the colours of delivered clips.
//!
//! Guarantees: a film of several clips with one replaced scene retains the colour target of its clips, so
//! that only that scene changes, also after several replacements in sequence. A film whose clips are mostly
//! new gets a new target.

use crate::places::content_stamp;
use crate::stage::StageContext;
use pytoon_core::colour::{self, ClipColours, ColourMatch};
use pytoon_engines::engine_manager::ClipUse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The measured colours of a film's clips, and their common target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FilmColours {
    /// The colour target of the clips; `None` for fewer than two clips.
    target: Option<ClipColours>,
    clips: Vec<SeenClip>,
}

/// A clip with its measured colours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenClip {
    path: PathBuf,
    stamp: String,
    colours: ClipColours,
}

impl SeenClip {
    /// Measures the colours of a clip. Returns `None` if they cannot be measured; the clip is then shown unchanged.
    pub(crate) fn look(context: &StageContext<'_>, clip: &ClipUse) -> Option<Self> {
        let path = &clip.path;
        let stamp = content_stamp(path);
        let colours = pytoon_media::clip_look::colours(context.runner(), path).ok()?;
        Some(Self { path: path.clone(), stamp, colours })
    }
}

impl FilmColours {
    /// Collects the colours of the delivered clips, and keeps or sets their target. Unchanged clips in
    /// `earlier` or `seen` are not measured again. A single clip is not measured: nothing has to match it.
    pub(crate) fn of<'a>(
        context: &StageContext<'_>,
        delivered: impl Iterator<Item = &'a ClipUse>,
        earlier: Option<Self>,
        seen: &[SeenClip],
    ) -> Self {
        let earlier = earlier.unwrap_or_default();
        let mut paths = BTreeSet::new();
        let delivered: Vec<&ClipUse> = delivered.filter(|clip| paths.insert(&clip.path)).collect();
        if delivered.len() < 2 {
            return Self::default();
        }
        let mut clips: Vec<SeenClip> = Vec::new();
        let mut kept = 0;
        for clip in delivered {
            let path = &clip.path;
            let stamp = content_stamp(path);
            let is_it = |it: &&SeenClip| it.path == *path && it.stamp == stamp;
            let of_earlier = earlier.clips.iter().find(is_it);
            kept += usize::from(of_earlier.is_some());
            let known = of_earlier.or_else(|| seen.iter().find(is_it)).cloned();
            clips.extend(known.or_else(|| SeenClip::look(context, clip)));
        }
        Self { target: earlier.target, clips }.with_target(kept)
    }

    /// Keeps an existing colour target if there are several clips and at least half of them were in the
    /// earlier film, so that their scenes need not be encoded again. Otherwise sets a new target from all
    /// clips.
    fn with_target(mut self, kept: usize) -> Self {
        if self.target.is_none() || kept * 2 < self.clips.len() || self.clips.len() < 2 {
            let all: Vec<ClipColours> = self.clips.iter().map(|clip| clip.colours).collect();
            self.target = colour::target_of(&all);
        }
        self
    }

    /// Returns the correction that moves a clip's colours towards the target. It changes nothing if the clip was not
    /// measured or there is no target.
    pub(crate) fn correction(&self, path: &Path) -> ColourMatch {
        let clip = self.clips.iter().find(|clip| clip.path == path);
        match (clip, &self.target) {
            (Some(clip), Some(target)) => colour::towards(&clip.colours, target),
            _ => ColourMatch::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(name: &str, light: f64) -> SeenClip {
        let colours = ClipColours {
            luma_p5: light - 0.3,
            luma_p50: light,
            luma_p95: light + 0.3,
            ..ClipColours::default()
        };
        SeenClip { path: name.into(), stamp: name.into(), colours }
    }

    fn shift(film: &FilmColours, name: &str) -> f64 {
        film.correction(Path::new(name)).luma_shift
    }

    #[test]
    fn another_clip_changes_nothing_for_those_that_stay() {
        let clips = vec![clip("a", 0.40), clip("b", 0.44), clip("c", 0.48), clip("d", 0.46)];
        let first = FilmColours { target: None, clips }.with_target(0);
        let before = ["a", "c", "d"].map(|name| shift(&first, name));
        assert!(before[0] > 0.0 && before[1] < 0.0);
        let mut film = first;
        film.clips[1] = clip("new", 0.6);
        let mut film = film.with_target(3);
        assert_eq!(["a", "c", "d"].map(|name| shift(&film, name)), before);
        assert!(shift(&film, "new") < 0.0, "it is brought to what the others are brought to");
        // Two more replacements: they still match the target of the first film.
        for (index, name) in [(0, "second"), (2, "third")] {
            film.clips[index] = clip(name, 0.6);
            film = film.with_target(3);
            assert_eq!(shift(&film, "d"), before[2]);
        }
    }

    #[test]
    fn mostly_different_clips_are_matched_again() {
        let clips = vec![clip("a", 0.40), clip("b", 0.44), clip("c", 0.48)];
        let mut film = FilmColours { target: None, clips }.with_target(0);
        film.clips[0] = clip("x", 0.6);
        film.clips[1] = clip("y", 0.6);
        let film = film.with_target(1);
        assert_eq!((shift(&film, "x"), shift(&film, "y")), (0.0, 0.0));
        assert!(shift(&film, "c") > 0.0);
    }

    #[test]
    fn one_clip_is_left_alone() {
        let film = FilmColours { target: None, clips: vec![clip("a", 0.2)] }.with_target(0);
        assert!(film.correction(Path::new("a")).is_none());
    }
}
