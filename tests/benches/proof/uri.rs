//! Reading a `bitcoin:` URI, beside the parser of offers and the points of the curve that it must read.

use std::hint::black_box;

use payname_resolver::Instructions;
use payname_resolver::lightning::bitcoin::secp256k1::PublicKey;
use payname_resolver::lightning::blinded_path::IntroductionNode;
use payname_resolver::lightning::offers::offer::Offer;

use crate::contest::{Contest, Times};
use crate::matt::Matt;
use crate::table::Row;

const WHOLE: &str = "a URI with an offer";
const OFFER: &str = "the offer alone";
const POINTS: &str = "the points of the offer alone";
const REST: &str = "a URI without an offer";
/// The goal, in microseconds.
const LIMIT: f64 = 20.0;

/// The recorded URI, taken apart.
pub(crate) struct Uri {
    text: String,
    offer: String,
    points: Vec<[u8; 33]>,
    without_offer: String,
}

impl Uri {
    pub(crate) fn of(matt: &Matt) -> Self {
        let text = matt.vector.uri.clone().unwrap();
        let (before, offer) = text.split_once("lno=").unwrap();
        let padding = "x".repeat(offer.len());
        let parsed: Offer = offer.parse().unwrap();
        let paths = parsed.paths().iter().flat_map(|path| {
            let introduction = match path.introduction_node() {
                IntroductionNode::NodeId(key) => Some(*key),
                IntroductionNode::DirectedShortChannelId(..) => None,
            };
            let hops = path.blinded_hops().iter().map(|hop| hop.blinded_node_id);
            hops.chain([path.blinding_point()]).chain(introduction)
        });
        let points = paths.chain(parsed.issuer_signing_pubkey());
        Self {
            offer: offer.to_owned(),
            points: points.map(|point| point.serialize()).collect(),
            without_offer: format!("{before}label={padding}"),
            text,
        }
    }

    pub(crate) fn enter(&self, contest: &mut Contest) {
        for (name, text) in [(WHOLE, &self.text), (REST, &self.without_offer)] {
            let text = text.clone();
            contest.enter(name, move || {
                black_box(Instructions::parse(black_box(&text)).unwrap());
            });
        }
        let offer = self.offer.clone();
        contest.enter(OFFER, move || {
            black_box(black_box(&offer).parse::<Offer>().unwrap());
        });
        let points = self.points.clone();
        contest.enter(POINTS, move || {
            for point in black_box(&points) {
                black_box(PublicKey::from_slice(point).unwrap());
            }
        });
    }

    pub(crate) fn rows(&self, times: &Times) -> Vec<Row> {
        let (whole, offer) = (times.of(WHOLE), times.of(OFFER));
        let points = times.of(POINTS);
        vec![
            Row::goal(
                format!("a URI of {} bytes, parsed by BIP-321", self.text.len()),
                format!("at most {LIMIT} µs"),
                format!(
                    "{whole:.1} µs, {offer:.1} of them in `lightning`'s parser of offers, {points:.1} of \
                     those for reading {} points of the curve",
                    self.points.len()
                ),
                whole <= LIMIT,
            ),
            Row::goal(
                "the same with a label in place of the offer",
                format!("at most {LIMIT} µs"),
                format!("{:.1} µs", times.of(REST)),
                times.of(REST) <= LIMIT,
            ),
        ]
    }
}
