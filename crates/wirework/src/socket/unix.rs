//! Listening on Unix sockets, whose files outlive them.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::{BACKLOG, naming};

/// Options of a listening Unix socket; by value, as
/// [`Network::listen_unix_with`](crate::Network::listen_unix_with) takes them.
///
/// | | default |
/// |---|---|
/// | [`mode`](Self::mode) | what the process's umask leaves |
/// | [`replace_stale`](Self::replace_stale) | off |
///
/// ```
/// use wirework::socket::UnixListenOptions;
///
/// let options = UnixListenOptions::new().mode(0o660).replace_stale(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default)]
pub struct UnixListenOptions {
    mode: Option<u32>,
    replace_stale: bool,
}

impl UnixListenOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the permissions of the socket's file, such as `0o660`: who may connect. They hold before anyone can.
    ///
    /// # Panics
    /// Panics if it has more than the nine bits of a mode.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        assert!(mode <= 0o777, "mode must be of nine bits, not {mode:#o}");
        self.mode = Some(mode);
        self
    }

    /// Sets whether a socket's file on which nobody listens any more is replaced, as one that a crashed server left; not
    /// unless set. A file that is no socket, or on which someone listens, never is.
    #[must_use]
    pub fn replace_stale(mut self, on: bool) -> Self {
        self.replace_stale = on;
        self
    }

    /// The permissions of the socket's file, where they were set.
    #[must_use]
    pub fn file_mode(&self) -> Option<u32> {
        self.mode
    }

    /// Whether a file on which nobody listens any more is replaced.
    #[must_use]
    pub fn replaces_stale(&self) -> bool {
        self.replace_stale
    }
}

/// A listening Unix socket.
///
/// # Errors
/// Those of the system, naming `path`; [`AddrInUse`](io::ErrorKind::AddrInUse) when the path exists and is not to be replaced.
pub fn listen_unix_with(path: &Path, options: &UnixListenOptions) -> io::Result<UnixListener> {
    let listen = || {
        if options.replace_stale {
            remove_stale(path)?;
        }
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        if let Some(mode) = options.mode {
            // Nobody can connect before it listens.
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error| naming(&error, format_args!("listen on {}", path.display())))
}

/// Removes the file of a socket on which nobody listens.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "the file there is no socket"));
        }
        Ok(_) => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // One whose backlog is full would make us wait.
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        Ok(()) | Err(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "someone listens there")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("wirework-{name}-{}.sock", std::process::id()))
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let path = temporary("stale");
        let options = UnixListenOptions::new().mode(0o600);
        let live = listen_unix_with(&path, &options).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let replace = options.clone().replace_stale(true);
        let error = listen_unix_with(&path, &replace).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().ends_with("someone listens there"), "{error}");

        drop(live);
        let error = listen_unix_with(&path, &options).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let again = listen_unix_with(&path, &replace).unwrap();
        std::os::unix::net::UnixStream::connect(&path).unwrap();
        drop(again);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_no_socket_stays() {
        let path = temporary("file");
        fs::write(&path, "precious").unwrap();
        let error = listen_unix_with(&path, &UnixListenOptions::new().replace_stale(true)).unwrap_err();
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        fs::remove_file(&path).unwrap();
    }
}
