//! Stands in for constructors of lower rooms that are being written beside this one.

use crate::invalid::{Invalid, require};
use crate::survival::PiecewiseHazard;

/// Constant hazard with the given median (months).
pub(super) fn from_median(median: f64) -> Result<PiecewiseHazard, Invalid> {
    PiecewiseHazard::constant(std::f64::consts::LN_2 / median)
}

/// Constant hazards between survival points `(month, survival)`; the last hazard goes on.
pub(super) fn through_survival(points: &[(f64, f64)]) -> Result<PiecewiseHazard, Invalid> {
    let (mut starts, mut rates) = (Vec::new(), Vec::new());
    let (mut month, mut cumulative) = (0.0, 0.0);
    for &(at, is) in points {
        let next = -is.ln();
        starts.push(month);
        rates.push((next - cumulative) / (at - month));
        (month, cumulative) = (at, next);
    }
    PiecewiseHazard::new(&starts, &rates)
}

/// Weibull hazard with the given shape and median (months), as constant hazards.
pub(super) fn weibull(shape: f64, median: f64) -> Result<PiecewiseHazard, Invalid> {
    const PIECES: u32 = 1000;
    let points: Vec<(f64, f64)> = (1..PIECES)
        .map(|piece| {
            let survival = 1.0 - f64::from(piece) / f64::from(PIECES);
            (median * (-survival.ln() / std::f64::consts::LN_2).powf(1.0 / shape), survival)
        })
        .collect();
    through_survival(&points)
}

/// Response rate of an arm whose latent standard normal response is shifted against the control's.
pub(super) fn shifted_rate(control_rate: f64, shift: f64) -> Result<f64, Invalid> {
    let inside = control_rate > 0.0 && control_rate < 1.0;
    require(inside, "control response rate", control_rate, "a shift needs it above 0 and below 1")?;
    // Φ(Φ⁻¹(p) + δ), with Φ(x) = erfc(−x/√2)/2.
    let latent = -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * control_rate) + shift;
    Ok(0.5 * libm::erfc(-latent / std::f64::consts::SQRT_2))
}
