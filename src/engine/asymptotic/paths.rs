//! Quasi-random paths of single patients, the same latents in every arm, by the code that makes the simulation's patients;
//! covariances of sums over patients from them.
//!
//! Symbols: ζ influences, scaled so that the fluctuation of a statistic is Σ_i ζ_i; g arm with n_g of the cohort's n patients,
//! π_g = n_g/n; e month of entry, T the month of the last one; f_g(e) = E[ζ | g, e], f̄ = Σπ_g f_g; a(T) patients entering per
//! month at T; c = −(d mean/d month)/a(T) for a statistic read a fixed time after the last entry, else 0.
//!
//! Arms are filled in permuted blocks from one stream of arrivals. Given the months of entry the patients are independent; a
//! Poisson stream with martingale M that stops at the n-th patient gives Σ_i f̄(e_i) − E ≈ ∫{f̄(e) − f̄(T)} dM(e), and moves a
//! month counted from the last entry by −M(T)/a(T). Hence
//!
//! Cov(j, k) = Σ_g n_g E_e[Cov(ζ_j, ζ_k | g, e)] + n E_e[{f̄_j(e) − f̄_j(T) + c_j}{f̄_k(e) − f̄_k(T) + c_k}],
//!
//! the second term 0 for steady enrolment.

use crate::engine::EngineError;
use crate::engine::asymptotic::law::Column;
use crate::engine::simulation::random::{Draws, Purpose, Stream};
use crate::engine::simulation::{Latents, Nature, Patients};
use crate::numerics::mvn::{Lattice, MAX_DIMENSION, SHIFTS};
use crate::truth::{EnrollmentProcess, EntryLaw, Truth};
use nalgebra::DMatrix;

/// Equal parts of the entry law.
const PARTS: usize = 32;

/// Share of the paths that enter last, at T, in units of a part's share: f̄(T) stands in every product of drifts.
const LAST: usize = 8;

/// Lattice points in place of random numbers; a draw beyond the lattice's axes is pseudo-random.
struct LatticeDraws {
    lattice: Lattice,
    per_shift: usize,
    rest: Stream,
}

/// A lattice coordinate inside (0, 1).
fn inside(u: f64) -> f64 {
    u.clamp(1e-12, 1.0 - 1e-12)
}

impl Draws for LatticeDraws {
    fn fill_pairs(&self, first: usize, purpose: Purpose, repeat: u32, even: &mut [f64], odd: &mut [f64]) {
        let axis = purpose as usize;
        if repeat > 0 || axis + 1 >= MAX_DIMENSION {
            return Draws::fill_pairs(&self.rest, first, purpose, repeat, even, odd);
        }
        for (i, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
            let (shift, index) = ((first + i) / self.per_shift, (first + i) % self.per_shift);
            *even = inside(self.lattice.coordinate(shift, index, axis));
            *odd = inside(self.lattice.coordinate(shift, index, axis + 1));
        }
    }
}

/// Paths of every arm.
pub struct Paths {
    /// Patients of each arm.
    pub arms: Vec<Patients>,
    /// Stratum of each path.
    pub stratum: Vec<u16>,
    /// Uniform of the entry.
    place: Vec<f64>,
    /// Paths per shift of the lattice.
    per_shift: usize,
    /// Whether the months of entry are random.
    poisson: bool,
}

impl Paths {
    /// Draws `per_shift` paths under every shift for every arm of `truth`.
    pub fn new(truth: &Truth, per_shift: usize) -> Result<Self, EngineError> {
        let draws = LatticeDraws { lattice: Lattice::new(MAX_DIMENSION), per_shift, rest: Stream::new(0x7061_7468, 0) };
        let count = SHIFTS * per_shift;
        let mut latents = Latents::new(truth, count);
        latents.draw_arrivals(&draws, truth, count);
        latents.draw_courses(&draws, truth, count);
        let nature = Nature::new(truth)?;
        let arms = (0..truth.arms.len()).map(|arm| {
            let mut patients = Patients::with_capacity(count);
            patients.resize(count);
            patients.arm.fill(arm as u16);
            patients.realise(&nature, &latents, 0..count);
            patients
        });
        let place =
            (0..count).map(|i| draws.lattice.coordinate(i / per_shift, i % per_shift, Purpose::Enrollment as usize));
        Ok(Self {
            arms: arms.collect(),
            stratum: latents.stratum.clone(),
            place: place.collect(),
            per_shift,
            poisson: truth.enrollment_process == EnrollmentProcess::Poisson,
        })
    }

    /// Paths per arm.
    pub fn count(&self) -> usize {
        self.place.len()
    }

    /// The part of the entry law a path belongs to; [`PARTS`] is the last entry.
    fn part(&self, path: usize) -> usize {
        ((self.place[path] * (PARTS + LAST) as f64) as usize).min(PARTS)
    }

    /// Month of entry of each path under an entry law.
    pub fn entries(&self, law: &EntryLaw) -> Vec<f64> {
        let pieces: Vec<(f64, f64, f64)> = law.pieces().filter(|(.., density)| *density > 0.0).collect();
        let entry = |&place: &f64| {
            let u = place * (PARTS + LAST) as f64 / PARTS as f64;
            let mut below = 0.0;
            for &(begin, end, density) in &pieces {
                let share = (end - begin) * density;
                if u <= below + share {
                    return begin + (u - below) / density;
                }
                below += share;
            }
            law.end()
        };
        self.place.iter().map(entry).collect()
    }

    /// Covariance of statistics under each shift of the lattice, from the arms' patients and the statistics' influences;
    /// `None` is a statistic that these patients have no part in.
    pub fn covariances(&self, patients: &[f64], statistics: &[Option<&Column>]) -> Vec<DMatrix<f64>> {
        let size = statistics.len();
        let total: f64 = patients.iter().sum();
        let mut within = vec![DMatrix::zeros(size, size); SHIFTS];
        // f̄ of every part under each shift.
        let mut between = vec![DMatrix::<f64>::zeros(PARTS + 1, size); SHIFTS];
        for (arm, n) in patients.iter().enumerate().filter(|(_, n)| **n > 0.0) {
            let columns: Vec<&[f64]> =
                statistics.iter().map(|column| column.map_or(&[][..], |column| &column.arms[arm])).collect();
            let used: Vec<usize> = (0..size).filter(|&k| !columns[k].is_empty()).collect();
            for (shift, (within, means)) in within.iter_mut().zip(&mut between).enumerate() {
                let mut parts = vec![(0.0, vec![0.0; size], DMatrix::<f64>::zeros(size, size)); PARTS + 1];
                for path in shift * self.per_shift..(shift + 1) * self.per_shift {
                    let (count, sums, products) = &mut parts[self.part(path)];
                    *count += 1.0;
                    for (a, &j) in used.iter().enumerate() {
                        let value = columns[j][path];
                        sums[j] += value;
                        for &k in &used[a..] {
                            products[(k, j)] += value * columns[k][path];
                        }
                    }
                }
                for (part, (count, sums, products)) in parts.iter().enumerate() {
                    for (a, &j) in used.iter().enumerate() {
                        means[(part, j)] += n / total * sums[j] / count;
                        for &k in used[a..].iter().filter(|_| part < PARTS) {
                            let spread = (products[(k, j)] - sums[j] * sums[k] / count) / (count - 1.0);
                            within[(k, j)] += n * spread / PARTS as f64;
                        }
                    }
                }
            }
        }
        let drifts = |means: &DMatrix<f64>| {
            DMatrix::from_fn(PARTS, size, |part, k| {
                means[(part, k)] - means[(PARTS, k)] + statistics[k].map_or(0.0, |column| column.anchor)
            })
        };
        let pooled =
            drifts(&(between.iter().fold(DMatrix::zeros(PARTS + 1, size), |sum, means| sum + means) / SHIFTS as f64));
        for (within, means) in within.iter_mut().zip(&between) {
            // d_a ⊗ d_a of one shift to first order around the mean of all: the mean stays the product of means, without the
            // bias of squared noise, and the spread over the shifts is the product's error.
            let own = drifts(means);
            for j in 0..size {
                for k in j..size {
                    let of = |part: usize| {
                        let (all_j, all_k) = (pooled[(part, j)], pooled[(part, k)]);
                        own[(part, j)] * all_k + all_j * own[(part, k)] - all_j * all_k
                    };
                    let shared: f64 = (0..PARTS).map(of).sum();
                    within[(k, j)] += if self.poisson { total * shared / PARTS as f64 } else { 0.0 };
                }
            }
            within.fill_upper_triangle_with_lower_triangle();
        }
        within
    }
}

/// Lower Cholesky factor of a covariance that may be singular.
pub fn factor(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let size = covariance.nrows();
    let mut factor = DMatrix::zeros(size, size);
    for i in 0..size {
        for j in 0..=i {
            let rest = covariance[(i, j)] - (0..j).map(|k| factor[(i, k)] * factor[(j, k)]).sum::<f64>();
            factor[(i, j)] = if i == j {
                if rest > 1e-10 * covariance[(i, i)] { rest.sqrt() } else { 0.0 }
            } else if factor[(j, j)] > 0.0 {
                rest / factor[(j, j)]
            } else {
                0.0
            };
        }
    }
    factor
}
