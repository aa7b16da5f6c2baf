//! From the owner name of a record to the handle that it is of.

use payname_resolver::{Handle, hickory_proto::rr::Name};

/// The handle of a domain whose owner name this is; none for another name.
pub(super) fn handle_at(owner: &Name, domain: &str) -> Option<Handle> {
    let users = Handle::new("user", domain).ok()?.owner_name().base_name();
    if !users.zone_of(owner) {
        return None;
    }
    let labels = usize::from(owner.num_labels()).checked_sub(users.num_labels().into())?;
    let labels = owner.iter().take(labels).map(std::str::from_utf8);
    let user = labels.collect::<Result<Vec<_>, _>>().ok()?.join(".");
    let handle = Handle::new(&user, domain).ok()?;
    (*handle.owner_name() == *owner).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_users_have_handles() {
        let handle = |name: &str| {
            let handle = handle_at(&name.parse().unwrap(), "example.test");
            handle.map(|handle| handle.user().to_owned())
        };
        let below = "user._bitcoin-payment.example.test.";
        assert_eq!(handle(&format!("Alice.{below}")), Some("alice".to_owned()));
        assert_eq!(handle(&format!("a.b.{below}")), Some("a.b".to_owned()));
        assert_eq!(handle(below), None);
        assert_eq!(handle(&format!("*.{below}")), None);
        assert_eq!(handle("alice.user._bitcoin-payment.other.test."), None);
    }
}
