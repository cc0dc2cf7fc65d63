//! Checks external programs, simulated by a shell script.

use super::{
    Bench, Outcome, Row, TEXT, fails, fails_within, is_unwell, of_kind, request, row, says_all,
    sounds, speaks,
};
use pytoon_core::text;
use serde::Deserialize;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// The kind of the error of a missing program, as logs name it.
const UNAVAILABLE: &str = "unavailable";
const BAD_OUTPUT: &str = "bad_output";
/// The name of the file that records the program's arguments and input.
const ASKED: &str = "asked";
/// The time within which a stalled program must be terminated.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fixture of an external program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    /// The file name of the program.
    program: String,
    /// The format of the program's output.
    form: Form,
}

/// The format of a program's output.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// A WAV file.
    Wav,
    /// The output of the helper `pytoon-espeak`: a line of JSON, then samples.
    Helper,
}

impl Form {
    fn bytes(self, samples: &[i16]) -> Vec<u8> {
        if self == Self::Wav {
            return sounds::wav(samples);
        }
        let step = samples.len() / (text::words(TEXT).len() + 1);
        let events: Vec<_> = word_starts()
            .enumerate()
            .map(|(word, at)| json!({ "at": at + 1, "sample": (word * step) as i32 }))
            .collect();
        let head = json!({ "id": 0, "sample_rate": sounds::RATE, "samples": samples.len(),
                           "events": events, "error": null });
        let mut bytes = head.to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend(sounds::pcm(samples));
        bytes
    }
}

/// Returns the position of the first character of each word.
fn word_starts() -> impl Iterator<Item = usize> {
    let mut at = 0;
    text::words(TEXT).into_iter().map(move |word| {
        let start = at;
        at += word.text.chars().count() + 1;
        start
    })
}

impl Program {
    pub(super) fn run(&self, bench: &Bench<'_>) -> Result<Vec<Row>, String> {
        let script = bench.subject.text("program.sh")?;
        let mut rows = Vec::new();
        row(&mut rows, "success", self.succeeds(bench, &script));
        row(&mut rows, "missing program", self.is_missing(bench));
        for (check, body, kind) in [
            ("fails", "exit 3", UNAVAILABLE),
            ("too slow", "sleep 60", UNAVAILABLE),
            ("says nothing", "exit 0", BAD_OUTPUT),
        ] {
            let script = format!("#!/bin/sh\n{body}\n");
            row(&mut rows, check, self.fails(bench, check, &script, &[], kind));
        }
        let not_audio: Vec<u8> = b"<html>no</html>".repeat(9);
        let mut cut = self.form.bytes(&sounds::good());
        cut.truncate(cut.len() / 2);
        let spoilt = sounds::spoilt_sounds();
        let sounds = spoilt
            .iter()
            // The helper times its own words, so it is trusted about its length.
            .filter(|one| self.form == Form::Wav || matches!(one.what, "empty" | "silent"))
            .map(|one| (one.what, self.form.bytes(&one.samples)));
        for (check, body) in sounds.chain([("cut off", cut), ("not audio", not_audio)]) {
            row(&mut rows, check, self.fails(bench, check, &script, &body, BAD_OUTPUT));
        }
        Ok(rows)
    }

    /// Installs the simulated program with the audio that it outputs, and a wrapper that records its arguments and
    /// input.
    fn install(&self, folder: &Path, script: &str, sound: &[u8]) -> Result<(), String> {
        let at = folder.join("sound");
        let player = folder.join("player");
        let asked = folder.join(ASKED);
        let script = script.replace("{{sound}}", &at.display().to_string());
        // The wrapper keeps the program's arguments and its standard input.
        let wrapper = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{0}'\ncat > '{0}.input'\ncat '{0}.input' >> '{0}'\n\
             exec '{1}' \"$@\" < '{0}.input'\n",
            asked.display(),
            player.display()
        );
        let write = |path: &Path, text: &str| {
            std::fs::write(path, text)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        };
        std::fs::write(&at, sound)
            .and_then(|()| write(&player, &script))
            .and_then(|()| write(&folder.join(&self.program), &wrapper))
            .map_err(|error| error.to_string())
    }

    fn succeeds(&self, bench: &Bench<'_>, script: &str) -> Outcome {
        let folder = bench.own_folder("success")?;
        self.install(&folder, script, &self.form.bytes(&sounds::good()))?;
        let stage = bench.own_stage("success", &bench.runner(&folder), |_| {})?;
        stage.provider()?.health_check().map_err(|error| format!("health: {error}"))?;
        let spoken = speaks(stage.provider()?)?;
        says_all(&std::fs::read_to_string(folder.join(ASKED)).unwrap_or_default())?;
        Ok(spoken)
    }

    fn is_missing(&self, bench: &Bench<'_>) -> Outcome {
        let folder = bench.own_folder("missing")?;
        let stage = bench.own_stage("missing", &bench.runner(&folder), |_| {})?;
        match &stage.provider {
            Err(reason) if reason.contains(&self.program) => Ok("left out".to_owned()),
            Err(reason) => Err(format!("it is left out for another reason: {reason}")),
            Ok(provider) => {
                is_unwell(provider.as_ref())?;
                of_kind(&fails(provider.as_ref(), &request())?, UNAVAILABLE)
            }
        }
    }

    fn fails(
        &self,
        bench: &Bench<'_>,
        check: &str,
        script: &str,
        sound: &[u8],
        kind: &str,
    ) -> Outcome {
        let folder = bench.own_folder(check)?;
        self.install(&folder, script, sound)?;
        let stage = bench.own_stage(check, &bench.runner(&folder), |block| {
            if block["timeout_seconds"].is_number() {
                block["timeout_seconds"] = json!(1);
            }
        })?;
        of_kind(&fails_within(PATIENCE, stage.provider()?)?, kind)
    }
}
