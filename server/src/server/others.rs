//! The domains that this server does not serve itself, and who does.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::{
    clock::Clock,
    config::ProvidedDomain,
    publisher::{Board, Manual, Provided, Publisher, reconcile},
    store::Store,
};

/// Who publishes the names of those domains, and how they stand.
pub(super) struct Others {
    /// By domain.
    pub(super) publishers: BTreeMap<String, Arc<dyn Publisher>>,
    pub(super) board: Board,
    provided: Vec<Arc<Provided>>,
}

impl Others {
    /// Makes all of them ready; nobody is asked anything yet.
    pub(super) fn open(
        domains: &[ProvidedDomain],
        store: &Arc<dyn Store>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let mut others = Self {
            publishers: BTreeMap::new(),
            board: Board::default(),
            provided: Vec::new(),
        };
        for one in domains {
            let (domain, store) = (one.domain.clone(), Arc::clone(store));
            let name = domain.name.clone();
            let opened = one.open(clock).map_err(|source| StartError::Provider {
                domain: name.clone(),
                source,
            })?;
            let publisher: Arc<dyn Publisher> = match opened {
                None => Arc::new(Manual::new(&domain, store)),
                Some(provider) => {
                    let provided = Arc::new(Provided::new(domain, provider, store));
                    others.provided.push(Arc::clone(&provided));
                    provided
                }
            };
            others.publishers.insert(name, publisher);
        }
        Ok(others)
    }

    /// Compares what they show with the registry, now and then.
    pub(super) fn watch(&self, working: &CancellationToken) -> Vec<JoinHandle<()>> {
        let watching = self.provided.iter().map(|provided| {
            let (provided, board) = (Arc::clone(provided), self.board.clone());
            tokio::spawn(reconcile(provided, board, working.clone()))
        });
        watching.collect()
    }
}
