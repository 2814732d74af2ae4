//! Positive readings of one arm: binomial again, through their normal scores, so that thresholds and ties fall on whole patients.

use crate::numerics::normal;
use crate::statistics::response::ResponseCount;

/// Standard deviations of the number of readings due that the tables reach.
const REACH: f64 = 6.0;

/// The law of one arm's positive readings.
pub struct Readings {
    /// Expected readings due.
    due: f64,
    /// Readings due of the first table.
    least: u32,
    /// Cumulative binomial probabilities, one table per number of readings due.
    tables: Vec<Vec<f64>>,
    /// Standard deviation of the normal score under each shift of the paths.
    pub deviations: Vec<f64>,
}

impl Readings {
    /// `patients` of whom the share `due` has a reading due, positive with probability `rate`; `random` says whether the number
    /// due is.
    pub fn new(patients: f64, due: f64, rate: f64, random: bool) -> Self {
        let due = patients * due;
        let reach = if random { REACH * due.max(1.0).sqrt() } else { 0.0 };
        let (least, most) = ((due - reach).round().max(0.0), (due + reach).round().min(patients.round()));
        let table = |n: u32| {
            if rate > 0.0 && rate < 1.0 {
                cumulative_binomial(n, rate)
            } else {
                vec![0.0; if rate >= 1.0 { n as usize } else { 0 }]
            }
        };
        let tables = (least as u32..=(most as u32).max(least as u32)).map(table).collect();
        Self { due, least: least as u32, tables, deviations: Vec::new() }
    }

    /// The count whose normal score is `score`, when the number due is `more` above its mean.
    pub fn count(&self, shift: usize, score: f64, more: f64) -> ResponseCount {
        let sd = self.deviations[shift];
        let u = if sd > 0.0 { normal::cdf(score / sd) } else { 0.5 };
        let table = ((self.due + more).round() - f64::from(self.least)).clamp(0.0, (self.tables.len() - 1) as f64);
        ResponseCount {
            responders: self.tables[table as usize].partition_point(|&below| below < u) as u32,
            patients: self.least + table as u32,
        }
    }
}

/// Cumulative binomial probabilities by the ratio of neighbours, from the mode outwards.
fn cumulative_binomial(n: u32, p: f64) -> Vec<f64> {
    let mode = (f64::from(n + 1) * p).floor().clamp(0.0, f64::from(n)) as usize;
    let mut mass = vec![0.0; n as usize + 1];
    mass[mode] = 1.0;
    for k in mode + 1..mass.len() {
        mass[k] = mass[k - 1] * (n as usize + 1 - k) as f64 / k as f64 * p / (1.0 - p);
    }
    for k in (0..mode).rev() {
        mass[k] = mass[k + 1] * (k + 1) as f64 / (n as usize - k) as f64 * (1.0 - p) / p;
    }
    let total: f64 = mass.iter().sum();
    let mut sum = 0.0;
    mass.iter()
        .map(|m| {
            sum += m / total;
            sum
        })
        .collect()
}
