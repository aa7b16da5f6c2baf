//! Files that pages load: named by what is in them, so that browsers may keep them for good.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use ring::digest;

use super::missing;
use crate::http::App;

/// How many digits of the digest are in a name.
const DIGITS: usize = 16;

/// A file that is served under a name made of its content.
#[derive(Debug)]
pub(super) struct Asset {
    file: String,
    media_type: &'static str,
    bytes: Bytes,
}

impl Asset {
    /// `ending` is what its name ends in.
    pub(super) fn new(ending: &str, media_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = digest::digest(&digest::SHA256, &bytes);
        let digits: String = HEXLOWER
            .encode(digest.as_ref())
            .chars()
            .take(DIGITS)
            .collect();
        Self {
            file: format!("{digits}.{ending}"),
            media_type,
            bytes,
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Its path on this server.
    pub(super) fn path(&self) -> String {
        format!("/~/{}", self.file)
    }
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let asset = path.ok().and_then(|Path(file)| app.site.asset(&file));
    let Some(asset) = asset else {
        return missing::page(&app, &headers).await;
    };
    let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
    let media_type = HeaderValue::from_static(asset.media_type);
    let headers = [
        (header::CACHE_CONTROL, for_good),
        (header::CONTENT_TYPE, media_type),
    ];
    (headers, asset.bytes.clone()).into_response()
}
