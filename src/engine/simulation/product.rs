//! A patient's product: whether and when it arrives, when it starts to work, and the times of events under its effect.

use crate::engine::simulation::latent::Latents;
use crate::engine::simulation::random::standard_normal;
use crate::numerics::{gamma, normal};
use crate::survival::{HazardRatio, PiecewiseHazard, Waiting};
use crate::truth::Product;

/// Knots of a quantile table per unit of the standard normal variable, and the largest variable of 53 random bits.
const PER_UNIT: f64 = 32.0;
const REACH: f64 = 8.3;

/// A waiting time made ready for sampling.
#[derive(Debug, Clone)]
enum Wait {
    Fixed(f64),
    /// log of the gamma quantile (scale 1) and its slope per knot, at knots of z = Φ⁻¹(u); and the scale, months.
    ///
    /// log Q(Φ(z)) is smooth (nearly linear: Wilson and Hilferty 1931), so that the cubic through values and slopes is
    /// within 1e-8 of the quantile, relatively, for shapes from 0.1.
    Gamma(Vec<[f64; 2]>, f64),
}

impl Wait {
    fn new(law: Waiting) -> Self {
        let Waiting::Gamma { shape, scale, .. } = law else { return Self::Fixed(law.mean()) };
        let many = (2.0 * REACH * PER_UNIT).ceil() as usize + 1;
        let knot = |index: usize| {
            let z = index as f64 / PER_UNIT - REACH;
            let x = if z < 0.0 {
                gamma::quantile(shape, normal::cdf(z))
            } else {
                gamma::upper_quantile(shape, normal::sf(z))
            };
            // dx/dz = φ(z)/g(x).
            [libm::log(x), normal::pdf(z) / (x * gamma::density(shape, x)) / PER_UNIT]
        };
        Self::Gamma((0..many).map(knot).collect(), scale)
    }

    /// The quantile at `u` in (0, 1), months.
    fn months(&self, u: f64) -> f64 {
        match self {
            Self::Fixed(months) => *months,
            Self::Gamma(knots, scale) => {
                let place = ((standard_normal(u) + REACH) * PER_UNIT).clamp(0.0, (knots.len() - 2) as f64);
                let index = place as usize;
                let t = place - index as f64;
                let ([low, slope], [high, next]) = (knots[index], knots[index + 1]);
                // Hermite's cubic on [0, 1].
                let rise = high - low;
                let cubic = low + t * (slope + t * (3.0 * rise - 2.0 * slope - next + t * (slope + next - 2.0 * rise)));
                scale * libm::exp(cubic)
            }
        }
    }
}

/// A product made ready for sampling.
#[derive(Debug, Clone)]
pub(super) struct ProductReady {
    failure: f64,
    wait: Wait,
    /// By true response: hazard ratio by months since onset, and the delay, of the three transitions.
    effects: [[(HazardRatio, Wait); 3]; 2],
}

/// One patient's product.
pub(super) struct Given<'a> {
    effects: &'a [(HazardRatio, Wait); 3],
    /// Month in which the product arrives.
    arrives: f64,
    /// Uniform of the delay.
    delay: f64,
}

impl ProductReady {
    pub(super) fn new(product: &Product) -> Self {
        let effects = |responder: usize| {
            product.effects[responder].each_ref().map(|effect| (effect.ratio.clone(), Wait::new(effect.delay)))
        };
        Self { failure: product.failure, wait: Wait::new(product.wait), effects: [effects(0), effects(1)] }
    }

    /// The product of `patient`, unless it fails.
    pub(super) fn given(&self, latents: &Latents, patient: usize, responds: bool) -> Option<Given<'_>> {
        if self.failure > 0.0 && latents.failure[patient] < self.failure {
            return None;
        }
        let uniform = |column: &[f64]| column.get(patient).copied().unwrap_or(0.5);
        Some(Given {
            effects: &self.effects[usize::from(responds)],
            arrives: self.wait.months(uniform(&latents.wait)),
            delay: uniform(&latents.delay),
        })
    }
}

impl Given<'_> {
    /// Whether a patient who progresses at month `progression` has had the product.
    pub(super) fn before(&self, progression: f64) -> bool {
        self.arrives <= progression
    }

    /// Month at which the hazard of `transition` (0 progression, 1 death, 2 death after progression), `baseline` counted
    /// from month `zero` times the effect, has summed up to `target` since month `start`.
    pub(super) fn month(
        &self,
        transition: usize,
        baseline: &PiecewiseHazard,
        [zero, start]: [f64; 2],
        target: f64,
    ) -> f64 {
        let begun = if start > zero { baseline.cumulative(start - zero) } else { 0.0 };
        let untreated = zero + baseline.time_of_cumulative(begun + target);
        let (ratio, delay) = &self.effects[transition];
        // The delay is not needed by those who have the event before the product.
        if untreated <= self.arrives || ratio.is_one() {
            return untreated.max(start);
        }
        let onset = self.arrives + delay.months(self.delay);
        if untreated <= onset {
            return untreated.max(start);
        }
        let (rest, from) =
            if onset > start { (target - (baseline.cumulative(onset - zero) - begun), onset) } else { (target, start) };
        under_effect(baseline, zero, ratio, onset, from, rest)
    }
}

/// Walks the pieces of baseline(s − `zero`)·ratio(s − `onset`) from s = `from` until they sum up to `rest`.
pub(super) fn under_effect(
    baseline: &PiecewiseHazard,
    zero: f64,
    ratio: &HazardRatio,
    onset: f64,
    from: f64,
    mut rest: f64,
) -> f64 {
    let piece = |starts: &[f64], since: f64| starts.partition_point(|&start| start <= since).saturating_sub(1);
    let (mut i, mut j) = (piece(baseline.starts(), from - zero), piece(ratio.starts(), from - onset));
    let mut now = from;
    loop {
        let next_baseline = baseline.starts().get(i + 1).map_or(f64::INFINITY, |start| zero + start);
        let next_ratio = ratio.starts().get(j + 1).map_or(f64::INFINITY, |start| onset + start);
        let end = next_baseline.min(next_ratio);
        let rate = baseline.rates()[i] * ratio.ratios()[j];
        if rate > 0.0 && rest <= rate * (end - now) {
            return now + rest.max(0.0) / rate;
        }
        if end == f64::INFINITY {
            return f64::INFINITY;
        }
        rest -= rate * (end - now);
        now = end;
        i += usize::from(next_baseline <= end);
        j += usize::from(next_ratio <= end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_the_quantiles() {
        for shape in [0.1, 0.5, 1.0, 3.0, 10.0] {
            let law = Waiting::gamma(4.0, shape).unwrap();
            let table = Wait::new(law);
            for i in 1..4000 {
                let u = f64::from(i) / 4000.0;
                let (found, wanted) = (table.months(u), law.quantile(u));
                assert!((found / wanted - 1.0).abs() < 1e-8, "{shape} {u}: {found}, not {wanted}");
            }
            let end = 2f64.powi(-53);
            assert!((table.months(1.0 - end) / law.upper_quantile(end) - 1.0).abs() < 1e-7, "{shape}");
            assert!(table.months(end) >= 0.0 && table.months(end) < law.quantile(1e-15));
        }
    }

    /// The walk reaches its target: the cumulative hazard of the same course, by the closed form.
    #[test]
    fn the_walk_inverts_the_cumulative_hazard() {
        let baseline = PiecewiseHazard::new(&[0.0, 3.0, 9.0], &[0.05, 0.2, 0.1]).unwrap();
        let ratio = HazardRatio::delayed(0.4, 0.0, 2.0).unwrap();
        let effects = [0, 1, 2].map(|_| (ratio.clone(), Wait::Fixed(2.5)));
        let given = Given { effects: &effects, arrives: 1.5, delay: 0.5 };
        let whole = ratio.later(4.0).unwrap().applied_to(&baseline).unwrap();
        for i in 1..200 {
            let target = f64::from(i) * 0.02;
            let month = given.month(0, &baseline, [0.0, 0.0], target);
            assert!((whole.cumulative(month) - target).abs() < 1e-12, "{target}");
            let month = given.month(2, &baseline, [0.0, 5.0], target);
            assert!((whole.cumulative(month) - whole.cumulative(5.0) - target).abs() < 1e-12, "{target}");
        }
    }
}
