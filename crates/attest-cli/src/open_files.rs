/// As many open files as the administrator lets this program have: the usual limit is there for programs that cannot count
/// beyond it. Those that are started here (git) can.
#[cfg(unix)]
pub(crate) fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // What is refused is not needed, or is found missing where it is.
    let _ = setrlimit(Resource::Nofile, raised);
}

#[cfg(not(unix))]
pub(crate) fn allow_open_files() {}
