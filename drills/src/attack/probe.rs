//! Probes `/livez` and a bare server in turn, each time over a new connection.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The pause between two pairs of probes.
const PAUSE: Duration = Duration::from_millis(50);
/// The timeout of a response, which is also recorded as the duration of a response that never came.
const LONGEST: Duration = Duration::from_secs(10);

/// Starts a bare hyper server that responds with `ok`, and returns its port.
pub(super) async fn bare_server() -> anyhow::Result<u16> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async {
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(b"ok\n"))))
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(async move {
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(port)
}

/// Probes both servers until `ends`. Returns the response times of each, in milliseconds; a failed probe counts as
/// [`LONGEST`].
pub(super) fn both(port: u16, bare: u16, ends: Instant) -> (Vec<f64>, Vec<f64>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    while Instant::now() < ends {
        own.push(ask(port));
        others.push(ask(bare));
        std::thread::sleep(PAUSE);
    }
    (own, others)
}

fn ask(port: u16) -> f64 {
    let begun = Instant::now();
    let asked = || -> std::io::Result<bool> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut stream = TcpStream::connect_timeout(&address, LONGEST)?;
        stream.set_read_timeout(Some(LONGEST))?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    let is_answered = asked().unwrap_or(false);
    let taken = if is_answered { begun.elapsed() } else { LONGEST };
    taken.as_secs_f64() * 1000.0
}
