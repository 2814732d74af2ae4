//! What the truths of a scenario imply, without any test: survival, hazard ratios, responses, enrolment and events.

use crate::engine::EngineError;
use crate::scenario::Scenario;
use crate::study::curves::{endpoints, patients_and_shares};
use crate::study::{StudyError, locate};
use crate::survival::Endpoint;
use crate::truth::{ArmStratum, Correlations, ExpectedEvents, ObservedResponse, Stratum, Truth};

/// Months at which curves are read, where none are asked for.
pub const MONTHS: [f64; 7] = [3.0, 6.0, 12.0, 18.0, 24.0, 36.0, 60.0];

/// One truth described, for the arms of the first candidate.
#[derive(Debug, Clone)]
pub struct TruthDescription {
    /// Name of the truth.
    pub truth: String,
    /// Months at which curves and calendar are read.
    pub months: Vec<f64>,
    /// Hazards per month of progression, death and death after progression in the control arm, by stratum; empty where
    /// there is no progression or a hazard is not constant.
    pub control_hazards: Vec<(String, [f64; 3])>,
    /// One per arm, the control first.
    pub arms: Vec<ArmDescription>,
    /// Expected patients and events over calendar time.
    pub milestones: Vec<Milestone>,
}

/// One arm described.
#[derive(Debug, Clone)]
pub struct ArmDescription {
    /// Name.
    pub arm: String,
    /// OS, and PFS where the truth has progression.
    pub endpoints: Vec<EndpointDescription>,
    /// Response and its reading, where the truth has an immune response.
    pub response: Option<ObservedResponse>,
    /// Correlations the truth implies, with survival beyond month 18.
    pub correlations: Correlations,
}

/// One endpoint in one arm.
#[derive(Debug, Clone)]
pub struct EndpointDescription {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// Median, months; `None` if half of the patients never have the event.
    pub median: Option<f64>,
    /// Survival at the months of the description.
    pub survival: Vec<f64>,
    /// Hazard ratio against the control at those months; `None` where the control has no hazard, and for the control.
    pub hazard_ratio: Vec<Option<f64>>,
}

/// Expected state of the trial at one calendar month, as if nobody were stopped and every arm stayed open.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// Calendar month.
    pub month: f64,
    /// Patients enrolled.
    pub patients: f64,
    /// Mean months since enrolment of the patients enrolled.
    pub follow_up: f64,
    /// Events by endpoint.
    pub events: Vec<(Endpoint, f64)>,
}

/// Month at which correlations with survival are read.
pub const CORRELATION_MONTH: f64 = 18.0;

/// Describes every truth of the first candidate, with curves and calendar read at `months` (at least 0), such as [`MONTHS`].
///
/// # Errors
/// [`StudyError`] when a law cannot be built.
pub fn describe(scenario: &Scenario, months: &[f64]) -> Result<Vec<TruthDescription>, StudyError> {
    let Some(candidate) = scenario.candidates.first() else { return Ok(Vec::new()) };
    let (patients, shares) = patients_and_shares(&candidate.protocol.design);
    candidate
        .truths
        .iter()
        .map(|(name, truth)| {
            one(name, truth, candidate.protocol.primary.endpoint, (patients, &shares), months)
                .map_err(|error| locate(scenario, &candidate.name, name, error))
        })
        .collect()
}

fn one(
    name: &str,
    truth: &Truth,
    primary: Endpoint,
    (patients, shares): (f64, &[f64]),
    months: &[f64],
) -> Result<TruthDescription, EngineError> {
    let endpoints = endpoints(truth, primary);
    let mut arms = Vec::with_capacity(truth.arms.len());
    for (index, arm) in truth.arms.iter().enumerate() {
        let mut described = Vec::with_capacity(endpoints.len());
        for &endpoint in endpoints {
            let law = truth.population_law(index, endpoint)?;
            let mut ratios = Vec::with_capacity(months.len());
            for &month in months {
                ratios.push(if index == 0 { None } else { truth.hazard_ratio(index, endpoint, month)? });
            }
            described.push(EndpointDescription {
                endpoint,
                median: law.median(),
                survival: months.iter().map(|&month| law.survival(month)).collect(),
                hazard_ratio: ratios,
            });
        }
        arms.push(ArmDescription {
            arm: arm.name.clone(),
            endpoints: described,
            response: truth.observed_response_overall(index)?,
            correlations: truth.correlations(index, CORRELATION_MONTH)?,
        });
    }
    let counters = endpoints
        .iter()
        .map(|&endpoint| Ok((endpoint, ExpectedEvents::new(truth, endpoint, shares, patients)?)))
        .collect::<Result<Vec<_>, EngineError>>()?;
    let milestones = months
        .iter()
        .map(|&month| Milestone {
            month,
            patients: truth.enrollment.expected_by(month).min(patients),
            follow_up: truth.enrollment.mean_follow_up(month, patients),
            events: counters.iter().map(|(endpoint, counter)| (*endpoint, counter.by(month).total())).collect(),
        })
        .collect();
    Ok(TruthDescription {
        truth: name.to_string(),
        months: months.to_vec(),
        control_hazards: control_hazards(truth),
        arms,
        milestones,
    })
}

fn control_hazards(truth: &Truth) -> Vec<(String, [f64; 3])> {
    if !truth.has_progression {
        return Vec::new();
    }
    let constant = |(stratum, control): (&Stratum, &ArmStratum)| {
        let course = &control.courses[0];
        let hazards = [&course.progression, &course.death, &course.after_baseline];
        let constant = hazards.iter().all(|hazard| hazard.rates().len() == 1);
        constant.then(|| (stratum.name.clone(), hazards.map(|hazard| hazard.rates()[0])))
    };
    let control = truth.arms.first().map_or(&[][..], |arm| &arm.strata);
    truth.strata.iter().zip(control).map(constant).collect::<Option<_>>().unwrap_or_default()
}
