//! The seam to what gives a picture the shape of the clip that starts from it.
//!
//! Engines crop a picture of another shape in its middle, or draw a clip of the picture's shape.
//! Neither knows what matters in it, so that it is cropped here before it is handed over.

use crate::adapter::Ratio;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use tempfile::TempPath;

/// A picture of another shape is handed over as it is where a crop would leave this share of it.
pub const SAME_SHAPE: f64 = 0.98;

/// A picture to hand over.
#[derive(Debug)]
pub enum Fitted {
    /// It has the shape, or no other can be made of it.
    AsItIs(PathBuf),
    /// A file made of it, which is deleted with this value.
    Cropped(TempPath),
}

impl Fitted {
    /// Returns the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::AsItIs(path) => path,
            Self::Cropped(path) => path,
        }
    }
}

/// Why a picture cannot be handed over now.
#[derive(Debug)]
pub enum FitProblem {
    /// The picture cannot be read.
    Picture(String),
    /// This machine ran out of something, which says nothing of the picture.
    Machine(String),
}

/// A future in a box.
pub type FitFuture<'a> = Pin<Box<dyn Future<Output = Result<Fitted, FitProblem>> + Send + 'a>>;

/// Gives pictures a shape.
pub trait PictureFitter: fmt::Debug + Send + Sync {
    /// Returns a picture in a shape.
    fn fit(&self, picture: PathBuf, ratio: Ratio) -> FitFuture<'_>;
}

/// Hands pictures over as they are.
#[derive(Debug, Clone, Copy)]
pub struct AsTheyAre;

impl PictureFitter for AsTheyAre {
    fn fit(&self, picture: PathBuf, _: Ratio) -> FitFuture<'_> {
        Box::pin(async { Ok(Fitted::AsItIs(picture)) })
    }
}
