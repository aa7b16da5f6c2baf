//! Which problems a route may answer with, as responses of the document.

use std::collections::BTreeMap;

use payname_api::{
    AUTH_SCHEME, PROBLEM_MEDIA_TYPE,
    codes::{self, Code},
};
use serde_json::Value;
use utoipa::openapi::{
    Content, Ref, RefOr, Response, ResponseBuilder,
    extensions::Extensions,
    header::{Header, HeaderBuilder},
    path::Operation,
    schema::{AllOfBuilder, ObjectBuilder, Schema, Type},
};

/// Where a response says which codes it may have.
const CODES: &str = "x-problem-codes";

use super::Kind;

/// Responses by status, as the document has them.
pub(in crate::http) type Problems = BTreeMap<String, RefOr<Response>>;

/// Declares which problems a handler answers with, beside those that every route has:
/// `problems!(PutProblems: INVALID_URI, NOT_OWNER);`
macro_rules! problems {
    ($name:ident: $($code:ident),+ $(,)?) => {
        /// The problems of the handler below, for the document.
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> $crate::http::document::Problems {
                $crate::http::document::responses(&[$(payname_api::codes::$code),+])
            }
        }
    };
}
pub(in crate::http) use problems;

/// What every route may answer with.
const EVERY: &[&str] = &[
    codes::TIMEOUT,
    codes::RATE_LIMITED,
    codes::INTERNAL,
    codes::UNAVAILABLE,
];
/// What those may that read a body.
const WITH_BODY: &[&str] = &[codes::INVALID_BODY, codes::BODY_TOO_LARGE];
/// What those may whose requests are signed.
const SIGNED: &[&str] = &[
    codes::AUTH_MISSING,
    codes::AUTH_MALFORMED,
    codes::AUTH_KIND,
    codes::AUTH_TIME,
    codes::AUTH_URL,
    codes::AUTH_METHOD,
    codes::AUTH_PAYLOAD,
    codes::AUTH_HEADER,
    codes::AUTH_SIGNATURE,
    codes::AUTH_REPLAYED,
];

/// What those may that know an `Idempotency-Key`.
const NAMED: &[&str] = &[
    codes::INVALID_HEADER,
    codes::IDEMPOTENCY_UNDER_WAY,
    codes::IDEMPOTENCY_MISMATCH,
];

/// The responses with these codes, one for each status.
pub(in crate::http) fn responses(codes: &[&str]) -> Problems {
    let mut by_status: BTreeMap<u16, Vec<&Code>> = BTreeMap::new();
    for code in codes::ALL
        .iter()
        .filter(|known| codes.contains(&known.code))
    {
        by_status.entry(code.status).or_default().push(code);
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(status, &codes).into()))
        .collect()
}

/// Adds what every operation may answer with, and those that are signed or read a body.
pub(super) fn complete(operation: &mut Operation, kind: Kind) {
    let is_signed = operation.security.is_some();
    let takes_body = kind != Kind::Read;
    let may_be_named = is_signed && kind == Kind::Post;
    let present = operation.responses.responses.values();
    let mut codes: Vec<String> = present.flat_map(codes_of).collect();
    let all = [
        (EVERY, true),
        (SIGNED, is_signed),
        (WITH_BODY, takes_body),
        (NAMED, may_be_named),
    ];
    let common = all.iter().filter(|(_, is_met)| *is_met);
    codes.extend(common.flat_map(|(codes, _)| codes.iter().map(|code| (*code).to_owned())));
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    operation.responses.responses.extend(responses(&codes));
}

fn codes_of(response: &RefOr<Response>) -> Vec<String> {
    let RefOr::T(response) = response else {
        return Vec::new();
    };
    let codes = response.extensions.as_ref().and_then(|all| all.get(CODES));
    let codes = codes.and_then(Value::as_array).into_iter().flatten();
    codes
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect()
}

fn response(status: u16, codes: &[&Code]) -> Response {
    let meanings = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.code, code.meaning));
    let meanings: Vec<String> = meanings.collect();
    let names = || codes.iter().map(|code| code.code);
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names()));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(ObjectBuilder::new().property("code", code));
    let content = Content::new(Some(Schema::from(schema.build())));
    let mut response = ResponseBuilder::new()
        .description(meanings.join("\n\n"))
        .content(PROBLEM_MEDIA_TYPE, content);
    if [409, 429, 503].contains(&status) {
        response = response.header("Retry-After", retry_after());
    }
    if status == 401 {
        response = response.header("WWW-Authenticate", challenge());
    }
    let names = Value::from_iter(names());
    response
        .extensions(Some(Extensions::from_iter([(CODES, names)])))
        .build()
}

fn retry_after() -> Header {
    HeaderBuilder::new()
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1)),
        ))
        .description(Some("After how many seconds to try again."))
        .build()
}

fn challenge() -> Header {
    HeaderBuilder::new()
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some([AUTH_SCHEME])),
        ))
        .description(Some("The scheme to sign requests by (NIP-98)."))
        .build()
}
