//! Zone transfers as bytes: AXFR (RFC 5936) and IXFR (RFC 1995), given and taken.
//!
//! [`History`] keeps versions of a zone and answers who asks for all of it or for what has
//! changed; [`Incoming`] is fed with the messages of such an answer and makes a zone of them,
//! which nobody gets before [`Arrived::check`] has looked at its signatures. Sockets, TSIG and who
//! may ask are the caller's.

mod check;
mod envelope;
mod gathering;
mod history;
mod incoming;
mod outgoing;
mod reader;
mod refusal;
mod revising;
mod writer;

pub use check::SignatureFault;
pub use envelope::{Envelope, TransferError};
pub use history::{History, Offer};
pub use incoming::{Arrived, Incoming, Received, TransferLimits};
pub use outgoing::Messages;
pub use reader::MessageFault;
pub use refusal::IncomingError;
