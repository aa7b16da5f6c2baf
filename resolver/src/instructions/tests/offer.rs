//! What an offer tells beside its amount.

use lightning::{
    bitcoin::bech32::{ByteIterExt, Fe32IterExt, NoChecksum},
    offers::offer::{Offer, Quantity},
};

use super::*;

/// The offer [`OFFER`] with one more field in front.
fn with_first_field(field: &[u8]) -> String {
    let offer: Offer = OFFER.parse().unwrap();
    let bytes: Vec<u8> = [field, offer.as_ref()].concat();
    let hrp = Hrp::parse("lno").unwrap();
    let data = bytes.into_iter().bytes_to_fes();
    data.with_checksum::<NoChecksum>(&hrp).chars().collect()
}

fn only_offer(text: &str) -> OfferMethod {
    parse(&format!("bitcoin:?lno={text}"))
        .offer()
        .unwrap()
        .clone()
}

#[test]
fn an_offer_tells_its_issuer_and_how_many_items() {
    let plain = only_offer(OFFER);
    assert_eq!(plain.quantity(), Quantity::One);
    assert_eq!(
        plain.issuer_id().unwrap().to_string(),
        "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619"
    );
    assert_eq!(plain.paths().len(), 0);
    let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret_key());
    let many = OfferBuilder::new(key)
        .supported_quantity(Quantity::Unbounded)
        .build()
        .unwrap();
    assert_eq!(
        only_offer(&many.to_string()).quantity(),
        Quantity::Unbounded
    );
}

#[test]
fn an_offer_tells_where_its_blinded_paths_begin() {
    let record = parse(PUBLISHED);
    let offer = record.offer().unwrap();
    let paths: Vec<_> = offer.paths().collect();
    assert_eq!(paths.len(), 1);
    assert_eq!(paths[0].hops, 2);
    assert!(matches!(paths[0].introduction, Introduction::Node(_)));
}

#[test]
fn an_offer_that_requires_unknown_features_is_passed_over() {
    let optional = with_first_field(&[12, 16, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(!only_offer(&optional).requires_unknown_features());
    let required = with_first_field(&[12, 16, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let instructions = parse(&format!("bitcoin:?lno={required}"));
    assert!(instructions.offer().unwrap().requires_unknown_features());
    let (best, passed_over) = instructions.rank(Network::Bitcoin, |_| true, EXPIRY);
    assert_eq!(
        (best, passed_over[0].reason.code()),
        (None, "unknown_features")
    );
}
