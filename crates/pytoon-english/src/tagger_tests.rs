//! Tests of the tagger over small hand-made weights.

use super::*;
use crate::files::tests::gzip;

fn load(json: &str) -> Result<Tagger, EnglishError> {
    Tagger::load(&gzip(json.as_bytes()))
}

#[test]
fn usual_tags_come_from_the_list_and_others_from_the_sums() {
    let tagger = load(
        r#"{"tags":["DT","NN","VB"],"tagdict":{"the":"DT"},"vocab":["the","to"],
            "weights":{"s3=ead":{"VB":1.0},"t-1=DT":{"NN":1.5},"w-1=to":{"VB":0.5}}}"#,
    )
    .unwrap();
    assert_eq!(tagger.tag(&["the", "read"]), ["DT", "NN"]);
    assert_eq!(tagger.tag(&["to", "read"]), ["NN", "VB"]);
    assert_eq!(tagger.tag(&[]), Vec::<&str>::new());
}

#[test]
fn equal_sums_go_to_the_greatest_tag() {
    let tagger = load(
        r#"{"tags":["NN","VB","JJ"],"tagdict":{},
            "weights":{"b":{"NN":1.0,"JJ":1.0},"s3=xyz":{"NN":-1.0,"JJ":-1.0}}}"#,
    )
    .unwrap();
    assert_eq!(tagger.tag(&["abc"]), ["NN"]);
    assert_eq!(tagger.tag(&["xyz"]), ["VB"], "all three have nothing");
}

#[test]
fn words_are_seen_by_class_and_shape() {
    for (word, normal, shape_of) in [
        ("Hello", "hello", "Xx"),
        ("NASA", "nasa", "XX"),
        ("I", "i", "X1"),
        ("iPhone", "iphone", "xX"),
        ("well-known", "!HYPHEN", "xxxx"),
        ("-", "-", "-"),
        ("1984", "!YEAR", "d"),
        ("12", "!DIGITS", "d"),
        ("3rd", "!DIGITS", "dxx"),
        ("'s", "'s", "'x"),
        ("été", "été", "x"),
    ] {
        assert_eq!(normal_form(word), normal, "{word}");
        assert_eq!(shape(word), shape_of, "{word}");
    }
    assert_eq!(last_three("étés"), "tés");
    assert_eq!(last_three("é"), "é");
    assert_eq!(first_letter("é"), "é");
}

#[test]
fn other_shapes_are_refused() {
    for json in [
        "[]",
        "{}",
        r#"{"tags":["NN"],"tagdict":{}}"#,
        r#"{"tags":["NN"],"tagdict":{"a":"VB"},"weights":{}}"#,
        r#"{"weights":{"b":{"NN":1}},"tags":["NN"],"tagdict":{}}"#,
        r#"{"tags":["NN"],"tagdict":{},"weights":{"b":{"NN":"1"}}}"#,
        r#"{"tags":["NN"],"tagdict":{},"weights":{"b":[1]}}"#,
    ] {
        let error = load(json).unwrap_err();
        assert!(error.to_string().starts_with("part-of-speech tagger: "), "{json}: {error}");
    }
}
