//! Which names may be given: their form, what is reserved, and what they can be mistaken for.

use std::collections::BTreeSet;

use unicode_security::skeleton;

use super::Refusal;

/// Names that a stranger must not have in a domain: whoever reads them thinks of its operator.
///
/// RFC 2142's mailboxes, those that certificate authorities trust, hosts that programs look for by
/// themselves, and roles.
const ROLES: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "alert",
    "alerts",
    "anonymous",
    "api",
    "autoconfig",
    "autodiscover",
    "backup",
    "billing",
    "bitcoin",
    "broadcasthost",
    "ceo",
    "cfo",
    "contact",
    "customer-service",
    "daemon",
    "dns",
    "domain",
    "donate",
    "donations",
    "ftp",
    "guest",
    "help",
    "helpdesk",
    "hostmaster",
    "imap",
    "info",
    "invoice",
    "invoices",
    "isatap",
    "legal",
    "lightning",
    "localdomain",
    "localhost",
    "mail",
    "mailer-daemon",
    "marketing",
    "moderator",
    "mx",
    "news",
    "no-reply",
    "noc",
    "noreply",
    "ns",
    "ns1",
    "ns2",
    "ns3",
    "ns4",
    "null",
    "official",
    "operator",
    "owner",
    "pay",
    "payment",
    "payments",
    "payname",
    "pop",
    "postmaster",
    "privacy",
    "refund",
    "refunds",
    "root",
    "sales",
    "security",
    "smtp",
    "ssladmin",
    "ssladministrator",
    "sslwebmaster",
    "staff",
    "status",
    "support",
    "sysadmin",
    "system",
    "treasury",
    "undefined",
    "usenet",
    "uucp",
    "verify",
    "wallet",
    "webmaster",
    "wpad",
    "www",
];

/// The rules for new names of a domain. A name that was given stays, whatever the rules become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRules {
    /// The fewest characters of a name.
    pub shortest: usize,
    /// The most.
    pub longest: usize,
    /// What may stand, one at a time, between words of `a-z` and `0-9`.
    pub separators: BTreeSet<char>,
    /// What is reserved, as skeletons.
    pub reserved: BTreeSet<String>,
    /// Whether a name is refused that looks like another one's.
    pub confusables: bool,
}

impl NameRules {
    /// The rules with these names reserved, beside those of the usual roles.
    pub fn reserving<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().chain(ROLES.iter().copied());
        Self {
            reserved: names.map(skeleton_of).collect(),
            ..Self::default()
        }
    }

    /// Judges the form of a user part, in lower case as [`Handle`](payname_resolver::Handle) has it.
    ///
    /// # Errors
    /// [`Refusal::Form`] says what is wrong.
    pub fn check_form(&self, user: &str) -> Result<(), Refusal> {
        let length = user.chars().count();
        let refuse = |reason: String| {
            let user = user.to_owned();
            Err(Refusal::Form { user, reason })
        };
        if length < self.shortest || length > self.longest {
            let (shortest, longest) = (self.shortest, self.longest);
            return refuse(format!(
                "names here have {shortest} to {longest} characters"
            ));
        }
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let words = user.split(|c: char| self.separators.contains(&c));
        if words
            .clone()
            .all(|word| !word.is_empty() && word.chars().all(is_letter))
        {
            return Ok(());
        }
        let separators: Vec<String> = self.separators.iter().map(|c| format!("`{c}`")).collect();
        let between = match &separators[..] {
            [] => String::new(),
            some => format!(", with a single {} between words", some.join(" or ")),
        };
        refuse(format!("names here are of a-z and 0-9{between}"))
    }

    /// Whether a name, or one of its labels, is reserved or looks like one that is.
    pub fn is_reserved(&self, user: &str) -> bool {
        let mut names = std::iter::once(user).chain(user.split('.'));
        names.any(|name| self.reserved.contains(&skeleton_of(name)))
    }
}

impl Default for NameRules {
    /// Any name that can be resolved; what looks like another one's is refused.
    fn default() -> Self {
        Self {
            shortest: 1,
            longest: 255,
            separators: BTreeSet::from(['-', '.', '_']),
            reserved: BTreeSet::new(),
            confusables: true,
        }
    }
}

/// What a user part looks like: names with one skeleton are mistaken for each other (UTS 39 §4).
///
/// Names are read in either case, so an `i` is taken for the `I` that it may be written as, and that looks
/// like an `l`. The separators count as one: they are hardly told apart, least of all when spoken.
///
/// ```
/// use payname_server::registration::skeleton_of;
///
/// assert_eq!(skeleton_of("b0b"), skeleton_of("bob"));
/// assert_eq!(skeleton_of("ali-m"), skeleton_of("a1l_rn"));
/// assert_ne!(skeleton_of("alice"), skeleton_of("alicia"));
/// ```
pub fn skeleton_of(user: &str) -> String {
    let written = user.chars().map(|c| match c {
        'i' => 'I',
        '_' | '.' => '-',
        other => other,
    });
    let seen: String = skeleton(&written.collect::<String>()).collect();
    seen.to_lowercase()
}

/// The last label of a name that has several: in DNS, what it lies under.
pub fn lies_under(user: &str) -> Option<&str> {
    user.rsplit_once('.').map(|(_, last)| last)
}

/// The names that a name lies under in DNS, the nearest first.
pub fn above(user: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(user), |name| {
        name.split_once('.').map(|(_, rest)| rest)
    })
    .skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_by_single_separators() {
        let rules = NameRules {
            shortest: 2,
            longest: 12,
            separators: BTreeSet::from(['-', '.']),
            ..NameRules::default()
        };
        for user in ["al", "a-b", "a.b-c.1", "0x", "twelvechars1"] {
            assert_eq!(rules.check_form(user), Ok(()), "{user}");
        }
        for user in [
            "a",
            "thirteenchars",
            "",
            "-a",
            "a-",
            ".a",
            "a.",
            "a--b",
            "a.-b",
            "a..b",
            "a_b",
            "A1",
            "é1",
            "xn--a",
        ] {
            let refusal = rules.check_form(user).unwrap_err();
            assert!(matches!(refusal, Refusal::Form { .. }), "{user}");
        }
        let plain = NameRules {
            separators: BTreeSet::new(),
            ..rules
        };
        let told = plain.check_form("a-b").unwrap_err().to_string();
        assert!(
            !told.contains("separator") && told.contains("a-z and 0-9"),
            "{told}"
        );
    }

    #[test]
    fn what_looks_alike_in_either_case_has_one_skeleton() {
        for (one, other) in [
            ("bob", "b0b"),
            ("alice", "a1ice"),
            ("alice", "aiice"),
            ("mary", "rnary"),
            ("modern", "rnodem"),
            ("a-b", "a_b"),
            ("a.b", "a-b"),
            ("il1", "lli"),
            ("oo", "00"),
        ] {
            assert_eq!(skeleton_of(one), skeleton_of(other), "{one} {other}");
        }
        for (one, other) in [
            ("alice", "alicia"),
            ("bob", "bobb"),
            ("ab", "a-b"),
            ("b", "d"),
            ("2", "z"),
        ] {
            assert_ne!(skeleton_of(one), skeleton_of(other), "{one} {other}");
        }
    }

    #[test]
    fn reserved_names_are_reserved_in_disguise_and_as_a_label_too() {
        let rules = NameRules::reserving(["acme"]);
        for user in [
            "admin",
            "adrnin",
            "adm1n",
            "r00t",
            "acme",
            "no_reply",
            "no.reply",
            "alice.admin",
            "admin.alice",
            "a.acme.b",
        ] {
            assert!(rules.is_reserved(user), "{user}");
        }
        for user in ["alice", "administrators", "acme-fan", "rooted", "adam"] {
            assert!(!rules.is_reserved(user), "{user}");
        }
    }

    #[test]
    fn names_above_are_those_that_it_ends_with() {
        assert_eq!(above("a.b.c").collect::<Vec<_>>(), ["b.c", "c"]);
        assert_eq!(above("a").count(), 0);
        assert_eq!((lies_under("a.b.c"), lies_under("a")), (Some("c"), None));
    }
}
