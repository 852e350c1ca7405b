//! What a client says about itself and its connection.

use wirework_resp::Version;

use super::server::unknown_subcommand;
use crate::call::{Call, Outcome};
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::number;
use crate::session::{Next, Replies, Session};
use crate::store::DATABASES;

pub const COMMANDS: &[Spec] = &[
    Spec::new("ping", -1, Kind::Other, Keys::NONE, ping),
    Spec::new("echo", 2, Kind::Other, Keys::NONE, echo),
    Spec::new("hello", -1, Kind::Greeting, Keys::NONE, hello),
    Spec::new("auth", -2, Kind::Greeting, Keys::NONE, auth),
    Spec::new("quit", -1, Kind::Greeting, Keys::NONE, quit),
    Spec::new("reset", 1, Kind::Greeting, Keys::NONE, reset),
    Spec::new("select", 2, Kind::Other, Keys::NONE, select),
    Spec::new("client", -2, Kind::Other, Keys::NONE, client),
];

fn ping(call: &mut Call<'_, '_>) -> Outcome {
    if call.len() > 2 {
        return Err(call.wrong_arity());
    }
    if call.reply.version() == Version::Resp2 && !call.session.subscriptions.is_empty() {
        call.reply.array(2);
        call.reply.bulk("pong");
        call.reply.bulk(call.arg(1));
        return Ok(());
    }
    match call.command.arg(1) {
        Some(text) => call.reply.bulk(text),
        None => call.reply.simple("PONG"),
    }
    Ok(())
}

fn echo(call: &mut Call<'_, '_>) -> Outcome {
    call.reply.bulk(call.arg(1));
    Ok(())
}

fn hello(call: &mut Call<'_, '_>) -> Outcome {
    let mut version = call.reply.version();
    if call.len() > 1 {
        let number = number::integer(call.arg(1));
        let number = number.ok_or(Fault::text("ERR Protocol version is not an integer or out of range"))?;
        version = Version::from_number(number).ok_or(Fault::text("NOPROTO unsupported protocol version"))?;
    }
    let mut place = 2;
    let mut name = None;
    while place < call.len() {
        match call.word(place).as_str() {
            "auth" if place + 2 < call.len() => {
                log_in(call, call.arg(place + 1), call.arg(place + 2))?;
                place += 2;
            }
            "setname" if place + 1 < call.len() => {
                name = Some(checked_name(call.arg(place + 1))?);
                place += 1;
            }
            _ => {
                let option = String::from_utf8_lossy(call.arg(place));
                return Err(Fault::new(format!("ERR Syntax error in HELLO option '{option}'")));
            }
        }
        place += 1;
    }
    if !call.session.is_authenticated {
        let text = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
                    <user> <pass> option can be used to authenticate the client and select the RESP protocol version at \
                    the same time";
        return Err(Fault::text(text));
    }
    call.reply.set_version(version);
    if let Some(client) = call.store.clients.get_mut(&call.session.id) {
        client.resp = version.number();
        if let Some(name) = name {
            client.name = name;
        }
    }
    call.reply.map(7);
    for (key, value) in [("server", "redis"), ("version", super::server::VERSION)] {
        call.reply.bulk(key);
        call.reply.bulk(value);
    }
    call.reply.bulk("proto");
    call.reply.integer(version.number().into());
    call.reply.bulk("id");
    call.reply.integer(call.session.id.cast_signed());
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
        call.reply.bulk(key);
        call.reply.bulk(value);
    }
    call.reply.bulk("modules");
    call.reply.array(0);
    Ok(())
}

fn auth(call: &mut Call<'_, '_>) -> Outcome {
    let (user, password) = match call.len() {
        2 => (&b"default"[..], call.arg(1)),
        3 => (call.arg(1), call.arg(2)),
        _ => return Err(Fault::SYNTAX),
    };
    if call.len() == 2 && call.store.settings.password.is_empty() {
        return Err(Fault::text(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
             configuration is correct?",
        ));
    }
    log_in(call, user, password)?;
    call.reply.ok();
    Ok(())
}

fn log_in(call: &mut Call<'_, '_>, user: &[u8], password: &[u8]) -> Outcome {
    let wanted = &call.store.settings.password;
    if user != b"default" || !(wanted.is_empty() || same(password, wanted)) {
        return Err(Fault::text(
            "WRONGPASS invalid username-password pair or user is disabled.",
        ));
    }
    call.session.is_authenticated = true;
    call.session.next = Next::Trust;
    Ok(())
}

/// Compares in a time that does not tell where the difference is.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    let difference = given
        .iter()
        .zip(wanted)
        .fold(0, |difference, (one, other)| difference | (one ^ other));
    given.len() == wanted.len() && difference == 0
}

fn quit(call: &mut Call<'_, '_>) -> Outcome {
    call.session.next = Next::Close;
    call.reply.ok();
    Ok(())
}

fn reset(call: &mut Call<'_, '_>) -> Outcome {
    call.session.leave(call.store);
    let is_open = call.store.settings.password.is_empty();
    *call.session = Session::new(call.session.id, is_open);
    call.reply.set_version(Version::Resp2);
    if let Some(client) = call.store.clients.get_mut(&call.session.id) {
        (client.db, client.channels, client.patterns, client.resp) = (0, 0, 0, 2);
        client.name.clear();
    }
    call.reply.simple("RESET");
    Ok(())
}

fn select(call: &mut Call<'_, '_>) -> Outcome {
    let index = usize::try_from(call.integer(1)?).ok();
    let index = index.filter(|index| *index < DATABASES).ok_or(Fault::DB_INDEX)?;
    call.session.db = index;
    if let Some(client) = call.store.clients.get_mut(&call.session.id) {
        client.db = index;
    }
    call.reply.ok();
    Ok(())
}

fn client(call: &mut Call<'_, '_>) -> Outcome {
    match (call.word(1).as_str(), call.len()) {
        ("id", 2) => call.reply.integer(call.session.id.cast_signed()),
        ("getname", 2) => {
            let client = call.store.clients.get(&call.session.id);
            let name = client.map(|client| &client.name).filter(|name| !name.is_empty());
            call.reply.bulk_or_null(name);
        }
        ("setname", 3) => {
            let name = checked_name(call.arg(2))?;
            if let Some(client) = call.store.clients.get_mut(&call.session.id) {
                client.name = name;
            }
            call.reply.ok();
        }
        ("setinfo", 4) => set_info(call)?,
        ("info", 2) => {
            let client = call.store.clients.get(&call.session.id);
            let line = client
                .map(|client| client.line(call.session.id, call.now))
                .unwrap_or_default();
            call.reply.bulk(line + "\n");
        }
        ("list", _) => list(call)?,
        ("kill", 3..) => kill(call)?,
        ("reply", 3) => reply(call)?,
        ("no-evict" | "no-touch", 3) => match call.word(2).as_str() {
            // Nothing is evicted anyway.
            "on" | "off" => call.reply.ok(),
            _ => return Err(Fault::SYNTAX),
        },
        _ => return Err(unknown_subcommand(call)),
    }
    Ok(())
}

/// A name for `CLIENT LIST`, which must fit into it.
fn checked_name(name: &[u8]) -> Result<String, Fault> {
    if !name.iter().all(u8::is_ascii_graphic) {
        let text = "ERR Client names cannot contain spaces, newlines or special characters.";
        return Err(Fault::text(text));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn set_info(call: &mut Call<'_, '_>) -> Outcome {
    let (what, value) = (call.word(2), checked_name(call.arg(3)));
    let value = value.map_err(|_| {
        Fault::new(format!(
            "ERR {what} cannot contain spaces, newlines or special characters."
        ))
    })?;
    let Some(client) = call.store.clients.get_mut(&call.session.id) else {
        return Ok(());
    };
    match what.as_str() {
        "lib-name" => client.library = value,
        "lib-ver" => client.library_version = value,
        _ => return Err(Fault::new(format!("ERR Unrecognized option '{what}'"))),
    }
    call.reply.ok();
    Ok(())
}

fn list(call: &mut Call<'_, '_>) -> Outcome {
    let ids: Option<Vec<_>> = match call.len() {
        2 => None,
        4 if call.is(2, "type") && call.is(3, "normal") => None,
        4 if call.is(2, "type") && call.is(3, "pubsub") => None,
        4.. if call.is(2, "id") => Some(call.args(3).map(number::parse).collect::<Result<_, _>>()?),
        _ => return Err(Fault::SYNTAX),
    };
    let of_type = (call.len() == 4 && call.is(2, "type")).then(|| call.is(3, "pubsub"));
    let mut lines = String::new();
    for (id, client) in &call.store.clients {
        let is_subscriber = client.channels + client.patterns > 0;
        let is_asked_for = ids.as_ref().is_none_or(|ids| ids.contains(&id.cast_signed()));
        if is_asked_for && of_type.is_none_or(|subscribers| subscribers == is_subscriber) {
            lines += &client.line(*id, call.now);
            lines.push('\n');
        }
    }
    call.reply.verbatim(*b"txt", lines);
    Ok(())
}

/// Closes other connections, by their address or number; one's own, too, after the reply.
fn kill(call: &mut Call<'_, '_>) -> Outcome {
    let is_old_form = call.len() == 3;
    let (mut id, mut addr, mut spare_self) = (None, None, !is_old_form);
    if is_old_form {
        addr = Some(String::from_utf8_lossy(call.arg(2)).into_owned());
    } else if !call.len().is_multiple_of(2) {
        return Err(Fault::SYNTAX);
    }
    for (option, value) in call.pairs(2).take(if is_old_form { 0 } else { usize::MAX }) {
        match option.to_ascii_lowercase().as_slice() {
            b"id" => {
                let value = number::integer(value).filter(|value| *value > 0);
                id = Some(
                    value
                        .ok_or(Fault::text("ERR client-id should be greater than 0"))?
                        .cast_unsigned(),
                );
            }
            b"addr" => addr = Some(String::from_utf8_lossy(value).into_owned()),
            b"skipme" => spare_self = !value.eq_ignore_ascii_case(b"no"),
            _ => return Err(Fault::SYNTAX),
        }
    }
    let own = call.session.id;
    let clients = call.store.clients.iter();
    let killed: Vec<_> = clients
        .filter(|(other, client)| {
            id.is_none_or(|id| id == **other)
                && addr.as_ref().is_none_or(|addr| *addr == client.peer)
                && !(spare_self && **other == own)
        })
        .map(|(other, _)| *other)
        .collect();
    for other in &killed {
        if *other == own {
            call.session.next = Next::Close;
        } else if let Some(server) = call.shared.handle.get() {
            server.close(*other - 1);
        }
    }
    match (is_old_form, killed.len()) {
        (true, 0) => return Err(Fault::text("ERR No such client")),
        (true, _) => call.reply.ok(),
        (false, count) => call.reply.count(count),
    }
    Ok(())
}

fn reply(call: &mut Call<'_, '_>) -> Outcome {
    call.session.replies = match call.word(2).as_str() {
        "on" => Replies::On,
        "off" => Replies::Off,
        "skip" => Replies::SkipNext,
        _ => return Err(Fault::SYNTAX),
    };
    if call.session.replies == Replies::On {
        call.reply.ok();
    }
    Ok(())
}
