//! A handle as it was typed: whether the `₿` stood in front.

use core::{fmt, str::FromStr};

use crate::handle::{Handle, HandleError};

/// What a person typed to say whom to pay: a handle, and whether it was written with the `₿`.
///
/// Who writes `₿alice@example.com` asks for BIP-353 and nothing else; `alice@example.com` may be a
/// Lightning Address too. What comes next may depend on which it was.
///
/// ```
/// use payname_resolver::Payee;
///
/// let payee: Payee = "₿alice@example.com".parse()?;
/// assert!(payee.insists_on_proof());
/// let payee: Payee = "alice@example.com".parse()?;
/// assert!(!payee.insists_on_proof());
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Payee {
    handle: Handle,
    has_sign: bool,
}

impl Payee {
    /// The handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The handle alone.
    pub fn into_handle(self) -> Handle {
        self.handle
    }

    /// Whether the `₿` was written, so that nothing unproven will do.
    pub fn insists_on_proof(&self) -> bool {
        self.has_sign
    }
}

impl FromStr for Payee {
    type Err = HandleError;

    fn from_str(input: &str) -> Result<Self, HandleError> {
        Ok(Self {
            handle: input.parse()?,
            has_sign: input.starts_with('₿'),
        })
    }
}

impl fmt::Display for Payee {
    /// As it was written, lower case: with the `₿` or without.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.has_sign {
            true => self.handle.fmt(f),
            false => f.write_str(self.handle.as_str()),
        }
    }
}
