//! How requests to AWS are signed (Signature Version 4).
//!
//! The crate that AWS has for it brings 30 others, of which nothing else here uses any; it is two digests and a
//! fixed text, so it is done here, and held to the example of their documentation.

use payname_resolver::UnixTime;
use ring::{
    digest::{SHA256, digest},
    hmac,
};
use url::Url;

use crate::publisher::token::Token;

/// Where all requests about zones go, and by what name.
const REGION: &str = "us-east-1";
const SERVICE: &str = "route53";

/// A key of an account.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    /// The id of the access key, which is no secret.
    pub(super) id: String,
    pub(super) secret: Token,
}

impl Signer {
    /// The headers `x-amz-date` and `authorization` of a request.
    pub(super) fn headers(
        &self,
        method: &str,
        url: &Url,
        body: &[u8],
        now: UnixTime,
    ) -> (String, String) {
        let time = time(now);
        let host = host(url);
        let payload = hex(digest(&SHA256, body).as_ref());
        let headers = format!("host:{host}\nx-amz-date:{time}\n");
        let signed = "host;x-amz-date";
        let request = format!(
            "{method}\n{}\n{}\n{headers}\n{signed}\n{payload}",
            url.path(),
            url.query().unwrap_or_default()
        );
        let (scope, signature) = self.sign(SERVICE, &time, &request);
        let id = &self.id;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}"
        );
        (time, authorization)
    }

    /// The scope and the signature of a canonical request.
    fn sign(&self, service: &str, time: &str, request: &str) -> (String, String) {
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{REGION}/{service}/aws4_request");
        let request = hex(digest(&SHA256, request.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
        let first = zeroize::Zeroizing::new(format!("AWS4{}", self.secret.as_str()));
        let mut key = mac(first.as_bytes(), day);
        for part in [REGION, service, "aws4_request"] {
            key = mac(key.as_ref(), part);
        }
        (scope, hex(mac(key.as_ref(), &text).as_ref()))
    }
}

/// The host of a URL as it stands in a request.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A value as it stands in a query (RFC 3986 §2.3).
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(byte.into());
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// `20150830T123600Z`.
fn time(now: UnixTime) -> String {
    let second = i64::try_from(now.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::PassphraseSource;

    #[test]
    fn the_example_of_the_documentation_is_signed_as_it_stands_there() {
        let words = ["printf", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let secret = PassphraseSource::Command(words).fetch().unwrap();
        let signer = Signer {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Token::new(&secret).unwrap(),
        };
        let request = "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
            content-type:application/x-www-form-urlencoded; charset=utf-8\n\
            host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n\
            content-type;host;x-amz-date\n\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let (scope, signature) = signer.sign("iam", "20150830T123600Z", request);
        assert_eq!(scope, "20150830/us-east-1/iam/aws4_request");
        assert_eq!(
            signature,
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert_eq!(time(UnixTime(1_440_938_160)), "20150830T123600Z");
    }

    #[test]
    fn a_value_is_encoded_as_queries_are_signed() {
        assert_eq!(encoded("a_b-c.d~ /\\"), "a_b-c.d~%20%2F%5C");
    }
}
