//! `paynamed --config FILE`: a thin shell around [`payname_server`].

mod approve_command;
mod backup_command;
mod carry_command;
mod doctor_command;
mod init_command;
mod invite_command;
mod systemd;
mod token_command;
mod zone_command;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use payname_server::{
    Clock, Config, Running, Server, check_records, delegations_on_disk, ds_records_on_disk,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use self::{
    approve_command::ApproveCommand,
    backup_command::{BackupCommand, RestoreCommand},
    carry_command::{ExportCommand, ImportCommand},
    doctor_command::DoctorCommand,
    init_command::InitCommand,
    invite_command::InviteCommand,
    token_command::TokenCommand,
    zone_command::ZoneCommand,
};

/// A configuration that cannot be used.
const USAGE: u8 = 2;
/// Anything else that went wrong.
const FAILED: u8 = 1;

/// Gives people ₿name@your.domain: registry, HTTP API and signing nameserver in one.
#[derive(Parser)]
#[command(name = "paynamed", version)]
struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "PAYNAMED_CONFIG", global = true)]
    config: Option<PathBuf>,

    /// Check the configuration, then stop
    #[arg(long)]
    check: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Set a new server up: configuration, keys, and what to enter at the registrar
    Init(Box<InitCommand>),
    /// Print the DS records to put at the registrar (the keys are made at the first start)
    Ds {
        /// Print all records of the delegation, in each form that registrars ask for
        #[arg(long)]
        for_registrar: bool,
    },
    /// Say what is still wrong with the server and its zones, and what to do about it
    Doctor(DoctorCommand),
    /// Write everything that cannot be made anew into one encrypted file, beside a running server
    Backup(BackupCommand),
    /// Restore a backup into an empty data directory
    Restore(RestoreCommand),
    /// Write the registry as lines of JSON, beside a running server
    Export(ExportCommand),
    /// Take a registry that was exported, into SQLite or PostgreSQL; the server must be stopped
    Import(ImportCommand),
    /// Look after the zones and their keys
    #[command(subcommand)]
    Zone(ZoneCommand),
    /// Give names to those who claimed them and wait, or refuse them
    Approve(ApproveCommand),
    /// Make, list and take back invite codes
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Make, list and take back operators' tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print what was done with tokens and at the command line
    Audit,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("PAYNAMED_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    if let Some(Command::Init(command)) = arguments.command {
        return ended(command.run(arguments.config.as_deref()));
    }
    if let Some(Command::Zone(ZoneCommand::Sign(command))) = arguments.command {
        let config = arguments.config.as_deref().map(Config::read).transpose();
        return ended(match config {
            Ok(config) => command.run(config.as_ref()),
            Err(error) => Err(error.into()),
        });
    }
    let Some(file) = &arguments.config else {
        eprintln!("error: no configuration; name it with --config FILE");
        return USAGE.into();
    };
    if let Some(Command::Doctor(command)) = arguments.command {
        return command.run(file).await;
    }
    if let Some(Command::Restore(command)) = arguments.command {
        return ended(command.run(file).await);
    }
    let config = match Config::read(file).map_err(anyhow::Error::new) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error:#}");
            return USAGE.into();
        }
    };
    if arguments.check {
        if let Err(error) = check_records(&config).map_err(anyhow::Error::new) {
            eprintln!("error: {error:#}");
            return USAGE.into();
        }
        println!("{}: the configuration is good", file.display());
        return ExitCode::SUCCESS;
    }
    ended(match arguments.command {
        None => run(config).await,
        // These have run already.
        Some(Command::Init(_) | Command::Doctor(_) | Command::Restore(_)) => Ok(()),
        Some(Command::Backup(command)) => command.run(file, &config).await,
        Some(Command::Ds {
            for_registrar: false,
        }) => print_ds(&config),
        Some(Command::Ds {
            for_registrar: true,
        }) => print_delegations(&config),
        Some(Command::Export(command)) => command.run(&config).await,
        Some(Command::Import(command)) => command.run(&config).await,
        Some(Command::Zone(command)) => command.run(&config).await,
        Some(Command::Approve(command)) => command.run(&config).await,
        Some(Command::Invite(command)) => command.run(&config).await,
        Some(Command::Token(command)) => command.run(&config).await,
        Some(Command::Audit) => token_command::audit(&config).await,
    })
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            FAILED.into()
        }
    }
}

/// Serves until told to stop.
async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let running = Server::start(config, Clock::system()).await?;
    announce(&running);
    let watchdog = systemd::ready();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => running.reload_records().await,
        }
    }
    tracing::info!("stopping");
    systemd::stopping();
    // Finishing may take longer than a sign of life does.
    drop(watchdog);
    running.shutdown().await;
    Ok(())
}

/// Tells where it serves, and the first time what to do at the registrar.
fn announce(running: &Running) {
    tracing::info!(
        public_url = %running.public_url(),
        http = %running.http_addr(),
        dns = ?running.dns_addrs(),
        ds = ?running.ds_records(),
        "serving",
    );
    let new = running.new_ds_records();
    if new.is_empty() {
        return;
    }
    let advice = [
        "New signing keys were made. At your registrar, or in the zone above, set for each zone its",
        "nameservers and this DS record; until then nobody can verify its names:",
        "",
    ];
    print(advice.into_iter().chain(new.iter().map(String::as_str)));
}

fn print_ds(config: &Config) -> anyhow::Result<()> {
    print(ds_records_on_disk(config)?.iter().map(String::as_str));
    Ok(())
}

fn print_delegations(config: &Config) -> anyhow::Result<()> {
    let all = delegations_on_disk(config)?;
    let texts: Vec<_> = all.iter().map(ToString::to_string).collect();
    print(texts.iter().map(String::as_str));
    Ok(())
}

/// Prints lines for as long as somebody reads them.
pub(crate) fn print<'a>(lines: impl IntoIterator<Item = &'a str>) {
    let mut out = std::io::stdout().lock();
    // Whoever has closed the pipe has read enough; a server goes on serving.
    let _ = lines
        .into_iter()
        .try_for_each(|line| writeln!(out, "{line}"));
}
