//! Permuted-block randomisation with addressed shuffles.

use crate::engine::simulation::random::{Purpose, Stream};

/// Permuted blocks of one randomisation list.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    /// One block before shuffling.
    template: Vec<u16>,
    block: Vec<u16>,
    /// One random word per patient.
    words: Vec<u32>,
}

impl Blocks {
    /// Room for blocks of `size` patients.
    pub fn with_capacity(size: usize) -> Self {
        Self { template: Vec::with_capacity(size), block: Vec::with_capacity(size), words: Vec::new() }
    }

    /// Room for lists of `patients`.
    #[must_use]
    pub fn for_lists_of(mut self, patients: usize) -> Self {
        self.words.reserve(patients);
        self
    }

    /// Sets the block: `allocation[arm]` patients of every arm that `studied` marks.
    pub fn set(&mut self, allocation: &[u32], studied: impl Fn(usize) -> bool) {
        self.template.clear();
        for (arm, &patients) in allocation.iter().enumerate() {
            if studied(arm) {
                self.template.extend(std::iter::repeat_n(arm as u16, patients as usize));
            }
        }
    }

    /// Allots the patients `first..first + arms.len()` block by block; the list starts with `first`. Each step of a block's
    /// shuffle (Fisher and Yates) takes the 32-bit word of the patient it is for. A position is word·size/2³², whose bias is
    /// below 2⁻²⁴ for blocks of up to 256 patients.
    pub fn allot(&mut self, stream: &Stream, first: usize, arms: &mut [u16]) {
        let size = self.template.len();
        if size == 0 {
            return;
        }
        self.words.resize(arms.len(), 0);
        stream.fill_words(first, Purpose::Allocation, &mut self.words);
        if let [first, second] = self.template[..] {
            // A block of two needs no shuffle: the first patient's word decides.
            for (pair, words) in arms.chunks_mut(2).zip(self.words.chunks(2)) {
                let swapped = words[0] >> 31 == 1;
                pair[0] = if swapped { second } else { first };
                if let Some(other) = pair.get_mut(1) {
                    *other = if swapped { first } else { second };
                }
            }
            return;
        }
        for (chunk, words) in arms.chunks_mut(size).zip(self.words.chunks(size)) {
            if chunk.len() == size {
                shuffle(&self.template, words, chunk);
            } else {
                self.block.resize(size, 0);
                shuffle(&self.template, words, &mut self.block);
                chunk.copy_from_slice(&self.block[..chunk.len()]);
            }
        }
    }
}

/// One permuted block; steps without a word leave the rest as it is.
#[inline]
fn shuffle(template: &[u16], words: &[u32], block: &mut [u16]) {
    block.copy_from_slice(template);
    let size = block.len();
    for (i, &word) in words.iter().enumerate() {
        let offset = (u64::from(word) * (size - i) as u64) >> 32;
        block.swap(i, i + offset as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_holds_its_allocation_and_every_order_is_equally_likely() {
        let mut blocks = Blocks::default();
        blocks.set(&[2, 1, 1], |_| true);
        let mut arms = vec![0; 4 * 12_000];
        blocks.allot(&Stream::new(3, 9), 10, &mut arms);
        let mut orders = std::collections::BTreeMap::new();
        for block in arms.chunks(4) {
            let mut sorted = block.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 0, 1, 2]);
            *orders.entry(block.to_vec()).or_insert(0u32) += 1;
        }
        assert_eq!(orders.len(), 12);
        // Chi-square with 11 degrees of freedom: P(> 33.1) = 0.0005.
        let statistic: f64 = orders.values().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(statistic < 33.1, "{statistic}");
        blocks.set(&[2, 1, 1], |arm| arm != 1);
        blocks.allot(&Stream::new(3, 9), 0, &mut arms[..7]);
        assert!(arms[..7].iter().all(|&arm| arm != 1));
    }
}
