//! Converts a dynamically quantised model to one that computes in floating point.
//!
//! Quantised products differ between processors (on some, sums of bytes saturate), and rounding to 255 steps
//! turns a difference in the last bit of an input into a different pitch of a word. Multiplying the
//! unquantised weights in floating point costs memory (four bytes instead of one) and avoids both.
//!
//! The pattern is that of ONNX Runtime's dynamic quantisation: `DynamicQuantizeLinear(x)`, `MatMulInteger(x',
//! w)`, `Cast`, `Mul(scale of x, scale of w)`, `Mul` becomes `MatMul(x, w * scale)`. Other
//! `DynamicQuantizeLinear` nodes are removed too; the rest of the model is unchanged. Callers must check the
//! file first ([`crate::graph`]).
//!
//! Start with [`dequantize`].

use crate::NeuralError;
use rten_onnx::onnx::{
    DataLocation, DataType, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto,
};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the weights buffer in the rewritten model.
pub(crate) const WEIGHTS: &str = "weights.data";

/// A model with separate graph and weights, so that the runtime need not copy the weights.
pub(crate) struct Dequantized {
    /// The graph, an ONNX model.
    pub(crate) graph: Vec<u8>,
    /// The weights, which the graph references as [`WEIGHTS`].
    pub(crate) weights: Vec<u8>,
}

/// Rewrites a quantised model to floating point.
pub(crate) fn dequantize(bytes: Vec<u8>) -> Result<Dequantized, NeuralError> {
    let bad = |reason: String| NeuralError::bad("model", reason);
    let mut model = ModelProto::parse_buf(&bytes).map_err(|error| bad(error.to_string()))?;
    drop(bytes);
    let Some(graph) = model.graph.as_mut() else {
        return Err(bad("it is not an ONNX model: it has no graph".into()));
    };
    let products = products(graph)?;
    // Products may share a matrix; a matrix with two scales or zero points is not supported.
    let mut matrices: BTreeMap<&str, &Product> = BTreeMap::new();
    for product in &products {
        let first = matrices.entry(&product.matrix).or_insert(product);
        if (&first.scale, &first.zero_point) != (&product.scale, &product.zero_point) {
            return Err(NeuralError::bad("model", "its quantisation is not supported"));
        }
    }
    let is_matrix =
        |t: &&TensorProto| t.name.as_deref().is_some_and(|name| matrices.contains_key(name));
    let held = graph.initializer.iter().filter(is_matrix);
    let bytes: usize =
        held.filter_map(|matrix| Some(matrix.raw_data.as_ref()?.borrow().len())).sum();
    let mut weights = vec![0; 4 * bytes];
    let mut filled = 0;
    let mut made = Vec::with_capacity(matrices.len());
    for product in matrices.values() {
        made.push(write_weights(graph, product, &mut weights, &mut filled)?);
    }
    rewrite(graph, &products, made);
    let graph = model.write_buf().map_err(|error| bad(error.to_string()))?;
    Ok(Dequantized { graph, weights })
}

/// A quantised product, described by the names of its values.
struct Product {
    /// The index of the node that multiplies integers.
    place: usize,
    input: String,
    matrix: String,
    zero_point: Option<String>,
    scale: String,
    /// The output of the last of the five nodes.
    output: String,
    /// The outputs of the product's inner nodes. The rewritten graph does not contain these nodes.
    replaced: [String; 3],
}

fn products(graph: &GraphProto) -> Result<Vec<Product>, NeuralError> {
    let mut made_by = BTreeMap::new();
    let mut read_by: BTreeMap<&str, Vec<&NodeProto>> = BTreeMap::new();
    for node in &graph.node {
        made_by.extend(node.output.iter().map(|name| (name.as_str(), node)));
        for name in &node.input {
            read_by.entry(name).or_default().push(node);
        }
    }
    let only_reader = |name: &str, operator: &str| match read_by.get(name).map(Vec::as_slice) {
        Some([reader]) if reader.op_type.as_deref() == Some(operator) => Some(*reader),
        _ => None,
    };
    let product = |place: usize, node: &NodeProto| -> Option<Product> {
        let [quantized, matrix, _, zero_points @ ..] = node.input.as_slice() else { return None };
        let quantizer = made_by.get(quantized.as_str())?;
        let [input] = quantizer.input.as_slice() else { return None };
        let whole = node.output.first()?;
        let cast = only_reader(whole, "Cast")?.output.first()?;
        let last = only_reader(cast, "Mul")?;
        let scales = last.input.iter().find(|name| *name != cast)?;
        let scale_of_input = quantizer.output.get(1)?;
        let scale = made_by.get(scales.as_str())?.input.iter().find(|n| *n != scale_of_input)?;
        Some(Product {
            place,
            input: input.clone(),
            matrix: matrix.clone(),
            zero_point: zero_points.first().cloned(),
            scale: scale.clone(),
            output: last.output.first()?.clone(),
            replaced: [cast.clone(), scales.clone(), whole.clone()],
        })
    };
    graph
        .node
        .iter()
        .enumerate()
        .filter(|(_, node)| node.op_type.as_deref() == Some("MatMulInteger"))
        .map(|(place, node)| {
            product(place, node)
                .ok_or_else(|| NeuralError::bad("model", "its quantisation is not supported"))
        })
        .collect()
}

/// Writes a product's weights in floating point after the first `filled` bytes, and advances `filled`.
/// Returns the tensor that references them.
fn write_weights(
    graph: &GraphProto,
    product: &Product,
    weights: &mut [u8],
    filled: &mut usize,
) -> Result<TensorProto, NeuralError> {
    let bad = || NeuralError::bad("model", "its quantised weights are damaged");
    let find = |name: &str| graph.initializer.iter().find(|t| t.name.as_deref() == Some(name));
    let matrix = find(&product.matrix).ok_or_else(bad)?;
    let scale = find(&product.scale).and_then(one_float).ok_or_else(bad)?;
    let zero = match &product.zero_point {
        Some(name) => find(name).and_then(one_integer).ok_or_else(bad)?,
        None => 0.0,
    };
    let data = matrix.raw_data.as_ref().ok_or_else(bad)?.borrow();
    let is_signed = matrix.data_type == Some(DataType::INT8);
    let offset = *filled;
    *filled += 4 * data.len();
    let (floats, _) = weights.get_mut(offset..*filled).ok_or_else(bad)?.as_chunks_mut();
    // A loop for each type, so that the compiler can vectorise it.
    let bytes = floats.iter_mut().zip(data.iter());
    let float = |whole: f32| ((whole - zero) * scale).to_le_bytes();
    if is_signed {
        bytes.for_each(|(to, &byte)| *to = float(f32::from(byte as i8)));
    } else {
        bytes.for_each(|(to, &byte)| *to = float(f32::from(byte)));
    }
    let entry = |key: &str, value: String| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    Ok(TensorProto {
        name: Some(float_name(&product.matrix)),
        dims: matrix.dims.clone(),
        data_type: Some(DataType::FLOAT),
        data_location: Some(DataLocation::EXTERNAL),
        external_data: vec![
            entry("location", WEIGHTS.to_owned()),
            entry("offset", offset.to_string()),
            entry("length", (*filled - offset).to_string()),
        ],
        ..TensorProto::default()
    })
}

fn rewrite(graph: &mut GraphProto, products: &[Product], made: Vec<TensorProto>) {
    let replaced: BTreeSet<&str> =
        products.iter().flat_map(|product| product.replaced.iter().map(String::as_str)).collect();
    let outputs: BTreeSet<&str> = products.iter().map(|p| p.output.as_str()).collect();
    let quantized: BTreeSet<&str> = products.iter().map(|p| p.matrix.as_str()).collect();
    let mut products_at: BTreeMap<usize, &Product> =
        products.iter().map(|product| (product.place, product)).collect();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for (place, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        if let Some(product) = products_at.remove(&place) {
            nodes.push(NodeProto {
                op_type: Some("MatMul".to_owned()),
                name: Some(format!("{}_node", product.output)),
                input: vec![product.input.clone(), float_name(&product.matrix)],
                output: vec![product.output.clone()],
                ..NodeProto::default()
            });
            continue;
        }
        let is_part = node
            .output
            .iter()
            .any(|name| replaced.contains(name.as_str()) || outputs.contains(name.as_str()));
        if !is_part && node.op_type.as_deref() != Some("DynamicQuantizeLinear") {
            nodes.push(node);
        }
    }
    graph.node = nodes;
    graph.initializer.retain(|t| !t.name.as_deref().is_some_and(|name| quantized.contains(name)));
    graph.initializer.extend(made);
}

/// Returns the name of a matrix in floating point.
fn float_name(matrix: &str) -> String {
    format!("{matrix}_float")
}

fn one_float(tensor: &TensorProto) -> Option<f32> {
    if let [value] = tensor.float_data.as_slice() {
        return Some(*value);
    }
    let raw = tensor.raw_data.as_ref()?.borrow();
    Some(f32::from_le_bytes(raw.as_slice().try_into().ok()?))
}

fn one_integer(tensor: &TensorProto) -> Option<f32> {
    if let [value] = tensor.int32_data.as_slice() {
        return Some(*value as f32);
    }
    let raw = tensor.raw_data.as_ref()?.borrow();
    let [byte] = raw.as_slice() else { return None };
    let is_signed = tensor.data_type == Some(DataType::INT8);
    Some(if is_signed { f32::from(*byte as i8) } else { f32::from(*byte) })
}
