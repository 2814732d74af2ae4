//! The loops over random numbers, compiled twice: for any processor, and for those with AVX2 vectors, found when the program
//! runs.
//!
//! Both give the same bits. The operations are those of whole numbers and the additions, subtractions, multiplications and
//! divisions of IEEE 754, which are the same in a vector of any length; nothing is fused, since the compiler contracts no
//! multiplication and addition that is not written as one; and no sum runs over the elements of a vector.

use crate::engine::simulation::random::{MULTIPLIER, ROUNDS, Stream, WEYL, uniform};

/// Blocks computed side by side: enough that the compiler keeps the loop over them, which it turns into vector code.
const LANES: usize = 16;
/// The low 32 bits of a lane.
const LOW: u64 = 0xFFFF_FFFF;

/// A function of this name that runs the twin of the given name with the widest vectors there are.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident = $body:ident($($argument:ident: $kind:ty),*)) => {
        $(#[$doc])*
        #[inline]
        pub(super) fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn vectors($($argument: $kind),*) {
                    $body($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "the processor has been found to have what the function needs")]
                    // SAFETY: `vectors` is safe code that needs AVX2, which the line above has found.
                    return unsafe { vectors($($argument),*) };
                }
            }
            $body($($argument),*);
        }
    };
}

widest! {
    /// Both uniforms of the blocks at `address` of the patients `first`, `first + 1`, … ([`Stream::fill_pairs`]).
    fill_pairs = pairs_of(stream: &Stream, first: usize, address: u64, even: &mut [f64], odd: &mut [f64])
}
widest! {
    /// A word each of the patients `first`, `first + 1`, … ([`Stream::fill_words`]).
    fill_words = words_of(stream: &Stream, first: usize, address: u64, words: &mut [u32])
}
widest! {
    /// Minus the natural logarithms of uniforms, in place.
    exponentials = logarithms_of(uniforms: &mut [f64])
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for each set of vectors")]
fn pairs_of(stream: &Stream, first: usize, address: u64, even: &mut [f64], odd: &mut [f64]) {
    for (chunk, (even, odd)) in even.chunks_mut(LANES).zip(odd.chunks_mut(LANES)).enumerate() {
        let words = lanes(stream, (first + chunk * LANES) as u64, address);
        let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            a[i] = uniform(words[0][i], words[1][i]);
            b[i] = uniform(words[2][i], words[3][i]);
        }
        if even.len() == LANES {
            even.copy_from_slice(&a);
            odd.copy_from_slice(&b);
        } else {
            even.copy_from_slice(&a[..even.len()]);
            odd.copy_from_slice(&b[..odd.len()]);
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for each set of vectors")]
fn words_of(stream: &Stream, first: usize, address: u64, words: &mut [u32]) {
    let (mut filled, mut block, mut skip) = (0, first / 4, first % 4);
    while filled < words.len() {
        let columns = lanes(stream, block as u64, address);
        let mut run = [0; 4 * LANES];
        for lane in 0..LANES {
            for (word, column) in columns.iter().enumerate() {
                run[4 * lane + word] = column[lane] as u32;
            }
        }
        let taken = (4 * LANES - skip).min(words.len() - filled);
        words[filled..filled + taken].copy_from_slice(&run[skip..skip + taken]);
        filled += taken;
        block += LANES;
        skip = 0;
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for each set of vectors")]
fn logarithms_of(uniforms: &mut [f64]) {
    for value in uniforms {
        *value = -natural_logarithm(*value);
    }
}

/// Blocks side by side, one word a lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for each set of vectors")]
fn lanes(stream: &Stream, first: u64, address: u64) -> [[u64; LANES]; 4] {
    let mut c0 = [u64::from(stream.replicate[0]); LANES];
    let mut c1 = [u64::from(stream.replicate[1]); LANES];
    let mut c2 = [0; LANES];
    for (i, lane) in c2.iter_mut().enumerate() {
        *lane = first + i as u64;
    }
    let mut c3 = [address; LANES];
    let mut key = stream.key;
    for _ in 0..ROUNDS {
        let (k0, k1) = (u64::from(key[0]), u64::from(key[1]));
        for i in 0..LANES {
            let a = MULTIPLIER[0].wrapping_mul(c0[i] & LOW);
            let b = MULTIPLIER[1].wrapping_mul(c2[i] & LOW);
            c0[i] = (b >> 32) ^ c1[i] ^ k0;
            c2[i] = (a >> 32) ^ c3[i] ^ k1;
            // A multiplication reads the low half alone: what the other holds needs no mask on the way.
            c1[i] = b;
            c3[i] = a;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    for i in 0..LANES {
        c0[i] &= LOW;
        c1[i] &= LOW;
        c2[i] &= LOW;
        c3[i] &= LOW;
    }
    [c0, c1, c2, c3]
}

/// Natural logarithm of a number in (0, 1) that is an odd multiple of 2⁻⁵³, to 2 units in the last place.
///
/// x = 2ᵏ·m with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1)/(m + 1), |s| ≤ 0.1716, by its power series up to s²⁵,
/// whose remainder is below 2·s²⁷/27/(1 − s²) < 2⁻⁶⁹·ln m. Additions, multiplications and one division in a fixed
/// order: the same bits on every processor, and a loop the compiler turns into vector code (libm's has branches).
#[inline(always)]
pub(super) fn natural_logarithm(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    /// 2⁵² + 1023 as a float: adding it to an exponent field placed in the low mantissa bits converts it to a number.
    const EXPONENT_OFFSET: f64 = 4_503_599_627_370_496.0 + 1023.0;
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let bits = x.to_bits().wrapping_add(0x3FF0_0000_0000_0000 - SQRT_HALF);
    let k = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - EXPONENT_OFFSET;
    let m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF).wrapping_add(SQRT_HALF));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let w = z * z;
    let even = 2.0 / 5.0 + w * (2.0 / 9.0 + w * (2.0 / 13.0 + w * (2.0 / 17.0 + w * (2.0 / 21.0 + w * (2.0 / 25.0)))));
    let odd = 2.0 / 3.0 + w * (2.0 / 7.0 + w * (2.0 / 11.0 + w * (2.0 / 15.0 + w * (2.0 / 19.0 + w * (2.0 / 23.0)))));
    let tail = s * z * (odd + z * even);
    (k * LN_2_LOW + tail) + 2.0 * s + k * LN_2_HIGH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::simulation::random::Purpose;

    /// With and without the wide vectors, for every length of the last chunk.
    #[test]
    fn wide_and_narrow_vectors_give_the_same_bits() {
        let stream = Stream::new(11, 1 << 35);
        let address = u64::from(Purpose::Death as u32 >> 1);
        for count in (0..40).chain([1000]) {
            let columns = || (vec![0.0; count], vec![0.0; count]);
            let ((mut even, mut odd), (mut narrow_even, mut narrow_odd)) = (columns(), columns());
            fill_pairs(&stream, 3, address, &mut even, &mut odd);
            pairs_of(&stream, 3, address, &mut narrow_even, &mut narrow_odd);
            assert_eq!((&even, &odd), (&narrow_even, &narrow_odd));
            exponentials(&mut even);
            logarithms_of(&mut narrow_even);
            assert_eq!(even, narrow_even);
            let (mut words, mut narrow) = (vec![0; count], vec![0; count]);
            fill_words(&stream, 7, address, &mut words);
            words_of(&stream, 7, address, &mut narrow);
            assert_eq!(words, narrow);
        }
    }
}
