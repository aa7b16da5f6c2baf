//! A handle: the name a person says, `alice@example.com`, and where DNS keeps it.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String};
use core::{fmt, str::FromStr};

use hickory_proto::rr::Name;

use crate::name::{self, Label};

/// The labels BIP-353 puts between the user and the domain.
const MIDDLE: &str = "user._bitcoin-payment";
/// The most bytes a DNS label may have (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;
/// The most characters a DNS name may have in text, without the final dot (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;

/// A payment name: a user at a domain (BIP-353), lower case.
///
/// Parses with and without the `₿`. Takes ASCII letters, digits, `-`, `_` and `.`, which is what
/// every sender accepts; other scripts are written in their `xn--` form, which
/// [`from_unicode`](Handle::from_unicode) makes and [`readable`](Handle::readable) undoes.
///
/// ```
/// use payname_resolver::Handle;
///
/// let handle: Handle = "Alice@Example.com".parse()?;
/// assert_eq!(handle.to_string(), "₿alice@example.com");
/// assert_eq!(handle.as_str(), "alice@example.com");
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    text: String,
    at: usize,
    owner: Name,
}

impl Handle {
    /// Makes a handle of its two parts, by the same rules as parsing.
    ///
    /// # Errors
    /// As [`Handle::from_str`].
    pub fn new(user: &str, domain: &str) -> Result<Self, HandleError> {
        format!("{user}@{domain}").parse()
    }

    /// The part before the `@`, such as `alice`.
    pub fn user(&self) -> &str {
        self.text.split_at(self.at).0
    }

    /// The part behind the `@`, such as `example.com`, without a final dot.
    pub fn domain(&self) -> &str {
        self.text.split_at(self.at).1.trim_start_matches('@')
    }

    /// `alice@example.com`, without the `₿`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the record lives: `alice.user._bitcoin-payment.example.com.`
    pub fn owner_name(&self) -> &Name {
        &self.owner
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(input: &str) -> Result<Self, HandleError> {
        let bare = input.strip_prefix('₿').unwrap_or(input);
        let (user, domain) = bare
            .split_once('@')
            .ok_or_else(|| HandleError::MissingAt(input.to_owned()))?;
        if domain.contains('@') {
            return Err(HandleError::SeveralAt(input.to_owned()));
        }
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        check_part(input, user)?;
        check_part(input, domain)?;
        let user = user.to_ascii_lowercase();
        let domain = domain.to_ascii_lowercase();
        let owner = format!("{user}.{MIDDLE}.{domain}.");
        let length = owner.len().saturating_sub(1);
        if length > MAX_NAME {
            return Err(HandleError::NameTooLong {
                handle: input.to_owned(),
                length,
            });
        }
        let owner =
            Name::from_ascii(&owner).map_err(|_| HandleError::NotAName(input.to_owned()))?;
        Ok(Self {
            at: user.len(),
            text: format!("{user}@{domain}"),
            owner,
        })
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "₿{}", self.text)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

/// Checks one side of the `@`: its characters and its labels.
fn check_part(handle: &str, part: &str) -> Result<(), HandleError> {
    let handle = || handle.to_owned();
    if let Some(character) = part
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    {
        return Err(if character.is_ascii() {
            HandleError::Character {
                handle: handle(),
                character,
            }
        } else {
            HandleError::NotAscii {
                handle: handle(),
                character,
            }
        });
    }
    for label in part.split('.') {
        if label.is_empty() {
            return Err(HandleError::EmptyLabel(handle()));
        }
        if label.len() > MAX_LABEL {
            return Err(HandleError::LabelTooLong {
                handle: handle(),
                label: label.to_owned(),
                length: label.len(),
            });
        }
    }
    Ok(())
}

/// Why a text is no handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// There is no `@`.
    #[error("`{}` has no `@`; write it as user@domain", .0.escape_debug())]
    MissingAt(String),
    /// There are several `@`.
    #[error("`{}` has more than one `@`; write it as user@domain", .0.escape_debug())]
    SeveralAt(String),
    /// The user, the domain, or a part between two dots is empty.
    #[error("`{}` has an empty part; both sides of the `@` and of every dot need a text", .0.escape_debug())]
    EmptyLabel(String),
    /// A part between two dots is longer than DNS allows.
    #[error("`{label}` is {length} bytes long; DNS allows 63 between two dots")]
    LabelTooLong {
        /// The input.
        handle: String,
        /// The label that is too long.
        label: String,
        /// Its length in bytes.
        length: usize,
    },
    /// The whole owner name is longer than DNS allows.
    #[error("`{handle}` makes a DNS name of {length} bytes; at most 253 are allowed")]
    NameTooLong {
        /// The input.
        handle: String,
        /// The length of the owner name in bytes.
        length: usize,
    },
    /// An ASCII character that senders do not take.
    #[error("`{}` contains `{}`; a payment name has only letters, digits, `-`, `_` and `.`", handle.escape_debug(), character.escape_debug())]
    Character {
        /// The input.
        handle: String,
        /// The first such character.
        character: char,
    },
    /// A character outside ASCII. [`Handle::from_unicode`] takes some of them.
    #[error("`{}` contains the non-ASCII character `{}` (U+{:04X}){}", handle.escape_debug(), character.escape_debug(), u32::from(*character), name::advice(handle))]
    NotAscii {
        /// The input.
        handle: String,
        /// The first such character.
        character: char,
    },
    /// A label that could be taken for another.
    #[error("`{}` may not be what it looks like: of `{}`, {}", handle.escape_debug(), label.shown(), label.why())]
    Doubtful {
        /// The input.
        handle: String,
        /// The first such label, with everything that speaks against it.
        label: Box<Label>,
    },
    /// DNS cannot hold it for another reason.
    #[error("`{}` is not a DNS name", .0.escape_debug())]
    NotAName(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_name_is_the_same_with_and_without_the_sign() {
        let plain: Handle = "alice@example.com".parse().unwrap();
        let signed: Handle = "₿Alice@EXAMPLE.com.".parse().unwrap();
        assert_eq!(plain, signed);
        assert_eq!(
            signed.owner_name().to_ascii(),
            "alice.user._bitcoin-payment.example.com."
        );
        assert_eq!((signed.user(), signed.domain()), ("alice", "example.com"));
    }

    #[test]
    fn dots_in_the_user_are_labels() {
        let handle: Handle = "a.b@example.com".parse().unwrap();
        assert_eq!(handle.owner_name().num_labels(), 6);
        assert_eq!(handle.user(), "a.b");
    }

    #[test]
    fn every_malformed_handle_is_refused_with_its_own_reason() {
        use HandleError as E;
        let long = "a".repeat(64);
        let refused = |text: &str| text.parse::<Handle>().unwrap_err();
        assert!(matches!(refused("alice.example.com"), E::MissingAt(_)));
        assert!(matches!(refused("a@b@c"), E::SeveralAt(_)));
        assert!(matches!(refused("@example.com"), E::EmptyLabel(_)));
        assert!(matches!(refused("alice@"), E::EmptyLabel(_)));
        assert!(matches!(refused("a..b@example.com"), E::EmptyLabel(_)));
        assert!(matches!(refused(".a@example.com"), E::EmptyLabel(_)));
        assert!(matches!(
            refused("a b@example.com"),
            E::Character { character: ' ', .. }
        ));
        assert!(matches!(
            refused("a\\.b@example.com"),
            E::Character {
                character: '\\',
                ..
            }
        ));
        assert!(matches!(refused("₿₿a@example.com"), E::NotAscii { .. }));
        assert!(matches!(refused("аlice@example.com"), E::NotAscii { .. }));
        assert!(matches!(
            refused("a\u{202e}@example.com"),
            E::NotAscii { .. }
        ));
        assert!(matches!(
            refused(&format!("{long}@example.com")),
            E::LabelTooLong { length: 64, .. }
        ));
        let domain = [&long[..63]; 4].join(".");
        assert!(matches!(
            refused(&format!("a@{domain}")),
            E::NameTooLong { .. }
        ));
    }

    #[test]
    fn a_name_of_exactly_253_bytes_is_taken_and_one_more_is_not() {
        let rest = 253 - "a.user._bitcoin-payment.".len();
        let domain_of = |length: usize| {
            let mut domain = "d".repeat(length);
            for dot in (50..length - 1).step_by(51) {
                domain.replace_range(dot..=dot, ".");
            }
            domain
        };
        assert!(Handle::new("a", &domain_of(rest)).is_ok());
        assert!(matches!(
            Handle::new("a", &domain_of(rest + 1)),
            Err(HandleError::NameTooLong { length: 254, .. })
        ));
    }

    #[test]
    fn an_error_never_repeats_raw_control_characters() {
        let message = "a\u{1b}[31m".parse::<Handle>().unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}
