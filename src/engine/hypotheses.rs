//! Which hypotheses are true, and which arm is truly best, under one truth.

use crate::engine::schedule::Laws;
use crate::engine::{EngineError, Hypotheses};
use crate::protocol::Protocol;
use crate::statistics::{EventLaw, MixtureLaw};
use crate::survival::Endpoint;
use crate::truth::Truth;

/// Survival curves closer than this everywhere are the same curve (laws with frailty are quadratures).
const SAME: f64 = 1e-7;

/// Months to which survival curves are compared and restricted means are taken.
const COMPARED_MONTHS: f64 = 240.0;

/// Judges every hypothesis of a protocol: each experimental arm on the primary endpoint, or the experimental arm on each of several.
///
/// # Errors
/// [`EngineError::Invalid`] if a law cannot be built.
pub fn hypotheses(truth: &Truth, protocol: &Protocol) -> Result<Hypotheses, EngineError> {
    let Some(several) = &protocol.several else { return on(truth, protocol.primary.endpoint) };
    let mut all = Hypotheses { null_true: Vec::new(), best: Vec::new() };
    for &endpoint in &several.endpoints {
        let one = on(truth, endpoint)?;
        all.null_true.extend(one.null_true);
        all.best.extend(one.best);
    }
    Ok(all)
}

/// Judges each experimental arm against the control on one endpoint, marginally over strata: the null is true when the
/// arm's survival curve is nowhere above the control's.
fn on(truth: &Truth, endpoint: Endpoint) -> Result<Hypotheses, EngineError> {
    let laws = Laws::new(truth, endpoint)?;
    let times: Vec<f64> = (1..=960).map(|i| COMPARED_MONTHS * f64::from(i) / 960.0).collect();
    let curves: Vec<Vec<f64>> = laws
        .laws
        .iter()
        .map(|strata| {
            let parts = truth.strata.iter().zip(strata).map(|(s, law)| (s.prevalence, law as &dyn EventLaw)).collect();
            let (mut survival, mut density) = (vec![0.0; times.len()], vec![0.0; times.len()]);
            MixtureLaw::new(parts).tabulate(&times, &mut survival, &mut density);
            survival
        })
        .collect();
    let null_true: Vec<bool> =
        curves[1..].iter().map(|arm| arm.iter().zip(&curves[0]).all(|(a, c)| a - c <= SAME)).collect();
    let means: Vec<f64> = curves[1..].iter().map(|arm| arm.iter().sum()).collect();
    let top = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let best =
        means.iter().zip(&null_true).map(|(mean, null)| !null && *mean >= top - SAME * times.len() as f64).collect();
    Ok(Hypotheses { null_true, best })
}
