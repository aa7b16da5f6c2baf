//! Real name servers follow our zones, and we follow theirs.

mod cataloging;
mod encrypted;
mod fetching;
mod following;
mod refusing;
mod rig;
mod serials;

pub(crate) use rig::{SECRET, serial, write_secret};
