//! Bech32m of any length: what the newer payment methods are written in.

use lightning::bitcoin::bech32::{Bech32m, Checksum, Hrp, primitives::decode::CheckedHrpstring};

/// Bech32m (BIP-350) without its limit of 1,023 characters.
///
/// Payment requests of Cashu and addresses of later versions may be longer; the checksum still
/// finds typing errors, though it no longer promises to find every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LongBech32m {}

impl Checksum for LongBech32m {
    type MidstateRepr = <Bech32m as Checksum>::MidstateRepr;
    const CODE_LENGTH: usize = 65_535;
    const CHECKSUM_LENGTH: usize = Bech32m::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32m::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32m::TARGET_RESIDUE;
}

/// Takes bech32m apart when it has the prefix `hrp` and a right checksum.
pub(super) fn checked<'a>(hrp: &str, text: &'a str) -> Option<CheckedHrpstring<'a>> {
    let expected = Hrp::parse(hrp).ok()?;
    CheckedHrpstring::new::<LongBech32m>(text)
        .ok()
        .filter(|checked| checked.hrp() == expected)
}
