//! The recursion of Armitage, McPherson and Rowe, look by look.

use super::mesh::{Mesh, REACH};
use crate::numerics::normal::{FRAC_1_SQRT_TAU, cdf, pdf, sf};

/// Paths below this are dropped where there is no futility bound: Φ(−8) = 6e-16 of probability a look, of which only those
/// that come back would count.
const FLOOR: f64 = -8.0;

/// Paths above this are dropped where there is no efficacy bound, or a higher one: Φ(−9) = 1e-19.
const CEILING: f64 = 9.0;

/// Smallest width of a step; closer looks are one look to 1e-9 times the density at the bound.
const SMALLEST_STEP: f64 = 1e-9;

/// A trial followed look by look on the centred scale X_k = Z_k − E Z_k.
///
/// Under the canonical law Cov(Z_j, Z_k) = √(I_j/I_k), j ≤ k, the centred statistics follow X_k = r X_{k−1} + q ε with
/// r = √(I_{k−1}/I_k), q = √(1 − r²), ε standard normal (Jennison and Turnbull 2000, section 19.2): means enter only through
/// the bounds, which are given as b − E Z_k. Any mean at any look is allowed.
///
/// Starts before the first look. [`Recursion::up`] and [`Recursion::down`] ask about the look ahead;
/// [`Recursion::advance`] passes it.
#[derive(Debug)]
pub(super) struct Recursion<'a> {
    information: &'a [f64],
    /// The look ahead.
    look: usize,
    /// Sub-density of the look passed last.
    mesh: Mesh,
    spare: Mesh,
}

impl<'a> Recursion<'a> {
    /// At the start of a trial with these increasing, positive information levels.
    pub fn new(information: &'a [f64]) -> Self {
        Self { information, look: 0, mesh: Mesh::default(), spare: Mesh::default() }
    }

    /// r and q of the step to a look (not the first).
    fn step(&self, look: usize) -> (f64, f64) {
        let (before, now) = (self.information[look - 1], self.information[look]);
        ((before / now).sqrt(), ((now - before) / now).sqrt().max(SMALLEST_STEP))
    }

    /// P(reach the look ahead, X ≥ b) and minus its derivative in b.
    pub fn up_with_density(&self, b: f64) -> (f64, f64) {
        if self.look == 0 {
            return (sf(b), pdf(b));
        }
        if b == f64::INFINITY {
            return (0.0, 0.0);
        }
        (self.up(b), self.density(b))
    }

    /// P(reach the look ahead, X ≥ b).
    pub fn up(&self, b: f64) -> f64 {
        if self.look == 0 || b == f64::INFINITY {
            return sf(b);
        }
        let (r, q) = self.step(self.look);
        self.mesh.integrate(b / r, q / r, (0.0, 1.0), |u| sf((b - r * u) / q))
    }

    /// P(reach the look ahead, X ≤ a).
    pub fn down(&self, a: f64) -> f64 {
        if self.look == 0 || a == f64::NEG_INFINITY {
            return cdf(a);
        }
        let (r, q) = self.step(self.look);
        self.mesh.integrate(a / r, q / r, (1.0, 0.0), |u| cdf((a - r * u) / q))
    }

    /// Sub-density at the look ahead.
    pub fn density(&self, x: f64) -> f64 {
        if self.look == 0 {
            return pdf(x);
        }
        let (r, q) = self.step(self.look);
        sub_density(&self.mesh, r, q, x)
    }

    /// Passes the look ahead: goes on where a < X < b.
    pub fn advance(&mut self, a: f64, b: f64) {
        let look = self.look;
        self.look += 1;
        if self.look >= self.information.len() {
            return;
        }
        let (next_r, next_q) = self.step(look + 1);
        let region = (a.max(FLOOR), b.min(CEILING));
        let real_ends = [a > FLOOR + 0.5, b < CEILING - 0.5];
        let kernel = next_q / next_r;
        if look == 0 {
            self.mesh.lay(region, real_ends, None, kernel);
            self.mesh.fill(pdf);
            return;
        }
        let (r, q) = self.step(look);
        self.spare.lay(region, real_ends, Some((&self.mesh, r, q)), kernel);
        let mesh = &self.mesh;
        self.spare.fill(|x| sub_density(mesh, r, q, x));
        std::mem::swap(&mut self.mesh, &mut self.spare);
    }
}

/// g_k(x) = ∫ g_{k−1}(u) φ((x − ru)/q)/q du (Armitage, McPherson and Rowe 1969).
fn sub_density(mesh: &Mesh, r: f64, q: f64, x: f64) -> f64 {
    let inverse = 1.0 / q;
    let scale = FRAC_1_SQRT_TAU * inverse;
    if let Some((nodes, mass)) = mesh.single() {
        let (y, slope) = (x * inverse, r * inverse);
        let mut total = 0.0;
        for (&u, &mass) in nodes.iter().zip(mass) {
            let distance = y - slope * u;
            let square = distance * distance;
            if square < REACH * REACH {
                total += mass * libm::exp(-0.5 * square);
            }
        }
        return scale * total;
    }
    let kernel = |u: f64| {
        let distance = (x - r * u) * inverse;
        libm::exp(-0.5 * distance * distance)
    };
    scale * mesh.integrate(x / r, q / r, (0.0, 0.0), kernel)
}
