//! `LISTEN` and `NOTIFY`: servers tell each other that there is something to do.
//!
//! A notification is only a hint. One that is lost, as while a connection is made anew, is made up for by the
//! patrols of whoever waits for it. It is sent after the commit and not in it, since a
//! transaction that notifies commits alone.

use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{Arc, PoisonError},
    time::Duration,
};

use deadpool_postgres::Pool;
use tokio::{sync::Notify, task::JoinSet, time::sleep};
use tokio_postgres::{AsyncMessage, Config};

use super::tls::Tls;
use crate::{
    outbox::Chain,
    store::{Bells, StoreError},
};

/// What is listened to.
const CHANNEL: &str = "paynamed";
/// How long to wait between two notifications; what happens meanwhile shares one.
const BREATH: Duration = Duration::from_millis(5);
/// How long to wait before a lost connection is made anew.
const PAUSE: Duration = Duration::from_secs(1);

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// There are new tasks.
    Outbox,
    /// A zone has changed.
    Zones,
}

impl About {
    const ALL: [(Self, &'static str); 2] = [(Self::Outbox, "outbox"), (Self::Zones, "zones")];

    fn word(self) -> &'static str {
        let mut all = Self::ALL.iter().filter(|(about, _)| *about == self);
        all.next().map_or("", |(_, word)| word)
    }
}

/// Rings at all servers of a database.
#[derive(Debug)]
pub(super) struct Bell {
    bells: Bells,
    pending: Arc<Pending>,
    /// Ends the work when dropped.
    _work: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Pending {
    about: std::sync::Mutex<BTreeSet<About>>,
    added: Notify,
}

impl Bell {
    /// Listens on a connection of its own, and notifies through the pool.
    pub(super) fn hang(config: Config, tls: Tls, pool: Pool) -> Self {
        let (bells, pending) = (Bells::default(), Arc::new(Pending::default()));
        let mut work = JoinSet::new();
        work.spawn(listen(config, tls, bells.clone()));
        work.spawn(tell(pool, Arc::clone(&pending)));
        Self {
            bells,
            pending,
            _work: work,
        }
    }

    /// What rings here, whoever pulls.
    pub(super) fn bells(&self) -> Bells {
        self.bells.clone()
    }

    /// Rings at all servers, soon.
    pub(super) fn ring(&self, about: About) {
        let mut pending = self.pending.about.lock();
        let added = pending
            .as_mut()
            .map_or_else(|_| false, |pending| pending.insert(about));
        if added {
            self.pending.added.notify_one();
        }
    }
}

async fn tell(pool: Pool, pending: Arc<Pending>) {
    loop {
        pending.added.notified().await;
        let about =
            std::mem::take(&mut *pending.about.lock().unwrap_or_else(PoisonError::into_inner));
        for about in about {
            if let Err(error) = notify(&pool, about).await {
                tracing::debug!(error = %Chain(&error), "other servers are not told of a change; they look by themselves");
            }
        }
        sleep(BREATH).await;
    }
}

async fn notify(pool: &Pool, about: About) -> Result<(), StoreError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached("SELECT pg_notify($1, $2)").await?;
    client
        .execute(&statement, &[&CHANNEL, &about.word()])
        .await?;
    Ok(())
}

async fn listen(config: Config, tls: Tls, bells: Bells) {
    loop {
        if let Err(error) = listen_once(&config, &tls, &bells).await {
            tracing::warn!(error = %Chain(&error), "the database tells of no changes now; they are looked for by polling");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(config: &Config, tls: &Tls, bells: &Bells) -> Result<(), StoreError> {
    let (client, mut connection) = config.connect(tls.clone()).await?;
    let statement = format!("LISTEN {CHANNEL}");
    let hear = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message? {
                ring(bells, notification.payload());
            }
        }
        Err(StoreError::Closed)
    };
    let ask = async {
        client.batch_execute(&statement).await?;
        // What was told before is found by looking once.
        bells.outbox.notify_one();
        bells.zones.notify_one();
        std::future::pending::<Result<(), StoreError>>().await
    };
    tokio::try_join!(hear, ask).map(|((), ())| ())
}

fn ring(bells: &Bells, word: &str) {
    match About::ALL.iter().find(|(_, known)| *known == word) {
        Some((About::Outbox, _)) => bells.outbox.notify_one(),
        Some((About::Zones, _)) => bells.zones.notify_one(),
        None => {} // of a later version
    }
}
