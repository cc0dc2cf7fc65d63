//! Spans of requests and tasks for an OpenTelemetry collector, where one is named.
//!
//! Guarantees: without a collector nothing is made and nothing costs anything; a collector that does not
//! answer keeps nobody waiting but the end of the process, for a few seconds.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::time::Duration;

/// How long a collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// What sends spans; the last ones go when it is dropped.
#[derive(Debug, Default)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends spans to a collector that speaks OTLP over HTTP, at its address without a path; nowhere
    /// where there is none.
    pub(crate) fn start(collector: Option<&str>) -> std::io::Result<Self> {
        let Some(collector) = collector.filter(|address| !address.trim().is_empty()) else {
            return Ok(Self(None));
        };
        // A second installation (an engine's) is the same provider.
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

    /// What spans are given to.
    pub(crate) fn tracer(&self) -> Option<SdkTracer> {
        self.0.as_ref().map(|provider| provider.tracer("pytoon"))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // A collector that is gone must not change how the process ends.
            let _ = provider.shutdown();
        }
    }
}
