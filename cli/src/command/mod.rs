//! The commands, one file each: arguments, what is done, and how it is told.

pub mod contacts;
pub mod doctor;
pub mod explain;
pub mod keys;
pub mod known;
pub mod node;
pub mod pay;
pub mod proof;
pub mod receipt;
pub mod register;
pub mod registrar;
pub mod resolve;
pub mod unproven;
pub mod unregister;
pub mod uri;
pub mod verify;
