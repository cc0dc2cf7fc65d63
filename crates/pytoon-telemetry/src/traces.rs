//! Sends spans of requests and tasks to an OpenTelemetry collector, if one is configured.
//!
//! Guarantees: without a collector no spans are recorded; an unresponsive collector delays only the exit of
//! the process, for a few seconds.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of pytoon's own spans.
const TARGET: &str = "pytoon";
/// The timeout for sending one batch to a collector.
const PATIENCE: Duration = Duration::from_secs(5);

/// The sender of spans. It sends the remaining ones when it is dropped.
#[derive(Debug, Default)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Starts to send spans to a collector that speaks OTLP over HTTP, given as a URL without a path. Without a
    /// collector, nothing is sent.
    pub(crate) fn start(collector: Option<&str>) -> std::io::Result<Self> {
        let Some(collector) = collector.filter(|address| !address.trim().is_empty()) else {
            return Ok(Self(None));
        };
        // A second installation (by an engine) sets the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", collector.trim().trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| {
                std::io::Error::other(format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))
            })?;
        let resource = Resource::builder().with_service_name("pytoon").build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self(Some(provider)))
    }

    /// Returns the layer that records spans; `None` without a collector. Log lines are not sent to the collector.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.0.as_ref()?.tracer("pytoon");
        let own = filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET);
        Some(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(own))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // An unreachable collector must not change the exit of the process.
            let _ = provider.shutdown();
        }
    }
}
