//! Mixes the voice, the music and the clips' own audio, and masters the result.
//!
//! Guarantees: every output has exactly `len` samples; before `music_gain_db` is applied, the music is
//! `bed_below_voice_lu` below the voice during speech, measured after ducking, and at least [`MIN_GAP_LU`]
//! below it elsewhere; with room tone, a film with speech has no digital silence; the two stems, limited like
//! the mix, sum to it.
//!
//! A minute of one channel takes 11 MiB. To save memory, the voice stays in one channel, music is changed in place,
//! and mastering sums the stems again instead of storing a copy.
//!
//! This module does not compose, fit or fade music (`music`, `bed`) and does not detect speech: duck regions come
//! from word times.
//!
//! Start with [`Stems::of`], then [`Stems::master`].

mod bed_level;
mod effects;
mod layers;

use crate::ducking::duck_envelope;
use crate::loudness::{measure_integrated, measure_integrated_centred, mono_loss_given};
use crate::master::{MasterReport, master_from};
use crate::{Db, Dbtp, Lufs, Stereo};
use pytoon_vocabulary::DuckRegion;

/// Minimum distance between voice and unducked music, in LU.
pub const MIN_GAP_LU: f64 = 6.0;
/// The level of the room tone in the finished mix.
pub const ROOM_TONE_DBFS: f32 = -66.0;

/// The level of a sound effect at its loudest below the voice, in LU.
const BELOW_VOICE_LU: f64 = 15.0;
/// In a film without a voice: the level above the music from which effects are placed, and the least loudness of music.
const OVER_MUSIC_LU: f64 = 9.0;
const QUIETEST_REFERENCE: f64 = -45.0;

/// A processed voice take with its position.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The first sample in the film.
    pub start: usize,
    /// The samples of the mono take, after the voice chain.
    pub audio: &'a [f32],
    /// The gain applied to the take.
    pub gain_db: Db,
}

/// A clip's own audio with its position.
#[derive(Debug, Clone, Copy)]
pub struct PlacedStereo<'a> {
    /// The first sample in the film.
    pub start: usize,
    /// The audio at 48 kHz.
    pub audio: &'a Stereo,
    /// The loudness of the audio in the finished mix while nobody speaks; -28 LUFS suits ambience.
    pub level: Lufs,
}

/// A sound effect with its position.
#[derive(Debug, Clone, Copy)]
pub struct PlacedEffect<'a> {
    /// The first sample in the film.
    pub start: usize,
    /// The effect at 48 kHz.
    pub audio: &'a Stereo,
}

/// The input of the mixer.
#[derive(Debug, Clone)]
pub struct MixInput<'a> {
    /// The length of the film (`target_duration_seconds`) in samples. Every output has exactly this length.
    pub len: usize,
    /// The voice takes. Overlapping takes are summed.
    pub voice: Vec<Placed<'a>>,
    /// The music, already fitted to the length.
    pub music: Option<Stereo>,
    /// The gain relative to the level that the mixer chooses for the music.
    pub music_gain_db: Db,
    /// The level of the music below the voice during speech, in LU.
    pub bed_below_voice_lu: f64,
    /// The regions in which music and clips are ducked.
    pub ducks: &'a [DuckRegion],
    /// The clips' own audio, ducked with the music.
    pub clips: Vec<PlacedStereo<'a>>,
    /// The sound effects.
    pub effects: Vec<PlacedEffect<'a>>,
    /// True to add room tone even if there is music. A film with speech but without music always gets room tone.
    pub room_tone: bool,
    /// The programme loudness that mastering targets.
    pub target: Lufs,
}

/// The measurements of a mix.
#[derive(Debug, Clone, PartialEq)]
pub struct MixReport {
    /// The loudness of the voice alone before mastering.
    pub voice: Option<Lufs>,
    /// The gain applied to the music, if there is any.
    pub music_gain: Option<Db>,
    /// The measured level of the ducked music below the voice during speech, in LU.
    pub bed_below_voice_lu: Option<f64>,
    /// The smallest measured level of a sound effect below the words spoken with it, in LU.
    pub effects_below_words_lu: Option<f64>,
    /// The loudness loss of the fold-down to one speaker, in LU.
    pub mono_loss_lu: f64,
    /// The report of mastering.
    pub master: MasterReport,
}

/// The voice and music stems at their relative levels, before mastering.
#[derive(Debug, Clone, PartialEq)]
pub struct Stems {
    /// The voice stem, one signal for both channels.
    pub voice: Vec<f32>,
    /// The music, clips and room tone after ducking.
    pub music: Stereo,
    voice_loudness: Option<Lufs>,
    music_gain: Option<Db>,
    bed_below_voice_lu: Option<f64>,
    effects_below_words_lu: Option<f64>,
}

/// A finished mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The mastered programme.
    pub mixed: Stereo,
    /// The gain that brings the stems to their level in the mix.
    pub stem_gain: StemGain,
    /// The measurements of the mix.
    pub report: MixReport,
}

/// The gain of mastering over time.
#[derive(Debug, Clone, PartialEq)]
pub struct StemGain {
    factor: f32,
    /// The limiter's gain for every sample; empty if no limiting was needed.
    limiting: Vec<f32>,
}

impl StemGain {
    /// Returns the gain factor for the sample at an index: the static gain times the limiter's gain.
    #[must_use]
    pub fn at(&self, sample: usize) -> f32 {
        self.factor * self.limiting.get(sample).copied().unwrap_or(1.0)
    }
}

impl Stems {
    /// Builds the voice and music stems from the input: sets the levels, ducks the music and clips, and adds room
    /// tone.
    #[must_use]
    pub fn of(mut input: MixInput<'_>) -> Self {
        let voice = layers::voice(&input.voice, input.len);
        let has_voice = crate::dsp::peak(&voice) > 1e-5;
        let voice_loudness =
            if has_voice { Some(measure_integrated_centred(&voice)) } else { None };
        let measurable = voice_loudness.filter(|l| l.is_measurable());
        // The approximate gain of mastering, for levels that are given in the master.
        let lift = measurable.map_or(0.0, |l| input.target.0 - l.0);

        let envelope = duck_envelope(input.ducks, input.len);
        let bed = input.music.take();
        let room_tone = has_voice && (input.room_tone || bed.is_none());
        let placed =
            bed.map(|bed| bed_level::place_bed(bed, &voice, &envelope, &input, measurable));
        let music_gain = placed.as_ref().map(|p| p.gain);
        let bed_below_voice_lu = placed.as_ref().and_then(|p| p.below_voice_lu);
        let mut music = placed.map_or_else(|| Stereo::silence(input.len), |p| p.audio);
        layers::add_clips(&mut music, &input.clips, &envelope, lift);
        drop(envelope);
        let reference = match measurable {
            Some(voice) => voice.0,
            // Without a voice, effects are heard over the music.
            None => measure_integrated(&music).0.max(QUIETEST_REFERENCE) + OVER_MUSIC_LU,
        };
        let effects_below_words_lu =
            effects::add_effects(&mut music, &input.effects, &voice, reference, BELOW_VOICE_LU);
        if room_tone {
            layers::add_room_tone(&mut music, ROOM_TONE_DBFS - lift as f32);
        }
        Self {
            voice,
            music,
            voice_loudness,
            music_gain,
            bed_below_voice_lu,
            effects_below_words_lu,
        }
    }

    /// Sums the stems and masters them to a target loudness under a true-peak ceiling.
    #[must_use]
    pub fn master(&self, target: Lufs, ceiling: Dbtp) -> Mix {
        let mut mixed = Stereo::silence(self.voice.len());
        let (mastering, limiting) =
            master_from(&mut mixed, &|sum| self.add_up(sum), target, ceiling);
        let report = MixReport {
            voice: self.voice_loudness,
            music_gain: self.music_gain,
            bed_below_voice_lu: self.bed_below_voice_lu,
            effects_below_words_lu: self.effects_below_words_lu,
            mono_loss_lu: mono_loss_given(&mixed, mastering.after.integrated),
            master: mastering,
        };
        let factor = 10_f64.powf(mastering.gain_db / 20.0) as f32;
        Mix { mixed, stem_gain: StemGain { factor, limiting }, report }
    }

    fn add_up(&self, sum: &mut Stereo) {
        for (out, music) in [(&mut sum.left, &self.music.left), (&mut sum.right, &self.music.right)]
        {
            for ((out, voice), music) in out.iter_mut().zip(&self.voice).zip(music) {
                *out = voice + music;
            }
        }
    }
}

/// Maximum depth of a duck, in dB.
const DEEPEST_DB: f64 = 36.0;

/// Returns the depth of the deepest duck, as a positive number of dB.
fn deepest(ducks: &[DuckRegion]) -> f64 {
    ducks.iter().map(|duck| duck.gain_db.abs()).fold(0.0, f64::max).min(DEEPEST_DB)
}

#[cfg(test)]
mod tests;
