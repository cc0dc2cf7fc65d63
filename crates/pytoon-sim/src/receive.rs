//! Reads request bodies, within limits.

use crate::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_TYPE;
use serde_json::Value;
use std::future::poll_fn;
use std::pin::Pin;

/// Maximum size of a JSON body with an inline picture, in bytes.
const MAX_JSON: usize = 16 << 20;

/// Reads a JSON body. Rejects other content types and bodies over `MAX_JSON` bytes.
pub(crate) async fn json(request: Request<Incoming>) -> Result<Value, Refusal> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::ContentType);
    }
    let bytes = bytes(request.into_body(), MAX_JSON).await?;
    serde_json::from_slice(&bytes).map_err(|error| Refusal::NotJson(error.to_string()))
}

/// Reads a JSON body as [`json`] does. Returns null if the request has no body.
pub(crate) async fn json_or_nothing(request: Request<Incoming>) -> Result<Value, Refusal> {
    if request.body().is_end_stream() { Ok(Value::Null) } else { json(request).await }
}

/// Reads a complete body of at most `most` bytes.
pub(crate) async fn bytes(mut body: Incoming, most: usize) -> Result<Bytes, Refusal> {
    let mut all = BytesMut::new();
    while let Some(piece) = piece(&mut body).await? {
        if all.len() + piece.len() > most {
            return Err(Refusal::TooLarge);
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// Number of bytes kept from the beginning of a file. It is large because a camera's metadata precedes a picture's
/// size.
const HEAD: usize = 256 << 10;

/// Reads a body of at most `most` bytes. Returns its length and its first bytes, and discards the rest.
pub(crate) async fn count(mut body: Incoming, most: u64) -> Result<(u64, Vec<u8>), Refusal> {
    let (mut sum, mut head) = (0, Vec::new());
    while let Some(piece) = piece(&mut body).await? {
        sum += piece.len() as u64;
        let room = HEAD - head.len();
        head.extend_from_slice(&piece[..piece.len().min(room)]);
        if sum > most {
            return Err(Refusal::TooLarge);
        }
    }
    Ok((sum, head))
}

async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            Some(Err(error)) => return Err(Refusal::Bad(error.to_string())),
        }
    }
}

/// A field of a form.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    /// The value of a text field.
    pub(crate) text: String,
    /// The first bytes of a file.
    pub(crate) head: Vec<u8>,
    pub(crate) size: u64,
}

/// Reads the fields of a multipart form, in order. Of a file, only the size and the first bytes are kept.
pub(crate) async fn form(request: Request<Incoming>, most: usize) -> Result<Vec<Field>, Refusal> {
    use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
    /// The length of a text field, in bytes, after which its further chunks are discarded.
    const MAX_TEXT: usize = 64 * 1024;
    const MAX_FIELDS: usize = 100;
    /// Number of bytes kept of each file: enough for the header of an audio file.
    const HEAD: usize = 64;
    let mut request = request.map(axum::body::Body::new);
    DefaultBodyLimit::max(most).apply(&mut request);
    let bad = |error: axum::extract::multipart::MultipartError| {
        if error.status() == hyper::StatusCode::PAYLOAD_TOO_LARGE {
            Refusal::TooLarge
        } else {
            Refusal::Bad(error.body_text())
        }
    };
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Refusal::ContentType)?;
    let mut fields = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(bad)? {
        let mut field = Field {
            name: part.name().unwrap_or_default().to_owned(),
            file_name: part.file_name().map(str::to_owned),
            ..Field::default()
        };
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(bad)? {
            field.size += chunk.len() as u64;
            let wanted = HEAD.saturating_sub(field.head.len()).min(chunk.len());
            field.head.extend_from_slice(&chunk[..wanted]);
            if field.file_name.is_none() && text.len() < MAX_TEXT {
                text.extend_from_slice(&chunk);
            }
        }
        field.text = String::from_utf8_lossy(&text).into_owned();
        fields.push(field);
        if fields.len() > MAX_FIELDS {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(fields)
}
