//! The commands, one file each: arguments, what is done, and how it is told.

pub mod completions;
pub mod config;
pub mod contacts;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod keys;
pub mod known;
pub mod lifecycle;
pub mod man;
pub mod node;
pub mod pay;
pub mod proof;
pub mod qr;
pub mod receipt;
pub mod register;
pub mod registrar;
pub mod resolve;
pub mod transfer;
pub mod unproven;
pub mod unregister;
pub mod uri;
pub mod verify;
pub mod watch;
