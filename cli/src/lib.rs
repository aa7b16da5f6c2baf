//! The `payname` command as a library: resolve, prove and pay Bitcoin payment names.
//!
//! [`main`] is the whole program; [`Args`] is its command line and [`command`] what each command
//! does. [`cln_plugin`] is the program `payname-cln`. [`node`] holds the Lightning nodes and [`payments`] what must survive a crash.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

mod args;
pub mod chain;
pub mod cln_plugin;
pub mod color;
pub mod command;
pub mod config;
pub mod contacts;
mod context;
mod doctor;
pub mod exit;
mod failure;
pub mod files;
mod http;
pub mod input;
pub mod interrupt;
pub mod judgement;
pub mod keys;
pub mod known;
mod lookup;
pub mod name;
pub mod node;
pub mod payments;
pub mod report;
pub mod text;
pub mod time;

use std::ffi::OsString;

pub use args::{Args, Command};
pub use context::{Context, Global, flag};
pub use failure::Failure;

use clap::{CommandFactory, error::ErrorKind};
use clap_complete::CompleteEnv;
use color::Color;
use config::ConfigFile;
use exit::Exit;

/// Runs the program: reads `words`, the first being the program's name, does it, writes the result.
pub fn main(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    // A shell that asks for completions gets them, and nothing else happens.
    let folder = std::env::current_dir().ok();
    let completed = CompleteEnv::with_factory(Args::command)
        .var(command::completions::VARIABLE)
        .try_complete(words.iter().cloned(), folder.as_deref());
    match completed {
        Ok(false) => {}
        Ok(true) => return Exit::Ok,
        Err(_) => return Exit::Usage,
    }
    let file = match ConfigFile::read() {
        Ok(file) => file,
        Err(error) => {
            let json = args::asks_for_json(&words);
            return report::write(Err(error.into()), json, Color::default());
        }
    };
    match Args::read_with(words.clone(), &file) {
        Ok(args) => {
            let (json, color) = (args.global.json, args.global.color);
            report::write(args.run(), json, color)
        }
        Err(error) if !error.use_stderr() => {
            // Help or the version, asked for; if it cannot be printed there is nobody to tell.
            let _ = error.print();
            Exit::Ok
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let message = "a command is missing; see --help";
            report::write(
                Err(Failure::usage("usage", message)),
                args::asks_for_json(&words),
                Color::default(),
            )
        }
        Err(error) => {
            let message = error.render().to_string();
            let message = message.trim_end().trim_start_matches("error: ");
            report::write(
                Err(Failure::usage("usage", message)),
                args::asks_for_json(&words),
                Color::default(),
            )
        }
    }
}
