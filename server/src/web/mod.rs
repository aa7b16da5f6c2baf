//! The pages: what people see of names in a browser. Values go in, HTML comes out.
//!
//! Every page is whole without JavaScript, loads nothing from anybody else, and is drawn
//! from what the registry and the proofs say. A fixed page's path starts with `/~/`,
//! which no name can have; see [`reserved`].

mod amount;
mod assets;
mod awaited;
mod deed;
mod form;
mod found;
mod frame;
mod headers;
mod history;
mod home;
mod kept;
mod manage;
mod methods;
mod missing;
mod moment;
mod pay;
mod place;
mod qr;
mod readback;
mod register;
pub(crate) mod reserved;
mod signing;
mod site;

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post},
};

pub(crate) use self::site::Site;

use crate::http::App;

/// The routes of the pages; none where the operator wants none.
pub(crate) fn routes(site: &Site) -> Router<Arc<App>> {
    if !site.is_enabled() {
        return Router::new();
    }
    Router::new()
        .route("/", get(home::show))
        .route("/{name}", get(pay::one))
        .route("/{name}/{more}", get(pay::two))
        .route("/{domain}/{user}/proof", get(pay::three))
        .route("/~/{file}", get(assets::show))
        .route("/~/register", get(register::start))
        .route("/~/register/check", post(register::check))
        .route("/~/register/key", post(register::key))
        .route("/~/register/sign", post(register::sign))
        .route("/~/manage", get(manage::show))
        .route("/~/manage/check", post(manage::check))
        .route("/~/manage/sign", post(manage::sign))
        .layer(from_fn(headers::add))
}
