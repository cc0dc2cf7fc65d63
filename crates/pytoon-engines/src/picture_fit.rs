//! The interface for cropping a picture to the aspect ratio of the clip that starts from it.
//!
//! If a picture's aspect ratio differs from the clip's, engines crop it in the middle or return a clip with the
//! picture's aspect ratio. Neither respects the subject of the picture, so it is cropped before it is sent.

use crate::adapter::Ratio;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use tempfile::TempPath;

/// The fraction of a picture from which a crop is not worthwhile: if at least this much would remain, the picture is
/// sent uncropped.
pub const SAME_SHAPE: f64 = 0.98;

/// A picture that is ready to be sent.
#[derive(Debug)]
pub enum Fitted {
    /// The original file.
    AsItIs(PathBuf),
    /// A temporary file with the cropped picture, deleted with this value.
    Cropped(TempPath),
}

impl Fitted {
    /// Returns the path of the file to send.
    pub fn path(&self) -> &Path {
        match self {
            Self::AsItIs(path) => path,
            Self::Cropped(path) => path,
        }
    }
}

/// The cause of a failure to fit a picture.
#[derive(Debug)]
pub enum FitProblem {
    /// The picture cannot be read.
    Picture(String),
    /// This machine ran out of a resource; the picture may be valid.
    Machine(String),
}

/// A boxed future, so that fitters can be chosen at run time.
pub type FitFuture<'a> = Pin<Box<dyn Future<Output = Result<Fitted, FitProblem>> + Send + 'a>>;

/// A fitter that crops pictures to an aspect ratio.
pub trait PictureFitter: fmt::Debug + Send + Sync {
    /// Returns the picture cropped to the given aspect ratio, or unchanged if its own is close enough.
    fn fit(&self, picture: PathBuf, ratio: Ratio) -> FitFuture<'_>;
}

/// A fitter that leaves pictures unchanged.
#[derive(Debug, Clone, Copy)]
pub struct AsTheyAre;

impl PictureFitter for AsTheyAre {
    fn fit(&self, picture: PathBuf, _: Ratio) -> FitFuture<'_> {
        Box::pin(async { Ok(Fitted::AsItIs(picture)) })
    }
}
