//! Addressed randomness: every draw is a pure function of (seed, replicate, patient, purpose, repeat).
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
//! SC'11, section 3.3): key = seed, counter = (replicate low, replicate high, patient, purpose and repeat). Two trials
//! that share a seed share every draw of the same address, whatever their truth or protocol: common random numbers.
//! Only inverse transforms are used, one uniform a draw, and no function whose last bit depends on the processor.

use crate::engine::simulation::wide;

/// What a draw is for. Two purposes share one Philox block (even: first half, odd: second half), so that a patient's
/// draws cost half the blocks; numbers are part of the reproducibility contract and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Gap to the previous patient's entry.
    Enrollment = 0,
    /// Latent immune response B.
    Response = 1,
    /// Death without progression.
    Death = 2,
    /// Drop-out.
    Dropout = 3,
    /// Progression.
    Progression = 4,
    /// Death after progression.
    AfterProgression = 5,
    /// Baseline stratum.
    Stratum = 6,
    /// The part of the frailty that is independent of the response, W.
    Frailty = 7,
    /// Latent uniform of the cured fractions.
    Cure = 8,
    /// Assay readings: two to a repeat (10 and 11).
    Assay = 10,
    /// Permuted blocks: a 32-bit word per patient (12 and 13), patient i the word i mod 4 of block ⌊i/4⌋.
    Allocation = 12,
    /// Whether therapy after progression is received.
    LaterTherapy = 14,
    /// Whether the patient crosses over at progression.
    Crossover = 15,
    /// Months to the patient's product.
    Wait = 16,
    /// Months from the product to its effect.
    Delay = 17,
    /// Whether the product fails.
    Failure = 18,
    /// Place of a point inside its part of an axis of a Latin hypercube.
    Jitter = 20,
    /// Order of the parts of an axis of a Latin hypercube.
    Shuffle = 21,
    /// Whether the patient has a severe toxicity.
    Toxicity = 22,
}

pub(super) const ROUNDS: usize = 10;
pub(super) const MULTIPLIER: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(super) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Philox4x32-10: four random words of one counter (10 rounds).
///
/// Known-answer vectors of the authors' Random123 library are in the tests.
#[inline]
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = MULTIPLIER[0] * u64::from(counter[0]);
        let second = MULTIPLIER[1] * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// A uniform in (0, 1) from 64 random bits: an odd multiple of 2⁻⁵³, symmetric about ½, never 0 or 1.
#[inline]
pub(super) fn uniform(low: u64, high: u64) -> f64 {
    let bits = low | (high << 32);
    // 52 bits make a number in [1, 2); both subtractions are exact.
    (f64::from_bits((bits >> 12) | 0x3FF0_0000_0000_0000) - 1.0) + 0.5 * f64::EPSILON
}

/// Where the numbers of patients come from.
pub trait Draws {
    /// Both uniforms in (0, 1) of `purpose` and of the one after it, of patients `first`, `first + 1`, ….
    fn fill_pairs(&self, first: usize, purpose: Purpose, repeat: u32, even: &mut [f64], odd: &mut [f64]);
}

impl Draws for Stream {
    fn fill_pairs(&self, first: usize, purpose: Purpose, repeat: u32, even: &mut [f64], odd: &mut [f64]) {
        Stream::fill_pairs(self, first, purpose, repeat, even, odd);
    }
}

/// The draws of one replicate.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    pub(super) key: [u32; 2],
    pub(super) replicate: [u32; 2],
}

impl Stream {
    /// The stream of `replicate` under `seed`.
    pub fn new(seed: u64, replicate: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], replicate: [replicate as u32, (replicate >> 32) as u32] }
    }

    /// Four random words: the block that `purpose` and its neighbour share.
    #[inline]
    pub fn words(&self, patient: u32, purpose: Purpose, repeat: u32) -> [u32; 4] {
        let address = (purpose as u32 >> 1) | (repeat << 8);
        philox([self.replicate[0], self.replicate[1], patient, address], self.key)
    }

    /// Both uniforms of the block: of the even purpose and of the odd one after it.
    #[inline]
    pub fn pair(&self, patient: u32, purpose: Purpose, repeat: u32) -> [f64; 2] {
        let words = self.words(patient, purpose, repeat).map(u64::from);
        [uniform(words[0], words[1]), uniform(words[2], words[3])]
    }

    /// [`Self::pair`] of the patients `first`, `first + 1`, … into two columns of the same length.
    ///
    /// Sixteen blocks go through the rounds side by side, a 32-bit word in each 64-bit lane, which the compiler turns into
    /// vector multiplications; the bits are those of [`philox`].
    pub fn fill_pairs(&self, first: usize, purpose: Purpose, repeat: u32, even: &mut [f64], odd: &mut [f64]) {
        let address = u64::from(purpose as u32 >> 1 | repeat << 8);
        wide::fill_pairs(self, first, address, even, odd);
    }

    /// A 32-bit word each of the patients `first`, `first + 1`, …: four patients share a block, addressed by ⌊patient/4⌋.
    pub fn fill_words(&self, first: usize, purpose: Purpose, words: &mut [u32]) {
        wide::fill_words(self, first, u64::from(purpose as u32 >> 1), words);
    }

    /// The word of one patient of [`Self::fill_words`].
    #[inline]
    pub fn word(&self, patient: u32, purpose: Purpose) -> u32 {
        self.words(patient / 4, purpose, 0)[(patient % 4) as usize]
    }

    /// The uniform of one purpose.
    #[inline]
    pub fn uniform(&self, patient: u32, purpose: Purpose) -> f64 {
        self.pair(patient, purpose, 0)[(purpose as u32 & 1) as usize]
    }
}

/// Turns uniforms into standard exponentials in place, by inversion: −ln u.
#[inline]
pub fn exponentials(uniforms: &mut [f64]) {
    wide::exponentials(uniforms);
}

/// Standard normal quantile of a uniform in (0, 1): a draw by inversion, relative error below 2e−15.
///
/// With q = u − ½ and r = 0.180625 − q² for |q| ≤ 0.425, else r = √(−ln min(u, 1 − u)), a ratio of polynomials of degree
/// seven in r, r − 1.6 or r − 5 (Wichura 1988, algorithm AS 241, routine PPND16). The logarithm is libm's, so that the
/// bits do not depend on the processor; [`crate::numerics::normal::quantile`] is the oracle in the tests.
pub fn standard_normal(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE[0], r) / polynomial(&CENTRE[1], r);
    }
    let r = (-libm::log(u.min(1.0 - u))).sqrt();
    let size = if r <= 5.0 {
        polynomial(&TAIL[0], r - 1.6) / polynomial(&TAIL[1], r - 1.6)
    } else {
        polynomial(&FAR_TAIL[0], r - 5.0) / polynomial(&FAR_TAIL[1], r - 5.0)
    };
    if q < 0.0 { -size } else { size }
}

/// Σ cᵢ xⁱ by Horner's rule.
#[inline]
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// AS 241, |u − ½| ≤ 0.425: numerator and denominator, constant term first.
#[expect(clippy::excessive_precision, clippy::unreadable_literal, reason = "as published")]
const CENTRE: [[f64; 8]; 2] = [
    [
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
];
/// AS 241, r ≤ 5.
#[expect(clippy::excessive_precision, clippy::unreadable_literal, reason = "as published")]
const TAIL: [[f64; 8]; 2] = [
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
];
/// AS 241, r > 5.
#[expect(clippy::excessive_precision, clippy::unreadable_literal, reason = "as published")]
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::simulation::wide::natural_logarithm;

    const LOW: u64 = 0xFFFF_FFFF;

    #[test]
    fn normal_draws_are_the_quantile() {
        let stream = Stream::new(2, 0);
        let tricky = [2f64.powi(-53), 1e-12, 1e-10, 0.074, 0.076, 0.3, 0.925, 0.926, 1.0 - 2f64.powi(-53)];
        for u in (0..100_000).map(|i| stream.uniform(i, Purpose::Frailty)).chain(tricky) {
            let expected = crate::numerics::normal::quantile(u);
            assert!((standard_normal(u) - expected).abs() <= 2e-14 * expected.abs().max(0.1), "{u}");
        }
    }

    /// `kat_vectors` of Random123, philox4x32 with 10 rounds.
    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn uniforms_stay_inside_the_open_interval() {
        assert_eq!(uniform(0, 0), 2f64.powi(-53));
        assert_eq!(uniform(LOW, LOW), 1.0 - 2f64.powi(-53));
        assert!(uniform(0, 0x8000_0000) > 0.5 && uniform(LOW, 0x7fff_ffff) < 0.5);
    }

    #[test]
    fn columns_are_the_single_draws() {
        let stream = Stream::new(u64::MAX - 5, (1 << 40) + 3);
        let (mut even, mut odd) = (vec![0.0; 29], vec![0.0; 29]);
        stream.fill_pairs(7, Purpose::Progression, 2, &mut even, &mut odd);
        for i in 0..29 {
            assert_eq!([even[i], odd[i]], stream.pair(7 + i as u32, Purpose::Progression, 2));
        }
    }

    #[test]
    fn words_are_the_single_words() {
        let stream = Stream::new(9, 1 << 33);
        for (first, count) in [(0, 40), (5, 3), (7, 33), (2, 1), (16, 0)] {
            let mut words = vec![0; count];
            stream.fill_words(first, Purpose::Allocation, &mut words);
            for (i, word) in words.iter().enumerate() {
                assert_eq!(*word, stream.word((first + i) as u32, Purpose::Allocation));
            }
        }
    }

    #[test]
    fn addresses_do_not_collide() {
        let mut seen = std::collections::BTreeSet::new();
        for replicate in [0, 1, u64::from(u32::MAX) + 1] {
            for patient in 0..50 {
                for purpose in [
                    Purpose::Enrollment,
                    Purpose::Death,
                    Purpose::Assay,
                    Purpose::Allocation,
                    Purpose::LaterTherapy,
                    Purpose::Wait,
                    Purpose::Failure,
                ] {
                    for repeat in 0..3 {
                        assert!(seen.insert(Stream::new(7, replicate).words(patient, purpose, repeat)));
                    }
                }
            }
        }
        let stream = Stream::new(7, 3);
        assert_eq!(stream.uniform(4, Purpose::Dropout), stream.pair(4, Purpose::Death, 0)[1]);
    }

    #[test]
    fn logarithm_is_within_two_units_in_the_last_place_of_libm() {
        let mut worst = 0.0f64;
        let stream = Stream::new(1, 0);
        let tricky = [2f64.powi(-53), 1.0 - 2f64.powi(-53), 0.5, std::f64::consts::FRAC_1_SQRT_2, 0.25, 0.999, 0.9];
        let drawn = (0..200_000).map(|i| stream.uniform(i, Purpose::Death));
        for x in drawn.chain(tricky) {
            let expected = libm::log(x);
            worst = worst.max((natural_logarithm(x) - expected).abs() / (expected.abs() * f64::EPSILON));
        }
        assert!(worst <= 2.0, "{worst} units");
    }

    /// Moments of 200,000 exponentials and the Kolmogorov–Smirnov distance of the uniforms behind them.
    #[test]
    fn uniforms_and_exponentials_follow_their_laws() {
        let n = 200_000u32;
        let stream = Stream::new(20_261_122, 5);
        let mut uniforms: Vec<f64> = (0..n).map(|i| stream.uniform(i, Purpose::Progression)).collect();
        let mut gaps = uniforms.clone();
        exponentials(&mut gaps);
        let mean = gaps.iter().sum::<f64>() / f64::from(n);
        let square = gaps.iter().map(|gap| gap * gap).sum::<f64>() / f64::from(n);
        assert!((mean - 1.0).abs() < 4.0 / f64::from(n).sqrt(), "{mean}");
        // Var(X²) = 24 − 4 = 20 for a standard exponential.
        assert!((square - 2.0).abs() < 4.0 * (20.0 / f64::from(n)).sqrt(), "{square}");
        uniforms.sort_unstable_by(f64::total_cmp);
        let distance = uniforms
            .iter()
            .enumerate()
            .map(|(i, u)| (u - (i as f64 + 0.5) / f64::from(n)).abs() + 0.5 / f64::from(n))
            .fold(0.0, f64::max);
        // Kolmogorov's limit law: P(√n·D > 2.2) = 0.00013.
        assert!(distance * f64::from(n).sqrt() < 2.2, "{distance}");
    }
}
