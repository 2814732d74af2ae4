//! Fisher's product test over several stages, with early stopping for futility.

use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, sf, upper_quantile};
use crate::numerics::panels::{Panels, Series};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::{RootError, brent};

/// Most stages.
pub const MAX_STAGES: usize = 10;

/// How the level is shared between stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// The product test of the first k stages alone has the same level at every k (Wassmer 1999).
    EqualAlpha,
    /// The last stage is tested at the full level c = exp(−χ²_{2K;1−α}/2); the stages before share what the futility stops save
    /// (Bauer and Köhne 1994; Bauer and Röhmel 1995).
    FullAlpha,
    /// As full level, with c_k = c_{k+1}/α0_k^{w_{k+1}} between the first stage and the last, and the first stage taking what is left
    /// (Wassmer 1999).
    NoInteraction,
}

/// Why there are no critical values.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FisherError {
    /// A number that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A constant could not be found.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// A product test: reject at stage k when Π_{i≤k} p_i^{w_i} ≤ c_k, else stop for futility when p_k > α0_k.
#[derive(Debug, Clone, PartialEq)]
pub struct Fisher {
    /// w_i, the first 1.
    weights: Vec<f64>,
    /// α0_k of every stage but the last; 1 where a stage cannot stop for futility.
    futility: Vec<f64>,
    /// c_k.
    critical: Vec<f64>,
}

/// Panels are no wider than this on the scale of −ln p.
const WIDEST: f64 = 1.0;

/// The sub-density of S = −Σ w_i ln p_i over trials that go on: Lebesgue density on panels, or all mass at one place.
enum State {
    /// All mass at a place.
    Point(f64),
    /// Density between kinks, 0 below the first and above the last.
    Density { kinks: Vec<f64>, density: Box<dyn Fn(f64) -> f64> },
}

impl State {
    /// Q(x) = ∫_{u ≤ x} g(u) e^{u/w} du up to the end of the region; a step for a point.
    fn tilted(&self, weight: f64) -> Tilted {
        match self {
            Self::Point(at) => Tilted::Point(*at, libm::exp(at / weight)),
            Self::Density { kinks, density } => {
                let end = kinks.last().copied().unwrap_or(0.0);
                let panels = Panels::new(kinks.iter().copied(), end, |_, _| WIDEST);
                let values: Vec<f64> = panels.nodes().iter().map(|&u| density(u) * libm::exp(u / weight)).collect();
                Tilted::Series(panels.antiderivative(&values), end)
            }
        }
    }

    fn kinks(&self) -> Vec<f64> {
        match self {
            Self::Point(at) => vec![*at],
            Self::Density { kinks, .. } => kinks.clone(),
        }
    }
}

/// Q of [`State::tilted`].
enum Tilted {
    Point(f64, f64),
    Series(Series, f64),
}

impl Tilted {
    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Point(at, mass) => {
                if x >= *at {
                    *mass
                } else {
                    0.0
                }
            }
            Self::Series(series, end) => {
                if x <= 0.0 {
                    0.0
                } else {
                    series.at(x.min(*end))
                }
            }
        }
    }
}

/// P(S + w x ≥ `limit`), x standard exponential, where every S of the state is below the limit: e^{−limit/w} Q(limit).
fn exceed(state: &State, weight: f64, limit: f64) -> f64 {
    libm::exp(-limit / weight) * state.tilted(weight).at(limit)
}

/// Passes a stage: S + w x with x ≥ −ln α0, kept below `limit`. Its density is (1/w) e^{−s/w} Q(s − w A), A = −ln α0.
fn pass(state: &State, weight: f64, futility: f64, limit: f64) -> State {
    let shift = -weight * libm::log(futility);
    let tilted = state.tilted(weight);
    let mut kinks: Vec<f64> = state.kinks().into_iter().map(|kink| kink + shift).filter(|kink| *kink < limit).collect();
    kinks.push(limit);
    let first = kinks[0];
    let density = move |s: f64| {
        if s < first { 0.0 } else { libm::exp(-s / weight) / weight * tilted.at(s - shift) }
    };
    State::Density { kinks, density: Box::new(density) }
}

impl Fisher {
    /// Critical values for one-sided level `alpha` in (0, 0.5).
    ///
    /// * `weights`: w_i > 0, one per stage, the first 1; √((t_i − t_{i−1})/t_1) for planned information rates t.
    /// * `futility`: α0_k in (α, 1] of every stage but the last, binding; all 1 for none.
    ///
    /// Critical values to 1e-12 relative; probabilities are integrated over −ln p by Chebyshev series between kinks.
    ///
    /// # Errors
    /// [`FisherError`] when a number is impossible or the method has no solution.
    ///
    /// ```
    /// use seamline::adaptive::fisher::{Fisher, Sharing};
    /// let test = Fisher::new(Sharing::EqualAlpha, 0.025, &[1.0; 3], &[1.0; 2])?;
    /// assert!((test.critical_values()[2] - 0.000_291_066_87).abs() < 1e-11);
    /// # Ok::<(), seamline::adaptive::fisher::FisherError>(())
    /// ```
    pub fn new(sharing: Sharing, alpha: f64, weights: &[f64], futility: &[f64]) -> Result<Self, FisherError> {
        require(alpha > 0.0 && alpha < 0.5, "alpha", alpha, "must be above 0 and below 0.5")?;
        let stages = weights.len();
        require((1..=MAX_STAGES).contains(&stages), "number of stages", stages as f64, "must be 1 to 10")?;
        for &weight in weights {
            require((0.01..=100.0).contains(&weight), "weight", weight, "must be between 0.01 and 100")?;
        }
        require(weights[0] == 1.0, "first weight", weights[0], "must be 1")?;
        require(
            futility.len() + 1 == stages,
            "number of futility levels",
            futility.len() as f64,
            "must be one less than the stages",
        )?;
        for &level in futility {
            require(level > alpha && level <= 1.0, "futility level", level, "must be above alpha and at most 1")?;
        }
        let with = |critical: Vec<f64>| Self { weights: weights.to_vec(), futility: futility.to_vec(), critical };
        let full = || critical_of(alpha, weights);
        let at = |free: f64| -> Result<Self, FisherError> {
            let critical: Result<Vec<f64>, FisherError> = match sharing {
                Sharing::EqualAlpha => (1..=stages).map(|k| critical_of(free, &weights[..k])).collect(),
                Sharing::FullAlpha => {
                    let last = full()?;
                    // The product falls from stage to stage: a smaller c_k than the last would be idle.
                    let early = (1..stages).map(|k| Ok(critical_of(free, &weights[..k])?.max(last)));
                    early.chain([Ok(last)]).collect()
                }
                Sharing::NoInteraction => {
                    let mut critical = vec![full()?; stages];
                    for k in (1..stages.saturating_sub(1)).rev() {
                        critical[k] = critical[k + 1] / libm::pow(futility[k], weights[k + 1]);
                    }
                    critical[0] = free.max(critical[1.min(stages - 1)]);
                    Ok(critical)
                }
            };
            Ok(with(critical?))
        };
        if stages == 1 {
            return Ok(with(vec![alpha]));
        }
        let mut failure = None;
        let mut excess = |log_free: f64| match at(libm::exp(log_free)) {
            Ok(test) => libm::log(test.spent(stages) / alpha),
            Err(error) => {
                failure = Some(error);
                f64::NAN
            }
        };
        let low = libm::log(alpha) - 12.0;
        if excess(low) >= -1e-10 {
            // Even the least early level exhausts it: the last stage takes all.
            return at(libm::exp(low));
        }
        let found = brent(low, libm::log(alpha), 1e-14, &mut excess);
        if let Some(error) = failure {
            return Err(error);
        }
        at(libm::exp(found?))
    }

    /// c_k.
    pub fn critical_values(&self) -> &[f64] {
        &self.critical
    }

    /// Level spent by each stage, cumulative.
    pub fn alpha_spent(&self) -> Vec<f64> {
        (1..=self.weights.len()).map(|stages| self.spent(stages)).collect()
    }

    fn spent(&self, stages: usize) -> f64 {
        self.later(State::Point(0.0), 0, stages)
    }

    /// Probability of rejecting at stages `from` (from 0) to `until` (exclusive), from a state.
    fn later(&self, mut state: State, from: usize, until: usize) -> f64 {
        let mut total = 0.0;
        let mut before = 0.0_f64;
        for k in from..until {
            let weight = self.weights[k];
            let limit = (-libm::log(self.critical[k])).max(before);
            let futility = self.futility.get(k).copied().unwrap_or(1.0);
            total += exceed(&state, weight, limit);
            if k + 1 < until {
                state = pass(&state, weight, futility, limit);
            }
            before = limit;
        }
        total
    }

    /// Conditional error: P₀(reject later | p_1, …, p_k and going on), in [0, 1].
    ///
    /// # Errors
    /// [`Invalid`] when a p-value is not in (0, 1] or no stage is left.
    pub fn conditional_error(&self, p: &[f64]) -> Result<f64, Invalid> {
        require(p.len() < self.weights.len(), "number of p-values", p.len() as f64, "must leave a stage")?;
        let mut place = 0.0;
        for (&p, weight) in p.iter().zip(&self.weights) {
            require(p > 0.0 && p <= 1.0, "p-value", p, "must be above 0 and at most 1")?;
            place -= weight * libm::log(p);
        }
        // A place beyond the next limit rejects whatever comes.
        let next = -libm::log(self.critical[p.len()]);
        if place >= next {
            return Ok(1.0);
        }
        Ok(self.later(State::Point(place), p.len(), self.weights.len()).clamp(0.0, 1.0))
    }
}

/// c with P(Π U_i^{w_i} ≤ c) = `level`.
fn critical_of(level: f64, weights: &[f64]) -> Result<f64, FisherError> {
    let z = upper_quantile(level);
    let excess = |limit: f64| {
        let (mut total, mut state) = (0.0, State::Point(0.0));
        for (k, &weight) in weights.iter().enumerate() {
            total += exceed(&state, weight, limit);
            if k + 1 < weights.len() {
                state = pass(&state, weight, 1.0, limit);
            }
        }
        upper_quantile(total.clamp(1e-300, 1.0 - 1e-16)) - z
    };
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let least = -libm::log(level) * largest.min(1.0);
    // Chernoff: P(Γ_n ≥ x) ≤ e^{−x}(ex/n)^n ≤ e^{−x/2} 2^n.
    let most = (1.4 * weights.len() as f64 - 2.0 * libm::log(level)) * largest;
    Ok(libm::exp(-brent(1e-3 * least, most, 1e-13, excess)?))
}

/// First-stage level of the two-stage product test of Bauer and Köhne (1994) whose last stage is tested at the full level
/// `final_level` (c = exp(−χ²_{4;1−final_level}/2)): the α₁ that solves α₁ + c (ln α₀ − ln α₁) = α, c ≤ α₁ ≤ α₀.
///
/// # Errors
/// [`FisherError`] when a number is impossible or nothing solves it.
pub fn bauer_koehne_first_level(alpha: f64, final_level: f64, stop: f64) -> Result<f64, FisherError> {
    check_stop(alpha, stop)?;
    let c = critical_of(final_level, &[1.0, 1.0])?;
    let excess = |first: f64| first + c * libm::log(stop / first) - alpha;
    if excess(c) >= 0.0 {
        // Without a futility stop to save anything α₁ = c.
        require(excess(c) < 1e-12, "final level", final_level, "must leave a first-stage level")?;
        return Ok(c);
    }
    Ok(brent(c, alpha, 1e-15, excess)?)
}

/// Level at which the last stage of a two-stage product test is tested, given that of the first: c solves
/// α₁ + c ln(α₀/α₁) = α (c ≤ α₁), and the level is c(1 − ln c).
///
/// # Errors
/// [`FisherError`] when a number is impossible.
pub fn fisher_final_level(alpha: f64, first: f64, stop: f64) -> Result<f64, FisherError> {
    check_stop(alpha, stop)?;
    require(first > 0.0 && first < alpha, "first-stage level", first, "must be above 0 and below alpha")?;
    let c = (alpha - first) / libm::log(stop / first);
    require(c <= first, "first-stage level", first, "is too small for this level and stop")?;
    Ok(c * (1.0 - libm::log(c)))
}

/// The same for the inverse normal combination with weights w₁² = `squared` and 1 − w₁²: the level at which it is tested last,
/// α₁ + P(α₁ < p₁ ≤ α₀, C ≥ z) = α (Lehmacher and Wassmer 1999).
///
/// # Errors
/// [`FisherError`] when a number is impossible.
pub fn inverse_normal_final_level(alpha: f64, first: f64, stop: f64, squared: f64) -> Result<f64, FisherError> {
    check_stop(alpha, stop)?;
    require(first > 0.0 && first < alpha, "first-stage level", first, "must be above 0 and below alpha")?;
    require(squared > 0.0 && squared < 1.0, "squared weight", squared, "must be above 0 and below 1")?;
    let (low, high) = (upper_quantile(stop).max(-9.0), upper_quantile(first));
    let (w1, w2) = (squared.sqrt(), (1.0 - squared).sqrt());
    let excess = |z: f64| {
        let inner = legendre(64).on(low, high).map(|(x, weight)| weight * pdf(x) * sf((z - w1 * x) / w2));
        first + inner.sum::<f64>() - alpha
    };
    Ok(sf(brent(0.0, 20.0, 1e-14, excess)?))
}

/// Overall p-value of a two-stage product test by stage-wise ordering: p₁ if the trial ended at stage 1 (p₁ ≤ α₁ or p₁ > α₀), else
/// α₁ + ∫_{α₁}^{α₀} min(1, p₁p₂/x) dx (Brannath, Posch and Bauer 2002).
///
/// # Errors
/// [`Invalid`] when a p-value is not in (0, 1] or α₁ ≥ α₀.
pub fn fisher_overall_p(first_p: f64, second_p: f64, first: f64, stop: f64) -> Result<f64, Invalid> {
    for p in [first_p, second_p] {
        require(p > 0.0 && p <= 1.0, "p-value", p, "must be above 0 and at most 1")?;
    }
    require(
        first > 0.0 && first < stop && stop <= 1.0,
        "first-stage level",
        first,
        "must be above 0 and below the stop",
    )?;
    if first_p <= first || first_p > stop {
        return Ok(first_p);
    }
    let q = first_p * second_p;
    let flat = (q.min(stop) - first).max(0.0);
    Ok(first + flat + q * libm::log(stop / q.max(first)).max(0.0))
}

fn check_stop(alpha: f64, stop: f64) -> Result<(), Invalid> {
    require(alpha > 0.0 && alpha < 0.5, "alpha", alpha, "must be above 0 and below 0.5")?;
    require(stop > alpha && stop <= 1.0, "futility level", stop, "must be above alpha and at most 1").map(drop)
}

/// Largest level of a fixed-size test at nominal `alpha` whose sample size is chosen after an interim look, at worst:
/// α + e^{−z_α²/2}/4 (Proschan and Hunsberger 1995).
///
/// ```
/// assert!((seamline::adaptive::fisher::worst_case_level(0.025) - 0.061_625_02).abs() < 1e-8);
/// ```
pub fn worst_case_level(alpha: f64) -> f64 {
    let z = upper_quantile(alpha);
    alpha + 0.25 * libm::exp(-0.5 * z * z)
}
