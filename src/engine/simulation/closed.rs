//! Hypotheses tested look by look in one trial: elementary, closed, or closed over two combined stages.

use crate::adaptive::combination::FirstStage;
use crate::adaptive::{Combining, Intersection};
use crate::engine::Plan;
use crate::engine::simulation::numeric::upper_quantile;

/// How the hypotheses of the kept arms are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testing {
    /// Each arm's z against the bounds.
    Elementary,
    /// Closed test over the kept arms, cumulative z.
    Closed,
    /// Closed test over all arms; stage 1 and the increments of stage 2 combined.
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
    combining: Option<Combined>,
    /// Stage 1 quantile per set.
    stage1: Vec<f64>,
    /// Weighted sum of stage 2 quantiles per set of kept arms.
    stage2: Vec<f64>,
    /// Rejected sets.
    closed: Vec<bool>,
    z: Vec<f64>,
    shares: Vec<f64>,
}

/// How two stages are combined.
#[derive(Debug, Clone)]
struct Combined {
    function: Combining,
    alpha: f64,
    weight: f64,
    /// The function's constant per set, once known.
    constants: Vec<Option<f64>>,
}

impl Tests {
    /// Tests of `arms` experimental arms; `sets` says whether sets of arms are needed.
    pub fn new(arms: usize, intersection: Intersection, sets: bool) -> Self {
        let sets = if sets { 1 << arms } else { 0 };
        Self {
            rejected: vec![false; arms],
            statistic: vec![f64::NAN; arms],
            intersection,
            combining: None,
            stage1: vec![0.0; sets],
            stage2: vec![0.0; sets],
            closed: vec![false; sets],
            z: Vec::with_capacity(arms),
            shares: Vec::with_capacity(arms),
        }
    }

    /// The same, two stages combined by `function` at level `alpha` with the squared `weight` of stage 1; by inverse normal if not told.
    #[must_use]
    pub fn combining(mut self, function: Combining, alpha: f64, weight: f64) -> Self {
        let constants = vec![None; self.stage1.len()];
        self.combining = Some(Combined { function, alpha, weight, constants });
        self
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
                let plain = self.quantile_of_set(set, z, shares);
                self.stage1[set] = match &mut self.combining {
                    Some(combined) if !set.is_power_of_two() => {
                        let Combined { function, alpha, weight, constants } = combined;
                        let constant = *constants[set].get_or_insert_with(|| function.constant(*alpha, &self.shares));
                        if constant.is_nan() {
                            plain
                        } else {
                            let (z, shares, weight, alpha) = (&self.z, &self.shares, *weight, *alpha);
                            let stage = FirstStage { z, shares, weight, alpha, constant };
                            function.first(self.intersection.as_ref(), &stage)
                        }
                    }
                    _ => plain,
                };
            }
        }
    }

    /// Stage 1 quantile of every set.
    pub fn stage1(&self) -> &[f64] {
        &self.stage1
    }

    /// Takes the stage 1 quantiles of every set.
    pub fn start(&mut self, quantiles: &[f64]) {
        self.stage1.copy_from_slice(quantiles);
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
    /// Of every set I: `z₂(I) = Σ_{i ≤ k} √(f_i − f_{i−1})·q_{2i}(I ∩ kept)/√f_k` with q = Φ⁻¹(1 − p) and f the planned fractions of
    /// stage 2, combined with q₁(I) at the share s = w/(w + (1 − w)f_k) of stage 1, w its squared weight. By inverse normal
    /// `C_k(I) = √s·q₁(I) + √(1 − s)·z₂(I)` (Lehmacher and Wassmer 1999; Jenkins, Stone and Jennison 2011, section 2; the closed
    /// test with dropped arms: Bretz et al. 2006, section 3).
    pub fn combined(&mut self, look: usize, plan: &Plan, z: &[f64], shares: &[f64], kept: &[bool]) {
        let weight = plan.stage1_weight.unwrap_or(0.0);
        let fraction = plan.looks[look].stage2_fraction;
        let before = if look == 0 { 0.0 } else { plan.looks[look - 1].stage2_fraction };
        let increment = (fraction - before).max(0.0).sqrt();
        let share = weight / (weight + (1.0 - weight) * fraction);
        let (first, second) = (share.sqrt(), ((1.0 - share) / fraction).sqrt());
        let bound = plan.bounds.efficacy[look];
        let all = mask(kept);
        for set in 1..self.stage2.len() {
            if set & !all == 0 {
                self.stage2[set] += increment * self.quantile_of_set(set, z, shares);
            }
        }
        for set in 1..self.closed.len() {
            if set & all != 0 {
                let combined = match &self.combining {
                    Some(Combined { function, .. }) if !function.canonical() => {
                        function.combine(self.stage1[set], self.stage2[set & all] / fraction.sqrt(), share)
                    }
                    _ => first * self.stage1[set] + second * self.stage2[set & all],
                };
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
    use crate::adaptive::combination::combining;
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

    /// Fisher's product at one look, Bonferroni: with z₂ = 2.2, p₂ = 0.013903, the kept arm (p₁ = 0.115070) has q = 0.0016 and
    /// q(1 − ln q) = 0.0119; the pair (p₁ = 0.230139) has q = 0.0032 and 0.02158 < 0.025. With z₂ = 2.1, p₂ = 0.017864, the pair has 0.0267.
    #[test]
    fn fishers_product_by_hand() {
        let plan = plan(&[1.0], 1.959_963_984_540_054, 0.4);
        let kept = [false, true];
        for (z, rejected) in [(2.2, true), (2.1, false)] {
            let fisher = combining("fisher").unwrap();
            let mut tests = Tests::new(2, Arc::new(Bonferroni), true).combining(fisher, 0.025, 0.4);
            tests.first_stage(&[0.3, 1.2], &[0.5; 2], &kept);
            tests.combined(0, &plan, &[f64::NAN, z], &[0.5; 2], &kept);
            assert_eq!(tests.rejected, [false, rejected]);
            let q: f64 = 0.115_069_67 * if rejected { 0.013_903_45 } else { 0.017_864_42 };
            assert!((tests.statistic[1] - crate::numerics::normal::upper_quantile(q * (1.0 - q.ln()))).abs() < 1e-5);
        }
    }

    /// The conditional Dunnett test rejects where p₂ is at most the conditional error of the planned Dunnett test, for the kept arm
    /// and for the pair.
    #[test]
    fn conditional_dunnett_against_its_definition() {
        use crate::adaptive::Dunnett;
        use crate::adaptive::intersection::dunnett::{conditional_error, critical_value};
        use crate::numerics::normal::sf;
        let (weight, shares, kept) = (0.4, [0.5; 2], [false, true]);
        let plan = plan(&[1.0], 1.959_963_984_540_054, weight);
        let critical = critical_value(0.025, &shares).unwrap();
        let mut seen = [0; 2];
        for first in [[0.3, 1.2], [1.5, 1.6], [-0.5, 0.4], [2.4, 0.9]] {
            let pair = conditional_error(&first, &shares, weight, critical).unwrap();
            let single = sf((1.959_963_984_540_054 - 0.4_f64.sqrt() * first[1]) / 0.6_f64.sqrt());
            for z in [0.5, 1.0, 1.4, 1.8, 2.2, 2.6] {
                let function = combining("conditional_error").unwrap();
                let mut tests = Tests::new(2, Arc::new(Dunnett), true).combining(function, 0.025, weight);
                tests.first_stage(&first, &shares, &kept);
                tests.combined(0, &plan, &[f64::NAN, z], &shares, &kept);
                let expected = sf(z) <= pair && sf(z) <= single;
                assert_eq!(tests.rejected, [false, expected], "{first:?} {z}");
                seen[usize::from(expected)] += 1;
            }
        }
        assert!(seen[0] > 5 && seen[1] > 5, "{seen:?}");
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
