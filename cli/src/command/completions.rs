//! `payname completions`: what a shell needs to complete commands, options and contacts.

use clap::{CommandFactory, ValueEnum};
use clap_complete::{
    engine::CompletionCandidate,
    env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh},
};
use serde_json::json;

use crate::{
    args::Args,
    contacts::Contacts,
    context::Context,
    failure::Failure,
    report::{Report, fields},
};

/// The variable by which a shell asks for completions.
pub const VARIABLE: &str = "PAYNAME_COMPLETE";

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// The shells that are known.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Shell {
    /// Bash: source it in ~/.bashrc
    Bash,
    /// Elvish: eval it in ~/.config/elvish/rc.elv
    Elvish,
    /// Fish: save it as ~/.config/fish/completions/payname.fish
    Fish,
    /// Nushell: save it and `use` it in config.nu; without contacts
    Nushell,
    /// PowerShell: add it to $PROFILE
    Powershell,
    /// Zsh: source it in ~/.zshrc
    Zsh,
}

impl Completions {
    /// Runs the command.
    ///
    /// # Errors
    /// Never.
    pub fn run(self, _context: &Context) -> Result<Report, Failure> {
        let mut script = Vec::new();
        let written = match self.shell {
            Shell::Bash => register(&Bash, &mut script),
            Shell::Elvish => register(&Elvish, &mut script),
            Shell::Fish => register(&Fish, &mut script),
            Shell::Powershell => register(&Powershell, &mut script),
            Shell::Zsh => register(&Zsh, &mut script),
            Shell::Nushell => {
                let nushell = clap_complete_nushell::Nushell;
                clap_complete::generate(nushell, &mut Args::command(), "payname", &mut script);
                Ok(())
            }
        };
        written.map_err(|error| Failure::unexpected("completions", error))?;
        let script = String::from_utf8_lossy(&script).into_owned();
        let document = json!({ "script": script });
        Ok(Report::new(script.trim_end(), fields(document)))
    }
}

/// A script that asks `payname` itself, which knows the contacts.
fn register(shell: &dyn EnvCompleter, script: &mut Vec<u8>) -> std::io::Result<()> {
    shell.write_registration(VARIABLE, "payname", "payname", "payname", script)
}

/// The nicknames, where a name is taken; none if they cannot be read, as nobody can be told.
pub fn contacts() -> Vec<CompletionCandidate> {
    let Some(folder) = Context::default_data_dir() else {
        return Vec::new();
    };
    let contacts = Contacts::read(&folder).unwrap_or_default();
    let each = contacts.iter().map(|(nickname, handle)| {
        CompletionCandidate::new(nickname.as_str()).help(Some(handle.to_string().into()))
    });
    each.collect()
}
