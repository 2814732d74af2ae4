//! Inference after or during a group-sequential trial: stage-wise ordered p-value, median-unbiased estimate, intervals.

use super::crossing::{check_information, check_length, follow};
use crate::invalid::{Invalid, require};
use crate::numerics::normal::{quantile, upper_quantile};
use crate::numerics::roots::{RootError, bracket_monotone, brent};

/// What a trial showed, up to the look it is read at.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    /// Information of the looks taken, I_1 < … < I_k, in the unit of θ (E Z_j = θ√I_j).
    pub information: &'a [f64],
    /// Efficacy bounds of the looks before the last one taken, k − 1 of them.
    pub efficacy: &'a [f64],
    /// Futility bounds of those looks that the trial obeys; `None` when they are not binding.
    pub futility: Option<&'a [f64]>,
    /// z of the last look taken.
    pub z: f64,
}

/// An estimate of θ with an interval, one-sided level α on either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Estimate.
    pub estimate: f64,
    /// Upper end.
    pub high: f64,
}

/// Why there is no inference.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InferenceError {
    /// A number that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A limit could not be found.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// Probability, under θ, of a result at least as extreme as the path's in the stage-wise ordering: crossing the efficacy bound at an
/// earlier look, or reaching the last look taken and standing at or above its z (Fairbanks and Madsen 1982; Tsiatis, Rosner and
/// Mehta 1984). At θ = 0 it is the p-value.
///
/// # Errors
/// [`Invalid`] when lengths differ, information does not increase, or z is not finite.
///
/// ```
/// // The first look taken: the ordinary p-value.
/// use seamline::{numerics::normal::sf, sequential::inference::{Path, stagewise_p}};
/// let path = Path { information: &[50.0], efficacy: &[], futility: None, z: 2.2 };
/// assert!((stagewise_p(&path, 0.0)? - sf(2.2)).abs() < 1e-15);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn stagewise_p(path: &Path, theta: f64) -> Result<f64, Invalid> {
    check(path)?;
    require(theta.is_finite(), "theta", theta, "must be finite")?;
    Ok(extreme(path, theta))
}

fn check(path: &Path) -> Result<(), Invalid> {
    check_information(path.information)?;
    check_length("number of efficacy bounds before the last look", path.efficacy.len() + 1, path.information.len())?;
    if let Some(futility) = path.futility {
        check_length("number of futility bounds before the last look", futility.len() + 1, path.information.len())?;
    }
    require(path.z.is_finite(), "observed z", path.z, "must be finite").map(drop)
}

fn extreme(path: &Path, theta: f64) -> f64 {
    let upper: Vec<f64> = path.efficacy.iter().copied().chain([path.z]).collect();
    let mut lower = path.futility.map_or_else(|| vec![f64::NEG_INFINITY; path.efficacy.len()], <[f64]>::to_vec);
    lower.push(f64::NEG_INFINITY);
    let means: Vec<f64> = path.information.iter().map(|level| theta * level.sqrt()).collect();
    follow(path.information, &means, &upper, &lower).reject()
}

/// θ at which [`stagewise_p`] is `level`: level ½ gives the median-unbiased estimate, α and 1 − α the ends of an interval that covers
/// with probability 1 − 2α (Tsiatis, Rosner and Mehta 1984). To 1e-10 standard errors.
///
/// # Errors
/// [`InferenceError`] when an argument is impossible or no θ within 100 standard errors has that level.
pub fn stagewise_limit(path: &Path, level: f64) -> Result<f64, InferenceError> {
    check(path)?;
    require(level > 0.0 && level < 1.0, "level", level, "must be above 0 and below 1")?;
    let scale = path.information[path.information.len() - 1].sqrt();
    let goal = quantile(level);
    let gap = |drift: f64| quantile(extreme(path, drift / scale).clamp(1e-300, 1.0 - 1e-16)) - goal;
    let (low, high) = bracket_monotone(path.z, 1.0, (path.z - 100.0, path.z + 100.0), gap)?;
    Ok(brent(low, high, 1e-10, gap)? / scale)
}

/// Median-unbiased estimate and interval by stage-wise ordering.
///
/// # Errors
/// As [`stagewise_limit`].
pub fn stagewise_interval(path: &Path, alpha: f64) -> Result<Interval, InferenceError> {
    Ok(Interval {
        low: stagewise_limit(path, alpha)?,
        estimate: stagewise_limit(path, 0.5)?,
        high: stagewise_limit(path, 1.0 - alpha)?,
    })
}

/// Repeated confidence interval of θ at a look with efficacy bound `bound`: z/√I ± b/√I. All looks' intervals together cover with
/// probability at least 1 − 2α (Jennison and Turnbull 1989).
pub fn repeated_interval(information: f64, z: f64, bound: f64) -> Interval {
    let scale = 1.0 / information.sqrt();
    Interval { low: (z - bound) * scale, estimate: z * scale, high: (z + bound) * scale }
}

/// The interval as if this had been the only look: z/√I ± z_α/√I.
pub fn naive_interval(information: f64, z: f64, alpha: f64) -> Interval {
    repeated_interval(information, z, upper_quantile(alpha))
}

/// Repeated p-value of a look: the smallest level whose design rejects at this z (Jennison and Turnbull 1989). `bound_at` gives the
/// look's efficacy bound at a one-sided level; it falls as the level rises. `None` where it does not depend on the level. Levels
/// of 0.5 and more are 0.5, levels below 1e-12 are 1e-12.
///
/// The sequential p-value is the smallest of all looks taken (Liu and Anderson 2008).
///
/// # Errors
/// [`RootError`] when the bound is not a number.
pub fn repeated_p(z: f64, mut bound_at: impl FnMut(f64) -> f64) -> Result<Option<f64>, RootError> {
    const LEAST: f64 = 1e-12;
    const MOST: f64 = 0.5 - 1e-9;
    let mut gap = |x: f64| bound_at(normal_level(x)).min(40.0) - z;
    let (low, high) = (upper_quantile(MOST), upper_quantile(LEAST));
    let (at_low, at_high) = (gap(low), gap(high));
    if at_low == at_high {
        return Ok(None);
    }
    if at_low > 0.0 {
        return Ok(Some(0.5));
    }
    if at_high <= 0.0 {
        return Ok(Some(LEAST));
    }
    Ok(Some(normal_level(brent(low, high, 1e-11, gap)?)))
}

fn normal_level(x: f64) -> f64 {
    crate::numerics::normal::sf(x)
}
