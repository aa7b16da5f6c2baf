//! The domain name of a message: text on the wire, a DNS name to work with.

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};

use hickory_proto::rr::Name;

use crate::{handle::Handle, text::shown};

/// What BIP-353 puts between the user and the domain.
const MIDDLE: &str = ".user._bitcoin-payment.";

/// A domain name as bLIP-32 writes it: text that ends in a dot.
///
/// Takes ASCII letters, digits, `-`, `_` and `.`, which is all that `lightning` carries. Keeps the
/// text as it arrived, since an answer must repeat it; two are equal when their names are, without
/// case.
///
/// ```
/// use payname_resolver::onion::DomainName;
///
/// let name: DomainName = "Alice.user._bitcoin-payment.example.com.".parse()?;
/// assert_eq!(name.as_str(), "Alice.user._bitcoin-payment.example.com.");
/// assert_eq!(name.handle().unwrap().to_string(), "₿alice@example.com");
/// assert!("example.com".parse::<DomainName>().is_err(), "no dot at the end");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DomainName {
    text: String,
    name: Name,
}

impl DomainName {
    /// Where the record of a handle stands.
    pub fn of(handle: &Handle) -> Self {
        Self {
            text: handle.owner_name().to_ascii(),
            name: handle.owner_name().clone(),
        }
    }

    /// The text, with its final dot, at most 254 bytes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The DNS name, lower case.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The handle whose record stands at this name, if it is a payment name.
    pub fn handle(&self) -> Option<Handle> {
        let (user, domain) = self.text.split_once(MIDDLE)?;
        let handle = Handle::new(user, domain).ok()?;
        (*handle.owner_name() == self.name).then_some(handle)
    }
}

impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !text.chars().all(is_plain) {
            return Err(DomainNameError::Character(text.to_owned()));
        }
        if !text.ends_with('.') {
            return Err(DomainNameError::NoFinalDot(text.to_owned()));
        }
        let name = Name::from_ascii(text).ok().filter(Name::is_fqdn);
        let name = name.ok_or_else(|| DomainNameError::NotAName(text.to_owned()))?;
        Ok(Self {
            text: text.to_owned(),
            name: name.to_lowercase(),
        })
    }
}

impl PartialEq for DomainName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for DomainName {}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainName({})", self.text)
    }
}

/// Why a text is no domain name of bLIP-32.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainNameError {
    /// It has a character that no message carries.
    #[error("`{}` is no domain name: only ASCII letters, digits, `-`, `_` and `.` are", shown(.0))]
    Character(String),
    /// It does not end in a dot.
    #[error("`{}` does not end in a dot, as bLIP-32 wants it", shown(.0))]
    NoFinalDot(String),
    /// Its labels are empty or too long.
    #[error("`{}` is no domain name: a label has 1 to 63 bytes, a name at most 254", shown(.0))]
    NotAName(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lightning_carries_is_a_name() {
        for text in [
            "",
            "example.com",
            "..",
            ".com.",
            "a..b.",
            "a b.",
            "a\\.b.",
            "a\\097.",
            "*.b.",
            "ü.b.",
            "a\0.",
            &format!("{}.", "a".repeat(64)),
            &"a.".repeat(128),
        ] {
            assert!(text.parse::<DomainName>().is_err(), "{text:?}");
        }
        for text in [".", "com.", "A-b_c.com.", &"a.".repeat(127)] {
            let name: DomainName = text.parse().unwrap();
            assert_eq!(name.as_str(), text);
            assert!(name.name().is_fqdn());
        }
    }

    #[test]
    fn case_makes_no_difference_but_is_kept() {
        let upper: DomainName = "A.Example.".parse().unwrap();
        let lower: DomainName = "a.example.".parse().unwrap();
        assert_eq!(upper, lower);
        assert_eq!(upper.to_string(), "A.Example.");
    }

    #[test]
    fn a_handle_and_its_domain_name_lead_to_each_other() {
        let handle: Handle = "alice.b@example.com".parse().unwrap();
        let name = DomainName::of(&handle);
        assert_eq!(name.handle(), Some(handle));
        assert_eq!(name.as_str().parse(), Ok(name));
        for text in [
            "example.com.",
            "user._bitcoin-payment.example.com.",
            "a.b._bitcoin-payment.example.com.",
            "a.user._bitcoin-payment.",
        ] {
            assert_eq!(text.parse::<DomainName>().unwrap().handle(), None, "{text}");
        }
    }
}
