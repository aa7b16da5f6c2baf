//! The two contracts: one question and its answer, and one handle and its proof.

use std::{fmt, future::Future, pin::Pin};

use super::{ExchangeError, GatherError};
use crate::{
    handle::Handle,
    resolution::{Gathered, Question, Response},
};

/// The answer to one question, under way.
pub type Exchanging<'a> =
    Pin<Box<dyn Future<Output = Result<Response, ExchangeError>> + Send + 'a>>;

/// The proof of one handle, under way.
pub type Gathering<'a> = Pin<Box<dyn Future<Output = Result<Gathered, GatherError>> + Send + 'a>>;

/// A way to ask a recursive resolver, whichever runtime it needs; [`blocking::Transport`] is the
/// same without futures.
///
/// A transport carries bytes: it asks [`Question::to_message`] and reads [`Response::parse`].
/// [`gather_through`](super::gather_through) makes a proof of it. Several questions are asked at
/// once. A future that is dropped must leave the transport usable. A failure of its own is an
/// [`ExchangeError::Transport`].
///
/// [`blocking::Transport`]: super::blocking::Transport
pub trait Transport: Send + Sync {
    /// Asks one question and waits for the answer that belongs to it, in bounded time.
    fn exchange<'a>(&'a self, question: &'a Question) -> Exchanging<'a>;
}

/// Something that has proofs: a resolver behind a [`Client`](super::Client), a proof server behind
/// a [`ProofClient`](super::ProofClient), or a list of them ([`Endpoints`](super::Endpoints)).
///
/// It is not trusted. Its [`Display`](fmt::Display) form says in errors who it is.
pub trait ProofSource: fmt::Debug + fmt::Display + Send + Sync {
    /// Gathers the proof of a handle's record, in bounded time. Not verified yet.
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a>;

    /// What others learn from it.
    fn privacy(&self) -> Privacy;
}

/// What others learn when a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Privacy {
    /// The network in between sees the name and who asks.
    Clear,
    /// The way behind a proxy sees the name, and only the proxy knows who asks.
    ProxiedClear,
    /// Only the server sees the name and who asks.
    Encrypted,
    /// Only the server sees the name, and only a proxy knows who asks.
    Proxied,
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "in the clear",
            Self::ProxiedClear => "in the clear behind a proxy",
            Self::Encrypted => "encrypted",
            Self::Proxied => "through a proxy",
        })
    }
}
