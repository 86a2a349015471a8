use attest_provenance::{Environment, Uri};

use crate::context::Context;
use crate::visible::visible;

/// Says, before anything is signed, that the builder may be the wrong one, and what helps. `set_by` is where a builder is
/// named; whoever has named one knows it.
pub(crate) fn say(environment: &Environment, named: Option<&Uri>, set_by: &str, context: &mut Context<'_>) {
    if named.is_some() || !environment.may_name_caller() {
        return;
    }
    let Ok(builder) = environment.builder_id() else {
        return;
    };
    context.say(format_args!(
        "warning: the builder is named after the workflow that was started, `{}`. If this job is part of a reusable workflow, its \
         certificate will name that one, and `attest verify` rejects provenance that names another",
        visible(builder.as_str())
    ));
    context.say(format_args!(
        "hint: in a reusable workflow, name it with {set_by}: https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@REF"
    ));
}
