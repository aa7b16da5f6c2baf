//! `sandbox up`: everything runs until Ctrl-C.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use super::{DOMAIN, Folder, Internet, Lightning, Payname, Paynamed};
use crate::tools::own_binary;

/// All rooms, open.
#[derive(Debug)]
pub struct Sandbox {
    /// The DNS internet.
    pub internet: Internet,
    /// The registration server, its domain delegated.
    pub paynamed: Paynamed,
    /// The chain and the nodes.
    pub lightning: Lightning,
    // Last: what is in it is in use by the others.
    folder: Folder,
}

impl Sandbox {
    /// Starts everything.
    ///
    /// # Errors
    /// A program is missing or does not start; the folder with the logs is kept and named.
    pub async fn start() -> Result<Self> {
        let mut folder = Folder::new()?;
        match Self::open(&folder).await {
            Ok((internet, paynamed, lightning)) => Ok(Self {
                internet,
                paynamed,
                lightning,
                folder,
            }),
            Err(error) => {
                folder.keep();
                Err(error.context(format!("the logs are in {}", folder.path().display())))
            }
        }
    }

    async fn open(folder: &Folder) -> Result<(Internet, Paynamed, Lightning)> {
        let mut internet = Internet::start(folder).await?;
        let paynamed = Paynamed::start(folder, &internet).await?;
        internet.register_domain(&paynamed.ds_records()?)?;
        let lightning = Lightning::start(folder).await?;
        Ok((internet, paynamed, lightning))
    }

    /// Where everything is written.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Keeps the folder, to be looked at after a failure.
    pub fn keep(&mut self) {
        self.folder.keep();
    }

    /// The command in this sandbox.
    pub fn payname(&self) -> Payname {
        Payname::new(&self.lightning.payer())
            .with("PAYNAME_DNS", self.internet.unbound.address().to_string())
            .with(
                "PAYNAME_ANCHORS",
                self.internet.anchors().display().to_string(),
            )
            .with("PAYNAME_SERVER", self.paynamed.url())
            .with("PAYNAME_NETWORK", "regtest")
            .with("PAYNAME_CHAIN", self.lightning.bitcoind.chain_source())
    }

    /// Ends everything in order.
    ///
    /// # Errors
    /// Something does not end well.
    pub async fn stop(self) -> Result<()> {
        self.paynamed.stop().await?;
        self.lightning.stop().await?;
        self.internet.unbound.stop().await
    }
}

/// Starts everything, prints how to use it, and stays until Ctrl-C.
///
/// # Errors
/// As [`Sandbox::start`] and [`Sandbox::stop`].
pub async fn up() -> Result<()> {
    eprintln!("starting a private internet, paynamed, bitcoind and two Lightning nodes …");
    let sandbox = tokio::select! {
        sandbox = Sandbox::start() => sandbox?,
        told = told_to_stop() => return told, // dropping what has started ends it
    };
    print_usage(&sandbox)?;
    told_to_stop().await?;
    eprintln!("\nstopping …");
    sandbox.stop().await
}

/// Waits for Ctrl-C, or for the signal by which a service manager ends a program.
///
/// # Errors
/// The system does not let it listen.
pub async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => Ok(interrupt?),
        _ = terminate.recv() => Ok(()),
    }
}

fn print_usage(sandbox: &Sandbox) -> Result<()> {
    let program = own_binary("payname")?;
    println!("# The sandbox is up; Ctrl-C ends it. Paste this into another terminal:");
    println!();
    for (variable, value) in sandbox.payname().environment() {
        println!("export {variable}='{value}'");
    }
    println!("export OFFER='{}'", sandbox.lightning.offer());
    println!("alias payname='{}'", program.display());
    println!();
    println!("# and then, for example:");
    println!("#   payname keys new");
    println!("#   payname register ₿alice@{DOMAIN} --offer \"$OFFER\"");
    println!("#   payname verify ₿alice@{DOMAIN} --save alice.proof");
    println!("#   payname pay ₿alice@{DOMAIN} 25000sat --yes");
    println!();
    println!("# DNS over HTTP   {}", sandbox.internet.unbound.doh_url());
    println!(
        "# a recursor that can be made to lie in tests   {}",
        sandbox.internet.world.recursor().address()
    );
    println!(
        "# bitcoind RPC    {}",
        sandbox.lightning.bitcoind.chain_source()
    );
    println!("# files and logs  {}", sandbox.folder().path().display());
    Ok(())
}
