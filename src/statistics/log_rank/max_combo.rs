//! The largest of several weighted log-rank statistics, from data.

use crate::invalid::Invalid;
use crate::numerics::mvn;
use crate::statistics::evidence::strata;
use crate::statistics::log_rank::{WeightedLogRank, covariance};
use crate::statistics::{Evidence, Observations, TestStatistic};
use nalgebra::DMatrix;

/// Several statistics of the same data and their joint law under the null, normal with mean 0 and variances 1.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxCombo {
    /// Z of each test.
    pub z: Vec<f64>,
    /// Their correlation.
    pub correlation: DMatrix<f64>,
}

impl MaxCombo {
    /// The largest Z.
    pub fn largest(&self) -> f64 {
        self.z.iter().copied().fold(f64::NAN, f64::max)
    }

    /// One-sided p-value: the probability under the null that the largest of the statistics is at least as large as it is.
    ///
    /// # Errors
    /// [`Invalid`] when a statistic has no variance.
    pub fn p_value(&self) -> Result<f64, Invalid> {
        let tests = self.z.len();
        let ends = vec![self.largest(); tests];
        let below = vec![f64::NEG_INFINITY; tests];
        Ok(1.0 - mvn::rectangle(&below, &ends, &vec![0.0; tests], &self.correlation, 1e-7, 400_000)?.value)
    }
}

/// Z of every test and their correlation V_ab/√(V_aa·V_bb), V_ab = Σ w_a w_b·d·(n₁/n)(n₀/n)·(n − d)/(n − 1), added over the strata
/// if the observations carry any (Karrison 2016).
///
/// # Errors
/// [`Invalid`] when lengths differ or a time is not a number of at least 0.
pub fn max_combo(tests: &[&WeightedLogRank], observations: &Observations) -> Result<MaxCombo, Invalid> {
    observations.check()?;
    let mut found = vec![Evidence::default(); tests.len()];
    let mut shared = DMatrix::<f64>::zeros(tests.len(), tests.len());
    for (sets, share) in strata(observations) {
        for (a, test) in tests.iter().enumerate() {
            found[a] += test.of_stratum(&sets, share);
            for (b, other) in tests.iter().enumerate() {
                shared[(a, b)] += covariance(test.weight().as_ref(), other.weight().as_ref(), &sets);
            }
        }
    }
    let scale: Vec<f64> = (0..tests.len()).map(|a| shared[(a, a)].sqrt()).collect();
    let correlation =
        DMatrix::from_fn(
            tests.len(),
            tests.len(),
            |a, b| {
                if a == b { 1.0 } else { shared[(a, b)] / (scale[a] * scale[b]) }
            },
        );
    Ok(MaxCombo { z: found.iter().map(Evidence::z).collect(), correlation })
}
