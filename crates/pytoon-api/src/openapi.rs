//! Generates the OpenAPI document from the handlers and types. `pytoon-generate` writes it to `docs/openapi.json`,
//! which the API serves: shipped programs are built without this module.

use pytoon_core::brief::Brief;
use pytoon_records::job::JobStatus;
use schemars::schema_for;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "pytoon",
        description = "Briefs in, finished vertical videos out.",
        license(name = "MIT")
    ),
    tags(
        (name = "jobs", description = "Films and their progress"),
        (name = "assets", description = "Files for briefs"),
        (name = "service", description = "State of the service"),
    ),
    security(("key" = []))
)]
struct Document;

/// Returns the document that describes the API, as OpenAPI 3.1 in JSON.
pub fn document() -> String {
    let mut document = Document::openapi();
    document.merge(crate::Handlers::openapi());
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let mut document = serde_json::to_value(document).unwrap_or_default();
    complete(&mut document);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Adds what the routes' descriptions cannot express: the media type of problems, the names of the job statuses, the
/// resolutions of waveforms, the type of `client_data`, and the schema of a brief, which is the body of a submission.
fn complete(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for route in paths.filter_map(Value::as_object_mut).flat_map(|routes| routes.values_mut()) {
        let responses = route.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(|responses| responses.values_mut()) {
            let content = response.get_mut("content").and_then(Value::as_object_mut);
            let Some(content) = content else { continue };
            let schema = content.get("application/json").map(|kind| kind["schema"]["$ref"].clone());
            if schema.is_some_and(|schema| schema == "#/components/schemas/Problem")
                && let Some(kind) = content.remove("application/json")
            {
                content.insert("application/problem+json".to_owned(), kind);
            }
        }
    }
    let statuses: Vec<&str> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
    let parameters = document["paths"]["/api/v2/jobs"]["get"]["parameters"].as_array_mut();
    for parameter in parameters.into_iter().flatten().filter(|one| one["name"] == "status") {
        parameter["schema"]["enum"] = json!(statuses);
    }
    let peaks =
        document["paths"]["/api/v2/jobs/{id}/peaks/{name}"]["get"]["parameters"].as_array_mut();
    for parameter in peaks.into_iter().flatten().filter(|one| one["name"] == "samples_per_pair") {
        parameter["schema"]["enum"] = json!(crate::peaks::RESOLUTIONS);
    }
    document["components"]["schemas"]["Job"]["properties"]["client_data"] =
        json!({ "description": "The submitter's own data." });
    let mut brief = serde_json::to_value(schema_for!(Brief)).unwrap_or_default();
    relocate(&mut brief);
    let parts = brief.as_object_mut().and_then(|brief| brief.remove("$defs"));
    for (name, part) in parts.as_ref().and_then(Value::as_object).into_iter().flatten() {
        document["components"]["schemas"][name] = part.clone();
    }
    brief["properties"]["client_data"] =
        json!({ "description": "Any JSON that is returned with the job." });
    brief["anyOf"] = json!([
        { "required": ["prompt"] },
        { "required": ["script"] },
        { "required": ["media_files"] },
        { "required": ["voice_file"] },
    ]);
    brief["examples"] = json!([{ "script": "Fresh bread, baked at dawn. Come by." }]);
    if let Some(brief) = brief.as_object_mut() {
        brief.remove("$schema");
    }
    document["components"]["schemas"]["Brief"] = brief;
    document["paths"]["/api/v2/jobs"]["post"]["requestBody"]["content"]["application/json"] =
        json!({ "schema": { "$ref": "#/components/schemas/Brief" } });
}

/// Rewrites schema references for an OpenAPI document, which stores its schemas at another path.
fn relocate(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "$ref" => {
                        *text = text.replace("#/$defs/", "#/components/schemas/");
                    }
                    value => relocate(value),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(relocate),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let described: BTreeSet<(&str, &str)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(method, _)| (path.as_str(), method.as_str()))
            })
            .collect();
        assert_eq!(described, crate::ROUTES.iter().copied().collect());
        // Generators of clients name their functions by these ids.
        let ids: Vec<&str> = paths
            .values()
            .flat_map(|methods| methods.as_object().into_iter().flatten())
            .map(|(_, operation)| operation["operationId"].as_str().expect("an id"))
            .collect();
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(different.len(), ids.len(), "{ids:?}");
    }
}
