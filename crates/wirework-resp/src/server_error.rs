//! An error that the server answers with.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;

/// An error that a command was answered with: a code and a text.
///
/// ```
/// use wirework_resp::{ErrorCode, ServerError};
///
/// let error = ServerError::new("MOVED 3999 127.0.0.1:6381");
/// assert_eq!(error.code(), "MOVED");
/// assert_eq!(error.kind(), ErrorCode::Moved);
/// assert_eq!(error.redirect(), Some((3999, "127.0.0.1:6381")));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ServerError {
    text: Bytes,
}

/// What an error is about, as far as programs tell errors apart. Its text is that of the server's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `ERR`: anything, most often a wrong command or argument.
    Err,
    /// `WRONGTYPE`: the key holds another kind of value.
    WrongType,
    /// `NOAUTH`: the client has to authenticate first.
    NoAuth,
    /// `WRONGPASS`: the user or the password is wrong.
    WrongPass,
    /// `NOPERM`: the user may not do that.
    NoPerm,
    /// `NOPROTO`: the server does not speak that version.
    NoProto,
    /// `MOVED`: another server of the cluster has the key; see [`ServerError::redirect`].
    Moved,
    /// `ASK`: another server of the cluster has the key for now; see [`ServerError::redirect`].
    Ask,
    /// `TRYAGAIN`: the keys are being moved between servers.
    TryAgain,
    /// `CROSSSLOT`: the keys are on different servers.
    CrossSlot,
    /// `CLUSTERDOWN`: the cluster does not serve the key.
    ClusterDown,
    /// `MASTERDOWN`: the replica has lost its master.
    MasterDown,
    /// `LOADING`: the server is reading its data.
    Loading,
    /// `BUSY`: the server runs a script.
    Busy,
    /// `READONLY`: the server takes no writes.
    ReadOnly,
    /// `NOREPLICAS`: too few replicas for writes.
    NoReplicas,
    /// `MISCONF`: the server cannot save, and so takes no writes.
    MisConf,
    /// `OOM`: the server is out of memory for writes.
    OutOfMemory,
    /// `NOSCRIPT`: the script is not known.
    NoScript,
    /// `EXECABORT`: a command of the transaction was refused, so none was run.
    ExecAbort,
    /// `BUSYKEY`: the key is there already.
    BusyKey,
    /// `BUSYGROUP`: the consumer group is there already.
    BusyGroup,
    /// `NOGROUP`: there is no such consumer group.
    NoGroup,
    /// Another one: see [`ServerError::code`].
    Other,
}

impl ServerError {
    /// An error of that text, which begins with its code.
    #[must_use]
    pub fn new(text: impl Into<Bytes>) -> Self {
        Self { text: text.into() }
    }

    /// All of it, as it was sent.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.text
    }

    /// The code it begins with, such as `ERR`; empty if it begins with none.
    #[must_use]
    pub fn code(&self) -> &str {
        let word = self.text.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_code = word
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'0'..=b'9' | b'_' | b'-'));
        let code = if is_code { word } else { &[] };
        std::str::from_utf8(code).unwrap_or_default()
    }

    /// What it says behind its code.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        let message = self.text[self.code().len()..].trim_ascii_start();
        String::from_utf8_lossy(message)
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> ErrorCode {
        match self.code() {
            "ERR" => ErrorCode::Err,
            "WRONGTYPE" => ErrorCode::WrongType,
            "NOAUTH" => ErrorCode::NoAuth,
            "WRONGPASS" => ErrorCode::WrongPass,
            "NOPERM" => ErrorCode::NoPerm,
            "NOPROTO" => ErrorCode::NoProto,
            "MOVED" => ErrorCode::Moved,
            "ASK" => ErrorCode::Ask,
            "TRYAGAIN" => ErrorCode::TryAgain,
            "CROSSSLOT" => ErrorCode::CrossSlot,
            "CLUSTERDOWN" => ErrorCode::ClusterDown,
            "MASTERDOWN" => ErrorCode::MasterDown,
            "LOADING" => ErrorCode::Loading,
            "BUSY" => ErrorCode::Busy,
            "READONLY" => ErrorCode::ReadOnly,
            "NOREPLICAS" => ErrorCode::NoReplicas,
            "MISCONF" => ErrorCode::MisConf,
            "OOM" => ErrorCode::OutOfMemory,
            "NOSCRIPT" => ErrorCode::NoScript,
            "EXECABORT" => ErrorCode::ExecAbort,
            "BUSYKEY" => ErrorCode::BusyKey,
            "BUSYGROUP" => ErrorCode::BusyGroup,
            "NOGROUP" => ErrorCode::NoGroup,
            _ => ErrorCode::Other,
        }
    }

    /// Of a [`Moved`](ErrorCode::Moved) or an [`Ask`](ErrorCode::Ask): the slot of the key, and the address of the server that
    /// has it.
    #[must_use]
    pub fn redirect(&self) -> Option<(u16, &str)> {
        if !matches!(self.kind(), ErrorCode::Moved | ErrorCode::Ask) {
            return None;
        }
        let mut words = std::str::from_utf8(&self.text).ok()?.split(' ').skip(1);
        Some((words.next()?.parse().ok()?, words.next()?))
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError({:?})", self.text)
    }
}

impl Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_told_apart() {
        for (text, code, message) in [
            ("ERR unknown command 'foo'", "ERR", "unknown command 'foo'"),
            ("EXECABORT", "EXECABORT", ""),
            ("no code at all", "", "no code at all"),
            ("Error condition", "", "Error condition"),
            ("", "", ""),
        ] {
            let error = ServerError::new(text);
            assert_eq!((error.code(), &*error.message()), (code, message));
        }
    }

    #[test]
    fn only_redirections_have_an_address() {
        assert_eq!(ServerError::new("ASK 1 [::1]:7000").redirect(), Some((1, "[::1]:7000")));
        for text in [
            "ERR 1 host:1",
            "MOVED",
            "MOVED x host:1",
            "MOVED 1",
            "MOVED 99999 host:1",
        ] {
            assert_eq!(ServerError::new(text).redirect(), None, "{text}");
        }
    }
}
