//! Listens and owns the connections, since some faults affect the connection rather than a response.
//!
//! Guarantees: a dropped request sends no byte; a submission whose response was not sent is marked as unanswered, as
//! far as this side can know: the handler or the body was dropped, or the peer reset the connection when its response
//! was the last thing sent.

use crate::clips::Clips;
use crate::ledger::Ledger;
use crate::scenario::Scenario;
use crate::serve::{self, Wire};
use crate::sim::Sim;
use crate::socket::Socket;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The options of a simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; port 0 selects a free one.
    pub listen: SocketAddr,
    /// The initial scenario.
    pub scenario: Scenario,
    /// The file that stores the ledger over restarts.
    pub ledger: Option<PathBuf>,
    /// The folder for clips; a temporary one if absent.
    pub clips: Option<PathBuf>,
    /// The factor by which the size of delivered clips is multiplied.
    pub clip_scale: f64,
    /// The factor by which simulated times are divided.
    pub speed: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            scenario: Scenario::default(),
            ledger: None,
            clips: None,
            clip_scale: 1.0,
            speed: 1.0,
        }
    }
}

/// An error that prevents the simulator from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An option is not greater than 0 or exceeds the maximum given here.
    #[error("{0} must be more than 0 and at most {1}")]
    Number(&'static str, f64),
    /// The port could not be bound, or a file or folder could not be opened.
    #[error("failed to {0}: {1}")]
    Io(&'static str, #[source] io::Error),
}

/// A running simulator, which stops when this value is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    sim: Arc<Sim>,
    _stop: watch::Sender<()>,
    _folder: Option<tempfile::TempDir>,
}

impl Running {
    /// Returns the address on which the simulator listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL, `http://ADDRESS`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the number of clips encoded since the simulator started.
    pub fn encoded_count(&self) -> u64 {
        self.sim.clips.encoded_count()
    }
}

/// Starts a simulator, which listens when this function returns. Requests are handled in tasks of the current
/// runtime.
pub async fn start(options: Options) -> Result<Running, StartError> {
    for (name, number, most) in
        [("the clip scale", options.clip_scale, 1.0), ("the speed", options.speed, 1e6)]
    {
        if !(number > 0.0 && number <= most) {
            return Err(StartError::Number(name, most));
        }
    }
    let failed = |what| move |error| StartError::Io(what, error);
    let (folder, temporary) = match options.clips {
        Some(folder) => (folder, None),
        None => {
            let temporary = tempfile::tempdir().map_err(failed("make a folder for clips"))?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    let clips = Clips::new(folder, options.clip_scale).map_err(failed("open the clips folder"))?;
    let ledger = Ledger::open(options.ledger.as_deref()).map_err(failed("open the ledger"))?;
    let sim = Arc::new(Sim::new(ledger, clips, options.scenario, options.speed));
    let listener = TcpListener::bind(options.listen).await.map_err(failed("listen"))?;
    let address = listener.local_addr().map_err(failed("listen"))?;
    let (stop, stopped) = watch::channel(());
    tokio::spawn(accept(listener, Arc::clone(&sim), stopped));
    Ok(Running { address, sim, _stop: stop, _folder: temporary })
}

async fn accept(listener: TcpListener, sim: Arc<Sim>, mut stopped: watch::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            // An error means that the sender was dropped.
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (sim, mut stopped) = (Arc::clone(&sim), stopped.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = stopped.changed() => {}
                        () = connection(stream, sim) => {}
                    }
                });
            }
            // Most likely out of file descriptors: some will be closed soon.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, sim: Arc<Sim>) {
    // Small answers must not be delayed; a failure costs only time.
    let _ = stream.set_nodelay(true);
    let wire = Arc::new(Wire::default());
    let service = service_fn(|request| {
        let (sim, wire) = (Arc::clone(&sim), Arc::clone(&wire));
        async move { serve::request(&sim, &wire, request).await }
    });
    let (socket, was_reset) = Socket::new(stream);
    // The ledger records the end of each request; the socket knows about the last one.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
    if was_reset.load(Ordering::Relaxed) {
        wire.last_answer_is_lost(&sim);
    }
}
