//! Reads a request body in pieces, and limits the waiting and searching that a peer can cause.
//!
//! Guarantees: a peer that sends nothing for [`IDLE`] is disconnected; the form parser never buffers more than
//! [`MAX_HEAD`] bytes of the header of a form's part.

use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Maximum size of the header of a form's part and of other buffered input, in bytes.
pub(crate) const MAX_HEAD: usize = 16 << 10;
/// Timeout for a peer that sends nothing.
pub(crate) const IDLE: Duration = Duration::from_secs(30);
/// Maximum size of a piece of the body for a reader that searches it, in bytes.
const PIECE: usize = 4 << 10;

/// The error that ended a body early.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// The peer stopped sending.
    Stalled,
    /// The header of a form's part is too long.
    HeadTooLong,
    /// The connection broke, or the body's framing is invalid.
    Broken(axum::Error),
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stalled => write!(f, "no data arrived for {} s: send it again", IDLE.as_secs()),
            Self::HeadTooLong => {
                write!(
                    f,
                    "the header of a form field is longer than {} KiB: shorten it",
                    MAX_HEAD >> 10
                )
            }
            Self::Broken(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// The number of bytes delivered since the reader last made progress.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<AtomicUsize>);

impl Unread {
    /// Resets the count after the reader has consumed its input.
    pub(crate) fn progress(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A request body as a stream of byte chunks.
pub(crate) struct Pieces {
    inner: axum::body::BodyDataStream,
    idle: Pin<Box<Sleep>>,
    /// The count of bytes delivered and not yet consumed, if the reader searches the body.
    searched: Option<Unread>,
    rest: Bytes,
    rests: bool,
}

impl Pieces {
    /// Returns a stream of the body's chunks as they arrive.
    pub(crate) fn new(body: axum::body::Body) -> Self {
        Self {
            inner: body.into_data_stream(),
            idle: Box::pin(tokio::time::sleep(IDLE)),
            searched: None,
            rest: Bytes::new(),
            rests: false,
        }
    }

    /// Returns a stream of small chunks for a reader that searches them and reports its progress.
    pub(crate) fn for_search(body: axum::body::Body) -> (Self, Unread) {
        let unread = Unread::default();
        (Self { searched: Some(unread.clone()), ..Self::new(body) }, unread)
    }

    /// Returns the next small chunk, or an error if the reader has made no progress for more than [`MAX_HEAD`] bytes.
    fn small_piece(&mut self) -> Result<Bytes, BodyError> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.rests = true;
        let unread = self.searched.clone().unwrap_or_default();
        let before = unread.0.fetch_add(piece.len(), Ordering::Relaxed);
        if before + piece.len() > MAX_HEAD { Err(BodyError::HeadTooLong) } else { Ok(piece) }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match Pin::new(&mut self.inner).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    self.idle.as_mut().reset(Instant::now() + IDLE);
                    if self.searched.is_none() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    self.rest = bytes;
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(BodyError::Broken(error))));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    return match self.idle.as_mut().poll(context) {
                        Poll::Ready(()) => Poll::Ready(Some(Err(BodyError::Stalled))),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
        Poll::Ready(Some(self.small_piece()))
    }
}
