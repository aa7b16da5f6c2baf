//! Everything together: the private internet, `paynamed`, a chain and two Lightning nodes.
//!
//! Each room can be entered alone ([`Internet`], [`Paynamed`], [`Lightning`]); [`Sandbox`] opens
//! them all. [`Payname`] runs the real `payname` command in it, as a person would.

mod demo;
mod folder;
mod internet;
mod lightning;
mod payee;
mod payname;
mod paynamed;
mod story;
mod up;

pub use demo::demo;
pub use folder::Folder;
pub use internet::Internet;
pub use lightning::Lightning;
pub use payee::Payee;
pub use payname::{Finished, Payname};
pub use paynamed::Paynamed;
pub use up::{Sandbox, told_to_stop, up};

/// The domain that the sandbox gives names under.
pub const DOMAIN: &str = "example.test";
