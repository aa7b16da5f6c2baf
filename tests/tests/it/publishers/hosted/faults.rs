//! What goes wrong with every service, and what is told of it.

use payname_server::publisher::{Provider, put};

use super::service::{Fault, Service, Stands};
use crate::publishers::contract::{long_uri, owner, shown, text};
use crate::publishers::rfc2136::chain;

/// Whatever goes wrong is told, without anybody's name, and is done when it is asked for again.
pub(crate) async fn are_told_and_overcome(service: &Service<impl Stands>, provider: &dyn Provider) {
    let faults = [
        (Fault::TooMany, "takes no more for 7 s"),
        (Fault::Broken, "500"),
        (Fault::Garbage, "gives no answer that can be used"),
        (Fault::Half, "gives no answer that can be used"),
        (Fault::Silence, "gives no answer that can be used"),
    ];
    for (number, (fault, told)) in faults.into_iter().enumerate() {
        for at_write in [false, true] {
            let uri = long_uri(&format!("{number}{at_write}"));
            service.fail_next(fault.clone(), at_write);
            let error = put(provider, &owner("alice"), Some(&text(&uri))).await;
            let error = chain(&error.unwrap_err());
            assert!(error.contains(told), "{fault:?}, {at_write}: {error}");
            assert!(!error.contains("alice"), "a person's name: {error}");
            put(provider, &owner("alice"), Some(&text(&uri)))
                .await
                .unwrap();
            assert_eq!(shown(provider, "alice").await, [uri]);
        }
    }
}

/// A service that does not know us says so, with what to do, and without what it was told.
pub(crate) async fn of_keys_are_told(stranger: &dyn Provider, said: &[&str], secret: &str) {
    let error = put(stranger, &owner("alice"), Some(&text("bitcoin:?new"))).await;
    let error = error.unwrap_err();
    let error = format!("{} {stranger:?} {error:?}", chain(&error));
    for said in said {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert!(!error.contains(secret), "{error}");
}
