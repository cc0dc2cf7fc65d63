//! An object store that speaks S3.
//!
//! Guarantees: an object is replaced as a whole; a downloaded file gets its name only when it is complete; every call
//! has a timeout; credentials are removed from every message by value.

use crate::{Entry, StorageError};
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::signer::{Method, Signer};
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
    WriteMultipart,
};
use pytoon_config::secrets::Secrets;
use pytoon_config::storage::StorageSettings;
use pytoon_telemetry::{register_secret, sanitize_sensitive_data};
use secrecy::ExposeSecret;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

/// Maximum size of a file that is uploaded in one request, in bytes, and the size of the parts of larger files.
const PIECE: usize = 8 << 20;
/// Maximum number of parts of one upload that are in flight.
const PIECES: usize = 3;
/// The default region.
const USUAL_REGION: &str = "us-east-1";
/// The name of the object that the readiness check writes.
const PROBE: &str = "ready";

/// A bucket in an object store.
#[derive(Debug)]
pub struct Bucket {
    store: AmazonS3,
    /// The client that signs links. Its endpoint differs from that of `store` if `storage.public_endpoint` is set.
    links: AmazonS3,
    /// The prefix of every object name.
    prefix: String,
}

impl Bucket {
    /// Opens the object store that the settings or the environment name; `None` if they name none.
    pub(crate) fn open(
        settings: &StorageSettings,
        secrets: &Secrets,
    ) -> Result<Option<Self>, StorageError> {
        let text = |name: &'static str| -> Result<Option<String>, StorageError> {
            let found = secrets.find(&[name.to_owned()]);
            let found = found.map_err(|error| StorageError::Setting {
                field: name,
                reason: error.to_string(),
            })?;
            Ok(found.map(|key| key.secret.expose_secret().to_owned()))
        };
        let named = text("STORAGE_URL")?;
        let field = if named.is_some() { "STORAGE_URL" } else { "storage.url" };
        let address = named.unwrap_or_else(|| settings.url.clone());
        if address.is_empty() {
            return Ok(None);
        }
        let (bucket, prefix) =
            parts(&address).map_err(|reason| StorageError::Setting { field, reason })?;
        // A second installation (by another crate) sets the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder =
            AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 4,
                retry_timeout: Duration::from_secs(60),
            });
        let region = text("AWS_REGION")?.or(text("AWS_DEFAULT_REGION")?);
        builder = builder.with_region(region.unwrap_or_else(|| USUAL_REGION.to_owned()));
        if let (Some(id), Some(secret)) =
            (text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?)
        {
            register_secret(&secret);
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        if let Some(token) = text("AWS_SESSION_TOKEN")? {
            register_secret(&token);
            builder = builder.with_token(token);
        }
        let build = |builder: AmazonS3Builder, endpoint: Option<&str>| {
            let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
            let options = ClientOptions::new()
                .with_allow_http(is_plain)
                .with_connect_timeout(Duration::from_secs(10))
                // One request transfers at most a piece.
                .with_timeout(Duration::from_secs(120));
            let builder = builder.with_client_options(options);
            let builder = match endpoint {
                Some(endpoint) => builder.with_endpoint(endpoint.trim_end_matches('/')),
                None => builder,
            };
            builder.build().map_err(|error| StorageError::Setting {
                field,
                reason: sanitize_sensitive_data(&error.to_string()).into_owned(),
            })
        };
        let endpoint = text("AWS_ENDPOINT_URL")?;
        let public = Some(settings.public_endpoint.as_str()).filter(|public| !public.is_empty());
        let store = build(builder.clone(), endpoint.as_deref())?;
        let links = build(builder, public.or(endpoint.as_deref()))?;
        Ok(Some(Self { store, links, prefix }))
    }

    fn key(&self, name: &str) -> Key {
        Key::from(format!("{}{name}", self.prefix))
    }

    /// Uploads a file. Returns the version of the new object, if the store reports one.
    pub async fn upload(&self, name: &str, from: &Path) -> Result<Option<String>, StorageError> {
        const UPLOAD: &str = "write";
        let unreadable = |error| StorageError::file("read", from, error);
        let mut file = tokio::fs::File::open(from).await.map_err(unreadable)?;
        let mut piece = vec![0; PIECE + 1];
        let mut got = read_full(&mut file, &mut piece).await.map_err(unreadable)?;
        let key = self.key(name);
        if got <= PIECE {
            piece.truncate(got);
            let put = self.store.put(&key, PutPayload::from(piece)).await;
            return Ok(put.map_err(|error| store_error(UPLOAD, name, &error))?.e_tag);
        }
        let upload = self.store.put_multipart(&key).await;
        let upload = upload.map_err(|error| store_error(UPLOAD, name, &error))?;
        // Invisible until it is finished; the store cleans up abandoned ones.
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        while got > 0 {
            if let Err(error) = upload.wait_for_capacity(PIECES).await {
                let _ = upload.abort().await;
                return Err(store_error(UPLOAD, name, &error));
            }
            upload.write(&piece[..got]);
            got = match read_full(&mut file, &mut piece).await {
                Ok(got) => got,
                Err(error) => {
                    let _ = upload.abort().await;
                    return Err(unreadable(error));
                }
            };
        }
        Ok(upload.finish().await.map_err(|error| store_error(UPLOAD, name, &error))?.e_tag)
    }

    /// Writes a small object. Returns the object's version, if the store reports one.
    pub async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<Option<String>, StorageError> {
        let put = self.store.put(&self.key(name), PutPayload::from(bytes)).await;
        Ok(put.map_err(|error| store_error("write", name, &error))?.e_tag)
    }

    /// Downloads an object into a file. Returns the size of the object; `None` if it does not exist.
    pub async fn download(&self, name: &str, to: &Path) -> Result<Option<u64>, StorageError> {
        const DOWNLOAD: &str = "fetch";
        let got = match self.store.get(&self.key(name)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(store_error(DOWNLOAD, name, &error)),
        };
        let size = got.meta.size;
        let part = part_of(to);
        let written = async {
            if let Some(folder) = to.parent() {
                tokio::fs::create_dir_all(folder).await.map_err(|e| unwritable(folder, e))?;
            }
            let mut file = tokio::fs::File::create(&part).await.map_err(|e| unwritable(to, e))?;
            let mut pieces = got.into_stream();
            while let Some(piece) =
                pieces.try_next().await.map_err(|error| store_error(DOWNLOAD, name, &error))?
            {
                file.write_all(&piece).await.map_err(|e| unwritable(to, e))?;
            }
            file.flush().await.map_err(|e| unwritable(to, e))?;
            tokio::fs::rename(&part, to).await.map_err(|e| unwritable(to, e))
        };
        let written: Result<(), StorageError> = written.await;
        if let Err(error) = written {
            // The partial file must not stay; a failure to remove it changes nothing.
            let _ = tokio::fs::remove_file(&part).await;
            return Err(error);
        }
        Ok(Some(size))
    }

    /// Reads a small object completely; `None` if it does not exist.
    pub async fn read(&self, name: &str) -> Result<Option<Bytes>, StorageError> {
        let read = async { self.store.get(&self.key(name)).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(store_error("read", name, &error)),
        }
    }

    /// Returns the size of an object; `None` if it does not exist.
    pub async fn size(&self, name: &str) -> Result<Option<u64>, StorageError> {
        match self.store.head(&self.key(name)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(store_error("find", name, &error)),
        }
    }

    /// Returns a value that changes whenever an object's content does; `None` if the object does not exist.
    pub async fn version(&self, name: &str) -> Result<Option<String>, StorageError> {
        match self.store.head(&self.key(name)).await {
            Ok(meta) => Ok(Some(version_of(&meta))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(store_error("find", name, &error)),
        }
    }

    /// Lists all objects below a folder name.
    pub async fn list(&self, below: &str) -> Result<Vec<Entry>, StorageError> {
        let key = self.key(below);
        let found: Vec<object_store::ObjectMeta> = self
            .store
            .list(Some(&key))
            .try_collect()
            .await
            .map_err(|error| store_error("list", below, &error))?;
        Ok(found
            .into_iter()
            .filter_map(|meta| {
                let name = meta.location.as_ref().strip_prefix(self.prefix.as_str())?.to_owned();
                let modified_ms = meta.last_modified.timestamp_millis();
                let version = version_of(&meta);
                Some(Entry { name, size_bytes: meta.size, modified_ms, version })
            })
            .collect())
    }

    /// Removes an object. A missing object is not an error.
    pub async fn delete(&self, name: &str) -> Result<(), StorageError> {
        match self.store.delete(&self.key(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(store_error("remove", name, &error)),
        }
    }

    /// Signs a link with which its holder can fetch an object, or write it if `put` is true, for the duration
    /// `holds`.
    pub async fn link(
        &self,
        name: &str,
        put: bool,
        holds: Duration,
    ) -> Result<String, StorageError> {
        let method = if put { Method::PUT } else { Method::GET };
        let link: Result<Url, Error> = self.links.signed_url(method, &self.key(name), holds).await;
        Ok(link.map_err(|error| store_error("sign a link to", name, &error))?.to_string())
    }

    /// Checks that the object store is writable: writes an object and reads it back.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.write(PROBE, b"ready".to_vec()).await?;
        match self.read(PROBE).await? {
            Some(_) => Ok(()),
            None => Err(StorageError::Store {
                operation: "find",
                name: PROBE.to_owned(),
                reason: "the object that was just written does not exist".to_owned(),
            }),
        }
    }
}

/// Splits a URL such as `s3://films/eu` into the bucket and the prefix. The error names the accepted form.
fn parts(address: &str) -> Result<(String, String), String> {
    let form = "use s3://bucket or s3://bucket/prefix, or leave the setting empty to \
                use the folder storage_dir";
    // The address may contain keys by mistake: it is not repeated.
    let url =
        Url::parse(address).map_err(|error| format!("this is not a URL ({error}); {form}"))?;
    if url.scheme() != "s3" {
        return Err(format!("`{}:` is not a supported object store; {form}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let keys = "put keys into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        return Err(format!("the URL contains a user name or a password; {keys}; {form}"));
    }
    if url.query().is_some() {
        return Err(format!("the URL contains a query; {form}"));
    }
    let bucket = url.host_str().filter(|host| !host.is_empty());
    let bucket = bucket.ok_or_else(|| format!("the URL names no bucket; {form}"))?;
    let prefix = url.path().trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok((bucket.to_owned(), prefix))
}

/// Returns the version of an object. Not every store reports hashes.
fn version_of(meta: &object_store::ObjectMeta) -> String {
    let modified_ms = meta.last_modified.timestamp_millis();
    meta.e_tag.clone().unwrap_or_else(|| format!("{}@{modified_ms}", meta.size))
}

fn store_error(operation: &'static str, name: &str, error: &Error) -> StorageError {
    let reason = sanitize_sensitive_data(&error.to_string()).into_owned();
    StorageError::Store { operation, name: name.to_owned(), reason }
}

fn unwritable(path: &Path, error: std::io::Error) -> StorageError {
    StorageError::file("write", path, error)
}

/// Returns a temporary name beside the file, unique to this attempt.
fn part_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", uuid::Uuid::new_v4().simple()));
    name.into()
}

async fn read_full(file: &mut tokio::fs::File, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < piece.len() {
        match file.read(&mut piece[got..]).await? {
            0 => break,
            count => got += count,
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn addresses_are_bucket_and_prefix_and_nothing_else() {
        let ok = |address: &str| parts(address).expect(address);
        assert_eq!(ok("s3://films"), ("films".into(), String::new()));
        assert_eq!(ok("s3://films/"), ("films".into(), String::new()));
        assert_eq!(ok("s3://films/eu/west/"), ("films".into(), "eu/west/".into()));
        for (address, part) in [
            ("films", "not a URL"),
            ("http://films/x", "`http:`"),
            ("s3://key:secret@films", "AWS_SECRET_ACCESS_KEY"),
            ("s3:///x", "bucket"),
        ] {
            let reason = parts(address).expect_err(address);
            assert!(reason.contains(part) && !reason.contains("key:secret"), "{reason}");
        }
    }
}
