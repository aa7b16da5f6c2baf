//! The keys of an encrypted file, one made from the other, and the nonces of its chunks.

use ring::{
    aead::{CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use zeroize::Zeroizing;

use super::AgeError;
use crate::keys::Passphrase;

/// What the salt of a passphrase begins with.
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";

/// What opens the file's own key.
pub(super) fn wrapping_key(
    passphrase: &Passphrase,
    salt: &[u8],
    cost: u8,
) -> Result<LessSafeKey, AgeError> {
    let params = scrypt::Params::new(cost, 8, 1).map_err(|_| AgeError::Crypto)?;
    let salt = [LABEL, salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, key.as_mut_slice())
        .map_err(|_| AgeError::Crypto)?;
    chacha(key.as_slice())
}

/// What the chunks are encrypted with.
pub(super) fn payload_key(file_key: &[u8], nonce: &[u8]) -> Result<LessSafeKey, AgeError> {
    chacha(derived(file_key, nonce, b"payload")?.as_slice())
}

/// What the header is vouched for with.
pub(super) fn mac_key(file_key: &[u8]) -> Result<hmac::Key, AgeError> {
    let key = derived(file_key, &[], b"header")?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
}

fn chacha(key: &[u8]) -> Result<LessSafeKey, AgeError> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| AgeError::Crypto)?;
    Ok(LessSafeKey::new(key))
}

/// 32 bytes by HKDF (RFC 5869).
fn derived(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length)
        .and_then(|material| material.fill(key.as_mut_slice()))
        .map_err(|_| AgeError::Crypto)?;
    Ok(key)
}

/// The number of a chunk in 11 bytes, and whether it is the last.
pub(super) fn nonce_of(counter: u128, is_last: bool) -> Nonce {
    let bytes = counter.checked_shl(8).unwrap_or_default() | u128::from(is_last);
    let [_, _, _, _, nonce @ ..] = bytes.to_be_bytes();
    Nonce::assume_unique_for_key(nonce)
}
