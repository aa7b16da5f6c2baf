//! Publishing by hand: it is told what to paste, and waited until it is proven.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use payname_resolver::Handle;
use payname_zones::{PaymentError, payment_record};

use super::{PublishError, Publisher, edit::Text, quoted::quoted};
use crate::{config::Domain, registration::Registration, store::Store};

/// A domain whose records somebody sets by hand.
#[derive(Debug)]
pub(crate) struct Manual {
    ttl: u32,
    store: Arc<dyn Store>,
    /// What was told last of each name, to tell it once.
    told: std::sync::Mutex<BTreeMap<Handle, u64>>,
}

impl Manual {
    pub(crate) fn new(domain: &Domain, store: Arc<dyn Store>) -> Self {
        Self {
            ttl: domain.ttl,
            store,
            told: std::sync::Mutex::default(),
        }
    }

    fn is_new(&self, registration: &Registration) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let version = registration.version;
        told.insert(registration.handle.clone(), version) != Some(version)
    }
}

#[async_trait]
impl Publisher for Manual {
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>> {
        let found = match self.store.registrations(names).await {
            Ok(found) => found,
            Err(error) => {
                let error = Arc::new(PublishError::from(error));
                let told = |_| Err(PublishError::Shared(Arc::clone(&error)));
                return names.iter().map(told).collect();
            }
        };
        for registration in found.iter().filter(|one| self.is_new(one)) {
            if let Some(what) = self.by_hand(registration) {
                tracing::warn!(handle = %registration.handle, "{what}");
            }
        }
        names.iter().map(|_| Ok(())).collect()
    }

    fn by_hand(&self, registration: &Registration) -> Option<String> {
        let owner = registration.handle.owner_name();
        match line_to_paste(registration, self.ttl).ok()? {
            Some(line) => Some(format!(
                "set this record, in place of any other that begins with \"bitcoin:\" there; it is looked for every minute: {line}"
            )),
            None => Some(format!(
                "remove the TXT record that begins with \"bitcoin:\" at {owner}; it is looked at every minute"
            )),
        }
    }
}

/// The record of a name as one line of a master file; none where it has none.
pub(crate) fn line_to_paste(
    registration: &Registration,
    ttl: u32,
) -> Result<Option<String>, PaymentError> {
    let Some(uri) = &registration.uri else {
        return Ok(None);
    };
    let record = payment_record(&registration.handle, uri)?;
    let text = quoted(&Text::new(record.txt(), ttl).strings);
    let owner = record.owner().to_ascii();
    Ok(Some(format!("{owner} {ttl} IN TXT {text}")))
}
