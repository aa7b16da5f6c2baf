//! The payname registration server: gives people `₿name@domain`.
//!
//! A signed `PUT` becomes one transaction ([`store`]): the name, its history, and a task in the
//! outbox. A worker brings it into DNS through a [`publisher`], and calls it published once the
//! record was resolved and verified as a stranger would do it. *Pending means committed; published
//! means proven.*
//!
//! [`Server::start`] runs everything in-process, with time as an argument; `paynamed` is a thin
//! shell around it.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

pub mod auth;
mod backup;
mod behind;
mod carry;
mod clock;
mod conditions;
pub mod config;
mod data_dir;
mod delegation;
mod doctor;
mod export;
mod http;
mod init;
mod invites;
mod key;
mod keys;
mod metrics;
mod nameserver;
mod operator;
mod outbox;
mod paste;
pub mod policy;
mod proof_cache;
mod proof_relay;
mod prove;
pub mod publisher;
mod records;
pub mod registration;
mod room;
mod server;
mod sign_file;
mod signing_time;
pub mod store;
mod sure_time;
mod tokens;
mod transfer;
mod upkeep;
mod web;
mod words;

pub use backup::{AgeError, BackupError, Restored, back_up, restore};
pub use carry::{CarryError, FormError, carried_columns, export_registry, import_registry};
pub use clock::Clock;
pub use config::{Config, ConfigError};
pub use data_dir::DataDirError;
pub use delegation::Delegation;
pub use doctor::Doctor;
pub use export::{ExportError, export_zone};
pub use init::{Init, InitError, TemplateError};
pub use invites::InviteCode;
pub use key::{EventId, OwnerKey};
pub use keys::{
    KeyReport, ParentError, Passphrase, PassphraseError, PassphraseSource, RequestError,
    ResealError, SealError, SharedKeysError, ZoneRequest, reseal_keys, reseal_shared_keys,
};
pub use nameserver::{BindError, CertificateError, EncryptedAddresses, Listeners, SecretsError};
pub use operator::{
    OperatorError, ask_server, delegations_on_disk, ds_records_on_disk, import_records, is_filed,
    key_reports, open_registry, raise_serial,
};
pub use paste::{PasteError, records_to_paste};
pub use prove::ProverError;
pub use records::{RecordsError, check_records};
pub use server::{Running, Server, StartError};
pub use sign_file::{SignFile, SignFileError, zone_of_file};
pub use tokens::{Act, OperatorToken, Scope, TokenHash, TokenSecret};
pub use transfer::{KeyRing, TsigKey};
