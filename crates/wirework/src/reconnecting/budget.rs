//! A bound on retries, so that a server in trouble does not get more requests than one in health.

/// What a call pays for itself and a retry costs, in hundredths of a retry.
const RETRY: u64 = 100;

/// Every call adds a fraction of a retry, up to a reserve; every retry takes one.
#[derive(Debug)]
pub(super) struct RetryBudget {
    left: u64,
    reserve: u64,
    per_call: u64,
}

impl RetryBudget {
    /// A full budget of `reserve` retries, to which every call adds `percent` of one.
    pub(super) fn new(reserve: u32, percent: u32) -> Self {
        let reserve = u64::from(reserve) * RETRY;
        Self {
            left: reserve,
            reserve,
            per_call: percent.into(),
        }
    }

    pub(super) fn call(&mut self) {
        self.left = (self.left + self.per_call).min(self.reserve);
    }

    /// Whether there may be a retry.
    pub(super) fn retry(&mut self) -> bool {
        let left = self.left.checked_sub(RETRY);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_pay_for_retries() {
        let mut budget = RetryBudget::new(2, 20);
        assert_eq!([budget.retry(), budget.retry(), budget.retry()], [true, true, false]);
        (0..4).for_each(|_| budget.call());
        assert!(!budget.retry());
        budget.call();
        assert!(budget.retry());
        (0..100).for_each(|_| budget.call());
        assert_eq!([budget.retry(), budget.retry(), budget.retry()], [true, true, false]);
    }
}
