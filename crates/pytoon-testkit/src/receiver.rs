//! An HTTP receiver that records its requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request that the receiver got.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// The request line: method, path and protocol.
    pub line: String,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// Returns the value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Returns the body as text.
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

/// An HTTP receiver, which listens as long as the test process runs.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The URL of the receiver, without a path.
    pub address: String,
    heard: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Receiver {
    /// Starts a receiver that responds with these statuses in turn, the last one repeatedly.
    pub fn start(statuses: &'static [u16]) -> Self {
        Self::saying(statuses, "")
    }

    /// Starts a receiver that responds with these statuses in turn, the last one repeatedly, and with the JSON
    /// `words` in every response.
    pub fn saying(statuses: &'static [u16], words: &str) -> Self {
        let words = words.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let heard: Arc<Mutex<Vec<ReceivedRequest>>> = Arc::default();
        let all = heard.clone();
        std::thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let (mut first, mut headers, mut line) = (String::new(), Vec::new(), String::new());
                let _ = reader.read_line(&mut first);
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if let Some((name, value)) = line.split_once(':') {
                        headers.push((name.to_lowercase(), value.trim().to_owned()));
                    }
                    line.clear();
                }
                let length = headers.iter().find(|(name, _)| name == "content-length");
                let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_err() {
                    continue;
                }
                let line = first.trim().to_owned();
                all.lock().expect("whole").push(ReceivedRequest { line, headers, body });
                let status = statuses[index.min(statuses.len() - 1)];
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{words}",
                    words.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, heard }
    }

    /// Returns the requests received so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.heard.lock().expect("whole").clone()
    }

    /// Waits until there are at least `count` requests, and returns all of them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<ReceivedRequest> {
        let begun = Instant::now();
        loop {
            let heard = self.requests();
            if heard.len() >= count {
                return heard;
            }
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(60), "only {} of {count} came", heard.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
