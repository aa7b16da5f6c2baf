//! `If-Match` and `If-None-Match` on changes (RFC 9110 §13.1).

use axum::http::{HeaderMap, HeaderName, header};

use super::failure::Failure;
use crate::registration::Precondition;

/// The headers of a change, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub(super) struct Preconditions {
    /// The version that was seen, as its `ETag` has it, or `*`: only if the name is there.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: Option<String>,
    /// `*`: only if the name is free.
    #[param(rename = "If-None-Match", example = "*")]
    if_none_match: Option<String>,
}

/// What the headers of a change demand.
pub(super) fn read(headers: &HeaderMap) -> Result<Precondition, Failure> {
    match (
        value(headers, header::IF_MATCH)?,
        value(headers, header::IF_NONE_MATCH)?,
    ) {
        (None, None) => Ok(Precondition::None),
        (Some("*"), None) => Ok(Precondition::Present),
        (Some(tag), None) => version(tag).map(Precondition::Version),
        (None, Some("*")) => Ok(Precondition::Absent),
        (None, Some(_)) => Err(Failure::invalid_header(
            "If-None-Match on a change can only be `*`: the name is free",
        )),
        (Some(_), Some(_)) => Err(Failure::invalid_header(
            "send If-Match or If-None-Match, not both",
        )),
    }
}

fn value(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Failure> {
    let mut values = headers.get_all(&name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value.trim())),
        _ => Err(Failure::invalid_header(format!(
            "{name} must be sent once, and as text"
        ))),
    }
}

/// The version in a tag such as `"3"`.
fn version(tag: &str) -> Result<u64, Failure> {
    tag.strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .and_then(|tag| tag.parse().ok())
        .ok_or_else(|| {
            Failure::invalid_header(
                "If-Match must be the ETag of the name, such as \"3\" with the quotes",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: HeaderName, value: &str) -> Option<Precondition> {
        read(&HeaderMap::from_iter([(name, value.parse().unwrap())])).ok()
    }

    #[test]
    fn versions_and_stars_are_read_and_anything_else_is_refused() {
        assert_eq!(
            read_one(header::IF_MATCH, "\"3\""),
            Some(Precondition::Version(3))
        );
        assert_eq!(read_one(header::IF_MATCH, "*"), Some(Precondition::Present));
        assert_eq!(
            read_one(header::IF_NONE_MATCH, "*"),
            Some(Precondition::Absent)
        );
        assert_eq!(read(&HeaderMap::new()).ok(), Some(Precondition::None));
        for wrong in ["3", "W/\"3\"", "\"x\"", "\"1\", \"2\"", "\""] {
            assert_eq!(read_one(header::IF_MATCH, wrong), None, "{wrong}");
        }
        assert_eq!(read_one(header::IF_NONE_MATCH, "\"3\""), None);
    }
}
