//! A node without a network, for tests.
