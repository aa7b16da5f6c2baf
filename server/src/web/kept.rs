//! Pay pages that were drawn lately: drawing the QR code is most of the work of a page.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use payname_resolver::UnixTime;

/// The most pages that are kept; at about 30 KiB each, 30 MiB.
const MOST: usize = 1_000;

/// Pages by their path, in memory.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<HashMap<String, Page>>);

/// What a page says follows from its path and from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The name's version.
    pub(super) version: u64,
    /// When it was last proven.
    pub(super) proven_at: UnixTime,
}

#[derive(Debug)]
struct Page {
    stamp: Stamp,
    html: Bytes,
}

impl Pages {
    /// The page at a path, if it was drawn from the same.
    pub(super) fn drawn(&self, path: &str, stamp: Stamp) -> Option<Bytes> {
        let kept = self.lock();
        let page = kept.get(path).filter(|page| page.stamp == stamp)?;
        Some(page.html.clone())
    }

    /// Keeps a page.
    pub(super) fn keep(&self, path: String, stamp: Stamp, html: Bytes) {
        let mut kept = self.lock();
        if kept.len() >= MOST {
            // Any that is dropped can be drawn again.
            kept.clear();
        }
        kept.insert(path, Page { stamp, html });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_given_again_only_while_what_it_says_is_the_same() {
        let pages = Pages::default();
        let stamp = |version, at| Stamp {
            version,
            proven_at: UnixTime(at),
        };
        let html = Bytes::from_static(b"page");
        pages.keep("/alice".to_owned(), stamp(2, 100), html.clone());
        assert_eq!(pages.drawn("/alice", stamp(2, 100)), Some(html));
        for other in [stamp(3, 100), stamp(2, 101)] {
            assert_eq!(pages.drawn("/alice", other), None);
        }
        assert_eq!(pages.drawn("/bob", stamp(2, 100)), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let pages = Pages::default();
        let stamp = Stamp {
            version: 1,
            proven_at: UnixTime(0),
        };
        for index in 0..=MOST {
            pages.keep(index.to_string(), stamp, Bytes::new());
        }
        assert_eq!(pages.lock().len(), 1);
    }
}
