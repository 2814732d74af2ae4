//! The closed test.

use super::MAX_ARMS;

/// Arms rejected by the closed test, as a bit mask: arm j is rejected when every intersection with j is
/// (Marcus, Peritz and Gabriel 1976). Controls the family-wise error strongly at the level of the intersection tests.
///
/// * `arms`: experimental arms, at most [`MAX_ARMS`] (more are not tested).
/// * `rejects`: whether the intersection given as a mask is rejected; asked from the largest intersection down, and only where the
///   answer can still matter. Allocates nothing.
///
/// ```
/// // Bonferroni–Holm: p = 0.01, 0.02, 0.2 at 0.05.
/// let p = [0.01, 0.02, 0.2];
/// let rejected = seamline::adaptive::closed::closed_test(3, |mask: u32| {
///     let smallest = (0..3).filter(|j| mask >> j & 1 == 1).map(|j| p[j]).fold(1.0, f64::min);
///     f64::from(mask.count_ones()) * smallest <= 0.05
/// });
/// assert_eq!(rejected, 0b011);
/// ```
pub fn closed_test(arms: usize, mut rejects: impl FnMut(u32) -> bool) -> u32 {
    let all = full(arms);
    let mut kept = 0;
    for size in (1..=all.count_ones()).rev() {
        for mask in 1..=all {
            // An intersection matters only for arms that no larger one has kept.
            if mask.count_ones() == size && mask & !kept != 0 && !rejects(mask) {
                kept |= mask;
            }
        }
        if kept == all {
            return 0;
        }
    }
    all & !kept
}

/// Adjusted p-values of the closed test: for each arm the largest p-value among the intersections with it.
///
/// `p_value` gives an intersection's p-value by mask; `adjusted` has one place per arm and is filled. Allocates nothing.
pub fn adjusted_p_values(adjusted: &mut [f64], mut p_value: impl FnMut(u32) -> f64) {
    adjusted.fill(0.0);
    for mask in 1..=full(adjusted.len()) {
        let p = p_value(mask);
        for (arm, largest) in adjusted.iter_mut().enumerate().take(MAX_ARMS) {
            if mask >> arm & 1 == 1 {
                *largest = largest.max(p);
            }
        }
    }
}

/// Gathers the entries of `values` whose arm is in `mask` into the front of `room`; returns how many.
pub fn gather(mask: u32, values: &[f64], room: &mut [f64; MAX_ARMS]) -> usize {
    let mut count = 0;
    for (arm, &value) in values.iter().enumerate().take(MAX_ARMS) {
        if mask >> arm & 1 == 1 {
            room[count] = value;
            count += 1;
        }
    }
    count
}

fn full(arms: usize) -> u32 {
    (1 << arms.min(MAX_ARMS)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the definition, intersection by intersection.
        #[test]
        fn rejects_what_the_definition_rejects(arms in 0..=5_usize, answers in prop::collection::vec(prop::bool::weighted(0.9), 32)) {
            let rejected = closed_test(arms, |mask| answers[mask as usize]);
            for arm in 0..arms {
                let every = (1..1_u32 << arms).filter(|mask| mask >> arm & 1 == 1).all(|mask| answers[mask as usize]);
                prop_assert_eq!(rejected >> arm & 1 == 1, every);
            }
            prop_assert_eq!(rejected >> arms, 0);
        }
    }
}
