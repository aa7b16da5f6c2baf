//! The API as an OpenAPI 3.1 document, made of what stands beside the handlers.
//!
//! What all routes have in common is added here: the failures anybody may meet, the media type and
//! codes of problems, and the headers that every response has.

mod problems;

use axum::{
    Extension,
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{AUTH_SCHEME, AUTH_WINDOW_SECONDS, paths};
use url::Url;
use utoipa::{
    OpenApi,
    openapi::{
        OpenApi as Document, RefOr, Server,
        header::HeaderBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

pub(super) use self::problems::{Problems, problems, responses};

/// The name of the security scheme of signed requests.
const NOSTR: &str = "nostr";
/// The name of the security scheme of operators.
const OPERATOR: &str = "operator";

/// What is not about one route.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "payname",
        description = "Names like ₿alice@example.com: registered by a key, published in DNS, proven by anybody.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(payname_api::Problem)),
    tags(
        (name = "names", description = "Claimed, changed and removed by whoever has the key."),
        (name = "operators", description = "For whoever runs the server, with a token."),
        (name = "proofs", description = "RFC 9102 chains that anybody can verify offline."),
        (name = "domains", description = "What names are given under."),
        (name = "server", description = "The server itself."),
    ),
)]
struct Frame;

/// A proof, for the document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "only described")]
pub(super) struct ProofBytes(Vec<u8>);

/// The document as it is served.
#[derive(Debug, Clone)]
pub(super) struct Text(Bytes);

/// The document before the routes are added.
pub(super) fn frame() -> Document {
    Frame::openapi()
}

/// The document once all routes have been added.
pub(super) fn finish(mut document: Document, public_url: &Url) -> Document {
    let url = public_url.as_str().trim_end_matches('/');
    document.servers = Some(vec![Server::new(if url.is_empty() { "/" } else { url })]);
    let components = document.components.get_or_insert_default();
    let signed = ApiKey::Header(ApiKeyValue::with_description(
        "Authorization".to_owned(),
        signing(),
    ));
    components.add_security_scheme(NOSTR, SecurityScheme::ApiKey(signed));
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer);
    let bearer = bearer.description(Some("A token that `paynamed token create` has made."));
    components.add_security_scheme(OPERATOR, SecurityScheme::Http(bearer.build()));
    for item in document.paths.paths.values_mut() {
        let operations = [
            (&mut item.get, Kind::Read),
            (&mut item.put, Kind::Change),
            (&mut item.post, Kind::Post),
            (&mut item.delete, Kind::Change),
            (&mut item.patch, Kind::Change),
        ];
        for (operation, kind) in operations {
            if let Some(operation) = operation {
                complete(operation, kind);
            }
        }
    }
    document
}

fn signing() -> String {
    format!(
        "`{AUTH_SCHEME} ` and the base64 of a NIP-98 event (kind 27235): `created_at` within {AUTH_WINDOW_SECONDS} seconds of \
         the server's clock, and the tags `u` (the public URL with path and query, byte for byte), `method`, and, \
         where there is a body, `payload` (its SHA-256 in hex). A tag `if-match`, `if-none-match`, `idempotency-key` or \
         `payname-consent` binds that header: it must then be sent with just this value. An event is good for one request; a `nonce` tag of \
         a random value makes two requests of one second different events."
    )
}

/// What operations of one method have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It has no body.
    Read,
    /// It may be repeated as it is.
    Change,
    /// It may be repeated with an `Idempotency-Key`, if it is signed.
    Post,
}

/// What every operation has, added to one.
fn complete(operation: &mut Operation, kind: Kind) {
    problems::complete(operation, kind);
    let may_be_named = kind == Kind::Post && operation.security.is_some();
    let parameters = operation.parameters.get_or_insert_default();
    if may_be_named {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(255));
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some("Such as a random UUID: a request of the same signer with the same key is not done again within 24 hours, but answered as before."))
            .schema(Some(key));
        parameters.push(key.build().into());
    }
    parameters.push(
        ParameterBuilder::new()
            .name("X-Request-Id")
            .parameter_in(ParameterIn::Header)
            .description(Some("Told in the response, in problems and in the server's log; up to 64 letters, digits, `-` and `_`. Made by the server when there is none."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{1,64}$"))))
            .build()
            .into(),
    );
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .description(Some("The id of the request."))
                .build();
            response
                .headers
                .insert("X-Request-Id".to_owned(), id.into());
        }
    }
}

impl Text {
    /// Keeps the document as bytes.
    pub(super) fn new(document: &Document) -> Self {
        Self(document.to_json().unwrap_or_default().into())
    }
}

/// The description of the API: this document.
#[utoipa::path(
    get,
    path = paths::OPENAPI,
    operation_id = "openapi",
    tag = "server",
    responses((status = OK, description = "The OpenAPI 3.1 document.", body = Object, content_type = "application/json")),
)]
pub(super) async fn show(Extension(Text(text)): Extension<Text>) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let age = HeaderValue::from_static("public, max-age=300");
    headers.insert(header::CACHE_CONTROL, age);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use payname_api::codes;
    use serde_json::Value;

    use super::*;
    use crate::http::routes;

    fn document() -> Value {
        let (_, document) = routes().split_for_parts();
        let url = "https://names.test/".parse().unwrap();
        serde_json::from_str(&finish(document, &url).to_json().unwrap()).unwrap()
    }

    /// Method and path of every operation, with the operation.
    fn operations(document: &Value) -> Vec<(String, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        });
        operations.collect()
    }

    #[test]
    fn every_route_of_the_router_is_in_the_document_and_no_other() {
        let (router, document) = routes().split_for_parts();
        // axum tells its routes only so.
        let shown = format!("{router:?}");
        let routed: BTreeSet<&str> = shown
            .split('"')
            // A router's own fallback is at `/`, and below it by names of axum's.
            .filter(|text| text.starts_with('/') && *text != "/" && !text.contains("__private"))
            .collect();
        let described: BTreeSet<&str> = document.paths.paths.keys().map(String::as_str).collect();
        assert!(routed.contains(paths::HANDLE), "{shown}");
        assert_eq!(routed, described);
    }

    #[test]
    fn the_document_is_openapi_3_1_and_every_operation_says_who_it_is_and_what_it_answers() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["servers"][0]["url"], "https://names.test");
        let mut names = BTreeSet::new();
        for (operation, told) in operations(&document) {
            assert!(
                names.insert(told["operationId"].as_str().unwrap()),
                "{operation}"
            );
            assert!(
                told["summary"].as_str().is_some_and(|text| text.len() > 10),
                "{operation}"
            );
            let responses = told["responses"].as_object().unwrap();
            let success = responses.keys().any(|status| status.starts_with('2'));
            assert!(success && responses.contains_key("429"), "{operation}");
            for (status, response) in responses {
                let at = format!("{operation} {status}");
                assert!(response["headers"]["X-Request-Id"].is_object(), "{at}");
                let content = response["content"].as_object();
                if status.starts_with(['4', '5']) {
                    let problem = &content.unwrap()["application/problem+json"];
                    let codes = &problem["schema"]["allOf"][1]["properties"]["code"]["enum"];
                    assert!(!codes.as_array().unwrap().is_empty(), "{at}");
                }
            }
        }
    }

    #[test]
    fn what_changes_something_is_signed_and_what_is_signed_says_how_it_is_refused() {
        let document = document();
        for (operation, told) in operations(&document) {
            let changes = ["put", "delete"]
                .iter()
                .any(|method| operation.starts_with(method));
            let signed = told["security"][0][NOSTR].is_array();
            assert!(!changes || signed, "{operation}");
            let may_be_signed = told["security"].is_array();
            assert_eq!(
                may_be_signed,
                told["responses"]["401"].is_object(),
                "{operation}"
            );
        }
        let scheme = &document["components"]["securitySchemes"][NOSTR];
        assert_eq!(scheme["in"], "header");
    }

    #[test]
    fn every_code_that_is_not_about_routing_is_some_operations() {
        let text = document().to_string();
        for code in codes::ALL {
            if code.code != codes::METHOD_NOT_ALLOWED {
                assert!(text.contains(&format!("\"{}\"", code.code)), "{code:?}");
            }
        }
    }
}
