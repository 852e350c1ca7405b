//! Makes a failing list smaller: delta debugging.
//!
//! It knows nothing of simulations: it is given a list and a question, "does it still fail?".

/// The smallest part of `items` found that `fails`, with its order kept, asking at most `budget` times.
///
/// With budget enough the result is 1-minimal: leaving out any one item makes it pass. `items` itself is taken to
/// fail, and is given back if nothing smaller does. This is `ddmin` (Zeller and Hildebrandt, *Simplifying and Isolating
/// Failure-Inducing Input*, 2002), trying the empty list first, since a failure often needs no fault at all.
///
/// # Examples
/// ```
/// // Fails whenever both 3 and 7 are there.
/// let small = wirework_sim::shrink(&(0..100).collect::<Vec<_>>(), 1_000, |items| items.contains(&3) && items.contains(&7));
/// assert_eq!(small, [3, 7]);
/// ```
pub fn shrink<T: Clone>(items: &[T], budget: usize, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut left = budget;
    let mut try_it = |candidate: &[T]| {
        let allowed = left > 0;
        left = left.saturating_sub(1);
        allowed && fails(candidate)
    };
    if items.is_empty() || try_it(&[]) {
        return Vec::new();
    }
    let mut items = items.to_vec();
    let mut parts = 2;
    while items.len() > 1 {
        let size = items.len().div_ceil(parts);
        let part = items.chunks(size).find(|part| try_it(part)).map(<[T]>::to_vec);
        if let Some(part) = part {
            (items, parts) = (part, 2);
            continue;
        }
        let rest = complements(&items, size).find(|rest| try_it(rest));
        if let Some(rest) = rest {
            (items, parts) = (rest, (parts - 1).max(2));
        } else if size == 1 {
            break;
        } else {
            parts = (parts * 2).min(items.len());
        }
    }
    items
}

/// `items` without each of its parts of `size` in turn. With two parts those are the parts again, so there are none.
fn complements<T: Clone>(items: &[T], size: usize) -> impl Iterator<Item = Vec<T>> {
    let starts = (0..items.len()).step_by(size).filter(move |_| items.len() > 2 * size);
    starts.map(move |start| {
        let end = (start + size).min(items.len());
        [&items[..start], &items[end..]].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<u32> {
        (0..64).collect()
    }

    #[test]
    fn finds_every_pair() {
        for a in 0..64 {
            for b in a + 1..64 {
                let small = shrink(&all(), 10_000, |items| items.contains(&a) && items.contains(&b));
                assert_eq!(small, [a, b]);
            }
        }
    }

    #[test]
    fn the_result_is_minimal_and_fails() {
        // Fails with any three numbers whose sum is divisible by 7, a question that is not monotonic in nice ways.
        let fails = |items: &[u32]| items.len() >= 3 && items.iter().sum::<u32>() % 7 == 0;
        let start: Vec<u32> = (1..=20).collect();
        assert!(fails(&start));
        let small = shrink(&start, 100_000, fails);
        assert!(fails(&small));
        for left_out in 0..small.len() {
            let mut fewer = small.clone();
            fewer.remove(left_out);
            assert!(!fails(&fewer), "{small:?} is not minimal");
        }
    }

    #[test]
    fn the_order_is_kept() {
        let small = shrink(&all(), 10_000, |items| {
            [50, 3, 20, 7].iter().all(|item| items.contains(item))
        });
        assert_eq!(small, [3, 7, 20, 50]);
    }

    #[test]
    fn what_needs_nothing_shrinks_to_nothing() {
        let mut asked = 0;
        let small = shrink(&all(), 10, |_| {
            asked += 1;
            true
        });
        assert_eq!((small, asked), (Vec::new(), 1));
    }

    #[test]
    fn what_needs_everything_stays() {
        assert_eq!(shrink(&all(), 10_000, |items| items.len() == 64), all());
        assert_eq!(shrink(&[1], 10, |items| items == [1]), [1]);
        assert_eq!(shrink(&[0; 0], 10, |_| panic!("asked about nothing")), [0; 0]);
    }

    #[test]
    fn the_budget_is_kept() {
        for budget in 0..50 {
            let mut asked = 0;
            let small = shrink(&all(), budget, |items| {
                asked += 1;
                items.contains(&5) && items.contains(&60)
            });
            assert!(asked <= budget, "{asked} questions of {budget}");
            assert!(small.contains(&5) && small.contains(&60), "{small:?} does not fail");
        }
    }
}
