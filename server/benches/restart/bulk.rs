//! What answering loses while many names are published: the rate at which `dnsperf` is answered, idle and busy.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};

use payname_resolver::Handle;
use payname_server::{
    Clock, Listeners,
    config::Serving,
    publisher::{Embedded, Publisher as _},
};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::{TOGETHER, fill};

/// How long each load lasts, in seconds.
const SECONDS: u32 = 8;
/// How many names there are to be published; more than can be in the time.
const NAMES: u32 = 300_000;

/// Serves what is published and publishes meanwhile; `names` are there already.
pub(super) async fn measure(embedded: &Embedded, registry: &Path, folder: &Path, names: u32) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (addresses, serving) = ([any], Serving::default());
    let listeners = Listeners::bind(&addresses, &serving).await;
    let listeners = listeners.expect("a free port");
    let port = listeners.addresses().first().map(SocketAddr::port);
    let port = port.expect("one address");
    let stop = CancellationToken::new();
    let served = listeners.serve(embedded.served(), Clock::system(), stop.clone());
    let served = tokio::spawn(served);

    let questions = folder.join("questions");
    let spread = |number: u32| number.wrapping_mul(2_654_435_761) % names;
    let line = |number| {
        format!(
            "user{}.user._bitcoin-payment.bench.test. TXT\n",
            spread(number)
        )
    };
    let lines: String = (0..100_000).map(line).collect();
    std::fs::write(&questions, lines).expect("a list of questions");
    fill::more(registry, NAMES);

    ask(port, &questions, 1).await;
    let idle = ask(port, &questions, SECONDS).await;
    let mut published = 0;
    let publishing = async {
        while published + TOGETHER <= NAMES {
            let handles: Vec<Handle> = (published..published + TOGETHER).map(handle).collect();
            for outcome in embedded.publish(&handles).await {
                outcome.expect("it is published");
            }
            published += TOGETHER;
        }
    };
    let busy = tokio::select! {
        busy = ask(port, &questions, SECONDS) => busy,
        () = publishing => panic!("all names were published before the time was over"),
    };
    println!(
        "answers a second: {idle:.0} idle, {busy:.0} while {} names a second were published ({:.0} %)",
        published / SECONDS,
        100.0 * busy / idle
    );
    stop.cancel();
    served.await.expect("listeners that end");
}

fn handle(number: u32) -> Handle {
    Handle::new(&fill::bulk_user(number), "bench.test").expect("a handle")
}

/// Answers a second.
async fn ask(port: u16, questions: &Path, seconds: u32) -> f64 {
    let output = Command::new(program("dnsperf"))
        .args(["-s", "127.0.0.1", "-p", &port.to_string()])
        .args([
            "-l",
            &seconds.to_string(),
            "-c",
            "8",
            "-T",
            "1",
            "-e",
            "-D",
            "-d",
        ])
        .arg(questions)
        .stderr(Stdio::null())
        .output()
        .await
        .expect("dnsperf");
    let said = String::from_utf8_lossy(&output.stdout);
    let completed = said.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("Queries completed:")?;
        rest.trim().split(' ').next()?.parse::<f64>().ok()
    });
    completed.unwrap_or_else(|| panic!("dnsperf said: {said}")) / f64::from(seconds)
}

/// Where a program of the set-up is, or its name for `PATH`.
fn program(name: &str) -> PathBuf {
    let tools = std::env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let tool = tools
        .map(|tools| tools.join(name))
        .filter(|tool| tool.exists());
    tool.unwrap_or_else(|| name.into())
}
