//! Real name servers that follow a zone, or keep one: Knot, NSD, BIND and PowerDNS.

mod powerdns;
mod recipe;
mod server;
mod signer;

pub(crate) use powerdns::{make_database, run_words};
pub use recipe::{Place, block, block_of};
pub(crate) use server::start_program;
pub use server::{Kind, Plan, Secondary, whole_zone};
pub use signer::Signer;
