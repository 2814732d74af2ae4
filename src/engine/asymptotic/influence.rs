//! Influence functions of log-rank and Cox statistics, evaluated on one patient's path.
//!
//! Symbols as in [`crate::statistics::influence`]; β the log hazard ratio at which the score is taken (0 for log-rank, the
//! large-sample limit for Cox), p_β = π₁y₁e^β/(π₀y₀ + π₁y₁e^β), λ̄_β = Σπ_g f_g C_g/(π₀y₀ + π₁y₁e^β):
//! ψ = (g − p_β(T))·1{event} − ∫₀^{x} (g − p_β) e^{βg} λ̄_β ds, x the patient's time at risk (Lin and Wei 1989), and of the
//! variance estimate ψ_V = p(1 − p)(T)·1{event} + ∫₀^{x} (1 − 2p)(g − p) λ̄ ds.

use crate::statistics::Tabulation;

/// Points of the grid on which tables are read by linear interpolation.
const POINTS: usize = 2000;

/// Tables of one stratum of the test.
pub struct Score {
    scale: f64,
    /// p_β.
    share: Vec<f64>,
    /// ∫ (g − p_β) e^{βg} λ̄_β, per arm of the pair.
    compensator: [Vec<f64>; 2],
    /// −∫ (1 − 2p)(g − p) λ̄, per arm of the pair.
    spread: [Vec<f64>; 2],
}

/// Months of extra panel edges that make the nodes dense enough to be read linearly.
pub fn edges(end: f64) -> Vec<f64> {
    (1..200).map(|i| end * f64::from(i) / 200.0).collect()
}

/// Mean and standard deviation per patient of the score of the partial likelihood at log hazard ratio `beta`, and its
/// information, at a look of the tabulation.
pub fn score_law(table: &Tabulation, look: usize, beta: f64) -> [f64; 3] {
    let ratio = beta.exp();
    let [pi0, pi1] = table.shares;
    let entered = table.entered(table.months[look]);
    let (mut mean, mut information) = (0.0, 0.0);
    let mut parts = [Vec::new(), Vec::new()];
    for stratum in &table.strata {
        let at = |i: usize| {
            let (y0, y1) = (pi0 * stratum.at_risk[0][i], pi1 * stratum.at_risk[1][i] * ratio);
            let events = pi0 * stratum.events[0][i] + pi1 * stratum.events[1][i];
            if y0 + y1 > 0.0 { [y1 / (y0 + y1), events / (y0 + y1), events] } else { [pi1, 0.0, 0.0] }
        };
        let values: Vec<[f64; 3]> = (0..entered.len()).map(at).collect();
        mean += stratum.prevalence
            * table.panels.integrate_with(|i| entered[i] * (pi1 * stratum.events[1][i] - values[i][0] * values[i][2]));
        information += stratum.prevalence
            * table.panels.integrate_with(|i| entered[i] * values[i][0] * (1.0 - values[i][0]) * values[i][2]);
        for (g, (part, scale)) in parts.iter_mut().zip([1.0, ratio]).enumerate() {
            let jump = values.iter().map(|value| g as f64 - value[0]).collect();
            let compensator = values.iter().map(|value| (g as f64 - value[0]) * scale * value[1]).collect();
            part.push((jump, compensator));
        }
    }
    let influence = table.influence(look, parts);
    [mean, table.covariance(&influence, &influence).sqrt(), information]
}

impl Score {
    /// One table per stratum of the test, up to month `end`; the tabulation must hold [`edges`].
    pub fn tables(table: &Tabulation, beta: f64, end: f64) -> Vec<Self> {
        let (nodes, ratio) = (table.panels.nodes(), beta.exp());
        let grid: Vec<f64> = (0..=POINTS).map(|i| end * i as f64 / POINTS as f64).collect();
        let [pi0, pi1] = table.shares;
        let of_stratum = |stratum: &crate::statistics::StratumTable| {
            let at = |i: usize| {
                let (y0, y1) = (pi0 * stratum.at_risk[0][i], pi1 * stratum.at_risk[1][i] * ratio);
                let events = pi0 * stratum.events[0][i] + pi1 * stratum.events[1][i];
                if y0 + y1 > 0.0 { (y1 / (y0 + y1), events / (y0 + y1)) } else { (pi1, 0.0) }
            };
            let values: Vec<(f64, f64)> = (0..nodes.len()).map(at).collect();
            let integral = |of: &dyn Fn(f64, f64) -> f64| {
                let values: Vec<f64> = values.iter().map(|&(p, hazard)| of(p, hazard)).collect();
                table.panels.antiderivative(&values).along(&grid)
            };
            let share = grid.iter().map(|&s| {
                let right = nodes.partition_point(|&node| node < s);
                if right == 0 || right == nodes.len() {
                    return values[right.min(nodes.len() - 1)].0;
                }
                let along = (s - nodes[right - 1]) / (nodes[right] - nodes[right - 1]);
                values[right - 1].0 + along * (values[right].0 - values[right - 1].0)
            });
            Self {
                scale: POINTS as f64 / end,
                share: share.collect(),
                compensator: [integral(&|p, h| -p * h), integral(&|p, h| (1.0 - p) * ratio * h)],
                spread: [integral(&|p, h| (1.0 - 2.0 * p) * p * h), integral(&|p, h| (2.0 * p - 1.0) * (1.0 - p) * h)],
            }
        };
        table.strata.iter().map(of_stratum).collect()
    }

    fn read(&self, values: &[f64], s: f64) -> f64 {
        let place = (s * self.scale).clamp(0.0, POINTS as f64 - 1e-6);
        let left = place as usize;
        values[left] + (place - left as f64) * (values[left + 1] - values[left])
    }

    /// ψ and ψ_V of a patient of arm `g` of the pair whose event or drop-out comes after `event` and `dropout` months, seen
    /// for `follow_up` months.
    pub fn of(&self, g: usize, event: f64, dropout: f64, follow_up: f64) -> [f64; 2] {
        if follow_up <= 0.0 {
            return [0.0; 2];
        }
        let at_risk = event.min(dropout).min(follow_up);
        let (mut score, mut variance) =
            (-self.read(&self.compensator[g], at_risk), -self.read(&self.spread[g], at_risk));
        if event <= at_risk {
            let p = self.read(&self.share, event);
            score += g as f64 - p;
            variance += p * (1.0 - p);
        }
        [score, variance]
    }
}
