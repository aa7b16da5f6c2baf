//! Names that the server draws, to choose from, each with a ticket that shows it has drawn it.
//!
//! A ticket is a MAC over the name with a secret of the day, which all servers of a store share: so none has to be
//! kept, and whoever wants a certain name cannot say that it was drawn.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State as AppState, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use payname_api::{DrawnName, DrawnNames, codes, paths};
use payname_resolver::{Handle, UnixTime};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, asked::PathOfDomain, document::problems, failure::Failure};
use crate::{config::Domain, registration::Refusal, web, words};

/// How many names are shown at once.
const SHOWN: usize = 6;
/// How many are drawn for them: some are not free.
const DRAWN: usize = 24;
/// From which on they have a number behind them, since those without are scarce.
const NUMBERED: usize = 12;
const DAY: u64 = 24 * 3600;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show))
}

problems!(ShowProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, CLOSED);

/// Free names that the server draws, to choose from, in domains that give such names.
///
/// Each comes with the ticket that has to be sent as `drawn` with the claim. Nothing is reserved.
#[utoipa::path(
    get,
    path = paths::DRAWN,
    operation_id = "drawn_handles",
    tag = "names",
    params(PathOfDomain),
    responses(
        (status = OK, description = "Some names, other ones each time.", body = DrawnNames),
        ShowProblems,
    ),
)]
async fn show(
    AppState(app): AppState<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let Path(name) = path?;
    let items = app.drawn_names(app.domain(&name)?).await?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(DrawnNames { items })).into_response())
}

impl App {
    /// Some free names of a domain that gives drawn ones.
    pub(crate) async fn drawn_names(&self, domain: &Domain) -> Result<Vec<DrawnName>, Failure> {
        if !domain.entry.random {
            return Err(Refusal::NotDrawn(domain.name.clone()).into());
        }
        let now = self.clock.now();
        let mut handles = BTreeSet::new();
        for count in 0..DRAWN {
            let mut random = [0; words::OCTETS];
            let filled = SystemRandom::new().fill(&mut random);
            filled.map_err(|_| Failure::unavailable("no name could be drawn; try again"))?;
            let user = words::draw(random, count >= NUMBERED);
            let handle = Handle::new(&user, &domain.name)?;
            if domain.entry.names.check_form(&user).is_ok()
                && !domain.entry.names.is_reserved(&user)
                && self.served.check_free(&domain.zone, &handle).is_ok()
                && self.vacancies.check_listed(&handle).is_ok()
                && web::reserved::check(&handle, &self.domains).is_ok()
            {
                handles.insert((count, handle));
            }
        }
        let wanted: Vec<Handle> = handles.into_iter().map(|(_, handle)| handle).collect();
        let taken = self.store.registrations(&wanted).await?;
        let sure = self.sure_time.now();
        let is_free = |handle: &Handle| {
            let mut taken = taken.iter();
            !taken.any(|taken| taken.handle == *handle && !taken.is_free(sure))
        };
        let mut items: Vec<DrawnName> = Vec::new();
        for handle in wanted.iter().filter(|handle| is_free(handle)) {
            if items.len() < SHOWN && items.iter().all(|item| item.user != handle.user()) {
                items.push(DrawnName {
                    user: handle.user().to_owned(),
                    drawn: self.ticket(handle, now).await?,
                });
            }
        }
        Ok(items)
    }

    async fn ticket(&self, handle: &Handle, now: UnixTime) -> Result<String, Failure> {
        let day = day(now);
        let secret = self.store.secret_of_day(day).await?;
        let tag = hmac::sign(&key(&secret), message(handle).as_bytes());
        Ok(format!("{day}.{}", HEXLOWER.encode(tag.as_ref())))
    }

    /// Whether a name was drawn, as its ticket shows; without one it was chosen.
    pub(super) async fn check_drawn(
        &self,
        handle: &Handle,
        ticket: Option<&str>,
        now: UnixTime,
    ) -> Result<bool, Failure> {
        let Some(ticket) = ticket else {
            return Ok(false);
        };
        let today = day(now);
        let read = || {
            let (of, tag) = ticket.split_once('.')?;
            let of: u64 = of.parse().ok()?;
            let tag = HEXLOWER.decode(tag.as_bytes()).ok()?;
            (of == today || of.saturating_add(1) == today).then_some((of, tag))
        };
        let (of, tag) = read().ok_or_else(not_good)?;
        let secret = self.store.secret_of_day(of).await?;
        let checked = hmac::verify(&key(&secret), message(handle).as_bytes(), &tag);
        checked.map(|()| true).map_err(|_| not_good())
    }
}

fn day(now: UnixTime) -> u64 {
    now.0.checked_div(DAY).unwrap_or(0)
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

/// The networks of a day are hashed with the same secret; none is written like this.
fn message(handle: &Handle) -> String {
    format!("drawn name {}", handle.as_str())
}

fn not_good() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        codes::DRAWN_INVALID,
        "Not drawn",
        "the ticket in `drawn` is not good for this name, or not any more; have names drawn again",
    )
}
