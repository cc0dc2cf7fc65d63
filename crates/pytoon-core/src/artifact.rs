//! Names of artifacts inside a job folder.
//!
//! Operators rely on these names (the runbook searches for them and checks them), so they are defined in one place
//! and a rename is a breaking change.

use crate::layout::Format;

/// The brief as submitted, with paths resolved.
pub const BRIEF: &str = "brief.json";
/// The scene graph: scenes before they have exact times.
pub const SCENE_GRAPH: &str = "scene_graph.json";
/// The timeline, the only source of truth for drawing and mixing.
pub const TIMELINE: &str = "timeline.json";
/// The receipt.
pub const METADATA: &str = "metadata.json";
/// The finished film.
pub const OUTPUT: &str = "output.mp4";
/// The thumbnail: a representative frame of the film.
pub const THUMBNAIL: &str = "thumbnail.jpg";
/// Captions as SubRip.
pub const CAPTIONS_SRT: &str = "captions.srt";
/// Captions as WebVTT, with word times.
pub const CAPTIONS_VTT: &str = "captions.vtt";
/// Captions as an ASS script, with word times.
pub const CAPTIONS_ASS: &str = "captions.ass";
/// Captions as JSON data: words and cues.
pub const CAPTIONS_JSON: &str = "captions.json";
/// The voice stem as used in the mix.
pub const VOICE_STEM: &str = "assembly/audio/voice.wav";
/// The music stem after ducking.
pub const MUSIC_STEM: &str = "assembly/audio/music.wav";
/// The mastered mix, exactly as long as the timeline.
pub const MIXED: &str = "assembly/audio/mixed.wav";
/// The folder of voice takes.
pub const VOICE_DIR: &str = "voice";
/// The folder of finished steps: one file for each step, with the hash of the step's input.
pub const STEPS_DIR: &str = "steps";
/// The folder of encoded chunks of the picture.
pub const CHUNKS_DIR: &str = "chunks";
/// The state of an unfinished job.
pub const JOB: &str = "job.json";
/// The file that marks an unfinished job as a draft.
pub const DRAFT_MARK: &str = "draft";
/// The folder of unfinished work.
pub const WORK_DIR: &str = ".work";
/// The folder of intermediate files that the command line caches for the next render of a film.
pub const CACHE_DIR: &str = ".cache";

/// The artifacts that a film has once more for each further format of its brief ([`in_format`]).
pub const PER_FORMAT: [&str; 8] = [
    TIMELINE,
    CAPTIONS_SRT,
    CAPTIONS_VTT,
    CAPTIONS_ASS,
    CAPTIONS_JSON,
    THUMBNAIL,
    METADATA,
    OUTPUT,
];

/// Returns the name of an artifact of a film in a further format: `output.1x1.mp4` for `output.mp4` in 1:1.
pub fn in_format(name: &str, format: Format) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{}.{ending}", format.file_name()),
        None => format!("{name}.{}", format.file_name()),
    }
}

/// Returns the path of the voice take at an index: `voice/take_001.wav` for 0.
pub fn voice_take(index: usize) -> String {
    format!("{VOICE_DIR}/take_{:03}.wav", index + 1)
}

/// Returns the id of the scene at an index: `scene_01` for 0.
pub fn scene_id(index: usize) -> String {
    format!("scene_{:02}", index + 1)
}
