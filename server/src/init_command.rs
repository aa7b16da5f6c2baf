//! `paynamed init`: flags, and questions for those that were not given.

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use payname_resolver::Handle;
use payname_server::{Clock, Init};

use super::print;

/// Where the configuration goes unless --config says otherwise.
const FILE: &str = "paynamed.toml";
/// Where keys and registry go.
const DATA: &str = "/var/lib/payname";
/// The names that stand for the flags which nobody can guess.
const NEEDED: [&str; 3] = ["--domain", "--nameserver", "--public-url"];

#[derive(Args)]
pub(super) struct InitCommand {
    /// The domain that names are given under, such as example.com
    #[arg(long)]
    domain: Option<String>,
    /// The zone that is delegated to this server [default: _bitcoin-payment.DOMAIN, the least it needs]
    #[arg(long)]
    zone: Option<String>,
    /// The name of a nameserver of the zone, such as ns1.example.com; may be repeated
    #[arg(long = "nameserver", value_name = "NAME")]
    nameservers: Vec<String>,
    /// A public address of those nameservers that lie in the domain; may be repeated
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// The URL by which clients will know the server, such as https://names.example.com
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where the nameserver listens; may be repeated [default: [::]:53]
    #[arg(long, value_name = "ADDRESS:PORT")]
    dns_listen: Vec<SocketAddr>,
    /// Where HTTP listens, behind a reverse proxy [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http_listen: Option<SocketAddr>,
    /// What offers and addresses must be for
    #[arg(long, value_parser = ["bitcoin", "testnet", "signet", "regtest"], default_value = "bitcoin")]
    network: String,
    /// Where keys and registry are kept [default: /var/lib/payname]
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// A file with the URL of a PostgreSQL database; without it, SQLite in the data directory
    #[arg(long, value_name = "FILE")]
    database_url_file: Option<PathBuf>,
    /// One key for everything, or a KSK and a ZSK that is replaced by itself
    #[arg(long, value_parser = ["single", "split"], default_value = "single")]
    keys: String,
    /// A file with the passphrase that private keys are encrypted with on the disk
    #[arg(long, value_name = "FILE")]
    keys_passphrase_file: Option<PathBuf>,
    /// A recursive resolver that names are proven through, such as 127.0.0.1:53
    #[arg(long, value_name = "SERVER")]
    resolver: Option<String>,
    /// Trust anchors, if not IANA's
    #[arg(long, value_name = "FILE", requires = "resolver")]
    anchors: Option<PathBuf>,
}

impl InitCommand {
    /// Asks on a terminal for what was not given; elsewhere it must all be there.
    pub(super) fn run(mut self, config: Option<&Path>) -> anyhow::Result<()> {
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            self.ask(&mut io::stdin().lock(), &mut io::stderr().lock())?;
        }
        let file = config.unwrap_or(Path::new(FILE)).to_owned();
        let init = self.into_init(file)?;
        let delegation = init.run(Clock::system().now())?;
        let file = init.file.display();
        print([delegation.to_string().as_str()]);
        eprintln!(
            "wrote {file}; keys and registry are in {}",
            init.data_dir.display()
        );
        eprintln!(
            "next:  1. enter the records above (again: paynamed --config {file} ds --for-registrar)"
        );
        eprintln!("       2. start the server:  paynamed --config {file}");
        Ok(())
    }

    fn into_init(self, file: PathBuf) -> anyhow::Result<Init> {
        let given = [
            self.domain.is_some(),
            !self.nameservers.is_empty(),
            self.public_url.is_some(),
        ];
        let missing = NEEDED.iter().zip(given).filter(|(_, given)| !given);
        let missing: Vec<_> = missing.map(|(flag, _)| *flag).collect();
        let (Some(domain), [_, ..], Some(public_url)) =
            (self.domain, self.nameservers.as_slice(), self.public_url)
        else {
            bail!(
                "nobody can be asked here (no terminal); give these flags too: {}",
                missing.join(" ")
            );
        };
        let domain = checked_domain(&domain)?;
        let listen = self.dns_listen.iter().map(SocketAddr::to_string);
        let mut dns_listen: Vec<_> = listen.collect();
        if dns_listen.is_empty() {
            dns_listen.push("[::]:53".to_owned());
        }
        let http = self.http_listen.map(|address| address.to_string());
        Ok(Init {
            file,
            domain,
            zone: self.zone,
            nameservers: self.nameservers,
            addresses: self.addresses.iter().map(IpAddr::to_string).collect(),
            public_url,
            dns_listen,
            http_listen: http.unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            network: self.network,
            data_dir: self.data_dir.unwrap_or_else(|| DATA.into()),
            database_url_file: self.database_url_file,
            keys: self.keys,
            keys_passphrase_file: self.keys_passphrase_file,
            resolver: self.resolver,
            anchors: self.anchors,
        })
    }

    /// Puts the questions whose answers no flag gave.
    fn ask(&mut self, from: &mut dyn BufRead, to: &mut dyn Write) -> anyhow::Result<()> {
        let mut talk = Talk { from, to };
        let domain = match &self.domain {
            Some(domain) => checked_domain(domain)?,
            None => talk.ask("Domain that names are given under", None, checked_domain)?,
        };
        if self.zone.is_none() {
            talk.say(&format!(
                "Only _bitcoin-payment.{domain} need be delegated to this server; the rest of the domain stays where it is."
            ))?;
            let least = format!("_bitcoin-payment.{domain}");
            self.zone = Some(talk.ask("Zone to delegate", Some(&least), as_it_is)?);
        }
        if self.nameservers.is_empty() {
            let usual = format!("ns1.{domain}");
            let names = talk.ask("Names of its nameservers", Some(&usual), as_it_is)?;
            self.nameservers = words(&names).map(str::to_owned).collect();
        }
        if self.addresses.is_empty() {
            let inside = |name: &String| {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                name.ends_with(&format!(".{domain}"))
            };
            if self.nameservers.iter().any(inside) {
                self.addresses = talk.ask("Their public IP addresses", None, addresses)?;
            }
        }
        if self.dns_listen.is_empty() {
            let listen = talk.ask("Nameserver listens on", Some("[::]:53"), listeners)?;
            self.dns_listen = listen;
        }
        if self.http_listen.is_none() {
            let one = |text: &str| Ok(text.parse::<SocketAddr>()?);
            self.http_listen = Some(talk.ask("HTTP listens on", Some("127.0.0.1:8080"), one)?);
        }
        if self.public_url.is_none() {
            let usual = format!("https://names.{domain}");
            self.public_url = Some(talk.ask("URL that clients use", Some(&usual), as_it_is)?);
        }
        if self.data_dir.is_none() {
            let directory = talk.ask("Data directory", Some(DATA), as_it_is)?;
            self.data_dir = Some(directory.into());
        }
        self.domain = Some(domain);
        Ok(())
    }
}

/// A conversation.
struct Talk<'a> {
    from: &'a mut dyn BufRead,
    to: &'a mut dyn Write,
}

impl Talk<'_> {
    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    /// Asks until the answer can be read.
    fn ask<T>(
        &mut self,
        question: &str,
        usual: Option<&str>,
        read: impl Fn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        loop {
            match usual {
                Some(usual) => write!(self.to, "{question} [{usual}]: ")?,
                None => write!(self.to, "{question}: ")?,
            }
            self.to.flush()?;
            let mut line = String::new();
            if self.from.read_line(&mut line)? == 0 {
                bail!("the questions were not answered; nothing was written");
            }
            let answer = match (line.trim(), usual) {
                ("", Some(usual)) => usual,
                (typed, _) => typed,
            };
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(error) => self.say(&format!("  {error:#}"))?,
            }
        }
    }
}

/// A domain under which there can be names, in lower case.
fn checked_domain(text: &str) -> anyhow::Result<String> {
    Ok(Handle::new("user", text)?.domain().to_owned())
}

fn as_it_is(text: &str) -> anyhow::Result<String> {
    if text.is_empty() {
        bail!("write something");
    }
    Ok(text.to_owned())
}

fn addresses(text: &str) -> anyhow::Result<Vec<IpAddr>> {
    each(text, "an IP address, such as 192.0.2.53")
}

fn listeners(text: &str) -> anyhow::Result<Vec<SocketAddr>> {
    each(text, "an address and a port, such as [::]:53")
}

/// At least one.
fn each<T>(text: &str, what: &str) -> anyhow::Result<Vec<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let wrong = |word: &str| format!("`{}` is not {what}", word.escape_debug());
    let read = |word: &str| word.parse().with_context(|| wrong(word));
    let all = words(text).map(read).collect::<anyhow::Result<Vec<T>>>()?;
    if all.is_empty() {
        bail!("write {what}");
    }
    Ok(all)
}

/// Separated by spaces or commas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        init: InitCommand,
    }

    fn typed(words: &[&str]) -> InitCommand {
        Line::parse_from(["init"].iter().chain(words)).init
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again_and_an_empty_one_takes_what_is_offered() {
        let mut command = typed(&["--http-listen", "127.0.0.1:81"]);
        let answers = "a b\nExample.com\n\nns1.example.com, ns2.example.com\nhere\n192.0.2.1 2001:db8::1\n\n\n/srv/payname\n";
        let mut said = Vec::new();
        command.ask(&mut answers.as_bytes(), &mut said).unwrap();
        let init = command.into_init("paynamed.toml".into()).unwrap();
        assert_eq!(init.domain, "example.com");
        assert_eq!(init.zone.as_deref(), Some("_bitcoin-payment.example.com"));
        assert_eq!(init.nameservers, ["ns1.example.com", "ns2.example.com"]);
        assert_eq!(init.addresses, ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(init.http_listen, "127.0.0.1:81");
        assert_eq!(init.public_url, "https://names.example.com");
        assert_eq!(init.data_dir, Path::new("/srv/payname"));
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.matches("Domain that names").count(), 2, "{said}");
        assert!(said.contains("`here` is not an IP address"), "{said}");
        assert!(!said.contains("HTTP listens"), "{said}");
    }

    #[test]
    fn what_nobody_can_guess_is_named_all_at_once() {
        let init = typed(&["--domain", "example.com"]).into_init("x".into());
        let error = init.unwrap_err().to_string();
        assert!(error.contains("--nameserver --public-url"), "{error}");
        assert!(!error.contains("--domain"), "{error}");
    }

    #[test]
    fn an_end_in_the_middle_of_the_questions_writes_nothing() {
        let mut command = typed(&[]);
        let error = command.ask(&mut "example.com\n".as_bytes(), &mut Vec::new());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("nothing was written")
        );
    }
}
