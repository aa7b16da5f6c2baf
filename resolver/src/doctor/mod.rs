//! What is wrong with a payment zone, and what to do about it: judgements without I/O.
//!
//! Whoever asks (a server about itself, a payer about any domain) gathers what there is to see, and
//! these functions say what it means: [`Finding`]s with a stable [`Code`], in a [`Report`].

mod chain;
mod code;
mod delegation;
mod ds;
mod finding;
mod meaning;
mod name;
mod place;
mod record_chain;
mod report;
mod seen;
mod servers;
#[cfg(test)]
mod tests;
mod texts;
mod uri;
mod views;
mod wallets;

pub use chain::{judge_chain, judge_parent_keys, judge_signatures};
pub use code::{Code, CodeError};
pub use delegation::{Referral, judge_delegation};
pub use ds::{Ds, DsError};
pub use finding::{Finding, Severity};
pub use name::{judge_look_alikes, judge_name};
pub use place::WrongPlace;
pub use record_chain::{judge_denials, judge_links, judge_unsigned};
pub use report::Report;
pub use seen::Seen;
pub use servers::{Heard, Soa, judge_serials};
pub use texts::judge_texts;
pub use uri::{judge_ttl, judge_uri};
pub use views::{View, judge_views};
