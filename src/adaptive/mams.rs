//! Several arms in two stages: every arm above a lower bound goes on, the trial ends when one crosses the upper (Magirr, Jaki and
//! Whitehead 2012).
//!
//! Symbols: K arms, r control patients per patient of an arm; e_i the sum of an arm's stage i over √n, normal with variance 1;
//! t_i the control's; Z_k = (Σ e_i − Σ t_i/√r)/√(k(1 + 1/r)) over the first k stages. Given t the arms are independent.

use crate::adaptive::MAX_ARMS;
use crate::invalid::{Invalid, require};
use crate::numerics::bivariate;
use crate::numerics::normal::{cdf, pdf};
use crate::numerics::quadrature::{hermite, legendre};
use crate::numerics::roots::{RootError, brent};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// Nodes over each of the control's stages: 1e-9 where r ≥ 1/2.
const NODES: usize = 32;

/// How the bounds of the two stages relate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// u_k = c/√(k/2), nothing below `lower` goes on.
    OBrienFleming {
        /// l_1.
        lower: f64,
    },
    /// u_k = c, nothing below `lower` goes on.
    Pocock {
        /// l_1.
        lower: f64,
    },
    /// u_k = c(1 + k/2)/√(k/2)/2, l_k = −c(1 − 3k/2)/√(k/2)/2, which meet at k = 2 (Whitehead 1997).
    Triangular,
}

/// u_1, u_2 and l_1 on the z scale; l_2 = u_2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoStage {
    /// Upper bounds.
    pub upper: [f64; 2],
    /// Lower bound of the first stage.
    pub lower: f64,
}

impl Shape {
    fn bounds(self, c: f64) -> TwoStage {
        match self {
            Self::OBrienFleming { lower } => TwoStage { upper: [c * SQRT_2, c], lower },
            Self::Pocock { lower } => TwoStage { upper: [c, c], lower },
            Self::Triangular => TwoStage { upper: [0.75 * SQRT_2 * c, c], lower: 0.25 * SQRT_2 * c },
        }
    }
}

/// Σ weights · f(t_1, t_2) over the control's two stages.
fn over_control(mut f: impl FnMut(f64, f64) -> f64) -> f64 {
    let rule = hermite(NODES);
    let mut total = 0.0;
    for (t1, w1) in rule.nodes.iter().zip(&rule.weights) {
        for (t2, w2) in rule.nodes.iter().zip(&rule.weights) {
            total += w1 * w2 * f(*t1, *t2);
        }
    }
    total
}

/// The bounds on an arm's own sums, given the control's.
struct Given {
    /// Dropped when e_1 is below.
    low: f64,
    /// Rejected at stage 1 when e_1 is above.
    high: f64,
    /// Rejected at stage 2 when e_1 + e_2 is above.
    last: f64,
}

impl Given {
    fn new(bounds: TwoStage, ratio: f64, t1: f64, t2: f64) -> Self {
        let (pull, scale) = (1.0 / ratio.sqrt(), (1.0 + 1.0 / ratio).sqrt());
        Self {
            low: bounds.lower.min(bounds.upper[0]) * scale + pull * t1,
            high: bounds.upper[0] * scale + pull * t1,
            last: bounds.upper[1] * scale * SQRT_2 + pull * (t1 + t2),
        }
    }

    /// P(dropped, or neither rejected at stage 1 nor with e_1 + e_2 above `last`), e_i ~ N(mean, 1).
    fn spared(&self, mean: f64, last: f64) -> f64 {
        let on = bivariate::rectangle(
            [self.low - mean, f64::NEG_INFINITY],
            [self.high - mean, (last - 2.0 * mean) * FRAC_1_SQRT_2],
            FRAC_1_SQRT_2,
        );
        cdf(self.low - mean) + on
    }
}

impl TwoStage {
    /// Bounds that hold the family-wise error `alpha` in the strong sense: the error is largest when no arm works.
    ///
    /// * `arms`: 1 to [`MAX_ARMS`]; `ratio`: r, between 1/2 and 20.
    ///
    /// # Errors
    /// [`Invalid`] when a number is impossible; as `alpha` when no bound holds it.
    pub fn new(shape: Shape, arms: usize, ratio: f64, alpha: f64) -> Result<Self, Invalid> {
        require((1..=MAX_ARMS).contains(&arms), "number of arms", arms as f64, "must be 1 to 8")?;
        require((0.5..=20.0).contains(&ratio), "control patients per patient of an arm", ratio, "must be 0.5 to 20")?;
        require(alpha > 0.0 && alpha < 0.5, "alpha", alpha, "must be above 0 and below 0.5")?;
        let found: Result<f64, RootError> =
            brent(0.0, 12.0, 1e-10, |c| libm::log(shape.bounds(c).family_wise_error(arms, ratio).max(1e-300) / alpha));
        found.map(|c| shape.bounds(c)).map_err(|_| Invalid { what: "alpha", value: alpha, rule: "is held by no bound" })
    }

    /// P(some arm is rejected) when none works: 1 − E[P(an arm is spared | control)^K].
    pub fn family_wise_error(&self, arms: usize, ratio: f64) -> f64 {
        let power = exponent(arms);
        1.0 - over_control(|t1, t2| {
            let given = Given::new(*self, ratio, t1, t2);
            given.spared(0.0, given.last).powi(power)
        })
    }

    /// Chance that the first arm is rejected and is the best when that happens, the trial ending at the first rejection.
    ///
    /// `effect`, `others`: standardised effects (difference over standard deviation) of the first arm and of all others; `patients`
    /// of an arm a stage.
    pub fn power(&self, arms: usize, ratio: f64, patients: f64, effect: f64, others: f64) -> f64 {
        let (mean, other) = (effect * patients.sqrt(), others * patients.sqrt());
        let rivals = exponent(arms.saturating_sub(1));
        over_control(|t1, t2| {
            let given = Given::new(*self, ratio, t1, t2);
            let first = panels(given.high, mean + 8.5, |e| pdf(e - mean) * cdf(e - other).powi(rivals));
            // e_1 given e_1 + e_2 = s is N(s/2, 1/2).
            let second = panels(given.last, 2.0 * mean + 12.0, |s| {
                let within = cdf((given.high - 0.5 * s) * SQRT_2) - cdf((given.low - 0.5 * s) * SQRT_2);
                let density = pdf((s - 2.0 * mean) * FRAC_1_SQRT_2) * FRAC_1_SQRT_2;
                density * within * given.spared(other, s).powi(rivals)
            });
            first + second
        })
    }

    /// Fewest patients of an arm a stage with that power, at most 100,000; `None` when there are none.
    pub fn patients(&self, arms: usize, ratio: f64, power: f64, effect: f64, others: f64) -> Option<u32> {
        let enough = |patients: u32| self.power(arms, ratio, f64::from(patients), effect, others) >= power;
        let mut high = 8;
        while !enough(high) {
            high *= 2;
            if high > 100_000 {
                return None;
            }
        }
        let mut low = 0;
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }
}

/// ∫ on panels of width 2, ten nodes each.
fn panels(low: f64, high: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let low = low.max(high - 25.0);
    if low >= high {
        return 0.0;
    }
    let count = (0.5 * (high - low)).ceil();
    let step = (high - low) / count;
    (0..count as usize)
        .map(|i| legendre(10).integrate(low + step * i as f64, low + step * (i as f64 + 1.0), &mut f))
        .sum()
}

fn exponent(arms: usize) -> i32 {
    i32::try_from(arms.min(MAX_ARMS)).unwrap_or(0)
}
