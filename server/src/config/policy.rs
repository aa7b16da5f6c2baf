//! `[domain.policy]`: who gets names in a domain, and for how long.

use serde::Deserialize;

use super::{ConfigError, check::Checker};
use crate::registration::Terms;

/// The most days that anything may last: a century.
const MOST_DAYS: u32 = 36_525;
const DAY: u64 = 24 * 3600;

/// `[domain.policy]`.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenPolicy {
    hold_days: Option<u32>,
    expire_days: Option<u32>,
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
}
