//! Reads and writes WAV over any reader or writer.
//!
//! Guarantees: reads 8, 16, 24 and 32-bit integer and 32-bit float files, up to [`MAX_SAMPLES`] in all
//! channels together and [`MAX_CHANNELS`] channels; non-finite floats become silence. Writes 24-bit PCM,
//! which common players and editors open, with triangular dither from a fixed seed, so equal audio gives
//! equal bytes.
//!
//! This module does not resample and does not open files.

use std::io::{Read, Write};

use hound::{SampleFormat, WavReader, WavSpec};

use crate::{AudioError, SAMPLE_RATE, Stereo};

/// Maximum number of samples accepted from one file (an hour of 48 kHz stereo).
pub const MAX_SAMPLES: u64 = 2 * 48_000 * 3600;
/// Maximum number of channels accepted from one file.
pub const MAX_CHANNELS: u16 = 8;

/// Uncompressed audio at its original sample rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Pcm {
    /// The sample rate, in hertz.
    pub sample_rate: u32,
    /// The channels, one vector each, all of the same length.
    pub channels: Vec<Vec<f32>>,
}

impl Pcm {
    /// Returns the number of samples in each channel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Returns true if there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a mono signal, the mean of all channels.
    #[must_use]
    pub fn mono(&self) -> Vec<f32> {
        let Some(first) = self.channels.first() else { return Vec::new() };
        let mut sum = first.clone();
        for channel in &self.channels[1..] {
            crate::dsp::add_scaled(&mut sum, channel, 1.0);
        }
        let scale = 1.0 / self.channels.len() as f32;
        sum.iter_mut().for_each(|s| *s *= scale);
        sum
    }

    /// Returns the first two channels, or a single channel twice. The sample rate is unchanged.
    #[must_use]
    pub fn stereo(&self) -> Stereo {
        match self.channels.as_slice() {
            [] => Stereo::default(),
            [only] => Stereo::from_mono(only.clone()),
            [left, right, ..] => Stereo::from_channels(left.clone(), right.clone()),
        }
    }
}

/// Reads a whole WAV file.
///
/// # Errors
/// Returns [`AudioError::BadWav`] for data that is not PCM or float WAV, and [`AudioError::TooLarge`] beyond the
/// documented bounds.
pub fn read(mut source: impl Read) -> Result<Pcm, AudioError> {
    read_samples(&mut source)
}

/// Reads a WAV file. Not generic, so that its loops are compiled here, where they are optimised also for tests.
fn read_samples(source: &mut dyn Read) -> Result<Pcm, AudioError> {
    let mut reader = WavReader::new(source).map_err(|e| AudioError::BadWav(e.to_string()))?;
    let spec = reader.spec();
    check_bounds(&spec, u64::from(reader.len()))?;
    let count = usize::from(spec.channels);
    // The length in the header is not trusted for allocating memory.
    let mut channels: Vec<Vec<f32>> = vec![Vec::new(); count];
    let bad = |e: hound::Error| AudioError::BadWav(e.to_string());
    match spec.sample_format {
        SampleFormat::Float => {
            for (i, sample) in reader.samples::<f32>().enumerate() {
                let sample = sample.map_err(bad)?;
                channels[i % count].push(if sample.is_finite() { sample } else { 0.0 });
            }
        }
        SampleFormat::Int => {
            let scale = 1.0 / (1_i64 << (spec.bits_per_sample - 1)) as f64;
            for (i, sample) in reader.samples::<i32>().enumerate() {
                channels[i % count].push((f64::from(sample.map_err(bad)?) * scale) as f32);
            }
        }
    }
    let shortest = channels.iter().map(Vec::len).min().unwrap_or(0);
    channels.iter_mut().for_each(|channel| channel.truncate(shortest));
    Ok(Pcm { sample_rate: spec.sample_rate, channels })
}

/// Writes a stereo signal as 48 kHz 24-bit PCM.
///
/// # Errors
/// Returns [`AudioError::WriteWav`] if the sink fails.
pub fn write_stereo(sink: impl Write, audio: &Stereo) -> Result<(), AudioError> {
    write_channels(sink, &[&audio.left, &audio.right], |_| 1.0)
}

/// Writes a mono signal as 48 kHz 24-bit PCM.
///
/// # Errors
/// Returns [`AudioError::WriteWav`] if the sink fails.
pub fn write_mono(sink: impl Write, samples: &[f32]) -> Result<(), AudioError> {
    write_channels(sink, &[samples], |_| 1.0)
}

/// Writes channels as 48 kHz 24-bit PCM. `gain` returns the factor for the samples at an index.
///
/// # Errors
/// Returns [`AudioError::WriteWav`] if the sink fails or the audio is too long for a WAV file.
pub fn write_channels(
    mut sink: impl Write,
    channels: &[&[f32]],
    gain: impl Fn(usize) -> f32,
) -> Result<(), AudioError> {
    write_samples(&mut sink, channels, &gain)
}

/// Writes a WAV file. Not generic, as [`read_samples`].
fn write_samples(
    sink: &mut dyn Write,
    channels: &[&[f32]],
    gain: &dyn Fn(usize) -> f32,
) -> Result<(), AudioError> {
    const FULL_SCALE: f32 = 8_388_608.0;
    /// The number of samples that are converted before they are written: the sink is called rarely.
    const BLOCK: usize = 4096;
    let len = channels.iter().map(|c| c.len()).min().unwrap_or(0);
    sink.write_all(&header(channels.len(), len)?).map_err(AudioError::WriteWav)?;
    let mut rng = crate::dsp::rng(24);
    let mut block = Vec::with_capacity(BLOCK * 3 * channels.len());
    for index in 0..len {
        let gain = gain(index);
        for channel in channels {
            // Triangular dither of two least significant bits peak to peak
            // decouples the rounding error from the signal (Lipshitz et al.,
            // "Quantization and dither", JAES 40, 1992). Digital silence stays
            // silent, so that fades still reach zero.
            let sample = channel[index] * gain;
            let dither = if sample == 0.0 { 0.0 } else { rng.unit() - rng.unit() };
            let value = (sample * FULL_SCALE + dither).clamp(-FULL_SCALE, FULL_SCALE - 1.0);
            // Round to the nearest integer; NaN becomes zero.
            let [low, middle, high, _] = ((value + 0.5_f32.copysign(value)) as i32).to_le_bytes();
            block.extend([low, middle, high]);
        }
        if (index + 1).is_multiple_of(BLOCK) || index + 1 == len {
            sink.write_all(&block).map_err(AudioError::WriteWav)?;
            block.clear();
        }
    }
    if !(len * channels.len()).is_multiple_of(2) {
        // Chunks of RIFF have an even length.
        sink.write_all(&[0]).map_err(AudioError::WriteWav)?;
    }
    sink.flush().map_err(AudioError::WriteWav)
}

/// Returns the header of a 24-bit PCM file in the basic form, which is the most widely supported one.
///
/// The extensible form, which libraries write for 24 bits, names a speaker for each channel. A mono file would be
/// assigned to the front left speaker, which FFmpeg's encoders reject.
fn header(channels: usize, len: usize) -> Result<Vec<u8>, AudioError> {
    const BYTES: usize = 3;
    let too_long = || AudioError::WriteWav(std::io::Error::other("a WAV file holds at most 4 GiB"));
    let data = u32::try_from(len * channels * BYTES).map_err(|_| too_long())?;
    let riff = data.checked_add(36 + data % 2).ok_or_else(too_long)?;
    let count = u16::try_from(channels).map_err(|_| too_long())?;
    let frame = count * BYTES as u16;
    let mut header = Vec::with_capacity(44);
    header.extend(b"RIFF");
    header.extend(riff.to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16u32.to_le_bytes());
    // WAVE_FORMAT_PCM.
    header.extend(1u16.to_le_bytes());
    header.extend(count.to_le_bytes());
    header.extend(SAMPLE_RATE.to_le_bytes());
    header.extend((SAMPLE_RATE * u32::from(frame)).to_le_bytes());
    header.extend(frame.to_le_bytes());
    header.extend((8 * BYTES as u16).to_le_bytes());
    header.extend(b"data");
    header.extend(data.to_le_bytes());
    Ok(header)
}

fn check_bounds(spec: &WavSpec, samples: u64) -> Result<(), AudioError> {
    let limit = |what, value: u64, limit: u64| {
        if value > limit { Err(AudioError::TooLarge { what, value, limit }) } else { Ok(()) }
    };
    limit("channel count", u64::from(spec.channels), u64::from(MAX_CHANNELS))?;
    limit("sample count", samples, MAX_SAMPLES)?;
    if spec.channels == 0 || spec.sample_rate == 0 || spec.bits_per_sample == 0 {
        return Err(AudioError::BadWav(
            "the channel count, sample rate or bits per sample is 0; export the file again"
                .to_owned(),
        ));
    }
    limit("bits per sample", u64::from(spec.bits_per_sample), 32)
}

#[cfg(test)]
mod tests {
    use hound::WavWriter;
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let left: Vec<f32> = (0..1000).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
        let right: Vec<f32> = left.iter().map(|s| -s * 0.3).collect();
        let audio = Stereo::from_channels(left, right);
        let mut bytes = Vec::new();
        write_stereo(Cursor::new(&mut bytes), &audio).unwrap();
        let mut again = Vec::new();
        write_stereo(Cursor::new(&mut again), &audio).unwrap();
        assert_eq!(bytes, again);
        // Plain PCM, two channels.
        assert_eq!(bytes[20..24], [1, 0, 2, 0]);
        let pcm = read(bytes.as_slice()).unwrap();
        assert_eq!(pcm.sample_rate, SAMPLE_RATE);
        for (a, b) in pcm.channels[1].iter().zip(&audio.right) {
            assert!((a - b).abs() < 3e-7);
        }
    }

    #[test]
    fn float_and_integer_depths_are_read() {
        for (bits, format) in
            [(16, SampleFormat::Int), (24, SampleFormat::Int), (32, SampleFormat::Float)]
        {
            let spec = WavSpec {
                channels: 1,
                sample_rate: 22_050,
                bits_per_sample: bits,
                sample_format: format,
            };
            let mut bytes = Vec::new();
            let mut writer = WavWriter::new(Cursor::new(&mut bytes), spec).unwrap();
            for _ in 0..10 {
                match format {
                    SampleFormat::Int => writer.write_sample(1_i32 << (bits - 2)).unwrap(),
                    SampleFormat::Float => writer.write_sample(0.5_f32).unwrap(),
                }
            }
            writer.finalize().unwrap();
            let pcm = read(bytes.as_slice()).unwrap();
            assert_eq!(pcm.channels, vec![vec![0.5; 10]]);
        }
    }

    #[test]
    fn rubbish_is_refused() {
        assert!(matches!(read(&b"not a wav file at all"[..]), Err(AudioError::BadWav(_))));
        assert!(read(&b""[..]).is_err());
    }

    #[test]
    fn a_length_that_is_only_announced_takes_no_memory() {
        let mut bytes = Vec::new();
        write_mono(Cursor::new(&mut bytes), &[0.5; 4]).unwrap();
        let size = u32::try_from(3 * (MAX_SAMPLES - 1)).unwrap().to_le_bytes();
        let data = bytes.windows(4).position(|w| w == b"data").unwrap();
        bytes[data + 4..data + 8].copy_from_slice(&size);
        // Rejected at the end of the file, without allocating for a gigabyte of samples.
        assert!(matches!(read(Cursor::new(bytes)), Err(AudioError::BadWav(_))));
    }
}
