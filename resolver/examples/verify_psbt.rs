//! Tells whose the outputs of a PSBT are, as a signer would before signing.
//!
//! `cargo run -p payname-resolver --no-default-features --example verify_psbt [-- FILE.psbt]`
//!
//! Without a file it makes a PSBT with the first proof printed in BIP-353, verified half an hour
//! after that proof expired: too late to pay by, and within the grace that signers give.

use std::{env, error::Error, fs, process::ExitCode, time::SystemTime};

use payname_resolver::{
    Handle, Proof, TrustAnchors, UnixTime,
    instructions::Method,
    lightning::bitcoin::{
        Amount, Network, Psbt, Transaction, TxOut, absolute::LockTime, transaction::Version,
    },
    psbt::{self, Grace, Recipient},
};

const EXAMPLE: &str = include_str!("../vectors/bip353-01-simple.hex");
const EXAMPLE_NAME: &str = "₿simple@dnssec_proof_tests.bitcoin.ninja";
const WHILE_VALID: UnixTime = UnixTime(1_754_600_000);
const HALF_AN_HOUR: u64 = 1_800;

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
    let (psbt, now) = match env::args().nth(1) {
        Some(file) => {
            let psbt = Psbt::deserialize(&fs::read(file)?).map_err(|error| error.to_string())?;
            (psbt, SystemTime::now().into())
        }
        None => example()?,
    };
    let anchors = TrustAnchors::iana();
    for (index, output) in psbt.unsigned_tx.output.iter().enumerate() {
        let network = Network::Bitcoin;
        let proven = psbt::proven_output(&psbt, index, network, &anchors, now, Grace::OneHour);
        let told = match proven {
            Ok(None) => "no name".to_owned(),
            Ok(Some(proven)) => {
                let name = proven.handle().readable();
                let late = match proven.late_by() {
                    0 => String::new(),
                    seconds => format!(", by a proof that expired {seconds} s ago"),
                };
                match proven.recipient() {
                    Recipient::Address(address) => format!("{name} at {}{late}", address.text()),
                    Recipient::NotCheckable(_) => {
                        format!("{name}, whose silent payment address cannot be checked{late}")
                    }
                }
            }
            Err(error) => format!("DO NOT SIGN: {error}"),
        };
        println!("output {index}: {} to {told}", output.value);
    }
    Ok(())
}

/// Resolves, builds the transaction and attaches the proof: what the paying wallet does.
fn example() -> Result<(Psbt, UnixTime), Box<dyn Error>> {
    let handle: Handle = EXAMPLE_NAME.parse()?;
    let proof = Proof::parse(&data_encoding::HEXLOWER.decode(EXAMPLE.trim().as_bytes())?)?;
    let record = proof.verify(&handle, &TrustAnchors::iana(), WHILE_VALID)?;
    let instructions = record.instructions()?;
    let address = instructions
        .value()
        .methods()
        .iter()
        .find_map(|method| match method {
            Method::OnChain(address) => Some(address.address().assume_checked_ref()),
            _ => None,
        })
        .ok_or("the name has no address")?;
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: Vec::new(),
        output: vec![TxOut {
            value: Amount::from_sat(25_000),
            script_pubkey: address.script_pubkey(),
        }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).map_err(|error| error.to_string())?;
    for output in &mut psbt.outputs {
        psbt::attach(output, &record);
    }
    Ok((psbt, record.window().valid_until.plus(HALF_AN_HOUR)))
}
