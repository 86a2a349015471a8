//! Jars, manifests of Maven and locks of Gradle in, packages out.

mod coordinates;
mod file_name;
mod gradle;
mod jar;
mod licences;
mod manifest;
mod maven;
mod properties;
mod published;
mod xml;

pub(crate) use gradle::READER as GRADLE;
pub(crate) use jar::READER as JAR;
#[cfg(test)]
pub(crate) use jar::tests;
pub(crate) use maven::READER as MAVEN;
