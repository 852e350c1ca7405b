//! What is wrong with a server's settings.

use std::io;

use thiserror::Error;

/// A setting that makes no sense, alone or beside another; from [`Server::check`](crate::Server::check).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("bad configuration: {setting}: {why}")]
pub struct ConfigError {
    setting: &'static str,
    why: String,
}

impl ConfigError {
    pub(super) fn new(setting: &'static str, why: impl Into<String>) -> Self {
        Self {
            setting,
            why: why.into(),
        }
    }

    /// The name of the setting.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl From<ConfigError> for io::Error {
    fn from(error: ConfigError) -> Self {
        io::Error::new(io::ErrorKind::InvalidInput, error)
    }
}
