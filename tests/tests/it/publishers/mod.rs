//! Domains whose zones others serve: BIND, Knot and PowerDNS take what `paynamed` publishes.

mod cloudflare;
mod contract;
mod gaps;
mod line;
mod manual;
mod own_domain;
mod powerdns;
mod reconciling;
mod rfc2136;
mod stand_in;
