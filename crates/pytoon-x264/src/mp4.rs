//! Writes the file of a chunk: one H.264 track in MP4 (ISO/IEC 14496-12 and 14496-15).
//!
//! Guarantees: each frame has its decoding and presentation time; an edit list makes the first frame appear at time
//! zero; the colour properties are declared, as in a file from FFmpeg.

use crate::encoder::{Coded, Settings};
use shiguredo_mp4::boxes::{
    Avc1Box, AvccBox, EdtsBox, ElstBox, ElstEntry, SampleEntry, UnknownBox, VisualSampleEntryFields,
};
use shiguredo_mp4::mux::{Mp4FileMuxer, Sample};
use shiguredo_mp4::{BoxSize, BoxType, Encode, FixedPointNumber, TrackKind, Uint};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::num::NonZeroU32;
use std::path::Path;

/// The number of time units per second. At all common rates, a frame lasts a whole or nearly whole number of units.
const TIMESCALE: NonZeroU32 = NonZeroU32::new(90_000).unwrap();
/// The `colr` box of type `nclx`: primaries, transfer and matrix of BT.709, video levels.
const BT709: &[u8] = b"nclx\0\x01\0\x01\0\x01\0";
/// The NAL unit type of sequence parameter sets, which belong in the header.
const SPS: u8 = 7;
/// The NAL unit type of picture parameter sets, which belong in the header.
const PPS: u8 = 8;

/// A frame written to the file.
struct Placed {
    offset: u64,
    size: usize,
    /// The presentation time, in frames.
    pts: i64,
    /// The decoding time, in frames.
    dts: i64,
    is_key: bool,
}

/// A writer for the file of a chunk.
pub(crate) struct ChunkFile {
    file: BufWriter<File>,
    end: u64,
    muxer: Mp4FileMuxer,
    entry: SampleEntry,
    rate: (u32, u32),
    /// The NAL units that precede the first frame: libx264's version and settings.
    preface: Vec<u8>,
    frames: Vec<Placed>,
}

impl ChunkFile {
    /// Creates the file. `headers` contains the parameter sets, with start codes.
    pub(crate) fn create(path: &Path, settings: &Settings, headers: &[u8]) -> Result<Self, String> {
        let file =
            File::create(path).map_err(|e| format!("failed to create {}: {e}", path.display()))?;
        let mut file = BufWriter::new(file);
        let muxer = Mp4FileMuxer::new().map_err(|e| e.to_string())?;
        let start = muxer.initial_boxes_bytes();
        file.write_all(start).map_err(write_error)?;
        let kind = |unit: &[u8]| unit.first().map_or(0, |byte| byte & 0x1f);
        let of_kind = |wanted: u8| -> Vec<Vec<u8>> {
            units(headers).filter(|unit| kind(unit) == wanted).map(<[u8]>::to_vec).collect()
        };
        let preface = units(headers).filter(|unit| !matches!(kind(unit), SPS | PPS));
        let preface = preface.flat_map(length_prefixed).collect();
        let entry = sample_entry(settings, of_kind(SPS), of_kind(PPS))?;
        let (end, rate) = (start.len() as u64, settings.rate);
        Ok(Self { file, end, muxer, entry, rate, preface, frames: Vec::new() })
    }

    /// Appends an encoded frame.
    pub(crate) fn write(&mut self, coded: &Coded) -> Result<(), String> {
        let mut bytes = std::mem::take(&mut self.preface);
        bytes.extend(units(&coded.bytes).flat_map(length_prefixed));
        self.file.write_all(&bytes).map_err(write_error)?;
        let (pts, dts, is_key) = (coded.pts, coded.dts, coded.is_key);
        self.frames.push(Placed { offset: self.end, size: bytes.len(), pts, dts, is_key });
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Writes the index, and fills in the sizes at the start of the file.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        let rate = self.rate;
        let first = self.frames.first().ok_or("the file has no frames")?;
        let (first_dts, first_offset) = (first.dts, first.offset);
        let last = self.frames.last().map_or(0, |frame| frame.dts + 1);
        let next = self.frames.iter().skip(1).map(|frame| frame.dts).chain([last]);
        for (frame, next) in self.frames.iter().zip(next) {
            let decoded = time(frame.dts, rate);
            let duration = u32::try_from(time(next, rate) - decoded);
            let sample = Sample {
                track_kind: TrackKind::Video,
                sample_entry: (frame.offset == first_offset).then(|| self.entry.clone()),
                keyframe: frame.is_key,
                timescale: TIMESCALE,
                duration: duration
                    .map_err(|_| "libx264 returned frames out of order".to_owned())?,
                composition_time_offset: Some(time(frame.pts, rate) - decoded),
                data_offset: frame.offset,
                data_size: frame.size,
            };
            self.muxer.append_sample(&sample).map_err(|e| e.to_string())?;
        }
        let boxes = self.muxer.finalize().map_err(|e| e.to_string())?;
        let mut index = boxes.moov_box().clone();
        // The film's time and the track's have the same unit.
        let edit = ElstEntry {
            edit_duration: time(self.frames.len() as i64, rate).unsigned_abs(),
            media_time: -time(first_dts, rate),
            media_rate: FixedPointNumber::new(1, 0),
        };
        for track in &mut index.trak_boxes {
            let elst_box = Some(ElstBox { entries: vec![edit.clone()] });
            track.edts_box = Some(EdtsBox { elst_box, unknown_boxes: Vec::new() });
        }
        index.mvhd_box.timescale = TIMESCALE;
        let index = index.encode_to_vec().map_err(|e| e.to_string())?;
        self.file.write_all(&index).map_err(write_error)?;
        for (offset, bytes) in boxes.offset_and_bytes_pairs().filter(|(at, _)| *at < self.end) {
            self.file.seek(SeekFrom::Start(offset)).map_err(write_error)?;
            self.file.write_all(bytes).map_err(write_error)?;
        }
        self.file.flush().map_err(write_error)
    }
}

fn write_error(error: std::io::Error) -> String {
    format!("failed to write the file: {error}")
}

/// Returns the time at which a frame begins, in units of [`TIMESCALE`], rounded half away from zero.
fn time(frame: i64, (rate_num, rate_den): (u32, u32)) -> i64 {
    let (num, den) = (i64::from(rate_num), i64::from(rate_den));
    let product = frame.abs() * i64::from(TIMESCALE.get()) * den;
    frame.signum() * ((2 * product + num) / (2 * num))
}

/// Returns the NAL units of a byte stream, without start codes (ISO/IEC 14496-10, annex B).
fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    let code = |bytes: &[u8]| bytes.windows(3).position(|three| three == [0, 0, 1]);
    if let Some(at) = code(rest) {
        rest = &rest[at + 3..];
    }
    std::iter::from_fn(move || {
        let end = code(rest);
        let (unit, after) = match end {
            Some(at) => (&rest[..at], &rest[at + 3..]),
            None => (rest, &[][..]),
        };
        rest = after;
        // A long start code begins with one more zero; a unit never ends with zero.
        let length = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        (length > 0).then(|| &unit[..length])
    })
}

/// Returns a NAL unit as MP4 stores it: its length in 32 bits, then the unit.
fn length_prefixed(unit: &[u8]) -> Vec<u8> {
    [&(unit.len() as u32).to_be_bytes(), unit].concat()
}

fn sample_entry(
    settings: &Settings,
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
) -> Result<SampleEntry, String> {
    // The first parameter set begins with profile, constraints and level.
    let [_, profile, constraints, level, ..] = sps.first().map_or(&[][..], Vec::as_slice) else {
        return Err("libx264 has no sequence parameter set".to_owned());
    };
    let avcc_box = AvccBox {
        avc_profile_indication: *profile,
        profile_compatibility: *constraints,
        avc_level_indication: *level,
        length_size_minus_one: Uint::new(3),
        // 4:2:0 with eight bits; only the high profiles state it.
        chroma_format: (*profile >= 100).then(|| Uint::new(1)),
        bit_depth_luma_minus8: (*profile >= 100).then(|| Uint::new(0)),
        bit_depth_chroma_minus8: (*profile >= 100).then(|| Uint::new(0)),
        sps_list: sps,
        pps_list: pps,
        sps_ext_list: Vec::new(),
    };
    let colours = UnknownBox {
        box_type: BoxType::Normal(*b"colr"),
        box_size: BoxSize::U32(8 + BT709.len() as u32),
        payload: BT709.to_vec(),
    };
    Ok(SampleEntry::Avc1(Avc1Box {
        visual: VisualSampleEntryFields {
            data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
            width: settings.width,
            height: settings.height,
            horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
            vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
            frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
            compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
            depth: VisualSampleEntryFields::DEFAULT_DEPTH,
        },
        avcc_box,
        unknown_boxes: vec![colours],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_after_short_and_long_start_codes() {
        let stream = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3];
        let found: Vec<&[u8]> = units(&stream).collect();
        assert_eq!(found, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
        assert_eq!(units(&[]).count(), 0);
    }

    #[test]
    fn times_are_rounded_to_the_nearest() {
        assert_eq!(time(-2, (30, 1)), -6000);
        assert_eq!(time(1, (30_000, 1001)), 3003);
        // 3753.75 and 7507.5
        assert_eq!([1, 2, -2].map(|frame| time(frame, (24_000, 1001))), [3754, 7508, -7508]);
    }
}
