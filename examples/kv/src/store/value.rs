//! What a key can hold.

use super::{Blob, Hash, List, Set, SortedSet, blob};
use crate::number;

/// The value of a key.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string that is an integer in its one form.
    Int(i64),
    /// Any other string.
    Text(Blob),
    List(Box<List>),
    Hash(Box<Hash>),
    Set(Box<Set>),
    Sorted(Box<SortedSet>),
}

impl Value {
    /// A string; kept as an integer if it is one.
    #[inline]
    pub fn string(bytes: &[u8]) -> Self {
        match number::integer(bytes) {
            Some(value) => Self::Int(value),
            None => Self::Text(Blob::from_slice(bytes)),
        }
    }

    /// As `TYPE` calls it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) | Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Sorted(_) => "zset",
        }
    }

    /// As `OBJECT ENCODING` calls the nearest thing that Redis has.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            Self::Text(text) if text.len() <= 44 => "embstr",
            Self::Text(_) => "raw",
            Self::List(_) => "quicklist",
            Self::Hash(_) | Self::Set(_) => "hashtable",
            Self::Sorted(_) => "skiplist",
        }
    }

    /// How many bytes it holds beside itself.
    pub fn heap(&self) -> usize {
        match self {
            Self::Int(_) => 0,
            Self::Text(text) => blob::heap(text),
            Self::List(list) => list.weight(),
            Self::Hash(hash) => hash.weight(),
            Self::Set(set) => set.weight(),
            Self::Sorted(sorted) => sorted.weight(),
        }
    }

    /// The string, if it is one.
    #[inline]
    pub fn as_text(&self) -> Option<Text<'_>> {
        match self {
            Self::Int(value) => Some(Text::Int(*value)),
            Self::Text(text) => Some(Text::Bytes(text)),
            _ => None,
        }
    }
}

/// A string, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> Text<'a> {
    /// Its bytes; `scratch` is where an integer is written.
    pub fn bytes<'b>(self, scratch: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Int(value) => scratch.format(value).as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// How many bytes it has.
    pub fn len(self) -> usize {
        self.bytes(&mut itoa::Buffer::new()).len()
    }

    pub fn to_blob(self) -> Blob {
        Blob::from_slice(self.bytes(&mut itoa::Buffer::new()))
    }
}

/// The kinds of values that hold others. A key exists as long as its collection has something in it.
pub trait Collection: Sized {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn new_value(seed: &ahash::RandomState) -> Value;
    fn is_empty(&self) -> bool;
    /// How many bytes it holds, about.
    fn weight(&self) -> usize;
    /// Grows with every change.
    fn changes(&self) -> u64;
}

/// Stamps out what differs between collections by name alone.
macro_rules! collection {
    ($type:ident, $variant:ident, $new:expr) => {
        impl Collection for $type {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(it) = value {
                    Some(it)
                } else {
                    None
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(it) = value {
                    Some(it)
                } else {
                    None
                }
            }

            fn new_value(seed: &ahash::RandomState) -> Value {
                let new: fn(&ahash::RandomState) -> $type = $new;
                Value::$variant(Box::new(new(seed)))
            }

            fn is_empty(&self) -> bool {
                self.len() == 0
            }

            fn weight(&self) -> usize {
                self.tally.weight
            }

            fn changes(&self) -> u64 {
                self.tally.changes
            }
        }
    };
}

collection!(List, List, |_| List::default());
collection!(Hash, Hash, |seed| Hash::new(seed.clone()));
collection!(Set, Set, |seed| Set::new(seed.clone()));
collection!(SortedSet, Sorted, |seed| SortedSet::new(seed.clone()));

/// What a collection counts as it changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    weight: usize,
    changes: u64,
}

impl Tally {
    pub fn add(&mut self, weight: usize) {
        self.weight += weight;
        self.changes += 1;
    }

    pub fn take(&mut self, weight: usize) {
        self.weight -= weight;
        self.changes += 1;
    }
}
