//! Real name servers that follow a zone, or keep one: Knot, NSD, BIND and PowerDNS.

mod powerdns;
mod recipe;
mod server;
mod signer;

pub use recipe::{Place, block};
pub use server::{Kind, Plan, Secondary, whole_zone};
pub use signer::Signer;
