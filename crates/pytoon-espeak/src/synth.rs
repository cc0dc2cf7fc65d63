//! A safe wrapper around libespeak-ng. The library is a single global state machine, so there is one [`Synth`] per
//! process, used from one thread.
#![allow(unsafe_code)]

use crate::ffi;
use serde::Serialize;
use std::ffi::{CStr, CString, c_int, c_void};

/// The start of a spoken word.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct WordEvent {
    /// The position of the word's first character in the text, counted from 1.
    at: i32,
    /// The synthesiser's length for the word. It is unreliable for numbers.
    length: i32,
    /// The index of the word's first sample.
    sample: i32,
}

/// The audio and events of one spoken text.
#[derive(Debug, Default)]
pub(crate) struct Take {
    pub(crate) samples: Vec<i16>,
    pub(crate) events: Vec<WordEvent>,
}

/// A voice that the library knows.
#[derive(Debug, Serialize)]
pub(crate) struct VoiceInfo {
    name: String,
    language: String,
    identifier: String,
}

/// A handle to the initialised library.
pub(crate) struct Synth {
    sample_rate: u32,
}

impl Synth {
    pub(crate) fn start() -> Result<Self, String> {
        // SAFETY: a null path means the library's own data folder; called once, before all else.
        let rate = unsafe {
            ffi::espeak_Initialize(
                ffi::AUDIO_OUTPUT_SYNCHRONOUS,
                0,
                std::ptr::null(),
                ffi::INITIALIZE_DONT_EXIT,
            )
        };
        if rate <= 0 {
            return Err(format!(
                "eSpeak NG failed to start (status {rate}): install its data files (espeak-ng-data)"
            ));
        }
        // SAFETY: the callback is a function of this program and lives as long as it does.
        unsafe { ffi::espeak_SetSynthCallback(collect) };
        Ok(Self { sample_rate: rate as u32 })
    }

    pub(crate) fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    pub(crate) fn version(&self) -> String {
        // SAFETY: the library returns a static string; a null path pointer is allowed.
        text(unsafe { ffi::espeak_Info(std::ptr::null_mut()) })
    }

    pub(crate) fn voices(&self) -> Vec<VoiceInfo> {
        let mut voices = Vec::new();
        // SAFETY: a null filter lists all; the array ends with a null pointer and its strings live until the
        // next call, which does not happen before they are copied.
        unsafe {
            let mut at = ffi::espeak_ListVoices(std::ptr::null_mut());
            while !at.is_null() && !(*at).is_null() {
                let voice = &**at;
                // The first byte of the list is the priority of the first language.
                let language = if voice.languages.is_null() {
                    String::new()
                } else {
                    text(voice.languages.add(1))
                };
                voices.push(VoiceInfo {
                    name: text(voice.name),
                    language,
                    identifier: text(voice.identifier),
                });
                at = at.add(1);
            }
        }
        voices
    }

    /// Selects a voice by its name, its file or its language. The library itself finds a language only if a file has
    /// its name, whereas `en-gb` is in the file `gmw/en`.
    fn choose(&self, voice: &str, variant: &str) -> Result<(), String> {
        let with_variant = |voice: &str| match variant {
            "" => voice.to_owned(),
            variant => format!("{voice}+{variant}"),
        };
        let is_taken = |name: &str| -> Result<bool, String> {
            let name = CString::new(name)
                .map_err(|_| "the voice's name contains a NUL character".to_owned())?;
            // SAFETY: the name lives across the call.
            Ok(unsafe { ffi::espeak_SetVoiceByName(name.as_ptr()) } == 0)
        };
        if is_taken(&with_variant(voice))? {
            return Ok(());
        }
        let known = self.voices();
        let file = known.iter().find(|known| known.language.eq_ignore_ascii_case(voice));
        match file {
            Some(known) if is_taken(&with_variant(&known.identifier))? => Ok(()),
            _ => Err(format!("eSpeak NG has no voice `{}`", with_variant(voice))),
        }
    }

    /// Returns the phonemes of a text in IPA, with words separated by spaces and without punctuation.
    pub(crate) fn phonemes(&self, text: &str, voice: &str) -> Result<String, String> {
        self.choose(voice, "")?;
        let c_text = CString::new(text.replace('\0', " ")).map_err(|e| e.to_string())?;
        let mut rest: *const c_void = c_text.as_ptr().cast();
        let mut clauses = Vec::new();
        while !rest.is_null() {
            // SAFETY: `rest` points into `c_text` until the library sets it to null; the string
            // that is returned lives until the next call and is copied before.
            let clause = unsafe {
                self::text(ffi::espeak_TextToPhonemes(
                    &raw mut rest,
                    ffi::CHARS_UTF8 as c_int,
                    ffi::PHONEMES_IPA,
                ))
            };
            clauses.push(clause.trim().to_owned());
        }
        clauses.retain(|clause| !clause.is_empty());
        Ok(clauses.join(" "))
    }

    /// Speaks a text at `wpm` words per minute, limited to 80 to 450. `pitch` is 0 to 100; `None` means 50.
    pub(crate) fn speak(
        &self,
        text: &str,
        voice: &str,
        variant: &str,
        wpm: f64,
        pitch: Option<i32>,
    ) -> Result<Take, String> {
        self.choose(voice, variant)
            .map_err(|reason| format!("{reason}; run `pytoon voices --all` for a list"))?;
        let c_text = CString::new(text.replace('\0', " ")).map_err(|e| e.to_string())?;
        let mut take = Take::default();
        // SAFETY: all pointers live across the calls; `take` is touched only by the callback
        // until `espeak_Synchronize` returns, and synthesis is synchronous.
        unsafe {
            let rate = wpm.round().clamp(80.0, 450.0) as c_int;
            check(ffi::espeak_SetParameter(ffi::PARAMETER_RATE, rate, 0), || {
                format!("set the speech rate to {rate} words per minute")
            })?;
            let pitch = pitch.unwrap_or(50);
            check(ffi::espeak_SetParameter(ffi::PARAMETER_PITCH, pitch, 0), || {
                format!("set the pitch to {pitch} on its scale from 0 to 100")
            })?;
            let status = ffi::espeak_Synth(
                c_text.as_ptr().cast(),
                c_text.as_bytes_with_nul().len(),
                0,
                ffi::POS_CHARACTER,
                0,
                ffi::CHARS_UTF8,
                std::ptr::null_mut(),
                (&raw mut take).cast::<c_void>(),
            );
            check(status, || "start to speak the text".into())?;
            check(ffi::espeak_Synchronize(), || "finish the speech".into())?;
        }
        Ok(take)
    }
}

impl Drop for Synth {
    fn drop(&mut self) {
        // SAFETY: the library was initialised and no call is in progress.
        unsafe { ffi::espeak_Terminate() };
    }
}

fn check(status: c_int, what: impl FnOnce() -> String) -> Result<(), String> {
    if status == 0 {
        Ok(())
    } else {
        Err(format!("eSpeak NG failed to {} (status {status})", what()))
    }
}

fn text(pointer: *const std::ffi::c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: the library's strings are NUL-terminated.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

/// Collects the audio and the word events. The library calls this function with each part of the audio and
/// its events.
unsafe extern "C" fn collect(wav: *mut i16, count: c_int, events: *mut ffi::Event) -> c_int {
    if events.is_null() {
        return 0;
    }
    // SAFETY: `user_data` of every event is the pointer that `speak` passed; the event list ends with a
    // terminating event; `wav` has `count` samples if it is not null.
    unsafe {
        let take = (*events).user_data.cast::<Take>();
        if take.is_null() {
            return 0;
        }
        let mut event = events;
        while (*event).kind != ffi::EVENT_LIST_TERMINATED {
            if (*event).kind == ffi::EVENT_WORD {
                (*take).events.push(WordEvent {
                    at: (*event).text_position,
                    length: (*event).length,
                    sample: (*event).sample,
                });
            }
            event = event.add(1);
        }
        if !wav.is_null() && count > 0 {
            (*take).samples.extend_from_slice(std::slice::from_raw_parts(wav, count as usize));
        }
    }
    0
}
