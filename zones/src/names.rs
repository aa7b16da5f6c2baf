//! Owner names as the zone keeps them: absolute, lower case, cut at label boundaries.

use std::fmt::Write as _;

use hickory_proto::rr::Name;

/// The lower-case, fully qualified form, so that names compare and sort canonically.
pub(crate) fn canonical(name: &Name) -> Name {
    let mut name = name.to_lowercase();
    name.set_fqdn(true);
    name
}

/// How many labels a name has, a leading `*` included, the root not.
pub(crate) fn label_count(name: &Name) -> usize {
    name.iter().len()
}

/// The last `labels` labels of a name.
pub(crate) fn suffix(name: &Name, labels: usize) -> Name {
    name.trim_to(labels)
}

/// The name one label up, or none for the root.
pub(crate) fn parent(name: &Name) -> Option<Name> {
    let labels = label_count(name).checked_sub(1)?;
    Some(suffix(name, labels))
}

/// A key without its first label; none for the key of the apex (see [`crate::nodes::Nodes`]).
pub(crate) fn key_parent(key: &[u8]) -> Option<&[u8]> {
    let (length, rest) = key.split_first()?;
    rest.get(usize::from(*length)..)
}

/// How many octets the uncompressed name takes that these bytes begin with.
pub(crate) fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0_usize;
    loop {
        let label = *bytes.get(length)?;
        length = length.checked_add(usize::from(label))?.checked_add(1)?;
        if label > 63 || length > 255 {
            return None;
        }
        if label == 0 {
            return Some(length);
        }
    }
}

/// The part of an owner name below the origin, both in lower-case wire form; none when the name is
/// malformed or lies elsewhere.
pub(crate) fn key_of<'n>(owner: &'n [u8], origin: &[u8]) -> Option<&'n [u8]> {
    let is_whole = name_length(owner) == Some(owner.len());
    let above = suffixes(owner).find(|suffix| *suffix == origin)?;
    let length = owner.len().checked_sub(above.len())?;
    owner.get(..length).filter(|_| is_whole)
}

/// A name in wire form, then the name above it, down to the root.
pub(crate) fn suffixes(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = std::iter::successors(Some(name), |name| key_parent(name));
    names.take_while(|name| !name.is_empty())
}

/// The same in lower-case wire form.
pub(crate) fn wire_of(key: &[u8], origin: &[u8]) -> Vec<u8> {
    [key, origin].concat()
}

/// The name that a key stands for in the zone `origin`.
pub(crate) fn name_of(mut key: &[u8], origin: &Name) -> Name {
    let mut labels = Vec::new();
    while let Some((&length, rest)) = key.split_first() {
        let Some((label, rest)) = rest.split_at_checked(length.into()) else {
            break;
        };
        labels.push(label);
        key = rest;
    }
    // A key is made of a name, so the name is not too long.
    Name::from_labels(labels.into_iter().chain(origin.iter())).unwrap_or_else(|_| origin.clone())
}

/// `*.` before a name; none when the result would be too long.
pub(crate) fn wildcard_of(name: &Name) -> Option<Name> {
    name.prepend_label("*").ok()
}

/// `name` with its ending `from` replaced by `to` (RFC 6672 §2.2); none when too long.
pub(crate) fn substitute(name: &Name, from: &Name, to: &Name) -> Option<Name> {
    let kept = label_count(name).checked_sub(label_count(from))?;
    Name::from_labels(name.iter().take(kept).chain(to.iter())).ok()
}

/// The uncompressed wire form in lower case (RFC 4034 §6.2).
pub(crate) fn wire(name: &Name) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len().saturating_add(1));
    for label in name {
        wire.push(label.len() as u8); // a label has at most 63 octets
        wire.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    wire.push(0);
    wire
}

/// Reads an uncompressed wire form; none when it is not exactly one name.
pub(crate) fn from_wire(mut wire: &[u8]) -> Option<Name> {
    let mut labels = Vec::new();
    loop {
        let (&length, rest) = wire.split_first()?;
        if length == 0 {
            return rest
                .is_empty()
                .then(|| Name::from_labels(labels).ok())
                .flatten();
        }
        let (label, rest) = rest.split_at_checked(usize::from(length))?;
        labels.push(label);
        wire = rest;
    }
}

/// The absolute master-file form, with `\DDD` in decimal as RFC 1035 §5.1 has it.
pub(crate) fn presentation(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let mut text = String::with_capacity(name.len().saturating_add(1));
    for label in name {
        for &octet in label {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' | b'/' | b'+' => {
                    text.push(char::from(octet));
                }
                0x21..=0x7e => {
                    text.push('\\');
                    text.push(char::from(octet));
                }
                _ => write!(text, "\\{octet:03}").unwrap_or_default(), // a String never fails
            }
        }
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    #[test]
    fn a_name_survives_its_own_wire_form() {
        for text in [".", "example.com.", "*.x.example."] {
            assert_eq!(from_wire(&wire(&name(text))).unwrap(), name(text));
        }
        assert_eq!(from_wire(b"\x03com"), None);
        assert_eq!(from_wire(b"\x03com\0\0"), None);
    }

    #[test]
    fn odd_octets_are_escaped_in_decimal() {
        let odd = Name::from_labels([b"a.b\x07".as_slice(), b"com"]).unwrap();
        assert_eq!(presentation(&odd), "a\\.b\\007.com.");
        assert_eq!(presentation(&Name::root()), ".");
    }

    #[test]
    fn an_ending_is_replaced_by_label_not_by_string() {
        let moved = substitute(&name("a.b.example."), &name("example."), &name("x.test."));
        assert_eq!(moved, Some(name("a.b.x.test.")));
    }
}
