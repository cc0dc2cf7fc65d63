//! The interface that crops a picture to the shape of the clip that starts from it.
//!
//! Engines crop a picture of another shape in its middle, or make a clip of the picture's shape. Neither respects
//! its subject, so it is cropped here before it is sent.

use crate::adapter::Ratio;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use tempfile::TempPath;

/// A picture is sent as it is if a crop would keep at least this share of it.
pub const SAME_SHAPE: f64 = 0.98;

/// A picture to send.
#[derive(Debug)]
pub enum Fitted {
    /// It has the shape already, or cannot be cropped to it.
    AsItIs(PathBuf),
    /// A temporary file with the crop, deleted with this value.
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

/// The reason why a picture cannot be sent now.
#[derive(Debug)]
pub enum FitProblem {
    /// The picture cannot be read.
    Picture(String),
    /// This machine ran out of a resource, which says nothing about the picture.
    Machine(String),
}

/// A boxed future.
pub type FitFuture<'a> = Pin<Box<dyn Future<Output = Result<Fitted, FitProblem>> + Send + 'a>>;

/// Crops pictures to a shape.
pub trait PictureFitter: fmt::Debug + Send + Sync {
    /// Returns a picture in a shape.
    fn fit(&self, picture: PathBuf, ratio: Ratio) -> FitFuture<'_>;
}

/// Leaves pictures as they are.
#[derive(Debug, Clone, Copy)]
pub struct AsTheyAre;

impl PictureFitter for AsTheyAre {
    fn fit(&self, picture: PathBuf, _: Ratio) -> FitFuture<'_> {
        Box::pin(async { Ok(Fitted::AsItIs(picture)) })
    }
}
