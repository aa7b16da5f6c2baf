//! What BIP-321 says about URIs, scene by scene.

mod build;
mod choice;
mod encodings;
mod offer;
mod uri;

use core::time::Duration;

use lightning::{
    bitcoin::{
        Address, Network,
        bech32::{Bech32m, Hrp},
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
/// What is published for the wildcard name in BIP-353's own vectors.
const PUBLISHED: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?lno=lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";
/// The payment code in BIP-351's own vectors.
const PAY: &str = "pay1qqpsxq4730l4yre4lt3588eyt3f2lwggtfalvtgfns04a8smzkn7yys6xv2gs8";
/// The smallest payment request in NUT-26's own vectors.
const CASHU: &str =
    "CREQB1QYQQSDMXX3SNYC3N8YPSQQGQQ5QPS6R5W3C8XW309AKKJMN59EJHSCTDWPKX2TNRDAKSYP0LHG";
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

/// Any bytes as bech32m.
fn bech32m(hrp: &str, bytes: &[u8]) -> String {
    let hrp = Hrp::parse(hrp).unwrap();
    lightning::bitcoin::bech32::encode::<Bech32m>(hrp, bytes).unwrap()
}

fn address(text: &str) -> Address {
    text.parse::<Address<_>>().unwrap().assume_checked()
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
