//! Paths of single patients, the same latents in every arm, by the code that makes the simulation's patients.

use crate::engine::EngineError;
use crate::engine::simulation::random::{Purpose, Stream};
use crate::engine::simulation::{Latents, Nature, Patients};
use crate::truth::{EntryLaw, Truth};
use nalgebra::DMatrix;

/// Paths per arm: a correlation's standard error is (1 − ρ²)/√PATHS.
pub const PATHS: usize = 65_536;

/// What a correlation error of one standard error can move a probability by: the density of a bivariate normal law at its
/// mode with respect to ρ, 1/(2π), times 1/√PATHS (Plackett 1954).
pub const PATH_ERROR: f64 = 0.159_155 / 256.0;

/// Paths of every arm.
pub struct Paths {
    /// Patients of each arm.
    pub arms: Vec<Patients>,
    /// Stratum of each path.
    pub stratum: Vec<u16>,
    /// Uniform of the entry.
    place: Vec<f64>,
}

impl Paths {
    /// Draws the paths of every arm of `truth`.
    pub fn new(truth: &Truth) -> Result<Self, EngineError> {
        let stream = Stream::new(0x7061_7468, 0);
        let mut latents = Latents::new(truth, PATHS);
        latents.draw_arrivals(&stream, truth, PATHS);
        latents.draw_courses(&stream, truth, PATHS);
        let nature = Nature::new(truth)?;
        let arms = (0..truth.arms.len()).map(|arm| {
            let mut patients = Patients::with_capacity(PATHS);
            patients.resize(PATHS);
            patients.arm.fill(arm as u16);
            patients.realise(&nature, &latents, 0..PATHS);
            patients
        });
        let entry = Stream::new(0x7061_7468, 1);
        let place = (0..PATHS as u32).map(|i| entry.pair(i, Purpose::Enrollment, 0)[0]).collect();
        Ok(Self { arms: arms.collect(), stratum: latents.stratum.clone(), place })
    }

    /// Month of entry of each path under an entry law.
    pub fn entries(&self, law: &EntryLaw) -> Vec<f64> {
        let pieces: Vec<(f64, f64, f64)> = law.pieces().filter(|(.., density)| *density > 0.0).collect();
        let entry = |&u: &f64| {
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
}

/// Σ_g n_g Cov_g of influences given as `columns[g][statistic]`, each already divided by the root of its statistic's size.
pub fn covariance(patients: &[f64], columns: &[Vec<Vec<f64>>]) -> DMatrix<f64> {
    let size = columns[0].len();
    let mut total = DMatrix::zeros(size, size);
    for (n, columns) in patients.iter().zip(columns) {
        let count = PATHS as f64;
        let means: Vec<f64> = columns.iter().map(|column| column.iter().sum::<f64>() / count).collect();
        for a in 0..size {
            for b in a..size {
                if columns[a].is_empty() || columns[b].is_empty() {
                    continue;
                }
                let product: f64 = columns[a].iter().zip(&columns[b]).map(|(x, y)| x * y).sum::<f64>() / count;
                total[(a, b)] += n * (product - means[a] * means[b]);
            }
        }
    }
    total.fill_lower_triangle_with_upper_triangle();
    total
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
