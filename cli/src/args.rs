//! The command line.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{
    Arg, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::Resettable,
    error::{ContextKind, ContextValue},
};

use crate::{
    command::{
        completions, config, contacts, doctor, explain, history, keys, known, lifecycle, man, node,
        pay, proof, qr, receipt, register, resolve, transfer, unregister, uri, verify, watch,
    },
    config::{ConfigFile, Setting},
    context::{Context, Global},
    failure::Failure,
    name,
    report::Report,
};

const AFTER_HELP: &str = "\
Exit codes: 0 ok, 1 unexpected, 2 usage, 3 proven not to exist, 4 not verified, 5 the record breaks \
BIP-353 or BIP-321, 6 nothing payable here, 7 payee changed, 8 not confirmed, 9 network failed before \
any payment began, 10 payment failed for good, 11 payment state unknown (do not retry), 12 outside \
limits, 13 node unreachable or refused, 20 and 21 the doctor found errors or warnings. Every option has an environment variable.";

/// Prove and pay Bitcoin payment names such as ₿alice@example.com
#[derive(Debug, Parser)]
#[command(name = "payname", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Args {
    /// The options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What the options of every command are, and why.
    #[arg(skip)]
    pub settings: Vec<Setting>,
    /// Where the configuration is, or would be.
    #[arg(skip)]
    pub config_path: Option<PathBuf>,
}

/// What `payname` does.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Make and show the key that owns your names
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Claim or change a name at a server, and wait until it is published
    Register(Box<register::Register>),
    /// Take a name out of DNS
    Unregister(unregister::Unregister),
    /// Take a name out of DNS for a while, and hide it
    Disable(lifecycle::Owned),
    /// Bring a disabled name back
    Enable(lifecycle::Owned),
    /// Put off the end of a name, where names end
    Renew(lifecycle::Owned),
    /// Give a name to another key, which has to agree
    Transfer(transfer::Transfer),
    /// Show what was done to a name of yours
    History(history::History),
    /// Look a name up, prove it, and show what it says to pay
    Resolve(resolve::Resolve),
    /// Show whether and how a name is proven, from DNS or from a saved proof
    Verify(verify::Verify),
    /// Show what a name says to pay as a QR code, or any bitcoin: URI
    Qr(qr::Qr),
    /// Look at a name again and again, and tell when it changes
    Watch(watch::Watch),
    /// Find out what is wrong with a name, a domain, a zone file or a URI, and what to do
    Doctor(doctor::Doctor),
    /// Say at length what a code of the doctor means
    Explain(explain::Explain),
    /// Pay a proven name
    Pay(pay::Pay),
    /// Give names nicknames, and use those wherever a name is taken
    #[command(subcommand)]
    Contacts(contacts::ContactsCommand),
    /// List, show and forget the payees that are recognised by their keys
    #[command(subcommand)]
    Known(known::Known),
    /// List, show and check receipts
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// Run and fund the embedded Lightning node
    #[command(subcommand)]
    Node(node::Node),
    /// Check DNSSEC proofs of any name and type
    #[command(subcommand)]
    Proof(proof::Proof),
    /// Read payment URIs, and put them together
    #[command(subcommand)]
    Uri(uri::Uri),
    /// Show the options of every command, and where they come from
    #[command(subcommand)]
    Config(config::Config),
    /// Print what a shell needs to complete commands, options and contacts
    Completions(completions::Completions),
    /// Write the manual pages
    Man(man::Man),
}

impl Args {
    /// Reads the command line; `payname ₿alice@example.com` means `payname resolve …`.
    ///
    /// # Errors
    /// It is wrong, or asks for help or the version.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::read_with(words, &ConfigFile::default())
    }

    /// The same, with defaults from a file.
    ///
    /// # Errors
    /// As [`Args::read`]; a value of the file may be wrong, too.
    pub fn read_with(
        words: impl IntoIterator<Item = OsString>,
        file: &ConfigFile,
    ) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let mut command = Self::command().mut_arg("dns", without_empty_variable);
        command = file.applied_to(command);
        command
            .try_get_matches_from_mut(with_command(words))
            .and_then(|matches| {
                let args = Self::from_arg_matches(&matches)?;
                Ok(Self {
                    settings: file.settings(&matches),
                    config_path: file.path().map(Path::to_owned),
                    ..args
                })
            })
            .map_err(|error| without_secrets(error.format(&mut command)))
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// As each command says.
    pub fn run(self) -> Result<Report, Failure> {
        let context = Context {
            global: self.global,
            settings: self.settings,
            config_path: self.config_path,
        };
        match self.command {
            Command::Keys(command) => command.run(&context),
            Command::Register(command) => command.run(&context),
            Command::Unregister(command) => command.run(&context),
            Command::Disable(command) => command.disable(&context),
            Command::Enable(command) => command.enable(&context),
            Command::Renew(command) => command.renew(&context),
            Command::Transfer(command) => command.run(&context),
            Command::History(command) => command.run(&context),
            Command::Resolve(command) => command.run(&context),
            Command::Verify(command) => command.run(&context),
            Command::Qr(command) => command.run(&context),
            Command::Watch(command) => command.run(&context),
            Command::Doctor(command) => command.run(&context),
            Command::Explain(command) => command.run(&context),
            Command::Pay(command) => command.run(&context),
            Command::Contacts(command) => command.run(&context),
            Command::Known(command) => command.run(&context),
            Command::Receipt(command) => command.run(&context),
            Command::Node(command) => command.run(&context),
            Command::Proof(command) => command.run(&context),
            Command::Uri(command) => command.run(&context),
            Command::Config(command) => command.run(&context),
            Command::Completions(command) => command.run(&context),
            Command::Man(command) => command.run(&context),
        }
    }
}

/// Puts `resolve` before a handle that stands without a command.
fn with_command(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_command = |word: &str| {
        word == "help"
            || Args::command()
                .get_subcommands()
                .any(|known| known.get_name() == word)
    };
    // A word that is no text is neither, and takes its place.
    let mut texts = words.iter().skip(1).map(|word| word.to_str());
    if texts.clone().flatten().any(is_command) {
        return words;
    }
    if let Some(index) = texts.position(|word| word.is_some_and(name::is_meant)) {
        words.insert(index.saturating_add(1), "resolve".into());
    }
    words
}

/// An option whose variable counts as unset when it is empty, as with `PAYNAME_DNS= payname …`.
fn without_empty_variable(option: Arg) -> Arg {
    let is_empty = |name| std::env::var_os(name).is_some_and(|value| value.is_empty());
    match option.get_env().is_some_and(is_empty) {
        true => option.env(Resettable::Reset),
        false => option,
    }
}

/// The same error without the malformed value, where that may hold a password.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (option, value) = (
        said(ContextKind::InvalidArg),
        said(ContextKind::InvalidValue),
    );
    let may_hold_one = match option.split(' ').next() {
        Some("--proxy" | "--chain") => true,
        Some("--dns" | "--server") => value.contains('@'),
        _ => false,
    };
    if may_hold_one {
        let hidden = ContextValue::String("…".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    error
}

/// Whether JSON was asked for on a command line that cannot be read otherwise.
pub(crate) fn asks_for_json(words: &[OsString]) -> bool {
    let by_variable = std::env::var("PAYNAME_JSON").is_ok_and(|value| {
        !matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "0" | "false" | "f" | "no" | "n" | "off"
        )
    });
    by_variable
        || words
            .iter()
            .take_while(|word| *word != "--")
            .any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Args, clap::Error> {
        Args::read(
            std::iter::once("payname")
                .chain(words.iter().copied())
                .map(OsString::from),
        )
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable_of_its_own_name() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let Some(long) = argument
                    .get_long()
                    .filter(|long| !["help", "version"].contains(long))
                else {
                    continue;
                };
                let expected = format!("PAYNAME_{}", long.to_uppercase().replace('-', "_"));
                let found = argument
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned());
                assert_eq!(found, Some(expected), "{} --{long}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Args::command());
    }

    #[test]
    fn a_name_alone_is_resolved() {
        let args = read(&["--json", "₿alice@example.com"]).unwrap();
        assert!(matches!(args.command, Command::Resolve(_)) && args.global.json);
        let args = read(&["verify", "alice@example.com"]).unwrap();
        assert!(matches!(args.command, Command::Verify(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_word_that_is_no_text_does_not_move_the_command() {
        use std::os::unix::ffi::OsStringExt;
        let folder = OsString::from_vec(b"/tmp/\xff".to_vec());
        let words = ["payname", "--data-dir", "", "alice@example.com"].map(OsString::from);
        let words = words.map(|word| match word.is_empty() {
            true => folder.clone(),
            false => word,
        });
        let args = Args::read(words).unwrap();
        assert!(matches!(args.command, Command::Resolve(_)));
        assert_eq!(args.global.data_dir, Some(folder.into()));
    }

    #[test]
    fn a_handle_without_an_at_sign_is_a_usage_error() {
        let error = read(&["resolve", "alice.example.com"]).unwrap_err();
        assert!(error.to_string().contains("has no `@`"), "{error}");
    }
}
