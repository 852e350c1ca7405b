//! A client for tests, written apart from the crate that is tested: plain, blocking, and strict.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reply {
    Simple(String),
    Error(String),
    Int(i64),
    Bulk(String),
    Null,
    Array(Vec<Reply>),
    NullArray,
    /// Anything else, of RESP3: its first line, and the values in it.
    Other(String, Vec<Reply>),
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::Simple("OK".to_owned())
    }

    pub(crate) fn bulk(text: &str) -> Self {
        Self::Bulk(text.to_owned())
    }

    pub(crate) fn bulks(texts: &[&str]) -> Self {
        Self::Array(texts.iter().map(|text| Self::bulk(text)).collect())
    }

    pub(crate) fn error(text: &str) -> Self {
        Self::Error(text.to_owned())
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_nodelay(true).unwrap();
        // Only so that a test that fails ends.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, command: &[&str]) {
        self.raw(&encode(command));
    }

    /// Sends a command of words and returns its reply.
    pub(crate) fn run(&mut self, command: &str) -> Reply {
        self.ask(&command.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn ask(&mut self, command: &[&str]) -> Reply {
        self.send(command);
        self.reply()
    }

    pub(crate) fn reply(&mut self) -> Reply {
        self.next().expect("the server goes on")
    }

    /// The next reply; `None` if the server has closed the connection.
    pub(crate) fn next(&mut self) -> Option<Reply> {
        let line = self.line()?;
        let (kind, rest) = line.split_at(1);
        Some(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Int(rest.parse().unwrap()),
            "$" if rest == "-1" => Reply::Null,
            "$" | "=" => Reply::Bulk(self.exactly(rest.parse().unwrap())),
            "*" if rest == "-1" => Reply::NullArray,
            "*" => Reply::Array(self.values(rest.parse().unwrap())),
            "_" => Reply::Null,
            "%" => {
                let values = self.values(rest.parse::<usize>().unwrap() * 2);
                Reply::Other(kind.to_owned(), values)
            }
            "~" | ">" => Reply::Other(kind.to_owned(), self.values(rest.parse().unwrap())),
            "," | "#" => Reply::Other(line, Vec::new()),
            _ => panic!("no reply begins like this: {line}"),
        })
    }

    fn values(&mut self, count: usize) -> Vec<Reply> {
        (0..count).map(|_| self.reply()).collect()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        Some(line.strip_suffix("\r\n").expect("lines end properly").to_owned())
    }

    fn exactly(&mut self, len: usize) -> String {
        let mut bytes = vec![0; len + 2];
        self.stream.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes.split_off(len), b"\r\n");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A command as an array of bulk strings.
pub(crate) fn encode(command: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for word in command {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes());
    }
    bytes
}
