//! The ways to pay, in the words of `fetchbip353`.

use payname_resolver::{Instructions, Method, UnixTime};
use serde_json::{Value, json};

use crate::node::Network;

/// The offers and addresses of this network that have not expired, in the order of the URI.
pub(super) fn listed(instructions: &Instructions, network: Network, now: UnixTime) -> Vec<Value> {
    let methods = instructions.methods().iter();
    let usable = methods.filter(|method| {
        let has_expired = method.expires_at().is_some_and(|expiry| now > expiry);
        method.supports(network.into()) && !has_expired
    });
    usable
        .filter_map(|method| entry(instructions, method))
        .collect()
}

fn entry(instructions: &Instructions, method: &Method) -> Option<Value> {
    let fixed = method.limits().fixed();
    let mut entry = match method {
        Method::Offer(offer) => json!({ "offer": offer.text() }),
        Method::OnChain(address) => json!({ "onchain": address.text() }),
        _ => return None,
    };
    let map = entry.as_object_mut()?;
    match (method, fixed) {
        (Method::Offer(_), Some(amount)) => {
            map.insert("offchain_amount_msat".to_owned(), json!(amount.msat()));
        }
        (_, Some(amount)) => {
            map.insert(
                "onchain_amount_sat".to_owned(),
                json!(amount.sat_rounded_up()),
            );
        }
        _ => {}
    }
    let offers_own = match method {
        Method::Offer(offer) => offer.description(),
        _ => None,
    };
    let said = offers_own.or_else(|| instructions.message().map(str::to_owned));
    if let Some(said) = said {
        map.insert("description".to_owned(), json!(said));
    }
    Some(entry)
}
