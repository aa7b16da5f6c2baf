//! A value that nothing but a web server's word stands for.

use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use super::{Cause, PayRequest};
use crate::handle::Handle;

/// A value that a web server gave for a name, without a proof.
///
/// There is no way from here to [`Verified`](crate::Verified); what is paid as unproven is taken
/// as such by who pays:
///
/// ```compile_fail
/// use payname_resolver::{Method, Verified, instructions::Bolt11Method};
/// use payname_resolver::lightning_address::Unproven;
///
/// fn pay(method: Verified<Bolt11Method>) {}
///
/// fn pay_anyway(method: Unproven<Bolt11Method>) {
///     pay(method.into());
/// }
/// ```
///
/// It prints as what it is:
///
/// ```
/// use payname_resolver::{instructions::Bolt11Method, lightning_address::Unproven};
///
/// fn confirm(invoice: &Unproven<Bolt11Method>) -> String {
///     // "UNPROVEN: pay.example says that this pays alice@example.com (example.com. is not …)"
///     format!("{invoice}. Pay {}?", invoice.danger_unproven().text())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Unproven<T> {
    value: T,
    handle: Handle,
    host: String,
    cause: Cause,
}

impl<T> Unproven<T> {
    pub(super) fn new(value: T, request: &PayRequest) -> Self {
        Self {
            value,
            handle: request.handle().clone(),
            host: request.callback_host().to_owned(),
            cause: request.cause().clone(),
        }
    }

    /// The value, on the host's word alone.
    pub fn danger_unproven(&self) -> &T {
        &self.value
    }

    /// The name it was given for.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The host that gave it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Why there is no proof.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl<T> fmt::Display for Unproven<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UNPROVEN: {} says that this pays {} ({})",
            self.host,
            self.handle.as_str(),
            self.cause
        )
    }
}
