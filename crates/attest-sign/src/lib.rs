//! Statements in, signed bundles out, through four ports.
