//! Tests with untrusted models, and with real ones if they are installed.
//!
//! `PYTOON_HEART_DIR` names a folder with `hibari.onnx` and `vocab.json`, and `PYTOON_PIPER_VOICE` an `.onnx` file
//! with its `.onnx.json`. Without them, the tests of real voices report that they are skipped.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![allow(missing_docs, reason = "a test")]

use pytoon_neural::budget::Budgeted;
use pytoon_neural::heart::{Delivery, Heart};
use pytoon_neural::piper::{self, Piper};
use pytoon_neural::session::Limits;
use pytoon_neural::{NeuralError, Take};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use std::alloc::System;
use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Budgeted<System> = Budgeted(System);

const VOCABULARY: &[u8] = br#"{"a": 1, "b": 2, " ": 3}"#;
const SMALL: Limits = Limits { bytes: 64 << 20, patience: Duration::from_secs(5) };
const PLAIN: Delivery = Delivery { speed: 1.0, pitch: 1.0, seed: 7 };

fn node(op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: Some(op.to_owned()),
        name: Some(format!("/{output}")),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn numbers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::INT64),
        raw_data: Some(RefCell::new(values.iter().flat_map(|v| v.to_le_bytes()).collect())),
        ..TensorProto::default()
    }
}

fn value(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.to_owned()), ..ValueInfoProto::default() }
}

/// Returns a model with the inputs and outputs of the `heart` family, with `nodes` in between.
fn model(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Vec<u8> {
    let outputs = ["lh", "theta", "ln", "lr", "phi", "f0", "/Clip_output_0"];
    let last = nodes.last().map(|node| node.output[0].clone()).unwrap_or("ids".to_owned());
    let ends = outputs.iter().map(|name| node("Identity", &[&last], name, Vec::new()));
    let graph = GraphProto {
        node: nodes.into_iter().chain(ends).collect(),
        initializer,
        input: vec![value("ids"), value("speed")],
        output: outputs[..6].iter().map(|name| value(name)).collect(),
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..OperatorSetIdProto::default() };
    ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![opset],
        ..ModelProto::default()
    }
    .write_buf()
    .expect("a model")
}

fn load(bytes: Vec<u8>) -> Result<Heart, NeuralError> {
    Heart::load(bytes, VOCABULARY, SMALL)
}

fn refusal(bytes: Vec<u8>) -> String {
    load(bytes).expect_err("refused").to_string()
}

#[test]
fn a_model_that_asks_for_the_machines_memory_is_stopped() {
    let bytes = model(
        vec![node("ConstantOfShape", &["size"], "huge", Vec::new())],
        vec![numbers("size", &[1 << 20, 1 << 14])],
    );
    // Given a model whose operators are allowed, when it runs, then its thread is stopped and the process continues.
    let outcome = load(bytes).and_then(|voice| voice.speak("ab", PLAIN));
    assert_eq!(outcome, Err(NeuralError::TooMuchMemory { mib: 64 }));
}

#[test]
fn a_model_that_doubles_its_data_again_and_again_is_stopped() {
    let axis = || AttributeProto {
        name: Some("axis".to_owned()),
        i: Some(1),
        r#type: Some(AttributeType::INT),
        ..AttributeProto::default()
    };
    let mut nodes = vec![node("Identity", &["ids"], "d0", Vec::new())];
    for n in 0..50 {
        let before = format!("d{n}");
        nodes.push(node("Concat", &[&before, &before], &format!("d{}", n + 1), vec![axis()]));
    }
    let voice = load(model(nodes, Vec::new())).expect("it loads");
    assert_eq!(voice.speak("ab", PLAIN), Err(NeuralError::TooMuchMemory { mib: 64 }));
    // It is not run again, and fails at once.
    let begun = std::time::Instant::now();
    assert_eq!(voice.speak("ab", PLAIN), Err(NeuralError::TooMuchMemory { mib: 64 }));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn loops_and_other_peoples_operators_are_refused_by_name() {
    let endless = refusal(model(vec![node("Loop", &["ids"], "x", Vec::new())], Vec::new()));
    assert!(endless.contains("`Loop`"), "{endless}");
    let mut foreign = node("Add", &["ids", "ids"], "x", Vec::new());
    foreign.domain = Some("com.example".to_owned());
    assert!(refusal(model(vec![foreign], Vec::new())).contains("`Add`"));
    let branch = AttributeProto {
        name: Some("then_branch".to_owned()),
        g: Some(GraphProto::default()),
        r#type: Some(AttributeType::GRAPH),
        ..AttributeProto::default()
    };
    let nested = refusal(model(vec![node("Identity", &["ids"], "x", vec![branch])], Vec::new()));
    assert!(nested.contains("attributes with graphs"), "{nested}");
}

#[test]
fn a_tensor_that_lies_about_its_size_is_refused() {
    let mut liar = numbers("size", &[4, 4]);
    liar.dims = vec![1 << 40, 1 << 40];
    let error =
        refusal(model(vec![node("ConstantOfShape", &["size"], "x", Vec::new())], vec![liar]));
    assert!(error.contains("size"), "{error}");
}

#[test]
fn noise_text_and_cut_files_are_no_models() {
    let whole = model(vec![node("Identity", &["ids"], "x", Vec::new())], Vec::new());
    let mut noise: Vec<u8> = Vec::new();
    let mut state = 1u32;
    for _ in 0..10_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((state >> 24) as u8);
    }
    let cut = whole[..whole.len() - 9].to_vec();
    for bytes in [Vec::new(), b"<html>not found</html>".to_vec(), noise, cut] {
        let error = refusal(bytes);
        assert!(error.starts_with("model: "), "{error}");
    }
}

#[test]
fn outputs_that_do_not_fit_are_an_error() {
    let voice = load(model(vec![node("Identity", &["ids"], "x", Vec::new())], Vec::new()));
    let error = voice.expect("it loads").speak("ab", PLAIN).expect_err("fails");
    assert!(matches!(error, NeuralError::Failed(_)), "{error}");
}

#[test]
fn a_piper_configuration_says_what_is_wrong_with_it() {
    let good = r#"{"audio": {"sample_rate": 22050}, "espeak": {"voice": "de"}, "num_speakers": 2,
        "speaker_id_map": {"eva": 1}, "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "a": [14]}}"#;
    let config = piper::PiperConfig::read(good.as_bytes()).expect("read");
    assert_eq!((config.espeak_voice(), config.rate(), config.speakers()), ("de", 22_050, 2));
    assert_eq!(config.speaker(Some("eva")), Some(1));
    assert_eq!((config.speaker(Some("0")), config.speaker(None)), (Some(0), Some(0)));
    assert_eq!((config.speaker(Some("2")), config.speaker(Some("tom"))), (None, None));
    for (from, to, told) in [
        ("22050", "1", "1 Hz"),
        ("\"^\"", "\"x\"", "no `^`"),
        ("\"num_speakers\": 2", "\"num_speakers\": 0", "`num_speakers` of 0"),
        ("\"audio\"", "\"sound\"", "audio"),
        ("\"num_speakers\": 2", "\"phoneme_type\": \"text\"", "eSpeak"),
    ] {
        let error = piper::PiperConfig::read(good.replace(from, to).as_bytes()).expect_err(to);
        assert!(error.to_string().contains(told), "{error}");
    }
}

fn heart() -> Option<Heart> {
    let Some(folder) = std::env::var_os("PYTOON_HEART_DIR").map(PathBuf::from) else {
        println!("skipped: PYTOON_HEART_DIR is not set");
        return None;
    };
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    Some(Heart::load(read("hibari.onnx"), &read("vocab.json"), Limits::default()).expect("loads"))
}

fn assert_sound(take: &Take, phonemes: usize) {
    assert_eq!(take.spans.len(), phonemes);
    assert!(take.spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
    assert!(take.spans.iter().all(|span| span.end <= take.samples.len()));
    let peak = take.samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
    assert!((0.05..1.5).contains(&peak), "{peak}");
}

#[test]
fn heart_says_the_same_in_the_same_way() {
    let Some(voice) = heart() else { return };
    let phonemes = "hˈɛlO ðˈɛɹ, wˈɜɹld.";
    let take = voice.speak(phonemes, PLAIN).expect("speaks");
    assert_sound(&take, phonemes.chars().count());
    assert_eq!(take, voice.speak(phonemes, PLAIN).expect("speaks"));
    let other = voice.speak(phonemes, Delivery { seed: 8, ..PLAIN }).expect("speaks");
    assert_eq!(other.spans, take.spans);
    assert_ne!(other.samples, take.samples);
    let slow = voice.speak(phonemes, Delivery { speed: 0.5, ..PLAIN }).expect("speaks");
    assert!(slow.samples.len() > take.samples.len() * 3 / 2);
    let error = voice.speak(&"a".repeat(401), PLAIN).expect_err("too long");
    assert!(matches!(error, NeuralError::TooLong { .. }));
}

#[test]
fn a_piper_voice_says_the_same_in_the_same_way() {
    let Some(file) = std::env::var_os("PYTOON_PIPER_VOICE").map(PathBuf::from) else {
        println!("skipped: PYTOON_PIPER_VOICE is not set");
        return;
    };
    let mut config = file.clone().into_os_string();
    config.push(".json");
    let read = |path: PathBuf| std::fs::read(path).expect("read");
    let voice = Piper::load(read(file), &read(config.into()), Limits::default()).expect("loads");
    let phonemes = "həlˈoʊ ðˈɛɹ.";
    let plain = piper::Delivery { speed: 1.0, speaker: 0, seed: 7 };
    let take = voice.speak(phonemes, plain).expect("speaks");
    assert_sound(&take, phonemes.chars().count());
    assert_eq!(take, voice.speak(phonemes, plain).expect("speaks"));
    assert_ne!(take, voice.speak(phonemes, piper::Delivery { seed: 8, ..plain }).expect("speaks"));
}
