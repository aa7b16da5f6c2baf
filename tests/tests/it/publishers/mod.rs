//! Domains whose zones others serve: BIND, Knot and PowerDNS take what `paynamed` publishes.

mod aws;
mod cloudflare;
mod contract;
mod examined;
mod gaps;
mod hosted;
mod line;
mod manual;
mod own_domain;
mod powerdns;
mod reconciling;
mod rfc2136;
mod route53;
mod stand_in;
mod vacancies;
