//! Piecewise-constant hazards: the brick every law is built from.

use crate::invalid::{Invalid, require};

/// A right-continuous step function of time: hazard per month. The last piece goes on for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseHazard {
    /// Start of each piece in months; `starts[0] == 0`, strictly increasing.
    starts: Vec<f64>,
    /// Hazard per month on each piece; finite, at least 0.
    rates: Vec<f64>,
    /// Cumulative hazard at each start.
    cumulative: Vec<f64>,
}

impl PiecewiseHazard {
    /// A step function from piece starts (months, `starts[0] == 0`, strictly increasing) and rates (per month).
    /// Neighbouring pieces of equal rate are merged.
    ///
    /// # Errors
    /// [`Invalid`] for a negative or non-finite rate, or starts that do not increase from 0.
    pub fn new(starts: &[f64], rates: &[f64]) -> Result<Self, Invalid> {
        require(
            starts.len() == rates.len() && !starts.is_empty(),
            "number of hazard pieces",
            rates.len() as f64,
            "there must be one rate per piece and at least one piece",
        )?;
        require(starts[0] == 0.0, "start of the first hazard piece", starts[0], "it must be 0")?;
        for pair in starts.windows(2) {
            require(
                pair[1].is_finite() && pair[1] > pair[0],
                "start of a hazard piece",
                pair[1],
                "starts must be finite and increase",
            )?;
        }
        let mut hazard = Self {
            starts: Vec::with_capacity(starts.len()),
            rates: Vec::with_capacity(rates.len()),
            cumulative: Vec::with_capacity(rates.len()),
        };
        let mut total = 0.0;
        for (i, (&start, &rate)) in starts.iter().zip(rates).enumerate() {
            require(rate.is_finite() && rate >= 0.0, "hazard", rate, "it must be finite and at least 0")?;
            if i > 0 {
                total += rates[i - 1] * (start - starts[i - 1]);
            }
            if hazard.rates.last() == Some(&rate) {
                continue;
            }
            hazard.starts.push(start);
            hazard.rates.push(rate);
            hazard.cumulative.push(total);
        }
        Ok(hazard)
    }

    /// The same hazard for ever.
    ///
    /// # Errors
    /// [`Invalid`] for a negative or non-finite rate.
    pub fn constant(rate: f64) -> Result<Self, Invalid> {
        Self::new(&[0.0], &[rate])
    }

    /// No hazard at all: the event never happens.
    pub fn zero() -> Self {
        Self { starts: vec![0.0], rates: vec![0.0], cumulative: vec![0.0] }
    }

    /// Whether the hazard is zero for ever.
    pub fn is_zero(&self) -> bool {
        self.rates.iter().all(|&rate| rate == 0.0)
    }

    /// Starts of the pieces, months; the first is 0.
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    /// Hazards of the pieces, per month.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// Cumulative hazards at the starts of the pieces.
    pub(crate) fn totals(&self) -> &[f64] {
        &self.cumulative
    }

    fn piece(&self, time: f64) -> usize {
        self.starts.partition_point(|&start| start <= time).saturating_sub(1)
    }

    /// Hazard per month at `time` (months, at least 0).
    pub fn rate(&self, time: f64) -> f64 {
        self.rates[self.piece(time)]
    }

    /// Cumulative hazard up to `time` (months, at least 0).
    pub fn cumulative(&self, time: f64) -> f64 {
        let piece = self.piece(time);
        let rate = self.rates[piece];
        if rate == 0.0 { self.cumulative[piece] } else { self.cumulative[piece] + rate * (time - self.starts[piece]) }
    }

    /// Probability of no event by `time` (months).
    pub fn survival(&self, time: f64) -> f64 {
        (-self.cumulative(time)).exp()
    }

    /// Time at which the cumulative hazard reaches `target` (at least 0); infinite if it never does.
    pub fn time_of_cumulative(&self, target: f64) -> f64 {
        let piece = self.cumulative.partition_point(|&total| total <= target).saturating_sub(1);
        let rest = target - self.cumulative[piece];
        if rest <= 0.0 {
            self.starts[piece]
        } else if self.rates[piece] > 0.0 {
            self.starts[piece] + rest / self.rates[piece]
        } else {
            f64::INFINITY
        }
    }

    /// This hazard before `month` (above 0) and `other` from then on, both on one clock.
    pub(crate) fn switched(&self, other: &Self, month: f64) -> Result<Self, Invalid> {
        let before = self.starts.iter().zip(&self.rates).filter(|(start, _)| **start < month);
        let after = other.starts.iter().zip(&other.rates).filter(|(start, _)| **start > month);
        let at = other.rate(month);
        let (starts, rates): (Vec<f64>, Vec<f64>) = before.chain([(&month, &at)]).chain(after).unzip();
        Self::new(&starts, &rates)
    }

    /// The hazard times a constant factor (finite, at least 0).
    ///
    /// # Errors
    /// [`Invalid`] for a negative or non-finite factor.
    pub fn scaled(&self, factor: f64) -> Result<Self, Invalid> {
        let rates: Vec<f64> = self.rates.iter().map(|rate| rate * factor).collect();
        Self::new(&self.starts, &rates)
    }
}
