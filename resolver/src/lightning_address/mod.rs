//! Lightning Address, the unproven older way to pay a name (LUD-16, LUD-06), under strict rules.
//!
//! A Lightning Address is whatever a web server says at the moment of asking. So nothing here is
//! ever [`Verified`](crate::Verified), and nothing here happens by itself:
//!
//! 1. [`Downgrade::danger_accept_unproven`] allows it, once it is proven that the name has no
//!    payment record, or that its zone is not signed, and only where no `₿` was written.
//! 2. [`Downgrade::url`] is asked over HTTPS; [`Downgrade::receive`] reads the [`PayRequest`].
//! 3. [`PayRequest::ask`] makes the [`InvoiceRequest`] for an amount; its
//!    [`receive`](InvoiceRequest::receive) checks the invoice, and gives it as [`Unproven`].
//!
//! All of it works on bytes; `Fetcher` (feature `net`) is the HTTPS client.

mod answer;
mod downgrade;
#[cfg(feature = "net")]
mod fetch;
mod invoice;
mod pay_request;
#[cfg(test)]
mod tests;
mod unproven;

pub use answer::AnswerError;
pub use downgrade::{Cause, Downgrade, DowngradeError};
#[cfg(feature = "net")]
pub use fetch::{FetchError, Fetcher};
pub use invoice::{InvoiceError, InvoiceRequest};
pub use pay_request::{AskError, PayRequest, PayRequestError};
pub use unproven::Unproven;
