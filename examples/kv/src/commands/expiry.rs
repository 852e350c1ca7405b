//! When keys end.

use crate::call::{Call, Outcome};
use crate::clock::millis;
use crate::command::{Keys, Kind, Spec};
use crate::fault::Fault;
use crate::store::NEVER;

pub const COMMANDS: &[Spec] = &[
    Spec::new("expire", -3, Kind::Write, Keys::FIRST, |call| expire(call, Form::Ex)),
    Spec::new("pexpire", -3, Kind::Write, Keys::FIRST, |call| expire(call, Form::Px)),
    Spec::new("expireat", -3, Kind::Write, Keys::FIRST, |call| {
        expire(call, Form::ExAt)
    }),
    Spec::new("pexpireat", -3, Kind::Write, Keys::FIRST, |call| {
        expire(call, Form::PxAt)
    }),
    Spec::new("ttl", 2, Kind::Read, Keys::FIRST, |call| tell(call, Form::Ex)),
    Spec::new("pttl", 2, Kind::Read, Keys::FIRST, |call| tell(call, Form::Px)),
    Spec::new("expiretime", 2, Kind::Read, Keys::FIRST, |call| tell(call, Form::ExAt)),
    Spec::new("pexpiretime", 2, Kind::Read, Keys::FIRST, |call| tell(call, Form::PxAt)),
    Spec::new("persist", 2, Kind::Write, Keys::FIRST, persist),
];

/// How the end of a key is told: from now or since 1970, in seconds or milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Ex,
    Px,
    ExAt,
    PxAt,
}

impl Form {
    fn is_seconds(self) -> bool {
        matches!(self, Self::Ex | Self::ExAt)
    }

    fn is_from_now(self) -> bool {
        matches!(self, Self::Ex | Self::Px)
    }
}

/// The end of a key among the arguments of a command.
#[derive(Debug, Clone, Copy)]
pub struct Expiry {
    form: Form,
    place: usize,
}

impl Expiry {
    pub fn new(form: Form, place: usize) -> Self {
        Self { form, place }
    }

    /// The form that an option's word, in lower case, stands for.
    pub fn by_word(word: &str) -> Option<Form> {
        match word {
            "ex" => Some(Form::Ex),
            "px" => Some(Form::Px),
            "exat" => Some(Form::ExAt),
            "pxat" => Some(Form::PxAt),
            _ => None,
        }
    }

    /// When the key ends, for commands that refuse the time before it all.
    pub fn deadline(self, call: &Call<'_, '_>) -> Result<u64, Fault> {
        if call.integer(self.place)? <= 0 {
            return Err(Fault::expire_time(&call.name()));
        }
        self.any_deadline(call)
    }

    /// When the key ends; 0 if that was before 1970.
    fn any_deadline(self, call: &Call<'_, '_>) -> Result<u64, Fault> {
        let refused = || Fault::expire_time(&call.name());
        let value = call.integer(self.place)?;
        let unit = if self.form.is_seconds() { 1000 } else { 1 };
        let since = if self.form.is_from_now() { millis(call.now) } else { 0 };
        let value = value.checked_mul(unit).ok_or_else(refused)?;
        let since = i64::try_from(since).map_err(|_| refused())?;
        let deadline = value.checked_add(since).ok_or_else(refused)?;
        Ok(u64::try_from(deadline).unwrap_or(0))
    }
}

/// Under which condition the end of a key is set.
#[derive(Debug, Default)]
struct OnlyIf {
    none: bool,
    any: bool,
    later: bool,
    sooner: bool,
}

impl OnlyIf {
    fn parse(call: &Call<'_, '_>) -> Result<Self, Fault> {
        let mut only_if = Self::default();
        for place in 3..call.len() {
            match call.word(place).as_str() {
                "nx" => only_if.none = true,
                "xx" => only_if.any = true,
                "gt" => only_if.later = true,
                "lt" => only_if.sooner = true,
                _ => {
                    let option = String::from_utf8_lossy(call.arg(place));
                    return Err(Fault::new(format!("ERR Unsupported option {option}")));
                }
            }
        }
        if only_if.none && (only_if.any || only_if.later || only_if.sooner) {
            let text = "ERR NX and XX, GT or LT options at the same time are not compatible";
            return Err(Fault::text(text));
        }
        if only_if.later && only_if.sooner {
            return Err(Fault::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(only_if)
    }

    /// Whether a key that ends at `known` may end at `new`. One that stays ends later than any other.
    fn holds(&self, known: u64, new: u64) -> bool {
        let fails = self.none && known != NEVER
            || self.any && known == NEVER
            || self.later && new <= known
            || self.sooner && new >= known;
        !fails
    }
}

fn expire(call: &mut Call<'_, '_>, form: Form) -> Outcome {
    let only_if = OnlyIf::parse(call)?;
    let deadline = Expiry::new(form, 2).any_deadline(call)?;
    let key = call.arg(1);
    let is_set = call
        .db()
        .deadline(key)
        .is_some_and(|known| only_if.holds(known, deadline));
    if is_set {
        call.db().set_deadline(key, deadline);
    }
    call.yes_or_no(is_set);
    Ok(())
}

/// `TTL` and the like.
fn tell(call: &mut Call<'_, '_>, form: Form) -> Outcome {
    let key = call.arg(1);
    let now = call.db().now();
    let answer = match call.db().deadline(key) {
        None => -2,
        Some(NEVER) => -1,
        Some(deadline) => {
            let millis = if form.is_from_now() { deadline - now } else { deadline };
            // To the nearest second, as Redis says it.
            let value = if form.is_seconds() {
                (millis + 500) / 1000
            } else {
                millis
            };
            i64::try_from(value).unwrap_or(i64::MAX)
        }
    };
    call.reply.integer(answer);
    Ok(())
}

fn persist(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.arg(1);
    let has_end = call.db().deadline(key).is_some_and(|deadline| deadline != NEVER);
    if has_end {
        call.db().set_deadline(key, NEVER);
    }
    call.yes_or_no(has_end);
    Ok(())
}
