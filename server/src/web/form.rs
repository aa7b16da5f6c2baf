//! What forms send: fields, and proof that our own page sent them.

use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};
use url::{Url, form_urlencoded};
use zeroize::{Zeroize as _, Zeroizing};

/// The fields of a form. There may be a key among them: they are wiped when they are dropped.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, Zeroizing<String>)>);

impl Fields {
    /// Reads a body, and wipes it where nobody else holds it.
    pub(super) fn read(body: Bytes) -> Self {
        let pairs = form_urlencoded::parse(&body);
        let fields = pairs
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
            .collect();
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        Self(fields)
    }

    /// What a change is signed with.
    pub(super) fn credential(&self) -> Credential<'_> {
        match self.value("event") {
            "" => Credential::Key(self.value("key")),
            event => Credential::Event(event),
        }
    }

    /// What lets a claim in.
    pub(super) fn pass(&self) -> Pass<'_> {
        Pass {
            invite: self.value("invite"),
            drawn: self.value("drawn"),
        }
    }

    /// What is in a field, without the space around it; nothing when it is not there.
    pub(super) fn value(&self, name: &str) -> &str {
        let mut fields = self.0.iter().filter(|(field, _)| field == name);
        fields.next().map_or("", |(_, value)| value.trim())
    }
}

/// What lets a claim in, where not everybody may choose a name; empty where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass<'a> {
    /// An invite code.
    pub(super) invite: &'a str,
    /// The ticket of a drawn name.
    pub(super) drawn: &'a str,
}

/// What a form is signed with.
#[derive(Clone, Copy)]
pub(super) enum Credential<'a> {
    /// A key, to sign with and forget.
    Key(&'a str),
    /// An event that a signer of the browser has signed, in base64 (NIP-98).
    Event(&'a str),
}

/// Whether a form was sent by a page of this server, as browsers tell it.
///
/// There are no cookies, so a foreign page has nothing to gain by sending one: the key is in the
/// form itself. It is refused nevertheless.
pub(super) fn is_own(headers: &HeaderMap, public_url: &Url) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site"))
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else {
        return true;
    };
    let is_host = text(header::HOST).is_some_and(|host| {
        [format!("https://{host}"), format!("http://{host}")].contains(&origin.to_owned())
    });
    is_host || origin == public_url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn fields_are_decoded_and_missing_ones_are_empty() {
        let fields = Fields::read(Bytes::from_static(b"user=al%69ce+&uri=a%26b&user=bob"));
        assert_eq!(fields.value("user"), "alice");
        assert_eq!(fields.value("uri"), "a&b");
        assert_eq!(fields.value("key"), "");
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let url: Url = "https://names.example.com/".parse().unwrap();
        let is = |headers: &[(&'static str, &str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            is_own(&HeaderMap::from_iter(headers), &url)
        };
        assert!(is(&[]));
        assert!(is(&[("origin", "https://names.example.com")]));
        assert!(is(&[
            ("origin", "http://127.0.0.1:80"),
            ("host", "127.0.0.1:80")
        ]));
        assert!(is(&[
            ("origin", "https://names.example.com"),
            ("sec-fetch-site", "same-origin")
        ]));
        for origin in [
            "null",
            "https://evil.example",
            "https://names.example.com.evil.example",
        ] {
            assert!(
                !is(&[("origin", origin), ("host", "names.example.com")]),
                "{origin}"
            );
        }
        assert!(!is(&[("sec-fetch-site", "cross-site")]));
    }
}
