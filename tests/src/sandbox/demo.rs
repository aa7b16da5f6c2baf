//! `sandbox demo`: the whole line, told step by step with the real programs.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::story::Story;
use super::{DOMAIN, Folder, Internet, Lightning, Payname, Paynamed};

/// What is paid in the story.
const AMOUNT: &str = "25000sat";
const AMOUNT_SAT: u64 = 25_000;

/// Tells the story; every step must happen as it should.
///
/// # Errors
/// The first thing that did not; the folder with all logs is kept and named.
pub async fn demo() -> Result<()> {
    let mut folder = Folder::new()?;
    let told = tell(&folder).await;
    if let Err(error) = told {
        folder.keep();
        return Err(error.context(format!("the logs are in {}", folder.path().display())));
    }
    Ok(())
}

async fn tell(folder: &Folder) -> Result<()> {
    let name = format!("₿alice@{DOMAIN}");
    println!("A payment name, from nothing: {name} is registered, proven, and paid.");
    println!(
        "Real DNS, real signatures, a real bitcoind, real Lightning nodes, all on loopback; only"
    );
    println!(
        "the DNS root and the chain are private. Long texts are shortened with … as they are shown."
    );
    let mut story = Story::begin();

    let mut internet = open_internet(&mut story, folder).await?;
    let paynamed = open_registry(&mut story, folder, &mut internet).await?;
    let lightning = open_lightning(&mut story, folder).await?;
    let payee = Payname::new(&folder.room("alice")?).with("PAYNAME_SERVER", paynamed.url());
    let payer = payer(&internet, &lightning);

    register(&mut story, &payee, &name, lightning.offer()).await?;
    let proof = folder.path().join("alice.proof");
    let proof = proof
        .to_str()
        .context("a temporary folder whose name is no text")?;
    resolve(&mut story, &payer, &name, proof).await?;
    pay(&mut story, &payer, &name, &lightning, folder).await?;
    verify_offline(&mut story, folder, &internet, &name, proof).await?;

    story.step(
        "Everything is stopped.",
        "In order: server, nodes, chain, resolver. The folder goes with them.",
    );
    paynamed.stop().await?;
    lightning.stop().await?;
    internet.unbound.stop().await?;
    story.finish();
    Ok(())
}

async fn open_internet(story: &mut Story, folder: &Folder) -> Result<Internet> {
    story.step(
        "A private DNS internet starts.",
        "A signed root and TLD of our own, and Unbound as the recursive resolver that everybody asks.",
    );
    let internet = Internet::start(folder).await?;
    let unbound = &internet.unbound;
    story.fact("anchor", internet.world.anchors_text().trim());
    story.fact(
        "resolver",
        &format!("{} (UDP, TCP), {}", unbound.address(), unbound.doh_url()),
    );
    Ok(internet)
}

async fn open_registry(
    story: &mut Story,
    folder: &Folder,
    internet: &mut Internet,
) -> Result<Paynamed> {
    story.step(
        "The registration server starts.",
        "paynamed makes its keys and database, signs its zone, and prints the DS record for the registrar.",
    );
    let paynamed = Paynamed::start(folder, internet).await?;
    let ds = paynamed.ds_records()?;
    for record in &ds {
        story.quote(record);
    }
    internet.register_domain(&ds)?;
    story.fact(
        "registrar",
        &format!("the DS is now in the zone `test.`: {DOMAIN} can be proven from the root"),
    );
    story.fact("server", paynamed.url());
    Ok(paynamed)
}

async fn open_lightning(story: &mut Story, folder: &Folder) -> Result<Lightning> {
    story.step(
        "Money: bitcoind -regtest and two Lightning nodes.",
        "The payer's node gets coins and opens a channel to the payee's, which makes a BOLT 12 offer.",
    );
    let lightning = Lightning::start(folder).await?;
    story.fact("blocks", &lightning.bitcoind.height().await?.to_string());
    story.quote(&format!("offer {}", lightning.offer()));
    Ok(lightning)
}

fn payer(internet: &Internet, lightning: &Lightning) -> Payname {
    Payname::new(&lightning.payer())
        .with("PAYNAME_DNS", internet.unbound.address().to_string())
        .with("PAYNAME_ANCHORS", internet.anchors().display().to_string())
        .with("PAYNAME_NETWORK", "regtest")
        .with("PAYNAME_CHAIN", lightning.bitcoind.chain_source())
}

async fn register(story: &mut Story, payee: &Payname, name: &str, offer: &str) -> Result<()> {
    story.step(
        "Alice makes a key and registers her name.",
        "Her key signs the request; the server says published only after it has proven the record as a stranger would.",
    );
    story.run(payee, &["keys", "new"], 0).await?;
    story
        .run(payee, &["register", name, "--offer", offer], 0)
        .await?;
    Ok(())
}

async fn resolve(story: &mut Story, payer: &Payname, name: &str, proof: &str) -> Result<()> {
    story.step(
        "A stranger resolves and proves the name.",
        "All signatures from the root down are checked here; nobody's word is taken, and the proof is kept.",
    );
    story.run(payer, &["resolve", name], 0).await?;
    story
        .run(payer, &["verify", name, "--save", proof], 0)
        .await?;
    let nobody = format!("₿nobody@{DOMAIN}");
    story.fact(
        "by contrast",
        "a name that is not there is proven not to be (exit code 3):",
    );
    story.run(payer, &["resolve", &nobody], 3).await?;
    Ok(())
}

async fn pay(
    story: &mut Story,
    payer: &Payname,
    name: &str,
    lightning: &Lightning,
    folder: &Folder,
) -> Result<()> {
    story.step(
        "The stranger pays the name.",
        "Only what was proven can be paid. The intent is on the disk before anything is sent.",
    );
    story.run(payer, &["pay", name, AMOUNT, "--yes"], 0).await?;
    let received = wait_for_money(lightning).await;
    story.fact("payee has", &format!("{received:?} sat, says its own node"));
    ensure!(
        received == [AMOUNT_SAT],
        "the payee received {received:?} sat, not {AMOUNT_SAT} once"
    );

    story.step(
        "The receipt.",
        "It holds the name, the proof, the signed URI and the preimage, and is checked without asking anyone.",
    );
    let (_, payments) = payer.json(&["receipt", "list"]).await?;
    let id = payments["payments"][0]["id"]
        .as_str()
        .context("there is no receipt")?;
    let (code, receipt) = payer.json(&["receipt", "show", id]).await?;
    ensure!(code == 0, "payname receipt show ended with {code}");
    let file = folder.path().join("receipt.json");
    fs::write(&file, receipt.to_string())?;
    story.run(payer, &["receipt", "list"], 0).await?;
    let file = file
        .to_str()
        .context("a temporary folder whose name is no text")?;
    story.run(payer, &["receipt", "verify", file], 0).await?;
    Ok(())
}

async fn verify_offline(
    story: &mut Story,
    folder: &Folder,
    internet: &Internet,
    name: &str,
    proof: &str,
) -> Result<()> {
    let offline = Payname::new(&folder.room("offline")?)
        .with("PAYNAME_ANCHORS", internet.anchors().display().to_string())
        .with("PAYNAME_DNS", "127.0.0.1:9"); // nobody is there
    story.step(
        "The saved proof is verified offline.",
        "No socket is opened: the proof carries everything from the root to the record.",
    );
    story
        .run(&offline, &["verify", name, "--proof", proof], 0)
        .await?;

    story.step(
        "A tampered proof is refused.",
        "One bit of the offer in it is flipped; the signature no longer fits (exit code 4).",
    );
    let mut bytes = fs::read(proof)?;
    let offer = bytes.windows(4).position(|window| window == b"lno1");
    let place = offer.context("the proof holds no offer")? + 40;
    bytes[place] ^= 1;
    let tampered = format!("{proof}.tampered");
    fs::write(&tampered, bytes)?;
    story
        .run(&offline, &["verify", name, "--proof", &tampered], 4)
        .await?;
    let (_, told) = offline
        .json(&["verify", name, "--proof", &tampered])
        .await?;
    ensure!(
        is_bogus(&told),
        "the tampered proof was refused for another reason: {told}"
    );
    Ok(())
}

/// Whether a refusal says that the proof is forged rather than that something else went wrong.
fn is_bogus(document: &Value) -> bool {
    document.to_string().contains("wrong_signature")
}

/// What has reached the payee, whose node may write it down a moment after the payer has its proof.
async fn wait_for_money(lightning: &Lightning) -> Vec<u64> {
    for _ in 0..100 {
        if !lightning.received().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lightning.received()
}
