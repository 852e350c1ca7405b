//! A list whose items keep their places: connections of a server, sockets of a reactor.
//!
//! Each connection has a place in some, for as long as it lives, so they take no more than their items, and an eighth.

/// A list whose items keep their places. For adapters; no part of the API.
#[derive(Debug)]
pub struct Places<T> {
    items: Vec<Option<T>>,
    /// The places that were left.
    free: Vec<u32>,
}

impl<T> Places<T> {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Gives `item` a place that nobody has.
    ///
    /// # Panics
    /// Panics at 2³² items.
    pub fn insert(&mut self, item: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.items[place as usize] = Some(item);
            return place;
        }
        let len = self.items.len();
        let place = u32::try_from(len).expect("there is no memory for 2³² items");
        if len == self.items.capacity() {
            // Not twice as many, as is usual: half of them would be of no use to anyone.
            self.items.reserve_exact(len / 8 + 16);
        }
        self.items.push(Some(item));
        place
    }

    /// Takes the item away that has that place, if one has.
    pub fn remove(&mut self, place: u32) -> Option<T> {
        let removed = self.items.get_mut(place as usize)?.take();
        if removed.is_some() {
            self.free.push(place);
        }
        removed
    }

    /// The item that has that place, if one has.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&T> {
        self.items.get(place as usize)?.as_ref()
    }

    /// All items, by their places.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().flatten()
    }
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_and_used_again() {
        let mut places = Places::default();
        assert_eq!(["a", "b", "c"].map(|item| places.insert(item)), [0, 1, 2]);
        assert_eq!(places.remove(1), Some("b"));
        assert_eq!(places.remove(1), None);
        assert_eq!((places.get(0), places.get(1), places.get(7)), (Some(&"a"), None, None));
        assert_eq!([places.insert("d"), places.insert("e")], [1, 3]);
        assert_eq!(places.iter().copied().collect::<String>(), "adce");
    }

    #[test]
    fn little_more_is_held_than_there_is() {
        let mut places = Places::new();
        for number in 0..10_000_usize {
            assert_eq!(places.insert(number) as usize, number);
            assert!(places.items.capacity() <= number + number / 8 + 16);
        }
        assert!(places.iter().copied().eq(0..10_000));
    }
}
