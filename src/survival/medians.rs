//! Constant transition hazards from what publications report: median PFS, median OS, and the correlation of the two.

use crate::numerics::roots::brent;
use crate::survival::decay::mean_decay;
use std::f64::consts::LN_2;

/// Constant hazards of the three transitions, per month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantHazards {
    /// Progression, λ₀₁.
    pub progression: f64,
    /// Death without progression, λ₀₂.
    pub death: f64,
    /// Death after progression, λ₁₂.
    pub death_after_progression: f64,
}

/// Why no constant hazards have these medians and this correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unreachable {
    /// Median OS is not above median PFS.
    Medians,
    /// The correlation is not above 0 and at most `largest`.
    Correlation {
        /// Largest correlation with these medians: nobody dies without progression.
        largest: f64,
    },
}

/// The two medians, made ready: everything as a function of λ₁₂.
///
/// Symbols: a = λ₀₁ + λ₀₂ = ln 2/m_P, so that median PFS is m_P; p = λ₀₁/a the share who progress; l = λ₁₂; M = m_O.
/// With constant hazards PFS, which transition ends it, and the residual life are independent, so that with R the residual
/// life (exponential for a share p, else 0)
/// `S_O(t) = e^(−at) + p·a·(e^(−at) − e^(−lt))/(l − a)` and `corr(PFS, OS) = 1/√(1 + a²·p(2 − p)/l²)`
/// (Meller, Beyersmann and Rufibach 2019, sections 2 and 3, at constant hazards).
struct Medians {
    a: f64,
    os: f64,
}

impl Medians {
    /// The share who progress, p, that makes median OS = M: S_O is linear in p. It increases in l.
    fn share(&self, l: f64) -> f64 {
        let Self { a, os } = *self;
        let (slow, gap) = (a.min(l), (l - a).abs());
        let half_life = a * os * (-slow * os).exp() * mean_decay(gap * os);
        (0.5 - (-a * os).exp()) / half_life
    }

    fn correlation(&self, l: f64) -> f64 {
        let p = self.share(l).min(1.0);
        1.0 / (1.0 + (self.a / l).powi(2) * p * (2.0 - p)).sqrt()
    }

    /// The largest hazard of death after progression: everybody progresses, p = 1.
    fn fastest(&self) -> Option<f64> {
        let mut high = 1.0 / self.os;
        while self.share(high) < 1.0 {
            high *= 2.0;
            if high > 1e9 * self.a {
                return None;
            }
        }
        brent(0.0, high, 1e-15 * high, |l| self.share(l) - 1.0).ok()
    }
}

impl ConstantHazards {
    /// The constant hazards with these medians (months) and this Pearson correlation of PFS and OS without censoring.
    ///
    /// The correlation grows with l from 0 (few progress, and live for ever) to its largest value, at which nobody dies
    /// without progression; it is solved on that line by Brent's method.
    ///
    /// # Errors
    /// [`Unreachable`] with the reachable range; numbers that are not finite and positive are out of every range.
    pub fn from_medians(pfs: f64, os: f64, correlation: f64) -> Result<Self, Unreachable> {
        let sound = pfs > 0.0 && os.is_finite() && os > pfs * (1.0 + 1e-9);
        let medians = Medians { a: LN_2 / pfs, os };
        let Some(fastest) = medians.fastest().filter(|_| sound) else {
            return Err(Unreachable::Medians);
        };
        let largest = medians.correlation(fastest);
        if correlation.is_nan() || correlation <= 0.0 || correlation > largest {
            return Err(Unreachable::Correlation { largest });
        }
        // corr < l/(a·√(p(2 − p))) and p is at least its value at l = 0, so that the root lies above this l.
        let least = medians.share(0.0);
        let low = 0.5 * correlation * medians.a * (least * (2.0 - least)).sqrt();
        let root = brent(low.min(fastest), fastest, 1e-15 * fastest, |l| medians.correlation(l) - correlation);
        let after = root.unwrap_or(fastest);
        let share = medians.share(after).min(1.0);
        Ok(Self { progression: share * medians.a, death: (1.0 - share) * medians.a, death_after_progression: after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::{Class, Course, Endpoint, EndpointLaw, Frailty, PiecewiseHazard, joint_moments};

    /// What the solution claims, by the general laws and the general moments.
    #[test]
    fn solved_hazards_have_the_medians_and_the_correlation() {
        for (pfs, os) in [(6.0, 16.0), (6.0, 6.5), (3.0, 60.0), (11.0, 12.0), (0.5, 400.0)] {
            let Err(Unreachable::Correlation { largest }) = ConstantHazards::from_medians(pfs, os, 1.0) else {
                panic!("a correlation of 1 needs death at progression")
            };
            for part in [0.01, 0.2, 0.5, 0.8, 0.99, 1.0] {
                let wanted = largest * part;
                let solved = ConstantHazards::from_medians(pfs, os, wanted).unwrap();
                let constant = |rate| PiecewiseHazard::constant(rate).unwrap();
                let course = Course {
                    progression: constant(solved.progression),
                    after_baseline: constant(solved.death_after_progression),
                    ..Course::death_only(constant(solved.death))
                };
                for (endpoint, median) in [(Endpoint::Pfs, pfs), (Endpoint::Os, os)] {
                    let law = EndpointLaw::of_course(&course, endpoint).unwrap();
                    assert!((law.survival(median) - 0.5).abs() < 1e-11, "{pfs} {os} {part} {endpoint:?}");
                }
                let class = Class { weight: 1.0, course, frailty: Frailty::none() };
                let found = joint_moments(&[class]).unwrap().unwrap().correlation();
                assert!((found - wanted).abs() < 1e-9, "{pfs} {os}: {found}, not {wanted}");
            }
        }
    }

    /// corTrans of simIDM (table I1): hazards (.5, .3, .6) have correlation .62897082, (.3, .28, .5) .7015168; going back
    /// from their medians gives the hazards.
    #[test]
    fn i1_there_and_back() {
        for (hazards, published) in [([0.5, 0.3, 0.6], 0.628_970_82), ([0.3, 0.28, 0.5], 0.701_516_8)] {
            let [progression, death, after] = hazards.map(|rate| PiecewiseHazard::constant(rate).unwrap());
            let course = Course { progression, after_baseline: after, ..Course::death_only(death) };
            let median = |endpoint| EndpointLaw::of_course(&course, endpoint).unwrap().median().unwrap();
            let solved = ConstantHazards::from_medians(median(Endpoint::Pfs), median(Endpoint::Os), published).unwrap();
            let found = [solved.progression, solved.death, solved.death_after_progression];
            for (found, wanted) in found.into_iter().zip(hazards) {
                assert!((found - wanted).abs() < 2e-6, "{found}, not {wanted}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_range() {
        let of = ConstantHazards::from_medians;
        for (pfs, os) in [(6.0, 6.0), (6.0, 5.0), (0.0, 5.0), (f64::NAN, 5.0), (6.0, f64::INFINITY), (-1.0, 5.0)] {
            assert_eq!(of(pfs, os, 0.5), Err(Unreachable::Medians));
        }
        for correlation in [0.0, -0.1, f64::NAN, 0.9] {
            assert!(matches!(of(6.0, 16.0, correlation), Err(Unreachable::Correlation { .. })));
        }
        // The correlation only grows along the line that is solved on.
        let medians = Medians { a: LN_2 / 6.0, os: 16.0 };
        let fastest = medians.fastest().unwrap();
        let along: Vec<f64> = (1..=200).map(|i| medians.correlation(fastest * f64::from(i) / 200.0)).collect();
        assert!(along.is_sorted());
    }
}
