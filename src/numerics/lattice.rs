//! Rank-1 lattice rules of fixed size for integrals over the unit cube.
//!
//! Point i of N has coordinates {i z_j/N + Δ_j}, z a generating vector, Δ a shift; the baker's map 1 − |2u − 1| makes the
//! integrand periodic (Hickernell 2002). The vectors were built component by component to minimise the worst-case error in
//! the Korobov space of smoothness 2 with product weights 0.7^j (Sloan, Kuo and Joe 2002), N prime; no component, nor its
//! complement to N, stands twice (but in [`COARSE`]), so that no two axes move together. For smooth integrands
//! the error falls nearly as 1/N², against 1/N for the open-ended lattice of [`super::mvn`], whose points can be doubled.

use super::mvn::{MAX_DIMENSION, uniform};

/// A rule: number of points and generating vector.
#[derive(Debug, PartialEq, Eq)]
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
        1, 151, 232, 244, 100, 237, 216, 109, 72, 174, 37, 202, 158, 137, 135, 14, 193, 228, 65, 221, 28, 67, 223, 23,
        186,
    ],
};

/// 2039 points.
pub const FINEST: Rule = Rule {
    points: 2039,
    generator: [
        1, 462, 711, 140, 636, 376, 24, 361, 995, 829, 208, 217, 591, 623, 262, 567, 980, 782, 146, 930, 148, 696, 647,
        492, 681,
    ],
};

/// 8191 points.
pub const LARGE: Rule = Rule {
    points: 8191,
    generator: [
        1, 2431, 3799, 1141, 3300, 312, 4011, 2847, 1419, 2369, 1634, 332, 1070, 786, 2943, 239, 612, 1177, 1999, 3006,
        98, 2779, 2324, 3819, 2136,
    ],
};

/// 32749 points.
pub const LARGER: Rule = Rule {
    points: 32_749,
    generator: [
        1, 9726, 14974, 8575, 11069, 11438, 2097, 5898, 14695, 6563, 3971, 778, 11668, 1880, 15315, 14019, 15456, 3631,
        2967, 10933, 3189, 87, 2398, 10573, 13069,
    ],
};

/// 131071 points.
pub const LARGEST: Rule = Rule {
    points: 131_071,
    generator: [
        1, 49763, 11743, 4603, 25253, 63712, 5209, 55193, 63003, 24021, 50779, 44629, 37794, 56166, 28411, 57739,
        52418, 12642, 63996, 38410, 61092, 8624, 20574, 33484, 15950,
    ],
};

/// A rule under fixed shifts.
#[derive(Debug)]
pub struct Shifted<'r> {
    rule: &'r Rule,
    starts: Vec<[f64; MAX_DIMENSION]>,
}

impl<'r> Shifted<'r> {
    /// Under `shifts` shifts; each is the same whatever the rule.
    pub fn new(rule: &'r Rule, shifts: usize) -> Self {
        let mut state = 0;
        let starts = (0..shifts).map(|_| std::array::from_fn(|_| uniform(&mut state))).collect();
        Self { rule, starts }
    }

    /// Points per shift.
    pub fn points(&self) -> usize {
        self.rule.points
    }

    /// One coordinate of one point, folded.
    #[inline]
    pub fn coordinate(&self, shift: usize, index: usize, axis: usize) -> f64 {
        let place = (index * self.rule.generator[axis] % self.rule.points) as f64 / self.rule.points as f64;
        1.0 - (2.0 * (place + self.starts[shift][axis]).fract() - 1.0).abs()
    }
}

impl Rule {
    /// All points under each of some fixed shifts, folded: one list per shift, `dimension` (at most 25) numbers a point.
    pub fn shifted(&self, dimension: usize, shifts: usize) -> Vec<Vec<f64>> {
        let shifted = Shifted::new(self, shifts);
        let one = |shift| {
            let shifted = &shifted;
            let point = move |i| (0..dimension).map(move |j| shifted.coordinate(shift, i, j));
            (0..self.points).flat_map(point).collect()
        };
        (0..shifts).map(one).collect()
    }
}
