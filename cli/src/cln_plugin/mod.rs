//! A plugin of Core Lightning: `fetchbip353`, answered by our own resolver.
//!
//! `xpay name@domain` calls that method and pays the offer in the answer. Core Lightning's own plugin of the same
//! method is switched off with `disable-plugin=cln-bip353`. Only what two verifiers have agreed on is given out.

mod instructions;
mod protocol;

use std::{
    io::{self, BufReader},
    sync::Mutex,
};

use clap::{FromArgMatches, Parser};
use payname_resolver::Handle;
use serde_json::{Value, json};

use self::protocol::{Answer, Refusal};
use crate::{
    Context, Failure, Global,
    config::ConfigFile,
    exit::Exit,
    lookup::{Lookup, Proven},
    time,
};

/// The method that `xpay` calls.
const FETCH: &str = "fetchbip353";
/// JSON-RPC: there is no such method.
const NO_METHOD: i64 = -32_601;
/// JSON-RPC: a parameter is missing or wrong.
const BAD_PARAMETERS: i64 = -32_602;
/// Core Lightning: anything else; the message says what.
const FAILED: i64 = -1;

/// The plugin's own options: those of every command, by variable or file.
#[derive(Debug, Parser)]
#[command(
    name = "payname-cln",
    version,
    about = "A plugin of Core Lightning: fetchbip353, proven by payname's own resolver",
    after_help = "Core Lightning starts it: plugin=/path/to/payname-cln, with disable-plugin=cln-bip353."
)]
struct Options {
    #[command(flatten)]
    global: Global,
}

/// Runs the plugin between standard input and output, until Core Lightning closes them.
pub fn main() -> Exit {
    let global = match options() {
        Ok(global) => global,
        Err(error) => {
            let _ = error.print();
            return match error.use_stderr() {
                true => Exit::Usage,
                false => Exit::Ok,
            };
        }
    };
    let plugin = Plugin {
        global: Mutex::new(global),
    };
    let input = BufReader::new(io::stdin());
    match protocol::serve(input, io::stdout(), &|method, parameters| {
        plugin.answer(method, parameters)
    }) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Unexpected,
    }
}

fn options() -> Result<Global, clap::Error> {
    let failed = |error: &dyn std::fmt::Display| {
        clap::Error::raw(clap::error::ErrorKind::Io, format!("{error}\n"))
    };
    let file = ConfigFile::read().map_err(|error| failed(&error))?;
    let command = file.applied_to(<Options as clap::CommandFactory>::command());
    let matches = command.try_get_matches()?;
    Options::from_arg_matches(&matches).map(|options| options.global)
}

/// What is known between two calls.
struct Plugin {
    global: Mutex<Global>,
}

impl Plugin {
    fn answer(&self, method: &str, parameters: &Value) -> Answer {
        match method {
            "getmanifest" => Ok(manifest()),
            "init" => self.init(parameters),
            FETCH => self.fetch(parameters),
            other => Err(Refusal {
                code: NO_METHOD,
                message: format!("payname-cln has no method {}", other.escape_debug()),
            }),
        }
    }

    /// Takes what Core Lightning says of itself; by another way than its own, names are not looked up.
    fn init(&self, parameters: &Value) -> Answer {
        let configuration = parameters.get("configuration").unwrap_or(&Value::Null);
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let disable = |why: String| Ok(json!({ "disable": why }));
        let mut global = self.global();
        if let Some(network) = text(configuration, "network") {
            match <crate::node::Network as clap::ValueEnum>::from_str(&network, true) {
                Ok(network) => global.network = network,
                Err(_) => return disable(format!("payname does not know the network {network}")),
            }
        }
        let always = configuration
            .get("always_use_proxy")
            .and_then(Value::as_bool);
        if always == Some(true) && global.proxy.is_none() {
            let proxy = configuration.get("proxy").unwrap_or(&Value::Null);
            let host = text(proxy, "address").unwrap_or_default();
            let port = proxy
                .get("port")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            let host = match host.contains(':') {
                true => format!("[{host}]"),
                false => host,
            };
            match format!("socks5://{host}:{port}").parse() {
                Ok(proxy) => global.proxy = Some(proxy),
                Err(_) => {
                    return disable(
                        "always-use-proxy is on, and payname cannot use that proxy".to_owned(),
                    );
                }
            }
        }
        Ok(json!({}))
    }

    fn fetch(&self, parameters: &Value) -> Answer {
        let address = parameters
            .get("address")
            .or_else(|| parameters.get(0))
            .and_then(Value::as_str);
        let wrong = |message: String| Refusal {
            code: BAD_PARAMETERS,
            message,
        };
        let address = address
            .ok_or_else(|| wrong("name an address, such as alice@example.com".to_owned()))?;
        let handle: Handle = address.parse().map_err(|error| wrong(format!("{error}")))?;
        let context = Context {
            global: self.global().clone(),
            settings: Vec::new(),
            config_path: None,
        };
        let now = time::now();
        let proven = Lookup::ask(&context, &handle, now).and_then(|lookup| lookup.proven());
        let Proven { instructions, .. } = proven.map_err(|failure| refusal(&failure))?;
        let network = context.global.network;
        let listed = instructions::listed(instructions.value(), network, now);
        if listed.is_empty() {
            return Err(Refusal {
                code: FAILED,
                message: format!(
                    "{handle} is proven, and names no offer and no address of the network {network}"
                ),
            });
        }
        Ok(json!({
            "proof": hex::encode(instructions.proof().to_bytes()),
            "instructions": listed,
        }))
    }

    fn global(&self) -> std::sync::MutexGuard<'_, Global> {
        // Nothing that holds it can leave it half changed.
        self.global
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What the plugin offers.
fn manifest() -> Value {
    json!({
        "options": [],
        "rpcmethods": [{
            "name": FETCH,
            "usage": "address",
            "description": "Fetch BIP-353 payment instructions, and the DNSSEC proof that payname has checked",
        }],
        "subscriptions": [],
        "hooks": [],
        "dynamic": true,
        "nonnumericids": true,
    })
}

fn refusal(failure: &Failure) -> Refusal {
    Refusal {
        code: FAILED,
        message: format!("{}: {}", failure.code, failure.message),
    }
}
