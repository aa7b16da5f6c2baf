//! `sandbox up` and `sandbox demo`: a thin shell around [`payname_tests::sandbox`].

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use payname_tests::sandbox;

/// A private internet with a registration server, a chain and two Lightning nodes.
#[derive(Parser)]
#[command(name = "sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything, print how to use it, and stay until Ctrl-C
    Up,
    /// Register, prove and pay a name, step by step, and stop everything
    Demo,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let outcome = match command {
        Command::Up => sandbox::up().await,
        Command::Demo => tokio::select! {
            outcome = sandbox::demo() => outcome,
            told = sandbox::told_to_stop() => told.and(Err(anyhow::anyhow!("interrupted"))),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
