//! An example as a child process.
//!
//! Cargo builds the examples before the tests of their package, and tells nobody where: they lie in `examples`, beside
//! the `deps` that this test is in.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The examples must be done, or say something, within this time. No test takes longer because of it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running example. It is killed when this is dropped, or when it takes for ever.
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    _patience: Sender<()>,
}

/// What a program has left behind.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let path = path(name);
        let mut child = Command::new(&path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("NO_COLOR", "1")
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run cargo test -p wirework-examples", path.display()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let child = Arc::new(Mutex::new(child));
        Self {
            _patience: kill_later(&child),
            child,
            stdout,
            stderr,
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(name: &str, arguments: &[&str]) -> Ended {
        Self::start(name, arguments).end()
    }

    /// Starts a server, on a port that the system chooses, and says where it listens.
    pub(crate) fn serve(name: &str, arguments: &[&str]) -> (Self, SocketAddr) {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut server = Self::start(name, &arguments);
        let line = server.line();
        let addr = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}"));
        (server, addr.parse().unwrap())
    }

    /// The next line of standard output.
    pub(crate) fn line(&mut self) -> String {
        let line = next_line(&mut self.stdout);
        line.unwrap_or_else(|| panic!("the program has ended: {}", rest(&mut self.stderr)))
    }

    /// The next line of standard error.
    pub(crate) fn log(&mut self) -> String {
        next_line(&mut self.stderr).expect("the program is at work")
    }

    /// Types a line on standard input.
    pub(crate) fn type_line(&self, line: &str) {
        let mut child = self.child.lock().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Asks it to end.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(&self.child.lock().unwrap()), Signal::TERM).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.child.lock().unwrap().stdin.take());
        let (stdout, stderr) = (rest(&mut self.stdout), rest(&mut self.stderr));
        Ended {
            code: self.child.lock().unwrap().wait().unwrap().code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `end` there is nothing left to be killed.
        let mut child = self.child.lock().unwrap();
        child.kill().ok();
        child.wait().ok();
    }
}

impl Ended {
    /// The one line that it has failed with.
    #[track_caller]
    pub(crate) fn failure(&self) -> &str {
        let Self { code, stdout, stderr } = self;
        assert_eq!((*code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr.trim_end().strip_prefix("error: ").expect(stderr)
    }

    /// What it has printed, without anything to complain of.
    #[track_caller]
    pub(crate) fn output(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        &self.stdout
    }
}

fn path(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).expect("the test lies in target/PROFILE/deps");
    profile
        .join("examples")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Kills `child` once patience has run out, unless the sender is dropped before.
fn kill_later(child: &Arc<Mutex<Child>>) -> Sender<()> {
    let (sender, done) = mpsc::channel();
    let child = Arc::downgrade(child);
    thread::spawn(move || {
        if done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout)
            && let Some(child) = child.upgrade()
        {
            child.lock().unwrap().kill().ok();
        }
    });
    sender
}

fn next_line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let count = from.read_line(&mut line).unwrap();
    (count > 0).then(|| line.trim_end().to_owned())
}

fn rest(from: &mut impl Read) -> String {
    let mut rest = String::new();
    from.read_to_string(&mut rest).unwrap();
    rest
}
