//! Verifies a proof without a network: a file, a name and a time are all it takes.
//!
//! `cargo run -p payname-resolver --no-default-features --example verify_offline`
//!
//! verifies the first proof printed in BIP-353, at a time when it was valid. Or give your own:
//! `… --example verify_offline -- alice@example.com proof.bin`, which is judged at the present time.

use std::{
    env,
    error::Error,
    fs,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use payname_resolver::{Handle, Proof, TrustAnchors, UnixTime, VerifyError};

const EXAMPLE: &str = include_str!("../vectors/bip353-01-simple.hex");
const EXAMPLE_NAME: &str = "₿simple@dnssec_proof_tests.bitcoin.ninja";
const EXAMPLE_TIME: UnixTime = UnixTime(1_754_600_000);

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
    let (name, bytes, now) = match (arguments.next(), arguments.next()) {
        (Some(name), Some(file)) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            (name, fs::read(file)?, UnixTime(now.as_secs()))
        }
        (None, _) => {
            let bytes = hex::decode(EXAMPLE.trim())?;
            (EXAMPLE_NAME.to_owned(), bytes, EXAMPLE_TIME)
        }
        (Some(_), None) => return Err("usage: verify_offline [NAME PROOF-FILE]".into()),
    };
    let handle: Handle = name.parse()?;
    let proof = Proof::parse(&bytes)?;
    match proof.verify(&handle, &TrustAnchors::iana(), now) {
        Ok(record) => {
            println!("{} is proven at {now}", handle.readable());
            println!(
                "from {} until {}",
                record.window().valid_from,
                record.window().valid_until
            );
            println!("{}", record.uri().escape_debug());
            Ok(())
        }
        // Each outcome asks something else of the person.
        Err(error @ VerifyError::Denied(_)) => Err(format!("no such name: {error}").into()),
        Err(error @ VerifyError::Insecure(_)) => Err(format!("cannot be proven: {error}").into()),
        Err(error) => Err(format!("do not pay: {error}").into()),
    }
}
