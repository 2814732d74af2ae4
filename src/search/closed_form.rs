//! Textbook sample sizes under proportional hazards, by name: Schoenfeld, Freedman, Hsieh–Freedman, Lachin–Foulkes.
//!
//! They are for comparison: `size` solves the engine's own power. All are one look, exponential survival and drop-out, uniform
//! enrolment; a group-sequential design multiplies them by its inflation factor
//! ([`inflation_factor`](crate::sequential::power::inflation_factor)).

use crate::invalid::{Invalid, require};
use crate::numerics::normal::upper_quantile;

/// Two arms under proportional hazards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionalHazards {
    /// Hazard of the control, per month, above 0.
    pub control_hazard: f64,
    /// Hazard ratio, above 0 and not 1.
    pub hazard_ratio: f64,
    /// Hazard of drop-out in both arms, per month, at least 0.
    pub dropout_hazard: f64,
    /// Months of uniform enrolment, above 0.
    pub accrual: f64,
    /// Months from the last entry to the analysis, at least 0.
    pub follow_up: f64,
    /// Experimental patients per control patient, above 0.
    pub allocation: f64,
}

/// Which formula gives the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// d = (z_α + z_β)²/(π₀π₁ log²h): the log-rank score with its null variance (Schoenfeld 1981).
    Schoenfeld,
    /// d = (z_α + z_β)²(1 + rh)²/(r(1 − h)²) (Freedman 1982).
    Freedman,
    /// d = (z_α + z_β)²(1 + r)²/(4r)·((1 + h)/(1 − h))² (Hsieh 1992): Freedman's at 1:1, carried over by Schoenfeld's factor.
    HsiehFreedman,
    /// n = ((z_α√(1/(π₀q) + 1/(π₁q)) + z_β√(1/(π₀q₀) + 1/(π₁q₁)))/log h)², q_g the probability of an event in arm g, q that at the mean
    /// hazard π₀λ₀ + π₁λ₁ (Lachin and Foulkes 1986, on the log hazard ratio).
    LachinFoulkes,
}

/// A solved size, unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedFormSize {
    /// Patients of both arms.
    pub patients: f64,
    /// Events of both arms, expected under the alternative.
    pub events: f64,
}

/// Events for a one-sided level `alpha` and a power, of [`Method`]s that ask for events alone; `None` for Lachin–Foulkes, which asks for
/// patients. `allocation` is experimental patients per control patient.
///
/// ```
/// use seamline::search::closed_form::{Method, events};
/// // Schoenfeld, 1:1, hazard ratio 0.5: 87.479 events (SAS SEQDESIGN documentation).
/// let d = events(Method::Schoenfeld, 0.5, 1.0, 0.025, 0.9).unwrap().unwrap();
/// assert!((d - 87.4793).abs() < 1e-4);
/// ```
///
/// # Errors
/// [`Invalid`] names the impossible argument.
pub fn events(
    method: Method,
    hazard_ratio: f64,
    allocation: f64,
    alpha: f64,
    power: f64,
) -> Result<Option<f64>, Invalid> {
    let (h, r) = (check_ratio(hazard_ratio)?, check_positive("allocation", allocation)?);
    let (z_alpha, z_beta) = quantiles(alpha, power)?;
    let z = (z_alpha + z_beta).powi(2);
    Ok(match method {
        Method::Schoenfeld => Some(z * (1.0 + r).powi(2) / (r * h.ln().powi(2))),
        Method::Freedman => Some(z * (1.0 + r * h).powi(2) / (r * (1.0 - h).powi(2))),
        Method::HsiehFreedman => Some(z * (1.0 + r).powi(2) / (4.0 * r) * ((1.0 + h) / (1.0 - h)).powi(2)),
        Method::LachinFoulkes => None,
    })
}

/// Power of a single look at `events` events: Φ(√(π₀π₁d)·|log h| − z_α) (Schoenfeld 1981).
///
/// # Errors
/// [`Invalid`] names the impossible argument.
pub fn schoenfeld_power(hazard_ratio: f64, allocation: f64, alpha: f64, events: f64) -> Result<f64, Invalid> {
    let (h, r) = (check_ratio(hazard_ratio)?, check_positive("allocation", allocation)?);
    let d = check_positive("events", events)?;
    let z_alpha = quantiles(alpha, 0.5)?.0;
    Ok(crate::numerics::normal::sf(z_alpha - (r * d).sqrt() / (1.0 + r) * h.ln().abs()))
}

impl ProportionalHazards {
    /// Probability that a patient with this hazard is seen to have the event: with κ = λ + η, enrolment over A months and
    /// follow-up F,
    /// λ/κ·(1 − (e^(−κF) − e^(−κ(A + F)))/(κA)) (Lachin and Foulkes 1986, equation 4.1).
    fn event_probability(&self, hazard: f64) -> f64 {
        let rate = hazard + self.dropout_hazard;
        // −expm1(−κA)/(κA): the mean of e^(−κu) over the months of entry.
        let mean = -(-rate * self.accrual).exp_m1() / (rate * self.accrual);
        hazard / rate * (1.0 - (-rate * self.follow_up).exp() * mean)
    }

    /// Patients and events for a one-sided level `alpha` and a power.
    ///
    /// # Errors
    /// [`Invalid`] names the impossible argument.
    pub fn size(&self, method: Method, alpha: f64, power: f64) -> Result<ClosedFormSize, Invalid> {
        check_positive("control hazard", self.control_hazard)?;
        check_positive("months of enrolment", self.accrual)?;
        for (what, value) in [("drop-out hazard", self.dropout_hazard), ("months of follow-up", self.follow_up)] {
            require(value >= 0.0 && value.is_finite(), what, value, "must be at least 0 and finite")?;
        }
        let events = events(method, self.hazard_ratio, self.allocation, alpha, power)?;
        let shares = [1.0 / (1.0 + self.allocation), self.allocation / (1.0 + self.allocation)];
        let hazards = [self.control_hazard, self.control_hazard * self.hazard_ratio];
        let seen = hazards.map(|hazard| self.event_probability(hazard));
        let overall = shares[0] * seen[0] + shares[1] * seen[1];
        let patients = if let Some(events) = events {
            events / overall
        } else {
            let (z_alpha, z_beta) = quantiles(alpha, power)?;
            let pooled = self.event_probability(shares[0] * hazards[0] + shares[1] * hazards[1]);
            let spread = |q: [f64; 2]| (1.0 / (shares[0] * q[0]) + 1.0 / (shares[1] * q[1])).sqrt();
            ((z_alpha * spread([pooled; 2]) + z_beta * spread(seen)) / self.hazard_ratio.ln()).powi(2)
        };
        Ok(ClosedFormSize { patients, events: events.unwrap_or(patients * overall) })
    }
}

fn quantiles(alpha: f64, power: f64) -> Result<(f64, f64), Invalid> {
    require(alpha > 0.0 && alpha < 1.0, "alpha", alpha, "must be above 0 and below 1")?;
    require(power > 0.0 && power < 1.0, "power", power, "must be above 0 and below 1")?;
    Ok((upper_quantile(alpha), -upper_quantile(power)))
}

fn check_ratio(ratio: f64) -> Result<f64, Invalid> {
    require(ratio > 0.0 && ratio.is_finite() && ratio != 1.0, "hazard ratio", ratio, "must be above 0 and not 1")
}

fn check_positive(what: &'static str, value: f64) -> Result<f64, Invalid> {
    require(value > 0.0 && value.is_finite(), what, value, "must be above 0 and finite")
}
