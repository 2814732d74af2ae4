//! What is not known of a truth: distributions of numbers, joined by a Gaussian copula.

use crate::invalid::{Invalid, require};
use crate::numerics::roots::brent;
use crate::numerics::{gamma, normal};
use nalgebra::DMatrix;
use statrs::distribution::{Beta, ContinuousCDF};

/// A distribution of one number.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, above 0.
        sd: f64,
    },
    /// The logarithm is normal.
    Lognormal {
        /// Median, above 0.
        median: f64,
        /// Standard deviation of the logarithm, above 0.
        log_sd: f64,
    },
    /// Beta on (0, 1).
    Beta {
        /// First shape, above 0.
        a: f64,
        /// Second shape, above 0.
        b: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape, above 0.
        shape: f64,
        /// Rate, above 0: the mean is shape/rate.
        rate: f64,
    },
    /// Uniform.
    Uniform {
        /// Lower end.
        from: f64,
        /// Upper end, above the lower one.
        to: f64,
    },
    /// A list of values with their weights (above 0, of any sum).
    Discrete(Vec<(f64, f64)>),
}

/// A distribution kept within a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Marginal {
    distribution: Distribution,
    /// Probabilities below the range's ends.
    ends: (f64, f64),
    /// The range.
    within: (f64, f64),
}

impl Distribution {
    fn check(&self) -> Result<(), Invalid> {
        let positive =
            |what: &'static str, x: f64| require(x > 0.0 && x.is_finite(), what, x, "it must be above 0 and finite");
        match self {
            Self::Normal { sd, .. } => positive("the standard deviation", *sd)?,
            Self::Lognormal { median, log_sd } => {
                positive("the median", *median)?;
                positive("the standard deviation of the logarithm", *log_sd)?
            }
            Self::Beta { a, b } => {
                positive("the first shape", *a)?;
                positive("the second shape", *b)?
            }
            Self::Gamma { shape, rate } => {
                positive("the shape", *shape)?;
                positive("the rate", *rate)?
            }
            Self::Uniform { from, to } => require(to > from, "the upper end", *to, "it must be above the lower end")?,
            Self::Discrete(values) => {
                require(!values.is_empty(), "the number of values", 0.0, "there must be at least one")?;
                for (_, weight) in values {
                    positive("a weight", *weight)?;
                }
                0.0
            }
        };
        Ok(())
    }

    /// P(X ≤ x).
    fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => normal::cdf((x - mean) / sd),
            Self::Lognormal { median, log_sd } if x > 0.0 => normal::cdf((x / median).ln() / log_sd),
            Self::Beta { a, b } => Beta::new(*a, *b).map_or(f64::NAN, |law| law.cdf(x)),
            Self::Lognormal { .. } => 0.0,
            Self::Gamma { shape, rate } => gamma::cdf(*shape, x * rate),
            Self::Uniform { from, to } => ((x - from) / (to - from)).clamp(0.0, 1.0),
            Self::Discrete(values) => {
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                values.iter().filter(|(value, _)| *value <= x).map(|(_, weight)| weight / total).sum()
            }
        }
    }

    /// The number below which the distribution has probability `p`, in (0, 1).
    fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Normal { mean, sd } => mean + sd * normal::quantile(p),
            Self::Lognormal { median, log_sd } => median * (log_sd * normal::quantile(p)).exp(),
            Self::Uniform { from, to } => from + p * (to - from),
            Self::Beta { .. } => brent(0.0, 1.0, 1e-13, |x| self.cdf(x) - p).unwrap_or(f64::NAN),
            Self::Gamma { shape, rate } => gamma::quantile(*shape, p) / rate,
            Self::Discrete(values) => {
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                let mut below = 0.0;
                let found = values.iter().find(|(_, weight)| {
                    below += weight / total;
                    p < below
                });
                found.or(values.last()).map_or(f64::NAN, |(value, _)| *value)
            }
        }
    }
}

impl Marginal {
    /// The distribution, given that the number lies within the range (ends included).
    ///
    /// # Errors
    /// [`Invalid`] when a parameter is impossible or the range has no probability.
    pub fn new(distribution: Distribution, within: Option<(f64, f64)>) -> Result<Self, Invalid> {
        distribution.check()?;
        let distribution = match (distribution, within) {
            (Distribution::Discrete(values), Some((low, high))) => {
                let kept: Vec<_> = values.into_iter().filter(|(value, _)| (low..=high).contains(value)).collect();
                require(!kept.is_empty(), "the upper end of the range", high, "no value lies within the range")?;
                Distribution::Discrete(kept)
            }
            (other, _) => other,
        };
        let (low, high) = within.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        require(high > low, "the upper end of the range", high, "it must be above the lower end")?;
        let ends = match &distribution {
            Distribution::Discrete(_) => (0.0, 1.0),
            other => (other.cdf(low), other.cdf(high)),
        };
        let mass = ends.1 - ends.0;
        require(mass > 1e-9, "the probability of the range", mass, "it must be above 1e-9")?;
        Ok(Self { distribution, ends, within: (low, high) })
    }

    /// The quantile at `u`, in (0, 1).
    pub fn quantile(&self, u: f64) -> f64 {
        let p = self.ends.0 + u * (self.ends.1 - self.ends.0);
        self.distribution.quantile(p).clamp(self.within.0, self.within.1)
    }

    /// Values and probabilities of a discrete distribution.
    fn atoms(&self) -> Option<Vec<(f64, f64)>> {
        let Distribution::Discrete(values) = &self.distribution else { return None };
        let total: f64 = values.iter().map(|(_, weight)| weight).sum();
        Some(values.iter().map(|(value, weight)| (*value, weight / total)).collect())
    }
}

/// A joint distribution of several numbers: marginals, and the correlation of the normal scores that join them (Gaussian copula;
/// Nelsen 2006, section 2.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    marginals: Vec<Marginal>,
    /// Lower Cholesky factor of the correlation.
    factor: DMatrix<f64>,
}

/// Most numbers a prior may join.
pub const MAX_UNKNOWNS: usize = 12;

/// Most points at which a discrete prior is summed exactly.
const MAX_ATOMS: usize = 4096;

impl Prior {
    /// Marginals and the correlation of their normal scores (unit diagonal).
    ///
    /// # Errors
    /// [`Invalid`] when there are none or too many, or the correlation is not that of any law.
    pub fn new(marginals: Vec<Marginal>, correlation: &DMatrix<f64>) -> Result<Self, Invalid> {
        let count = marginals.len();
        require((1..=MAX_UNKNOWNS).contains(&count), "the number of unknowns", count as f64, "it must be 1 to 12")?;
        let fits = correlation.nrows() == count && correlation.ncols() == count;
        require(fits, "the size of the correlation", correlation.nrows() as f64, "it must be one per unknown")?;
        let smallest = correlation.clone().symmetric_eigenvalues().min();
        let factor = correlation.clone().cholesky().map(|factor| factor.l());
        require(factor.is_some(), "the smallest eigenvalue of the correlations", smallest, "it must be above 0")?;
        Ok(Self { marginals, factor: factor.unwrap_or_else(|| DMatrix::identity(count, count)) })
    }

    /// Number of unknowns.
    pub fn dimension(&self) -> usize {
        self.marginals.len()
    }

    /// The unknowns at a point of the unit cube.
    pub fn at(&self, point: &[f64]) -> Vec<f64> {
        let scores: Vec<f64> = point.iter().map(|u| normal::quantile(u.clamp(1e-12, 1.0 - 1e-12))).collect();
        self.marginals
            .iter()
            .enumerate()
            .map(|(row, marginal)| {
                let score: f64 = (0..=row).map(|column| self.factor[(row, column)] * scores[column]).sum();
                marginal.quantile(normal::cdf(score).clamp(1e-12, 1.0 - 1e-12))
            })
            .collect()
    }

    /// Every combination of values with its probability, where all unknowns are discrete and independent and the list is short.
    pub fn atoms(&self) -> Option<Vec<(Vec<f64>, f64)>> {
        if self.factor != DMatrix::identity(self.dimension(), self.dimension()) {
            return None;
        }
        let mut all = vec![(Vec::new(), 1.0)];
        for marginal in &self.marginals {
            let atoms = marginal.atoms()?;
            if all.len() * atoms.len() > MAX_ATOMS {
                return None;
            }
            let joined = all.iter().flat_map(|(values, weight)| {
                atoms.iter().map(move |(value, share)| {
                    let values: Vec<f64> = values.iter().copied().chain([*value]).collect();
                    (values, weight * share)
                })
            });
            all = joined.collect();
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marginal(distribution: Distribution) -> Marginal {
        Marginal::new(distribution, None).unwrap()
    }

    /// Quantiles: R's qgamma(0.9, 3, 0.75) = 7.0964, qbeta(0.3, 2, 5) = 0.1807; an exponential and a uniform by hand.
    #[test]
    fn quantiles_are_inverse() {
        let exponential = marginal(Distribution::Gamma { shape: 1.0, rate: 0.5 });
        assert!((exponential.quantile(0.7) + 2.0 * 0.3_f64.ln()).abs() < 1e-9);
        let power = marginal(Distribution::Beta { a: 3.0, b: 1.0 });
        assert!((power.quantile(0.2) - 0.2_f64.cbrt()).abs() < 1e-10);
        for law in [
            Distribution::Gamma { shape: 3.0, rate: 0.75 },
            Distribution::Gamma { shape: 0.3, rate: 20.0 },
            Distribution::Beta { a: 2.0, b: 5.0 },
            Distribution::Lognormal { median: 12.0, log_sd: 0.2 },
            Distribution::Normal { mean: -1.0, sd: 3.0 },
            Distribution::Uniform { from: 2.0, to: 6.0 },
        ] {
            for u in [1e-9, 0.01, 0.3, 0.5, 0.9, 0.999] {
                let back = law.cdf(marginal(law.clone()).quantile(u));
                assert!((back / u - 1.0).abs() < 1e-6, "{law:?} {u} {back}");
            }
            let (low, high) = (law.quantile(0.2), law.quantile(0.6));
            let cut = Marginal::new(law.clone(), Some((low, high))).unwrap();
            assert!((law.cdf(cut.quantile(0.5)) - 0.4).abs() < 1e-7, "{law:?}");
        }
    }

    #[test]
    fn impossible_priors_are_named() {
        let refused = |law: Distribution, within| Marginal::new(law, within).unwrap_err().to_string();
        assert!(refused(Distribution::Normal { mean: 0.0, sd: 0.0 }, None).contains("standard deviation"));
        assert!(refused(Distribution::Discrete(vec![]), None).contains("number of values"));
        assert!(refused(Distribution::Discrete(vec![(1.0, 1.0)]), Some((2.0, 3.0))).contains("no value"));
        assert!(refused(Distribution::Uniform { from: 0.0, to: 1.0 }, Some((2.0, 3.0))).contains("probability"));
        let two = vec![marginal(Distribution::Normal { mean: 0.0, sd: 1.0 }); 2];
        let impossible = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, 1.0]);
        assert!(Prior::new(two, &impossible).unwrap_err().to_string().contains("eigenvalue"));
    }

    /// The correlation of two normal unknowns is the copula's.
    #[test]
    fn normal_unknowns_have_the_copulas_correlation() {
        let two = vec![marginal(Distribution::Normal { mean: 0.0, sd: 1.0 }); 2];
        let prior = Prior::new(two, &DMatrix::from_row_slice(2, 2, &[1.0, 0.6, 0.6, 1.0])).unwrap();
        let (n, mut sum) = (400, 0.0);
        for i in 0..n {
            for j in 0..n {
                let u = [(f64::from(i) + 0.5) / f64::from(n), (f64::from(j) + 0.5) / f64::from(n)];
                let values = prior.at(&u);
                sum += values[0] * values[1];
            }
        }
        // A midpoint rule of 400 cells cuts the tails: about 0.6 % of the variance.
        assert!((sum / f64::from(n * n) - 0.6).abs() < 0.01, "{sum}");
        assert!(prior.atoms().is_none());
    }
}
