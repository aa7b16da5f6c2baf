//! Resolves a payment name over DNS, verifies it, and prints what it says to pay.
//!
//! `cargo run -p payname-resolver --example resolve -- ₿alice@example.com [DNS SERVER]`
//!
//! Without a DNS server it asks the one the system uses. Whoever is asked is not trusted.

use std::{env, error::Error, process::ExitCode, time::SystemTime};

use payname_resolver::{
    Payee, TrustAnchors,
    lightning::bitcoin::Network,
    net::{Client, default_server},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(name) = arguments.next() else {
        eprintln!("usage: resolve ₿alice@example.com [DNS SERVER]");
        return ExitCode::FAILURE;
    };
    match resolve(&name, arguments.next().as_deref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn resolve(name: &str, server: Option<&str>) -> Result<(), Box<dyn Error>> {
    let payee: Payee = name.parse()?;
    let server = match server {
        Some(server) => server.parse()?,
        None => default_server()?,
    };
    let gathered = Client::new(server)?.gather(payee.handle()).await?;

    let now = SystemTime::now().into();
    let record = gathered
        .proof
        .verify(payee.handle(), &TrustAnchors::iana(), now)?;
    let instructions = record.instructions()?;
    println!("{}", payee.handle().readable());
    println!("proven until {}", record.window().valid_until);
    println!("{}", record.uri().escape_debug());

    let choice = instructions.choose(Network::Bitcoin, |_| true, now);
    if let Some(chosen) = choice.chosen {
        println!(
            "pay by `{}`: {}",
            chosen.value().key(),
            chosen.value().kind()
        );
    }
    for other in choice.passed_over {
        println!("not by `{}`: {}", other.key.escape_debug(), other.reason);
    }
    Ok(())
}
