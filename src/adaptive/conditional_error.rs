//! Conditional error functions A(z₁) = P₀(reject later | stage 1), of two stages and of group-sequential designs.

use crate::invalid::{Invalid, require};
use crate::numerics::normal::{pdf, sf};
use crate::numerics::quadrature::legendre;
use crate::numerics::roots::{RootError, brent};
use crate::sequential::{Bounds, conditional::conditional_crossing};

/// Conditional rejection probability of a group-sequential design under the null, given Z = `z` at `look` (from 0): the level at which
/// whatever is done from there on may be tested (Müller and Schäfer 2001).
///
/// `futility` bounds that the design's level counts on; `None` when they are not binding.
///
/// # Errors
/// [`Invalid`] as [`conditional_crossing`].
pub fn group_sequential(
    information: &[f64],
    efficacy: &[f64],
    futility: Option<&[f64]>,
    look: usize,
    z: f64,
) -> Result<f64, Invalid> {
    let looks = information.len();
    let futility = futility.map_or_else(|| vec![f64::NEG_INFINITY; looks], <[f64]>::to_vec);
    let bounds = Bounds { efficacy: efficacy.to_vec(), futility };
    Ok(conditional_crossing(information, &vec![0.0; looks], &bounds, look, z)?.reject())
}

/// The circular conditional error function A(z₁) = Φ̄(√(c² − z₁²)): 0 below z_α0, 1 from c on (Proschan and Hunsberger 1995).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circular {
    radius: f64,
    stop: f64,
}

impl Circular {
    /// For one-sided level `alpha` in (0, 0.5), stopping for futility below `stop` = z_α0 in [0, z_α): c solves
    /// Φ̄(c) + ∫_{z_α0}^c Φ̄(√(c² − z²)) φ(z) dz = α.
    ///
    /// # Errors
    /// [`Invalid`] when a number is impossible.
    pub fn new(alpha: f64, stop: f64) -> Result<Self, Invalid> {
        require(alpha > 0.0 && alpha < 0.5, "alpha", alpha, "must be above 0 and below 0.5")?;
        let z_alpha = crate::numerics::normal::upper_quantile(alpha);
        require((0.0..z_alpha).contains(&stop), "stop", stop, "must be at least 0 and below z of the level")?;
        // At c = z_α the level is above α, at c = z_α + 3 below it.
        let found: Result<f64, RootError> =
            brent(z_alpha, z_alpha + 3.0, 1e-13, |radius| Self { radius, stop }.level() - alpha);
        found.map(|radius| Self { radius, stop }).map_err(|_| Invalid {
            what: "alpha",
            value: alpha,
            rule: "has no radius",
        })
    }

    /// c.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// A(z₁).
    pub fn at(&self, z: f64) -> f64 {
        if z < self.stop {
            0.0
        } else if z >= self.radius {
            1.0
        } else {
            sf(((self.radius - z) * (self.radius + z)).sqrt())
        }
    }

    /// ∫ A(z) φ(z) dz; the substitution z = c sin t makes the integrand smooth up to c.
    fn level(&self) -> f64 {
        let c = self.radius;
        let first = libm::asin(self.stop / c);
        let inside = legendre(48).integrate(first, std::f64::consts::FRAC_PI_2, |t| {
            sf(c * libm::cos(t)) * pdf(c * libm::sin(t)) * c * libm::cos(t)
        });
        sf(c) + inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::normal::upper_quantile;

    /// A trial that stops at z₁ < 0 and is a half circle otherwise: P(Z₁² + Z₂² ≥ c², quadrant and beyond) has a closed form. With
    /// z_α0 = 0 the level is the quadrant's e^{−c²/2}/4 and Φ̄(c)/2 of the half strip z₂ < 0, z₁ ≥ c.
    #[test]
    fn the_circle_has_its_closed_form() {
        for alpha in [0.01, 0.025, 0.1] {
            let circle = Circular::new(alpha, 0.0).unwrap();
            let c = circle.radius();
            let exact = 0.25 * libm::exp(-0.5 * c * c) + 0.5 * sf(c);
            assert!((exact - alpha).abs() < 1e-12, "{alpha}: {exact}");
            assert_eq!((circle.at(-0.1), circle.at(c)), (0.0, 1.0));
        }
        assert!(Circular::new(0.025, 2.0).is_err() && Circular::new(f64::NAN, 0.0).is_err());
    }

    /// The conditional error averages to the level over what stage 1 may show.
    #[test]
    fn group_sequential_averages_to_the_level() {
        let (information, efficacy) = ([0.4, 0.7, 1.0], [2.8, 2.4, 2.05]);
        let later = legendre(200)
            .integrate(-9.0, 2.8, |z| pdf(z) * group_sequential(&information, &efficacy, None, 0, z).unwrap());
        let bounds = Bounds { efficacy: efficacy.to_vec(), futility: vec![f64::NEG_INFINITY; 3] };
        let level = crate::sequential::crossing::canonical(&information, &[0.0; 3], &bounds).unwrap().reject();
        assert!((later + sf(2.8) - level).abs() < 1e-11);
        // One look to come: Φ̄((b − √t z)/√(1−t)).
        let one = group_sequential(&[0.5, 1.0], &[3.0, upper_quantile(0.025)], None, 0, 1.5).unwrap();
        let exact = sf((upper_quantile(0.025) - 0.5_f64.sqrt() * 1.5) / 0.5_f64.sqrt());
        assert!((one - exact).abs() < 1e-13);
    }
}
