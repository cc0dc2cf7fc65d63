//! Checks local voices that are files, by damaging one file after another.

use super::{
    Bench, Outcome, Row, Stage, fails, fails_within, is_unwell, of_kind, request, row, speaks,
};
use crate::installed::{FOLDER_ENV, MANIFEST};
use crate::tts::TtsRequest;
use pytoon_neural::toy::{Toy, piper_config, piper_model};
use pytoon_process::{Programs, Runner};
use pytoon_vendor::ensure;
use pytoon_vendor::hash::bytes_hash;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kind of the error of an unusable voice, as logs name it.
const BAD_VOICE: &str = "bad_voice";
const REFUSED: &str = "refused";
const BAD_OUTPUT: &str = "bad_output";
/// The time within which a stalled model must be abandoned.
const PATIENCE: Duration = Duration::from_secs(5);
/// The name of the voice in the fixtures.
const VOICE: &str = "eva";
/// The files of the voice.
const FILES: [&str; 2] = ["eva.onnx", "eva.onnx.json"];

/// The fixture of voices that are files: their layout on disk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    layout: Layout,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Layout {
    /// An installed voice with a manifest.
    Installed,
    /// A voice in any folder, named by paths in the configuration.
    Paths,
}

/// The damage done to the voice before it speaks.
#[derive(Clone, Copy)]
enum Spoil {
    Nothing,
    Remove(&'static str),
    Replace(&'static str),
}

impl Files {
    pub(super) fn run(&self, bench: &Bench<'_>) -> Result<Vec<Row>, String> {
        if std::env::var_os(FOLDER_ENV).is_some_and(|folder| !folder.is_empty()) {
            return Err(format!("unset {FOLDER_ENV}: it replaces the folder of the fixtures"));
        }
        let mut rows = Vec::new();
        row(&mut rows, "no voice", self.no_voice(bench));
        // The model in the fixtures is a text file: complete, but no model.
        row(&mut rows, "model corrupt", self.check_spoilt(bench, "model corrupt", Spoil::Nothing));
        for file in FILES {
            // A model named by its path may be a mistake in the brief.
            let kind = match self.layout {
                Layout::Paths if file == FILES[0] => REFUSED,
                Layout::Paths | Layout::Installed => BAD_VOICE,
            };
            let check = format!("{file} missing");
            let outcome = self.of_spoilt(bench, &check, Spoil::Remove(file), kind);
            row(&mut rows, &check.replace(VOICE, "voice"), outcome);
            let check = format!("{file} changed");
            let outcome = self.check_spoilt(bench, &check, Spoil::Replace(file));
            row(&mut rows, &check.replace(VOICE, "voice"), outcome);
        }
        if self.layout == Layout::Installed {
            let outcome = self.check_spoilt(bench, "manifest", Spoil::Replace(MANIFEST));
            row(&mut rows, "manifest changed", outcome);
        }
        row(&mut rows, "success", self.of_toy(bench, Toy::Hums));
        row(&mut rows, "silent", self.of_toy(bench, Toy::Silent));
        row(&mut rows, "too slow", self.of_toy(bench, Toy::Slow));
        row(&mut rows, "unknown voice", self.unknown_voice(bench));
        row(&mut rows, "another language", self.another_language(bench));
        Ok(rows)
    }

    fn stage(&self, bench: &Bench<'_>, check: &str, spoil: Spoil) -> Result<Stage, String> {
        let folder = bench.own_folder(check)?;
        let voice = self.install(bench, &folder, spoil)?;
        bench.own_stage(check, &bench.runner(&folder), |block| {
            self.name_voice(block, &folder, &voice);
        })
    }

    /// Writes the voice into the provider's configuration block.
    fn name_voice(&self, block: &mut Value, folder: &Path, model: &Path) {
        match self.layout {
            Layout::Installed => block["folder"] = json!(folder.join("voices")),
            Layout::Paths => block["voices"] = json!({ "en": model }),
        }
    }

    /// Installs the fixture voice and damages it as `spoil` states. Returns the path of its model.
    fn install(&self, bench: &Bench<'_>, folder: &Path, spoil: Spoil) -> Result<PathBuf, String> {
        let [model, config] = FILES.map(|file| bench.subject.text(file).map(String::into_bytes));
        let model = self.lay_down(bench, folder, &[model?, config?])?;
        let place = model.parent().unwrap_or(folder);
        match spoil {
            Spoil::Nothing => Ok(()),
            Spoil::Remove(file) => std::fs::remove_file(place.join(file)),
            Spoil::Replace(file) => std::fs::write(place.join(file), "{"),
        }
        .map_err(|error| error.to_string())?;
        Ok(model)
    }

    /// Writes a model and its settings, with a manifest if the layout has one. Returns the path of the model.
    fn lay_down(
        &self,
        bench: &Bench<'_>,
        folder: &Path,
        files: &[Vec<u8>; 2],
    ) -> Result<PathBuf, String> {
        let place = folder.join("voices").join(VOICE);
        let failed = |error: std::io::Error| error.to_string();
        std::fs::create_dir_all(&place).map_err(failed)?;
        let mut manifest = match self.layout {
            Layout::Installed => bench.subject.text(MANIFEST)?,
            Layout::Paths => String::new(),
        };
        for ((file, role), bytes) in FILES.into_iter().zip(["model", "config"]).zip(files) {
            manifest = manifest
                .replace(&format!("\"{{{{{role}_bytes}}}}\""), &bytes.len().to_string())
                .replace(&format!("{{{{{role}_sha256}}}}"), &bytes_hash(bytes));
            std::fs::write(place.join(file), bytes).map_err(failed)?;
        }
        if self.layout == Layout::Installed {
            std::fs::write(place.join(MANIFEST), manifest).map_err(failed)?;
        }
        Ok(place.join(FILES[0]))
    }

    fn no_voice(&self, bench: &Bench<'_>) -> Outcome {
        let folder = bench.own_folder("no voice")?;
        let stage = bench.own_stage("no voice", &bench.runner(&folder), |block| {
            if self.layout == Layout::Installed {
                block["folder"] = json!(folder.join("none"));
            }
        })?;
        ensure(stage.provider.is_err(), "it is asked without a voice")?;
        Ok("left out".to_owned())
    }

    fn check_spoilt(&self, bench: &Bench<'_>, check: &str, spoil: Spoil) -> Outcome {
        self.of_spoilt(bench, check, spoil, BAD_VOICE)
    }

    fn of_spoilt(&self, bench: &Bench<'_>, check: &str, spoil: Spoil, kind: &str) -> Outcome {
        let stage = self.stage(bench, check, spoil)?;
        let provider = stage.provider()?;
        // An installed model is tested when it is loaded, which is too slow for a health check.
        let is_seen = self.layout == Layout::Paths || !matches!(spoil, Spoil::Nothing);
        if is_seen {
            is_unwell(provider)?;
        }
        of_kind(&fails(provider, &request())?, kind)
    }

    /// Checks the result of a toy model that speaks, returns silence, or is too slow.
    fn of_toy(&self, bench: &Bench<'_>, toy: Toy) -> Outcome {
        let check = format!("{toy:?}");
        let folder = bench.own_folder(&check)?;
        let files = [piper_model(toy), piper_config("en-us").into_bytes()];
        let model = self.lay_down(bench, &folder, &files)?;
        // Phonemes come from the real helper.
        let runner = Runner { programs: Programs::beside_this_one(), ..bench.runner(&folder) };
        let stage = bench.own_stage(&check, &runner, |block| {
            block["timeout_seconds"] = json!(1);
            self.name_voice(block, &folder, &model);
        })?;
        let provider = stage.provider()?;
        match toy {
            Toy::Hums => speaks(provider),
            Toy::Silent => of_kind(&fails(provider, &request())?, BAD_OUTPUT),
            Toy::Slow => of_kind(&fails_within(PATIENCE, provider)?, BAD_VOICE),
        }
    }

    fn unknown_voice(&self, bench: &Bench<'_>) -> Outcome {
        let stage = self.stage(bench, "unknown voice", Spoil::Nothing)?;
        let nobody = TtsRequest { voice: Some("nobody".to_owned()), ..request() };
        of_kind(&fails(stage.provider()?, &nobody)?, REFUSED)
    }

    fn another_language(&self, bench: &Bench<'_>) -> Outcome {
        let stage = self.stage(bench, "another language", Spoil::Nothing)?;
        let other = TtsRequest { language: "is".to_owned(), ..request() };
        let is_left_out = stage.provider()?.has_no_voice(&other).is_some();
        ensure(is_left_out, "it is asked for a language that it does not speak")?;
        Ok("left out".to_owned())
    }
}
