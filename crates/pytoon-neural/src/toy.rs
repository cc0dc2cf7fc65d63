//! Toy voices in a real file format, for tests: models with a few operators, generated here.

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use serde_json::json;
use std::cell::RefCell;

/// The number of frames per phoneme of a toy voice, each of 256 samples.
const FRAMES: usize = 8;
/// The characters that a toy voice knows.
const KNOWN: &str = "abcdefghijklmnopqrstuvwxyz ˈˌːəɪɛʊɔɑʌæɜɐʃʒŋθðɹɾɡçøœɲʁᵻ.,!?;:-̃";
/// The number of rows and columns of the matrices that a slow voice multiplies. One product takes about a second.
const SLOW_SIZE: i64 = 3000;
/// The number of products that a slow voice computes.
const SLOW_PRODUCTS: usize = 8;

/// The behaviour of a toy voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toy {
    /// The voice hums for each phoneme.
    Hums,
    /// The voice outputs samples that are all zero.
    Silent,
    /// The voice multiplies matrices for several seconds before it hums.
    Slow,
}

/// Returns a model with Piper's inputs and outputs, which behaves as `toy` states.
pub fn piper_model(toy: Toy) -> Vec<u8> {
    let samples = FRAMES * 256;
    let loudness = if toy == Toy::Silent { 0.0 } else { 0.3 };
    let tone: Vec<f32> = (0..samples)
        .map(|n| {
            let swell = (std::f32::consts::PI * n as f32 / samples as f32).sin();
            loudness * swell * (n as f32 * 0.05).sin() / FRAMES as f32
        })
        .collect();
    let float = DataType::FLOAT;
    let mut initializer = vec![
        tensor("zero", &[1], float, floats(&[0.0])),
        tensor("frames", &[1], float, floats(&[FRAMES as f32])),
        tensor("tone", &[1, 1, samples as i64], float, floats(&tone)),
        tensor("last", &[1], DataType::INT64, integers(&[2])),
        tensor("shape", &[4], DataType::INT64, integers(&[1, 1, 1, -1])),
    ];
    let mut node = vec![
        operator("Cast", &["input"], "x", vec![integer("to", 1)]),
        operator("Mul", &["x", "zero"], "nothing", Vec::new()),
    ];
    let mut start = "nothing".to_owned();
    if toy == Toy::Slow {
        initializer.push(tensor("size", &[2], DataType::INT64, integers(&[SLOW_SIZE; 2])));
        node.push(operator("Expand", &["zero", "size"], "m0", Vec::new()));
        for n in 0..SLOW_PRODUCTS {
            let (factor, product) = (format!("m{n}"), format!("m{}", n + 1));
            node.push(operator("MatMul", &[&factor, &factor], &product, Vec::new()));
        }
        let product = format!("m{SLOW_PRODUCTS}");
        node.push(operator("ReduceMax", &[&product], "most", vec![integer("keepdims", 0)]));
        node.push(operator("Add", &["nothing", "most"], "late", Vec::new()));
        start = "late".to_owned();
    }
    node.extend([
        operator("Add", &[&start, "frames"], "lasting", Vec::new()),
        operator("Ceil", &["lasting"], "/Ceil_output_0", Vec::new()),
        operator("Unsqueeze", &["/Ceil_output_0", "last"], "column", Vec::new()),
        operator("Mul", &["column", "tone"], "hum", Vec::new()),
        operator("Reshape", &["hum", "shape"], "output", Vec::new()),
    ]);
    let value = |name: &str| ValueInfoProto { name: Some(name.to_owned()), ..Default::default() };
    let graph = GraphProto {
        node,
        initializer,
        input: ["input", "input_lengths", "scales"].map(value).to_vec(),
        output: vec![value("output")],
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { version: Some(15), ..OperatorSetIdProto::default() };
    let model = ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![opset],
        ..ModelProto::default()
    };
    model.write_buf().unwrap_or_default()
}

/// Returns the `.onnx.json` of a toy voice.
pub fn piper_config(language: &str) -> String {
    let mut ids = serde_json::Map::new();
    for (id, symbol) in ["_", "^", "$"].into_iter().enumerate() {
        ids.insert(symbol.to_owned(), json!([id]));
    }
    for (index, symbol) in KNOWN.chars().enumerate() {
        ids.insert(symbol.to_string(), json!([index + 3]));
    }
    json!({
        "audio": {"sample_rate": 22050, "quality": "medium"},
        "espeak": {"voice": language},
        "language": {"code": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "num_speakers": 1,
        "phoneme_id_map": ids,
    })
    .to_string()
}

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(AttributeType::INT),
        ..AttributeProto::default()
    }
}

fn operator(
    kind: &str,
    inputs: &[&str],
    output: &str,
    attribute: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        op_type: Some(kind.to_owned()),
        name: Some(format!("node of {output}")),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn tensor(name: &str, dims: &[i64], kind: DataType, raw: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(kind),
        raw_data: Some(RefCell::new(raw)),
        ..TensorProto::default()
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn integers(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
