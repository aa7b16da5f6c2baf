//! Choosing the way to pay.

use super::*;
use crate::{Handle, Proof, TrustAnchors};

/// Chooses on mainnet a second before [`EXPIRY`], and tells the chosen key and the other reasons.
fn choose(uri: &str, can_pay: impl Fn(&Method) -> bool) -> (Option<String>, Vec<String>) {
    let instructions = parse(uri);
    let (best, passed_over) = instructions.rank(Network::Bitcoin, can_pay, UnixTime(EXPIRY.0 - 1));
    let chosen = best.map(|index| instructions.methods()[index].key().to_owned());
    let told = passed_over
        .iter()
        .map(|over| format!("{}: {}", over.key, over.reason.code()))
        .collect();
    (chosen, told)
}

fn anything(_: &Method) -> bool {
    true
}

#[test]
fn bolt_12_is_preferred_wherever_it_stands() {
    let uri = format!(
        "bitcoin:{ADDRESS}?lightning={}&lno={OFFER}&lno={OFFER}",
        invoice(None)
    );
    let (chosen, told) = choose(&uri, anything);
    assert_eq!(chosen.as_deref(), Some("lno"));
    assert_eq!(
        told,
        [
            "address: less_preferred",
            "lightning: less_preferred",
            "lno: less_preferred"
        ]
    );
}

#[test]
fn every_method_that_cannot_be_paid_is_passed_over_with_its_reason() {
    let uri = format!(
        "bitcoin:?lno={}&tb={TESTNET}&bc={ADDRESS}&lno=lno1garbage",
        offer(Network::Regtest, None)
    );
    let (chosen, told) = choose(&uri, |method| method.kind() == MethodKind::Offer);
    assert_eq!(chosen, None);
    assert_eq!(
        told,
        [
            "lno: wrong_network",
            "tb: wrong_network",
            "bc: not_payable_here",
            "lno: rejected"
        ]
    );
}

#[test]
fn expired_methods_give_way_to_living_ones() {
    let instructions = parse(&format!(
        "bitcoin:?lno={}&lightning={}&bc={ADDRESS}",
        offer(Network::Bitcoin, None),
        invoice(None)
    ));
    let chosen = |now| {
        let (best, passed_over) = instructions.rank(Network::Bitcoin, anything, now);
        (
            best,
            passed_over
                .iter()
                .map(|over| over.reason.code())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        chosen(EXPIRY),
        (Some(0), vec!["less_preferred", "less_preferred"])
    );
    assert_eq!(
        chosen(EXPIRY.plus(1)),
        (Some(2), vec!["expired", "expired"])
    );
}

#[test]
fn nothing_is_chosen_when_a_proof_of_payment_is_required() {
    let (chosen, told) = choose(&format!("bitcoin:?lno={OFFER}&req-pop=app%3a"), anything);
    assert_eq!(
        (chosen, told),
        (None, vec!["lno: proof_of_payment_required".to_owned()])
    );
}

#[test]
fn the_seal_of_a_proof_reaches_the_method_that_is_paid() {
    let proof = include_str!("../../../vectors/bip353-03-wildcard-cname-xdomain.hex");
    let proof = Proof::parse(&hex::decode(proof.trim()).unwrap()).unwrap();
    let handle: Handle = "a.x_domain_cname_wild@dnssec_proof_tests.bitcoin.ninja"
        .parse()
        .unwrap();
    let now = UnixTime(1_754_600_000);
    let record = proof.verify(&handle, &TrustAnchors::iana(), now).unwrap();
    let instructions = record.instructions().unwrap();
    let sealed: Vec<_> = instructions
        .methods()
        .iter()
        .map(|method| method.value().key().to_owned())
        .collect();
    assert_eq!(sealed, ["address", "lno"]);
    let choice = instructions.choose(Network::Bitcoin, anything, now);
    let chosen = choice.chosen.unwrap();
    assert_eq!(chosen.value().kind(), MethodKind::Offer);
    assert_eq!(
        (chosen.handle(), chosen.uri()),
        (&handle, record.value().uri())
    );
    assert_eq!(choice.passed_over.len(), 1);
}
