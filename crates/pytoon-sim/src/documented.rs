//! Responses that vendors' specifications allow and that no other fault produces, by name.
//!
//! They are written from the specifications, not from the adapters, and each row states its source. A rule requests a
//! response with `fault: documented` and `answer: <name>`.

/// A documented response of a vendor.
#[derive(Debug)]
pub(crate) struct Documented {
    /// The name of the vendor in rules.
    pub(crate) vendor: &'static str,
    /// The name of the response in rules.
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The response body, as JSON.
    pub(crate) body: &'static str,
    /// The source of the response, and its reliability.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    pub(crate) source: &'static str,
}

/// All documented responses.
pub(crate) const ANSWERS: &[Documented] = &[
    Documented {
        vendor: "fal",
        name: "model_error_500",
        status: 500,
        headers: &[("x-fal-retryable", "false")],
        body: r#"{"detail": [{"loc": ["body"], "msg": "Internal server error", "type": "internal_server_error"}]}"#,
        source: "fal docs, model-apis/errors: the model's own errors",
    },
    Documented {
        vendor: "fal",
        name: "model_timeout_504",
        status: 504,
        headers: &[],
        body: r#"{"detail": [{"loc": ["body"], "msg": "Generation timeout", "type": "generation_timeout"}]}"#,
        source: "fal docs, model-apis/errors",
    },
    Documented {
        vendor: "fal",
        name: "closed_499",
        status: 499,
        headers: &[],
        body: r#"{"detail": "Request cancelled by the client", "error_type": "client_cancelled"}"#,
        source: "fal docs, model-apis/request-errors",
    },
    Documented {
        vendor: "fal",
        name: "conflict_409",
        status: 409,
        headers: &[],
        body: r#"{"detail": "The request is in another state"}"#,
        source: "fal-client 1.0.3: one of the statuses it retries; the body is inferred",
    },
    Documented {
        vendor: "fal",
        name: "text_detail_422",
        status: 422,
        headers: &[],
        body: r#"{"detail": "The content was flagged by a content checker."}"#,
        source: "fal docs, model-apis/errors: detail may be a plain text",
    },
    Documented {
        vendor: "fal",
        name: "completed_bad_request",
        status: 200,
        headers: &[],
        body: r#"{"status": "COMPLETED", "logs": null, "error": "Bad request", "error_type": "bad_request"}"#,
        source: "fal docs, model-apis/request-errors",
    },
    Documented {
        vendor: "luma-agents",
        name: "insufficient_credits_400",
        status: 400,
        headers: &[],
        body: r#"{"detail": "Insufficient credits"}"#,
        source: "docs.lumalabs.ai, errors: the error message of the older API",
    },
    Documented {
        vendor: "luma-dm",
        name: "insufficient_credits_400",
        status: 400,
        headers: &[],
        body: r#"{"detail": "Insufficient credits"}"#,
        source: "docs.lumalabs.ai, errors",
    },
    Documented {
        vendor: "luma-agents",
        name: "moderated_400",
        status: 400,
        headers: &[],
        body: r#"{"error": {"code": "content_moderated", "message": "The prompt was refused"}}"#,
        source: "luma-agents 0.5.0, failure codes; the place in a refusal is inferred",
    },
    Documented {
        vendor: "openai",
        name: "quota_null_code",
        status: 429,
        headers: &[],
        body: r#"{"error": {"message": "You exceeded your current quota.", "type": "insufficient_quota", "param": null, "code": null}}"#,
        source: "OpenAI's specification 2.3.0: param and code may be null",
    },
    Documented {
        vendor: "openai",
        name: "model_gone_404",
        status: 404,
        headers: &[],
        body: r#"{"error": {"message": "The model does not exist or you do not have access to it.", "type": "invalid_request_error", "param": null, "code": "model_not_found"}}"#,
        source: "OpenAI's guide to error codes",
    },
    Documented {
        vendor: "openai",
        name: "model_gone_410",
        status: 410,
        headers: &[],
        body: r#"{"error": {"message": "The model has been shut down.", "type": "invalid_request_error", "param": null, "code": "model_deprecated"}}"#,
        source: "the status of what is gone for good (RFC 9110, 15.5.11); the body is inferred",
    },
    Documented {
        vendor: "google",
        name: "billing_403",
        status: 403,
        headers: &[],
        body: r#"{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "This API method requires billing to be enabled.", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "BILLING_DISABLED", "domain": "googleapis.com"}]}}"#,
        source: "google.rpc.ErrorInfo, reasons of googleapis.com",
    },
];

/// Returns the index of a response in [`ANSWERS`]; `None` if it is not there.
pub(crate) fn answer_index(vendor: &str, name: &str) -> Option<usize> {
    ANSWERS.iter().position(|answer| answer.vendor == vendor && answer.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_json_with_a_source_and_a_name_of_its_own() {
        for (index, answer) in ANSWERS.iter().enumerate() {
            let body: Result<serde_json::Value, _> = serde_json::from_str(answer.body);
            assert!(body.is_ok_and(|body| body.is_object()), "{}", answer.name);
            assert!(!answer.source.is_empty());
            assert_eq!(answer_index(answer.vendor, answer.name), Some(index));
        }
    }
}
