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
use rayon::prelude::*;

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
            let moments: Vec<Moments> =
                (0..SHIFTS).into_par_iter().map(|shift| self.moments(shift, &columns, &used)).collect();
            let own: Vec<DMatrix<f64>> =
                moments.iter().map(|moments| moments.means.rows(0, PARTS).into_owned()).collect();
            let squares = products(&own, &used);
            for (shift, moments) in moments.iter().enumerate() {
                within[shift] += (&moments.products - &squares[shift]) * *n;
                between[shift] += &moments.means * (n / total);
            }
        }
        if self.poisson {
            let drift = |means: &DMatrix<f64>| {
                DMatrix::from_fn(PARTS, size, |part, k| {
                    means[(part, k)] - means[(PARTS, k)] + statistics[k].map_or(0.0, |column| column.anchor)
                })
            };
            let drifts: Vec<DMatrix<f64>> = between.iter().map(drift).collect();
            let all: Vec<usize> = (0..size).collect();
            for (within, shared) in within.iter_mut().zip(products(&drifts, &all)) {
                *within += shared * total;
            }
        }
        within.iter_mut().for_each(DMatrix::fill_upper_triangle_with_lower_triangle);
        within
    }

    /// Means by part of the entry law, and mean products over the parts, under one shift.
    fn moments(&self, shift: usize, columns: &[&[f64]], used: &[usize]) -> Moments {
        let size = columns.len();
        let mut parts = vec![(0.0, vec![0.0; size], vec![0.0; used.len() * used.len()]); PARTS + 1];
        let mut values = vec![0.0; used.len()];
        for path in shift * self.per_shift..(shift + 1) * self.per_shift {
            let (count, sums, products) = &mut parts[self.part(path)];
            *count += 1.0;
            for (value, &j) in values.iter_mut().zip(used) {
                *value = columns[j][path];
                sums[j] += *value;
            }
            for (a, value) in values.iter().enumerate() {
                let row = &mut products[a * used.len()..=a * used.len() + a];
                row.iter_mut().zip(&values).for_each(|(sum, other)| *sum += value * other);
            }
        }
        let mut found = Moments { means: DMatrix::zeros(PARTS + 1, size), products: DMatrix::zeros(size, size) };
        for (part, (count, sums, products)) in parts.iter().enumerate() {
            for (a, &j) in used.iter().enumerate() {
                found.means[(part, j)] = sums[j] / count;
                for (b, &k) in used[..=a].iter().enumerate().filter(|_| part < PARTS) {
                    found.products[(j, k)] += products[a * used.len() + b] / count / PARTS as f64;
                }
            }
        }
        found
    }
}

/// What one shift says of one arm.
struct Moments {
    /// E[ζ] by part and statistic.
    means: DMatrix<f64>,
    /// E[ζζ'] over the parts, lower triangle.
    products: DMatrix<f64>,
}

/// E_e[f_j f_k] under each shift (lower triangle) from `own[shift][(part, statistic)]`, without bias: f is known with noise, and the
/// square of the noise is not the square of f. Products of different shifts have none of it: their mean is the answer, and a
/// shift moves it by what its own f moves the product, to first order.
fn products(own: &[DMatrix<f64>], used: &[usize]) -> Vec<DMatrix<f64>> {
    let (shifts, parts, size) = (own.len() as f64, own[0].nrows(), own[0].ncols());
    let pooled = own.iter().fold(DMatrix::zeros(parts, size), |sum, means| sum + means) / shifts;
    let mean = |of: &dyn Fn(usize) -> f64| (0..parts).map(of).sum::<f64>() / parts as f64;
    let mut found = vec![DMatrix::zeros(size, size); own.len()];
    for (a, &j) in used.iter().enumerate() {
        for &k in &used[..=a] {
            let squared = mean(&|part| pooled[(part, j)] * pooled[(part, k)]);
            let same: f64 = own.iter().map(|own| mean(&|part| own[(part, j)] * own[(part, k)])).sum();
            // Σ_{s≠s'} f_s f_s' / {S(S − 1)} less f̄².
            let unbiased = (shifts * shifts * squared - same) / (shifts * (shifts - 1.0));
            for (found, own) in found.iter_mut().zip(own) {
                let moved = mean(&|part| own[(part, j)] * pooled[(part, k)] + pooled[(part, j)] * own[(part, k)]);
                found[(j, k)] = moved - 2.0 * squared + unbiased;
            }
        }
    }
    found
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
