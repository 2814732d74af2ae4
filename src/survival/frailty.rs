//! The log-hazard frailty, discretised: its law given the true immune response.

use crate::invalid::{Invalid, require};
use crate::numerics::normal;
use crate::numerics::quadrature::legendre;

/// A discrete law of the frailty factor e^ξ that multiplies all transition hazards of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Frailty {
    factors: Vec<f64>,
    weights: Vec<f64>,
}

/// −ln of the aimed quadrature error.
const DIGITS: f64 = 25.0;
/// Standard deviations of ξ kept on either side.
const REACH: f64 = 7.2;
/// Above this correlation the weight is a steep step and gets its own panels.
const STEEP: f64 = 0.9;
/// Most nodes of the trapezoidal rule; reached for standard deviations of the log hazard near 5.
const NODES: f64 = 400.0;

impl Frailty {
    /// No frailty: the factor 1.
    pub fn none() -> Self {
        Self { factors: vec![1.0], weights: vec![1.0] }
    }

    /// Frailty of non-responders (index 0) and responders (index 1), on the same factors.
    ///
    /// Symbols: B latent response, standard normal; ρ = `correlation` in [−1, 1]; σ = `log_hazard_sd` ≥ 0;
    /// q = `response_rate` in [0, 1], c = Φ⁻¹(1 − q); ξ = σ·η − σ²/2 with η = −ρB + √(1−ρ²)·W standard normal.
    /// Given η, P(B > c) = Φ((−ρη − c)/√(1−ρ²)), so that ξ has density φ(η)·Φ((−ρη − c)/√(1−ρ²))/q in η for responders
    /// and the complement for non-responders (bivariate normal law; the extended skew-normal of Azzalini 1985).
    ///
    /// The integral over η is a trapezoidal sum (Trefethen and Weideman 2014): with step h its error is about
    /// exp(−(1−ρ²)ω₁²/2 − πω₂/(2σ)), ω₁ + ω₂ = 2π/h, the first factor from the Gaussian weights, the second from
    /// the decay of |Γ(iω/σ)|, the transform of exp(−e^{ση}). h makes this about 1e-11. For |ρ| above 0.9 aligned
    /// Gauss–Legendre panels around the step at η = −c/ρ are used. Error of a survival probability: below 1e-9 for
    /// σ up to 5.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter out of range.
    pub fn given_response(correlation: f64, log_hazard_sd: f64, response_rate: f64) -> Result<[Self; 2], Invalid> {
        require((-1.0..=1.0).contains(&correlation), "prognostic correlation", correlation, "it must be in [−1, 1]")?;
        require(
            log_hazard_sd.is_finite() && log_hazard_sd >= 0.0,
            "standard deviation of the log hazard",
            log_hazard_sd,
            "it must be finite and at least 0",
        )?;
        require((0.0..=1.0).contains(&response_rate), "response rate", response_rate, "it must be in [0, 1]")?;
        if log_hazard_sd == 0.0 {
            return Ok([Self::none(), Self::none()]);
        }
        let (rho, sigma) = (correlation, log_hazard_sd);
        let cut = -normal::quantile(response_rate);
        let spread = ((1.0 - rho) * (1.0 + rho)).sqrt();
        let shift = if cut.is_finite() { (rho * cut).abs().min(8.0) } else { 0.0 };
        let (low, high) = (-REACH - shift, REACH + shift + sigma);
        let grid = if rho.abs() <= STEEP || !cut.is_finite() {
            trapezoid(low, high, rho, sigma, response_rate)
        } else {
            stepped(low, high, -cut / rho, spread / rho.abs(), sigma)
        };
        let mut factors = Vec::with_capacity(grid.len());
        let mut weights = [Vec::with_capacity(grid.len()), Vec::with_capacity(grid.len())];
        for (eta, width) in grid {
            let toward = -rho * eta - cut;
            let responds = if spread > 0.0 { normal::cdf(toward / spread) } else { f64::from(u8::from(toward > 0.0)) };
            let fails = if spread > 0.0 { normal::cdf(-toward / spread) } else { 1.0 - responds };
            factors.push((sigma * eta - 0.5 * sigma * sigma).exp());
            weights[0].push(width * normal::pdf(eta) * fails);
            weights[1].push(width * normal::pdf(eta) * responds);
        }
        let total: Vec<f64> = weights[0].iter().zip(&weights[1]).map(|(a, b)| a + b).collect();
        Ok(weights.map(|class| normalized(&factors, if class.iter().sum::<f64>() > 0.0 { &class } else { &total })))
    }

    /// Factors e^ξ, ascending, all above 0.
    pub fn factors(&self) -> &[f64] {
        &self.factors
    }

    /// Probabilities of the factors; they sum to 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// E e^ξ: 1 over all patients, below 1 in a class with a better prognosis.
    pub fn mean(&self) -> f64 {
        self.factors.iter().zip(&self.weights).map(|(factor, weight)| factor * weight).sum()
    }
}

fn normalized(factors: &[f64], weights: &[f64]) -> Frailty {
    let total: f64 = weights.iter().sum();
    Frailty { factors: factors.to_vec(), weights: weights.iter().map(|weight| weight / total).collect() }
}

fn trapezoid(low: f64, high: f64, rho: f64, sigma: f64, rate: f64) -> Vec<(f64, f64)> {
    let rare = rate.min(1.0 - rate);
    let digits = DIGITS + if rare > 0.0 { (-rare.ln()).min(12.0) } else { 0.0 };
    let gauss = (1.0 - rho) * (1.0 + rho);
    let decay = std::f64::consts::FRAC_PI_2 / sigma;
    let mut frequency = (2.0 * digits / gauss).sqrt();
    if frequency > decay / gauss {
        frequency = digits / decay + 0.5 * decay / gauss;
    }
    let count = ((high - low) * frequency / std::f64::consts::TAU).ceil().min(NODES);
    let step = (high - low) / count;
    (0..count as usize).map(|i| (low + (i as f64 + 0.5) * step, step)).collect()
}

/// Aligned panels around a step of width `width` at `centre`, each short against the step, the normal law and 1/σ.
fn stepped(low: f64, high: f64, centre: f64, width: f64, sigma: f64) -> Vec<(f64, f64)> {
    let mut edges = vec![low, centre - 8.0 * width, centre, centre + 8.0 * width, high];
    edges.retain(|edge| (low..=high).contains(edge));
    edges.dedup();
    let mut grid = Vec::new();
    for pair in edges.windows(2) {
        let inside = (0.5 * (pair[0] + pair[1]) - centre).abs() < 8.0 * width;
        let scale = (4.0 / sigma.max(1.0)).min(if inside { 4.0 * width } else { 4.0 }).max(0.05);
        let parts = ((pair[1] - pair[0]) / scale).ceil().max(1.0);
        for part in 0..parts as usize {
            let half = 0.5 * (pair[1] - pair[0]) / parts;
            let middle = pair[0] + (2.0 * part as f64 + 1.0) * half;
            grid.extend(legendre(14).on(middle - half, middle + half));
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same law by brute force: midpoint sums over B beyond the cut and W, no shared formula.
    fn twin(rho: f64, sigma: f64, rate: f64, responds: bool, hazard: f64) -> f64 {
        let cut = -normal::quantile(rate);
        let (mut sum, mut mass) = (0.0, 0.0);
        let (from, to) = if responds { (cut, 9.0) } else { (-9.0, cut) };
        let n = 3000;
        for i in 0..n {
            let b = from + (to - from) * (f64::from(i) + 0.5) / f64::from(n);
            for j in 0..400 {
                let w = -8.5 + 17.0 * (f64::from(j) + 0.5) / 400.0;
                let weight = normal::pdf(b) * normal::pdf(w);
                let xi = sigma * (-rho * b + (1.0 - rho * rho).sqrt() * w) - 0.5 * sigma * sigma;
                sum += weight * (-hazard * xi.exp()).exp();
                mass += weight;
            }
        }
        sum / mass
    }

    #[test]
    fn conditional_law_matches_brute_force() {
        for (rho, sigma, rate) in
            [(0.3, 0.5, 0.6), (-0.7, 1.0, 0.05), (0.95, 0.8, 0.4), (1.0, 0.5, 0.3), (0.999, 1.5, 0.2)]
        {
            let laws = Frailty::given_response(rho, sigma, rate).unwrap();
            for hazard in [0.1, 0.7, 3.0] {
                for (responds, law) in laws.iter().enumerate() {
                    let value: f64 =
                        law.factors().iter().zip(law.weights()).map(|(f, w)| w * (-hazard * f).exp()).sum();
                    let twin = twin(rho, sigma, rate, responds == 1, hazard);
                    // Midpoint error of the twin: (step/σ)²/24 at the cut, about 1e-6.
                    assert!((value - twin).abs() < 2e-6, "{rho} {sigma} {rate} {responds} {hazard}: {value} {twin}");
                }
            }
        }
    }

    #[test]
    fn all_patients_have_mean_factor_one_and_a_fine_sum_changes_nothing() {
        for rho in [-1.0, -0.97, -0.5, 0.0, 0.3, 0.9, 0.91, 0.99, 0.9999, 1.0] {
            for sigma in [0.05, 0.3, 0.5, 1.0, 2.0, 4.0] {
                for rate in [0.001, 0.05, 0.5, 0.9] {
                    let [no, yes] = Frailty::given_response(rho, sigma, rate).unwrap();
                    let mean = (1.0 - rate) * no.mean() + rate * yes.mean();
                    assert!((mean - 1.0).abs() < 2e-9, "{rho} {sigma} {rate}: {}", mean - 1.0);
                    for hazard in [1e-3, 0.1, 1.0, 30.0] {
                        let value = |law: &Frailty| -> f64 {
                            law.factors().iter().zip(law.weights()).map(|(f, w)| w * (-hazard * f).exp()).sum()
                        };
                        let overall = (1.0 - rate) * value(&no) + rate * value(&yes);
                        // A sum with a tiny step is exact to rounding.
                        let exact: f64 = (-2000..3200)
                            .map(|i| {
                                let eta = 0.005 * f64::from(i);
                                let factor = (sigma * eta - 0.5 * sigma * sigma).exp();
                                0.005 * normal::pdf(eta) * (-hazard * factor).exp()
                            })
                            .sum();
                        assert!((overall - exact).abs() < 1e-9, "{rho} {sigma} {rate} {hazard}: {}", overall - exact);
                    }
                }
            }
        }
    }

    #[test]
    fn usual_values_need_few_nodes_and_rare_classes_are_defined() {
        let [no, _] = Frailty::given_response(0.3, 0.5, 0.6).unwrap();
        assert!(no.factors().len() < 32, "{}", no.factors().len());
        for rate in [0.0, 1.0] {
            let [no, yes] = Frailty::given_response(0.5, 1.0, rate).unwrap();
            assert!((no.mean() - 1.0).abs() < 1e-9 || rate == 1.0);
            assert!((yes.mean() - 1.0).abs() < 1e-9 || rate == 0.0);
        }
        assert!(Frailty::given_response(1.5, 0.5, 0.5).is_err());
        assert!(Frailty::given_response(0.5, f64::NAN, 0.5).is_err());
        assert!(Frailty::given_response(0.5, 0.5, -0.1).is_err());
    }
}
