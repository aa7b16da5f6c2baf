//! `paynamed --config FILE`: a thin shell around [`payname_server`].

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use payname_server::{
    Clock, Config, KeyRequest, Running, Server, ask_about_keys, ds_records_on_disk, key_reports,
};
use payname_zones::Duty;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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
    /// Print the DS records to put at the registrar (the keys are made at the first start)
    Ds,
    /// Look after the keys of the zones
    #[command(subcommand)]
    Zone(ZoneCommand),
}

#[derive(Subcommand)]
enum ZoneCommand {
    /// Print the DS records to put at the registrar
    Ds,
    /// Tell where every key stands, and what is to be done at the registrar
    Keys,
    /// Have a key replaced; the running server does it step by step
    Rollover {
        /// The zone, such as example.com
        zone: String,
        /// Which key, where there are two
        #[arg(long, value_enum, default_value = "zsk", conflicts_with = "algorithm")]
        key: Kind,
        /// Go over to the algorithm that the configuration has now
        #[arg(long)]
        algorithm: bool,
    },
    /// Believe the machine's clock although it is behind a time that has surely come
    TrustClock {
        /// The zone
        zone: String,
    },
    /// Ask the parent to take all DS records away: nobody can prove the zone's names from then on
    DangerForget {
        /// The zone
        zone: String,
    },
    /// Take the request to be forgotten back
    Keep {
        /// The zone
        zone: String,
    },
}

/// A kind of key.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// What the registrar's DS record names
    Ksk,
    /// What signs the zone
    Zsk,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("PAYNAMED_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let Some(file) = &arguments.config else {
        eprintln!("error: no configuration; name it with --config FILE");
        return USAGE.into();
    };
    let config = match Config::read(file).map_err(anyhow::Error::new) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error:#}");
            return USAGE.into();
        }
    };
    if arguments.check {
        println!("{}: the configuration is good", file.display());
        return ExitCode::SUCCESS;
    }
    let outcome = match arguments.command {
        None => run(config).await,
        Some(Command::Ds | Command::Zone(ZoneCommand::Ds)) => print_ds(&config),
        Some(Command::Zone(command)) => look_after_keys(&config, command).await,
    };
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
    let running = Server::start(config, Clock::system()).await?;
    announce(&running);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
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

async fn look_after_keys(config: &Config, command: ZoneCommand) -> anyhow::Result<()> {
    let (zone, request) = match command {
        ZoneCommand::Ds => return print_ds(config),
        ZoneCommand::Keys => {
            let reports = key_reports(config).await?;
            let reports: Vec<String> = reports.iter().map(ToString::to_string).collect();
            print(reports.iter().map(|report| report.trim_end()));
            return Ok(());
        }
        ZoneCommand::Rollover {
            zone,
            key,
            algorithm,
        } => {
            let request = match key {
                _ if algorithm => KeyRequest::RollAlgorithm,
                Kind::Ksk => KeyRequest::Roll(Duty::Entry),
                Kind::Zsk => KeyRequest::Roll(Duty::Zone),
            };
            (zone, request)
        }
        ZoneCommand::TrustClock { zone } => (zone, KeyRequest::TrustClock),
        ZoneCommand::DangerForget { zone } => (zone, KeyRequest::DangerForget),
        ZoneCommand::Keep { zone } => (zone, KeyRequest::Keep),
    };
    let zone = ask_about_keys(config, &zone, request)?;
    eprintln!("{zone}: asked; a running server follows within a minute and says so in its log");
    Ok(())
}

/// Prints lines for as long as somebody reads them.
fn print<'a>(lines: impl IntoIterator<Item = &'a str>) {
    let mut out = std::io::stdout().lock();
    // Whoever has closed the pipe has read enough; a server goes on serving.
    let _ = lines
        .into_iter()
        .try_for_each(|line| writeln!(out, "{line}"));
}
