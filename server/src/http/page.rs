//! Lists in parts: `?limit=` and `?cursor=` in, a few items and `Link: rel="next"` out (RFC 8288).
//!
//! A cursor says after which item to go on, not how many to skip, so that a list that changes
//! meanwhile shows no item twice and leaves none out. It is opaque to clients, holds what the item
//! itself shows, and is bound to its list: the cursor of another one is refused.

use axum::{
    Json,
    http::{HeaderValue, Uri, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use payname_api::{DEFAULT_LIMIT, Listed, MAX_LIMIT, codes, paths};
use ring::digest;
use serde::Serialize;
use url::{Url, form_urlencoded};

use super::failure::Failure;

/// The first octet of a cursor, should there be other forms one day.
const FORM: u8 = 1;
/// How much of its list's digest a cursor has, in octets.
const MARK: usize = 8;
/// The longest cursor that is looked at.
const MAX_CURSOR: usize = 1024;

/// The query of a list, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only described")]
pub(super) struct Part {
    /// How many items to show.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the part before; without it, the list begins anew.
    cursor: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    list: String,
    after: Option<String>,
    limit: usize,
}

impl Page {
    /// What the query of a URL asks for, of a list of this name.
    ///
    /// The name tells lists apart whose items have other keys, such as `"handles"` or
    /// `"history alice@example.com"`. Other parameters of the query are left to others.
    pub(super) fn read(list: impl Into<String>, uri: &Uri) -> Result<Self, Failure> {
        let mut page = Self {
            list: list.into(),
            after: None,
            limit: DEFAULT_LIMIT,
        };
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "limit" => page.limit = limit(&value)?,
                "cursor" => page.after = Some(page.key_of(&value)?),
                _ => continue,
            }
            if seen.contains(&name) {
                return Err(invalid(format!("write `{name}` once")));
            }
            seen.push(name);
        }
        Ok(page)
    }

    /// The key of the item to go on after; none means from the beginning.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many items to fetch: one more than are shown, so that it is known whether there are more.
    pub(super) fn wanted(&self) -> usize {
        self.limit.saturating_add(1)
    }

    /// The response: as many items as were asked for, and the way to the others.
    ///
    /// `key` is what [`after`](Self::after) will be for the part that follows an item.
    pub(super) fn respond<T: Serialize>(
        &self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> String,
        public_url: &Url,
        uri: &Uri,
    ) -> Response {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|item| self.cursor(&key(item)));
        let link = next.as_ref().map(|next| link(public_url, uri, next));
        let mut response = Json(Listed { items, next }).into_response();
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    fn cursor(&self, key: &str) -> String {
        let bytes = [&[FORM][..], &mark(&self.list), key.as_bytes()].concat();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The key in a cursor of this list.
    fn key_of(&self, cursor: &str) -> Result<String, Failure> {
        let read = || {
            let cursor = Some(cursor).filter(|cursor| cursor.len() <= MAX_CURSOR)?;
            let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
            let key = bytes.strip_prefix(&[FORM])?;
            let key = key.strip_prefix(mark(&self.list).as_slice())?;
            String::from_utf8(key.to_vec()).ok()
        };
        read().ok_or_else(|| {
            invalid("`cursor` must be the `next` of an earlier part of this list; leave it out to begin anew")
        })
    }
}

fn limit(text: &str) -> Result<usize, Failure> {
    let limit = text.parse().ok();
    limit
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| invalid(format!("`limit` must be a number from 1 to {MAX_LIMIT}")))
}

/// What tells the cursors of one list from those of others.
fn mark(list: &str) -> [u8; MARK] {
    let digest = digest::digest(&digest::SHA256, list.as_bytes());
    let mut mark = [0; MARK];
    for (octet, digested) in mark.iter_mut().zip(digest.as_ref()) {
        *octet = *digested;
    }
    mark
}

/// The same request with another cursor.
fn link(public_url: &Url, uri: &Uri, next: &str) -> String {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query.filter(|(name, _)| name != "cursor"))
        .append_pair("cursor", next)
        .finish();
    let url = paths::absolute(public_url.as_str(), uri.path());
    format!("<{url}?{query}>; rel=\"next\"")
}

fn invalid(detail: impl Into<String>) -> Failure {
    Failure::new(
        axum::http::StatusCode::BAD_REQUEST,
        codes::INVALID_QUERY,
        "Invalid query",
        detail,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str, uri: &str) -> Result<Page, Failure> {
        Page::read(list, &uri.parse().unwrap())
    }

    /// The parts of the list of all numbers below `count`, walked from link to link.
    async fn walk(count: usize, first: &str) -> Vec<Vec<String>> {
        let public_url = "https://names.test/base".parse().unwrap();
        let mut uri: Uri = first.parse().unwrap();
        let mut parts = Vec::new();
        loop {
            let page = Page::read("numbers", &uri).unwrap();
            let all = (0..count).map(|number| format!("{number:03}"));
            let after =
                all.filter(|number| page.after().is_none_or(|after| number.as_str() > after));
            let items: Vec<String> = after.take(page.wanted()).collect();
            let response = page.respond(items, String::clone, &public_url, &uri);
            let link = response.headers().get("link").cloned();
            let body = axum::body::to_bytes(response.into_body(), 1 << 20)
                .await
                .unwrap();
            let listed: Listed<String> = serde_json::from_slice(&body).unwrap();
            assert_eq!(link.is_some(), listed.next.is_some());
            parts.push(listed.items);
            let Some(link) = link else { return parts };
            let link = link.to_str().unwrap();
            let url = link.strip_prefix("<https://names.test/base").unwrap();
            uri = url
                .strip_suffix(">; rel=\"next\"")
                .unwrap()
                .parse()
                .unwrap();
        }
    }

    #[tokio::test]
    async fn links_lead_through_the_whole_list_and_show_every_item_once() {
        for (count, limit, parts) in [(0, 3, 1), (1, 3, 1), (3, 3, 1), (4, 3, 2), (10, 3, 4)] {
            let walked = walk(count, &format!("/numbers?limit={limit}&state=a%26b")).await;
            assert_eq!(walked.len(), parts, "{count}");
            let expected: Vec<String> = (0..count).map(|number| format!("{number:03}")).collect();
            assert_eq!(walked.concat(), expected);
        }
        assert_eq!(walk(60, "/numbers").await.len(), 2);
    }

    #[test]
    fn a_link_keeps_the_rest_of_the_query() {
        let uri = "/x?state=a%26b&cursor=old&limit=3".parse().unwrap();
        let link = link(&"https://names.test/".parse().unwrap(), &uri, "new");
        let expected = "<https://names.test/x?state=a%26b&limit=3&cursor=new>; rel=\"next\"";
        assert_eq!(link, expected);
    }

    #[test]
    fn the_cursor_of_another_list_or_of_nobody_is_refused() {
        let ours = read("a", "/").unwrap().cursor("alice");
        let page = read("a", &format!("/?cursor={ours}")).unwrap();
        assert_eq!(page.after(), Some("alice"));
        assert!(read("b", &format!("/?cursor={ours}")).is_err());
        let long = "A".repeat(MAX_CURSOR + 1);
        for cursor in ["", "alice", "!!", "AQ", &format!("{ours}%00"), &long] {
            assert!(
                read("a", &format!("/?cursor={cursor}")).is_err(),
                "{cursor}"
            );
        }
    }

    #[test]
    fn a_limit_is_a_number_within_bounds_and_written_once() {
        assert_eq!(read("a", "/?limit=500").unwrap().wanted(), 501);
        assert!(read("a", "/?limit").is_err());
        for query in [
            "limit=0",
            "limit=501",
            "limit=-1",
            "limit=x",
            "limit=1&limit=1",
        ] {
            assert!(read("a", &format!("/?{query}")).is_err(), "{query}");
        }
    }
}
