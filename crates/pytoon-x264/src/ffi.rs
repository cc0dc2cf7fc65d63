//! Declarations of the libx264 functions in use. `x264.c` defines those that need its structures; `x264.h` declares
//! the others.

use std::ffi::{c_char, c_int, c_void};

/// The C type `x264_param_t`.
pub(crate) type Params = c_void;
/// The C type `x264_t`.
pub(crate) type Handle = c_void;

/// The C type `struct pytoon_frame`.
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) bytes: *const u8,
    pub(crate) size: usize,
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    pub(crate) is_key: c_int,
}

#[allow(unsafe_code)]
unsafe extern "C" {
    pub(crate) fn pytoon_x264_build() -> c_int;
    pub(crate) fn pytoon_x264_keep_memory();
    pub(crate) fn pytoon_x264_params(
        preset: *const c_char,
        width: c_int,
        height: c_int,
        rate_num: c_int,
        rate_den: c_int,
    ) -> *mut Params;
    pub(crate) fn x264_param_parse(
        params: *mut Params,
        name: *const c_char,
        value: *const c_char,
    ) -> c_int;
    pub(crate) fn pytoon_x264_open(params: *mut Params, profile: *const c_char) -> *mut Handle;
    pub(crate) fn pytoon_x264_headers(encoder: *mut Handle, bytes: *mut *const u8) -> c_int;
    pub(crate) fn pytoon_x264_encode(
        encoder: *mut Handle,
        planes: *mut u8,
        width: c_int,
        height: c_int,
        pts: i64,
        out: *mut Frame,
    ) -> c_int;
    pub(crate) fn x264_encoder_delayed_frames(encoder: *mut Handle) -> c_int;
    pub(crate) fn x264_encoder_close(encoder: *mut Handle);
}
