//! Sorting of the bits of numbers that are at least 0: by two bytes of their place first, then among neighbours.

/// Places between 0 and the largest number: two bytes.
const LAST: f64 = 65_535.0;
/// Adding 2⁵² to a number below it leaves its integer part in the low bits, rounded.
const TO_INTEGER: f64 = 4_503_599_627_370_496.0;
/// The bits of +∞, above those of every other number that is not below 0.
const INFINITE: u64 = 0x7FF0_0000_0000_0000;
/// Fewer keys than this are left to the library's sort, and so is the rest once an insertion has gone back so far for every
/// key on average.
const FEW: usize = 32;

/// Buffers of the sort; nothing is allocated once they have grown.
#[derive(Debug, Clone, Default)]
pub struct Sorter {
    keys: Vec<u64>,
    halfway: Vec<u64>,
    place: Vec<u32>,
    place_halfway: Vec<u32>,
}

impl Sorter {
    /// Room for `count` keys.
    pub fn with_capacity(count: usize) -> Self {
        let mut sorter = Self::default();
        sorter.keys(count);
        sorter
    }

    /// Room to write `count` keys into; what is there has no meaning.
    pub fn keys(&mut self, count: usize) -> &mut [u64] {
        if self.keys.len() < count {
            self.keys.resize(count, 0);
            self.halfway.resize(count, 0);
            self.place.resize(count, 0);
            self.place_halfway.resize(count, 0);
        }
        &mut self.keys[..count]
    }

    /// What [`Self::sort`] of `count` keys gave.
    pub fn sorted(&self, count: usize) -> &[u64] {
        &self.keys[..count]
    }

    /// The first `count` of the keys written, ascending. A key is the bits of a number of at least 0 or of +∞, of which any low
    /// bits may have been replaced.
    ///
    /// The place of x is x·65535/largest, rounded: monotone, so that keys of different places are in order once they are
    /// sorted by place, byte by byte without a branch to guess. Those of one place, few unless the numbers cluster, are put
    /// in order by insertion.
    pub fn sort(&mut self, count: usize) -> &[u64] {
        let keys = &mut self.keys[..count];
        let largest = keys.iter().fold(0, |largest, &key| if key < INFINITE { largest.max(key) } else { largest });
        let scale = LAST / f64::from_bits(largest);
        if !scale.is_finite() || count < FEW {
            keys.sort_unstable();
            return keys;
        }
        let (halfway, place_halfway) = (&mut self.halfway[..count], &mut self.place_halfway[..count]);
        let place = &mut self.place[..count];
        for (place, &key) in place.iter_mut().zip(keys.iter()) {
            let x = f64::from_bits(key) * scale;
            *place = ((if x < LAST { x } else { LAST }) + TO_INTEGER).to_bits() as u32 & 0xFFFF;
        }
        let (mut low, mut high) = ([0; 256], [0; 256]);
        for &place in place.iter() {
            low[place as usize & 255] += 1;
            high[place as usize >> 8 & 255] += 1;
        }
        begin(&mut low);
        begin(&mut high);
        for (&key, &place) in keys.iter().zip(place.iter()) {
            let next = &mut low[place as usize & 255];
            halfway[*next as usize] = key;
            place_halfway[*next as usize] = place;
            *next += 1;
        }
        for (&key, &place) in halfway.iter().zip(place_halfway.iter()) {
            let next = &mut high[place as usize >> 8 & 255];
            keys[*next as usize] = key;
            *next += 1;
        }
        insert(keys);
        keys
    }
}

/// Counts to the places at which each begins.
fn begin(counts: &mut [u32; 256]) {
    let mut sum = 0;
    for count in counts {
        sum += std::mem::replace(count, sum);
    }
}

/// Insertion sort of what is nearly in order.
fn insert(keys: &mut [u64]) {
    let mut steps = FEW * keys.len();
    for i in 1..keys.len() {
        let key = keys[i];
        let mut j = i;
        while j > 0 && keys[j - 1] > key {
            keys[j] = keys[j - 1];
            j -= 1;
        }
        keys[j] = key;
        steps = steps.saturating_sub(i - j);
        if steps == 0 {
            keys.sort_unstable();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Clusters, ties, zeros and infinities included; low bits replaced as an index.
        #[test]
        fn sorts_like_the_library(
            parts in proptest::collection::vec((0usize..150, 0.0f64..50.0, prop_oneof![Just(0.0), Just(1e-300), Just(1e-9), 0.0f64..50.0]), 1..5),
            infinite in 0usize..40,
        ) {
            let mut sorter = Sorter::default();
            let mut numbers: Vec<f64> = vec![f64::INFINITY; infinite];
            for (count, from, width) in parts {
                numbers.extend((0..count).map(|i| from + width * ((i * 7919) % 101) as f64 / 101.0));
            }
            let keys: Vec<u64> = numbers.iter().enumerate().map(|(i, x)| (x.to_bits() & !1023) | (i as u64 & 1023)).collect();
            for count in [keys.len(), keys.len() / 2] {
                sorter.keys(count).copy_from_slice(&keys[..count]);
                let mut expected = keys[..count].to_vec();
                expected.sort_unstable();
                prop_assert_eq!(sorter.sort(count), &expected[..]);
                prop_assert_eq!(sorter.sorted(count), &expected[..]);
            }
        }
    }
}
