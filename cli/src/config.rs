//! Defaults from a file: `$XDG_CONFIG_HOME/payname/config.toml`, whose keys are the options of every command.
//!
//! An option on the command line comes first, then its environment variable, then the file.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, CommandFactory, parser::ValueSource};
use etcetera::BaseStrategy;

use crate::{args::Args, failure::Failure};

/// The variable that names another file; empty, there is none.
const VARIABLE: &str = "PAYNAME_CONFIG";

/// The file, as far as it is there.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    path: Option<PathBuf>,
    values: BTreeMap<String, Vec<String>>,
}

/// An option, its value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The option's name, such as `tls-roots`.
    pub name: String,
    /// Its values, without passwords; none where it is not set.
    pub values: Vec<String>,
    /// Where they come from: an option, a variable, the file, or the program.
    pub origin: String,
}

impl ConfigFile {
    /// Reads the file; a missing one is empty.
    ///
    /// # Errors
    /// It cannot be read, or has a key or a value that means nothing.
    pub fn read() -> Result<Self, ConfigError> {
        let path = match env::var_os(VARIABLE) {
            Some(named) if named.is_empty() => return Ok(Self::default()),
            Some(named) => PathBuf::from(named),
            None => match etcetera::base_strategy::Xdg::new() {
                Ok(base) => base.config_dir().join("payname").join("config.toml"),
                Err(_) => return Ok(Self::default()),
            },
        };
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && env::var_os(VARIABLE).is_none() =>
            {
                Ok(Self {
                    path: Some(path),
                    ..Self::default()
                })
            }
            Err(cause) => Err(ConfigError::File { path, cause }),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let table: toml::Table =
            text.parse()
                .map_err(|error: toml::de::Error| ConfigError::Toml {
                    path: path.to_owned(),
                    cause: Box::new(error),
                })?;
        let known = options();
        let mut values = BTreeMap::new();
        for (key, value) in table {
            if !known.contains(&key) {
                return Err(ConfigError::Key {
                    path: path.to_owned(),
                    key,
                    known: known.join(", "),
                });
            }
            let all: Option<Vec<String>> = match &value {
                toml::Value::Array(several) => several.iter().map(word).collect(),
                one => word(one).map(|word| vec![word]),
            };
            let all = all.ok_or_else(|| ConfigError::Value {
                path: path.to_owned(),
                key: key.clone(),
            })?;
            values.insert(key, all);
        }
        Ok(Self {
            path: Some(path.to_owned()),
            values,
        })
    }

    /// Where it is, or would be.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The command line with the file's values as defaults.
    pub fn applied_to(&self, mut command: clap::Command) -> clap::Command {
        for (key, values) in &self.values {
            // Options live as long as the program, which is run once.
            let values = values.iter().map(|value| &*value.clone().leak());
            let values: Vec<&'static str> = values.collect();
            command = command.mut_arg(key.replace('-', "_"), |option| {
                option.default_values(values)
            });
        }
        command
    }

    /// What the options of every command are, and why.
    pub fn settings(&self, matches: &ArgMatches) -> Vec<Setting> {
        let command = Args::command();
        let globals = command
            .get_arguments()
            .filter(|option| option.is_global_set());
        let each = globals.filter_map(|option| {
            let name = option.get_long()?.to_owned();
            let id = option.get_id().as_str();
            let raw = matches.get_raw(id).into_iter().flatten();
            let values = raw
                .map(|value| match name.as_str() {
                    // A command may hold what it prints.
                    "node-secret-cmd" => "…".to_owned(),
                    _ => without_password(&value.to_string_lossy()),
                })
                .collect();
            let origin = match matches.value_source(id) {
                Some(ValueSource::CommandLine) => format!("--{name}"),
                Some(ValueSource::EnvVariable) => {
                    format!("PAYNAME_{}", name.to_uppercase().replace('-', "_"))
                }
                Some(_) if self.values.contains_key(&name) => match &self.path {
                    Some(path) => path.display().to_string(),
                    None => "file".to_owned(),
                },
                Some(_) => "default".to_owned(),
                None => "not set".to_owned(),
            };
            Some(Setting {
                name,
                values,
                origin,
            })
        });
        each.collect()
    }
}

/// The names of the options of every command.
fn options() -> Vec<String> {
    let command = Args::command();
    let globals = command
        .get_arguments()
        .filter(|option| option.is_global_set());
    globals
        .filter_map(|option| option.get_long().map(str::to_owned))
        .collect()
}

fn word(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Boolean(is) => Some(is.to_string()),
        toml::Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A URL without the user and password in it.
fn without_password(value: &str) -> String {
    let hidden =
        value.split(',').map(
            |part| match (part.split_once("://"), part.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
                _ => part.to_owned(),
            },
        );
    hidden.collect::<Vec<_>>().join(",")
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The system cannot read it.
    #[error("`{}`: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is no TOML.
    #[error("`{}` is no TOML: {cause}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Box<toml::de::Error>,
    },
    /// It has a key that is no option of every command.
    #[error("`{}`: there is no `{}`; there are: {known}", path.display(), key.escape_debug())]
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A value is neither text, number nor truth, nor a list of those.
    #[error("`{}`: `{key}` should be a text, or a list of texts", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage("config", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, ConfigError> {
        ConfigFile::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn every_option_of_every_command_may_stand_in_the_file() {
        let file =
            parse("dns = [\"9.9.9.9\", \"tls://dns.example\"]\njson = true\nnetwork = \"regtest\"")
                .unwrap();
        assert_eq!(file.values["dns"].len(), 2);
        assert!(
            options().contains(&"data-dir".to_owned()),
            "{:?}",
            options()
        );
    }

    #[test]
    fn what_means_nothing_is_refused_with_what_there_is() {
        assert!(
            matches!(parse("dsn = \"x\""), Err(ConfigError::Key { known, .. }) if known.contains("dns"))
        );
        assert!(matches!(parse("dns = 1.5"), Err(ConfigError::Value { .. })));
        assert!(matches!(parse("dns"), Err(ConfigError::Toml { .. })));
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(
            without_password("bitcoind://me:secret@host:8332"),
            "bitcoind://…@host:8332"
        );
        assert_eq!(
            without_password("9.9.9.9,https://a:b@c/d"),
            "9.9.9.9,https://…@c/d"
        );
    }
}
