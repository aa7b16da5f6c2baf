//! The leave to pay a name without a proof.

use alloc::{boxed::Box, format};
use core::fmt;

use hickory_proto::rr::Name;
use url::{Host, Url};

use super::{PayRequest, PayRequestError};
use crate::{handle::Handle, name::Payee, proof::VerifyError};

/// The leave to ask a web server what a name says to pay, because DNS is proven not to say it.
///
/// ```
/// use payname_resolver::{Payee, VerifyError, lightning_address::Downgrade};
///
/// /// Called when the user allows Lightning Addresses, with the outcome of `Proof::verify`.
/// fn fall_back(payee: &Payee, error: &VerifyError) -> Option<Downgrade> {
///     let downgrade = Downgrade::danger_accept_unproven(payee, error).ok()?;
///     println!("{} cannot be proven: {}", downgrade.handle(), downgrade.cause());
///     Some(downgrade)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downgrade {
    handle: Handle,
    cause: Cause,
    url: Url,
}

impl Downgrade {
    /// Gives leave when `error`, which verifying the payee's proof gave, proves that there is no
    /// record or that none could be proven.
    ///
    /// # Errors
    /// The `₿` was written, or nothing is proven: then someone may be hiding the record.
    pub fn danger_accept_unproven(
        payee: &Payee,
        error: &VerifyError,
    ) -> Result<Self, DowngradeError> {
        let handle = payee.handle().clone();
        if payee.insists_on_proof() {
            return Err(DowngradeError::Sign(handle));
        }
        let cause = match error {
            VerifyError::Denied(denial) => Cause::Denied {
                zone: denial.zone.clone(),
            },
            VerifyError::Insecure(insecure) => Cause::Insecure {
                zone: insecure.zone.clone(),
            },
            VerifyError::Bogus(_) | VerifyError::Record(_) => {
                return Err(DowngradeError::NotProven {
                    handle,
                    error: Box::new(error.clone()),
                });
            }
        };
        let url = format!(
            "https://{}/.well-known/lnurlp/{}",
            handle.domain(),
            handle.user()
        );
        // A domain of digits alone would be read as an IP address.
        let url = Url::parse(&url)
            .ok()
            .filter(|url| url.host() == Some(Host::Domain(handle.domain())));
        match url {
            Some(url) => Ok(Self { handle, cause, url }),
            None => Err(DowngradeError::NoHost(handle)),
        }
    }

    /// The name.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Why there is no proof.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Where to ask, by GET (LUD-16). Always `https`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// The service refuses, or the answer is no payment request (LUD-06).
    pub fn receive(self, body: &[u8]) -> Result<PayRequest, PayRequestError> {
        PayRequest::parse(self, body)
    }
}

/// Why a name cannot be proven, which is itself proven.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The domain's owner says that there is no payment record.
    Denied {
        /// The zone that says so.
        zone: Name,
    },
    /// The domain is not signed.
    Insecure {
        /// The unsigned zone.
        zone: Name,
    },
}

impl Cause {
    /// A stable name for programs: `denied` or `insecure`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Insecure { .. } => "insecure",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { zone } => {
                let zone = zone.to_ascii();
                write!(f, "{zone} proves that it has no such payment record")
            }
            Self::Insecure { zone } => {
                write!(f, "{} is not signed with DNSSEC", zone.to_ascii())
            }
        }
    }
}

/// Why there is no leave to pay without a proof.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DowngradeError {
    /// The `₿` was written: BIP-353 or nothing.
    #[error("{0} was written with the ₿, which asks for a proof; it is not paid without")]
    Sign(Handle),
    /// Nothing is proven, so the record may be there.
    #[error(
        "{handle} may have a payment record that is being hidden ({error}); it is not paid without a proof"
    )]
    NotProven {
        /// The name.
        handle: Handle,
        /// What the proof lacks.
        error: Box<VerifyError>,
    },
    /// The domain cannot be a web server's.
    #[error("the domain of {0} cannot be that of a web server")]
    NoHost(Handle),
}
