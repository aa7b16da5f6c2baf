//! `paynamed invite`: codes for those who are to have a name.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use payname_server::{Act, Clock, Config, InviteCode, open_registry};
use ring::rand::SystemRandom;

use crate::print;

const DAY: u64 = 24 * 3600;

/// What is to be done about invites.
#[derive(Subcommand)]
pub(crate) enum InviteCommand {
    /// Make a code and print it, this once
    Create {
        /// The domain that it is for
        domain: String,
        /// How many names may be claimed with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// After how many days it ends; without it, never
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36525))]
        days: Option<u32>,
        /// What to remember it by
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List what is known of them: never the codes
    List,
    /// Take one back, by the id that `list` shows
    Revoke {
        /// The id
        id: String,
    },
}

impl InviteCommand {
    pub(crate) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = open_registry(config).await?;
        let now = Clock::system().now();
        match self {
            Self::Create {
                domain,
                uses,
                days,
                note,
            } => {
                let domain = domain.trim_end_matches('.').to_ascii_lowercase();
                if !config.all_domains().any(|known| known.name == domain) {
                    bail!("no domain `{domain}` is in the configuration");
                }
                let code = InviteCode::random(&SystemRandom::new());
                let code = code.map_err(|_| anyhow::anyhow!("there is no randomness"))?;
                let end = days.map(|days| now.plus(u64::from(days).saturating_mul(DAY)));
                let invite = code.invite(&domain, &note, uses, now, end);
                let subject = format!("{} {domain}", invite.hash.short());
                let act = Act::by_command(now, "create invite", subject);
                store.add_invite(invite, act).await?;
                print([code.reveal()]);
            }
            Self::List => {
                let invites = store.invites().await?;
                let lines = invites.iter().map(|invite| {
                    let end = match invite.expires_at {
                        _ if invite.revoked => "revoked".to_owned(),
                        Some(end) if end <= now => format!("ended {end}"),
                        Some(end) => format!("until {end}"),
                        None => "for good".to_owned(),
                    };
                    let (id, used, uses) = (invite.hash.short(), invite.used, invite.uses);
                    let (domain, note) = (&invite.domain, invite.note.escape_debug());
                    format!("{id}  {domain}  {used} of {uses} used  {end}  {note}")
                });
                let lines: Vec<String> = lines.collect();
                print(lines.iter().map(String::as_str));
            }
            Self::Revoke { id } => {
                let invites = store.invites().await?;
                let mut found = invites.iter().filter(|invite| invite.hash.short() == id);
                let invite = found
                    .next()
                    .context("no invite has this id; see `paynamed invite list`")?;
                let act = Act::by_command(now, "revoke invite", id.as_str());
                store.revoke_invite(invite.hash, act).await?;
            }
        }
        Ok(())
    }
}
