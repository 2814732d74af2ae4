//! Joint moments of PFS and OS: means, variances and the Pearson correlation a truth implies.

use crate::invalid::Invalid;
use crate::survival::decay::{first_moment_decay, mean_decay};
use crate::survival::{Class, Course, TimeGrid};

/// Uncensored moments of PFS and OS over all patients; months.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Mean PFS.
    pub pfs_mean: f64,
    /// Mean OS.
    pub os_mean: f64,
    /// Variance of PFS.
    pub pfs_variance: f64,
    /// Variance of OS.
    pub os_variance: f64,
    /// Covariance of PFS and OS.
    pub covariance: f64,
}

impl Moments {
    /// Pearson correlation of PFS and OS, in [−1, 1].
    pub fn correlation(&self) -> f64 {
        (self.covariance / (self.pfs_variance * self.os_variance).sqrt()).clamp(-1.0, 1.0)
    }
}

/// Moments about 0: P, P², R, PR, R² with P = PFS and R = OS − PFS.
type Raw = [f64; 5];
/// Exponents beyond this are nothing.
const GONE: f64 = 45.0;
/// Fixed kinks of a semi-Markov course are listed up to this many.
const KINKS: usize = 2048;

/// Joint moments of PFS and OS over `classes` (weights are scaled to sum to 1); `None` where a mean or a variance is
/// infinite, that is where some patients never progress or never die.
///
/// With P = PFS and R = OS − PFS, the residual life after progression (0 without progression):
/// `E P = ∫S_P`, `E P² = ∫2u·S_P`, `E[RʲPᵏ] = ∫uᵏ·S_P(u)·λ₀₁(u)·mⱼ(u) du`, `m₁(u) = ∫_u^∞ P₁₁(u, s) ds`,
/// `m₂(u) = ∫_u^∞ 2(s − u)·P₁₁(u, s) ds`; then `E[PFS·OS] = E P² + E[PR]`. m₁ and m₂ are exact (piecewise constant hazards),
/// the outer integrals by aligned panels (1e-11 relative). The same correlation follows from P(PFS·OS > x), Meller,
/// Beyersmann and Rufibach 2019, section 3; that form is the twin in the tests.
///
/// # Errors
/// [`Invalid`] if hazards overflow.
pub fn joint_moments(classes: &[Class]) -> Result<Option<Moments>, Invalid> {
    let mut sums: Raw = [0.0; 5];
    let total: f64 = classes.iter().map(|class| class.weight).sum();
    for class in classes.iter().filter(|class| class.weight > 0.0) {
        let first = class.course.progression.plus(&class.course.death)?;
        let kinks = kinks(&class.course);
        for (&factor, &weight) in class.frailty.factors().iter().zip(class.frailty.weights()) {
            let share = weight * class.weight / total;
            if share < 1e-16 {
                continue;
            }
            let last = first.rates()[first.rates().len() - 1] * factor;
            let end = first.starts()[first.starts().len() - 1];
            if last <= 0.0 && factor * first.cumulative(end) < GONE {
                return Ok(None);
            }
            let fall = first.time_of_cumulative(GONE / factor);
            let fastest = |time: f64| {
                let after = class.course.after_baseline.rates().iter().copied().fold(0.0, f64::max);
                factor * first.rate(time).max(after * class.course.after_effect.at(time))
            };
            let grid = TimeGrid::new(&kinks, 0.0, fall, fastest);
            let mut raw: Raw = [0.0; 5];
            for (&time, &width) in grid.times.iter().zip(&grid.weights) {
                let mass = width * (-factor * first.cumulative(time)).exp();
                raw[0] += mass;
                raw[1] += 2.0 * time * mass;
                let onset = mass * factor * class.course.progression.rate(time);
                if onset == 0.0 {
                    continue;
                }
                let Some([mean, square]) = residual(&class.course, factor, time) else {
                    return Ok(None);
                };
                raw[2] += onset * mean;
                raw[3] += onset * time * mean;
                raw[4] += onset * square;
            }
            sums.iter_mut().zip(raw).for_each(|(sum, value)| *sum += share * value);
        }
    }
    let [p, pp, r, pr, rr] = sums;
    let os_mean = p + r;
    let moments = Moments {
        pfs_mean: p,
        os_mean,
        pfs_variance: pp - p * p,
        os_variance: pp + 2.0 * pr + rr - os_mean * os_mean,
        covariance: pp + pr - p * os_mean,
    };
    Ok(if moments.os_variance.is_finite() && moments.pfs_variance.is_finite() { Some(moments) } else { None })
}

/// Mean and mean square of the residual life after progression at month `onset`; `None` if some never die.
fn residual(course: &Course, factor: f64, onset: f64) -> Option<[f64; 2]> {
    let after_effect = course.effect_on(onset);
    let effects = after_effect.starts();
    let (clock, zero) = (course.after_baseline.starts(), onset * f64::from(u8::from(!since_start(course))));
    let mut effect = effects.partition_point(|&start| start <= onset).saturating_sub(1);
    let mut piece = clock.partition_point(|&start| start <= onset - zero).saturating_sub(1);
    let (mut time, mut exponent, mut mean, mut square) = (onset, 0.0_f64, 0.0, 0.0);
    loop {
        let next_effect = effects.get(effect + 1).copied().unwrap_or(f64::INFINITY);
        let next_piece = clock.get(piece + 1).map_or(f64::INFINITY, |&start| start + zero);
        let next = next_effect.min(next_piece);
        let rate = factor * course.after_baseline.rates()[piece] * after_effect.ratios()[effect];
        let (alive, since) = ((-exponent).exp(), time - onset);
        if next == f64::INFINITY {
            if rate <= 0.0 {
                return if exponent > GONE { Some([mean, square]) } else { None };
            }
            mean += alive / rate;
            square += 2.0 * alive * (since / rate + 1.0 / (rate * rate));
            return Some([mean, square]);
        }
        let width = next - time;
        let short = width * mean_decay(rate * width);
        mean += alive * short;
        square += 2.0 * alive * (since * short + width * width * first_moment_decay(rate * width));
        exponent += rate * width;
        if exponent > GONE {
            return Some([mean, square]);
        }
        time = next;
        effect += usize::from(next_effect <= next);
        piece += usize::from(next_piece <= next);
    }
}

fn since_start(course: &Course) -> bool {
    course.clock == crate::survival::Clock::SinceRandomization
}

/// Kinks of PFS survival, λ₀₁ and the residual moments as functions of the time of progression.
fn kinks(course: &Course) -> Vec<f64> {
    let clock = course.after_baseline.starts();
    let mut kinks: Vec<f64> = course.progression.starts().to_vec();
    kinks.extend(course.death.starts());
    kinks.extend(course.after_effect.starts());
    kinks.push(course.product_at);
    if since_start(course) {
        kinks.extend(clock);
    } else if clock.len() * course.after_effect.starts().len() <= KINKS {
        kinks.extend(course.after_effect.starts().iter().flat_map(|&e| clock.iter().map(move |&b| e - b)));
    }
    kinks.retain(|&time| time > 0.0);
    kinks.sort_unstable_by(f64::total_cmp);
    kinks.dedup();
    kinks
}
