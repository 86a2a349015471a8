//! Images for every verb that looks at one: what a person named, where it is, and everything below it.
//!
//! In: `oci://NAME[:TAG][@DIGEST]`, or with `--oci-layout` a layout directory or archive. Out: an [`Opened`] image, whose tag was asked for
//! once, whose digest is known from then on, and which is a [`Repository`](attest_store::image::Repository) to be read.

mod argument;
mod attached;
mod chart;
mod content;
mod each;
mod failure;
mod opened;
mod place;
mod writer;

pub(crate) use argument::{ImageArguments, ImageName, is_image_reference, layout_hint, refuse_bare_name};
pub(crate) use attached::{Hanging, MAX_HANGING_DEPTH};
pub(crate) use chart::{ChartLayers, is_provenance_of};
pub(crate) use content::{Content, Form, docker_reference};
pub(crate) use each::for_each;
pub(crate) use failure::{attach_failure, tree_failure};
pub(crate) use opened::Opened;
pub(crate) use place::{Place, PlaceError};
