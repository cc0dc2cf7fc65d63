//! Traces of a build without the feature `otel`: there are none, and a configured collector is an error.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Identity;
use tracing_subscriber::registry::LookupSpan;

/// Sends no spans.
#[derive(Debug, Default)]
pub struct Traces(());

impl Traces {
    /// Fails if a collector is configured.
    pub(crate) fn start(collector: Option<&str>) -> std::io::Result<Self> {
        match collector.filter(|address| !address.trim().is_empty()) {
            None => Ok(Self(())),
            Some(_) => Err(std::io::Error::other(
                "OTEL_EXPORTER_OTLP_ENDPOINT: this build of pytoon sends no traces (feature `otel`): run `make build`",
            )),
        }
    }

    /// Returns no layer.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        None::<Identity>
    }
}
