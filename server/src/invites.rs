//! Invite codes: made, shown once, and kept as hashes only.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use payname_resolver::UnixTime;
use ring::{digest, error::Unspecified, rand::SecureRandom};

use crate::registration::{Invite, InviteHash};

/// How many random octets a code has; nobody guesses 128 bits.
const OCTETS: usize = 16;

/// A code as it is given to somebody: 26 letters and digits.
pub struct InviteCode(String);

impl InviteCode {
    /// A new one.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn random(random: &dyn SecureRandom) -> Result<Self, Unspecified> {
        let mut octets = [0; OCTETS];
        random.fill(&mut octets)?;
        Ok(Self(BASE32_NOPAD.encode(&octets).to_lowercase()))
    }

    /// What is kept of it.
    pub fn hash(&self) -> InviteHash {
        InviteHash::of(&self.0)
    }

    /// The code.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// An invite by this code.
    pub fn invite(
        &self,
        domain: &str,
        note: &str,
        uses: u32,
        created_at: UnixTime,
        expires_at: Option<UnixTime>,
    ) -> Invite {
        Invite {
            hash: self.hash(),
            domain: domain.to_owned(),
            note: note.to_owned(),
            uses,
            used: 0,
            created_at,
            expires_at,
            revoked: false,
        }
    }
}

impl InviteHash {
    /// The hash of a code, however it was typed.
    pub fn of(code: &str) -> Self {
        let letters = code.chars().filter(char::is_ascii_alphanumeric);
        let code: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, code.as_bytes()).as_ref());
        Self(hash)
    }

    /// The first hex digits: what an invite is called by.
    pub fn short(&self) -> String {
        let mut hex = HEXLOWER.encode(&self.0);
        hex.truncate(12);
        hex
    }
}

impl std::fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteCode(…)")
    }
}
