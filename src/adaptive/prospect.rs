//! Power of the final combined test, seen from the transition.
//!
//! Symbols: w squared weight of stage 1; I₁, I₂ information of the two stages in one comparison; I information of stage 1 seen so far, z
//! its statistic; b final bound; θ drift per unit of information, E S = θI for a score S.

use crate::invalid::{Invalid, require};
use crate::numerics::normal::{cdf, quantile};
use crate::sequential::{Assumption, Prior};

/// What was planned of one experimental arm's comparison with the control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prospect {
    /// Squared weight of stage 1 in the final test; 0 where the evidence so far is not tested.
    pub weight: f64,
    /// Information of stage 1 at its end, I₁; none where stage 1 ends at the transition.
    pub stage1: Option<f64>,
    /// Information of stage 2 at the final look, I₂, above 0.
    pub stage2: f64,
    /// θ of what stage 1 is still to show, and of stage 2, under the planning truth.
    pub planned: [f64; 2],
    /// Final bound of the combined statistic.
    pub bound: f64,
}

/// What has been seen of the primary endpoint by the transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Statistic.
    pub z: f64,
    /// Information.
    pub information: f64,
}

impl Seen {
    /// Estimate of θ.
    fn trend(&self) -> f64 {
        self.z / self.information.sqrt()
    }
}

impl Prospect {
    /// Shares of the final statistic: `√(wt)` of what was seen, then `√(w(1−t))` and `√(1−w)` of what is to come, and the information of
    /// what is to come; t = I/I₁.
    fn split(&self, seen: &Seen) -> [(f64, f64); 3] {
        let end = self.stage1.map_or(seen.information, |end| end.max(seen.information));
        let part = if end > 0.0 { seen.information / end } else { 0.0 };
        [
            ((self.weight * part).sqrt(), seen.information),
            ((self.weight * (1.0 - part)).max(0.0).sqrt(), end - seen.information),
            ((1.0 - self.weight).sqrt(), self.stage2),
        ]
    }

    /// P(final combined statistic ≥ b | seen), stage 2 of `factor` times the planned information:
    ///
    /// `Φ((√(wt)·z + √(w(1−t))·θ√(I₁−I) + √(1−w)·θ√(fI₂) − b)/√(1 − wt))`, of the arm's own hypothesis, with θ as assumed, estimated or 0.
    /// With w = I₁/(I₁ + I₂) and f = 1 it is the conditional power of Lan, Simon and Halperin (1982). NaN where nothing was seen.
    pub fn conditional_power(&self, seen: &Seen, under: Assumption, factor: f64) -> f64 {
        let [first, rest, second] = self.split(seen);
        let [theta1, theta2] = self.drifts(seen, under);
        let mean = first.0 * seen.z + rest.0 * theta1 * rest.1.sqrt() + second.0 * theta2 * (factor * second.1).sqrt();
        cdf((mean - self.bound) / (rest.0 * rest.0 + second.0 * second.0).sqrt())
    }

    /// The same averaged over the posterior N(m, v) of θ, which is constant: variance 1 − wt + v{√(w(1−t)(I₁−I)) + √((1−w)I₂)}²
    /// (Spiegelhalter, Freedman and Blackburn 1986).
    ///
    /// # Errors
    /// [`Invalid`] when the prior is impossible.
    pub fn predictive_power(&self, seen: &Seen, prior: Prior) -> Result<f64, Invalid> {
        require(seen.information > 0.0, "information", seen.information, "must be above 0")?;
        let (theta, variance) = prior.posterior(seen.information, seen.z)?;
        let [first, rest, second] = self.split(seen);
        let slope = rest.0 * rest.1.sqrt() + second.0 * second.1.sqrt();
        let spread = (rest.0 * rest.0 + second.0 * second.0 + variance * slope * slope).sqrt();
        Ok(cdf((first.0 * seen.z + theta * slope - self.bound) / spread))
    }

    fn drifts(&self, seen: &Seen, under: Assumption) -> [f64; 2] {
        match under {
            Assumption::Assumed => self.planned,
            Assumption::Trend => [seen.trend(); 2],
            Assumption::Null => [0.0; 2],
        }
    }

    /// The factor f in [1, `most`] on stage 2's information that brings the conditional power to `target`, the nearest there is; 1
    /// where θ ≤ 0, since more patients only show that better.
    pub fn factor_for(&self, seen: &Seen, under: Assumption, target: f64, most: f64) -> f64 {
        let [first, rest, second] = self.split(seen);
        let [theta1, theta2] = self.drifts(seen, under);
        if theta2.is_nan() || theta2 <= 0.0 || second.0 <= 0.0 {
            return 1.0;
        }
        let spread = (rest.0 * rest.0 + second.0 * second.0).sqrt();
        let wanted = self.bound + spread * quantile(target) - first.0 * seen.z - rest.0 * theta1 * rest.1.sqrt();
        let root = wanted / (second.0 * theta2 * second.1.sqrt());
        if root <= 1.0 { 1.0 } else { (root * root).min(most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::conditional::{final_conditional_power, final_predictive_power};

    /// With the weight that the information has, it is the conditional power of one canonical statistic.
    #[test]
    fn agrees_with_the_canonical_statistic() {
        let prospect = Prospect { weight: 0.4, stage1: Some(40.0), stage2: 60.0, planned: [0.25, 0.3], bound: 2.1 };
        for (z, information) in [(0.4, 10.0), (1.8, 25.0), (-0.5, 39.0)] {
            let seen = Seen { z, information };
            let levels = [information, 100.0];
            for (under, end) in [
                (Assumption::Trend, z * (100.0 / information).sqrt()),
                (Assumption::Null, 0.0),
                (Assumption::Assumed, (0.25 * (40.0 - information) + 0.3 * 60.0) / 10.0),
            ] {
                // Only increments count: under the plan the drift so far is put at 0.
                let now = if under == Assumption::Trend { z } else { 0.0 };
                let exact = final_conditional_power(&levels, &[now, end], 2.1, 0, z).unwrap();
                let found = prospect.conditional_power(&seen, under, 1.0);
                assert!((found - exact).abs() < 1e-12, "{z} {under:?}: {found} {exact}");
            }
            for prior in [Prior::Flat, Prior::Normal { mean: 0.2, sd: 0.1 }] {
                let exact = final_predictive_power(&levels, 2.1, 0, z, prior).unwrap();
                assert!((prospect.predictive_power(&seen, prior).unwrap() - exact).abs() < 1e-12);
            }
        }
    }

    /// The factor meets the target, stays within its ends and is 1 without an effect.
    #[test]
    fn the_factor_meets_the_target() {
        let prospect = Prospect { weight: 0.3, stage1: None, stage2: 50.0, planned: [0.0, 0.2], bound: 1.96 };
        let seen = Seen { z: 1.2, information: 20.0 };
        for under in [Assumption::Trend, Assumption::Assumed] {
            let factor = prospect.factor_for(&seen, under, 0.9, 10.0);
            assert!(factor > 1.0 && (prospect.conditional_power(&seen, under, factor) - 0.9).abs() < 1e-12);
            assert_eq!(prospect.factor_for(&seen, under, 0.9, 1.1), 1.1);
            assert_eq!(prospect.factor_for(&seen, under, 0.01, 1.1), 1.0);
        }
        let bad = Seen { z: -0.4, information: 20.0 };
        assert_eq!(prospect.factor_for(&bad, Assumption::Trend, 0.9, 2.0), 1.0);
    }
}
