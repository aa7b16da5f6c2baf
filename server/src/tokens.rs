//! Operators' tokens: shown once, kept as hashes only, good for what they were made for.

use data_encoding::BASE64URL_NOPAD;
use payname_resolver::UnixTime;
use ring::{digest, error::Unspecified, rand::SecureRandom};

/// What a token begins with, so that it is known for one where it leaks.
const PREFIX: &str = "paynop_";
/// How many random octets follow, in base64url.
const OCTETS: usize = 32;

/// A token as its holder has it.
pub struct TokenSecret(String);

/// The SHA-256 of a token. A plain digest does, as nobody can guess 256 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scope {
    /// To see all names and all of their history.
    Read,
    /// To disable, enable and remove names.
    Moderate,
    /// To give names to keys.
    Grant,
}

/// A token as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorToken {
    /// What it is called, in logs and histories too.
    pub name: String,
    /// Its hash.
    pub hash: TokenHash,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// The domain it is good for; none: all.
    pub domain: Option<String>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// When it was taken back.
    pub revoked_at: Option<UnixTime>,
    /// When it was last used, to a minute.
    pub last_used_at: Option<UnixTime>,
}

/// Something privileged that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: UnixTime,
    /// With which token; `paynamed` for the command line.
    pub actor: String,
    /// What.
    pub deed: String,
    /// To what.
    pub subject: String,
}

impl TokenSecret {
    /// A new one.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn random(random: &dyn SecureRandom) -> Result<Self, Unspecified> {
        let mut octets = [0; OCTETS];
        random.fill(&mut octets)?;
        Ok(Self(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&octets))))
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Moderate, Self::Grant];

    /// Its stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Moderate => "moderate",
            Self::Grant => "grant",
        }
    }

    /// The scope of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

impl OperatorToken {
    /// Whether it is good at all.
    pub fn is_good(&self, at: UnixTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| at < end)
    }

    /// Whether it is good for this.
    pub fn allows(&self, scope: Scope, domain: &str) -> bool {
        self.scopes.contains(&scope) && self.domain.as_deref().is_none_or(|own| own == domain)
    }
}

impl Act {
    /// Something done at the command line.
    pub fn by_command(at: UnixTime, deed: &str, subject: impl Into<String>) -> Self {
        Self {
            at,
            actor: "paynamed".to_owned(),
            deed: deed.to_owned(),
            subject: subject.into(),
        }
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_scopes_in_its_domain_and_its_time() {
        let token = OperatorToken {
            name: "ops".to_owned(),
            hash: TokenHash::of("x"),
            scopes: vec![Scope::Read],
            domain: Some("example.test".to_owned()),
            created_at: UnixTime(100),
            expires_at: Some(UnixTime(200)),
            revoked_at: None,
            last_used_at: None,
        };
        assert!(token.is_good(UnixTime(199)) && !token.is_good(UnixTime(200)));
        assert!(token.allows(Scope::Read, "example.test"));
        assert!(!token.allows(Scope::Read, "other.test"));
        assert!(!token.allows(Scope::Moderate, "example.test"));
        let revoked = OperatorToken {
            revoked_at: Some(UnixTime(150)),
            ..token
        };
        assert!(!revoked.is_good(UnixTime(120)));
    }

    #[test]
    fn a_secret_is_random_and_not_shown_by_accident() {
        let random = ring::rand::SystemRandom::new();
        let (one, other) = (
            TokenSecret::random(&random).unwrap(),
            TokenSecret::random(&random).unwrap(),
        );
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), PREFIX.len() + 43);
        assert!(!format!("{one:?}").contains(&one.reveal()[7..12]));
    }
}
