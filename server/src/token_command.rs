//! `paynamed token` and `paynamed audit`: who may do what beside the owners, and what they did.

use anyhow::bail;
use clap::Subcommand;
use payname_server::{Act, Clock, Config, OperatorToken, Scope, TokenSecret, open_registry};
use ring::rand::SystemRandom;

use crate::print;

const DAY: u64 = 24 * 3600;
/// How many entries of the audit log are read at once.
const TOGETHER: usize = 500;

/// What is to be done about tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, this once
    Create {
        /// What it is called, in logs and histories too
        name: String,
        /// What it is good for: read, moderate, grant; several with commas
        #[arg(long = "scope", required = true, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// The only domain that it is good for; without it, all
        #[arg(long)]
        domain: Option<String>,
        /// After how many days it ends; without it, never
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36525))]
        days: Option<u32>,
    },
    /// List what is known of them: never the tokens
    List,
    /// Take one back
    Revoke {
        /// What it is called
        name: String,
    },
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::from_word(word).ok_or_else(|| "write read, moderate or grant".to_owned())
}

impl TokenCommand {
    pub(crate) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = open_registry(config).await?;
        let now = Clock::system().now();
        match self {
            Self::Create {
                name,
                mut scopes,
                domain,
                days,
            } => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
                    bail!("a token is called by 1 to 64 letters, digits, `-`, `_` and `.`");
                }
                let domain = domain.map(|name| name.trim_end_matches('.').to_ascii_lowercase());
                if let Some(domain) = &domain
                    && !config.all_domains().any(|known| known.name == *domain)
                {
                    bail!("no domain `{domain}` is in the configuration");
                }
                scopes.sort();
                scopes.dedup();
                let secret = TokenSecret::random(&SystemRandom::new());
                let secret = secret.map_err(|_| anyhow::anyhow!("there is no randomness"))?;
                let token = OperatorToken {
                    name: name.clone(),
                    hash: secret.hash(),
                    scopes,
                    domain,
                    created_at: now,
                    expires_at: days.map(|days| now.plus(u64::from(days).saturating_mul(DAY))),
                    revoked_at: None,
                    last_used_at: None,
                };
                let act = Act::by_command(now, "create token", described(&token));
                if !store.add_token(token, act).await? {
                    bail!("there is or was a token called `{name}`; choose another name");
                }
                print([secret.reveal()]);
            }
            Self::List => {
                let tokens = store.tokens().await?;
                let lines = tokens.iter().map(|token| {
                    let state = match (token.revoked_at, token.expires_at) {
                        (Some(at), _) => format!("revoked {at}"),
                        (None, Some(end)) if end <= now => format!("ended {end}"),
                        (None, Some(end)) => format!("until {end}"),
                        (None, None) => "for good".to_owned(),
                    };
                    let used = token.last_used_at;
                    let used = used.map_or("never used".to_owned(), |at| format!("used {at}"));
                    format!("{}  {state}  {used}", described(token))
                });
                let lines: Vec<String> = lines.collect();
                print(lines.iter().map(String::as_str));
            }
            Self::Revoke { name } => {
                let act = Act::by_command(now, "revoke token", name.as_str());
                if !store.revoke_token(&name, act).await? {
                    bail!("no token in use is called `{name}`; see `paynamed token list`");
                }
            }
        }
        Ok(())
    }
}

/// A token's name and what it is good for.
fn described(token: &OperatorToken) -> String {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
    let domain = token.domain.as_deref().unwrap_or("all domains");
    format!("{}  {}  {domain}", token.name, scopes.join(","))
}

/// Prints the audit log, the oldest entry first.
pub(crate) async fn audit(config: &Config) -> anyhow::Result<()> {
    let store = open_registry(config).await?;
    let mut after = 0;
    loop {
        let acts = store.acts(after, TOGETHER).await?;
        let lines = acts.iter().map(|(id, act)| {
            let (at, actor, deed) = (act.at, act.actor.escape_debug(), &act.deed);
            format!(
                "{id}  {at}  {actor}  {deed}  {}",
                act.subject.escape_debug()
            )
        });
        let lines: Vec<String> = lines.collect();
        print(lines.iter().map(String::as_str));
        match acts.last() {
            Some((last, _)) if acts.len() == TOGETHER => after = *last,
            _ => return Ok(()),
        }
    }
}
