//! Speech servers that belong to the user and implement OpenAI's `POST /v1/audio/speech`: Kokoro-FastAPI, speaches,
//! LocalAI and others.
//!
//! Guarantees: a body is recognised by its first bytes, regardless of the requested format and the server's
//! media type; FFmpeg decodes MP3, Ogg, FLAC and WAV files other than 16-bit PCM, with bounds on size and
//! length; a body of another kind is never played as noise.

use super::{
    CloudAdapter, HEALTH, HealthFuture, SPEAK, Scope, Speech, Unreadable, openai, refusal_error,
};
use crate::tts::take::{Take, WavProblem};
use pytoon_config::tts::{ServerVoice, SpeechFormat};
use pytoon_ffmpeg::sound;
use pytoon_process::{Runner, SystemError};
use pytoon_vendor::http::{Call, Reply, VendorHttp};
use pytoon_vendor::replies::with_key;
use pytoon_vendor::{Result, VendorErrorKind};
use std::io::Write;

/// The sample rate of audio that FFmpeg decodes, in hertz.
const DECODED_RATE: u32 = 48_000;

/// The first bytes of formats that FFmpeg decodes: an ID3 tag before MP3, Ogg, FLAC.
const ENCODED: [&[u8]; 3] = [b"ID3", b"OggS", b"fLaC"];

/// The protocol of an OpenAI-compatible server.
#[derive(Debug)]
pub(crate) struct Compatible {
    model: String,
    format: SpeechFormat,
    /// The runner of FFmpeg.
    runner: Runner,
}

impl Compatible {
    pub(crate) fn new(settings: &ServerVoice, runner: &Runner) -> Self {
        let (model, format) = (settings.model.clone(), settings.response_format);
        Self { model, format, runner: runner.clone() }
    }

    fn decode(&self, body: &[u8]) -> Result<Take, Unreadable> {
        let folder = std::env::temp_dir();
        let unwritten =
            |error: std::io::Error| Unreadable::Machine(SystemError::write(&folder, error));
        let mut file = tempfile::NamedTempFile::new().map_err(unwritten)?;
        file.write_all(body).and_then(|()| file.flush()).map_err(unwritten)?;
        // FFmpeg takes a while; other calls must continue meanwhile.
        let decode = || sound::decode_mono(&self.runner, file.path());
        match tokio::task::block_in_place(decode) {
            Ok(samples) => Ok(Take::from_samples(DECODED_RATE, &samples)),
            Err(error) if error.is_exhausted() => Err(Unreadable::Machine(error)),
            Err(error) => Err(Unreadable::Sound(error.to_string())),
        }
    }
}

/// The audio format of a body.
#[derive(Debug, PartialEq, Eq)]
enum Sound {
    Wav,
    Encoded,
    Other,
}

fn detect_format(body: &[u8]) -> Sound {
    // A frame of MPEG audio, layer III: eleven bits that are set, then version and layer.
    let is_frame = matches!(body, [0xff, second, ..] if second & 0xe6 == 0xe2);
    if body.starts_with(b"RIFF") {
        Sound::Wav
    } else if is_frame || ENCODED.iter().any(|magic| body.starts_with(magic)) {
        Sound::Encoded
    } else {
        Sound::Other
    }
}

/// Adds the key to a request, if the server has one.
fn sign(http: &VendorHttp, call: Call) -> Result<Call> {
    match http.key() {
        Some(_) => with_key(http, call, "Bearer "),
        None => Ok(call),
    }
}

impl CloudAdapter for Compatible {
    fn scope(&self) -> Scope {
        openai::SCOPE
    }

    fn call(&self, http: &VendorHttp, speech: &Speech<'_>) -> Result<Call> {
        let body = openai::body(&self.model, self.format.as_str(), speech);
        sign(http, Call::post(SPEAK, http.url("/audio/speech"), body))
    }

    fn take(&self, reply: &Reply, _: &Speech<'_>) -> Result<Take, Unreadable> {
        match detect_format(&reply.body) {
            Sound::Wav => match Take::from_wav(&reply.body) {
                Err(WavProblem::OtherSamples) => self.decode(&reply.body),
                read => Ok(read?),
            },
            Sound::Encoded => self.decode(&reply.body),
            Sound::Other if reply.body.is_empty() => {
                Err(Unreadable::Sound("the audio is empty".to_owned()))
            }
            Sound::Other => Err(Unreadable::Protocol),
        }
    }

    fn refusal(&self, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        openai::refusal(reply)
    }

    fn health<'a>(&'a self, http: &'a VendorHttp) -> HealthFuture<'a> {
        Box::pin(async move {
            let call = sign(http, Call::get(HEALTH, http.url("/models")))?;
            let reply = http.send(call).await?;
            if matches!(reply.status, 401 | 403 | 429 | 500..=599) {
                return Err(refusal_error(http, self, &reply));
            }
            let json = reply.json().filter(|_| reply.is_success()).unwrap_or_default();
            let models = json["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_there = models.iter().any(|model| model["id"] == self.model.as_str());
            Ok(if is_there {
                format!("model {}", self.model)
            } else if models.is_empty() {
                format!(
                    "the server responds but has no model list, so model {} is not confirmed",
                    self.model
                )
            } else {
                format!("the server responds but does not list the model {}", self.model)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_recognised_by_its_first_bytes() {
        for (body, expected) in [
            (&b"RIFF\x24\0\0\0WAVE"[..], Sound::Wav),
            (b"ID3\x04", Sound::Encoded),
            (b"\xff\xfb\x90", Sound::Encoded),
            (b"\xff\xf3\x40", Sound::Encoded),
            (b"OggS", Sound::Encoded),
            (b"\xff\xd8\xff", Sound::Other),
            (b"<html>", Sound::Other),
            (b"{}", Sound::Other),
            (b"", Sound::Other),
        ] {
            assert_eq!(detect_format(body), expected, "{body:?}");
        }
    }
}
