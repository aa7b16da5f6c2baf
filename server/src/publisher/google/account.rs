//! A service account of Google Cloud: a key that is exchanged for tokens, each good for an hour (RFC 7523).

use std::sync::PoisonError;

use data_encoding::BASE64URL_NOPAD;
use payname_resolver::UnixTime;
use reqwest::StatusCode;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde::Deserialize;
use serde_json::json;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    keys::Passphrase,
    publisher::{
        http::{Api, Size, is_here},
        provider::ProviderError,
        token::{OpenError, Token},
    },
};

/// What a token is to be good for.
const SCOPE: &str = "https://www.googleapis.com/auth/ndev.clouddns.readwrite";
/// For how long a request for a token is good, in seconds.
const CLAIM: u64 = 600;
/// How long before its end a token is used no more, in seconds.
const MARGIN: u64 = 60;

/// A service account.
pub(crate) struct Account {
    email: String,
    token_url: Url,
    key: RsaKeyPair,
    /// The token there is, and until when.
    token: std::sync::Mutex<Option<(Token, u64)>>,
}

/// The file that is made for a key of an account.
#[derive(Deserialize)]
struct Written {
    client_email: String,
    private_key: String,
    token_uri: Url,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

impl Account {
    /// An account as its key file describes it.
    ///
    /// # Errors
    /// It is no such file.
    pub(crate) fn new(file: &Passphrase) -> Result<Self, OpenError> {
        // What is wrong with it may hold the secret, so only where it is is told.
        let written: Written = serde_json::from_slice(file.as_bytes())
            .map_err(|error| OpenError::Account(format!("line {}", error.line())))?;
        let url = written.token_uri;
        if url.scheme() != "https" && !is_here(&url) {
            return Err(OpenError::Account("its token_uri".to_owned()));
        }
        let unread = || OpenError::Account("its private_key".to_owned());
        let pem = Zeroizing::new(written.private_key);
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unread())?;
        Ok(Self {
            email: written.client_email,
            token_url: url,
            key: RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| unread())?,
            token: std::sync::Mutex::default(),
        })
    }

    /// A token that is good for a while.
    pub(super) async fn token(&self, api: &Api, now: UnixTime) -> Result<Token, ProviderError> {
        let lock = || self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let held = lock().clone();
        if let Some((token, _)) = held.filter(|(_, until)| now.0 < *until) {
            return Ok(token);
        }
        let assertion = self.assertion(now).map_err(|error| api.no_answer(error))?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        let request = api.client().post(self.token_url.clone()).form(&form);
        let answer = api.ask(request, Size::Small).await?;
        if !answer.status.is_success() {
            // `invalid_grant` comes as a bad request.
            let status = match answer.status {
                StatusCode::BAD_REQUEST => StatusCode::UNAUTHORIZED,
                status => status,
            };
            return Err(api.refused(status, &answer.said()));
        }
        let issued: Issued = api.read(&answer)?;
        let unread = || api.says("a token that cannot be sent".to_owned(), "ask again");
        let token = Passphrase::typed(issued.access_token);
        let token = token.and_then(|token| Token::new(&token).ok());
        let token = token.ok_or_else(unread)?;
        let until = now
            .0
            .saturating_add(issued.expires_in)
            .saturating_sub(MARGIN);
        *lock() = Some((token.clone(), until));
        Ok(token)
    }

    /// Forgets the token: it was refused.
    pub(super) fn forget(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A request for a token, signed.
    fn assertion(&self, now: UnixTime) -> Result<Zeroizing<String>, CannotSign> {
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_url.as_str(),
            "iat": now.0,
            "exp": now.0.saturating_add(CLAIM),
        });
        let encoded =
            |part: &serde_json::Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let mut text = Zeroizing::new(format!("{}.{}", encoded(&header), encoded(&claims)));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.map_err(|_| CannotSign)?;
        text.push('.');
        text.push_str(&BASE64URL_NOPAD.encode(&signature));
        Ok(text)
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The key signs nothing.
#[derive(Debug, thiserror::Error)]
#[error("the account's key cannot sign")]
struct CannotSign;
