//! From a request's host and path to the name it is about.

use axum::http::{HeaderMap, header};
use payname_resolver::Handle;

use crate::{config::Domain, http::App};

/// The domain that a request is about when its path does not say: that of the `Host` header or the
/// longest one above it, else the only one there is.
pub(super) fn domain<'a>(app: &'a App, headers: &HeaderMap) -> Option<&'a Domain> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.');
    let named = app
        .domains
        .values()
        .filter(|domain| is_at_or_below(host, &domain.name));
    let named = named.max_by_key(|domain| domain.name.len());
    named.or_else(|| {
        let mut all = app.domains.values();
        all.next().filter(|_| all.next().is_none())
    })
}

/// The domain that a form names, else that of the host.
pub(super) fn named<'a>(app: &'a App, name: &str, headers: &HeaderMap) -> Option<&'a Domain> {
    match name {
        "" => domain(app, headers),
        name => app.domains.get(name),
    }
}

/// Whether a host is a domain or below it; by labels, as DNS compares.
fn is_at_or_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A name and the form in which it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Page,
    Json,
    Svg,
    Proof,
}

/// Takes the ending off that says the form.
pub(super) fn form(user: &str) -> (&str, Form) {
    if let Some(user) = user.strip_suffix(".json") {
        return (user, Form::Json);
    }
    match user.strip_suffix(".svg") {
        Some(user) => (user, Form::Svg),
        None => (user, Form::Page),
    }
}

/// The path of a name's page: without the domain where the host says it.
pub(super) fn path(app: &App, handle: &Handle, headers: &HeaderMap) -> String {
    let is_implied = domain(app, headers).is_some_and(|domain| domain.name == handle.domain());
    if is_implied {
        format!("/{}", handle.user())
    } else {
        format!("/{}/{}", handle.domain(), handle.user())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_label_by_label() {
        assert!(is_at_or_below("example.com", "example.com"));
        assert!(is_at_or_below("names.example.com", "example.com"));
        assert!(!is_at_or_below("notexample.com", "example.com"));
        assert!(!is_at_or_below("com", "example.com"));
    }

    #[test]
    fn the_ending_of_a_path_says_the_form() {
        assert_eq!(form("alice"), ("alice", Form::Page));
        assert_eq!(form("alice.smith.json"), ("alice.smith", Form::Json));
        assert_eq!(form("alice.svg"), ("alice", Form::Svg));
    }
}
