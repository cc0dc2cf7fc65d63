//! Tests of the lexicon's rules over a small hand-made dictionary.

use super::*;
use crate::error::DataFile;
use crate::files::tests::gzip;

const GOLD: &str = r#"{
    "A":"ˈA","B":"bˈi","C":"sˈi","I":"ˈI","O":"ˈO","S":"ˈɛs","U":"jˈu",
    "to":"tˈu","am":"ˈæm","percent":"pəɹsˈɛnt","and":"ænd","at":"æt","dot":"dˈɑt","versus":"vˈɜɹsəs",
    "used":{"DEFAULT":"jˈuzd","VBD":"jˈust"},
    "read":{"DEFAULT":"ɹˈid","VBD":"ɹˈɛd"},
    "that":{"DEFAULT":"ðæt","None":"ðˈæt"},
    "live":{"DEFAULT":"lˈɪv","ADJ":"lˈIv"},
    "cab":{"DEFAULT":"kˈæb","NOUN":null},
    "cat":"kˈæt","dish":"dˈɪʃ","pity":"pˈɪɾi","dog's":"dˈɔɡz","boss":"bˈɔs","stop":"stˈɑp","wait":"wˈAt","need":"nˈid",
    "make":"mˈAk","play":"plˈA","run":"ɹˈʌn","panic":"pˈænɪk","act":"ˈækt","us":"ˌʌs","of":"ʌv",
    "five":"fˈIv","two":"tˈu","point":"pˈYnt","hundred":"hˈʌndɹəd","dollar":"dˈɑləɹ","first":"fˈɜɹst",
    "minus":"mˈInəs","twenty":"twˈɛnti"
}"#;
const SILVER: &str = r#"{"zeugma":"zˈuɡmə","bc":"bˌisˈi"}"#;

fn lexicon(accent: Accent) -> Lexicon {
    let load = |file, json: &str| Dictionary::load(file, &gzip(json.as_bytes())).unwrap();
    let (gold, silver) = (load(DataFile::Gold, GOLD), load(DataFile::Silver, SILVER));
    Lexicon::new(gold, silver, accent)
}

const PAUSE: Context = Context { sound: NextSound::Pause, before_to: false };
const VOWEL: Context = Context { sound: NextSound::Vowel, before_to: false };
const CONSONANT: Context = Context { sound: NextSound::Consonant, before_to: false };
const TO: Context = Context { sound: NextSound::Consonant, before_to: true };

fn read(lexicon: &Lexicon, text: &str, tag: &str, context: Context) -> Option<String> {
    lexicon.read(&Word { text, tag, currency: None, is_head: true }, context)
}

#[test]
fn function_words_depend_on_what_follows() {
    let lexicon = lexicon(Accent::American);
    for (text, tag, context, expected) in [
        ("a", "DT", CONSONANT, "ɐ"),
        ("A", "NN", CONSONANT, "ˈA"),
        ("an", "DT", VOWEL, "ɐn"),
        ("I", "PRP", CONSONANT, "ˌI"),
        ("I", "NNP", CONSONANT, "ˈI"),
        ("the", "DT", VOWEL, "ði"),
        ("The", "DT", CONSONANT, "ðə"),
        ("THE", "DT", PAUSE, "ðə"),
        ("to", "TO", VOWEL, "tʊ"),
        ("to", "TO", CONSONANT, "tə"),
        ("to", "TO", PAUSE, "tˈu"),
        ("in", "IN", CONSONANT, "ɪn"),
        ("in", "IN", PAUSE, "ˈɪn"),
        ("in", "RP", CONSONANT, "ˈɪn"),
        ("am", "VBP", VOWEL, "ɐm"),
        ("am", "VBP", PAUSE, "ˈæm"),
        ("Am", "VBP", VOWEL, "ˈæm"),
        ("by", "RB", VOWEL, "bˈI"),
        ("used", "VBD", TO, "jˈust"),
        ("used", "VBD", VOWEL, "jˈuzd"),
        ("vs.", "IN", VOWEL, "vˈɜɹsəs"),
        ("that", "IN", PAUSE, "ðˈæt"),
        ("that", "IN", VOWEL, "ðæt"),
        ("%", "NN", PAUSE, "pəɹsˈɛnt"),
        ("@", "IN", PAUSE, "æt"),
        (".", "ADD", VOWEL, "dˌɑt"),
    ] {
        assert_eq!(read(&lexicon, text, tag, context).as_deref(), Some(expected), "{text} {tag}");
    }
}

#[test]
fn entries_depend_on_tag_and_case() {
    let lexicon = lexicon(Accent::American);
    for (text, tag, expected) in [
        ("read", "VB", Some("ɹˈid")),
        ("read", "VBD", Some("ɹˈɛd")),
        ("live", "JJ", Some("lˈIv")),
        ("live", "VB", Some("lˈɪv")),
        ("Cat", "NN", Some("kˈæt")),
        ("CAT", "NN", Some("kˈæt")),
        ("of", "IN", Some("ʌv")),
        ("Of", "IN", Some("ˌʌv")),
        ("OF", "IN", Some("ˈʌv")),
        ("us", "PRP", Some("ˌʌs")),
        ("US", "PRP", Some("ˈʌs")),
        ("US", "NNP", Some("jˌuˈɛs")),
        ("CAB", "NN", Some("sˌiˌAbˈi")),
        ("BC", "NNP", Some("bˌisˈi")),
        ("U.S.", "NNP", Some("jˌuˈɛs")),
        ("CBA", "NN", Some("sˌibˌiˈA")),
        ("zeugma", "NN", Some("zˈuɡmə")),
        ("Zeugma", "NNP", Some("zˈuɡmə")),
        ("ﬁve", "CD", Some("fˈIv")),
        ("qwxz", "NN", None),
        ("", "NN", None),
        ("été", "NN", None),
    ] {
        assert_eq!(read(&lexicon, text, tag, CONSONANT).as_deref(), expected, "{text} {tag}");
    }
}

#[test]
fn inflected_forms_are_read_by_their_stem() {
    for (text, american, british) in [
        ("cats", Some("kˈæts"), Some("kˈæts")),
        ("cat's", Some("kˈæts"), Some("kˈæts")),
        ("cats'", None, None),
        ("dishes", Some("dˈɪʃᵻz"), Some("dˈɪʃɪz")),
        ("pities", Some("pˈɪɾiz"), Some("pˈɪɾiz")),
        ("plays", Some("plˈAz"), Some("plˈAz")),
        ("dogs'", Some("dˈɔɡz"), Some("dˈɔɡz")),
        ("boss'", Some("bˈɔs"), Some("bˈɔs")),
        ("waited", Some("wˈAɾᵻd"), Some("wˈAtɪd")),
        ("acted", Some("ˈæktᵻd"), Some("ˈæktɪd")),
        ("needed", Some("nˈidᵻd"), Some("nˈidɪd")),
        ("panicked", None, None),
        ("played", Some("plˈAd"), Some("plˈAd")),
        ("making", Some("mˈAkɪŋ"), Some("mˈAkɪŋ")),
        ("running", Some("ɹˈʌnɪŋ"), Some("ɹˈʌnɪŋ")),
        ("panicking", Some("pˈænɪkɪŋ"), Some("pˈænɪkɪŋ")),
        ("waiting", Some("wˈAɾɪŋ"), Some("wˈAtɪŋ")),
        ("Waiting", Some("wˈAɾɪŋ"), Some("wˈAtɪŋ")),
        ("ing", None, None),
    ] {
        for (accent, expected) in [(Accent::American, american), (Accent::British, british)] {
            let said = read(&lexicon(accent), text, "NN", CONSONANT);
            assert_eq!(said.as_deref(), expected, "{text} {accent:?}");
        }
    }
}

#[test]
fn figures_are_read() {
    let lexicon = lexicon(Accent::American);
    let money = |text, currency| {
        lexicon.read(&Word { text, tag: "CD", currency: Some(currency), is_head: true }, PAUSE)
    };
    assert_eq!(read(&lexicon, "5", "CD", PAUSE).as_deref(), Some("fˈIv"));
    assert_eq!(read(&lexicon, "-2.5", "CD", PAUSE).as_deref(), Some("mˈInəs tˈu pYnt fˈIv"));
    assert_eq!(read(&lexicon, "1st", "JJ", PAUSE).as_deref(), Some("fˈɜɹst"));
    assert_eq!(read(&lexicon, "20s", "NNS", PAUSE).as_deref(), Some("twˈɛntiz"));
    assert_eq!(read(&lexicon, "5x", "CD", PAUSE), None);
    assert_eq!(money("5", Currency::Dollar).as_deref(), Some("fˈIv dˈɑləɹz"));
    assert_eq!(money("hundred", Currency::Dollar).as_deref(), Some("hˈʌndɹəd dˈɑləɹz"));
}
