//! What each new connection says first: the version, who it is, and the database.

use std::io;

use wirework::{Connection, Framed};

use super::{RedisError, RedisOptions};
use crate::{Cmd, CmdEncoder, ErrorCode, ServerError, Value, ValueDecoder, Version, cmd};

/// The user that there is without users.
const DEFAULT_USER: &str = "default";

/// Says what `options` do. Gives the version that the server took.
pub(super) async fn log_in<C: Connection>(
    framed: &mut Framed<C, ValueDecoder, CmdEncoder>,
    options: &RedisOptions,
) -> io::Result<Version> {
    let version = match options.version {
        Version::Resp2 => Version::Resp2,
        Version::Resp3 => match say(framed, hello(options)).await? {
            Err(error) if knows_no_hello(&error) => Version::Resp2,
            answer => {
                answer.map_err(RedisError::from)?;
                Version::Resp3
            }
        },
    };
    let mut rest = Vec::new();
    if version == Version::Resp2 {
        rest.extend(auth(options));
        rest.extend(options.name.as_ref().map(|name| cmd("CLIENT").arg("SETNAME").arg(name)));
    }
    if options.database > 0 {
        rest.push(cmd("SELECT").arg(options.database));
    }
    for cmd in rest {
        say(framed, cmd).await?.map_err(RedisError::from)?;
    }
    Ok(version)
}

/// The version, the log-in and the name, all in one.
fn hello(options: &RedisOptions) -> Cmd {
    let mut hello = cmd("HELLO").arg(3);
    if let Some(password) = &options.password {
        let user = options.user.as_deref().unwrap_or(DEFAULT_USER);
        hello = hello.arg("AUTH").arg(user).arg(password);
    }
    match &options.name {
        Some(name) => hello.arg("SETNAME").arg(name),
        None => hello,
    }
}

fn auth(options: &RedisOptions) -> Option<Cmd> {
    let password = options.password.as_ref()?;
    let auth = cmd("AUTH");
    Some(match &options.user {
        Some(user) => auth.arg(user).arg(password),
        // Servers before version 6 know the password alone.
        None => auth.arg(password),
    })
}

/// Whether the server is of a time before RESP3, or does not want it.
fn knows_no_hello(error: &ServerError) -> bool {
    match error.kind() {
        ErrorCode::NoProto => true,
        ErrorCode::Err => error.message().starts_with("unknown command"),
        _ => false,
    }
}

async fn say<C: Connection>(
    framed: &mut Framed<C, ValueDecoder, CmdEncoder>,
    cmd: Cmd,
) -> io::Result<Result<Value, ServerError>> {
    framed.send(&cmd).await?;
    loop {
        match framed.next().await? {
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                ));
            }
            Some(Value::Push(_)) => {}
            Some(Value::Error(error)) => return Ok(Err(error)),
            Some(value) => return Ok(Ok(value)),
        }
    }
}
