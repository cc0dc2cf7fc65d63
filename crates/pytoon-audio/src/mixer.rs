//! Mixes voice, music and the clips' own sound, and masters the result.
//!
//! Guarantees: every output has exactly `len` samples; the music is `bed_below_voice_lu` below the voice during
//! speech, measured after ducking, and at least [`MIN_GAP_LU`] below it elsewhere; a film with speech has no
//! digital silence; the two stems, limited like the mix, sum to it.
//!
//! Memory: a minute of one channel is 11 MiB, so the voice stays one channel, music is changed in place, and
//! mastering sums the stems again instead of keeping a copy.
//!
//! Does not compose, fit or fade music (`music`, `bed`) and does not find speech: duck regions come from word
//! timings.
//!
//! Start with [`Stems::of`], then [`Stems::master`].

mod bed_level;
mod layers;

use crate::ducking::duck_envelope;
use crate::loudness::{integrated_centred, mono_loss_given};
use crate::master::{MasterReport, master_from};
use crate::{Db, Dbtp, Lufs, Stereo};
use pytoon_vocabulary::DuckRegion;

/// Least distance between voice and unlowered music, in LU.
pub const MIN_GAP_LU: f64 = 6.0;
/// Level of the room tone in the finished mix.
pub const ROOM_TONE_DBFS: f32 = -66.0;

/// A processed voice take with its place.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// First sample in the film.
    pub start: usize,
    /// The mono take, after the voice chain.
    pub audio: &'a [f32],
    /// Change relative to the take.
    pub gain_db: Db,
}

/// A clip's own sound with its place.
#[derive(Debug, Clone, Copy)]
pub struct PlacedStereo<'a> {
    /// First sample in the film.
    pub start: usize,
    /// The sound at 48 kHz.
    pub audio: &'a Stereo,
    /// Loudness in the finished mix without speech; -28 suits ambience.
    pub level: Lufs,
}

/// The input of the mixer.
#[derive(Debug, Clone)]
pub struct MixInput<'a> {
    /// `target_duration_seconds` of the film in samples: the exact length of every output.
    pub len: usize,
    /// Voice takes; overlapping takes add.
    pub voice: Vec<Placed<'a>>,
    /// Music, already fitted to the length.
    pub music: Option<Stereo>,
    /// Change relative to the level that the mixer chooses for the music.
    pub music_gain_db: Db,
    /// The distance of the music below the voice during speech, in LU.
    pub bed_below_voice_lu: f64,
    /// The regions in which music and clips are ducked.
    pub ducks: &'a [DuckRegion],
    /// The clips' own sound, ducked with the music.
    pub clips: Vec<PlacedStereo<'a>>,
    /// True to add room tone even if there is music. Without music it is always added to a film with speech.
    pub room_tone: bool,
    /// The programme loudness that mastering targets.
    pub target: Lufs,
}

/// The measurements of a mix.
#[derive(Debug, Clone, PartialEq)]
pub struct MixReport {
    /// Loudness of the voice alone before mastering.
    pub voice: Option<Lufs>,
    /// The gain of the music.
    pub music_gain: Option<Db>,
    /// The measured distance of the ducked music below the voice during speech, in LU.
    pub bed_below_voice_lu: Option<f64>,
    /// Loss of the fold-down to one speaker, in LU.
    pub mono_loss_lu: f64,
    /// The report of mastering.
    pub master: MasterReport,
}

/// Voice and music at their relative levels, before mastering.
#[derive(Debug, Clone, PartialEq)]
pub struct Stems {
    /// The voice alone, for both channels.
    pub voice: Vec<f32>,
    /// Music, clips and room tone after ducking.
    pub music: Stereo,
    voice_loudness: Option<Lufs>,
    music_gain: Option<Db>,
    bed_below_voice_lu: Option<f64>,
}

/// A finished mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The master.
    pub mixed: Stereo,
    /// The gain that brings the stems to their level in the mix.
    pub stem_gain: StemGain,
    /// The measurements.
    pub report: MixReport,
}

/// The gain of mastering over time.
#[derive(Debug, Clone, PartialEq)]
pub struct StemGain {
    factor: f32,
    /// The limiter's gain for every sample; empty if it was not needed.
    limiting: Vec<f32>,
}

impl StemGain {
    /// Returns the factor for a sample.
    #[must_use]
    pub fn at(&self, sample: usize) -> f32 {
        self.factor * self.limiting.get(sample).copied().unwrap_or(1.0)
    }
}

impl Stems {
    /// Places all input on its tracks and finds the levels.
    #[must_use]
    pub fn of(mut input: MixInput<'_>) -> Self {
        let voice = layers::voice(&input.voice, input.len);
        let has_voice = crate::dsp::peak(&voice) > 1e-5;
        let voice_loudness = if has_voice { Some(integrated_centred(&voice)) } else { None };
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
        if room_tone {
            layers::add_room_tone(&mut music, ROOM_TONE_DBFS - lift as f32);
        }
        Self { voice, music, voice_loudness, music_gain, bed_below_voice_lu }
    }

    /// Sums the stems and masters them to a loudness under a true-peak ceiling.
    #[must_use]
    pub fn master(&self, target: Lufs, ceiling: Dbtp) -> Mix {
        let mut mixed = Stereo::silence(self.voice.len());
        let (mastering, limiting) =
            master_from(&mut mixed, &|sum| self.add_up(sum), target, ceiling);
        let report = MixReport {
            voice: self.voice_loudness,
            music_gain: self.music_gain,
            bed_below_voice_lu: self.bed_below_voice_lu,
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

/// The limit of a duck's depth, in dB.
const DEEPEST_DB: f64 = 36.0;

/// Returns the depth of the deepest duck, as a positive number of dB.
fn deepest(ducks: &[DuckRegion]) -> f64 {
    ducks.iter().map(|duck| duck.gain_db.abs()).fold(0.0, f64::max).min(DEEPEST_DB)
}

#[cfg(test)]
mod tests;
