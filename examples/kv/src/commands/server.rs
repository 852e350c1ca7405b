//! What clients and people ask of the server itself.

use std::fmt::Write;

use crate::call::{Call, Outcome};
use crate::command::{Commands, Keys, Kind, Spec};
use crate::fault::Fault;

/// The version of Redis that clients may take this for: the one whose commands it has.
pub const VERSION: &str = "7.0.15";

pub const COMMANDS: &[Spec] = &[
    Spec::new("info", -1, Kind::Other, Keys::NONE, info),
    Spec::new("config", -2, Kind::Other, Keys::NONE, config),
    Spec::new("command", -1, Kind::Other, Keys::NONE, command),
    Spec::new("time", 1, Kind::Other, Keys::NONE, time),
    Spec::new("memory", -2, Kind::Read, Keys::NONE, memory),
    Spec::new("lolwut", -1, Kind::Other, Keys::NONE, lolwut),
];

/// The refusal of a command's second word.
pub fn unknown_subcommand(call: &Call<'_, '_>) -> Fault {
    let name = call.name().to_ascii_uppercase();
    let word = String::from_utf8_lossy(call.arg(1)).into_owned();
    Fault::new(format!("ERR unknown subcommand '{word}'. Try {name} HELP."))
}

fn info(call: &mut Call<'_, '_>) -> Outcome {
    let sections: Vec<_> = (1..call.len()).map(|place| call.word(place)).collect();
    let all = ["default", "all", "everything"];
    let wants = |name: &str| {
        sections.is_empty()
            || sections
                .iter()
                .any(|section| section == name || all.contains(&section.as_str()))
    };
    let mut text = String::new();
    for (name, body) in [
        ("server", server_section(call)),
        ("clients", clients_section(call)),
        ("memory", memory_section(call)),
        ("stats", stats_section(call)),
        ("replication", "role:master\r\nconnected_slaves:0\r\n".to_owned()),
        ("keyspace", keyspace_section(call)),
    ] {
        if wants(name) {
            let title = name[..1].to_ascii_uppercase() + &name[1..];
            let gap = if text.is_empty() { "" } else { "\r\n" };
            // Writing to a string does not fail.
            let _ = write!(text, "{gap}# {title}\r\n{body}");
        }
    }
    call.reply.verbatim(*b"txt", text);
    Ok(())
}

fn server_section(call: &Call<'_, '_>) -> String {
    let uptime = call.shared.clock.uptime(call.now).as_secs();
    format!(
        "redis_version:{VERSION}\r\nredis_mode:standalone\r\nos:{}\r\narch_bits:{}\r\nprocess_id:{}\r\n\
         uptime_in_seconds:{uptime}\r\nuptime_in_days:{}\r\n",
        std::env::consts::OS,
        usize::BITS,
        std::process::id(),
        uptime / 86400,
    )
}

fn clients_section(call: &mut Call<'_, '_>) -> String {
    let (clients, limit) = (call.store.clients.len(), call.store.settings.max_clients);
    let waiting: usize = call.store.dbs().map(|db| db.waiting().len()).sum();
    format!("connected_clients:{clients}\r\nmaxclients:{limit}\r\nblocked_clients:{waiting}\r\n")
}

fn memory_section(call: &Call<'_, '_>) -> String {
    let (used, limit) = (call.store.weight(), call.store.settings.max_memory);
    format!("used_memory:{used}\r\nmaxmemory:{limit}\r\nmaxmemory_policy:noeviction\r\n")
}

fn stats_section(call: &mut Call<'_, '_>) -> String {
    let counters = call.store.counters;
    let expired: u64 = call.store.dbs().map(|db| db.expired()).sum();
    format!(
        "total_connections_received:{}\r\ntotal_commands_processed:{}\r\nexpired_keys:{expired}\r\n\
         evicted_keys:0\r\nkeyspace_hits:{}\r\nkeyspace_misses:{}\r\n",
        counters.connections, counters.commands, counters.hits, counters.misses,
    )
}

fn keyspace_section(call: &mut Call<'_, '_>) -> String {
    let dbs = call.store.dbs().enumerate().filter(|(_, db)| !db.is_empty());
    dbs.fold(String::new(), |mut text, (index, db)| {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "db{index}:keys={},expires={},avg_ttl=0\r\n",
            db.len(),
            db.ending()
        );
        text
    })
}

fn config(call: &mut Call<'_, '_>) -> Outcome {
    match (call.word(1).as_str(), call.len()) {
        ("get", 3..) => {
            let settings = &call.store.settings;
            let mut found: Vec<_> = call.args(2).flat_map(|pattern| settings.matching(pattern)).collect();
            found.sort_unstable();
            found.dedup();
            call.reply.map(found.len());
            for (name, value) in found {
                call.reply.bulk(name);
                call.reply.bulk(value);
            }
        }
        ("set", 4..) if call.len().is_multiple_of(2) => {
            // All of them or none.
            let mut settings = call.store.settings.clone();
            for (name, value) in call.pairs(2) {
                settings.set(name, value)?;
            }
            call.store.settings = settings;
            call.reply.ok();
        }
        ("resetstat", 2) => {
            call.store.counters = crate::store::Counters::default();
            call.reply.ok();
        }
        _ => return Err(unknown_subcommand(call)),
    }
    Ok(())
}

fn command(call: &mut Call<'_, '_>) -> Outcome {
    let commands = &call.shared.commands;
    match (call.word(1).as_str(), call.len()) {
        (_, 1) => {
            call.reply.array(Commands::all().count());
            for spec in Commands::all() {
                describe(call, Some(spec));
            }
        }
        ("count", 2) => call.reply.count(Commands::all().count()),
        ("list", 2) => {
            call.reply.array(Commands::all().count());
            for spec in Commands::all() {
                call.reply.bulk(spec.name);
            }
        }
        ("info", _) => {
            let names = call.args(2);
            call.reply.array(names.len());
            for name in names {
                describe(call, commands.find(name));
            }
        }
        ("docs", _) => {
            let wanted = |spec: &&Spec| {
                call.len() == 2 || call.args(2).any(|name| name.eq_ignore_ascii_case(spec.name.as_bytes()))
            };
            let specs: Vec<_> = Commands::all().filter(wanted).collect();
            call.reply.map(specs.len());
            for spec in specs {
                call.reply.bulk(spec.name);
                call.reply.map(1);
                call.reply.bulk("arity");
                call.reply.integer(spec.arity.into());
            }
        }
        _ => return Err(unknown_subcommand(call)),
    }
    Ok(())
}

/// A command as `COMMAND INFO` tells it.
fn describe(call: &mut Call<'_, '_>, spec: Option<&Spec>) {
    let Some(spec) = spec else {
        call.reply.null_array();
        return;
    };
    let (category, flags): (&str, &[&str]) = match spec.kind {
        Kind::Read => ("@read", &["readonly"]),
        Kind::Write => ("@write", &["write"]),
        Kind::Grow => ("@write", &["write", "denyoom"]),
        Kind::Other => ("@fast", &["loading"]),
        Kind::Greeting => ("@connection", &["noscript", "no_auth"]),
        Kind::Transaction => ("@transaction", &["noscript"]),
    };
    let reply = &mut *call.reply;
    reply.array(10);
    reply.bulk(spec.name);
    reply.integer(spec.arity.into());
    reply.set(flags.len());
    for flag in flags {
        reply.simple(flag);
    }
    let Keys(first, last, step) = spec.keys;
    for place in [first, last, step] {
        reply.integer(place);
    }
    reply.set(1);
    reply.simple(category);
    // Tips, specifications of keys, and subcommands: what is known of them is said above.
    for _ in 0..3 {
        reply.array(0);
    }
}

fn time(call: &mut Call<'_, '_>) -> Outcome {
    call.reply.array(2);
    call.reply.bulk(call.now.as_secs().to_string());
    call.reply.bulk(call.now.subsec_micros().to_string());
    Ok(())
}

fn memory(call: &mut Call<'_, '_>) -> Outcome {
    let is_asked_well = call.len() == 3 || (call.len() == 5 && call.is(3, "samples"));
    if !call.is(1, "usage") || !is_asked_well {
        return Err(unknown_subcommand(call));
    }
    let key = call.arg(2);
    match call.db().weight_of(key) {
        Some(weight) => call.reply.count(weight),
        None => call.reply.null(),
    }
    Ok(())
}

fn lolwut(call: &mut Call<'_, '_>) -> Outcome {
    call.reply
        .verbatim(*b"txt", format!("wirework, as Redis ver. {VERSION}\n"));
    Ok(())
}
