//! `piecewise_weights`: weights fixed in advance as a step function of time since randomisation.

use crate::invalid::{Invalid, require};
use crate::statistics::log_rank::Weight;

/// w(s) = w_m for s in [s_m, s_{m+1}) months, w_m ≥ 0 (Xu, Zhen, Park and Zhu 2017, whose weights are 0, then 1). Weights
/// that the data do not change keep independent increments exact under the null.
#[derive(Debug, Clone)]
pub struct Piecewise {
    starts: Vec<f64>,
    weights: Vec<f64>,
}

impl Piecewise {
    /// From piece starts (months, the first 0, increasing) and weights, one each.
    ///
    /// # Errors
    /// [`Invalid`] for starts that do not increase from 0, a weight that is negative or not finite, or no positive weight.
    pub fn new(starts: &[f64], weights: &[f64]) -> Result<Self, Invalid> {
        let count = weights.len();
        require(
            starts.len() == count && count > 0,
            "number of weights",
            count as f64,
            "there must be one per piece and at least one piece",
        )?;
        require(starts[0] == 0.0, "start of the first piece", starts[0], "it must be 0")?;
        for pair in starts.windows(2) {
            require(pair[1].is_finite() && pair[1] > pair[0], "start of a piece", pair[1], "starts must increase")?;
        }
        for &weight in weights {
            require(weight.is_finite() && weight >= 0.0, "weight", weight, "it must be finite and at least 0")?;
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        require(largest > 0.0, "largest weight", largest, "it must be above 0")?;
        Ok(Self { starts: starts.to_vec(), weights: weights.to_vec() })
    }

    /// 0 until a month, then 1.
    pub(super) fn zero_early(until: f64) -> Self {
        Self { starts: vec![0.0, until], weights: vec![0.0, 1.0] }
    }
}

impl Weight for Piecewise {
    fn label(&self) -> String {
        if self.weights == [0.0, 1.0] {
            return format!("log-rank from month {}", self.starts[1]);
        }
        let pieces = self.starts.iter().zip(&self.weights).map(|(start, weight)| format!("{weight} from {start}"));
        format!("piecewise weights ({})", pieces.collect::<Vec<_>>().join(", "))
    }

    fn weight(&self, month: f64, _survival: f64) -> f64 {
        self.weights[self.starts.partition_point(|&start| start <= month).saturating_sub(1)]
    }

    fn kinks(&self) -> Vec<f64> {
        self.starts.clone()
    }

    fn early_harm_can_win(&self) -> bool {
        self.weights.windows(2).any(|pair| pair[1] > pair[0])
    }

    fn is_unit(&self) -> bool {
        self.weights.iter().all(|weight| *weight == 1.0)
    }
}
