//! A delayed-effect design the plain way: Simpson sums for events, score and information, the Simpson-grid recursion for crossing
//! probabilities, bisection for months, bounds and sizes. Under it lies the canonical law (variance of Z one, correlation by
//! information), which is what most programs compute. Shared by the tests, which check it, and the benches, which race it.

use super::twin;

/// Two arms 1:1, exponential control, hazard ratio 1 until a delay and another after it, uniform entry, exponential drop-out.
#[derive(Debug, Clone, Copy)]
pub struct Delayed {
    pub hazard: f64,
    pub ratio: f64,
    pub delay: f64,
    pub dropout: f64,
    pub patients: f64,
    pub accrual: f64,
}

/// Simpson's rule with so many intervals (even).
fn simpson(low: f64, high: f64, intervals: usize, f: impl Fn(f64) -> f64) -> f64 {
    let step = (high - low) / intervals as f64;
    let inner: f64 = (1..intervals).map(|i| f(low + step * i as f64) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (f(low) + inner + f(high)) * step / 3.0
}

/// Root of an increasing function by sixty halvings.
fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

impl Delayed {
    fn hazards(&self, s: f64) -> [f64; 2] {
        [self.hazard, self.hazard * if s < self.delay { 1.0 } else { self.ratio }]
    }

    /// Expected patients at risk s months after randomisation, by calendar month t, per arm.
    fn at_risk(&self, s: f64, t: f64) -> [f64; 2] {
        let entered = ((t - s) / self.accrual).clamp(0.0, 1.0);
        let late = (s - self.delay).max(0.0);
        let cumulative = [self.hazard * s, self.hazard * (s - late + self.ratio * late)];
        cumulative.map(|h| 0.5 * self.patients * entered * (-h - self.dropout * s).exp())
    }

    /// Over [0, t], cut at the delay and at the end of accrual.
    fn integrate(&self, t: f64, f: impl Fn(f64) -> f64) -> f64 {
        let mut cuts = [0.0, self.delay.min(t), (t - self.accrual).clamp(0.0, t), t];
        cuts.sort_by(f64::total_cmp);
        // A jump at the delay belongs to the piece on its right.
        cuts.windows(2).filter(|pair| pair[1] > pair[0]).map(|pair| simpson(pair[0], pair[1] - 1e-9, 200, &f)).sum()
    }

    pub fn events(&self, t: f64) -> f64 {
        self.integrate(t, |s| {
            let (risk, hazard) = (self.at_risk(s, t), self.hazards(s));
            risk[0] * hazard[0] + risk[1] * hazard[1]
        })
    }

    pub fn month(&self, events: f64) -> f64 {
        bisect(0.0, 400.0, |t| self.events(t) - events)
    }

    /// Mean of Z at month t: ∫ Y₀Y₁/Y (λ₀ − λ₁) ds / √(∫ Y₀Y₁/Y² (Y₀λ₀ + Y₁λ₁) ds).
    pub fn drift(&self, t: f64) -> f64 {
        let score = self.integrate(t, |s| {
            let ([a, b], [x, y]) = (self.at_risk(s, t), self.hazards(s));
            if a + b > 0.0 { a * b / (a + b) * (x - y) } else { 0.0 }
        });
        let information = self.integrate(t, |s| {
            let ([a, b], [x, y]) = (self.at_risk(s, t), self.hazards(s));
            if a + b > 0.0 { a * b / (a + b).powi(2) * (a * x + b * y) } else { 0.0 }
        });
        score / information.sqrt()
    }

    /// Power with looks at these events and efficacy bounds.
    pub fn power(&self, events: &[f64], bounds: &[f64]) -> f64 {
        let last = events[events.len() - 1];
        let information: Vec<f64> = events.iter().map(|count| count / last).collect();
        let means: Vec<f64> = events.iter().map(|&count| self.drift(self.month(count))).collect();
        let none = vec![f64::NEG_INFINITY; events.len()];
        twin::crossing(&information, &means, bounds, &none, 18).iter().map(|look| look.0).sum()
    }

    /// Events of the last look for this power, the fractions of the looks and the bounds kept.
    pub fn size(&self, fractions: &[f64], bounds: &[f64], power: f64) -> f64 {
        let most = self.events(400.0) * 0.98;
        bisect(50.0, most, |last| {
            let events: Vec<f64> = fractions.iter().map(|fraction| fraction * last).collect();
            self.power(&events, bounds) - power
        })
    }
}

/// Efficacy bounds that spend so much by each look, one bisection a look over the whole recursion.
pub fn bounds(information: &[f64], spent: &[f64]) -> Vec<f64> {
    let mut bounds: Vec<f64> = Vec::new();
    for k in 0..information.len() {
        let due = spent[k] - if k > 0 { spent[k - 1] } else { 0.0 };
        let none = vec![f64::NEG_INFINITY; k + 1];
        let found = bisect(-1.0, 8.0, |bound| {
            let mut upper = bounds.clone();
            upper.push(bound);
            due - twin::crossing(&information[..=k], &vec![0.0; k + 1], &upper, &none, 18)[k].0
        });
        bounds.push(found);
    }
    bounds
}
