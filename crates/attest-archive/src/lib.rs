//! Trees in, byte-identical archives out.
