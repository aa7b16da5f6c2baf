//! `payname-cln` as Core Lightning runs it: over pipes, with a private internet behind it.

use std::process::{Child, Command, Stdio};

use payname_tests::World;
use payname_tests::dns::Lie;
use payname_tests::tools::own_binary;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

use super::payee::Payee;

const ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// The plugin, and what Core Lightning says to it.
struct Plugin {
    child: Child,
    calls: u64,
}

impl Plugin {
    fn start(world: &World, folder: &std::path::Path) -> Self {
        let anchors = folder.join("anchors");
        std::fs::write(&anchors, world.anchors_text()).unwrap();
        let child = Command::new(own_binary("payname-cln").unwrap())
            .env_clear()
            .env("PAYNAME_CONFIG", "")
            .env("PAYNAME_ANCHORS", anchors)
            .env("PAYNAME_DNS", world.recursor().address().to_string())
            .env("LIGHTNINGD_PLUGIN", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, calls: 0 }
    }

    /// Calls a method and reads its answer, up to the two line breaks.
    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = format!("lightningd:{method}#{}", self.calls);
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters});
        let stdin = self.child.stdin.as_mut().unwrap();
        write!(stdin, "{call}\n\n").unwrap();
        stdin.flush().unwrap();
        let stdout = self.child.stdout.as_mut().unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n\n") {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["id"], id);
        answer
    }

    /// Introduces the two to each other, as Core Lightning does at its start.
    fn init(&mut self, configuration: Value) -> Value {
        let manifest = self.call("getmanifest", json!({"allow-deprecated-apis": false}));
        let offered = &manifest["result"]["rpcmethods"][0];
        assert_eq!(offered["name"], "fetchbip353", "{manifest}");
        assert_eq!(manifest["result"]["dynamic"], true);
        let parameters = json!({"options": {}, "configuration": configuration});
        self.call("init", parameters)["result"].clone()
    }

    /// Closes the pipes, after which it ends by itself.
    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn regtest() -> Value {
    json!({"lightning-dir": "/l", "rpc-file": "lightning-rpc", "startup": true, "network": "regtest",
        "feature_set": {}})
}

#[tokio::test(flavor = "multi_thread")]
async fn core_lightning_gets_proven_instructions_from_the_plugin_and_an_error_for_anything_else() {
    let offer = Payee::new(3).offer();
    let uri = format!("bitcoin:{ADDRESS}?lno={offer}&message=thanks");
    let world = World::with_zone("example.test").record("alice", &uri);
    let world = world.start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(&world, folder.path());
    assert_eq!(plugin.init(regtest()), json!({}));
    let told = tokio::task::block_in_place(|| {
        plugin.call("fetchbip353", json!({"address": "₿alice@example.test"}))
    });
    let told = &told["result"];
    assert_eq!(
        told["instructions"],
        json!([
            {"onchain": ADDRESS, "description": "thanks"},
            {"offer": offer, "description": "a coffee"},
        ]),
    );
    // The proof is one that anybody can check.
    let proof = hex::decode(told["proof"].as_str().unwrap()).unwrap();
    let proof = payname_resolver::Proof::parse(&proof).unwrap();
    let handle = "alice@example.test".parse().unwrap();
    let record = proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    assert_eq!(record.uri(), uri);

    let mut refused = |parameters: Value| {
        let answer = tokio::task::block_in_place(|| plugin.call("fetchbip353", parameters));
        assert!(answer.get("result").is_none(), "{answer}");
        let message = answer["error"]["message"].as_str().unwrap().to_owned();
        (answer["error"]["code"].as_i64().unwrap(), message)
    };
    let (code, message) = refused(json!(["nobody@example.test"]));
    assert!(
        code == -1 && message.starts_with("denied"),
        "{code} {message}"
    );
    assert_eq!(refused(json!({"address": "nobody"})).0, -32602);
    assert_eq!(refused(json!({})).0, -32602);
    world.recursor().lie(Lie::StrippedSignatures);
    let (code, message) = refused(json!({"address": "alice@example.test"}));
    assert_eq!(code, -1, "{message}");
    assert_eq!(plugin.call("other", json!({}))["error"]["code"], -32601);
    plugin.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_asks_by_the_nodes_proxy_or_not_at_all() {
    let world = World::with_zone("example.test").start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(&world, folder.path());
    let mut configuration = regtest();
    configuration["always_use_proxy"] = json!(true);
    // Nobody listens there; and whoever is asked nevertheless would know the name.
    let port = payname_tests::port::free().unwrap().port();
    configuration["proxy"] = json!({"type": "ipv4", "address": "127.0.0.1", "port": port});
    assert_eq!(plugin.init(configuration), json!({}));
    let told = tokio::task::block_in_place(|| {
        plugin.call("fetchbip353", json!({"address": "nobody@example.test"}))
    });
    let message = told["error"]["message"].as_str().unwrap();
    assert!(!message.starts_with("denied"), "{message}");
    plugin.end();

    let mut plugin = Plugin::start(&world, folder.path());
    let mut configuration = regtest();
    configuration["network"] = json!("liquid");
    assert!(plugin.init(configuration)["disable"].is_string());
    plugin.end();
}
