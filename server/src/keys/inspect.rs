//! A look at whether a zone's keys could be used, which changes nothing.

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::KeyPolicy;

use super::KeyFiles;
use crate::data_dir::DataDirError;

impl KeyFiles {
    /// Reads the state and every private key.
    ///
    /// # Errors
    /// One of them is missing, damaged, open to others, or does not open.
    pub(crate) fn check(&self, zone: &Name, policy: KeyPolicy) -> Result<(), DataDirError> {
        if !self.state(zone).exists() {
            // The one key of earlier releases; loading it whole would write.
            return self.look(zone, policy).map(drop);
        }
        self.load(zone, policy, UnixTime(0)).map(drop)
    }
}
