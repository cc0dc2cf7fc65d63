//! Voices that are files on this machine: one file after another is spoiled.

use super::{Bench, Outcome, Row, Stage, fails, of_kind, request, row};
use crate::installed::{FOLDER_ENV, MANIFEST};
use crate::tts::TtsRequest;
use pytoon_vendor::hash::bytes_hash;
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Kinds, as logs name them.
const BAD_VOICE: &str = "bad_voice";
const REFUSED: &str = "refused";
/// The voice of the fixtures.
const VOICE: &str = "eva";
/// The files of the voice.
const FILES: [&str; 2] = ["eva.onnx", "eva.onnx.json"];

/// How voices of a provider lie on disk.
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
    /// Installed, with a manifest.
    Installed,
    /// Anywhere, by paths in the configuration.
    Paths,
}

/// What is done to the voice before it is asked to speak.
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
        // What the fixtures call a model is a text: it is whole, and no model.
        row(&mut rows, "model corrupt", self.spoilt(bench, "model corrupt", Spoil::Nothing));
        for file in FILES {
            // A model that is named by its path may be a slip of the brief's.
            let kind = match self.layout {
                Layout::Paths if file == FILES[0] => REFUSED,
                Layout::Paths | Layout::Installed => BAD_VOICE,
            };
            let check = format!("{file} missing");
            let outcome = self.of_spoilt(bench, &check, Spoil::Remove(file), kind);
            row(&mut rows, &check.replace(VOICE, "voice"), outcome);
            let check = format!("{file} changed");
            let outcome = self.spoilt(bench, &check, Spoil::Replace(file));
            row(&mut rows, &check.replace(VOICE, "voice"), outcome);
        }
        if self.layout == Layout::Installed {
            row(
                &mut rows,
                "manifest changed",
                self.spoilt(bench, "manifest", Spoil::Replace(MANIFEST)),
            );
        }
        row(&mut rows, "unknown voice", self.unknown_voice(bench));
        row(&mut rows, "another language", self.another_language(bench));
        Ok(rows)
    }

    fn stage(&self, bench: &Bench<'_>, check: &str, spoil: Spoil) -> Result<Stage, String> {
        let folder = bench.own_folder(check)?;
        let voice = self.install(bench, &folder, spoil)?;
        let name = bench.subject.provider;
        bench.stage(check, name, None, &bench.runner(&folder), |tts| match self.layout {
            Layout::Installed => tts[name]["folder"] = json!(folder.join("voices")),
            Layout::Paths => tts[name]["voices"] = json!({ "en": voice }),
        })
    }

    /// Lays the voice down; returns the path of its model.
    fn install(&self, bench: &Bench<'_>, folder: &Path, spoil: Spoil) -> Result<PathBuf, String> {
        let place = folder.join("voices").join(VOICE);
        let failed = |error: std::io::Error| error.to_string();
        std::fs::create_dir_all(&place).map_err(failed)?;
        let mut manifest = match self.layout {
            Layout::Installed => bench.subject.text(MANIFEST)?,
            Layout::Paths => String::new(),
        };
        for (file, role) in FILES.into_iter().zip(["model", "config"]) {
            let bytes = bench.subject.text(file)?;
            manifest = manifest
                .replace(&format!("\"{{{{{role}_bytes}}}}\""), &bytes.len().to_string())
                .replace(&format!("{{{{{role}_sha256}}}}"), &bytes_hash(bytes.as_bytes()));
            std::fs::write(place.join(file), bytes).map_err(failed)?;
        }
        if self.layout == Layout::Installed {
            std::fs::write(place.join(MANIFEST), manifest).map_err(failed)?;
        }
        match spoil {
            Spoil::Nothing => {}
            Spoil::Remove(file) => std::fs::remove_file(place.join(file)).map_err(failed)?,
            Spoil::Replace(file) => std::fs::write(place.join(file), "{").map_err(failed)?,
        }
        Ok(place.join(FILES[0]))
    }

    fn no_voice(&self, bench: &Bench<'_>) -> Outcome {
        let folder = bench.own_folder("no voice")?;
        let name = bench.subject.provider;
        let stage = bench.stage("no voice", name, None, &bench.runner(&folder), |tts| {
            if self.layout == Layout::Installed {
                tts[name]["folder"] = json!(folder.join("none"));
            }
        })?;
        match stage.provider {
            Err(_) => Ok("left out".to_owned()),
            Ok(_) => Err("it is asked without a voice".to_owned()),
        }
    }

    fn spoilt(&self, bench: &Bench<'_>, check: &str, spoil: Spoil) -> Outcome {
        self.of_spoilt(bench, check, spoil, BAD_VOICE)
    }

    fn of_spoilt(&self, bench: &Bench<'_>, check: &str, spoil: Spoil, kind: &str) -> Outcome {
        let stage = self.stage(bench, check, spoil)?;
        let provider = stage.provider()?;
        // Whether an installed model works is known when it is loaded, which takes its time.
        let is_seen = self.layout == Layout::Paths || !matches!(spoil, Spoil::Nothing);
        if is_seen && provider.health_check().is_ok() {
            return Err("it says that all is well".to_owned());
        }
        of_kind(&fails(provider, &request())?, kind)
    }

    fn unknown_voice(&self, bench: &Bench<'_>) -> Outcome {
        let stage = self.stage(bench, "unknown voice", Spoil::Nothing)?;
        let nobody = TtsRequest { voice: Some("nobody".to_owned()), ..request() };
        of_kind(&fails(stage.provider()?, &nobody)?, REFUSED)
    }

    fn another_language(&self, bench: &Bench<'_>) -> Outcome {
        let stage = self.stage(bench, "another language", Spoil::Nothing)?;
        let other = TtsRequest { language: "is".to_owned(), ..request() };
        match stage.provider()?.has_no_voice(&other) {
            Some(_) => Ok("left out".to_owned()),
            None => Err("it is asked for a language that it does not speak".to_owned()),
        }
    }
}
