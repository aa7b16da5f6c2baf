//! A domain: what its zone is, and what the registrar has to know about it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use payname_api::DomainInfo;
use payname_zones::Zone;

use super::{App, failure::Failure};

pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DomainInfo>, Failure> {
    let Path(name) = path?;
    let domain = app.domain(&name)?;
    let zone = app
        .served
        .zone(&domain.zone, |zone| (zone.ds_text(), Zone::serial(zone)));
    Ok(Json(DomainInfo {
        domain: domain.name.clone(),
        ds: zone.iter().map(|(ds, _)| ds.clone()).collect(),
        nameservers: domain
            .nameservers
            .iter()
            .map(|name| name.to_ascii())
            .collect(),
        ttl: domain.ttl,
        negative_ttl: domain.negative_ttl,
        serial: zone.map(|(_, serial)| serial),
        network: app.policy.network.to_string(),
    }))
}
