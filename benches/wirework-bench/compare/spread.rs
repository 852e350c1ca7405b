//! Medians, and how far apart what they stand for is.

use crate::report::results::Spread;

/// The median; 0 of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(&sorted(values), 50)
}

/// The median and the quartiles around it, or `None` of nothing.
pub(crate) fn spread(values: &[f64]) -> Option<Spread> {
    let sorted = sorted(values.iter().copied());
    (!sorted.is_empty()).then(|| Spread {
        median: quantile(&sorted, 50),
        error: error(&sorted),
        low: quantile(&sorted, 25),
        high: quantile(&sorted, 75),
    })
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values
}

/// How far the median may be off, with 95 % confidence: half of all values are expected below it, give or take what chance gives a
/// coin that is tossed as often, however the values are distributed. `None` of so few that even all of them bound it less surely.
fn error(sorted: &[f64]) -> Option<f64> {
    if sorted.len() < 6 {
        return None;
    }
    let count = sorted.len() as f64;
    let below = ((count - 1.96 * count.sqrt()) / 2.0).floor().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1, at most half of the values"
    )]
    let place = below as usize - 1;
    let median = quantile(sorted, 50);
    Some((median - sorted[place]).max(sorted[sorted.len() - 1 - place] - median))
}

/// The value that `percent` of the others are below; between two values, the point in proportion.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let (place, beyond) = (last * percent / 100, last * percent % 100);
    let (below, above) = (sorted[place], sorted[(place + 1).min(last)]);
    below + (above - below) * beyond as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of them are exact")]
    fn medians_and_quartiles() {
        assert!(spread(&[]).is_none());
        let spread = spread(&[4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!([spread.low, spread.median, spread.high], [2.0, 3.0, 4.0]);
        assert_eq!(spread.error, None);
        assert_eq!(median([1.0, 2.0]), 1.5);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn the_median_of_more_is_surer() {
        // Of 100 values the 40th and the 61st are the bounds, as tables of the sign test give them.
        let error = |count: u32| error(&(1..=count).map(f64::from).collect::<Vec<_>>());
        assert_eq!(error(100), Some(10.5));
        assert_eq!([error(0), error(1), error(5)], [None; 3]);
        assert_eq!(error(6), Some(2.5));
    }
}
