//! What would be published, read back before it is signed.

use payname_resolver::{Handle, HandleError, Instructions, instructions::UriError};
use payname_zones::{PaymentError, payment_record};

use super::{
    methods::{Way, shown, ways},
    moment::span,
    reserved::{self, ReservedPath},
};
use crate::{config::Domain, http::App, policy::PolicyError, publisher::Reserved};

/// A record that is not published yet, taken apart by our own resolver.
#[derive(Debug)]
pub(super) struct ReadBack {
    pub(super) handle: Handle,
    pub(super) uri: String,
    pub(super) owner_name: String,
    /// The strings of the TXT record.
    pub(super) strings: Vec<String>,
    pub(super) ttl: String,
    pub(super) ways: Vec<Way>,
    /// Label and message.
    pub(super) words: Vec<(&'static str, String)>,
}

impl ReadBack {
    /// Judges what was typed, as the API would, and says what it comes to.
    ///
    /// # Errors
    /// [`ReadBackError`] says what to write instead.
    pub(super) fn of(
        app: &App,
        domain: &Domain,
        handle: Handle,
        typed: &str,
    ) -> Result<Self, ReadBackError> {
        let uri = uri_of(typed);
        app.policy.check(&uri, domain.ttl, app.clock.now())?;
        let record = payment_record(&handle, &uri)?;
        let instructions = Instructions::parse(&uri)?;
        let strings = record.txt().txt_data.iter();
        let words = [
            ("Label", instructions.label()),
            ("Message", instructions.message()),
        ];
        let words = words
            .into_iter()
            .filter_map(|(term, text)| Some((term, shown(text?))))
            .collect();
        Ok(Self {
            owner_name: handle.owner_name().to_ascii(),
            strings: strings
                .map(|string| String::from_utf8_lossy(string).into_owned())
                .collect(),
            ttl: span(domain.ttl.into()),
            ways: ways(&instructions),
            words,
            handle,
            uri,
        })
    }
}

/// A name under a domain that may be given to somebody, whether or not somebody has it.
///
/// # Errors
/// [`ReadBackError`] says why not.
pub(super) fn name(app: &App, domain: &Domain, user: &str) -> Result<Handle, ReadBackError> {
    let user = user.trim_start_matches('₿');
    let ending = format!("@{}", domain.name);
    let user = user.strip_suffix(&ending).unwrap_or(user);
    let handle = Handle::new(user, &domain.name)?;
    app.served.check_free(&domain.zone, &handle)?;
    app.vacancies.check_listed(&handle)?;
    reserved::check(&handle, &app.domains)?;
    Ok(handle)
}

/// The URI that is meant by codes which may stand without one, each on a line of its own.
fn uri_of(typed: &str) -> String {
    let codes: Vec<&str> = typed.split_whitespace().collect();
    let lower = |code: &str| code.to_ascii_lowercase();
    if codes.len() == 1 && lower(typed.trim()).starts_with("bitcoin:") {
        return typed.trim().to_owned();
    }
    let (mut addresses, mut parameters) = (Vec::new(), Vec::new());
    for code in codes {
        let small = lower(code);
        let key = ["lno1", "tsp1", "sp1", "pay1", "ark1", "tark1", "creqb1"];
        match key.iter().find(|start| small.starts_with(**start)) {
            Some(&"creqb1") => parameters.push(format!("creq={code}")),
            Some(start) => parameters.push(format!("{}={code}", start.trim_end_matches('1'))),
            None => addresses.push(code),
        }
    }
    // Several are no address, which the reader will be told.
    let address = addresses.join(",");
    match parameters.is_empty() {
        true => format!("bitcoin:{address}"),
        false => format!("bitcoin:{address}?{}", parameters.join("&")),
    }
}

/// Why something cannot be registered.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadBackError {
    /// It is no name.
    #[error(transparent)]
    Name(#[from] HandleError),
    /// The operator keeps it.
    #[error(transparent)]
    Kept(#[from] Reserved),
    /// It would be an address of the server.
    #[error(transparent)]
    Path(#[from] ReservedPath),
    /// It is not worth publishing.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// It makes no record.
    #[error(transparent)]
    Record(#[from] PaymentError),
    /// It is no URI.
    #[error(transparent)]
    Uri(#[from] UriError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_without_a_uri_are_put_into_one_and_a_uri_is_left_as_it_is() {
        for (typed, uri) in [
            (
                "bitcoin:?lno=lno1x&label=A%20b",
                "bitcoin:?lno=lno1x&label=A%20b",
            ),
            (" BITCOIN:?LNO=LNO1X\n", "BITCOIN:?LNO=LNO1X"),
            ("lno1x", "bitcoin:?lno=lno1x"),
            ("lno1x\r\nsp1y\nbc1qz", "bitcoin:bc1qz?lno=lno1x&sp=sp1y"),
            ("bc1qa bc1qb", "bitcoin:bc1qa,bc1qb"),
            (
                "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
                "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
            ),
        ] {
            assert_eq!(uri_of(typed), uri);
        }
    }
}
