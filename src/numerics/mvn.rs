//! Rectangle probabilities of a multivariate normal law by a randomised lattice.

use super::bivariate;
use super::normal::{cdf, pdf, sf, upper_quantile};
use crate::invalid::{Invalid, require};
use nalgebra::DMatrix;

/// Largest dimension.
pub const MAX_DIMENSION: usize = 25;

/// Number of independent shifts of the lattice; the error is estimated from their spread.
pub(crate) const SHIFTS: usize = 12;

/// Points per shift at the start; doubled until the error is small enough.
const FIRST_POINTS: usize = 500;

/// A conditional variance below this share of its own variance counts as 0: the coordinate follows from those before it.
const SINGULAR: f64 = 1e-13;

/// A probability and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The probability, in [0, 1].
    pub value: f64,
    /// Absolute error: three standard errors over the shifts of the lattice, or the bound of the closed form.
    pub error: f64,
}

/// P(lower < X < upper) for X normal with the given mean and covariance.
///
/// `lower`, `upper_ends` and `mean` have one number a coordinate, bounds may be infinite; `covariance` is symmetric and
/// non-negative definite, singular allowed. Points are added until the error is below `tolerance` or `max_points` lattice
/// points are spent. The shifts of the lattice are fixed: the same input gives the same answer.
///
/// One and two dimensions are answered without a lattice. Otherwise the law is made sequential by a Cholesky factor whose
/// coordinates are ordered by the probability they are expected to keep (Gibson, Glasbey and Elston 1994), carried to the unit cube
/// (Genz 1992) and averaged over a lattice with generator √prime, periodised by the baker's map (Genz and Bretz 2002).
///
/// # Errors
/// [`Invalid`] when lengths differ, the dimension is 0 or above [`MAX_DIMENSION`], or a number is NaN or a variance negative.
///
/// ```
/// use nalgebra::DMatrix;
/// use seamline::numerics::mvn::rectangle;
/// // Equicorrelated ½: P(all of d above 0) = 1/(d + 1).
/// let covariance = DMatrix::from_fn(5, 5, |i, j| if i == j { 1.0 } else { 0.5 });
/// let orthant = rectangle(&[0.0; 5], &[f64::INFINITY; 5], &[0.0; 5], &covariance, 1e-5, 1_000_000)?;
/// assert!((orthant.value - 1.0 / 6.0).abs() < orthant.error.max(1e-6));
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn rectangle(
    lower: &[f64],
    upper_ends: &[f64],
    mean: &[f64],
    covariance: &DMatrix<f64>,
    tolerance: f64,
    max_points: usize,
) -> Result<Estimate, Invalid> {
    let dimension = mean.len();
    require((1..=MAX_DIMENSION).contains(&dimension), "dimension", dimension as f64, "must be 1 to 25")?;
    for length in [lower.len(), upper_ends.len(), covariance.nrows(), covariance.ncols()] {
        require(length == dimension, "number of coordinates", length as f64, "must be the same for all arguments")?;
    }
    for i in 0..dimension {
        require(mean[i].is_finite(), "mean", mean[i], "must be finite")?;
        require(!lower[i].is_nan(), "lower bound", lower[i], "must be a number")?;
        require(!upper_ends[i].is_nan(), "upper bound", upper_ends[i], "must be a number")?;
        for j in 0..dimension {
            require(covariance[(i, j)].is_finite(), "covariance", covariance[(i, j)], "must be finite")?;
        }
        require(covariance[(i, i)] >= 0.0, "variance", covariance[(i, i)], "must be at least 0")?;
    }
    let (mut law, correlation) = Sequential::new(lower, upper_ends, mean, covariance);
    if law.empty {
        return Ok(Estimate { value: 0.0, error: 0.0 });
    }
    match law.low.len() {
        0 => return Ok(Estimate { value: 1.0, error: 0.0 }),
        1 => return Ok(Estimate { value: interval(law.low[0], law.high[0]).1, error: 1e-15 }),
        2 => {
            let r = correlation[(0, 1)];
            let value = bivariate::rectangle([law.low[0], law.low[1]], [law.high[0], law.high[1]], r);
            return Ok(Estimate { value, error: 4e-14 });
        }
        _ => {}
    }
    law.order_and_factor(&correlation);
    Ok(law.integrate(tolerance, max_points))
}

/// Tail beyond the interval on its own side, and mass, of the standard normal law on (low, high), in the tail where it is accurate.
pub(crate) fn interval(low: f64, high: f64) -> (f64, f64) {
    if low > 0.0 {
        let far = sf(high);
        (far, (sf(low) - far).max(0.0))
    } else {
        let near = cdf(low);
        (near, (cdf(high) - near).max(0.0))
    }
}

/// The normal quantile of a point in an interval that begins at `low`, from the tail that [`interval`] counted in.
pub(crate) fn truncated(low: f64, tail: f64) -> f64 {
    let z = upper_quantile(tail);
    if low > 0.0 { z } else { -z }.clamp(-40.0, 40.0)
}

/// The law on the correlation scale, of the coordinates that have a bound, in the order of integration.
struct Sequential {
    /// Bounds, standardised.
    low: Vec<f64>,
    high: Vec<f64>,
    /// Lower Cholesky factor of the correlation, by rows; zero on the diagonal where a coordinate follows from those before.
    factor: DMatrix<f64>,
    /// Whether the rectangle is empty, or misses a coordinate without variance.
    empty: bool,
}

impl Sequential {
    fn new(lower: &[f64], upper_ends: &[f64], mean: &[f64], covariance: &DMatrix<f64>) -> (Self, DMatrix<f64>) {
        let mut kept = Vec::with_capacity(mean.len());
        let mut empty = false;
        for i in 0..mean.len() {
            empty |= lower[i] >= upper_ends[i];
            let bounded = lower[i] > f64::NEG_INFINITY || upper_ends[i] < f64::INFINITY;
            if covariance[(i, i)] == 0.0 {
                empty |= mean[i] < lower[i] || mean[i] > upper_ends[i];
            } else if bounded {
                kept.push(i);
            }
        }
        let sd = |i: usize| covariance[(i, i)].sqrt();
        let correlation = DMatrix::from_fn(kept.len(), kept.len(), |a, b| {
            let (i, j) = (kept[a], kept[b]);
            if i == j { 1.0 } else { (covariance[(i, j)] / (sd(i) * sd(j))).clamp(-1.0, 1.0) }
        });
        let law = Self {
            low: kept.iter().map(|&i| (lower[i] - mean[i]) / sd(i)).collect(),
            high: kept.iter().map(|&i| (upper_ends[i] - mean[i]) / sd(i)).collect(),
            factor: DMatrix::zeros(kept.len(), kept.len()),
            empty,
        };
        (law, correlation)
    }

    /// Orders the coordinates so that each next one is expected to keep the least probability, and factors as it goes.
    fn order_and_factor(&mut self, correlation: &DMatrix<f64>) {
        let dimension = self.low.len();
        let mut order: Vec<usize> = (0..dimension).collect();
        let mut expected = vec![0.0; dimension];
        for step in 0..dimension {
            let mut best = (step, f64::INFINITY, 0.0, 0.0);
            for candidate in step..dimension {
                let row = self.factor.row(candidate);
                let explained: f64 = (0..step).map(|j| row[j] * row[j]).sum();
                let shift: f64 = (0..step).map(|j| row[j] * expected[j]).sum();
                let variance = 1.0 - explained;
                let sd = if variance > SINGULAR { variance.sqrt() } else { 0.0 };
                let mass = if sd > 0.0 {
                    interval((self.low[candidate] - shift) / sd, (self.high[candidate] - shift) / sd).1
                } else {
                    2.0
                };
                if mass < best.1 {
                    best = (candidate, mass, shift, sd);
                }
            }
            let (chosen, mass, shift, sd) = best;
            self.low.swap(chosen, step);
            self.high.swap(chosen, step);
            self.factor.swap_rows(chosen, step);
            order.swap(chosen, step);
            if sd == 0.0 {
                continue;
            }
            self.factor[(step, step)] = sd;
            for later in step + 1..dimension {
                let shared: f64 = (0..step).map(|j| self.factor[(later, j)] * self.factor[(step, j)]).sum();
                self.factor[(later, step)] = (correlation[(order[later], order[step])] - shared) / sd;
            }
            // Mean of the truncated coordinate; at its nearer end where the mass underflows.
            let (low, high) = ((self.low[step] - shift) / sd, (self.high[step] - shift) / sd);
            expected[step] = if mass > 1e-280 {
                (pdf(low) - pdf(high)) / mass
            } else if low > 0.0 {
                low
            } else {
                high
            };
        }
    }

    /// Averages the integrand over shifted lattices, doubling the points until the error is small enough.
    fn integrate(&self, tolerance: f64, max_points: usize) -> Estimate {
        let dimension = self.low.len();
        let lattice = Lattice::new(dimension);
        let mut point = vec![0.0; dimension];
        let mut normal = vec![0.0; dimension];
        let mut sums = [0.0; SHIFTS];
        let (mut done, mut target) = (0, FIRST_POINTS);
        loop {
            for (shift, sum) in sums.iter_mut().enumerate() {
                for index in done..target {
                    lattice.point(shift, index, &mut point);
                    *sum += self.integrand(&point, &mut normal);
                }
            }
            done = target;
            let (mean, error) = mean_and_error(&sums, done);
            if error <= tolerance || 2 * done * SHIFTS > max_points {
                return Estimate { value: mean.clamp(0.0, 1.0), error: error.max(1e-15) };
            }
            target = 2 * done;
        }
    }

    /// Π_i mass of coordinate i given those before it, at a point of the unit cube (Genz 1992).
    fn integrand(&self, point: &[f64], normal: &mut [f64]) -> f64 {
        let mut product = 1.0;
        for i in 0..point.len() {
            let shift: f64 = (0..i).map(|j| self.factor[(i, j)] * normal[j]).sum();
            let sd = self.factor[(i, i)];
            if sd == 0.0 {
                let slack = 1e-9;
                if shift < self.low[i] - slack || shift > self.high[i] + slack {
                    return 0.0;
                }
                normal[i] = 0.0;
                continue;
            }
            let (low, high) = ((self.low[i] - shift) / sd, (self.high[i] - shift) / sd);
            let (edge, mass) = interval(low, high);
            if mass <= 0.0 {
                return 0.0;
            }
            product *= mass;
            normal[i] = truncated(low, edge + point[i] * mass);
        }
        product
    }
}

/// Mean over all points, and three standard errors over the shifts, from the shifts' sums of `points` values each.
pub(crate) fn mean_and_error(sums: &[f64; SHIFTS], points: usize) -> (f64, f64) {
    let points = points as f64;
    let mean = sums.iter().sum::<f64>() / (SHIFTS as f64 * points);
    let spread: f64 = sums.iter().map(|sum| (sum / points - mean).powi(2)).sum();
    (mean, 3.0 * (spread / (SHIFTS * (SHIFTS - 1)) as f64).sqrt())
}

/// The lattice with generator √prime, under [`SHIFTS`] fixed shifts.
pub(crate) struct Lattice {
    generator: Vec<f64>,
    starts: Vec<Vec<f64>>,
}

impl Lattice {
    /// In the unit cube of a dimension up to [`MAX_DIMENSION`].
    pub(crate) fn new(dimension: usize) -> Self {
        let generator = PRIMES[..dimension].iter().map(|&prime| f64::from(prime).sqrt().fract()).collect();
        // One stream for all, so that no two shifts share a number.
        let mut state = 0;
        let mut start = |_| (0..dimension).map(|_| uniform(&mut state)).collect();
        Self { generator, starts: (0..SHIFTS).map(&mut start).collect() }
    }

    /// Writes one point, folded by the baker's map.
    pub(crate) fn point(&self, shift: usize, index: usize, point: &mut [f64]) {
        for (axis, place) in point.iter_mut().enumerate() {
            *place = self.coordinate(shift, index, axis);
        }
    }

    /// One coordinate of one point.
    #[inline]
    pub(crate) fn coordinate(&self, shift: usize, index: usize, axis: usize) -> f64 {
        let u = (self.starts[shift][axis] + index as f64 * self.generator[axis]).fract();
        (2.0 * u - 1.0).abs()
    }
}

/// The first 25 primes.
const PRIMES: [u32; MAX_DIMENSION] =
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];

/// The next of a stream of uniform numbers in [0, 1) (splitmix64: Steele, Lea and Flood 2014).
pub(crate) fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equicorrelated(dimension: usize, r: f64) -> DMatrix<f64> {
        DMatrix::from_fn(dimension, dimension, |i, j| if i == j { 1.0 } else { r })
    }

    #[test]
    fn equicorrelated_rectangles_agree_with_one_dimensional_quadrature() {
        for (power, r, bound) in [(3, 0.5, 1.0), (4, 0.2, 0.3), (6, 0.8, 2.0), (12, 0.5, 1.5), (25, 0.3, 2.2)] {
            let dimension = power as usize;
            let exact: f64 = (-18..18)
                .map(|panel| {
                    let low = 0.5 * f64::from(panel);
                    crate::numerics::quadrature::legendre(24).integrate(low, low + 0.5, |x| {
                        let z = (bound - f64::sqrt(r) * x) / f64::sqrt(1.0 - r);
                        pdf(x) * cdf(z).powi(power)
                    })
                })
                .sum();
            let covariance = equicorrelated(dimension, r) * 4.0;
            let estimate = rectangle(
                &vec![f64::NEG_INFINITY; dimension],
                &vec![2.0 * bound + 7.0; dimension],
                &vec![7.0; dimension],
                &covariance,
                1e-6,
                400_000,
            )
            .unwrap();
            assert!(
                (estimate.value - exact).abs() < 1.5 * estimate.error.max(1e-6),
                "{dimension}: {estimate:?} {exact}"
            );
            assert!(estimate.error < 1e-4, "{dimension}: {estimate:?}");
        }
    }

    #[test]
    fn singular_laws_are_integrated() {
        // Z, −Z and W: P(Z > −1, −Z > −1, W < 0.5).
        let covariance = DMatrix::from_row_slice(3, 3, &[1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let estimate = rectangle(
            &[-1.0, -1.0, f64::NEG_INFINITY],
            &[f64::INFINITY, f64::INFINITY, 0.5],
            &[0.0; 3],
            &covariance,
            1e-7,
            400_000,
        )
        .unwrap();
        let exact = (cdf(1.0) - cdf(-1.0)) * cdf(0.5);
        assert!((estimate.value - exact).abs() < 2e-3, "{estimate:?} {exact}");
        // All three the same variable.
        let same = rectangle(&[-1.0; 3], &[1.0, 2.0, 0.0], &[0.0; 3], &equicorrelated(3, 1.0), 1e-7, 100_000).unwrap();
        assert!((same.value - (cdf(0.0) - cdf(-1.0))).abs() < 1e-9, "{same:?}");
    }

    #[test]
    fn impossible_input_is_named() {
        assert!(rectangle(&[], &[], &[], &DMatrix::zeros(0, 0), 1e-4, 1000).is_err());
        assert!(rectangle(&[f64::NAN], &[1.0], &[0.0], &equicorrelated(1, 0.0), 1e-4, 1000).is_err());
        let point = rectangle(&[1.0, -1.0], &[0.0, 1.0], &[0.0; 2], &equicorrelated(2, 0.0), 1e-4, 1000).unwrap();
        assert_eq!(point.value, 0.0);
    }
}
