//! The routes of the guides and runbooks, so that a person can read them inside the page.
//!
//! Guarantees: the texts are those of the repository, compiled in; a test compares the list with the folders.

use crate::auth::{Caller, Scope};
use crate::extract::ApiPath;
use crate::problem::Problem;
use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use serde::Serialize;

/// Declares the documents of a folder.
macro_rules! documents {
    ($($folder:literal: $($name:literal),+;)+) => {
        /// Every document: its folder, its name and its text.
        const DOCUMENTS: &[(&str, &str, &str)] = &[$($(
            ($folder, $name, include_str!(concat!("../../../docs/", $folder, "/", $name, ".md"))),
        )+)+];
    };
}

documents! {
    "guides": "adding-a-voice", "adding-an-engine", "first-video", "fuzzing", "how-text-is-read", "keys", "presets-and-brands", "running-as-a-service", "scaling-out", "simulator", "studio", "troubleshooting", "voices", "writing-a-script";
    "runbooks": "README", "adding-an-engine", "audio-sync", "backup", "caption-alignment", "database", "dead-tasks", "engine-health", "engine-selection", "fallback-spike", "jobs-not-moving", "key-rotation", "leases", "paid-calls", "service", "storage", "tts", "upgrade", "webhooks";
}

/// A guide or a runbook.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Document {
    /// The folder and the name of the document, such as `runbooks/tts`.
    name: String,
    /// The title of the document.
    title: String,
    /// The kind of document: `guide` or `runbook`.
    kind: String,
}

/// The guides and runbooks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Documents {
    /// The documents.
    documents: Vec<Document>,
}

/// Returns the text of the first heading.
fn title(text: &str) -> String {
    let heading = text.lines().find_map(|line| line.strip_prefix("# "));
    heading.unwrap_or_default().trim().to_owned()
}

/// List the guides and runbooks
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/documents",
    operation_id = "list_documents",
    tag = "service",
    responses(
        (status = 200, description = "All documents", body = Documents),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(caller: Caller) -> Result<Json<Documents>, Problem> {
    caller.may(Scope::Read)?;
    let documents = DOCUMENTS.iter().map(|(folder, name, text)| Document {
        name: format!("{folder}/{name}"),
        title: title(text),
        kind: if *folder == "runbooks" { "runbook" } else { "guide" }.to_owned(),
    });
    Ok(Json(Documents { documents: documents.collect() }))
}

/// Read a guide or a runbook
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/documents/{folder}/{name}",
    operation_id = "read_document",
    tag = "service",
    params(
        ("folder" = String, Path, description = "`guides` or `runbooks`"),
        ("name" = String, Path, description = "The name of the document in its folder"),
    ),
    responses(
        (status = 200, description = "The text", body = String, content_type = "text/markdown"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such document", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn show(
    caller: Caller,
    ApiPath((folder, name)): ApiPath<(String, String)>,
) -> Result<([(HeaderName, &'static str); 1], &'static str), Problem> {
    caller.may(Scope::Read)?;
    let known = DOCUMENTS.iter().find(|(own, title, _)| *own == folder && *title == name);
    let (_, _, text) = known.ok_or_else(|| {
        let detail = "there is no such guide or runbook; GET /api/v2/documents lists all";
        Problem::new(StatusCode::NOT_FOUND, "no_such_document", detail)
    })?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_guide_and_runbook_is_listed_under_a_name_of_its_own() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for folder in ["guides", "runbooks"] {
            let files: BTreeSet<String> = std::fs::read_dir(docs.join(folder))
                .expect("a folder")
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
                .collect();
            let listed: BTreeSet<String> = DOCUMENTS
                .iter()
                .filter(|(own, _, _)| *own == folder)
                .map(|(_, name, _)| (*name).to_owned())
                .collect();
            assert_eq!(listed, files);
        }
        assert!(DOCUMENTS.iter().all(|(_, _, text)| !title(text).is_empty()));
    }
}
