//! How many sockets this process may have open.
//!
//! Both ends of a check's connections are in one process, and the usual soft limit is 1,024 descriptors.

/// Raises the soft limit to `wanted`, or to the hard limit where that is lower.
#[cfg(unix)]
pub(crate) fn allow_descriptors(wanted: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        setrlimit(Resource::Nofile, limit).expect("a process may raise its soft limit up to the hard one");
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn allow_descriptors(_: u64) {}
