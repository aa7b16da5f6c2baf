//! The endpoints that are asked, each remembering what it gave.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use payname_resolver::{
    Handle,
    net::{
        ClientOptions, Endpoint, Endpoints, EndpointsError, EndpointsOptions, Gathering, Privacy,
        ProofSource,
    },
    resolution::Gathered,
};

use super::failure;
use crate::{context::Context, failure::Failure};

/// The endpoints that the options name, opened.
pub(super) struct Sources {
    kept: Vec<Arc<Kept>>,
    endpoints: Endpoints,
}

/// A source that keeps what it gave, so that a refusal can be explained by it.
#[derive(Debug)]
struct Kept {
    source: Arc<dyn ProofSource>,
    given: Mutex<Option<Gathered>>,
}

impl Sources {
    /// Opens all of them; no socket is used yet.
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let named = context.endpoints()?;
        let client = context.connections()?;
        let options = options(context, named.len());
        let opened: Result<Vec<_>, EndpointsError> = named
            .into_iter()
            .map(|endpoint| open(endpoint, &client, options))
            .collect();
        let kept = opened.map_err(|error| failure::from_opening(error, context))?;
        let sources = kept
            .iter()
            .map(|kept| Arc::clone(kept) as Arc<dyn ProofSource>)
            .collect();
        let endpoints = Endpoints::new(sources, options)
            .map_err(|error| failure::from_opening(error, context))?;
        Ok(Self { kept, endpoints })
    }

    /// All of them in order.
    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Their names, as they were written.
    pub(super) fn names(&self) -> Vec<String> {
        self.kept.iter().map(ToString::to_string).collect()
    }

    /// What they gave, in their order.
    pub(super) fn given(&self) -> Vec<Gathered> {
        self.kept.iter().filter_map(|kept| kept.given()).collect()
    }
}

/// One endpoint has all the time there is; several share it.
fn options(context: &Context, count: usize) -> EndpointsOptions {
    let options = match context.global.proxy {
        None => EndpointsOptions::default(),
        Some(_) => EndpointsOptions {
            hedge: Duration::from_secs(3),
            attempt: Duration::from_secs(15),
            total: Duration::from_secs(30),
            ..EndpointsOptions::default()
        },
    };
    match count {
        0 | 1 => EndpointsOptions {
            attempt: options.total,
            ..options
        },
        _ => options,
    }
}

fn open(
    endpoint: Endpoint,
    client: &ClientOptions,
    options: EndpointsOptions,
) -> Result<Arc<Kept>, EndpointsError> {
    let opened = Endpoints::open(&endpoint.into(), client, options)?;
    let source = opened.sources().first().ok_or(EndpointsError::Empty)?;
    Ok(Arc::new(Kept {
        source: Arc::clone(source),
        given: Mutex::new(None),
    }))
}

impl Kept {
    fn given(&self) -> Option<Gathered> {
        let given = self.given.lock();
        given.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ProofSource for Kept {
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a> {
        Box::pin(async move {
            let gathered = self.source.gather(handle).await?;
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            *given = Some(gathered.clone());
            Ok(gathered)
        })
    }

    fn privacy(&self) -> Privacy {
        self.source.privacy()
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}
