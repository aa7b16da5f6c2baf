//! What services keep: record sets, or records one by one.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Record sets, by name and type: their TTL and their values.
pub(crate) type Sets = Mutex<BTreeMap<(String, String), (u64, Vec<String>)>>;

/// A record of a service that gives each an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) content: String,
    pub(crate) ttl: u64,
}

/// Records by their ids, and the last id that was given.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) all: BTreeMap<u64, Record>,
    last: u64,
}

impl Records {
    pub(crate) fn add(&mut self, record: Record) -> u64 {
        self.last += 1;
        self.all.insert(self.last, record);
        self.last
    }
}

/// Whether a value is quoted strings of at most 255 bytes with one space between, on one line (RFC 1035 §5.1).
pub(crate) fn is_quoted(value: &str) -> bool {
    let mut rest = value;
    loop {
        let Some(inner) = rest.strip_prefix('"') else {
            return false;
        };
        let (mut length, mut escaped, mut end) = (0, false, None);
        for (at, byte) in inner.bytes().enumerate() {
            match byte {
                b'"' if !escaped => {
                    end = Some(at);
                    break;
                }
                b'\\' if !escaped => escaped = true,
                b' '..=b'~' => (escaped, length) = (false, length + 1),
                _ => return false,
            }
        }
        let Some(end) = end else { return false };
        if length > 255 {
            return false;
        }
        match &inner[end + 1..] {
            "" => return true,
            more => match more.strip_prefix(' ') {
                Some(more) => rest = more,
                None => return false,
            },
        }
    }
}

#[test]
fn only_quoted_strings_on_one_line_are_quoted() {
    let long = "x".repeat(255);
    for fine in [
        "\"\"",
        "\"a\" \"b\"",
        "\"\\\"\\\\;\"",
        &format!("\"{long}\" \"{long}\""),
    ] {
        assert!(is_quoted(fine), "{fine}");
    }
    for wrong in [
        "",
        "a",
        "\"a",
        "\"a\"\"b\"",
        "\"a\"  \"b\"",
        "\"a\n\"",
        &format!("\"{long}x\""),
    ] {
        assert!(!is_quoted(wrong), "{wrong}");
    }
}
