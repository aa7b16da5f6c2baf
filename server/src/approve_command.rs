//! `paynamed approve`: the operator's word on names that wait for it.

use anyhow::{Context as _, bail};
use clap::Args;
use payname_resolver::{Handle, UnixTime};
use payname_server::{
    Clock, Config, is_filed, open_registry,
    policy::Policy,
    registration::{By, Change, Precondition, Registration, What},
    store::Store,
};

use crate::print;

/// Who acts at the command line, in histories and in the audit log.
const ACTOR: &str = "paynamed";
/// How many names are read at once.
const TOGETHER: usize = 500;

/// Which names are given.
#[derive(Args)]
pub(crate) struct ApproveCommand {
    /// The names, alice@example.com; without any, those that wait are listed
    names: Vec<Handle>,
    /// Refuse them: they are free at once
    #[arg(long, requires = "names")]
    refuse: bool,
}

impl ApproveCommand {
    pub(crate) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = open_registry(config).await?;
        let now = Clock::system().now();
        if self.names.is_empty() {
            return list(&*store, config).await;
        }
        for handle in self.names {
            let said = decide(&*store, config, &handle, self.refuse, now);
            let said = said.await.with_context(|| handle.to_string())?;
            print([format!("{handle} {said}").as_str()]);
        }
        Ok(())
    }
}

async fn list(store: &dyn Store, config: &Config) -> anyhow::Result<()> {
    for domain in config.all_domains() {
        let mut after: Option<String> = None;
        loop {
            let waiting = store.awaiting(&domain.name, after.as_deref(), TOGETHER);
            let waiting = waiting.await?;
            let lines: Vec<String> = waiting.iter().filter_map(told).collect();
            print(lines.iter().map(String::as_str));
            if waiting.len() < TOGETHER {
                break;
            }
            after = waiting.last().map(|last| last.handle.user().to_owned());
        }
    }
    Ok(())
}

fn told(waiting: &Registration) -> Option<String> {
    let awaited = waiting.awaits.as_ref()?;
    let condition = awaited.demand.condition.escape_debug();
    let (handle, until) = (&waiting.handle, awaited.until);
    let (at, key) = (waiting.created_at, waiting.owner);
    Some(format!(
        "{handle}  {condition}  claimed {at} by {key}  reserved until {until}"
    ))
}

async fn decide(
    store: &dyn Store,
    config: &Config,
    handle: &Handle,
    refuse: bool,
    now: UnixTime,
) -> anyhow::Result<&'static str> {
    let mut domains = config.all_domains();
    let domain = domains.find(|domain| domain.name == handle.domain());
    let domain = domain.context("its domain is not in the configuration")?;
    let found = store.registration(handle).await?;
    let waiting = found.filter(|found| found.awaits.is_some() && !found.was_never_given(now));
    let waiting =
        waiting.context("it does not wait; `paynamed approve` lists the names that do")?;
    let policy = Policy {
        network: config.network,
        allow_onchain: config.allow_onchain,
    };
    if let Some(kept) = waiting.kept.as_deref().filter(|_| !refuse)
        && let Err(error) = policy.check(kept, domain.ttl, now)
    {
        bail!("what it shall pay cannot be published any more: {error}");
    }
    if !refuse && is_filed(domain, handle)? {
        bail!(
            "the zone's file of records has one of its own for this name; take it out there, or refuse the claim (--refuse)"
        );
    }
    let (what, said) = match refuse {
        true => (What::Remove, "is refused, and free"),
        false => (What::Fulfil, "is given, and on its way into DNS"),
    };
    let by = By::Operator(ACTOR.to_owned());
    let change = Change {
        terms: domain.terms,
        // What was decided is about the claim that was seen.
        precondition: Precondition::Version(waiting.version),
        ..Change::by(handle.clone(), what, by, now)
    };
    store.change(change).await?;
    Ok(said)
}
