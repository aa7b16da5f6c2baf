//! What is checked of methods that are written in bech32m.

use lightning::bitcoin::bech32::{ByteIterExt, Fe32, Fe32IterExt};

use super::*;

/// The 66 bytes of [`SILENT`]'s keys, and its text.
fn keys_of(text: &str) -> Vec<u8> {
    let address: SilentPaymentAddress = text.parse().unwrap();
    [address.scan_key(), address.spend_key()]
        .iter()
        .flat_map(PublicKey::serialize)
        .collect()
}

/// A silent payment address of any version and payload.
fn silent(hrp: &str, version: u8, payload: &[u8]) -> String {
    payload
        .iter()
        .copied()
        .bytes_to_fes()
        .with_checksum::<Bech32m>(&Hrp::parse(hrp).unwrap())
        .with_witness_version(Fe32::try_from(version).unwrap())
        .chars()
        .collect()
}

fn read(text: &str) -> Result<SilentPaymentAddress, SilentPaymentError> {
    text.parse()
}

#[test]
fn a_silent_payment_address_is_written_as_it_was_read() {
    let address = read(SILENT).unwrap();
    let again =
        SilentPaymentAddress::new(Network::Bitcoin, address.scan_key(), address.spend_key());
    assert_eq!(again.as_str(), SILENT);
    let test = SilentPaymentAddress::new(Network::Signet, address.scan_key(), address.spend_key());
    assert!(test.as_str().starts_with("tsp1q"));
    assert_eq!(read(test.as_str()), Ok(test.clone()));
    assert!(test.is_valid_for(Network::Regtest) && !test.is_valid_for(Network::Bitcoin));
    assert_eq!(
        read(&SILENT.to_uppercase()).unwrap().scan_key(),
        address.scan_key()
    );
}

#[test]
fn version_0_holds_two_keys_exactly_and_later_versions_may_hold_more() {
    let keys = keys_of(SILENT);
    let longer = [keys.clone(), vec![7]].concat();
    assert_eq!(silent("sp", 0, &keys), SILENT);
    let length = |length| Err(SilentPaymentError::Length { length });
    assert_eq!(read(&silent("sp", 0, &keys[..65])), length(65));
    assert_eq!(read(&silent("sp", 0, &longer)), length(67));
    assert_eq!(read(&silent("sp", 1, &keys[..65])), length(65));
    assert_eq!(read(&silent("sp", 0, &[])), length(0));
    let later = read(&silent("sp", 30, &longer)).unwrap();
    assert_eq!(
        (later.version(), later.spend_key().serialize().to_vec()),
        (30, keys[33..].to_vec())
    );
    assert_eq!(
        read(&silent("sp", 31, &keys)),
        Err(SilentPaymentError::Version)
    );
}

#[test]
fn a_silent_payment_address_whose_last_bits_are_not_zero_is_refused() {
    let digits = SILENT[3..SILENT.len() - 6].chars();
    let mut digits: Vec<Fe32> = digits.map(|c| Fe32::from_char(c).unwrap()).collect();
    let hrp = Hrp::parse("sp").unwrap();
    let written = |digits: &[Fe32]| {
        let digits = digits.iter().copied();
        digits
            .with_checksum::<Bech32m>(&hrp)
            .chars()
            .collect::<String>()
    };
    assert_eq!(written(&digits), SILENT);
    let last = digits.pop().unwrap().to_u8();
    digits.push(Fe32::try_from(last | 1).unwrap());
    assert_eq!(read(&written(&digits)), Err(SilentPaymentError::Encoding));
}

#[test]
fn a_silent_payment_address_of_no_real_keys_is_refused() {
    let mut keys = keys_of(SILENT);
    keys[33] = 4;
    let refused = read(&silent("sp", 0, &keys)).unwrap_err();
    assert_eq!(refused, SilentPaymentError::Key { name: "spend" });
    keys[1..33].fill(0xff);
    let refused = read(&silent("sp", 0, &keys)).unwrap_err();
    assert_eq!(refused, SilentPaymentError::Key { name: "scan" });
}

#[test]
fn a_typing_error_or_another_networks_key_spoils_a_silent_payment_address() {
    let wrong = SILENT.replacen("ste7", "ste8", 1);
    assert_eq!(read(&wrong), Err(SilentPaymentError::Encoding));
    assert_eq!(
        read(&silent("bc", 0, &keys_of(SILENT))),
        Err(SilentPaymentError::Encoding)
    );
    assert_eq!(read("sp1"), Err(SilentPaymentError::Encoding));
    let uri = format!("bitcoin:{ADDRESS}?tsp={SILENT}");
    let reason = MethodError::SilentPayment(SilentPaymentError::Encoding);
    assert_eq!(parse(&uri).rejected()[0].reason, reason);
}

#[test]
fn methods_known_by_name_are_checked_for_typing_errors() {
    let ark = bech32m("ark", &[1; 65]);
    let long = bech32m("ark", &[1; 600]);
    for (key, good) in [
        ("pay", PAY),
        ("ark", &ark),
        ("ark", &ark.to_uppercase()),
        ("creq", CASHU),
        ("creq", "creqApWF0gA=="),
    ] {
        assert!(OtherMethod::new(key, good).is_ok(), "{key}={good}");
    }
    assert!(matches!(
        OtherMethod::new("ark", &format!("{}q", &long[..long.len() - 1])),
        Err(MethodError::Encoding { .. })
    ));
    for (key, bad) in [
        (
            "pay",
            "PM8TJTLJbPRGxSbc8EJi42Wrr6QbNSaSSVJ5Y3E4pbCYiTHUskHg13935Ubb7q8t",
        ),
        ("tark", &ark),
        ("ark", &ark[..ark.len() - 1]),
        ("creq", &CASHU.replace("HG", "HH")),
        ("creq", "creqA"),
        ("creq", "creqA!!"),
        ("creq", "CREQApWF0gA"),
    ] {
        let read = OtherMethod::new(key, bad);
        assert!(
            matches!(read, Err(MethodError::Encoding { .. })),
            "{key}={bad}"
        );
    }
}

#[test]
fn a_key_of_one_network_is_passed_over_on_another() {
    let tark = bech32m("tark", &[1; 65]);
    let instructions = parse(&format!("bitcoin:?pay={PAY}&tark={tark}&creq={CASHU}"));
    let on = |network| {
        let methods = instructions.methods().iter();
        let methods = methods.filter(|method| method.supports(network));
        methods.map(Method::key).collect::<Vec<_>>()
    };
    assert_eq!(on(Network::Bitcoin), ["pay", "creq"]);
    assert_eq!(on(Network::Signet), ["tark", "creq"]);
}
