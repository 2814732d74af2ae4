//! Hypotheses tested look by look in one trial: elementary, closed, or closed over two combined stages.

use crate::adaptive::Intersection;
use crate::engine::Plan;
use crate::engine::simulation::numeric::upper_quantile;

/// How the hypotheses of the kept arms are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testing {
    /// Each arm's z against the bounds.
    Elementary,
    /// Closed test over the kept arms, cumulative z.
    Closed,
    /// Closed test over all arms; stage 1 and the independent increments of stage 2 combined by inverse normal.
    Combined,
}

/// Experimental arms the closed test can hold: it visits every set of them.
pub const MOST_ARMS: usize = 10;

/// State of the tests of one trial; experimental arms are numbered from 0, sets of them are bit masks.
#[derive(Debug, Clone)]
pub struct Tests {
    /// Rejected so far, per experimental arm.
    pub rejected: Vec<bool>,
    /// Statistic of each arm at the current look: the log-rank z, or the combined z of the elementary hypothesis.
    pub statistic: Vec<f64>,
    intersection: Intersection,
    /// Stage 1 quantile per set.
    stage1: Vec<f64>,
    /// Weighted sum of stage 2 quantiles per set of kept arms.
    stage2: Vec<f64>,
    /// Rejected sets.
    closed: Vec<bool>,
    z: Vec<f64>,
    shares: Vec<f64>,
}

impl Tests {
    /// Tests of `arms` experimental arms; `sets` says whether sets of arms are needed.
    pub fn new(arms: usize, intersection: Intersection, sets: bool) -> Self {
        let sets = if sets { 1 << arms } else { 0 };
        Self {
            rejected: vec![false; arms],
            statistic: vec![f64::NAN; arms],
            intersection,
            stage1: vec![0.0; sets],
            stage2: vec![0.0; sets],
            closed: vec![false; sets],
            z: Vec::with_capacity(arms),
            shares: Vec::with_capacity(arms),
        }
    }

    /// Forgets the last trial.
    pub fn clear(&mut self) {
        self.rejected.fill(false);
        self.statistic.fill(f64::NAN);
        self.closed.fill(false);
        self.stage2.fill(0.0);
    }

    /// Φ⁻¹(1 − p) of the intersection of `set`; a z that cannot be computed (no information) counts as 0.
    fn quantile_of_set(&mut self, set: usize, z: &[f64], shares: &[f64]) -> f64 {
        let known = |z: f64| if z.is_nan() { 0.0 } else { z };
        if set.is_power_of_two() {
            return known(z[set.trailing_zeros() as usize]);
        }
        self.z.clear();
        self.shares.clear();
        for arm in (0..z.len()).filter(|arm| set >> arm & 1 == 1) {
            self.z.push(known(z[arm]));
            self.shares.push(shares[arm]);
        }
        upper_quantile(self.intersection.p_value(&self.z, &self.shares))
    }

    /// Takes the stage 1 statistics, one per experimental arm; `shares` holds the arm's share of each comparison's patients.
    pub fn first_stage(&mut self, z: &[f64], shares: &[f64], kept: &[bool]) {
        let kept = mask(kept);
        for set in 1..self.stage1.len() {
            if set & kept != 0 {
                self.stage1[set] = self.quantile_of_set(set, z, shares);
            }
        }
    }

    /// Smallest stage 1 quantile of the sets that hold an arm.
    pub fn weakest(&self, arm: usize) -> f64 {
        let sets = (1..self.stage1.len()).filter(|set| set >> arm & 1 == 1);
        sets.map(|set| self.stage1[set]).fold(f64::INFINITY, f64::min)
    }

    /// One look of elementary tests: rejects every kept arm whose z reaches the bound.
    pub fn elementary(&mut self, z: &[f64], kept: &[bool], bound: f64) {
        self.statistic.copy_from_slice(z);
        for (arm, rejected) in self.rejected.iter_mut().enumerate() {
            *rejected |= kept[arm] && z[arm] >= bound;
        }
    }

    /// One look of the closed test over the kept arms alone; `shares` holds the arm's share of each comparison's patients.
    pub fn closed(&mut self, z: &[f64], shares: &[f64], kept: &[bool], bound: f64) {
        self.statistic.copy_from_slice(z);
        let all = mask(kept);
        for set in 1..self.closed.len() {
            if set & !all == 0 && !self.closed[set] {
                self.closed[set] = self.quantile_of_set(set, z, shares) >= bound;
            }
        }
        self.close(kept, |set| set & !all == 0);
    }

    /// One look of the combined closed test: `z` are the increments of stage 2 since the last look.
    ///
    /// `C_k(I) = (√w·q₁(I) + Σ_{i ≤ k} √((1 − w)(f_i − f_{i−1}))·q_{2i}(I ∩ kept))/√(w + (1 − w)f_k)`, q = Φ⁻¹(1 − p), w
    /// the squared weight of stage 1, f the planned fractions of stage 2 (Lehmacher and Wassmer 1999; Jenkins, Stone
    /// and Jennison 2011, section 2; the closed test with dropped arms: Bretz et al. 2006, section 3).
    pub fn combined(&mut self, look: usize, plan: &Plan, z: &[f64], shares: &[f64], kept: &[bool]) {
        let weight = plan.stage1_weight.unwrap_or(0.0);
        let fraction = plan.looks[look].stage2_fraction;
        let before = if look == 0 { 0.0 } else { plan.looks[look - 1].stage2_fraction };
        let increment = ((1.0 - weight) * (fraction - before)).max(0.0).sqrt();
        let scale = (weight + (1.0 - weight) * fraction).sqrt();
        let bound = plan.bounds.efficacy[look];
        let all = mask(kept);
        for set in 1..self.stage2.len() {
            if set & !all == 0 {
                self.stage2[set] += increment * self.quantile_of_set(set, z, shares);
            }
        }
        for set in 1..self.closed.len() {
            if set & all != 0 {
                let combined = (weight.sqrt() * self.stage1[set] + self.stage2[set & all]) / scale;
                self.closed[set] |= combined >= bound;
                if set.is_power_of_two() {
                    self.statistic[set.trailing_zeros() as usize] = combined;
                }
            }
        }
        self.close(kept, |set| set & all != 0);
    }

    /// A kept arm is rejected when every set it belongs to (of those that `belongs` admits) is.
    fn close(&mut self, kept: &[bool], belongs: impl Fn(usize) -> bool) {
        for arm in (0..kept.len()).filter(|&arm| kept[arm]) {
            self.rejected[arm] =
                (1..self.closed.len()).all(|set| set >> arm & 1 == 0 || !belongs(set) || self.closed[set]);
        }
    }

    /// Whether every kept arm is rejected.
    pub fn all_rejected(&self, kept: &[bool]) -> bool {
        kept.iter().zip(&self.rejected).all(|(kept, rejected)| !kept || *rejected)
    }

    /// Whether every kept arm that is not rejected is at or below the futility bound.
    pub fn futile(&self, kept: &[bool], bound: f64) -> bool {
        bound > f64::NEG_INFINITY
            && (0..kept.len()).all(|arm| !kept[arm] || self.rejected[arm] || self.statistic[arm] <= bound)
    }
}

fn mask(kept: &[bool]) -> usize {
    kept.iter().enumerate().fold(0, |mask, (arm, &kept)| mask | usize::from(kept) << arm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adaptive::Bonferroni;
    use crate::engine::PlannedLook;
    use crate::sequential::Bounds;
    use std::sync::Arc;

    fn plan(fractions: &[f64], bound: f64, weight: f64) -> Plan {
        let looks = fractions.iter().map(|&fraction| PlannedLook {
            information_fraction: weight + (1.0 - weight) * fraction,
            stage2_fraction: fraction,
            spending_time: fraction,
            events: 100.0 * fraction,
        });
        let efficacy = vec![bound; fractions.len()];
        let futility = vec![f64::NEG_INFINITY; fractions.len()];
        Plan {
            looks: looks.collect(),
            bounds: Bounds { efficacy, futility },
            stage1_weight: Some(weight),
            ..Plan::default()
        }
    }

    /// Two arms, the second kept, Bonferroni: C({2}) and C({1,2}) written out.
    #[test]
    fn combination_by_hand() {
        let plan = plan(&[0.5, 1.0], 1.96, 0.4);
        let kept = [false, true];
        let shares = [0.5, 0.5];
        let mut tests = Tests::new(2, Arc::new(Bonferroni), true);
        tests.first_stage(&[0.3, 1.2], &shares, &kept);
        tests.combined(0, &plan, &[f64::NAN, 1.5], &shares, &kept);
        let expected = (0.4f64.sqrt() * 1.2 + 0.3f64.sqrt() * 1.5) / 0.7f64.sqrt();
        assert!((tests.statistic[1] - expected).abs() < 1e-12);
        // q₁ of the pair: p = 2·0.1150697 = 0.2301393, q = 0.73839; C = (0.46700 + 0.82158)/0.83666 = 1.54015 < 1.96.
        assert_eq!(tests.rejected, [false, false]);
        tests.combined(1, &plan, &[f64::NAN, 1.3], &shares, &kept);
        // Elementary: 0.75895 + 0.82158 + 0.71204 = 2.29257; pair: 0.46700 + 0.82158 + 0.71204 = 2.00062.
        assert!((tests.statistic[1] - 2.29257).abs() < 1e-4);
        assert_eq!(tests.rejected, [false, true]);
        assert!(tests.all_rejected(&kept));
    }

    /// The pair decides: stage 1 of the dropped arm is bad enough to keep the pair from being rejected.
    #[test]
    fn an_intersection_can_hold_back_its_members() {
        let plan = plan(&[1.0], 1.96, 0.5);
        let kept = [false, true];
        let mut tests = Tests::new(2, Arc::new(Bonferroni), true);
        tests.first_stage(&[0.0, 1.0], &[0.5, 0.5], &kept);
        tests.combined(0, &plan, &[f64::NAN, 1.8], &[0.5, 0.5], &kept);
        assert!(tests.statistic[1] >= 1.96);
        assert_eq!(tests.rejected, [false, false]);
    }

    #[test]
    fn closed_test_over_kept_arms_and_futility() {
        let mut tests = Tests::new(3, Arc::new(Bonferroni), true);
        let kept = [true, false, true];
        tests.closed(&[2.1, 9.0, 2.3], &[0.5; 3], &kept, 1.96);
        // p = 2·0.010724 = 0.021448 < 0.025: the pair falls, and both members are above 1.96.
        assert_eq!(tests.rejected, [true, false, true]);
        tests.clear();
        tests.closed(&[2.1, 9.0, 2.2], &[0.5; 3], &kept, 1.96);
        assert_eq!(tests.rejected, [false; 3]);
        assert!(!tests.futile(&kept, f64::NEG_INFINITY) && !tests.futile(&kept, 2.15) && tests.futile(&kept, 2.2));
        tests.closed(&[1.0, 9.0, 2.5], &[0.5; 3], &kept, 1.96);
        // Elementary hypotheses stayed rejected from the look before; the pair falls now.
        assert_eq!(tests.rejected, [true, false, true]);
    }
}
