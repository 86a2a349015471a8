//! What is inside an artifact, as CycloneDX.
