//! Probabilities of crossing bounds when the statistics are jointly normal but not of independent increments.

use super::Bounds;
use super::crossing::{Crossing, MAX_LOOKS, check_looks};
use crate::invalid::{Invalid, require};
use crate::numerics::mvn;
use crate::numerics::normal::{FRAC_1_SQRT_TAU, cdf, pdf, sf};
use crate::numerics::quadrature::legendre;
use nalgebra::DMatrix;

/// Paths further out than this are dropped where there is no bound: Φ(−8) = 6e-16 of probability a look.
const EDGE: f64 = 8.0;

/// Most nodes of an axis, and most triples of nodes of three looks; what needs more is integrated by the lattice of [`mvn`].
const MOST_NODES: usize = 255;
const MOST_TRIPLES: usize = 4_100_000;

/// Nodes per half-width over width, as in the canonical recursion: 1e-13.
const NODES_PER_WIDTH: f64 = 3.9;

/// Pairs of nodes with less mass than this are passed over.
const NEGLIGIBLE: f64 = 1e-18;

/// A kernel is cut off at this many standard deviations, squared.
const REACH_SQUARED: f64 = 81.0;

/// Error asked of the correction beyond three looks, and points per shift to begin with and at most.
const CORRECTION_ERROR: f64 = 1e-6;
const FIRST_POINTS: usize = 512;
const MOST_POINTS: usize = 8192;

/// Error asked of the lattice, and most points spent on it, for a look.
const LATTICE: (f64, usize) = (2e-6, 200_000);

/// Crossing probabilities when (Z_1, …, Z_K) is normal with any means and covariance.
///
/// * `means`, `covariance`: E Z_k and Cov(Z_j, Z_k), K by K, variances above 0; at most [`MAX_LOOKS`] looks.
/// * `bounds`: on the z scale, as for [`super::crossing::canonical`].
///
/// This is the law of statistics standardised by an estimated variance under an alternative, at looks fixed by events: sd(Z_k) ≠ 1
/// and increments correlated. The standardised statistics are followed with the last *two* as state: Z_{k+1} given all before is
/// taken as Z_{k+1} given Z_k and Z_{k−1} (a normal law by regression). For K ≤ 3 that is exact, absolute error below 1e-11, and under the
/// canonical law, where one would do, for any K. Beyond that the chain is a control variate: the difference between the law and its
/// chain is averaged over a lattice on which both are followed from the exit backwards by the same points (Genz 1992). That leaves
/// an error below 1e-5 where the chain alone is up to 1e-3 off. Looks too close for the nodes (conditional
/// sd below about 0.06, with more than three looks about 0.1) are answered by the lattice alone, to 1e-5.
///
/// # Errors
/// [`Invalid`] when lengths differ, a variance is not positive, or a number is NaN.
pub fn joint(means: &[f64], covariance: &DMatrix<f64>, bounds: &Bounds) -> Result<Crossing, Invalid> {
    let looks = means.len();
    require((1..=MAX_LOOKS).contains(&looks), "number of looks", looks as f64, "must be 1 to 20")?;
    check_looks(looks, means, bounds)?;
    require(
        covariance.shape() == (looks, looks),
        "size of the covariance",
        covariance.nrows() as f64,
        "must be the number of looks",
    )?;
    for k in 0..looks {
        let variance = covariance[(k, k)];
        require(variance > 0.0 && variance.is_finite(), "variance", variance, "must be above 0 and finite")?;
        for j in 0..k {
            require(covariance[(j, k)].is_finite(), "covariance", covariance[(j, k)], "must be finite")?;
        }
    }
    let sd = |k: usize| covariance[(k, k)].sqrt();
    let upper: Vec<f64> = (0..looks).map(|k| (bounds.efficacy[k] - means[k]) / sd(k)).collect();
    let lower: Vec<f64> = (0..looks).map(|k| ((bounds.futility[k] - means[k]) / sd(k)).min(upper[k])).collect();
    let correlation = DMatrix::from_fn(looks, looks, |j, k| {
        let (j, k) = (j.min(k), j.max(k));
        if j == k { 1.0 } else { (covariance[(j, k)] / (sd(j) * sd(k))).clamp(-1.0, 1.0) }
    });
    let law = Law { steps: (0..looks).map(|k| Step::new(&correlation, k)).collect(), upper, lower };
    match law.axes() {
        Some(axes) => {
            let mut crossing = law.follow(&axes);
            match law.correct(&mut crossing, &correlation) {
                Some(()) => Ok(crossing),
                None => law.by_lattice(&correlation),
            }
        }
        None => law.by_lattice(&correlation),
    }
}

/// X_k given the two before: N(α X_{k−2} + β X_{k−1}, s²).
#[derive(Debug, Clone, Copy)]
struct Step {
    alpha: f64,
    beta: f64,
    sd: f64,
}

impl Step {
    /// The regression of look k on the two before it (on the one before at k = 1, on none at k = 0).
    fn new(correlation: &DMatrix<f64>, k: usize) -> Self {
        if k == 0 {
            return Self { alpha: 0.0, beta: 0.0, sd: 1.0 };
        }
        let near = correlation[(k - 1, k)];
        if k == 1 {
            return Self { alpha: 0.0, beta: near, sd: ((1.0 - near) * (1.0 + near)).sqrt() };
        }
        let (far, between) = (correlation[(k - 2, k)], correlation[(k - 2, k - 1)]);
        let rest = (1.0 - between) * (1.0 + between);
        let (alpha, beta) = ((far - near * between) / rest, (near - far * between) / rest);
        Self { alpha, beta, sd: (1.0 - alpha * far - beta * near).max(0.0).sqrt() }
    }
}

/// The law on the correlation scale, bounds standardised.
struct Law {
    steps: Vec<Step>,
    upper: Vec<f64>,
    lower: Vec<f64>,
}

/// Nodes and weights over a look's continuation region.
type Axis = Vec<(f64, f64)>;

impl Law {
    /// Nodes for every look that is not the last; `None` when a look would need too many.
    fn axes(&self) -> Option<Vec<Axis>> {
        let looks = self.steps.len();
        let precision = |scale: f64, slope: f64| (slope / scale).powi(2);
        let axes: Option<Vec<Axis>> = (0..looks - 1)
            .map(|k| {
                let (low, high) = (self.lower[k].max(-EDGE), self.upper[k].min(EDGE));
                if low >= high {
                    return Some(Vec::new());
                }
                let next = self.steps[k + 1];
                let mut inverse_square = precision(self.steps[k].sd, 1.0) + precision(next.sd, next.beta);
                if k + 2 < looks {
                    inverse_square += precision(self.steps[k + 2].sd, self.steps[k + 2].alpha);
                }
                let order = NODES_PER_WIDTH * 0.5 * (high - low) * inverse_square.sqrt() + 6.0;
                // Also refuses what is not a number: looks that coincide.
                (order <= MOST_NODES as f64).then(|| legendre(order as usize + 1).on(low, high).collect())
            })
            .collect();
        let few = |axes: &[Axis]| axes.iter().map(Vec::len).product::<usize>() <= MOST_TRIPLES;
        axes.filter(|axes| axes.windows(3).all(few))
    }

    fn follow(&self, axes: &[Axis]) -> Crossing {
        let looks = self.steps.len();
        let mut crossing = Crossing { efficacy: vec![sf(self.upper[0])], futility: vec![cdf(self.lower[0])] };
        if looks == 1 {
            return crossing;
        }
        let first: Vec<f64> = axes[0].iter().map(|&(x, weight)| weight * pdf(x)).collect();
        let step = self.steps[1];
        let (mut up, mut down) = (0.0, 0.0);
        for (&(x, _), mass) in axes[0].iter().zip(&first) {
            up += mass * sf((self.upper[1] - step.beta * x) / step.sd);
            down += mass * cdf((self.lower[1] - step.beta * x) / step.sd);
        }
        push(&mut crossing, up, down);
        if looks == 2 {
            return crossing;
        }
        // pair[j][i]: mass at node i of the look before last and node j of the last.
        let mut pair: Vec<Vec<f64>> = axes[1]
            .iter()
            .map(|&(y, weight)| {
                let scale = weight * FRAC_1_SQRT_TAU / step.sd;
                let density = |x: f64| libm::exp(-0.5 * ((y - step.beta * x) / step.sd).powi(2));
                axes[0].iter().zip(&first).map(|(&(x, _), mass)| scale * mass * density(x)).collect()
            })
            .collect();
        for k in 2..looks {
            let step = self.steps[k];
            let (before, last) = (&axes[k - 2], &axes[k - 1]);
            let (mut up, mut down) = (0.0, 0.0);
            for (&(y, _), row) in last.iter().zip(&pair) {
                for (&(x, _), &mass) in before.iter().zip(row) {
                    if mass > NEGLIGIBLE {
                        let mean = step.alpha * x + step.beta * y;
                        up += mass * sf((self.upper[k] - mean) / step.sd);
                        if self.lower[k] > f64::NEG_INFINITY {
                            down += mass * cdf((self.lower[k] - mean) / step.sd);
                        }
                    }
                }
            }
            push(&mut crossing, up, down);
            if k + 1 < looks {
                pair = self.advance(k, axes, &pair);
            }
        }
        crossing
    }

    /// Replaces the pair (k − 2, k − 1) by (k − 1, k): the oldest look is integrated out.
    fn advance(&self, k: usize, axes: &[Axis], pair: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let step = self.steps[k];
        let inverse = 1.0 / step.sd;
        axes[k]
            .iter()
            .map(|&(z, weight)| {
                let scale = weight * FRAC_1_SQRT_TAU * inverse;
                axes[k - 1]
                    .iter()
                    .zip(pair)
                    .map(|(&(y, _), row)| {
                        let gap = (z - step.beta * y) * inverse;
                        let slope = step.alpha * inverse;
                        let mut total = 0.0;
                        for (&(x, _), &mass) in axes[k - 2].iter().zip(row) {
                            let square = (gap - slope * x).powi(2);
                            if mass > NEGLIGIBLE && square < REACH_SQUARED {
                                total += mass * libm::exp(-0.5 * square);
                            }
                        }
                        scale * total
                    })
                    .collect()
            })
            .collect()
    }

    /// The correlation that the chain implies: where a look is two back or nearer, the law's; further back, by regression.
    fn chain(&self, correlation: &DMatrix<f64>) -> DMatrix<f64> {
        let mut chain = correlation.clone();
        for k in 3..self.steps.len() {
            let Step { alpha, beta, .. } = self.steps[k];
            for j in 0..k - 2 {
                let implied = alpha * chain[(j, k - 2)] + beta * chain[(j, k - 1)];
                chain[(j, k)] = implied;
                chain[(k, j)] = implied;
            }
        }
        chain
    }

    /// Adds what the chain leaves out; `None` when the law is singular.
    fn correct(&self, crossing: &mut Crossing, correlation: &DMatrix<f64>) -> Option<()> {
        let looks = self.steps.len();
        let chain = self.chain(correlation);
        if looks <= 3 || (&chain - correlation).amax() < 1e-13 {
            return Some(());
        }
        for k in 3..looks {
            // From the exit backwards: what is rarest goes first.
            let backwards = |law: &DMatrix<f64>| {
                DMatrix::from_fn(k + 1, k + 1, |i, j| law[(k - i, k - j)]).cholesky().map(nalgebra::Cholesky::unpack)
            };
            let factors = [backwards(correlation)?, backwards(&chain)?];
            let up = (self.upper[k], f64::INFINITY);
            let down = (f64::NEG_INFINITY, self.lower[k]);
            crossing.efficacy[k] = (crossing.efficacy[k] + self.difference(&factors, k, up)).clamp(0.0, 1.0);
            crossing.futility[k] = (crossing.futility[k] + self.difference(&factors, k, down)).clamp(0.0, 1.0);
        }
        Some(())
    }

    /// P(reach look k and stand in `exit`) under the first factor less that under the second, on common lattice points.
    fn difference(&self, factors: &[DMatrix<f64>; 2], k: usize, exit: (f64, f64)) -> f64 {
        if exit.0 >= exit.1 {
            return 0.0;
        }
        let lattice = mvn::Lattice::new(k);
        let (mut point, mut normal) = (vec![0.0; k], vec![0.0; k]);
        let mut sums = [0.0; mvn::SHIFTS];
        let (mut done, mut target) = (0, FIRST_POINTS);
        loop {
            for (shift, sum) in sums.iter_mut().enumerate() {
                for index in done..target {
                    lattice.point(shift, index, &mut point);
                    *sum += self.path(&factors[0], exit, &point, &mut normal);
                    *sum -= self.path(&factors[1], exit, &point, &mut normal);
                }
            }
            done = target;
            let (mean, error) = mvn::mean_and_error(&sums, done);
            if error < CORRECTION_ERROR || done >= MOST_POINTS {
                return mean;
            }
            target = 2 * done;
        }
    }

    /// Probability of one path that ends in `exit`, followed backwards through the continuation regions (Genz 1992).
    fn path(&self, factor: &DMatrix<f64>, exit: (f64, f64), point: &[f64], normal: &mut [f64]) -> f64 {
        let looks = factor.nrows();
        let mut product = 1.0;
        for i in 0..looks {
            let shift: f64 = (0..i).map(|j| factor[(i, j)] * normal[j]).sum();
            let sd = factor[(i, i)];
            let look = looks - 1 - i;
            let (low, high) = if i == 0 { exit } else { (self.lower[look], self.upper[look]) };
            let (low, high) = ((low - shift) / sd, (high - shift) / sd);
            let (edge, mass) = mvn::interval(low, high);
            product *= mass;
            if i == point.len() || product < NEGLIGIBLE {
                break;
            }
            normal[i] = mvn::truncated(low, edge + point[i] * mass);
        }
        product
    }

    /// Each look's exit as a rectangle.
    fn by_lattice(&self, correlation: &DMatrix<f64>) -> Result<Crossing, Invalid> {
        let mut crossing = Crossing { efficacy: Vec::new(), futility: Vec::new() };
        for k in 0..self.steps.len() {
            let law = correlation.view((0, 0), (k + 1, k + 1)).into_owned();
            let zeros = vec![0.0; k + 1];
            let (mut low, mut high) = (self.lower[..=k].to_vec(), self.upper[..=k].to_vec());
            (low[k], high[k]) = (self.upper[k], f64::INFINITY);
            let up = mvn::rectangle(&low, &high, &zeros, &law, LATTICE.0, LATTICE.1)?;
            (low[k], high[k]) = (f64::NEG_INFINITY, self.lower[k]);
            let down = mvn::rectangle(&low, &high, &zeros, &law, LATTICE.0, LATTICE.1)?;
            push(&mut crossing, up.value, down.value);
        }
        Ok(crossing)
    }
}

fn push(crossing: &mut Crossing, up: f64, down: f64) {
    crossing.efficacy.push(up.clamp(0.0, 1.0));
    crossing.futility.push(down.clamp(0.0, 1.0));
}
