//! The domains that this server does not serve itself, and who does.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::{
    clock::Clock,
    config::ProvidedDomain,
    prove::Prover,
    publisher::{Board, Lookup, Manual, Provided, Publisher, Vacancies, reconcile},
    store::Store,
};

/// Who publishes the names of those domains, and how they stand.
pub(super) struct Others {
    /// By domain.
    pub(super) publishers: BTreeMap<String, Arc<dyn Publisher>>,
    pub(super) board: Board,
    pub(super) vacancies: Vacancies,
    provided: Vec<Arc<Provided>>,
}

impl Others {
    /// Makes all of them ready; nobody is asked anything yet.
    pub(super) fn open(
        domains: &[ProvidedDomain],
        store: &Arc<dyn Store>,
        prover: &Arc<Prover>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let mut publishers = BTreeMap::new();
        let (mut provided, mut lookups) = (Vec::new(), BTreeMap::new());
        for one in domains {
            let (domain, kept) = (one.domain.clone(), Arc::clone(store));
            let name = domain.name.clone();
            let opened = one.open(clock).map_err(|source| StartError::Provider {
                domain: name.clone(),
                source,
            })?;
            let (publisher, lookup): (Arc<dyn Publisher>, _) = match opened {
                None => {
                    let lookup = Lookup::Dns(Arc::clone(prover));
                    (Arc::new(Manual::new(&domain, kept)), lookup)
                }
                Some(provider) => {
                    let one = Arc::new(Provided::new(domain, provider, kept));
                    provided.push(Arc::clone(&one));
                    (Arc::clone(&one) as _, Lookup::Provider(one))
                }
            };
            publishers.insert(name.clone(), publisher);
            lookups.insert(name, lookup);
        }
        let board = Board::default();
        Ok(Self {
            publishers,
            vacancies: Vacancies::new(board.clone(), Arc::clone(store), lookups),
            board,
            provided,
        })
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
