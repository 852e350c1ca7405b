//! A model of strings that end, in a few lines: what Redis's documentation says of them.

use std::collections::BTreeMap;
use std::fmt;

use wirework_sim::Dice;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// How an end is asked for: from now or since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Ex(u64),
    Px(u64),
    ExAt(u64),
    PxAt(u64),
}

impl End {
    fn choose(dice: &mut Dice, now: u64) -> Self {
        match dice.below(4) {
            0 => Self::Ex(dice.between(1, 3)),
            1 => Self::Px(dice.between(1, 100)),
            2 => Self::ExAt(now / 1_000 + dice.below(4)),
            _ => Self::PxAt((now + dice.below(100)).saturating_sub(dice.below(30))),
        }
    }

    /// The last millisecond.
    fn last(self, now: u64) -> u64 {
        match self {
            Self::Ex(seconds) => now + 1_000 * seconds,
            Self::Px(millis) => now + millis,
            Self::ExAt(seconds) => 1_000 * seconds,
            Self::PxAt(millis) => millis,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ex(end) => write!(f, "EX {end}"),
            Self::Px(end) => write!(f, "PX {end}"),
            Self::ExAt(end) => write!(f, "EXAT {end}"),
            Self::PxAt(end) => write!(f, "PXAT {end}"),
        }
    }
}

/// What a `SET` is told beside its key and value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetOptions {
    end: Option<End>,
    keep: bool,
    /// `NX` or `XX`.
    only_if: Option<&'static str>,
    get: bool,
}

type Key = &'static str;

/// What becomes of an end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Keep,
    Persist,
    To(End),
}

/// A command that the model knows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    Set(Key, u64, SetOptions),
    Get(Key),
    GetEx(Key, Change),
    GetSet(Key, u64),
    GetDel(Key),
    SetNx(Key, u64),
    Append(Key),
    Del(Key),
    Exists(Key),
    Persist(Key),
    /// A condition: `NX`, `XX`, `GT` or `LT`.
    Expire(Key, End, Option<&'static str>),
    Ttl(Key, &'static str),
    Rename(Key, Key),
}

impl Command {
    pub(crate) fn choose(dice: &mut Dice, now: u64) -> Self {
        let key = *dice.pick(&NAMES);
        let value = dice.below(100);
        match dice.below(15) {
            0..=2 => {
                let end = (dice.below(3) > 0).then(|| End::choose(dice, now));
                let options = SetOptions {
                    end,
                    keep: end.is_none() && dice.below(3) == 0,
                    only_if: *dice.pick(&[None, None, Some("NX"), Some("XX")]),
                    get: dice.below(3) == 0,
                };
                Self::Set(key, value, options)
            }
            3 => Self::Get(key),
            4 => {
                let end = End::choose(dice, now);
                Self::GetEx(key, *dice.pick(&[Change::Keep, Change::Persist, Change::To(end)]))
            }
            5 => Self::GetSet(key, value),
            6 => *dice.pick(&[Self::GetDel(key), Self::Del(key)]),
            7 => Self::SetNx(key, value),
            8 => Self::Append(key),
            9 => Self::Exists(key),
            10 => Self::Persist(key),
            11 | 12 => Self::Expire(
                key,
                End::choose(dice, now),
                *dice.pick(&[None, Some("NX"), Some("XX"), Some("GT"), Some("LT")]),
            ),
            13 => {
                let how = *dice.pick(&["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
                Self::Ttl(key, how)
            }
            _ => {
                let to = *dice.pick(&NAMES);
                Self::Rename(key, to)
            }
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(key, value, options) => {
                write!(f, "SET {key} {value}")?;
                if let Some(only_if) = options.only_if {
                    write!(f, " {only_if}")?;
                }
                if options.get {
                    f.write_str(" GET")?;
                }
                if options.keep {
                    f.write_str(" KEEPTTL")?;
                }
                options.end.map_or(Ok(()), |end| write!(f, " {end}"))
            }
            Self::Get(key) => write!(f, "GET {key}"),
            Self::GetEx(key, Change::Keep) => write!(f, "GETEX {key}"),
            Self::GetEx(key, Change::Persist) => write!(f, "GETEX {key} PERSIST"),
            Self::GetEx(key, Change::To(end)) => write!(f, "GETEX {key} {end}"),
            Self::GetSet(key, value) => write!(f, "GETSET {key} {value}"),
            Self::GetDel(key) => write!(f, "GETDEL {key}"),
            Self::SetNx(key, value) => write!(f, "SETNX {key} {value}"),
            Self::Append(key) => write!(f, "APPEND {key} x"),
            Self::Del(key) => write!(f, "DEL {key}"),
            Self::Exists(key) => write!(f, "EXISTS {key}"),
            Self::Persist(key) => write!(f, "PERSIST {key}"),
            Self::Expire(key, end, only_if) => {
                match end {
                    End::Ex(end) => write!(f, "EXPIRE {key} {end}")?,
                    End::Px(end) => write!(f, "PEXPIRE {key} {end}")?,
                    End::ExAt(end) => write!(f, "EXPIREAT {key} {end}")?,
                    End::PxAt(end) => write!(f, "PEXPIREAT {key} {end}")?,
                }
                only_if.map_or(Ok(()), |only_if| write!(f, " {only_if}"))
            }
            Self::Ttl(key, how) => write!(f, "{how} {key}"),
            Self::Rename(from, to) => write!(f, "RENAME {from} {to}"),
        }
    }
}

/// A value, and the last millisecond in which it is there.
#[derive(Debug, Clone)]
struct Entry {
    value: String,
    last: Option<u64>,
}

/// All keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    entries: BTreeMap<Key, Entry>,
    ended: u64,
}

impl Keys {
    /// The last millisecond of the key that ends first.
    pub(crate) fn next_end(&self) -> Option<u64> {
        self.entries.values().filter_map(|entry| entry.last).min()
    }

    /// How many keys have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    /// The reply to a command in that millisecond.
    pub(crate) fn run(&mut self, command: &Command, now: u64) -> String {
        let before = self.entries.len();
        self.entries
            .retain(|_, entry| entry.last.is_none_or(|last| last >= now));
        self.ended += u64::try_from(before - self.entries.len()).unwrap();
        let text = |entry: Option<&Entry>| entry.map_or("nil".into(), |entry| entry.value.clone());
        let yes = |yes: bool| format!(":{}", u8::from(yes));
        match *command {
            Command::Set(key, value, options) => self.set(key, value, options, now),
            Command::Get(key) => text(self.entries.get(key)),
            Command::GetEx(key, change) => {
                let reply = text(self.entries.get(key));
                match change {
                    Change::Keep => {}
                    Change::Persist => {
                        self.entries.entry(key).and_modify(|entry| entry.last = None);
                    }
                    Change::To(end) => self.end_at(key, end.last(now), now),
                }
                reply
            }
            Command::GetSet(key, value) => text(self.put(key, value.to_string(), None).as_ref()),
            Command::GetDel(key) => text(self.entries.remove(key).as_ref()),
            Command::SetNx(key, value) => {
                let is_new = !self.entries.contains_key(key);
                if is_new {
                    self.put(key, value.to_string(), None);
                }
                yes(is_new)
            }
            Command::Append(key) => {
                let new = || Entry {
                    value: String::new(),
                    last: None,
                };
                let entry = self.entries.entry(key).or_insert_with(new);
                entry.value.push('x');
                format!(":{}", entry.value.len())
            }
            Command::Del(key) => yes(self.entries.remove(key).is_some()),
            Command::Exists(key) => yes(self.entries.contains_key(key)),
            Command::Persist(key) => {
                let last = self.entries.get_mut(key).and_then(|entry| entry.last.take());
                yes(last.is_some())
            }
            Command::Expire(key, end, only_if) => {
                let (new, known) = (end.last(now), self.entries.get(key).map(|entry| entry.last));
                let holds = match (only_if, known) {
                    (_, None) => false,
                    (None, _) => true,
                    (Some("NX"), Some(known)) => known.is_none(),
                    (Some("XX"), Some(known)) => known.is_some(),
                    // A key that stays ends later than any other.
                    (Some("GT"), Some(known)) => known.is_some_and(|known| new > known),
                    (Some(_), Some(known)) => known.is_none_or(|known| new < known),
                };
                if holds {
                    self.end_at(key, new, now);
                }
                yes(holds)
            }
            Command::Ttl(key, how) => match (self.entries.get(key).map(|entry| entry.last), how) {
                (None, _) => ":-2".into(),
                (Some(None), _) => ":-1".into(),
                (Some(Some(last)), "TTL") => format!(":{}", (last - now + 500) / 1_000),
                (Some(Some(last)), "PTTL") => format!(":{}", last - now),
                (Some(Some(last)), "EXPIRETIME") => format!(":{}", (last + 500) / 1_000),
                (Some(Some(last)), _) => format!(":{last}"),
            },
            Command::Rename(from, to) => match self.entries.remove(from) {
                None => "-ERR no such key".into(),
                Some(entry) => {
                    self.entries.insert(to, entry);
                    "+OK".into()
                }
            },
        }
    }

    fn set(&mut self, key: Key, value: u64, options: SetOptions, now: u64) -> String {
        let known = self.entries.get(key).cloned();
        let old = known.as_ref().map_or("nil".into(), |entry| entry.value.clone());
        let is_refused = match options.only_if {
            Some("NX") => known.is_some(),
            Some(_) => known.is_none(),
            None => false,
        };
        if !is_refused {
            let kept = known.and_then(|entry| entry.last).filter(|_| options.keep);
            let last = options.end.map(|end| end.last(now)).or(kept);
            self.put(key, value.to_string(), last);
        }
        match (options.get, is_refused) {
            (true, _) => old,
            (false, true) => "nil".into(),
            (false, false) => "+OK".into(),
        }
    }

    fn put(&mut self, key: Key, value: String, last: Option<u64>) -> Option<Entry> {
        self.entries.insert(key, Entry { value, last })
    }

    /// What is to end now, or has already, is gone at once.
    fn end_at(&mut self, key: Key, last: u64, now: u64) {
        if last <= now {
            self.entries.remove(key);
        } else {
            self.entries.entry(key).and_modify(|entry| entry.last = Some(last));
        }
    }
}
