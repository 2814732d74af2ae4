//! Probabilities of crossing bounds, look by look.

use super::Bounds;
use super::recursion::Recursion;
use crate::invalid::{Invalid, require};

/// Most looks of a trial.
pub const MAX_LOOKS: usize = 20;

/// Probabilities of stopping at each look.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// P(first stop at look k, at or above the efficacy bound).
    pub efficacy: Vec<f64>,
    /// P(first stop at look k, at or below the futility bound).
    pub futility: Vec<f64>,
}

impl Crossing {
    /// P(any efficacy bound is crossed): power, or the type I error.
    pub fn reject(&self) -> f64 {
        self.efficacy.iter().sum()
    }
}

/// Crossing probabilities under the canonical joint law.
///
/// * `information`: I_1 < … < I_K, positive, in any unit (fractions will do); at most [`MAX_LOOKS`].
/// * `means`: E Z_k, any finite number a look (θ√I_k under a constant effect θ).
/// * `bounds`: on the z scale, may be infinite. Where futility is not below efficacy the trial ends for certain, efficacy
///   going first.
///
/// Z_k ~ N(E Z_k, 1), Cov(Z_j, Z_k) = √(I_j/I_k) for j ≤ k (Scharfstein, Tsiatis and Robins 1997). The recursion of
/// Armitage, McPherson and Rowe (1969) on Gauss–Legendre nodes; absolute error below 1e-11 a look, also for looks close together.
///
/// # Errors
/// [`Invalid`] when lengths differ, information does not increase, or a number is NaN.
///
/// ```
/// // Jennison and Turnbull 2000, table 2.1: two looks at 2.178 hold a two-sided level of 0.05.
/// use seamline::sequential::{Bounds, crossing::canonical};
/// let bounds = Bounds { efficacy: vec![2.178_272; 2], futility: vec![-2.178_272; 2] };
/// let crossing = canonical(&[0.5, 1.0], &[0.0, 0.0], &bounds)?;
/// assert!((2.0 * crossing.reject() - 0.05).abs() < 1e-7);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn canonical(information: &[f64], means: &[f64], bounds: &Bounds) -> Result<Crossing, Invalid> {
    check_information(information)?;
    check_looks(information.len(), means, bounds)?;
    Ok(follow(information, means, &bounds.efficacy, &bounds.futility))
}

/// [`canonical`] without the checks.
pub(super) fn follow(information: &[f64], means: &[f64], upper: &[f64], lower: &[f64]) -> Crossing {
    let looks = information.len();
    let mut crossing = Crossing { efficacy: Vec::with_capacity(looks), futility: Vec::with_capacity(looks) };
    let mut recursion = Recursion::new(information);
    for look in 0..looks {
        let b = upper[look] - means[look];
        let a = (lower[look] - means[look]).min(b);
        crossing.efficacy.push(recursion.up(b).clamp(0.0, 1.0));
        crossing.futility.push(recursion.down(a).clamp(0.0, 1.0));
        recursion.advance(a, b);
    }
    crossing
}

/// Checks information levels: 1 to [`MAX_LOOKS`] of them, positive, finite, increasing.
///
/// # Errors
/// [`Invalid`] with the first that is not.
pub fn check_information(information: &[f64]) -> Result<(), Invalid> {
    let looks = information.len();
    require((1..=MAX_LOOKS).contains(&looks), "number of looks", looks as f64, "must be 1 to 20")?;
    let mut before = 0.0;
    for &level in information {
        require(
            level.is_finite() && level > before,
            "information",
            level,
            "must be positive and increase from look to look",
        )?;
        before = level;
    }
    Ok(())
}

/// Checks that means and bounds have one number a look.
pub(super) fn check_looks(looks: usize, means: &[f64], bounds: &Bounds) -> Result<(), Invalid> {
    check_length("number of means", means.len(), looks)?;
    check_length("number of efficacy bounds", bounds.efficacy.len(), looks)?;
    check_length("number of futility bounds", bounds.futility.len(), looks)?;
    for &mean in means {
        require(mean.is_finite(), "mean", mean, "must be finite")?;
    }
    for &bound in bounds.efficacy.iter().chain(&bounds.futility) {
        require(!bound.is_nan(), "bound", bound, "must be a number")?;
    }
    Ok(())
}

/// Checks one length against the number of looks.
pub(super) fn check_length(what: &'static str, length: usize, looks: usize) -> Result<(), Invalid> {
    require(length == looks, what, length as f64, "must be the number of looks").map(drop)
}
