//! Gathering a proof without I/O: questions out, responses in.
//!
//! A [`Resolution`] says what to ask; whoever has sockets asks it and hands the [`Response`]s back.

mod arrived;
mod gather;
mod question;
mod response;
#[cfg(test)]
mod tests;
mod unanswered;

pub use gather::{Gathered, Resolution, ResolutionError, Step};
pub use question::Question;
pub(crate) use response::read_record;
pub use response::{Response, ResponseError};
pub use unanswered::Unanswered;
