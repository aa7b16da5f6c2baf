//! A recorded proof with what its index says of it.

use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{
    Handle, Outcome, Proof, Record, TrustAnchors, UnixTime, Verified, VerifyError, Window,
    hickory_proto,
};

/// RFC 9102's private root (appendix A).
const RFC_9102_ROOT: &str =
    ". IN DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4";

pub(crate) struct Vector {
    pub(crate) proof: Proof,
    pub(crate) owner: Name,
    pub(crate) anchors: TrustAnchors,
    pub(crate) window: Window,
    pub(crate) min_ttl: u32,
    pub(crate) expected_uri: Option<String>,
}

impl Vector {
    pub(crate) fn load(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
        let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let index: Vec<serde_json::Value> = serde_json::from_str(&read("index.json")).unwrap();
        let entry = index.iter().find(|entry| entry["name"] == name).unwrap();
        let text = |key: &str| entry[key].as_str();
        let number = |key: &str| entry[key].as_u64().unwrap();
        let bytes = hex::decode(read(text("file").unwrap()).trim()).unwrap();
        Self {
            proof: Proof::parse(&bytes).unwrap(),
            owner: Name::from_ascii(text("query_name").unwrap()).unwrap(),
            anchors: match text("root_anchor") {
                Some("47005") => TrustAnchors::parse(RFC_9102_ROOT).unwrap(),
                Some(other) => panic!("unknown anchor {other}"),
                None => TrustAnchors::iana(),
            },
            window: Window {
                valid_from: UnixTime(number("valid_from")),
                valid_until: UnixTime(number("valid_until")),
            },
            min_ttl: u32::try_from(number("min_orig_ttl")).unwrap(),
            expected_uri: text("expected_uri").map(str::to_owned),
        }
    }

    /// A time inside the window.
    pub(crate) fn inside(&self) -> UnixTime {
        UnixTime(u64::midpoint(
            self.window.valid_from.0,
            self.window.valid_until.0,
        ))
    }

    pub(crate) fn judge(&self, record_type: RecordType, now: UnixTime) -> Outcome {
        self.proof
            .judge(&self.owner, record_type, &self.anchors, now)
    }

    /// Verifies as the record of the handle that the owner name stands for.
    pub(crate) fn verify(&self, now: UnixTime) -> Result<Verified<Record>, VerifyError> {
        self.proof.verify(&self.handle(), &self.anchors, now)
    }

    pub(crate) fn handle(&self) -> Handle {
        let owner = self.owner.to_ascii();
        let (user, domain) = owner.split_once(".user._bitcoin-payment.").unwrap();
        Handle::new(user, domain).unwrap()
    }

    /// Secure all through the window, ends included, and bogus one second outside of it.
    pub(crate) fn is_secure_exactly_inside_its_window(&self, record_type: RecordType) {
        let Window {
            valid_from,
            valid_until,
        } = self.window;
        for now in [valid_from, self.inside(), valid_until] {
            match self.judge(record_type, now) {
                Outcome::Secure(secure) => {
                    assert_eq!(secure.window, self.window);
                    let left = u32::try_from(now.until(valid_until)).unwrap();
                    assert_eq!(secure.cache_ttl, self.min_ttl.min(left));
                }
                other => panic!("at {now}: {other:?}"),
            }
        }
        for (now, code) in [
            (UnixTime(valid_from.0 - 1), "not_yet_valid"),
            (UnixTime(valid_until.0 + 1), "expired"),
        ] {
            match self.judge(record_type, now) {
                Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), code, "at {now}: {bogus}"),
                other => panic!("at {now}: {other:?}"),
            }
        }
    }

    /// The handle's URI is the expected one, and the minimised proof proves the same.
    pub(crate) fn gives_its_uri(&self) {
        let verified = self.verify(self.inside()).unwrap();
        assert_eq!(Some(verified.uri()), self.expected_uri.as_deref());
        assert_eq!(verified.window(), self.window);
        let left = u32::try_from(self.inside().until(self.window.valid_until)).unwrap();
        assert_eq!(verified.cache_ttl(), self.min_ttl.min(left));
        let bytes = verified.proof().to_bytes();
        let again = Proof::parse(&bytes)
            .unwrap()
            .verify(&self.handle(), &self.anchors, self.inside())
            .unwrap();
        assert_eq!(again.uri(), verified.uri());
        assert_eq!(again.proof().to_bytes(), bytes);
    }
}
