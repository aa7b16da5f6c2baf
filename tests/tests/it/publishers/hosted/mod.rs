//! Services that are told by their APIs, by stand-ins that answer as documented.

pub(crate) mod desec;
pub(crate) mod faults;
mod gandi;
mod google;
mod ovh;
mod porkbun;
pub(crate) mod service;
pub(crate) mod zone;
