//! The films of one brief: one for each of its formats.
//!
//! They share plan, voice, sound and, unless the brief says otherwise, the clips of engines. Each has its own layout, timeline, captions, picture,
//! self-check and receipt. The first film has the plain names of artifacts, the others have their format in the name.

use pytoon_core::artifact;
use pytoon_core::brief::Brief;
use pytoon_core::layout::Format;
use pytoon_vocabulary::SceneId;
use serde::Serialize;

/// One of the films of a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Rendition {
    /// The first film, for which engines draw and whose sound all films have.
    First,
    /// A film in a further format.
    In(Format),
}

impl Rendition {
    /// Returns the films of a brief, the first one first.
    pub(crate) fn all(brief: &Brief) -> Vec<Self> {
        let further = brief.further_formats().iter().copied().map(Self::In);
        std::iter::once(Self::First).chain(further).collect()
    }

    /// Returns the film's name of an artifact.
    pub(crate) fn file(self, name: &str) -> String {
        match self {
            Self::First => name.to_owned(),
            Self::In(format) => artifact::in_format(name, format),
        }
    }

    /// Returns the id under which the film's own clip of a scene is drawn, if it has one.
    pub(crate) fn clip_id(self, scene: &SceneId) -> SceneId {
        match self {
            Self::First => scene.clone(),
            Self::In(format) => format!("{scene}_{}", format.file_name()).into(),
        }
    }

    /// Returns the film's name of a stage.
    pub(crate) fn stage(self, name: &str) -> String {
        match self {
            Self::First => name.to_owned(),
            Self::In(format) => format!("{name}_{}", format.file_name()),
        }
    }
}
