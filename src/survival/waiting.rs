//! A waiting time that may differ between patients: months to a product, months without effect.

use crate::invalid::{Invalid, require};
use crate::numerics::gamma;

/// Law of a waiting time in months.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Waiting {
    /// The same for everybody; at least 0.
    Fixed(f64),
    /// A gamma law.
    Gamma {
        /// Median, months, above 0.
        median: f64,
        /// Shape, above 0.
        shape: f64,
        /// Scale, months: the median over that of the gamma law of scale 1.
        scale: f64,
    },
}

impl Waiting {
    /// No waiting.
    pub const NONE: Self = Self::Fixed(0.0);

    /// The same `months` (finite, at least 0) for everybody.
    ///
    /// # Errors
    /// [`Invalid`] for a number out of range.
    pub fn fixed(months: f64) -> Result<Self, Invalid> {
        require(months.is_finite() && months >= 0.0, "waiting time", months, "it must be finite and at least 0")?;
        Ok(Self::Fixed(months))
    }

    /// A gamma law of `median` months (above 0) and `shape` (0.1 to 100).
    ///
    /// # Errors
    /// [`Invalid`] for a number out of range.
    pub fn gamma(median: f64, shape: f64) -> Result<Self, Invalid> {
        require(median.is_finite() && median > 0.0, "median", median, "it must be finite and above 0")?;
        require((0.1..=100.0).contains(&shape), "shape", shape, "it must be between 0.1 and 100")?;
        Ok(Self::Gamma { median, shape, scale: median / gamma::quantile(shape, 0.5) })
    }

    /// Whether it differs between patients.
    pub fn is_random(&self) -> bool {
        matches!(self, Self::Gamma { .. })
    }

    /// Mean, months.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed(months) => months,
            Self::Gamma { shape, scale, .. } => shape * scale,
        }
    }

    /// Standard deviation, months.
    pub fn sd(&self) -> f64 {
        match *self {
            Self::Fixed(_) => 0.0,
            Self::Gamma { shape, scale, .. } => shape.sqrt() * scale,
        }
    }

    /// Probability that the wait is over by `month`.
    pub fn over_by(&self, month: f64) -> f64 {
        match *self {
            Self::Fixed(months) => f64::from(u8::from(months <= month)),
            Self::Gamma { shape, scale, .. } => gamma::cdf(shape, month / scale),
        }
    }

    /// Density at `month`, per month; 0 for a fixed wait.
    pub fn density(&self, month: f64) -> f64 {
        match *self {
            Self::Fixed(_) => 0.0,
            Self::Gamma { shape, scale, .. } => gamma::density(shape, month / scale) / scale,
        }
    }

    /// The month by which a share `u` in (0, 1) of the waits are over.
    pub fn quantile(&self, u: f64) -> f64 {
        match *self {
            Self::Fixed(months) => months,
            Self::Gamma { shape, scale, .. } => scale * gamma::quantile(shape, u),
        }
    }

    /// The month beyond which a share `q` in (0, 1) of the waits last.
    pub fn upper_quantile(&self, q: f64) -> f64 {
        match *self {
            Self::Fixed(months) => months,
            Self::Gamma { shape, scale, .. } => scale * gamma::upper_quantile(shape, q),
        }
    }
}
