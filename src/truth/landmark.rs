//! Why responders must not be compared with non-responders from randomisation on: immortal time.

use crate::invalid::{Invalid, require};

/// Naive rate ratio (events per patient-month) of responders against non-responders, counted from randomisation, when
/// the response has no effect and no link to outcome at all.
///
/// Symbols: q = `response_rate` in (0, 1); λ = `hazard` per month, above 0; L = `landmark`, months to the reading, at
/// least 0; τ = `follow_up` months, above L. A responder must be alive at L to be read, so that responders have
/// `q·e^(−λL)·F_L` events in `q·e^(−λL)·(L + F_L/λ)` patient-months, `F_L = 1 − e^(−λ(τ−L))`; all patients together have F
/// events in F/λ patient-months, F = 1 − e^(−λτ); non-responders have the rest. The ratio is 1 at L = 0 and below 1
/// beyond it (Anderson, Cain and Gelber 1983; Suissa 2008).
///
/// # Errors
/// [`Invalid`] for a number out of range.
pub fn immortal_time_rate_ratio(
    response_rate: f64,
    hazard: f64,
    landmark: f64,
    follow_up: f64,
) -> Result<f64, Invalid> {
    require(response_rate > 0.0 && response_rate < 1.0, "response rate", response_rate, "it must be in (0, 1)")?;
    require(hazard.is_finite() && hazard > 0.0, "hazard", hazard, "it must be finite and above 0")?;
    require(landmark.is_finite() && landmark >= 0.0, "landmark", landmark, "it must be finite and at least 0")?;
    require(
        follow_up.is_finite() && follow_up > landmark,
        "follow-up",
        follow_up,
        "it must be finite and longer than the time to the reading",
    )?;
    let read = response_rate * (-hazard * landmark).exp();
    let events_after = -(-hazard * (follow_up - landmark)).exp_m1();
    let events = -(-hazard * follow_up).exp_m1();
    let months_after = landmark + events_after / hazard;
    let responders = events_after / months_after;
    let others = (events - read * events_after) / (events / hazard - read * months_after);
    Ok(responders / others)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// J7: q = .4, λ = .06, L = 3, τ = 36.
    #[test]
    fn j7_immortal_time() {
        let ratio = immortal_time_rate_ratio(0.4, 0.06, 3.0, 36.0).unwrap();
        assert!((ratio - 0.743_868).abs() < 5e-7, "{ratio}");
        assert!((immortal_time_rate_ratio(0.4, 0.06, 0.0, 36.0).unwrap() - 1.0).abs() < 1e-14);
        for (q, hazard, landmark, tau) in [(0.0, 0.1, 1.0, 2.0), (0.4, 0.0, 1.0, 2.0), (0.4, 0.1, 2.0, 2.0)] {
            assert!(immortal_time_rate_ratio(q, hazard, landmark, tau).is_err());
        }
    }
}
