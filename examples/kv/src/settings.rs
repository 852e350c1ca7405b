//! What `CONFIG GET` tells and `CONFIG SET` changes.

use crate::fault::Fault;
use crate::glob;

/// How many bytes may wait for a subscriber that does not read them, as in Redis.
const MAX_UNREAD: usize = 32 * 1024 * 1024;

/// Settings that can be changed while it runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many bytes of data there may be before commands that add to it are refused; 0 for any number.
    pub max_memory: usize,
    /// What clients have to know; anybody may come if it is empty.
    pub password: Vec<u8>,
    /// How many connections there may be at a time.
    pub max_clients: usize,
    /// How many bytes may wait for a subscriber that does not read them, before it is cut off.
    pub max_unread: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_memory: 0,
            password: Vec::new(),
            max_clients: 10_000,
            max_unread: MAX_UNREAD,
        }
    }
}

impl Settings {
    /// The settings whose names match a pattern.
    pub fn matching(&self, pattern: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let pattern = pattern.to_ascii_lowercase();
        let all = self.all().into_iter();
        all.filter(|(name, _)| glob::matches(&pattern, name.as_bytes()))
            .collect()
    }

    fn all(&self) -> [(&'static str, Vec<u8>); 12] {
        let limit = format!("normal 0 0 0 slave 0 0 0 pubsub {} 0 0", self.max_unread);
        [
            ("appendonly", b"no".to_vec()),
            ("bind", b"*".to_vec()),
            ("client-output-buffer-limit", limit.into()),
            ("databases", crate::store::DATABASES.to_string().into()),
            ("dir", b"/".to_vec()),
            ("maxclients", self.max_clients.to_string().into()),
            ("maxmemory", self.max_memory.to_string().into()),
            ("maxmemory-policy", b"noeviction".to_vec()),
            ("proto-max-bulk-len", crate::store::MAX_TEXT.to_string().into()),
            ("requirepass", self.password.clone()),
            ("save", Vec::new()),
            ("timeout", b"0".to_vec()),
        ]
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// Fails if there is none of that name, if its value makes no sense, or if it cannot be changed.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let failed = |why: &str| {
            Fault::new(format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
            ))
        };
        match name.as_str() {
            "maxmemory" => {
                let bytes = parse_memory(value);
                self.max_memory = bytes.ok_or_else(|| failed("argument must be a memory value"))?;
            }
            "requirepass" => self.password = value.to_vec(),
            // What is so already can be asked for.
            known => match self.all().into_iter().find(|(name, _)| *name == known) {
                Some((_, now)) if now == value => {}
                Some(_) => return Err(failed("can't set immutable config")),
                None => {
                    let text = format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'");
                    return Err(Fault::new(text));
                }
            },
        }
        Ok(())
    }
}

/// Reads a number of bytes: `100`, `1k` (1,000), `1kb` (1,024), and so on up to `gb`.
pub fn parse_memory(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_units() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("10kb", Some(10_240)),
            ("1G", Some(1_000_000_000)),
            ("1x", None),
            ("mb", None),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_set_is_told() {
        let mut settings = Settings::default();
        settings.set(b"MaxMemory", b"1kb").unwrap();
        assert_eq!(settings.matching(b"maxmemory"), [("maxmemory", b"1024".to_vec())]);
        assert!(settings.set(b"save", b"").is_ok());
        assert!(settings.set(b"save", b"60 1").is_err());
        assert!(settings.set(b"nothing", b"").is_err());
    }
}
