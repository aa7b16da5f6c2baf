//! What BIP-321 says about URIs, scene by scene.

mod choice;
mod uri;

use std::time::Duration;

use lightning::{
    bitcoin::{
        Network,
        hashes::{Hash, sha256},
        secp256k1::{PublicKey, Secp256k1, SecretKey},
    },
    bolt11_invoice::{Currency, InvoiceBuilder},
    offers::offer::OfferBuilder,
    types::payment::PaymentSecret,
};

use super::*;
use crate::time::UnixTime;

/// The smallest offer in BOLT 12's own vectors.
const OFFER: &str = "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
const ADDRESS: &str = "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
const LEGACY: &str = "1JBMattRztKDF2KRS3vhjJXA7h47NEsn2c";
const TESTNET: &str = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
const SILENT: &str = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
/// The second at which the offers and invoices made here expire.
const EXPIRY: UnixTime = UnixTime(1_800_000_000);

fn parse(uri: &str) -> Instructions {
    Instructions::parse(uri).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

fn refused(uri: &str) -> UriError {
    match Instructions::parse(uri) {
        Ok(instructions) => panic!("{uri} was taken as {instructions:?}"),
        Err(error) => error,
    }
}

fn keys(instructions: &Instructions) -> Vec<&str> {
    instructions.methods().iter().map(Method::key).collect()
}

fn secret_key() -> SecretKey {
    SecretKey::from_slice(&[7; 32]).unwrap()
}

/// An offer for `network` that asks for `msat` and expires at [`EXPIRY`].
fn offer(network: Network, msat: Option<u64>) -> String {
    let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret_key());
    let builder = OfferBuilder::new(key)
        .chain(network)
        .description("coffee".to_owned())
        .issuer("alice\u{202e}".to_owned())
        .absolute_expiry(Duration::from_secs(EXPIRY.0));
    let builder = match msat {
        Some(msat) => builder.amount_msats(msat),
        None => builder,
    };
    builder.build().unwrap().to_string()
}

/// A mainnet invoice that expires at [`EXPIRY`].
fn invoice(msat: Option<u64>) -> String {
    let expiry = Duration::from_secs(3600);
    let builder = InvoiceBuilder::new(Currency::Bitcoin)
        .description("coffee".to_owned())
        .payment_hash(sha256::Hash::hash(b"preimage"))
        .payment_secret(PaymentSecret([1; 32]))
        .duration_since_epoch(Duration::from_secs(EXPIRY.0) - expiry)
        .expiry_time(expiry)
        .min_final_cltv_expiry_delta(144);
    let builder = match msat {
        Some(msat) => builder.amount_milli_satoshis(msat),
        None => builder,
    };
    builder
        .build_signed(|hash| Secp256k1::new().sign_ecdsa_recoverable(hash, &secret_key()))
        .unwrap()
        .to_string()
}
