//! nsec
