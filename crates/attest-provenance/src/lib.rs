//! How an artifact was built, as SLSA provenance.
