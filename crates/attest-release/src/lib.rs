//! The release transaction: plan, build, stage, sign, verify.
