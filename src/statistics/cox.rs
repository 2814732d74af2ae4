//! The Cox model with one binary covariate (treated or not), from data; Efron's approximation for ties.

use crate::invalid::Invalid;
use crate::statistics::{FollowUp, Observations, RiskSet, Role};

/// What the partial likelihood says about the log hazard ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cox {
    /// A finite maximum.
    Estimate {
        /// Log hazard ratio, treated against control.
        log_hazard_ratio: f64,
        /// Its standard error from the observed information.
        standard_error: f64,
    },
    /// The likelihood rises for ever: among the event times with both groups at risk, all events are controls' (hazard
    /// ratio 0) or all are of the treated (infinite).
    Monotone {
        /// 0 or infinity.
        hazard_ratio: f64,
    },
    /// No event time with both groups at risk: the likelihood is flat.
    NoInformation,
}

impl Cox {
    /// The hazard ratio: positive, 0 or infinite; NaN without information.
    pub fn hazard_ratio(&self) -> f64 {
        match *self {
            Self::Estimate { log_hazard_ratio, .. } => libm::exp(log_hazard_ratio),
            Self::Monotone { hazard_ratio } => hazard_ratio,
            Self::NoInformation => f64::NAN,
        }
    }
}

/// Steps after which the Newton iteration gives way to what it has (the concave likelihood needs fewer than ten).
const STEPS: usize = 60;
/// A step of the log hazard ratio below this ends the iteration; the error after it is of the order of its square.
const TOLERANCE: f64 = 1e-9;

/// Fits the Cox model to observations, stratified if they carry strata.
///
/// # Errors
/// [`Invalid`] when lengths differ or a time is not a number of at least 0.
///
/// ```
/// use seamline::statistics::{Observations, cox::{Cox, cox}};
/// // Controls fail at 1 and 3, the treated at 2: L = 1/(2+θ)… with n = (2,1), (1,1), (1,0): ln L = β − ln(2+θ) − ln(1+θ),
/// // stationary where 1 = θ/(2+θ) + θ/(1+θ), θ = √2.
/// let data = Observations { time: &[1.0, 2.0, 3.0], event: &[true; 3], treated: &[false, true, false], stratum: None };
/// let Cox::Estimate { log_hazard_ratio, .. } = cox(&data)? else { unreachable!() };
/// assert!((log_hazard_ratio - 0.5 * 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn cox(observations: &Observations) -> Result<Cox, Invalid> {
    observations.check()?;
    let mut sets = Vec::new();
    observations.for_each_risk_set(|_, set| collect(&mut sets, set));
    Ok(fit(&sets))
}

impl FollowUp {
    /// Fits the Cox model to the data as cut at calendar month `cut`; one stratum per entry of `strata`, each a role per
    /// cell. `sets` is scratch space; nothing is allocated once it has grown.
    pub fn cox<'a>(&self, cut: f64, strata: impl IntoIterator<Item = &'a [Role]>, sets: &mut Vec<RiskSet>) -> Cox {
        sets.clear();
        for roles in strata {
            self.for_each_risk_set(cut, roles, |set| collect(sets, set));
        }
        fit(sets)
    }
}

/// Keeps the risk sets that say something about the hazard ratio: those with both groups at risk.
fn collect(sets: &mut Vec<RiskSet>, set: RiskSet) {
    if set.control > 0 && set.treated > 0 {
        sets.push(set);
    }
}

/// Maximises Efron's partial likelihood over risk sets that all have both groups at risk.
///
/// With θ = e^β, n₀, n₁ at risk, d₀, d₁ events, d = d₀ + d₁, and for l = 0 … d − 1 the shares
/// p(l) = (n₁ − l·d₁/d)θ / ((n₀ − l·d₀/d) + (n₁ − l·d₁/d)θ): score Σ(d₁ − Σ p(l)), information ΣΣ p(l)(1 − p(l))
/// (Efron 1977; Therneau and Grambsch 2000, section 3.3). The score falls in β, so that Newton's step is kept inside the
/// bracket of the signs seen so far and halved into it otherwise.
fn fit(sets: &[RiskSet]) -> Cox {
    let treated_events: u32 = sets.iter().map(|set| set.treated_events).sum();
    let control_events: u32 = sets.iter().map(|set| set.control_events).sum();
    match (control_events, treated_events) {
        (0, 0) => return Cox::NoInformation,
        (_, 0) => return Cox::Monotone { hazard_ratio: 0.0 },
        (0, _) => return Cox::Monotone { hazard_ratio: f64::INFINITY },
        _ => {}
    }
    let (mut beta, mut low, mut high) = (0.0f64, f64::NEG_INFINITY, f64::INFINITY);
    let mut information = 0.0;
    for _ in 0..STEPS {
        let (expected, curvature) = expected_and_information(sets, libm::exp(beta));
        information = curvature;
        let score = f64::from(treated_events) - expected;
        if score > 0.0 {
            low = beta;
        } else {
            high = beta;
        }
        let step = (score / information).clamp(-2.0, 2.0);
        let mut next = beta + step;
        if !(next > low && next < high) && low.is_finite() && high.is_finite() && score != 0.0 {
            next = f64::midpoint(low, high);
        }
        let moved = (next - beta).abs();
        beta = next;
        if moved < TOLERANCE || high - low < TOLERANCE {
            break;
        }
    }
    Cox::Estimate { log_hazard_ratio: beta, standard_error: information.sqrt().recip() }
}

/// Expected treated events and information at hazard ratio `theta`.
#[inline]
fn expected_and_information(sets: &[RiskSet], theta: f64) -> (f64, f64) {
    let (mut expected, mut information) = (0.0, 0.0);
    for set in sets {
        let (n0, n1) = (f64::from(set.control), f64::from(set.treated));
        let tied = set.control_events + set.treated_events;
        if tied == 1 {
            let share = n1 * theta / (n0 + n1 * theta);
            expected += share;
            information += share * (1.0 - share);
            continue;
        }
        for l in 0..tied {
            let gone = f64::from(l) / f64::from(tied);
            let a0 = n0 - gone * f64::from(set.control_events);
            let a1 = (n1 - gone * f64::from(set.treated_events)) * theta;
            let share = a1 / (a0 + a1);
            expected += share;
            information += share * (1.0 - share);
        }
    }
    (expected, information)
}
