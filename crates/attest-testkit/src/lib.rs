//! Development only: fixed clock, seeded keys, fixtures and their mutations.
