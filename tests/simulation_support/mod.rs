//! Builders of small truths, protocols and plans for the tests of the simulation engine.
#![allow(dead_code, reason = "every test crate uses its own part")]

use seamline::engine::{EngineKind, Hypotheses, Plan, PlannedLook, Settings};
use seamline::protocol::{
    Allocation, Analysis, Combination, Design, GroupSequential, Primary, Protocol, Seamless, Stage1, Test, Weight,
};
use seamline::registry::find;
use seamline::sequential::{BoundPlan, Bounds, EfficacyPlan};
use seamline::survival::{Clock, Course, Endpoint, HazardRatio, PiecewiseHazard};
use seamline::transition::{Criterion, Keep, SELECTION_RULES, Statistic, Transition, Trigger};
use seamline::truth::{ArmStratum, ArmTruth, Cured, Enrollment, EnrollmentProcess, Stratum, Truth};

pub const SEED: u64 = 20_261_122;

pub fn constant(rate: f64) -> PiecewiseHazard {
    PiecewiseHazard::constant(rate).unwrap()
}

/// Death alone, at this hazard.
pub fn death(hazard: PiecewiseHazard) -> Course {
    Course {
        progression: PiecewiseHazard::zero(),
        death: hazard,
        after_baseline: PiecewiseHazard::zero(),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    }
}

pub fn arm(name: &str, course: Course, dropout: f64) -> ArmTruth {
    let stratum = ArmStratum {
        response_rate: 0.0,
        courses: [course.clone(), course],
        cured: Cured::default(),
        later: None,
        product: None,
    };
    ArmTruth { name: name.into(), dropout: constant(dropout), strata: vec![stratum] }
}

/// One stratum, no immune response.
pub fn truth(per_month: f64, arms: Vec<ArmTruth>) -> Truth {
    let has_progression = arms.iter().any(|arm| !arm.strata[0].courses[0].progression.is_zero());
    Truth {
        enrollment: Enrollment::new(&[0.0], &[per_month]).unwrap(),
        enrollment_process: EnrollmentProcess::Poisson,
        strata: vec![Stratum { name: "all".into(), prevalence: 1.0 }],
        arms,
        immune_response: None,
        toxicity: None,
        has_progression,
    }
}

pub fn events(count: u32, endpoint: Endpoint) -> Trigger {
    Trigger::Events { count: f64::from(count), endpoint, stratum: None, arms: None }
}

pub fn protocol(arms: &[&str], endpoint: Endpoint, looks: &[Trigger], design: Design) -> Protocol {
    Protocol {
        arms: arms.iter().map(|&name| name.into()).collect(),
        alpha: 0.025,
        several: None,
        primary: Primary { endpoint, test: Test::log_rank(), stratified: false },
        analyses: looks
            .iter()
            .enumerate()
            .map(|(look, when)| Analysis { name: format!("look {}", look + 1), when: when.clone() })
            .collect(),
        bounds: BoundPlan::of(EfficacyPlan::Bounds(vec![])),
        harm: None,
        design,
    }
}

pub fn group_sequential(patients: u32, allocation: &[u32]) -> Design {
    Design::GroupSequential(GroupSequential {
        patients: f64::from(patients),
        allocation: Allocation(allocation.to_vec()),
    })
}

/// A seamless design that keeps the best arm by `by`, without a go criterion.
pub fn seamless(
    patients: [u32; 2],
    allocation: &[u32],
    when: Trigger,
    by: Statistic,
    combination: Combination,
) -> Seamless {
    Seamless {
        phase2_patients: f64::from(patients[0]),
        phase2_allocation: Allocation(allocation.to_vec()),
        transition: Transition {
            when,
            gates: Vec::new(),
            keep: keep("best", &[], by),
            go: None::<Criterion>,
            resize: None,
        },
        phase3_patients: f64::from(patients[1]),
        phase3_allocation: Allocation(allocation.to_vec()),
        decision_time: 1.0,
        pause_enrollment: false,
        combination,
        intersection: std::sync::Arc::new(seamline::adaptive::Dunnett),
    }
}

pub fn keep(rule: &str, parameters: &[f64], by: Statistic) -> Keep {
    let entry = find(SELECTION_RULES, rule).unwrap();
    Keep { rule: (entry.build)(parameters), rule_name: entry.name, by }
}

pub fn own_cohort(weight: f64, phase2_follow_up: Trigger) -> Combination {
    let function = seamline::adaptive::combination::combining("inverse_normal").unwrap();
    Combination::TwoStage {
        function,
        weight: Weight::Fixed(weight),
        stage1: Stage1::OwnCohort { follow_up: phase2_follow_up },
    }
}

/// z bounds and stage-2 fractions, one per look; no futility.
pub fn plan(bounds: &[f64], fractions: &[f64], stage1_weight: Option<f64>) -> Plan {
    Plan {
        looks: fractions
            .iter()
            .map(|&fraction| PlannedLook {
                information_fraction: stage1_weight.map_or(fraction, |weight| weight + (1.0 - weight) * fraction),
                stage2_fraction: fraction,
                spending_time: fraction,
                events: 100.0 * fraction,
            })
            .collect(),
        bounds: Bounds { efficacy: bounds.to_vec(), futility: vec![f64::NEG_INFINITY; bounds.len()] },
        stage1_weight,
        ..Plan::default()
    }
}

/// All nulls true.
pub fn null(arms: usize) -> Hypotheses {
    Hypotheses { null_true: vec![true; arms], best: vec![false; arms] }
}

pub fn settings(replicates: u64) -> Settings {
    Settings { engine: EngineKind::Simulation, replicates, seed: SEED, mcse: None }
}
