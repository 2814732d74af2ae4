//! Graphical procedures: hypotheses with shares of the level, passed on along a graph when one is rejected.
//!
//! Symbols: w_j share of α that hypothesis j holds, Σ w_j ≤ 1; g_jk part of j's share that goes to k when j is rejected,
//! g_jj = 0, Σ_k g_jk ≤ 1.

use crate::invalid::{Invalid, require};

/// Most hypotheses of a graph.
pub const MAX_HYPOTHESES: usize = 32;

/// Rounding allowed in sums of shares.
const ROUNDING: f64 = 1e-9;

/// Weights and transitions of a graphical procedure (Bretz, Maurer, Brannath and Posch 2009).
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    weights: Vec<f64>,
    /// g_jk at j·n + k.
    transitions: Vec<f64>,
    open: Vec<bool>,
}

impl Graph {
    /// From w and the rows of g.
    ///
    /// # Errors
    /// [`Invalid`] when sizes differ, there are more than [`MAX_HYPOTHESES`], a number is not in [0, 1], a diagonal entry is not 0, or the
    /// weights or a row sum to more than 1.
    pub fn new(weights: &[f64], transitions: &[Vec<f64>]) -> Result<Self, Invalid> {
        let size = weights.len();
        require((1..=MAX_HYPOTHESES).contains(&size), "number of hypotheses", size as f64, "must be 1 to 32")?;
        require(
            transitions.len() == size,
            "rows of transitions",
            transitions.len() as f64,
            "must be one a hypothesis",
        )?;
        let sums_to_one = |values: &[f64], what: &'static str| -> Result<(), Invalid> {
            for &value in values {
                require((0.0..=1.0).contains(&value), what, value, "must be between 0 and 1")?;
            }
            let sum: f64 = values.iter().sum();
            require(sum <= 1.0 + ROUNDING, what, sum, "must not sum to more than 1").map(drop)
        };
        sums_to_one(weights, "weight")?;
        for (j, row) in transitions.iter().enumerate() {
            require(row.len() == size, "columns of transitions", row.len() as f64, "must be one a hypothesis")?;
            sums_to_one(row, "transition")?;
            require(row[j] == 0.0, "transition of a hypothesis to itself", row[j], "must be 0")?;
        }
        Ok(Self { weights: weights.to_vec(), transitions: transitions.concat(), open: vec![true; size] })
    }

    /// Share of the level that a hypothesis holds now; 0 once it is rejected.
    pub fn weight(&self, hypothesis: usize) -> f64 {
        self.weights[hypothesis]
    }

    /// Part of `from`'s share that goes to `to` when `from` is rejected now.
    pub fn transition(&self, from: usize, to: usize) -> f64 {
        self.transitions[from * self.weights.len() + to]
    }

    /// Whether a hypothesis is not rejected yet.
    pub fn is_open(&self, hypothesis: usize) -> bool {
        self.open[hypothesis]
    }

    /// Rejects hypothesis j: its share goes on, and the graph closes over it (Bretz et al. 2009, algorithm 1).
    ///
    /// `w_l ← w_l + w_j g_jl`; `g_lk ← (g_lk + g_lj g_jk)/(1 − g_lj g_jl)`, 0 where g_lj g_jl = 1.
    pub fn reject(&mut self, hypothesis: usize) {
        let (n, j) = (self.weights.len(), hypothesis);
        if !self.open[j] {
            return;
        }
        self.open[j] = false;
        for l in 0..n {
            if !self.open[l] {
                continue;
            }
            self.weights[l] = (self.weights[l] + self.weights[j] * self.transition(j, l)).min(1.0);
            let back = self.transition(l, j);
            let loop_left = 1.0 - back * self.transition(j, l);
            for k in 0..n {
                let place = l * n + k;
                self.transitions[place] = if k == l || !self.open[k] || loop_left <= 1e-12 {
                    // Column j is read through `back` and by no later row, so that it can be cleared here.
                    0.0
                } else {
                    ((self.transitions[place] + back * self.transition(j, k)) / loop_left).min(1.0)
                };
            }
        }
        self.weights[j] = 0.0;
    }

    /// Tests until nothing more falls: `rejects(j, level)` says whether hypothesis j is rejected at a level, and must not change its mind
    /// when the level rises. With repeated p-values it is the group-sequential procedure of Maurer and Bretz (2013): call it at every
    /// look on the graph the look before has left. Returns what was rejected, in order.
    ///
    /// The order of rejections does not change what is rejected in the end (Bretz et al. 2009). The family-wise error is at most α in the
    /// strong sense: the procedure is a shortcut of a closed test of weighted Bonferroni tests.
    ///
    /// ```
    /// // Two hypotheses that pass on all they have: Holm's test. 0.02 ≤ 0.025, then 0.04 ≤ 0.05.
    /// use seamline::adaptive::graph::Graph;
    /// let mut graph = Graph::new(&[0.5, 0.5], &[vec![0.0, 1.0], vec![1.0, 0.0]])?;
    /// let p = [0.04, 0.02];
    /// assert_eq!(graph.test(0.05, |j, level| p[j] <= level), [1, 0]);
    /// # Ok::<(), seamline::invalid::Invalid>(())
    /// ```
    pub fn test(&mut self, alpha: f64, mut rejects: impl FnMut(usize, f64) -> bool) -> Vec<usize> {
        let mut order = Vec::new();
        loop {
            let found = (0..self.weights.len())
                .find(|&j| self.open[j] && self.weights[j] > 0.0 && rejects(j, alpha * self.weights[j]));
            let Some(j) = found else { return order };
            self.reject(j);
            order.push(j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_graphs_are_named() {
        assert!(Graph::new(&[], &[]).is_err());
        assert!(Graph::new(&[0.6, 0.6], &[vec![0.0, 1.0], vec![1.0, 0.0]]).is_err());
        assert!(Graph::new(&[0.5, 0.5], &[vec![0.1, 0.9], vec![1.0, 0.0]]).is_err());
        assert!(Graph::new(&[0.5, f64::NAN], &[vec![0.0, 1.0], vec![1.0, 0.0]]).is_err());
        assert!(Graph::new(&[0.5, 0.5], &[vec![0.0, 1.0]]).is_err());
    }

    proptest! {
        /// Against the closed test: H_I falls when some p_j ≤ w_j(I) α, w(I) the graph with everything outside I taken out.
        #[test]
        fn is_the_closed_test_of_weighted_bonferroni(
            weights in prop::collection::vec(0.0..1.0_f64, 4),
            rows in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 4), 4),
            p in prop::collection::vec(0.0..0.12_f64, 4),
        ) {
            let total: f64 = weights.iter().sum::<f64>().max(1e-3);
            let weights: Vec<f64> = weights.iter().map(|w| w / total).collect();
            let rows: Vec<Vec<f64>> = rows.into_iter().enumerate().map(|(j, mut row)| {
                row[j] = 0.0;
                let sum: f64 = row.iter().sum::<f64>().max(1e-3);
                row.iter().map(|g| g / sum).collect()
            }).collect();
            let graph = Graph::new(&weights, &rows).unwrap();
            let alpha = 0.1;
            let rejected = crate::adaptive::closed::closed_test(4, |mask| {
                let mut within = graph.clone();
                (0..4).filter(|j| mask >> j & 1 == 0).for_each(|j| within.reject(j));
                (0..4).any(|j| mask >> j & 1 == 1 && p[j] <= alpha * within.weight(j))
            });
            let shortcut = graph.clone().test(alpha, |j, level| p[j] <= level);
            let shortcut = shortcut.iter().fold(0_u32, |mask, j| mask | 1 << j);
            prop_assert_eq!(shortcut, rejected);
        }
    }
}
