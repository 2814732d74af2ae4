//! Courses over time that the truths of a scenario imply: survival, hazard ratios, enrolment and events.

use crate::engine::EngineError;
use crate::protocol::Design;
use crate::scenario::{Candidate, Scenario};
use crate::study::{StudyError, locate};
use crate::survival::Endpoint;
use crate::truth::{ExpectedEvents, Truth};

/// Points of a course.
const POINTS: usize = 121;
/// A step in a hazard ratio is drawn from this share of the grid's spacing before it.
const BEFORE: f64 = 1e-6;

/// Courses of one truth, for the arms of the first candidate.
#[derive(Debug, Clone)]
pub struct TruthCurves {
    /// Name of the truth.
    pub truth: String,
    /// Months since randomisation.
    pub months: Vec<f64>,
    /// One per arm, the control first.
    pub arms: Vec<ArmCurves>,
    /// Calendar months.
    pub calendar: Vec<f64>,
    /// Expected patients enrolled at [`Self::calendar`], as if every arm stayed open.
    pub patients: Vec<f64>,
    /// Expected events by endpoint at [`Self::calendar`], as if nobody were stopped and every arm stayed open.
    pub events: Vec<(Endpoint, Vec<f64>)>,
}

/// Courses of one arm.
#[derive(Debug, Clone)]
pub struct ArmCurves {
    /// Name.
    pub arm: String,
    /// One per endpoint.
    pub endpoints: Vec<EndpointCurves>,
}

/// Courses of one endpoint in one arm, at [`TruthCurves::months`].
#[derive(Debug, Clone)]
pub struct EndpointCurves {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// Probability of being free of the event.
    pub survival: Vec<f64>,
    /// Hazard ratio against the control; `None` where the control has no hazard, and for the control.
    pub hazard_ratio: Vec<Option<f64>>,
}

/// Endpoints that a truth has, for a trial of `primary`.
pub(super) fn endpoints(truth: &Truth, primary: Endpoint) -> &'static [Endpoint] {
    match (truth.has_progression, primary) {
        (false, _) => &[Endpoint::Os],
        (true, Endpoint::Dfs) => &[Endpoint::Dfs, Endpoint::Os],
        (true, _) => &[Endpoint::Pfs, Endpoint::Os],
    }
}

/// Patients of a design, all phases, and each arm's share of them as if every arm stayed open.
pub(super) fn patients_and_shares(design: &Design) -> (f64, Vec<f64>) {
    match design {
        Design::GroupSequential(design) => (design.patients, design.allocation.shares()),
        Design::Seamless(design) => {
            let (two, three) = (design.phase2_patients, design.phase3_patients);
            let shares = design.phase2_allocation.shares().into_iter().zip(design.phase3_allocation.shares());
            (two + three, shares.map(|(a, b)| (two * a + three * b) / (two + three)).collect())
        }
    }
}

/// Courses of every truth of the first candidate, up to calendar month `to`.
///
/// # Errors
/// [`StudyError`] when a law cannot be built.
pub fn curves(scenario: &Scenario, to: f64) -> Result<Vec<TruthCurves>, StudyError> {
    let Some(candidate) = scenario.candidates.first() else { return Ok(Vec::new()) };
    candidate
        .truths
        .iter()
        .map(|(name, truth)| {
            one(candidate, name, truth, to).map_err(|error| locate(scenario, &candidate.name, name, error))
        })
        .collect()
}

fn grid(to: f64) -> Vec<f64> {
    (0..POINTS).map(|i| to * i as f64 / (POINTS - 1) as f64).collect()
}

fn one(candidate: &Candidate, name: &str, truth: &Truth, to: f64) -> Result<TruthCurves, EngineError> {
    let endpoints = endpoints(truth, candidate.protocol.primary.endpoint);
    let mut months = grid(to);
    // A step of the hazard ratio stands at a kink of a law: both of its sides are drawn.
    for arm in 0..truth.arms.len() {
        for &endpoint in endpoints {
            for &cut in truth.population_law(arm, endpoint)?.cuts().iter().filter(|&&cut| cut > 0.0 && cut < to) {
                if months.len() < 4 * POINTS {
                    months.extend([cut - BEFORE * to, cut]);
                }
            }
        }
    }
    months.sort_by(f64::total_cmp);
    months.dedup();
    let mut arms = Vec::with_capacity(truth.arms.len());
    for (index, arm) in truth.arms.iter().enumerate() {
        let mut found = Vec::with_capacity(endpoints.len());
        for &endpoint in endpoints {
            let law = truth.population_law(index, endpoint)?;
            let control = truth.population_law(0, endpoint)?;
            let ratio = |month: f64| {
                let below = control.hazard(month);
                (index > 0 && below > 0.0).then(|| law.hazard(month) / below).filter(|ratio| ratio.is_finite())
            };
            found.push(EndpointCurves {
                endpoint,
                survival: months.iter().map(|&month| law.survival(month)).collect(),
                hazard_ratio: months.iter().map(|&month| ratio(month)).collect(),
            });
        }
        arms.push(ArmCurves { arm: arm.name.clone(), endpoints: found });
    }
    let (patients, shares) = patients_and_shares(&candidate.protocol.design);
    let calendar = grid(to);
    let events = endpoints
        .iter()
        .map(|&endpoint| {
            let counter = ExpectedEvents::new(truth, endpoint, &shares, patients)?;
            let by = |&month: &f64| if month > 0.0 { counter.by(month).total() } else { 0.0 };
            Ok((endpoint, calendar.iter().map(by).collect()))
        })
        .collect::<Result<_, EngineError>>()?;
    Ok(TruthCurves {
        truth: name.to_owned(),
        months,
        arms,
        patients: calendar.iter().map(|&month| truth.enrollment.expected_by(month).min(patients)).collect(),
        calendar,
        events,
    })
}
