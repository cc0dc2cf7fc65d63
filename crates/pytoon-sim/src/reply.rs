//! Response bodies: bytes or a file, sent at full speed, dripped, cut off or endless.
//!
//! Guarantees: a file is read in parts of at most 64 KiB; a callback reports whether the body was sent
//! completely, as far as this side of the socket can know.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};

const PIECE: usize = 64 * 1024;
/// Number of pieces in which a slow (dripped) body is sent.
const DRIPS: u64 = 256;

/// An HTTP response of the simulator.
pub(crate) type Answer = Response<Reply>;

/// The callback at the end of a body; its argument is true if everything was sent.
type AtEnd = Box<dyn FnOnce(bool) + Send + Sync>;

/// A response body, which a fault can cut off or slow down.
pub(crate) struct Reply {
    source: Source,
    /// The number of remaining bytes.
    left: u64,
    total: u64,
    /// The number of remaining bytes at which the connection is broken.
    cut: Option<u64>,
    drip: Option<(u64, Duration)>,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    at_end: Option<AtEnd>,
}

enum Source {
    Bytes(Bytes),
    File(tokio::fs::File),
    /// Arbitrary bytes without an end.
    Filler,
}

impl Reply {
    fn new(source: Source, total: u64) -> Self {
        Self { source, left: total, total, cut: None, drip: None, sleep: None, at_end: None }
    }

    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let total = bytes.len() as u64;
        Self::new(Source::Bytes(bytes), total)
    }

    /// Creates a body from the first `total` bytes of a file.
    pub(crate) fn file(file: tokio::fs::File, total: u64) -> Self {
        Self::new(Source::File(file), total)
    }

    pub(crate) fn filler(total: u64) -> Self {
        Self::new(Source::Filler, total)
    }

    /// Returns the unsent bytes of a body in memory; `None` for a body from a file or of filler bytes.
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes),
            Source::File(_) | Source::Filler => None,
        }
    }

    /// Cuts the body off after `sent` bytes, regardless of the announced length.
    pub(crate) fn cut_after(mut self, sent: u64) -> Self {
        self.cut = Some(self.total.saturating_sub(sent));
        self
    }

    /// Sends the body slowly: in small pieces with pauses.
    pub(crate) fn drip(&mut self, pause: Duration) {
        self.drip = Some(((self.total / DRIPS).max(1), pause));
    }

    /// Adds a callback that runs when the body has been sent or dropped, after the callbacks added before it.
    pub(crate) fn at_end(&mut self, at_end: impl FnOnce(bool) + Send + Sync + 'static) {
        self.at_end = Some(match self.at_end.take() {
            None => Box::new(at_end),
            Some(first) => Box::new(move |complete| {
                first(complete);
                at_end(complete);
            }),
        });
    }

    fn end(&mut self) {
        if let Some(at_end) = self.at_end.take() {
            at_end(self.left == 0);
        }
    }

    /// Waits for the end of the pause between two pieces of a dripped body.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((_, pause)) = self.drip else { return Poll::Ready(()) };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<std::io::Result<Bytes>> {
        match &mut self.source {
            Source::Bytes(bytes) => Poll::Ready(Ok(bytes.split_to(wanted.min(bytes.len())))),
            Source::Filler => Poll::Ready(Ok(Bytes::from_static(&[0x55; PIECE]).slice(..wanted))),
            Source::File(file) => {
                let mut buffer = vec![0; wanted];
                let mut read = ReadBuf::new(&mut buffer);
                ready!(Pin::new(file).poll_read(cx, &mut read))?;
                let filled = read.filled().len();
                if filled == 0 {
                    return Poll::Ready(Err(std::io::ErrorKind::UnexpectedEof.into()));
                }
                buffer.truncate(filled);
                Poll::Ready(Ok(buffer.into()))
            }
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if this.cut.is_some_and(|cut| this.left <= cut) {
            return Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())));
        }
        ready!(this.poll_pause(cx));
        let until = this.left - this.cut.unwrap_or(0);
        let piece = this.drip.map_or(PIECE as u64, |(piece, _)| piece.min(PIECE as u64));
        let wanted = usize::try_from(until.min(piece)).unwrap_or(PIECE);
        let bytes = ready!(this.poll_piece(cx, wanted))?;
        this.left -= bytes.len() as u64;
        if this.left == 0 {
            // Before the last bytes are sent: their receiver may query the ledger at once.
            this.end();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Creates a response with a body of the given content type.
pub(crate) fn with_content_type(
    status: StatusCode,
    content_type: &'static str,
    body: Reply,
) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Creates a JSON response.
pub(crate) fn json(status: StatusCode, value: &Value) -> Answer {
    with_content_type(status, "application/json", Reply::bytes(value.to_string()))
}

/// Returns the JSON value of a response; `None` if the body is not JSON in memory.
pub(crate) fn value(answer: &Answer) -> Option<Value> {
    let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let bytes = answer.body().as_bytes().filter(|_| is_json)?;
    serde_json::from_slice(bytes).ok()
}

/// Replaces the value of a JSON response. Status and headers stay.
pub(crate) fn replace_value(answer: Answer, value: &Value) -> Answer {
    let (parts, _) = answer.into_parts();
    Response::from_parts(parts, Reply::bytes(value.to_string()))
}

/// Creates a JSON response with status 200.
pub(crate) fn ok(value: &Value) -> Answer {
    json(StatusCode::OK, value)
}

/// Creates a plain-text response.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Answer {
    with_content_type(status, "text/plain; charset=utf-8", Reply::bytes(text.into()))
}

/// Creates a response without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Reply::bytes(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// Sets a header. An invalid value is omitted.
pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
