//! Hazards and effects: every HAZARD and EFFECT form becomes a step function.

use super::{exactly_one, length};
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits;
use crate::scenario::raw::hazard::{Delay, Effect, Hazard, HazardPiece, RatioPiece, SurvivalPoint};
use crate::scenario::raw::shape::Form;
use crate::survival::{self, HazardRatio, PiecewiseHazard, Waiting};

/// A hazard and the share of patients who never have the event.
pub(crate) fn hazard(raw: &Hazard, at: &At<'_>) -> Checked<(PiecewiseHazard, f64)> {
    let form = exactly_one(
        &[
            ("hazard", raw.hazard.is_some()),
            ("median", raw.median.is_some()),
            ("hazards", raw.hazards.is_some()),
            ("survival", raw.survival.is_some()),
            ("weibull", raw.weibull.is_some()),
        ],
        at,
    )?;
    let here = at.key(form);
    let made = if let Some(rate) = raw.hazard {
        PiecewiseHazard::constant(rate.get())
    } else if let Some(median) = raw.median {
        PiecewiseHazard::from_median(median.get())
    } else if let Some(pieces) = &raw.hazards {
        let months = |piece: &HazardPiece| piece.months.map(f64::from);
        let starts = starts(pieces, months, &here)?;
        let rates: Vec<f64> = pieces.iter().map(|piece| piece.hazard.get()).collect();
        PiecewiseHazard::new(&starts, &rates)
    } else if let Some(points) = &raw.survival {
        PiecewiseHazard::through_survival(&survival_points(points, &here)?)
    } else if let Some(weibull) = &raw.weibull {
        PiecewiseHazard::weibull(weibull.shape.get(), weibull.median.get())
    } else {
        Ok(PiecewiseHazard::zero())
    };
    let made = made.map_err(|invalid| here.invalid(&invalid))?;
    // Medians of hours and survival that falls within minutes are misprints that would cost an engine dearly. A Weibull
    // hazard may be steep at 0 where next to nobody is at risk.
    if raw.weibull.is_none()
        && let Some(rate) = made.rates().iter().find(|rate| **rate > limits::HAZARD)
    {
        return Err(here.fail(format!("means a hazard of {rate} per month, more than {}", limits::HAZARD)));
    }
    Ok((made, raw.cured.map_or(0.0, f64::from)))
}

/// Starts of the pieces of a step function whose last piece is open-ended.
pub(crate) fn starts<T>(pieces: &[T], months: impl Fn(&T) -> Option<f64>, at: &At<'_>) -> Checked<Vec<f64>> {
    length(pieces, 1, limits::PIECES, "pieces", at)?;
    let mut starts = vec![0.0];
    for (index, piece) in pieces.iter().enumerate() {
        let here = at.index(index);
        match (months(piece), index + 1 == pieces.len()) {
            (Some(months), false) => starts.push(starts[index] + months),
            (None, true) => {}
            (Some(_), true) => {
                return Err(here.key("for").fail("the last piece is open-ended and has no `for`"));
            }
            (None, false) => {
                return Err(here.key("for").fail("every piece but the last needs `for`, its length in months"));
            }
        }
    }
    Ok(starts)
}

fn survival_points(points: &[SurvivalPoint], at: &At<'_>) -> Checked<Vec<(f64, f64)>> {
    length(points, 1, limits::PIECES, "survival points", at)?;
    let points: Vec<(f64, f64)> = points.iter().map(|point| (point.at.get(), point.is.get())).collect();
    for (index, pair) in points.windows(2).enumerate() {
        let here = at.index(index + 1);
        if pair[1].0 <= pair[0].0 {
            return Err(here.key("at").fail(format!("must be later than the point before, at {} months", pair[0].0)));
        }
        if pair[1].1 > pair[0].1 {
            return Err(here.key("is").fail(format!("must not be above the point before, {}", pair[0].1)));
        }
    }
    Ok(points)
}

/// An effect whose delay is the same for everybody, as a hazard ratio over time; no effect if absent. A delay that differs
/// between patients is for [`timed_effect`].
pub(crate) fn effect(raw: Option<&Effect>, at: &At<'_>) -> Checked<HazardRatio> {
    let delay = delay(raw, at)?.mean();
    ratio(raw, delay, at)
}

/// An effect with its delay apart; no effect if absent.
pub(crate) fn timed_effect(raw: Option<&Effect>, at: &At<'_>) -> Checked<survival::Effect> {
    Ok(survival::Effect { ratio: ratio(raw, 0.0, at)?, delay: delay(raw, at)? })
}

/// The delay of an effect.
pub(crate) fn delay(raw: Option<&Effect>, at: &At<'_>) -> Checked<Waiting> {
    let Some(Form::Full(course)) = raw else { return Ok(Waiting::NONE) };
    let here = at.key("delay");
    match &course.delay {
        None => Ok(Waiting::NONE),
        Some(Form::Short(months)) => Waiting::fixed(months.get()).map_err(|invalid| here.invalid(&invalid)),
        Some(Form::Full(law)) => waiting(law, &here),
    }
}

/// A waiting time.
pub(crate) fn waiting(raw: &Delay, at: &At<'_>) -> Checked<Waiting> {
    let made = match (raw.fixed, raw.median, raw.shape) {
        (Some(months), None, None) => Waiting::fixed(months.get()),
        (None, Some(median), Some(shape)) => Waiting::gamma(median.get(), shape.get()),
        (Some(_), _, _) => return Err(at.fail("has either `fixed`, or `median` and `shape`, not both")),
        _ => return Err(at.fail("needs `fixed`, or `median` and `shape`")),
    };
    made.map_err(|invalid| at.invalid(&invalid))
}

/// The hazard ratio over time, beginning after `delay` months.
fn ratio(raw: Option<&Effect>, delay: f64, at: &At<'_>) -> Checked<HazardRatio> {
    let Some(raw) = raw else { return Ok(HazardRatio::one()) };
    let course = match raw {
        Form::Short(ratio) => {
            return HazardRatio::delayed(ratio.get(), 0.0, 0.0).map_err(|invalid| at.invalid(&invalid));
        }
        Form::Full(course) => course,
    };
    let ramp = course.ramp.map_or(0.0, f64::from);
    let here = at.key("hazard_ratio");
    let made = match &course.hazard_ratio {
        Form::Short(ratio) => HazardRatio::delayed(ratio.get(), delay, ramp),
        Form::Full(pieces) => {
            for (key, there) in [("delay", course.delay.is_some()), ("ramp", course.ramp.is_some())] {
                if there {
                    let rule = format!("`{key}` goes with a single hazard ratio, not with pieces over time");
                    return Err(at
                        .key(key)
                        .fail(rule)
                        .hint("write it into the pieces, for example {\"for\": 4, \"is\": 1}"));
                }
            }
            let months = |piece: &RatioPiece| piece.months.map(f64::from);
            let starts = starts(pieces, months, &here)?;
            let ratios: Vec<f64> = pieces.iter().map(|piece| piece.is.get()).collect();
            HazardRatio::new(&starts, &ratios)
        }
    };
    made.map_err(|invalid| here.invalid(&invalid))
}
