//! Declarations of the ten libespeak-ng functions in use, as in `speak_lib.h`.

use std::ffi::{c_char, c_int, c_uint, c_void};

pub(crate) const AUDIO_OUTPUT_SYNCHRONOUS: c_int = 2;
pub(crate) const INITIALIZE_DONT_EXIT: c_int = 0x8000;
pub(crate) const CHARS_UTF8: c_uint = 1;
/// The flag for phonemes in the International Phonetic Alphabet.
pub(crate) const PHONEMES_IPA: c_int = 2;
pub(crate) const PARAMETER_RATE: c_int = 1;
pub(crate) const PARAMETER_PITCH: c_int = 3;
pub(crate) const POS_CHARACTER: c_int = 1;
pub(crate) const EVENT_LIST_TERMINATED: c_int = 0;
pub(crate) const EVENT_WORD: c_int = 1;

/// The C type `espeak_EVENT`.
#[repr(C)]
pub(crate) struct Event {
    pub(crate) kind: c_int,
    pub(crate) unique_identifier: c_uint,
    pub(crate) text_position: c_int,
    pub(crate) length: c_int,
    pub(crate) audio_position: c_int,
    pub(crate) sample: c_int,
    pub(crate) user_data: *mut c_void,
    pub(crate) id: [u8; 8],
}

/// The C type `espeak_VOICE`.
#[repr(C)]
pub(crate) struct Voice {
    pub(crate) name: *const c_char,
    /// The languages as pairs of a priority byte and a NUL-terminated tag. A zero byte ends the list.
    pub(crate) languages: *const c_char,
    pub(crate) identifier: *const c_char,
    pub(crate) gender: u8,
    pub(crate) age: u8,
    pub(crate) variant: u8,
    pub(crate) xx1: u8,
    pub(crate) score: c_int,
    pub(crate) spare: *mut c_void,
}

pub(crate) type Callback = unsafe extern "C" fn(*mut i16, c_int, *mut Event) -> c_int;

#[allow(unsafe_code)]
unsafe extern "C" {
    pub(crate) fn espeak_Initialize(
        output: c_int,
        buffer_ms: c_int,
        path: *const c_char,
        options: c_int,
    ) -> c_int;
    pub(crate) fn espeak_SetSynthCallback(callback: Callback);
    pub(crate) fn espeak_SetVoiceByName(name: *const c_char) -> c_int;
    pub(crate) fn espeak_SetParameter(parameter: c_int, value: c_int, relative: c_int) -> c_int;
    pub(crate) fn espeak_Synth(
        text: *const c_void,
        size: usize,
        position: c_uint,
        position_type: c_int,
        end_position: c_uint,
        flags: c_uint,
        unique_identifier: *mut c_uint,
        user_data: *mut c_void,
    ) -> c_int;
    /// Returns the phonemes of the next clause. Advances `text`, and sets it to null at the end.
    pub(crate) fn espeak_TextToPhonemes(
        text: *mut *const c_void,
        text_mode: c_int,
        phoneme_mode: c_int,
    ) -> *const c_char;
    pub(crate) fn espeak_Synchronize() -> c_int;
    pub(crate) fn espeak_ListVoices(spec: *mut Voice) -> *const *const Voice;
    pub(crate) fn espeak_Info(path: *mut *const c_char) -> *const c_char;
    pub(crate) fn espeak_Terminate() -> c_int;
}
