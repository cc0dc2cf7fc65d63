//! Serves connections within limits that no peer can exceed.
//!
//! Guarantees: only HTTP/1.1 with strict heads is accepted; a connection ends if its head does not arrive within
//! [`HEAD`] or its peer stops reading a response for [`STALL`]; at most [`Bounds::connections`] are open, and a new
//! one replaces the longest idle connection of the address with the most connections; shutdown completes within
//! [`Bounds::grace`].
//!
//! Leaves TLS, and the recognition of clients' addresses, to a proxy.

mod framing;
mod guarded;
mod open;
mod sent;

use crate::budget::Held;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use guarded::Guarded;
use hyper_util::rt::{TokioIo, TokioTimer};
use open::{Busy, Open};
use sent::Sent;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// The timeout for receiving a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// Maximum time for which a peer may read nothing of its response. Then it is disconnected.
const STALL: Duration = Duration::from_secs(30);
/// Maximum size of a head, and of the buffered part of a response, in bytes.
const BUFFER: usize = 64 << 10;
/// The pause after a failure to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Maximum number of concurrent connections.
    pub connections: usize,
    /// The time that running requests have to finish after a shutdown request.
    pub grace: Duration,
}

/// Serves requests until shutdown, and then finishes running requests within the grace period.
///
/// # Errors
/// Currently returns no error: a failure affects one connection only.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    ends: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let open = Open::new(bounds.connections);
    let mut ends = pin!(ends);
    loop {
        tokio::select! {
            () = &mut ends => break,
            (stream, peer) = accept_connection(&listener, &open) => {
                let _ = stream.set_nodelay(true);
                let entry = open.enter(peer.ip());
                tokio::spawn(answer(stream, router.clone(), entry));
            }
        }
    }
    drop(listener);
    open.finish();
    if tokio::time::timeout(bounds.grace, open.wait_until_empty()).await.is_err() {
        open.close_all();
        let _ = tokio::time::timeout(Duration::from_secs(1), open.wait_until_empty()).await;
    }
    Ok(())
}

/// Accepts the next connection and returns it once a slot is free.
async fn accept_connection(listener: &TcpListener, open: &Open) -> (TcpStream, SocketAddr) {
    loop {
        // A slot is made free for the first connection in the kernel's queue.
        match listener.accept().await {
            Ok((stream, peer)) => {
                open.room_for(peer.ip()).await;
                return (stream, peer);
            }
            // Out of descriptors: closing idle connections frees some.
            Err(error) => {
                tracing::warn!(reason = %error, "a connection could not be accepted");
                open.close_idle();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, router: Router, entry: open::Entry) {
    let busy = entry.busy();
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        let (mut router, guard) = (router.clone(), busy.begin());
        let request: Request = request.map(Body::new);
        async move {
            let closes = framing::ends_connection(request.headers());
            let version = request.version();
            let response: Response = match framing::rejection(&request) {
                Some(problem) => problem,
                None => match Service::<Request>::call(&mut router, request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
            };
            let mut response = hold_until_sent(response, guard);
            if closes || version == Version::HTTP_10 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .half_close(false)
        .serve_connection(TokioIo::new(Guarded::new(stream, STALL)), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // A peer that disconnects or misbehaves is not our error.
        _ = connection.as_mut() => return,
        () = entry.wait_for_close() => return,
        () = entry.wait_for_finish() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = entry.wait_for_close() => {}
    }
}

/// Marks the connection as busy, and holds the response's budget shares, until the response is sent.
fn hold_until_sent(mut response: Response, guard: Busy) -> Response {
    let shares = response.extensions_mut().remove::<Held>();
    response.map(|body| Body::new(Sent::new(body, (guard, shares))))
}
