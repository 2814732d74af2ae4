//! The analytic engine: a two-arm group-sequential trial without randomness.
//!
//! The statistic's own law under the truth is used: mean, variance and covariance between looks from its influence
//! function, with the correction for looks fixed by a number of events (see [`Expectation`]). Bounds come
//! from the plan, computed under the null.

use crate::engine::planner::{laws_for, trial_cohort, trial_schedule};
use crate::engine::schedule::{Cohort, Laws, ScheduledLook};
use crate::engine::{
    BoundAt, EngineError, Estimate, Expected, Hypotheses, LookOutcome, OperatingCharacteristics, Plan,
};
use crate::numerics::normal;
use crate::protocol::{Design, Protocol};
use crate::sequential;
use crate::sequential::{crossing::Crossing, harm::HarmCrossing};
use crate::statistics::{Cell, Comparison, EventLaw, Expectation, MixtureLaw, StratumPair, Timing};
use crate::truth::Truth;

/// Name of the engine in answers.
pub const NAME: &str = "analytic";

/// Operating characteristics of a group-sequential trial.
///
/// # Errors
/// [`EngineError::NotCovered`] for a design with a transition; errors of the numerics otherwise.
pub fn evaluate(
    protocol: &Protocol,
    truth: &Truth,
    plan: &Plan,
    hypotheses: &Hypotheses,
) -> Result<OperatingCharacteristics, EngineError> {
    let Design::GroupSequential(design) = &protocol.design else {
        return Err(EngineError::NotCovered { engine: NAME, feature: "a data-driven transition".into() });
    };
    if protocol.several.is_some() {
        return Err(EngineError::NotCovered { engine: NAME, feature: "several primary endpoints".into() });
    }
    refuse_harm(protocol)?;
    let laws = laws_for(protocol, protocol.analyses.iter().map(|a| &a.when), truth)?;
    let cohort = trial_cohort(design, truth);
    let scheduled = trial_schedule(protocol, truth, &laws, &cohort)?;
    let expectation = expectation(protocol, truth, &laws[0], &cohort, &scheduled)?;
    let mut warnings = Vec::new();
    let timing: Vec<Timing> =
        scheduled.iter().enumerate().map(|(k, look)| timing(protocol, k, look, &mut warnings)).collect();
    let HarmCrossing { crossing, harm } = crossing(&expectation, &timing, plan)?;

    let total: f64 = cohort.patients.iter().sum();
    let shares = [cohort.patients[0] / total, cohort.patients[1] / total];
    let mut going = 1.0;
    let mut expected = [0.0; 3];
    let mut looks = Vec::with_capacity(scheduled.len());
    for (k, look) in scheduled.iter().enumerate() {
        let events = expectation.events(k) * total;
        let patients = truth.enrollment.expected_by(look.month).min(total);
        let stop_for_harm = harm.get(k).copied();
        let here = crossing.efficacy[k] + crossing.futility[k] + stop_for_harm.unwrap_or(0.0);
        let ends_here = if k + 1 == scheduled.len() { going } else { here };
        for (sum, value) in expected.iter_mut().zip([patients, events, look.month]) {
            *sum += ends_here * value;
        }
        going -= here;
        let bound = |z: f64| z.is_finite().then(|| bound_at(z, events, &shares, protocol));
        looks.push(LookOutcome {
            analysis: protocol.analyses[k].name.clone(),
            month: Estimate::exact(look.month),
            events: Estimate::exact(events),
            patients: Estimate::exact(patients),
            information_fraction: plan.looks[k].information_fraction,
            efficacy_bound: bound(plan.bounds.efficacy[k]),
            futility_bound: bound(plan.bounds.futility[k]),
            harm_bound: plan.harm.get(k).and_then(|&z| bound(z)),
            cross_harm: stop_for_harm.map(Estimate::exact),
            cross_efficacy: Estimate::exact(crossing.efficacy[k]),
            cross_futility: Estimate::exact(crossing.futility[k]),
            average_hazard_ratio: expectation.table().average_hazard_ratio(k),
            cox_hazard_ratio: expectation.table().cox_hazard_ratio(k),
        });
    }
    let reject = Estimate::exact(crossing.efficacy.iter().sum::<f64>().clamp(0.0, 1.0));
    Ok(OperatingCharacteristics {
        engine: NAME,
        replicates: None,
        reject_any: reject,
        reject_all: None,
        reject: vec![reject],
        null_true: hypotheses.null_true.clone(),
        type_i_error: hypotheses.null_true[0].then_some(reject),
        go: Estimate::exact(1.0),
        stop: Estimate::exact(0.0),
        selected: vec![Estimate::exact(1.0)],
        correct_selection: None,
        transition: None,
        looks,
        expected: Expected {
            patients: Estimate::exact(expected[0]),
            events: Estimate::exact(expected[1]),
            months: Estimate::exact(expected[2]),
        },
        warnings,
    })
}

/// Probabilities of first crossing each look's bounds, under the statistics' own joint law.
fn crossing(expectation: &Expectation, timing: &[Timing], plan: &Plan) -> Result<HarmCrossing, EngineError> {
    let (means, covariance) = expectation.joint_law(timing);
    let found = if expectation.tests() > 1 {
        sequential::several::crossing(means.as_slice(), &covariance, expectation.tests(), &plan.bounds.efficacy)
            .map(|efficacy| Crossing { futility: vec![0.0; efficacy.len()], efficacy })
            .map(|crossing| HarmCrossing { crossing, harm: Vec::new() })
    } else if plan.harm.is_empty() {
        sequential::joint::joint(means.as_slice(), &covariance, &plan.bounds)
            .map(|crossing| HarmCrossing { crossing, harm: Vec::new() })
    } else {
        sequential::harm::split(&plan.bounds, &plan.harm, |bounds| {
            let looks = bounds.efficacy.len();
            let covariance = covariance.view((0, 0), (looks, looks)).into_owned();
            sequential::joint::joint(&means.as_slice()[..looks], &covariance, bounds)
        })
    };
    found.map_err(|error| EngineError::Numerics(error.to_string()))
}

/// Refuses harm bounds of a statistic other than the one tested.
fn refuse_harm(protocol: &Protocol) -> Result<(), EngineError> {
    if protocol.harm.is_none() || protocol.tests_overall_survival() {
        return Ok(());
    }
    Err(EngineError::NotCovered {
        engine: NAME,
        feature: "harm bounds of overall survival beside a primary test that is not its log-rank test".into(),
    })
}

/// A z bound on three scales, for `events` in arms with these shares; a hazard ratio only of the log-rank test.
pub(super) fn bound_at(z: f64, events: f64, shares: &[f64; 2], protocol: &Protocol) -> BoundAt {
    let as_ratio = events > 0.0 && protocol.primary.test.is_log_rank();
    BoundAt {
        z,
        p: normal::sf(z),
        hazard_ratio: as_ratio.then(|| (-z / (shares[0] * shares[1] * events).sqrt()).exp()),
    }
}

/// What fixes the month of a look; cautions where the correction for a random month does not apply.
fn timing(protocol: &Protocol, k: usize, look: &ScheduledLook, warnings: &mut Vec<String>) -> Timing {
    let name = &protocol.analyses[k].name;
    if let Some((needed, available)) = look.unreached {
        warnings.push(format!(
            "look '{name}' asks for {needed} events, but only {available:.1} are expected under this truth; it is placed \
             where all but half an event are seen"
        ));
    }
    match look.clock {
        Some((endpoint, true)) if endpoint.is_death() == protocol.primary.endpoint.is_death() => Timing::Events,
        Some(_) => {
            warnings.push(format!(
                "look '{name}' is fixed by events other than those tested; the analytic engine takes its month as fixed"
            ));
            Timing::Calendar
        }
        None => Timing::Calendar,
    }
}

/// The primary test at every look under `truth`.
pub(super) fn expectation(
    protocol: &Protocol,
    truth: &Truth,
    laws: &Laws,
    cohort: &Cohort,
    scheduled: &[ScheduledLook],
) -> Result<Expectation, EngineError> {
    let months: Vec<f64> = scheduled.iter().map(|look| look.month).collect();
    let found = with_comparison(protocol, truth, laws, cohort, 1, |comparison| {
        Expectation::new(&protocol.primary.test.statistics, comparison, &months)
    })?;
    if found.means().iter().all(|mean| mean.is_finite()) {
        Ok(found)
    } else {
        Err(EngineError::Numerics("a look has no information: no event is expected by then".into()))
    }
}

/// Builds the comparison of `arm` with the control (stratified, or over the mixture of strata) and hands it on.
pub(super) fn with_comparison<R>(
    protocol: &Protocol,
    truth: &Truth,
    laws: &Laws,
    cohort: &Cohort,
    arm: usize,
    use_it: impl FnOnce(&Comparison) -> R,
) -> R {
    let pair = [0, arm];
    let total = cohort.patients[0] + cohort.patients[arm];
    let shares = pair.map(|g| cohort.patients[g] / total);
    let dropout = pair.map(|g| &truth.arms[g].dropout);
    let comparison = |strata| Comparison { strata, shares, entry: &cohort.entry, patients: total };
    if protocol.primary.stratified || truth.strata.len() == 1 {
        let strata = truth.strata.iter().enumerate().map(|(s, stratum)| StratumPair {
            prevalence: stratum.prevalence,
            arms: [0, 1].map(|g: usize| Cell { law: &laws.laws[pair[g]][s], dropout: dropout[g] }),
        });
        use_it(&comparison(strata.collect()))
    } else {
        let mixtures = pair.map(|g| {
            let parts = truth.strata.iter().zip(&laws.laws[g]);
            MixtureLaw::new(parts.map(|(s, law)| (s.prevalence, law as &dyn EventLaw)).collect())
        });
        let arms = [0, 1].map(|g: usize| Cell { law: &mixtures[g], dropout: dropout[g] });
        use_it(&comparison(vec![StratumPair { prevalence: 1.0, arms }]))
    }
}
