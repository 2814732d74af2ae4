//! Rank-1 lattice rules of fixed size for integrals over the unit cube.
//!
//! Point i of N has coordinates {i z_j/N + Δ_j}, z a generating vector, Δ a shift; the baker's map 1 − |2u − 1| makes the
//! integrand periodic (Hickernell 2002). The vectors were built component by component to minimise the worst-case error in
//! the Korobov space of smoothness 2 with product weights 0.7^j (Sloan, Kuo and Joe 2002), N prime. For smooth integrands
//! the error falls nearly as 1/N², against 1/N for the open-ended lattice of [`super::mvn`], whose points can be doubled.

use super::mvn::{MAX_DIMENSION, uniform};

/// A rule: number of points and generating vector.
#[derive(Debug)]
pub struct Rule {
    points: usize,
    generator: [usize; MAX_DIMENSION],
}

/// 127 points: to find the neighbourhood of a root.
pub const COARSE: Rule = Rule {
    points: 127,
    generator: [1, 29, 54, 61, 50, 46, 56, 19, 58, 23, 4, 4, 23, 23, 4, 23, 23, 4, 46, 23, 4, 23, 4, 46, 23],
};

/// 509 points.
pub const FINE: Rule = Rule {
    points: 509,
    generator: [
        1, 151, 232, 244, 100, 237, 216, 109, 72, 174, 37, 202, 158, 137, 135, 14, 158, 137, 228, 158, 193, 65, 14,
        193, 137,
    ],
};

/// 2039 points.
pub const FINEST: Rule = Rule {
    points: 2039,
    generator: [
        1, 462, 711, 140, 636, 376, 24, 361, 995, 829, 208, 217, 591, 623, 262, 567, 980, 782, 146, 930, 148, 696, 647,
        782, 148,
    ],
};

impl Rule {
    /// All points under each of some fixed shifts, folded: one list per shift, `dimension` (at most 25) numbers a point.
    pub fn shifted(&self, dimension: usize, shifts: usize) -> Vec<Vec<f64>> {
        let mut state = 0;
        let scale = 1.0 / self.points as f64;
        let one = |start: [f64; MAX_DIMENSION]| {
            let coordinate = |i: usize, j: usize| {
                let u = (i * self.generator[j] % self.points) as f64 * scale + start[j];
                1.0 - (2.0 * u.fract() - 1.0).abs()
            };
            (0..self.points).flat_map(|i| (0..dimension).map(move |j| coordinate(i, j))).collect()
        };
        (0..shifts).map(|_| one(std::array::from_fn(|_| uniform(&mut state)))).collect()
    }
}
