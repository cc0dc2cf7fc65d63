//! Traces of a build without the feature `otel`: there are none, and a configured collector is an error.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Identity;
use tracing_subscriber::registry::LookupSpan;

/// A sender of spans that sends none.
#[derive(Debug, Default)]
pub struct Traces(());

impl Traces {
    /// Returns an error if a collector is configured, since this build sends no spans.
    pub(crate) fn start(collector: Option<&str>) -> std::io::Result<Self> {
        match collector.filter(|address| !address.trim().is_empty()) {
            None => Ok(Self(())),
            Some(_) => Err(std::io::Error::other(
                "OTEL_EXPORTER_OTLP_ENDPOINT: this build of pytoon sends no traces (feature `otel`): run `make build`",
            )),
        }
    }

    /// Returns `None`, because this build records no spans.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        None::<Identity>
    }
}
