//! The resolver's example `verify_offline` with `dnssec-prover` alone: what `make size` compares with.

use std::{env, error::Error, fs, process::ExitCode};

use dnssec_prover::{
    rr::{Name, RR},
    ser::parse_rr_stream,
    validation::verify_rr_stream,
};

const EXAMPLE: &str = include_str!("../../../resolver/vectors/bip353-01-simple.hex");
const EXAMPLE_NAME: &str = "simple.user._bitcoin-payment.dnssec_proof_tests.bitcoin.ninja.";

fn main() -> ExitCode {
    match verify() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn verify() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (name, bytes) = match (arguments.next(), arguments.next()) {
        (Some(name), Some(file)) => (name, fs::read(file)?),
        _ => (EXAMPLE_NAME.to_owned(), hex::decode(EXAMPLE.trim())?),
    };
    let name = Name::try_from(name).map_err(|()| "no name")?;
    let records = parse_rr_stream(&bytes).map_err(|()| "no proof")?;
    let verified = verify_rr_stream(&records).map_err(|error| format!("{error:?}"))?;
    println!("from {} until {}", verified.valid_from, verified.expires);
    for record in verified.resolve_name(&name) {
        if let RR::Txt(txt) = record {
            println!(
                "{}",
                String::from_utf8_lossy(&txt.data.as_vec()).escape_debug()
            );
        }
    }
    Ok(())
}
