//! What is wrong with a payment zone, and what to do about it: judgements without I/O.
//!
//! Whoever asks (a server about itself, a payer about any domain) gathers what there is to see, and
//! these functions say what it means: [`Finding`]s with a stable [`Code`], in a [`Report`].

mod chain;
mod code;
mod delegation;
mod ds;
mod finding;
mod report;
mod servers;
#[cfg(test)]
mod tests;

pub use chain::{judge_chain, judge_parent_keys, judge_signatures};
pub use code::Code;
pub use delegation::{Referral, judge_delegation};
pub use ds::{Ds, DsError};
pub use finding::{Finding, Severity};
pub use report::Report;
pub use servers::{Heard, Soa, judge_serials};
