//! Loads models into the runtime, and converts the runtime's tensors to plain vectors.

use crate::NeuralError;
use rten::{Model, ModelOptions, NodeId, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

/// Loads a model into the runtime.
///
/// The runtime's optimisations are off, since they run parts of the model while loading, on threads outside
/// any budget. As a result, loading is faster and speaking slower. Weights are packed while loading.
pub(crate) fn load(bytes: Vec<u8>, weights: Option<(&str, Vec<u8>)>) -> Result<Model, NeuralError> {
    let mut options = ModelOptions::with_all_ops();
    options.enable_optimization(false).prepack_weights(true);
    if let Some((name, buffer)) = weights {
        options.external_data(name, buffer);
    }
    options.load(bytes).map_err(|error| NeuralError::bad("model", error.to_string()))
}

/// Returns the id of a value of the model by the value's name.
pub(crate) fn node(model: &Model, name: &str) -> Result<NodeId, NeuralError> {
    model
        .find_node(name)
        .ok_or_else(|| NeuralError::bad("model", format!("it has no value `{name}`")))
}

/// Returns the dimensions and the numbers of a float output. All numbers must be finite.
pub(crate) fn floats(value: Value) -> Result<(Vec<usize>, Vec<f32>), NeuralError> {
    let tensor: Tensor<f32> = value.try_into().map_err(NeuralError::failure)?;
    let shape = tensor.shape().to_vec();
    let data = tensor.into_data();
    if data.iter().any(|x| !x.is_finite()) {
        return Err(NeuralError::failure("its output contains values that are not finite numbers"));
    }
    Ok((shape, data))
}

/// Rounds the numbers of a float output to whole numbers, each of which must be within 0 to `most`.
pub(crate) fn counts(value: Value, most: usize) -> Result<Vec<usize>, NeuralError> {
    let (_, data) = floats(value)?;
    data.iter()
        .map(|&x| {
            let whole = x.round();
            (whole >= 0.0 && whole <= most as f32).then_some(whole as usize).ok_or_else(|| {
                NeuralError::failure(format!("it returned a length of {x} frames for a phoneme"))
            })
        })
        .collect()
}
