//! Encodes frames to H.264 access units.

use crate::ffi;
use crate::parent::{Parent, Slot};
use std::ffi::{CString, c_int};
use std::ptr::{NonNull, null, null_mut};

/// The settings of an encoder, named as in libx264.
pub(crate) struct Settings {
    /// The width in pixels, even.
    pub(crate) width: u16,
    /// The height in pixels, even.
    pub(crate) height: u16,
    /// The frame rate in frames per second, as numerator and denominator.
    pub(crate) rate: (u32, u32),
    pub(crate) preset: String,
    pub(crate) profile: String,
    /// The names and values for `x264_param_parse`.
    pub(crate) params: Vec<(String, String)>,
}

impl Settings {
    /// Returns the size of a frame in YUV 4:2:0, in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        usize::from(self.width) * usize::from(self.height) * 3 / 2
    }
}

/// An encoded frame.
pub(crate) struct Coded {
    /// The NAL units with start codes (ISO/IEC 14496-10, annex B).
    pub(crate) bytes: Vec<u8>,
    /// The presentation time, in frames.
    pub(crate) pts: i64,
    /// The decoding time, in frames. It is negative for the first frames if the decoding order differs from the
    /// presentation order.
    pub(crate) dts: i64,
    pub(crate) is_key: bool,
}

/// An open encoder.
pub(crate) struct Encoder {
    handle: NonNull<ffi::Handle>,
    width: c_int,
    height: c_int,
    frame_bytes: usize,
    next_pts: i64,
}

#[allow(unsafe_code)]
impl Encoder {
    /// Opens an encoder.
    pub(crate) fn open(settings: &Settings) -> Result<Self, String> {
        let text = |text: &str| CString::new(text).map_err(|e| e.to_string());
        let (preset, profile) = (text(&settings.preset)?, text(&settings.profile)?);
        let pairs: Result<Vec<_>, String> =
            settings.params.iter().map(|(name, value)| Ok((text(name)?, text(value)?))).collect();
        let pairs = pairs?;
        let (width, height) = (c_int::from(settings.width), c_int::from(settings.height));
        let rate = |part: u32| {
            c_int::try_from(part).map_err(|_| format!("the frame rate {part} is too large"))
        };
        let (rate_num, rate_den) = (rate(settings.rate.0)?, rate(settings.rate.1)?);
        // SAFETY: the texts end with NUL and outlive the calls.
        let params =
            unsafe { ffi::pytoon_x264_params(preset.as_ptr(), width, height, rate_num, rate_den) };
        if params.is_null() {
            return Err(format!("libx264 has no preset `{}`", settings.preset));
        }
        for ((name, value), (own_name, own_value)) in pairs.iter().zip(&settings.params) {
            // SAFETY: `params` is what libx264 filled in above, the texts end with NUL.
            if unsafe { ffi::x264_param_parse(params, name.as_ptr(), value.as_ptr()) } != 0 {
                return Err(format!("libx264 rejects the parameter {own_name}={own_value}"));
            }
        }
        // SAFETY: as above; `params` is given away and not used again.
        let handle = NonNull::new(unsafe { ffi::pytoon_x264_open(params, profile.as_ptr()) });
        let handle = handle.ok_or("libx264 cannot be opened with these settings")?;
        let frame_bytes = settings.frame_bytes();
        Ok(Self { handle, width, height, frame_bytes, next_pts: 0 })
    }

    /// Returns the parameter sets, with start codes.
    pub(crate) fn headers(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = null();
        // SAFETY: the encoder is open; the returned bytes are valid until its next call.
        let size = unsafe { ffi::pytoon_x264_headers(self.handle.as_ptr(), &raw mut bytes) };
        let size = usize::try_from(size).ok().filter(|size| *size > 0);
        let size = size.ok_or("libx264 has no headers")?;
        // SAFETY: libx264 returned `size` contiguous bytes, valid until its next call.
        Ok(unsafe { std::slice::from_raw_parts(bytes, size) }.to_vec())
    }

    /// Encodes the next frame. Returns the next finished frame, if one is ready.
    pub(crate) fn encode(&mut self, parent: &Parent, slot: Slot) -> Result<Option<Coded>, String> {
        let (planes, bytes) = parent.frame(slot);
        if bytes != self.frame_bytes {
            return Err(format!("a frame has {bytes} bytes instead of {}", self.frame_bytes));
        }
        let pts = self.next_pts;
        self.next_pts += 1;
        self.step(planes, pts)
    }

    /// Returns the next delayed frame, or `None` if none is left. Call this after the last frame is encoded.
    pub(crate) fn flush(&mut self) -> Result<Option<Coded>, String> {
        // SAFETY: the encoder is open.
        while unsafe { ffi::x264_encoder_delayed_frames(self.handle.as_ptr()) } > 0 {
            if let Some(coded) = self.step(null_mut(), 0)? {
                return Ok(Some(coded));
            }
        }
        Ok(None)
    }

    fn step(&mut self, planes: *mut u8, pts: i64) -> Result<Option<Coded>, String> {
        let mut out = ffi::Frame { bytes: null(), size: 0, pts: 0, dts: 0, is_key: 0 };
        let (handle, width, height) = (self.handle.as_ptr(), self.width, self.height);
        // SAFETY: the encoder is open; `planes` is null or a whole frame, which stays mapped while the
        // parent is borrowed, and libx264 copies it before this returns.
        let size =
            unsafe { ffi::pytoon_x264_encode(handle, planes, width, height, pts, &raw mut out) };
        match size {
            0 => Ok(None),
            1.. => {
                // SAFETY: libx264 returned `out.size` contiguous bytes, valid until its next call.
                let bytes = unsafe { std::slice::from_raw_parts(out.bytes, out.size) }.to_vec();
                let is_key = out.is_key != 0;
                Ok(Some(Coded { bytes, pts: out.pts, dts: out.dts, is_key }))
            }
            _ => Err("libx264 failed to encode a frame".to_owned()),
        }
    }
}

#[allow(unsafe_code)]
impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: it was opened and is closed once.
        unsafe { ffi::x264_encoder_close(self.handle.as_ptr()) }
    }
}

/// Retains the memory of closed encoders for the next one. The system takes as long to clear new memory as encoding a
/// tenth of a chunk takes. `x264.c` clears the memory that libx264 allocates again.
#[allow(unsafe_code)]
pub(crate) fn keep_memory() {
    // SAFETY: it sets options of the allocator.
    unsafe { ffi::pytoon_x264_keep_memory() }
}

/// Returns the build number of libx264's interface.
#[allow(unsafe_code)]
pub(crate) fn build() -> i32 {
    // SAFETY: it returns a constant.
    unsafe { ffi::pytoon_x264_build() }
}
