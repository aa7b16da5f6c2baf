//! Private keys encrypted for the disk: PKCS#8 (RFC 5958 §3) by PBES2 with scrypt and AES-256
//! (RFC 8018 §6.2, RFC 7914), which `openssl pkcs8` reads and writes too.

use pkcs8::{
    EncryptedPrivateKeyInfoOwned, SecretDocument,
    der::{Decode as _, asn1::OctetString},
    pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, ScryptParams},
};
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::Passphrase;

/// scrypt's N: what OpenSSL writes, and the most that it reads without being told more (16 MiB).
const COST: u64 = 1 << 14;
const BLOCK_SIZE: u16 = 8;

/// Whether these bytes are an encrypted private key.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    EncryptedPrivateKeyInfoOwned::from_der(bytes).is_ok()
}

/// Encrypts a private key.
pub(super) fn seal(
    pkcs8: &[u8],
    passphrase: &Passphrase,
    random: &dyn SecureRandom,
) -> Result<Vec<u8>, SealError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    random.fill(&mut salt).map_err(|_| SealError::Random)?;
    random.fill(&mut iv).map_err(|_| SealError::Random)?;
    let form = |error: pkcs8::der::Error| SealError::Form(error.into());
    let scrypt = ScryptParams {
        salt: salt.as_slice().try_into().map_err(form)?,
        cost_parameter: COST,
        block_size: BLOCK_SIZE,
        parallelization: 1,
        key_length: None,
    };
    let scheme = Parameters {
        kdf: Kdf::from(scrypt),
        encryption: EncryptionScheme::Aes256Cbc { iv },
    };
    let encrypted = scheme.encrypt(passphrase.as_bytes(), pkcs8);
    let encrypted = encrypted.map_err(SealError::Encrypt)?;
    let sealed = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: scheme.into(),
        encrypted_data: OctetString::new(encrypted)
            .map_err(|error| SealError::Form(error.into()))?,
    };
    let document = SecretDocument::try_from(sealed).map_err(SealError::Form)?;
    Ok(document.as_bytes().to_vec())
}

/// Decrypts a private key.
pub(super) fn open(
    sealed: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let sealed = EncryptedPrivateKeyInfoOwned::from_der(sealed);
    let sealed = sealed.map_err(|error| SealError::Form(error.into()))?;
    let opened = sealed
        .decrypt(passphrase.as_bytes())
        .map_err(SealError::Open)?;
    Ok(Zeroizing::new(opened.as_bytes().to_vec()))
}

/// Why a key is not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The source of randomness failed.
    #[error("the system's source of randomness failed")]
    Random,
    /// Encryption failed.
    #[error("the key cannot be encrypted")]
    Encrypt(#[source] pkcs8::pkcs5::Error),
    /// It is not in the form it should be.
    #[error("the key is not in PKCS#8 form")]
    Form(#[source] pkcs8::Error),
    /// Decryption failed.
    #[error("the passphrase does not open it")]
    Open(#[source] pkcs8::Error),
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use payname_zones::KeyAlgorithm;
    use ring::rand::SystemRandom;

    use super::*;
    use crate::keys::PassphraseSource;

    const ALL: [KeyAlgorithm; 3] = [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
    ];

    fn passphrase(text: &str) -> Passphrase {
        let words = ["printf", "%s", text].map(str::to_owned);
        PassphraseSource::Command(words.to_vec()).fetch().unwrap()
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_alone_and_shows_nothing_of_the_key() {
        let random = SystemRandom::new();
        for algorithm in ALL {
            let pkcs8 = algorithm.generate_pkcs8(&random).unwrap();
            let sealed = seal(&pkcs8, &passphrase("ünï"), &random).unwrap();
            assert!(is_sealed(&sealed) && !is_sealed(&pkcs8));
            let secret = &pkcs8[36..52];
            assert!(!sealed.windows(16).any(|window| window == secret));
            assert_ne!(seal(&pkcs8, &passphrase("ünï"), &random).unwrap(), sealed);
            assert_eq!(*open(&sealed, &passphrase("ünï")).unwrap(), pkcs8);
            let error = open(&sealed, &passphrase("other")).unwrap_err();
            assert!(matches!(error, SealError::Open(_)), "{error:?}");
            let error = open(&pkcs8, &passphrase("ünï")).unwrap_err();
            assert!(matches!(error, SealError::Form(_)), "{error:?}");
        }
    }

    #[test]
    fn openssl_opens_what_is_sealed_and_what_it_seals_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let random = SystemRandom::new();
        let pkcs8 = KeyAlgorithm::EcdsaP256.generate_pkcs8(&random).unwrap();
        let sealed = seal(&pkcs8, &passphrase("correct horse"), &random).unwrap();
        std::fs::write(path("sealed"), sealed).unwrap();
        std::fs::write(path("passphrase"), "correct horse").unwrap();
        let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/bin/openssl");
        let installed = std::path::Path::new(installed);
        let program = if installed.exists() {
            installed
        } else {
            "openssl".as_ref()
        };
        let openssl = |more: &[&str]| {
            let done = Command::new(program)
                .args(["pkcs8", "-inform", "DER", "-outform", "DER"])
                .args(more)
                .stdin(Stdio::null())
                .output();
            let done = done.expect("openssl is installed");
            let told = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{told}");
        };
        let word = format!("file:{}", path("passphrase"));
        openssl(&[
            "-in",
            &path("sealed"),
            "-passin",
            &word,
            "-out",
            &path("opened"),
        ]);
        // OpenSSL writes the same key in a form of its own.
        openssl(&[
            "-topk8",
            "-in",
            &path("opened"),
            "-scrypt",
            "-passout",
            &word,
            "-out",
            &path("theirs"),
        ]);
        let theirs = std::fs::read(path("theirs")).unwrap();
        let opened = open(&theirs, &passphrase("correct horse")).unwrap();
        let public = &pkcs8[pkcs8.len() - 64..];
        assert!(opened.windows(64).any(|window| window == public));
    }
}
