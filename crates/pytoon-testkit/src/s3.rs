//! An S3 object store in the test process, which stores objects in a folder. It checks signatures, so that a link
//! that was tampered with is rejected.

use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The name of the only bucket.
pub const BUCKET: &str = "films";
/// The access key of the bucket.
const KEY: &str = "AKIATESTTESTTESTTEST";
const SECRET: &str = "s3secret-8d1f6b0c2e4a9735";

/// A running object store, which stops when this value is dropped.
#[derive(Debug)]
pub struct S3 {
    folder: TempDir,
    address: SocketAddr,
    _runtime: Background,
}

/// A runtime that may be dropped in any context, also inside another runtime.
#[derive(Debug)]
struct Background(Option<tokio::runtime::Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl S3 {
    /// Starts a store with one empty bucket.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(serve(listener, folder.path().to_owned(), KEY, SECRET));
        Self { folder, address, _runtime: Background(Some(runtime)) }
    }

    /// Returns the environment variables with which Pytoon uses this store.
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            text("STORAGE_URL", &format!("s3://{BUCKET}/eu")),
            text("AWS_ENDPOINT_URL", &format!("http://{}", self.address)),
            text("AWS_REGION", "eu-central-1"),
            text("AWS_ACCESS_KEY_ID", KEY),
            text("AWS_SECRET_ACCESS_KEY", SECRET),
        ]
    }

    /// Returns the address on which the store listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the secret key, which must not appear in any output.
    pub fn secret(&self) -> &'static str {
        SECRET
    }

    /// Returns the path of the file that stores an object.
    pub fn object(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join("eu").join(name)
    }

    /// Returns the names of all objects below a prefix, in order.
    pub fn names(&self, below: &str) -> Vec<String> {
        let root = self.object("");
        let mut names = Vec::new();
        collect(&self.object(below), &root, &mut names);
        names.sort();
        names
    }
}

/// Serves each folder in `folder` as a bucket, to clients with this access key, until the listener fails.
pub async fn serve(listener: tokio::net::TcpListener, folder: PathBuf, key: &str, secret: &str) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let files = s3s_fs::FileSystem::new(folder).expect("a store");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(key, secret));
    let service = service.build();
    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    while let Ok((socket, _)) = listener.accept().await {
        let connection = server.serve_connection(TokioIo::new(socket), service.clone());
        let connection = connection.into_owned();
        tokio::spawn(async move {
            // A client that disconnects is not an error of the store.
            let _ = connection.await;
        });
    }
}

fn collect(folder: &Path, root: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, root, names);
        } else {
            let name = path.strip_prefix(root).expect("below the root");
            names.push(name.display().to_string());
        }
    }
}
