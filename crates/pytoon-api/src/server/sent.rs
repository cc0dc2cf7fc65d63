//! A response body that holds its budget shares until the peer has read nearly all of it.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Maximum size of a chunk of the body, in bytes. The sender would accept larger chunks at once and drop the body
/// before they are sent.
const PIECE: usize = 16 << 10;

/// A response body with the values to drop after it is sent.
pub(super) struct Sent<H> {
    body: axum::body::Body,
    rest: Bytes,
    _held: H,
}

impl<H> Sent<H> {
    pub(super) fn new(body: axum::body::Body, held: H) -> Self {
        Self { body, rest: Bytes::new(), _held: held }
    }
}

impl<H: Unpin> Body for Sent<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + self.rest.len() as u64);
        }
        hint.set_lower(inner.lower() + self.rest.len() as u64);
        hint
    }
}
