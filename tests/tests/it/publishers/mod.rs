//! Domains whose zones others serve: BIND, Knot and PowerDNS take what `paynamed` publishes.

mod contract;
mod gaps;
mod line;
mod manual;
mod powerdns;
mod rfc2136;
