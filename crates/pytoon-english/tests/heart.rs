//! Tests the front end with the files of the voice `heart`, which are not in this repository. Set `PYTOON_HEART_DIR`
//! to a folder with them; otherwise these tests are skipped.

use pytoon_english::{Accent, English, EnglishFiles, Fixed, join};
use std::io::Write;
use std::path::PathBuf;

struct Folder {
    path: PathBuf,
    accent: Accent,
}

impl Folder {
    fn read(&self, american: &str, british: &str) -> Vec<u8> {
        let name = match self.accent {
            Accent::American => american,
            Accent::British => british,
        };
        std::fs::read(self.path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Loads the front end. If `cut` is set, the file with this index is truncated.
    fn load(&self, cut: Option<usize>) -> Result<English, String> {
        let mut files = [
            self.read("lexicon_us_gold.json.gz", "lexicon_gb_gold.json.gz"),
            self.read("lexicon_us_silver.json.gz", "lexicon_gb_silver.json.gz"),
            self.read("tagger.json.gz", "tagger.json.gz"),
            self.read("tokenizer_exceptions.json", "tokenizer_exceptions.json"),
            self.read("oov.onnx", "oov_gb.onnx"),
            self.read("oov.json", "oov_gb.json"),
        ];
        if let Some(at) = cut {
            let length = files[at].len() * 2 / 3;
            files[at].truncate(length);
        }
        let [gold, silver, tagger, tokenizer_exceptions, oov_model, oov_meta] = &files;
        let files =
            EnglishFiles { gold, silver, tagger, tokenizer_exceptions, oov_model, oov_meta };
        English::load(&files, self.accent).map_err(|error| error.to_string())
    }
}

fn folder(accent: Accent) -> Option<Folder> {
    let Some(path) = std::env::var_os("PYTOON_HEART_DIR") else {
        let _ = writeln!(std::io::stderr(), "skipped: PYTOON_HEART_DIR is not set");
        return None;
    };
    Some(Folder { path: path.into(), accent })
}

#[test]
fn american_sentences() {
    let Some(folder) = folder(Accent::American) else { return };
    let english = folder.load(None).unwrap();
    for (text, expected) in [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("I'll read it; I read it yesterday.", "ˌIl ɹˈid ɪt; ˌI ɹˈɛd ɪt jˈɛstəɹdˌA."),
        (
            "She used to live in the U.S.A. and used an apple.",
            "ʃˌi jˈust tə lˈɪv ɪn ðə jˌuˌɛsˈA ænd jˈuzd ɐn ˈæpᵊl.",
        ),
        (
            "In 1984 we paid $3.50 for a well-known B2B iPhone app at Zyxwinko's shop!",
            "ɪn nˌIntˈin ˈATi fˈɔɹ wi pˈAd θɹˈi dˈɑləɹz ænd fˈɪfti sˈɛnts fɔɹ ɐ wˌɛlnˈOn bˈitəbˈi \
             ˈIfˌOn ˈæp æt zɪkswˈɪŋkOz ʃˈɑp!",
        ),
        ("He said, \"I'm here.\"", "hˌi sˈɛd, “ˌIm hˈɪɹ.”"),
        ("“The dog is here,” he said.", "“ðə dˈɔɡ ɪz hˈɪɹ,” hi sˈɛd."),
    ] {
        assert_eq!(join(&english.phonemes(text, &[])), expected);
    }
}

/// Checks supplied phonemes against the Python wheel's results for `[read](/ɹˈɛd/)` and similar texts.
#[test]
fn stated_phonemes() {
    let Some(folder) = folder(Accent::American) else { return };
    let english = folder.load(None).unwrap();
    let said = |text, fixed: &[(usize, usize, &str)]| {
        let fixed = fixed.iter().map(|&(start, end, phonemes)| Fixed {
            chars: start..end,
            phonemes: phonemes.to_owned(),
        });
        join(&english.phonemes(text, &fixed.collect::<Vec<_>>()))
    };
    let text = "I will say read to the apple tree.";
    let fixed = [(11, 15, "ɹˈɛd"), (23, 33, "ˈæpᵊl tɹˌi")];
    assert_eq!(said(text, &fixed), "ˌI wɪl sˈA ɹˈɛd tə ði ˈæpᵊl tɹˌi.");
    assert_eq!(said("thered", &[(3, 5, "X")]), "ðəXdˈi");
}

#[test]
fn british_sentences() {
    let Some(folder) = folder(Accent::British) else { return };
    let english = folder.load(None).unwrap();
    assert_eq!(join(&english.phonemes("Hello there.", &[])), "həlˈQ ðˈɛː.");
}

#[test]
fn files_cut_short_are_errors() {
    let Some(folder) = folder(Accent::American) else { return };
    for at in 0..6 {
        let error = folder.load(Some(at)).unwrap_err();
        assert!(!error.is_empty(), "{at}");
    }
}
