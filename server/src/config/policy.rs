//! `[domain.names]` and `[domain.policy]`: which names a domain gives, to whom, and for how long.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde::Deserialize;

use super::{ConfigError, check::Checker, written::WrittenDomain};
use crate::{
    conditions::APPROVAL,
    registration::{Access, EntryRules, NameRules, Requirement, Terms},
};

/// The most days that anything may last: a century.
const MOST_DAYS: u32 = 36_525;
const DAY: u64 = 24 * HOUR;
const HOUR: u64 = 3600;
/// How long a name is reserved that waits, unless it is said otherwise; and the longest, a year.
const RESERVE_HOURS: u32 = 7 * 24;
const MOST_HOURS: u32 = 366 * 24;
/// The most characters of a name: a label of DNS has as many octets.
const LONGEST: u32 = 63;

/// `[domain.policy]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenPolicy {
    access: String,
    condition: Option<String>,
    reserve_hours: Option<u32>,
    random_names: bool,
    names_per_key: u32,
    claims_per_network_and_day: u32,
    hold_days: Option<u32>,
    expire_days: Option<u32>,
}

/// `[domain.names]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenNames {
    min_length: u32,
    max_length: u32,
    separators: String,
    reserved: Vec<String>,
    reserved_file: Option<PathBuf>,
    confusables: bool,
}

impl Default for WrittenPolicy {
    fn default() -> Self {
        Self {
            access: "open".to_owned(),
            condition: None,
            reserve_hours: None,
            random_names: false,
            names_per_key: 0,
            claims_per_network_and_day: 0,
            hold_days: None,
            expire_days: None,
        }
    }
}

impl Default for WrittenNames {
    fn default() -> Self {
        Self {
            min_length: 1,
            max_length: LONGEST,
            separators: "-._".to_owned(),
            reserved: Vec::new(),
            reserved_file: None,
            confusables: true,
        }
    }
}

impl Checker<'_> {
    pub(super) fn terms(&self, written: &WrittenPolicy) -> Result<Terms, ConfigError> {
        let seconds = |key: &str, days: Option<u32>, least: u32| {
            let days = days.map(|days| self.within(key, days, least, MOST_DAYS));
            let days = days.transpose()?;
            Ok(days.map(|days| u64::from(days).saturating_mul(DAY)))
        };
        Ok(Terms {
            hold: seconds("domain.policy.hold_days", written.hold_days, 0)?,
            life: seconds("domain.policy.expire_days", written.expire_days, 1)?,
        })
    }

    /// How names of a domain are given.
    pub(super) fn entry(&self, written: &WrittenDomain) -> Result<Arc<EntryRules>, ConfigError> {
        let policy = &written.policy;
        let access = match policy.access.as_str() {
            "open" => Access::Open,
            "invite" => Access::Invite,
            "closed" => Access::Closed,
            other => {
                let remedy = "write \"open\" (everybody), \"invite\" (who has a code) or \"closed\" (whom the operator gives one)";
                return Err(self.invalid("domain.policy.access", other, remedy));
            }
        };
        let limit = |number: u32| Some(number).filter(|number| *number > 0);
        Ok(Arc::new(EntryRules {
            names: self.names(&written.names)?,
            condition: self.condition(policy, access)?,
            access,
            random: policy.random_names,
            names_per_key: limit(policy.names_per_key),
            claims_per_network: limit(policy.claims_per_network_and_day),
        }))
    }

    fn condition(
        &self,
        written: &WrittenPolicy,
        access: Access,
    ) -> Result<Option<Requirement>, ConfigError> {
        let hours = written.reserve_hours.unwrap_or(RESERVE_HOURS);
        let hours = self.within("domain.policy.reserve_hours", hours, 1, MOST_HOURS)?;
        let Some(condition) = &written.condition else {
            if written.reserve_hours.is_some() {
                let remedy = "name what names wait for: condition = \"approval\"";
                return Err(self.invalid(
                    "domain.policy.reserve_hours",
                    &hours.to_string(),
                    remedy,
                ));
            }
            return Ok(None);
        };
        let remedy = match (condition.as_str(), access) {
            (APPROVAL, Access::Closed) => {
                "leave it out: in a closed domain the operator gives all names, and nobody claims one"
            }
            (APPROVAL, _) => {
                return Ok(Some(Requirement {
                    condition: condition.clone(),
                    reserve: u64::from(hours).saturating_mul(HOUR),
                }));
            }
            _ => "write \"approval\" (the operator approves each name), or leave it out",
        };
        Err(self.invalid("domain.policy.condition", condition, remedy))
    }

    fn names(&self, written: &WrittenNames) -> Result<NameRules, ConfigError> {
        let (least, most) = (written.min_length, written.max_length);
        let shortest = self.within("domain.names.min_length", least, 1, LONGEST)?;
        let longest = self.within("domain.names.max_length", most, shortest, LONGEST)?;
        let separators: BTreeSet<char> = written.separators.chars().collect();
        if !separators.iter().all(|c| "-._".contains(*c)) {
            let remedy = "write some of `-`, `.` and `_`; wallets take no others";
            return Err(self.invalid("domain.names.separators", &written.separators, remedy));
        }
        let listed = match &written.reserved_file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(self.directory.join(path)).map_err(|error| {
                let remedy = format!("it cannot be read: {error}; write one name to a line");
                self.invalid(
                    "domain.names.reserved_file",
                    &path.display().to_string(),
                    remedy,
                )
            })?,
        };
        let listed = listed
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        let reserved = written.reserved.iter().map(String::as_str).chain(listed);
        let reserved: Vec<String> = reserved
            .map(|name| name.trim().to_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        Ok(NameRules {
            shortest: usize::try_from(shortest).unwrap_or(usize::MAX),
            longest: usize::try_from(longest).unwrap_or(usize::MAX),
            separators,
            confusables: written.confusables,
            ..NameRules::reserving(reserved.iter().map(String::as_str))
        })
    }
}
