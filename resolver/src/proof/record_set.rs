//! record_set
