//! Operators' tokens: `Authorization: Bearer …` (RFC 6750).

use axum::http::{HeaderMap, StatusCode, header};
use payname_api::codes;
use payname_resolver::UnixTime;

use super::{App, asked::Asked, failure::Failure};
use crate::{
    auth::AuthError,
    config::Domain,
    key::OwnerKey,
    registration::{By, Registration},
    tokens::{Act, Scope, TokenHash},
};

/// Who looks at something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Whoever comes by.
    Anybody,
    /// The holder of a key.
    Key(OwnerKey),
    /// The operator, by the name of the token.
    Operator(String),
}

impl Reader {
    /// Whether everything about a name is theirs to see.
    pub(super) fn sees_all_of(&self, registration: &Registration) -> bool {
        match self {
            Self::Anybody => false,
            Self::Key(key) => *key == registration.owner,
            Self::Operator(_) => true,
        }
    }
}

impl App {
    /// Who asks for a change: the holder of a token with this scope, or else of a key.
    pub(super) async fn by(
        &self,
        asked: &Asked,
        body: &[u8],
        now: UnixTime,
        scope: Scope,
        domain: &Domain,
    ) -> Result<By, Failure> {
        match self.operator(asked, now, scope, domain).await? {
            Some(token) => Ok(By::Operator(token)),
            None => Ok(By::Key(self.signed(asked, body, now)?)),
        }
    }

    /// Who asks to see something, if that is said. Looking changes nothing: a signed event is not used up.
    pub(super) async fn reader(&self, asked: &Asked, domain: &Domain) -> Result<Reader, Failure> {
        let now = self.clock.now();
        if let Some(token) = self.operator(asked, now, Scope::Read, domain).await? {
            return Ok(Reader::Operator(token));
        }
        match self.verify(asked, &header::AUTHORIZATION, b"", now) {
            Ok(signed) => Ok(Reader::Key(signed.owner)),
            Err(AuthError::Missing) => Ok(Reader::Anybody),
            Err(error) => Err(error.into()),
        }
    }

    /// The name of the operator's token that was sent, if one was: then it must be good for this.
    pub(super) async fn operator(
        &self,
        asked: &Asked,
        now: UnixTime,
        scope: Scope,
        domain: &Domain,
    ) -> Result<Option<String>, Failure> {
        let Some(token) = bearer(&asked.headers) else {
            return Ok(None);
        };
        let found = self.store.use_token(TokenHash::of(token), now).await?;
        let found = found.filter(|found| found.is_good(now));
        let found = found.ok_or_else(invalid)?;
        if !found.allows(scope, &domain.name) {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                codes::TOKEN_SCOPE,
                "Token not good for this",
                format!(
                    "this token is not good for `{}` in {}; make one that is: paynamed token create",
                    scope.word(),
                    domain.name
                ),
            ));
        }
        Ok(Some(found.name))
    }

    /// As [`operator`](Self::operator), where nobody else has any business.
    pub(super) async fn only_operator(
        &self,
        asked: &Asked,
        now: UnixTime,
        scope: Scope,
        domain: &Domain,
    ) -> Result<String, Failure> {
        let operator = self.operator(asked, now, scope, domain).await?;
        operator.ok_or_else(invalid)
    }

    /// Writes down what an operator looks at, before it is shown.
    pub(super) async fn looked(
        &self,
        actor: &str,
        deed: &str,
        subject: impl Into<String>,
    ) -> Result<(), Failure> {
        let act = Act {
            at: self.clock.now(),
            actor: actor.to_owned(),
            deed: deed.to_owned(),
            subject: subject.into(),
        };
        Ok(self.store.record(act).await?)
    }
}

/// The token in a header of this form; whatever has another is left to others.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn invalid() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        codes::TOKEN_INVALID,
        "No good token",
        "this is for operators: send `Authorization: Bearer <token>` with one that `paynamed token create` has made, and that is neither revoked nor over",
    )
}
