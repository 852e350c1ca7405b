//! What a client may ask for.

use thiserror::Error;

/// A request, borrowed from the line that it was sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// Remember a value.
    Set {
        /// Where.
        key: &'a str,
        /// What: the rest of the line, spaces included.
        value: &'a str,
    },
    /// Tell the value of a key.
    Get(&'a str),
    /// Forget a key.
    Del(&'a str),
    /// Add to a number.
    Add {
        /// To which.
        key: &'a str,
        /// How much.
        number: i64,
    },
    /// Tell all keys and values.
    List,
    /// End the conversation.
    Quit,
}

/// A line that is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadRequest<'a> {
    /// There is no such command.
    #[error("unknown command {0:?}")]
    UnknownCommand(&'a str),
    /// The command needs something else after it.
    #[error("usage: {0}")]
    Usage(&'static str),
    /// A number is none, or too large.
    #[error("{0:?} is not a whole number")]
    NotANumber(&'a str),
}

impl<'a> Request<'a> {
    /// Makes sense of a line.
    ///
    /// # Errors
    /// Fails when there is none to be made.
    pub fn parse(line: &'a str) -> Result<Self, BadRequest<'a>> {
        let (command, arguments) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "SET" => {
                let (key, value) = two(arguments, "SET key value")?;
                Ok(Self::Set { key, value })
            }
            "GET" => one(arguments, "GET key").map(Self::Get),
            "DEL" => one(arguments, "DEL key").map(Self::Del),
            "ADD" => {
                let (key, number) = two(arguments, "ADD key number")?;
                let number = number.parse().map_err(|_| BadRequest::NotANumber(number))?;
                Ok(Self::Add { key, number })
            }
            "LIST" => none(arguments, "LIST").map(|()| Self::List),
            "QUIT" => none(arguments, "QUIT").map(|()| Self::Quit),
            _ => Err(BadRequest::UnknownCommand(command)),
        }
    }
}

/// A key, and what comes after it.
fn two<'a>(arguments: &'a str, usage: &'static str) -> Result<(&'a str, &'a str), BadRequest<'a>> {
    let both = arguments.split_once(' ');
    both.filter(|(key, _)| !key.is_empty()).ok_or(BadRequest::Usage(usage))
}

/// A key and nothing else.
fn one<'a>(arguments: &'a str, usage: &'static str) -> Result<&'a str, BadRequest<'a>> {
    match arguments {
        key if !key.is_empty() && !key.contains(' ') => Ok(key),
        _ => Err(BadRequest::Usage(usage)),
    }
}

fn none<'a>(arguments: &str, usage: &'static str) -> Result<(), BadRequest<'a>> {
    if arguments.is_empty() {
        Ok(())
    } else {
        Err(BadRequest::Usage(usage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        for (line, request) in [
            (
                "SET name Ada Lovelace",
                Request::Set {
                    key: "name",
                    value: "Ada Lovelace",
                },
            ),
            (
                "SET empty ",
                Request::Set {
                    key: "empty",
                    value: "",
                },
            ),
            ("GET name", Request::Get("name")),
            ("DEL name", Request::Del("name")),
            (
                "ADD hits -3",
                Request::Add {
                    key: "hits",
                    number: -3,
                },
            ),
            ("LIST", Request::List),
            ("QUIT", Request::Quit),
        ] {
            assert_eq!(Request::parse(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn bad_requests_are_told_apart() {
        for (line, reason) in [
            ("", r#"unknown command """#),
            ("get name", r#"unknown command "get""#),
            ("GET", "usage: GET key"),
            ("GET two keys", "usage: GET key"),
            ("SET name", "usage: SET key value"),
            ("SET  value", "usage: SET key value"),
            ("ADD hits", "usage: ADD key number"),
            ("ADD hits many", r#""many" is not a whole number"#),
            (
                "ADD hits 9223372036854775808",
                r#""9223372036854775808" is not a whole number"#,
            ),
            ("QUIT now", "usage: QUIT"),
        ] {
            assert_eq!(Request::parse(line).unwrap_err().to_string(), reason, "{line}");
        }
    }
}
