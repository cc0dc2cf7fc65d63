//! Parses an ONNX file just far enough to reject unneeded features before the runtime loads it.
//!
//! ONNX is a protocol-buffers message (onnx.proto3 of the ONNX project, IR versions 3 to 10). The check
//! rejects loops, branches and other subgraphs (a model without them terminates), nested types (which
//! overflow the stack of a recursive parser), weights in other files, operators outside [`OPERATORS`], and
//! tensors whose stated size differs from that of their raw data.
//!
//! Guarantees: the check works on the bytes in place, copies no weights, and follows nesting only to a fixed
//! depth.
//!
//! [`crate::session`] limits memory and time, which are known only at run time.

use crate::NeuralError;

/// The operators of the known voice families (VITS as exported by Piper, and the distilled Kokoro of `heart`) and
/// their close relatives. None of them loops.
const OPERATORS: &[&str] = &[
    "Abs",
    "Add",
    "And",
    "ArgMax",
    "Cast",
    "CastLike",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "Cos",
    "CumSum",
    "DequantizeLinear",
    "Div",
    "DynamicQuantizeLinear",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "MatMul",
    "MatMulInteger",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "NonZero",
    "Not",
    "Or",
    "PRelu",
    "Pad",
    "Pow",
    "QuantizeLinear",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Range",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
];

/// Maximum number of nodes.
const MAX_NODES: usize = 20_000;

/// The properties of a checked model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The names of the graph's inputs.
    pub(crate) inputs: Vec<String>,
    /// The outputs of nodes that draw normal noise, in the order of the graph.
    pub(crate) noise: Vec<String>,
    /// The outputs of `Ceil` nodes, in the order of the graph.
    pub(crate) ceilings: Vec<String>,
}

/// Checks the bytes of a model and returns its properties.
pub(crate) fn check(bytes: &[u8]) -> Result<Facts, NeuralError> {
    let mut facts = Facts::default();
    let mut graphs = 0;
    let mut nodes = 0;
    for field in Fields(bytes) {
        let (number, value) = field?;
        let (7, Value::Bytes(graph)) = (number, value) else { continue };
        graphs += 1;
        for field in Fields(graph) {
            match field? {
                (1, Value::Bytes(node)) => {
                    nodes += 1;
                    check_node(node, &mut facts)?;
                }
                (5, Value::Bytes(tensor)) => check_tensor(tensor)?,
                (11, Value::Bytes(info)) => {
                    check_value_info(info)?;
                    facts.inputs.push(text_field(info, 1)?.to_owned());
                }
                (12 | 13, Value::Bytes(info)) => check_value_info(info)?,
                (15, _) => return Err(bad("sparse weights are not supported")),
                _ => {}
            }
        }
    }
    match (graphs, nodes) {
        (1, 1..=MAX_NODES) => Ok(facts),
        (0, _) => Err(bad("it is not an ONNX model: it has no graph")),
        (1, 0) => Err(bad("it has no operators")),
        (1, _) => Err(bad(format!("it has {nodes} operators; the maximum is {MAX_NODES}"))),
        _ => Err(bad("models with several graphs are not supported")),
    }
}

fn check_node(node: &[u8], facts: &mut Facts) -> Result<(), NeuralError> {
    let domain = text_field(node, 7)?;
    let operator = text_field(node, 4)?;
    if !matches!(domain, "" | "ai.onnx") || !OPERATORS.contains(&operator) {
        let operator: String = operator.chars().take(40).collect();
        return Err(bad(format!("the operator `{operator}` is not supported")));
    }
    for field in Fields(node) {
        let (5, Value::Bytes(attribute)) = field? else { continue };
        check_attribute(attribute)?;
    }
    let output = text_field(node, 2)?.to_owned();
    match operator {
        "RandomNormalLike" | "RandomNormal" => facts.noise.push(output),
        "Ceil" => facts.ceilings.push(output),
        _ => {}
    }
    Ok(())
}

fn check_attribute(attribute: &[u8]) -> Result<(), NeuralError> {
    for field in Fields(attribute) {
        match field? {
            // g, graphs, sparse_tensor(s), type_proto(s).
            (6 | 11 | 14 | 15 | 22 | 23, _) => {
                return Err(bad(
                    "attributes with graphs, sparse tensors or types are not supported",
                ));
            }
            (5 | 10, Value::Bytes(tensor)) => check_tensor(tensor)?,
            _ => {}
        }
    }
    Ok(())
}

/// Checks that the type of a value is a tensor and not a nested sequence.
fn check_value_info(info: &[u8]) -> Result<(), NeuralError> {
    for field in Fields(info) {
        let (2, Value::Bytes(kind)) = field? else { continue };
        for field in Fields(kind) {
            if matches!(field?, (4 | 5 | 8 | 9, _)) {
                return Err(bad("values that are not tensors are not supported"));
            }
        }
    }
    Ok(())
}

fn check_tensor(tensor: &[u8]) -> Result<(), NeuralError> {
    let mut elements = Some(1u64);
    let mut kind = 0;
    let mut raw = None;
    for field in Fields(tensor) {
        match field? {
            (1, Value::Number(size)) => elements = elements.and_then(|all| all.checked_mul(size)),
            (1, Value::Bytes(packed)) => {
                for size in Packed(packed) {
                    let size = size?;
                    elements = elements.and_then(|all| all.checked_mul(size));
                }
            }
            (2, Value::Number(number)) => kind = number,
            (9, Value::Bytes(data)) => raw = Some(data.len() as u64),
            (13, _) | (14, Value::Number(1)) => {
                return Err(bad("weights in a separate file are not supported"));
            }
            _ => {}
        }
    }
    let (Some(stated), Some(held)) = (elements, raw) else {
        return if elements.is_none() {
            Err(bad("it is damaged: the size of a tensor is too large"))
        } else {
            Ok(())
        };
    };
    let Some(width) = element_width(kind) else {
        return Err(bad(format!("tensors of the ONNX data type {kind} are not supported")));
    };
    if stated.checked_mul(width) == Some(held) {
        return Ok(());
    }
    Err(bad("it is damaged: the size of a tensor differs from the size of its data"))
}

/// Returns the size of an element in bytes, from ONNX's number for its type.
fn element_width(kind: u64) -> Option<u64> {
    Some(match kind {
        2 | 3 | 9 => 1,
        4 | 5 | 10 | 16 => 2,
        1 | 6 | 12 => 4,
        7 | 11 | 13 => 8,
        _ => return None,
    })
}

fn bad(reason: impl Into<String>) -> NeuralError {
    NeuralError::bad("model", reason)
}

fn truncated_error() -> NeuralError {
    bad("it is damaged or not an ONNX model")
}

/// Returns the first value of a text field, or an empty text if there is none.
fn text_field(message: &[u8], wanted: u64) -> Result<&str, NeuralError> {
    for field in Fields(message) {
        if let (number, Value::Bytes(text)) = field?
            && number == wanted
        {
            return std::str::from_utf8(text).map_err(|_| truncated_error());
        }
    }
    Ok("")
}

/// The value of a field.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// An iterator over the fields of a Protocol Buffers message.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), NeuralError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(truncated_error))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => Value::Bytes(split(&mut self.0, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                Value::Bytes(split(&mut self.0, length)?)
            }
            5 => Value::Bytes(split(&mut self.0, 4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

/// A packed sequence of numbers.
struct Packed<'a>(&'a [u8]);

impl Iterator for Packed<'_> {
    type Item = Result<u64, NeuralError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        Some(varint(&mut self.0).ok_or_else(truncated_error))
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn split<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}
