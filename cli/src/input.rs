//! Files named on the command line: `-` is standard input, and none is read without a limit.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use payname_resolver::{
    Proof, ProofError, TrustAnchors,
    net::{TlsRoots, TlsRootsError},
    proof::AnchorError,
};

use crate::failure::Failure;

/// The most bytes a proof file may have: the longest proof in hex, with room for line breaks.
const MAX_PROOF_FILE: u64 = 256 * 1024;
/// The most bytes any other file may have.
const MAX_TEXT_FILE: u64 = 256 * 1024;

/// The bytes of a proof file: as they are, or undone from hex when there is nothing but hex.
///
/// # Errors
/// The file cannot be read or is too long.
pub fn proof_bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    Ok(undo_hex(read(path, MAX_PROOF_FILE)?))
}

/// The proof in a file; the inner error tells that the bytes are none.
///
/// # Errors
/// The file cannot be read or is too long.
pub fn proof(path: &Path) -> Result<Result<Proof, ProofError>, InputError> {
    Ok(Proof::parse(&proof_bytes(path)?))
}

/// The trust anchors in a file of DS and DNSKEY records.
///
/// # Errors
/// The file cannot be read, is too long, or holds something else.
pub fn anchors(path: &Path) -> Result<TrustAnchors, InputError> {
    let text = text(path)?;
    TrustAnchors::parse(&text).map_err(|cause| InputError::Anchors {
        path: path.to_owned(),
        cause,
    })
}

/// The certificate authorities in a PEM file.
///
/// # Errors
/// The file cannot be read, is too long, or holds something else.
pub fn tls_roots(path: &Path) -> Result<TlsRoots, InputError> {
    let text = text(path)?;
    TlsRoots::from_pem(text.as_bytes()).map_err(|cause| InputError::TlsRoots {
        path: path.to_owned(),
        cause,
    })
}

/// The text in a file.
///
/// # Errors
/// The file cannot be read, is too long, or is not UTF-8.
pub fn text(path: &Path) -> Result<String, InputError> {
    let bytes = read(path, MAX_TEXT_FILE)?;
    String::from_utf8(bytes).map_err(|_| InputError::NotText(path.to_owned()))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, InputError> {
    let unreadable = |cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    source
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(InputError::TooLong {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Undoes hex, when the bytes are hex digits and white space alone.
fn undo_hex(bytes: Vec<u8>) -> Vec<u8> {
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if digits.iter().all(u8::is_ascii_hexdigit) {
        return hex::decode(&digits).unwrap_or(bytes);
    }
    bytes
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The system cannot read it.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is longer than anything it could sensibly hold.
    #[error("`{}` is longer than {limit} bytes; is it the right file?", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes it may have.
        limit: u64,
    },
    /// It should be text.
    #[error("`{}` is not a text file", .0.display())]
    NotText(PathBuf),
    /// It holds no trust anchors.
    #[error("`{}`: {cause}", path.display())]
    Anchors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: AnchorError,
    },
    /// It holds no certificates.
    #[error("`{}`: {cause}", path.display())]
    TlsRoots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: TlsRootsError,
    },
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        let code = match error {
            InputError::Unreadable { .. } => "unreadable_file",
            InputError::TooLong { .. } => "file_too_long",
            InputError::NotText(_) => "not_text",
            InputError::Anchors { .. } => "bad_anchors",
            InputError::TlsRoots { .. } => "bad_tls_roots",
        };
        Self::usage(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_in_any_case_and_layout_is_undone() {
        assert_eq!(undo_hex(b"0aFf\n 01\r\n".to_vec()), [0x0a, 0xff, 0x01]);
    }

    #[test]
    fn raw_bytes_and_odd_numbers_of_digits_stay_as_they_are() {
        assert_eq!(undo_hex(vec![0, 1, 2]), [0, 1, 2]);
        assert_eq!(undo_hex(b"abc".to_vec()), b"abc");
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        assert!(matches!(
            read(Path::new("/dev/zero"), 1000),
            Err(InputError::TooLong { limit: 1000, .. })
        ));
    }
}
