//! The rules that the verifier keeps: each first with the honest shape, then with its violation.

mod aliases;
mod delegations;
mod digests;
mod faults;
mod keys;
mod nsec;
mod nsec3;
mod signers;
mod times;
mod tolerance;
mod wildcards;
mod work;
