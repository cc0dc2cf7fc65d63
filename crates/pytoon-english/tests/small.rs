//! Tests the whole front end with small hand-made files: phonemes, their positions in the text, and the behaviour
//! with hostile files or text.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use flate2::{Compression, write::GzEncoder};
use pytoon_english::{Accent, DataFile, English, EnglishError, EnglishFiles, Fixed, join};
use std::io::Write;

struct Data {
    gold: Vec<u8>,
    silver: Vec<u8>,
    tagger: Vec<u8>,
    exceptions: Vec<u8>,
    model: Vec<u8>,
    meta: Vec<u8>,
}

impl Data {
    fn small() -> Self {
        let gold = r#"{
            "a":"ˈA","A":"ˈA","to":"tˈu","the":"ðə","read":{"DEFAULT":"ɹˈid","VBD":"ɹˈɛd"},
            "apple":"ˈæpᵊl","book":"bˈʊk","do":"dˈu","don't":"dˈOnt","well":"wˈɛl","known":"nˈOn",
            "butter":"bˈʌɾəɹ","two":"tˈu","five":"fˈIv","dollar":"dˈɑləɹ","B":"bˈi","it":"ɪt"}"#;
        let tagger = r#"{"tags":["$",",",".",":","CD","DT","HYPH","NN","NNP","TO","VB","VBD"],
            "tagdict":{".":".",",":",","$":"$","5":"CD","the":"DT","a":"DT","to":"TO","-":"HYPH","—":":"},
            "vocab":["to"],
            "weights":{"w-1=to":{"VB":2.5},"s3=ead":{"VBD":1.0},"b":{"NN":0.5}}}"#;
        Self {
            gold: gzip(gold.as_bytes()),
            silver: gzip(b"{\"zebra\":\"z\xcb\x88ib\xc9\xb9\xc9\x99\"}"),
            tagger: gzip(tagger.as_bytes()),
            exceptions: br#"{"don't":["do","n't"]}"#.to_vec(),
            model: onnx::echo(),
            meta: br#"{"in":["x","y","z","q"],"out":["k","s","z","w"],"maxlen":6}"#.to_vec(),
        }
    }

    fn load(&self) -> Result<English, EnglishError> {
        let files = EnglishFiles {
            gold: &self.gold,
            silver: &self.silver,
            tagger: &self.tagger,
            tokenizer_exceptions: &self.exceptions,
            oov_model: &self.model,
            oov_meta: &self.meta,
        };
        English::load(&files, Accent::American)
    }

    fn file(&mut self, file: DataFile) -> &mut Vec<u8> {
        match file {
            DataFile::Gold => &mut self.gold,
            DataFile::Silver => &mut self.silver,
            DataFile::Tagger => &mut self.tagger,
            DataFile::TokenizerExceptions => &mut self.exceptions,
            DataFile::UnknownWordModel => &mut self.model,
            DataFile::UnknownWordAlphabet => &mut self.meta,
        }
    }
}

const FILES: [DataFile; 6] = [
    DataFile::Gold,
    DataFile::Silver,
    DataFile::Tagger,
    DataFile::TokenizerExceptions,
    DataFile::UnknownWordModel,
    DataFile::UnknownWordAlphabet,
];

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A net that returns its input, hand-written as ONNX.
mod onnx {
    fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128, "one byte of length is enough here");
        [&[field << 3 | 2, length], content].concat()
    }

    fn number(field: u8, value: u8) -> Vec<u8> {
        vec![field << 3, value]
    }

    fn value(name: &str) -> Vec<u8> {
        const INT64: u8 = 7;
        let dimensions = [bytes(1, &number(1, 1)), bytes(1, &bytes(2, b"L"))].concat();
        let tensor = [number(1, INT64), bytes(2, &dimensions)].concat();
        [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
    }

    pub(crate) fn echo() -> Vec<u8> {
        let node = [bytes(1, b"chars"), bytes(2, b"ids"), bytes(4, b"Identity")].concat();
        let graph = [
            bytes(1, &node),
            bytes(2, b"echo"),
            bytes(11, &value("chars")),
            bytes(12, &value("ids")),
        ]
        .concat();
        [number(1, 8), bytes(7, &graph), bytes(8, &number(2, 17))].concat()
    }
}

#[test]
fn a_front_end_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Data::small().load().unwrap());
}

#[test]
fn text_becomes_phonemes() {
    let english = Data::small().load().unwrap();
    for (text, expected) in [
        ("", ""),
        ("   ", ""),
        ("the apple", "ði ˈæpᵊl"),
        ("the book.", "ðə bˈʊk."),
        ("a book to read", "ɐ bˈʊk tə ɹˈid"),
        ("it read", "ɪt ɹˈɛd"),
        ("don't", "dˈOnt"),
        ("butter, to", "bˈʌTəɹ, tˈu"),
        ("well-known", "wˌɛlnˈOn"),
        ("zebra", "zˈibɹə"),
        ("xyzzy", "kszs"),
        ("a B2B", "ɐ bˈitəbˈi"),
        ("$5", "fˈIv dˈɑləɹz"),
        ("$5 book", "fˈIv dˈɑləɹz bˈʊk"),
        ("xy&5", "ks ænd fˈIv"),
        ("it — it", "ɪt — ɪt"),
        ("\"the apple\" (\"it\")", "“ði ˈæpᵊl” “ɪt”"),
        ("«the apple»", "“ði ˈæpᵊl”"),
        ("漢字", ""),
    ] {
        assert_eq!(join(&english.phonemes(text, &[])), expected, "{text}");
    }
}

#[test]
fn words_keep_their_place_in_the_text() {
    let english = Data::small().load().unwrap();
    let text = " “Don't”  well-known\tzebra";
    let words = english.phonemes(text, &[]);
    let chars: Vec<char> = text.chars().collect();
    let places: Vec<String> =
        words.iter().map(|word| chars[word.chars.clone()].iter().collect()).collect();
    assert_eq!(places.concat(), "“Don't”well-knownzebra");
    assert!(words.windows(2).all(|pair| pair[0].chars.end <= pair[1].chars.start));
    assert_eq!(words.last().map(|word| word.space_after), Some(false));
}

#[test]
fn stated_phonemes_are_used_and_affect_their_neighbours() {
    let english = Data::small().load().unwrap();
    let fixed = |start, end, phonemes: &str| Fixed { chars: start..end, phonemes: phonemes.into() };
    let said = |fixed: &[Fixed]| join(&english.phonemes("the book to read", fixed));
    assert_eq!(said(&[fixed(4, 8, "ˈOpən")]), "ði ˈOpən tə ɹˈid");
    assert_eq!(said(&[fixed(9, 16, "X Y"), fixed(4, 8, "ˈA")]), "ði ˈA X Y");
    assert_eq!(said(&[fixed(4, 8, "ˈA"), fixed(5, 9, "ˈI")]), "ði ˈA tə ɹˈid", "the first counts");
    assert_eq!(said(&[fixed(4, 4, "ˈA"), fixed(9, 99, "ˈA")]), "ðə bˈʊk tə ɹˈid");
    let inside = english.phonemes("the book", &[fixed(5, 6, "ˈu")]);
    let places: Vec<_> = inside.iter().map(|word| (word.chars.clone(), word.space_after)).collect();
    assert_eq!(places, [(0..3, true), (4..5, false), (5..6, false), (6..8, false)]);
}

#[test]
fn hostile_files_are_errors_that_name_the_file() {
    assert!(Data::small().load().is_ok());
    for file in FILES {
        let whole = Data::small().file(file).clone();
        let limit = file.max_bytes();
        let contents = [
            Vec::new(),
            b"not the file at all".to_vec(),
            b"{\"a\":[[[[".to_vec(),
            whole[..whole.len() / 2].to_vec(),
            gzip(b"[1, 2]"),
            gzip(&[b'['; 100_000]),
            gzip(&vec![b' '; limit + 1]),
            vec![b' '; limit + 1],
        ];
        for content in contents {
            let mut data = Data::small();
            let length = content.len();
            *data.file(file) = content;
            let error = data.load().unwrap_err().to_string();
            assert!(error.starts_with(&file.to_string()), "{file}, {length} bytes: {error}");
        }
    }
}

#[test]
fn long_tokens_take_time_in_proportion() {
    let english = Data::small().load().unwrap();
    for part in ["it-", "(", "a'b", "B2", "...", "-", "x.", "\"'", "5,", "aB", "A."] {
        let text = part.repeat(1_000);
        let words = english.phonemes(&text, &[]);
        let ends_at = words.last().map(|word| word.chars.end);
        assert_eq!(ends_at, Some(text.chars().count()), "{part}");
    }
}

#[test]
fn hostile_text_is_read_somehow() {
    let english = Data::small().load().unwrap();
    let signs: Vec<char> =
        "aB'’2 5$.,-_/—“\"&%İßǆﬁ\u{301}\u{200d}\u{0}\u{1c}𝕏😀½²Ⅷ٣漢(:@#".chars().collect();
    let mut state = 7_u64;
    for length in 0..400 {
        let mut text = String::new();
        for _ in 0..length % 40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push(signs[(state >> 33) as usize % signs.len()]);
        }
        let words = english.phonemes(&text, &[]);
        assert_eq!(words, english.phonemes(&text, &[]), "{text:?}");
        assert!(words.windows(2).all(|pair| pair[0].chars.end <= pair[1].chars.start), "{text:?}");
    }
}
