//! A stream of uniform numbers that shares nothing with the library.

/// splitmix64 (Steele, Lea and Flood 2014).
pub struct Uniform(pub u64);

impl Uniform {
    /// In [0, 1), a multiple of 2⁻⁵³.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In (0, 1), half a step further.
    #[allow(dead_code)] // one of the test files needs no more than `next`
    pub fn inside(&mut self) -> f64 {
        self.next() + 0.5 / (1_u64 << 53) as f64
    }
}
