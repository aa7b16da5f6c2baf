//! nsec3
