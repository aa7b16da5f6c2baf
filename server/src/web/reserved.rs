//! The users that would get in the way of paths, and are therefore never given away.

use std::collections::BTreeMap;

use payname_resolver::Handle;

use crate::config::Domain;

/// The first parts of fixed paths; a user of this name would have no page at `/{user}`.
///
/// New fixed paths of pages start with `/~/` instead, since no name has a `~`.
pub(crate) const USERS: [&str; 8] = [
    "dnssecproof",
    "favicon.ico",
    "livez",
    "metrics",
    "proof",
    "readyz",
    "robots.txt",
    "v1",
];

/// What paths end in when they ask for another form of a page.
pub(crate) const ENDINGS: [&str; 2] = [".json", ".svg"];

/// Refuses a name whose paths would mean something else.
///
/// # Errors
/// [`ReservedPath`].
pub(crate) fn check(
    handle: &Handle,
    domains: &BTreeMap<String, Domain>,
) -> Result<(), ReservedPath> {
    let user = handle.user();
    let is_path = USERS.contains(&user)
        || ENDINGS.iter().any(|ending| user.ends_with(ending))
        || domains.contains_key(user);
    if is_path {
        return Err(ReservedPath(handle.clone()));
    }
    Ok(())
}

/// A name that is given to nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} would stand in the way of an address of this server; choose another name")]
pub(crate) struct ReservedPath(Handle);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_paths_are_not_given_away() {
        let domains = BTreeMap::new();
        let is = |user: &str| check(&Handle::new(user, "example.com").unwrap(), &domains).is_err();
        assert!(is("v1") && is("Proof") && is("alice.json") && is("a.b.svg"));
        assert!(!is("alice") && !is("alice.smith") && !is("json") && !is("v2"));
    }
}
