//! Names by onion message (bLIP-32): asking Lightning nodes for proofs, and answering them.
//!
//! The node that resolves a name does not learn who asks, and the asker's network does not learn
//! the name. Nothing here opens a socket, reads a clock or starts a task:
//!
//! - [`Message`] is what travels: a query, a proof, or the error that there will be none.
//! - [`OnionQuery`] is one name under way to one or more resolvers. What comes out is a
//!   [`Proof`](crate::Proof) to be verified; a resolver is never believed.
//! - [`AnswerQueue`] holds what others ask until somebody has gathered it, bounded in every
//!   direction; [`Finding`] is what was gathered.
//! - `OnionHandler` joins both to the `OnionMessenger` of the `lightning` crate, with feature `std`.
//! - `OnionSource` makes a resolver one of the sources of `net`, where that feature is on.
//!
//! A handle's way there and back, without Lightning in between:
//!
//! ```
//! use payname_resolver::{
//!     Handle, UnixTime,
//!     onion::{AnswerQueue, Finding, Limits, Message, OnionQuery, Scope},
//! };
//!
//! let now = UnixTime(1_800_000_000);
//! let handle: Handle = "₿alice@example.com".parse()?;
//! let nonce = [7; 16]; // from the system's random numbers
//!
//! // The asker sends this along a path whose reply path carries the nonce,
//! let mut query = OnionQuery::new(&handle, now.plus(20));
//! let sent = query.ask(nonce);
//!
//! // the resolver puts it on its list, somebody there gathers the proof (this one fails),
//! let mut answers = AnswerQueue::new(Scope::PaymentNames, Limits::default());
//! let Message::Query(name) = Message::read(sent.tlv_type(), &sent.to_bytes()?)? else {
//!     unreachable!()
//! };
//! answers.accept(name, "reply path", now)?;
//! let job = answers.next(now).expect("one was accepted");
//! let answer = answers.finish(&job, &Finding::Failed);
//!
//! // and the answer comes back.
//! let [("reply path", message)] = &answer[..] else { unreachable!() };
//! assert!(query.receive(&nonce, message, now).is_none());
//! assert!(query.check(now).is_err(), "nobody is left who could answer");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod finding;
#[cfg(feature = "std")]
mod handler;
mod message;
mod name;
mod query;
#[cfg(feature = "net")]
mod source;

pub use answers::{AnswerQueue, Job, Limits, NotAccepted, Scope};
pub use finding::Finding;
#[cfg(feature = "std")]
pub use handler::{ErrorMessage, Lookup, OnionHandler};
pub use message::{ERROR_TYPE, Message, MessageError, PROOF_TYPE, QUERY_TYPE};
pub use name::{DomainName, DomainNameError};
pub use query::{Nonce, OnionQuery, QueryError};
#[cfg(feature = "net")]
pub use source::{OnionSource, OnionSourceError};
