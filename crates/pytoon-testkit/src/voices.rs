//! Voices for tests: one that is installed on this machine, and a toy that has a real file format.

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};
use serde_json::json;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Frames that the toy voice gives to each phoneme, of 256 samples.
const FRAMES: usize = 8;
/// The characters that it knows.
const KNOWN: &str = "abcdefghijklmnopqrstuvwxyz ˈˌːəɪɛʊɔɑʌæɜɐʃʒŋθðɹɾɡçøœɲʁ.,!?;:-̃";

/// The folder of voices that `make setup` has filled on this machine.
pub fn installed_voices() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".local/share")
    });
    let folder = data.join("pytoon/voices");
    assert!(
        folder.join("heart/voice.json").is_file(),
        "the voice `heart` is not installed in {}: run `make setup`",
        folder.display()
    );
    folder
}

/// Copies the voice `heart` into a folder of voices.
pub fn copy_heart(to: &Path) -> PathBuf {
    let (from, to) = (installed_voices().join("heart"), to.join("heart"));
    std::fs::create_dir_all(&to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the voice") {
        let path = entry.expect("a file").path();
        std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
    to
}

/// Writes a Piper voice that hums for each phoneme: `NAME.onnx` with its `.onnx.json`.
pub fn toy_piper_voice(folder: &Path, name: &str, language: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    let model = folder.join(format!("{name}.onnx"));
    std::fs::write(&model, toy_model()).expect("written");
    let mut ids = serde_json::Map::new();
    for (id, symbol) in ["_", "^", "$"].into_iter().enumerate() {
        ids.insert(symbol.to_owned(), json!([id]));
    }
    for (index, symbol) in KNOWN.chars().enumerate() {
        ids.insert(symbol.to_string(), json!([index + 3]));
    }
    let config = json!({
        "audio": {"sample_rate": 22050, "quality": "medium"},
        "espeak": {"voice": language},
        "language": {"code": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "num_speakers": 1,
        "phoneme_id_map": ids,
    });
    std::fs::write(folder.join(format!("{name}.onnx.json")), config.to_string()).expect("written");
    model
}

/// Inputs as Piper's; each phoneme lasts [`FRAMES`] frames of a tone that swells and fades.
fn toy_model() -> Vec<u8> {
    let samples = FRAMES * 256;
    let tone: Vec<f32> = (0..samples)
        .map(|n| {
            let swell = (std::f32::consts::PI * n as f32 / samples as f32).sin();
            0.3 * swell * (n as f32 * 0.05).sin() / FRAMES as f32
        })
        .collect();
    let float = DataType::FLOAT;
    let initializer = vec![
        tensor("zero", &[1], float, bytes(&[0.0])),
        tensor("frames", &[1], float, bytes(&[FRAMES as f32])),
        tensor("tone", &[1, 1, samples as i64], float, bytes(&tone)),
        tensor("last", &[1], DataType::INT64, 2i64.to_le_bytes().to_vec()),
        tensor(
            "shape",
            &[4],
            DataType::INT64,
            [1i64, 1, 1, -1].iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
    ];
    let to_float = AttributeProto {
        name: Some("to".to_owned()),
        i: Some(1),
        r#type: Some(AttributeType::INT),
        ..AttributeProto::default()
    };
    let node = vec![
        operator("Cast", &["input"], "x", vec![to_float]),
        operator("Mul", &["x", "zero"], "nothing", Vec::new()),
        operator("Add", &["nothing", "frames"], "lasting", Vec::new()),
        operator("Ceil", &["lasting"], "/Ceil_output_0", Vec::new()),
        operator("Unsqueeze", &["/Ceil_output_0", "last"], "column", Vec::new()),
        operator("Mul", &["column", "tone"], "hum", Vec::new()),
        operator("Reshape", &["hum", "shape"], "output", Vec::new()),
    ];
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
    model.write_buf().expect("a model")
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

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
