//! Intersection test of a full population and a stratum inside it.

use crate::invalid::{Invalid, require};
use crate::numerics::bivariate;
use crate::numerics::normal::{sf, upper_quantile};
use crate::numerics::roots::{RootError, brent};

/// p-value of "no effect in the stratum and none in the full population": 1 − Φ₂(z, z; √τ), z the larger of the two statistics
/// (Spiessens and Debois 2010). τ is the stratum's share of the full population's information (events), in (0, 1).
///
/// # Errors
/// [`Invalid`] when τ is not in (0, 1) or a statistic is NaN.
///
/// ```
/// // τ = ½ is Pocock's two looks: 2.178272 spends 0.025.
/// let p = seamline::adaptive::populations::spiessens_debois(2.178_272, 0.0, 0.5)?;
/// assert!((p - 0.025).abs() < 1e-7);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn spiessens_debois(stratum: f64, full: f64, share: f64) -> Result<f64, Invalid> {
    require(share > 0.0 && share < 1.0, "stratum's share", share, "must be above 0 and below 1")?;
    require(!stratum.is_nan(), "statistic of the stratum", stratum, "must be a number")?;
    require(!full.is_nan(), "statistic of the full population", full, "must be a number")?;
    let z = stratum.max(full);
    Ok((2.0 * sf(z) - bivariate::upper(z, z, share.sqrt())).clamp(0.0, 1.0))
}

/// Correlation under the null of two log-rank statistics that share events: d₁₂/√(d₁d₂) (Anderson, Guo, Zhao and Sun 2022). The two may
/// belong to overlapping populations, or to looks; `shared` are the events in both.
///
/// # Errors
/// [`Invalid`] when a number of events is not above 0 or more are shared than there are.
pub fn correlation(shared: f64, one: f64, other: f64) -> Result<f64, Invalid> {
    require(one > 0.0 && one.is_finite(), "events of the one", one, "must be above 0")?;
    require(other > 0.0 && other.is_finite(), "events of the other", other, "must be above 0")?;
    require(shared >= 0.0 && shared <= one.min(other), "shared events", shared, "must be at least 0 and in both")?;
    Ok(shared / (one * other).sqrt())
}

/// The value that the larger of the two statistics exceeds with probability `alpha` under the null.
///
/// # Errors
/// [`RootError`] when `alpha` is not in (0, 1) or the share is not in (0, 1).
pub fn critical_value(alpha: f64, share: f64) -> Result<f64, RootError> {
    let goal = upper_quantile(alpha);
    brent(goal, upper_quantile(0.5 * alpha), 1e-13, |z| {
        spiessens_debois(z, z, share).map_or(f64::NAN, |p| upper_quantile(p) - goal)
    })
}
