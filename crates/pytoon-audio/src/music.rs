//! Composes and renders a music bed.
//!
//! Guarantees: the same mood, length, seed and arc give bit-identical audio; the bed has exactly the requested
//! length, about -20 LUFS, peaks under -3 dBFS and no DC. If a tempo within 4 % of the mood's range makes whole bars
//! fit, the piece ends on a bar line with a closing chord. Otherwise [`Bed::ends_on_bar`] is false and the tail fade
//! of `bed` must end it.
//!
//! This module does not fade the ends (`bed::fade_ends`), duck, or set the level in a mix.
//!
//! `plan` fits bars and assigns their roles, `theory` chooses chords and leads the voices, one file per mood writes
//! the parts, `studio` places cached instrument notes on buses, and `finish` adds the room and the bus compression.
//! Start with [`generate`].

mod calm;
mod cinematic;
mod corporate;
mod drums;
mod energetic;
mod finish;
mod instruments;
mod lofi;
mod melody;
mod plan;
mod reverb;
mod saws;
mod studio;
mod theory;

use pytoon_vocabulary::MusicMood;
use std::ops::Range;

use crate::Stereo;
use studio::Studio;

/// The points of the film's story that the music follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoryArc {
    /// The range from the first to the last word. Melodies are sparse inside it.
    pub voice: Option<Range<usize>>,
    /// The start of the call to action or the payoff. The music drops for the bar before it and is full after it.
    pub turn: Option<usize>,
}

/// A finished bed.
#[derive(Debug, Clone, PartialEq)]
pub struct Bed {
    /// The audio of the music.
    pub audio: Stereo,
    /// The tempo after fitting, in beats per minute.
    pub bpm: f64,
    /// The length of a bar, to the nearest sample.
    pub bar_samples: usize,
    /// The position of every beat; the first is at zero.
    pub beats: Vec<usize>,
    /// True if the bed ends on a bar line.
    pub ends_on_bar: bool,
}

/// Maximum length of a composed bed (20 minutes). The rest of a longer bed is silent.
pub const MAX_LEN: usize = 20 * 60 * 48_000;

/// Composes a bed of `len_samples` samples in a mood. The part beyond [`MAX_LEN`] is silent.
#[must_use]
pub fn generate(mood: MusicMood, len_samples: usize, seed: u64, arc: &StoryArc) -> Bed {
    let len = len_samples.min(MAX_LEN);
    let mut rng = crate::dsp::rng(seed).fork(mood as u64 + 1);
    let style = match mood {
        MusicMood::UpbeatCorporate => corporate::style(&mut rng),
        MusicMood::Calm => calm::style(&mut rng),
        MusicMood::Cinematic => cinematic::style(&mut rng),
        MusicMood::Lofi => lofi::style(&mut rng),
        MusicMood::Energetic => energetic::style(&mut rng),
    };
    let song = plan::Song::new(&style, len, arc, &mut rng);
    let mut studio = Studio::new(len, song.grid.clone(), rng.fork(77));
    match mood {
        MusicMood::UpbeatCorporate => corporate::play(&song, &mut studio, &mut rng),
        MusicMood::Calm => calm::play(&song, &mut studio, &mut rng),
        MusicMood::Cinematic => cinematic::play(&song, &mut studio, &mut rng),
        MusicMood::Lofi => lofi::play(&song, &mut studio, &mut rng),
        MusicMood::Energetic => energetic::play(&song, &mut studio, &mut rng),
    }
    let mut audio = finish::mix_down(studio, &style.sound);
    audio.resize(len_samples);
    let grid = &song.grid;
    let beats = (0..)
        .map(|beat| (f64::from(beat) * grid.beat).round() as usize)
        .take_while(|&at| at < len)
        .collect();
    Bed {
        audio,
        bpm: grid.bpm(),
        bar_samples: (grid.beat * 4.0).round() as usize,
        beats,
        ends_on_bar: grid.fits,
    }
}
