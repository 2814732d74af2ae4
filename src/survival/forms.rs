//! Other ways to say a hazard: a median, survival points, a Weibull law cut into constant hazards.

use std::f64::consts::LN_2;

use crate::invalid::{Invalid, require};
use crate::survival::PiecewiseHazard;

/// Largest difference in survival between a Weibull law and its pieces.
const WEIBULL_TOLERANCE: f64 = 9.9e-7;
/// Most pieces a Weibull law may be cut into; about 886·√(|shape − 1|/shape) are needed.
const WEIBULL_PIECES: usize = 4096;

impl PiecewiseHazard {
    /// The constant hazard ln 2 / `median` (months, above 0).
    ///
    /// # Errors
    /// [`Invalid`] for a median that is not positive and finite.
    pub fn from_median(median: f64) -> Result<Self, Invalid> {
        require(median.is_finite() && median > 0.0, "median", median, "it must be finite and above 0")?;
        Self::constant(LN_2 / median)
    }

    /// Constant hazards through survival points (tᵢ months, Sᵢ): λᵢ = ln(Sᵢ₋₁/Sᵢ)/(tᵢ − tᵢ₋₁), S₀ = 1 at t₀ = 0; the last
    /// hazard goes on for ever. Equal neighbouring probabilities mean no hazard between them.
    ///
    /// # Errors
    /// [`Invalid`] if there is no point, times do not increase from above 0, or probabilities leave (0, 1] or increase.
    pub fn through_survival(points: &[(f64, f64)]) -> Result<Self, Invalid> {
        require(!points.is_empty(), "number of survival points", 0.0, "there must be at least one point")?;
        let (mut starts, mut rates) = (Vec::with_capacity(points.len()), Vec::with_capacity(points.len()));
        let (mut time, mut probability) = (0.0, 1.0);
        for &(at, is) in points {
            require(at.is_finite() && at > time, "month of a survival point", at, "months must increase from above 0")?;
            require(is > 0.0 && is <= probability, "survival at a point", is, "it must be above 0 and not increase")?;
            starts.push(time);
            rates.push((probability / is).ln() / (at - time));
            (time, probability) = (at, is);
        }
        Self::new(&starts, &rates)
    }

    /// The Weibull law of survival exp(−ln 2·(t/`median`)^`shape`) as constant hazards whose survival differs from it
    /// by at most 1e-6 at every time.
    ///
    /// With H(t) = ln 2·(t/m)ᵏ, the cumulative hazard of the pieces joins points of H by chords. Between two knots the
    /// chord differs from H by at most d = |H(t*) − chord(t*)|, t* where the slopes agree, and survival by at most
    /// d·exp(−H(left knot)); knots are set so that this bound is just under the tolerance. Past the time at which
    /// survival itself is below the tolerance the last hazard goes on. (Chord error of a convex or concave function:
    /// elementary; Weibull 1951.)
    ///
    /// # Errors
    /// [`Invalid`] for a median that is not positive and finite, or a shape outside [0.05, 1e6], where the pieces would
    /// be too many or too short.
    pub fn weibull(shape: f64, median: f64) -> Result<Self, Invalid> {
        require(median.is_finite() && median > 0.0, "median", median, "it must be finite and above 0")?;
        require(shape.is_finite() && shape > 0.0, "Weibull shape", shape, "it must be finite and above 0")?;
        require((0.05..=1e6).contains(&shape), "Weibull shape", shape, "it must be between 0.05 and 1000000")?;
        if (shape - 1.0).abs() <= 1e-6 {
            // Survival then differs from the exponential law by less than |shape − 1|·max |y ln y·e⁻ʸ| < 1e-6.
            return Self::from_median(median);
        }
        let scale = median / LN_2.powf(1.0 / shape);
        let end = -WEIBULL_TOLERANCE.ln();
        let (mut starts, mut rates) = (Vec::new(), Vec::new());
        // Cumulative hazard y and time x (in units of the scale) at the left knot.
        let (mut y, mut x) = (0.0_f64, 0.0_f64);
        let mut step = first_step(shape);
        while y < end {
            for _ in 0..60 {
                let error = chord_error(shape, (y, x), step) * (-y).exp();
                if error <= WEIBULL_TOLERANCE && (error >= 0.9 * WEIBULL_TOLERANCE || y + step > end) {
                    break;
                }
                step *= (0.95 * WEIBULL_TOLERANCE / error).sqrt().clamp(0.25, 4.0);
            }
            let next = (y + step).powf(1.0 / shape);
            require(
                starts.len() < WEIBULL_PIECES && next * scale > x * scale,
                "Weibull shape",
                shape,
                "it needs too many constant hazards to be within 1e-6; take a shape nearer to 1",
            )?;
            starts.push(x * scale);
            rates.push(step / ((next - x) * scale));
            (y, x) = (y + step, next);
        }
        Self::new(&starts, &rates)
    }

    /// The sum of two hazards on one clock: the hazard of whichever event comes first.
    ///
    /// # Errors
    /// [`Invalid`] if a sum overflows.
    pub fn plus(&self, other: &Self) -> Result<Self, Invalid> {
        let mut starts: Vec<f64> = self.starts().iter().chain(other.starts()).copied().collect();
        starts.sort_unstable_by(f64::total_cmp);
        starts.dedup();
        let rates: Vec<f64> = starts.iter().map(|&start| self.rate(start) + other.rate(start)).collect();
        Self::new(&starts, &rates)
    }
}

/// Cumulative hazard y of the first knot: the chord from 0 to (x, y = xᵏ) errs by y·|1 − k|·k^(k/(1−k)).
fn first_step(shape: f64) -> f64 {
    let constant = (1.0 - shape).abs() * shape.powf(shape / (1.0 - shape));
    0.99 * WEIBULL_TOLERANCE / constant
}

/// Largest distance of y = xᵏ from its chord between the knot (y, x) and the knot at y + step.
fn chord_error(shape: f64, (y, x): (f64, f64), step: f64) -> f64 {
    let next = (y + step).powf(1.0 / shape);
    let width = next - x;
    if width.is_nan() || width <= 0.0 {
        return 0.0;
    }
    let slope = step / width;
    let touch = (slope / shape).powf(1.0 / (shape - 1.0)).max(x).min(next);
    (touch.powf(shape) - (y + slope * (touch - x))).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_points_are_reproduced() {
        let hazard = PiecewiseHazard::from_median(14.0).unwrap();
        assert!((hazard.survival(14.0) - 0.5).abs() < 1e-15);
        // KEYNOTE-942 control arm as a scenario gives it: any points come back exactly.
        let points = [(12.0, 0.70), (18.0, 0.622), (24.0, 0.622), (36.0, 0.55)];
        let hazard = PiecewiseHazard::through_survival(&points).unwrap();
        for (at, is) in points {
            assert!((hazard.survival(at) - is).abs() < 1e-14);
        }
        assert_eq!(hazard.rate(20.0), 0.0);
        assert_eq!(hazard.rate(1000.0), hazard.rate(30.0));
    }

    #[test]
    fn impossible_forms_are_refused() {
        for points in [&[][..], &[(0.0, 0.5)], &[(1.0, 0.5), (1.0, 0.4)], &[(1.0, 0.5), (2.0, 0.6)], &[(1.0, 0.0)]] {
            assert!(PiecewiseHazard::through_survival(points).is_err());
        }
        assert!(PiecewiseHazard::through_survival(&[(1.0, f64::NAN)]).is_err());
        for (shape, median) in [(0.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (0.001, 5.0), (1e9, 5.0)]
        {
            assert!(PiecewiseHazard::weibull(shape, median).is_err(), "{shape} {median}");
        }
    }

    #[test]
    fn weibull_pieces_are_within_a_millionth_everywhere() {
        for shape in [0.05, 0.1, 0.3, 0.5, 0.9, 0.999, 1.000_01, 1.01, 1.2, 1.5, 2.0, 3.0, 8.0, 50.0, 1000.0, 1e6] {
            let median = 14.0;
            let hazard = PiecewiseHazard::weibull(shape, median).unwrap();
            let expected = 886.0 * ((shape - 1.0_f64).abs() / shape).sqrt() + 10.0;
            assert!((hazard.rates().len() as f64) < 1.15 * expected, "{shape}: {} pieces", hazard.rates().len());
            let exact = |t: f64| (-LN_2 * (t / median).powf(shape)).exp();
            let mut worst = 0.0_f64;
            for pair in hazard.starts().windows(2) {
                for part in 0..=8 {
                    let t = pair[0] + (pair[1] - pair[0]) * f64::from(part) / 8.0;
                    worst = worst.max((hazard.survival(t) - exact(t)).abs());
                }
            }
            for j in 0..4000 {
                let t = median * (-20.0 + 0.01 * f64::from(j)).exp();
                worst = worst.max((hazard.survival(t) - exact(t)).abs());
            }
            assert!(worst < 1e-6, "{shape}: {worst:e}");
        }
    }
}
