//! What is fixed in advance: arms, looks, tests, bounds, transition rule, combination, sample size.

use crate::adaptive::Combining;
use crate::adaptive::graph::Graph;
use crate::sequential::{BoundPlan, harm::HarmPlan};
use crate::statistics::TestStatistic;
use crate::statistics::log_rank::{WeightedLogRank, weights::unit::Unit};
use crate::survival::Endpoint;
use crate::transition::{Transition, Trigger};
use std::sync::Arc;

/// A whole protocol. Arm 0 is the control; experimental arms are 1, 2, ….
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Names, the control first.
    pub arms: Vec<String>,
    /// One-sided level, in (0, 0.5).
    pub alpha: f64,
    /// What is tested.
    pub primary: Primary,
    /// Confirmatory looks, in order; at least one.
    pub analyses: Vec<Analysis>,
    /// Efficacy and futility bounds of the looks.
    pub bounds: BoundPlan,
    /// Harm bounds of overall survival, in a trial without a transition; `None` for none. A trial that crosses one stops without
    /// rejecting anything; the efficacy bounds are computed as if there were none.
    pub harm: Option<HarmPlan>,
    /// Every endpoint tested, and how they share alpha, where there are several; the first is `primary`.
    pub several: Option<Several>,
    /// Group-sequential or seamless.
    pub design: Design,
}

impl Protocol {
    /// Whether the primary test is the log-rank test of overall survival, the statistic of harm bounds.
    pub fn tests_overall_survival(&self) -> bool {
        self.primary.endpoint.is_death() && self.primary.test.is_log_rank()
    }
}

impl Protocol {
    /// With the patients of phase III (of a trial without phases, all) and the events of every look times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut protocol = self.clone();
        match &mut protocol.design {
            Design::GroupSequential(design) => design.patients *= factor,
            Design::Seamless(design) => design.phase3_patients *= factor,
        }
        for analysis in &mut protocol.analyses {
            analysis.when.each_leaf_mut(&mut |leaf| {
                if let Trigger::Events { count, .. } = leaf {
                    *count *= factor;
                }
            });
        }
        protocol
    }
}

/// The primary endpoint and its test.
#[derive(Debug, Clone)]
pub struct Primary {
    /// Endpoint tested.
    pub endpoint: Endpoint,
    /// Test statistic.
    pub test: Test,
    /// Whether the test is stratified by the truth's strata.
    pub stratified: bool,
}

impl Protocol {
    /// Number of hypotheses tested: one per experimental arm, or one per endpoint where there are several.
    pub fn hypotheses(&self) -> usize {
        self.several.as_ref().map_or(self.arms.len() - 1, |several| several.endpoints.len())
    }
}

/// Several primary endpoints under a graphical procedure (Bretz et al. 2009; Maurer and Bretz 2013).
#[derive(Debug, Clone, PartialEq)]
pub struct Several {
    /// Endpoints, each tested by the log-rank test.
    pub endpoints: Vec<Endpoint>,
    /// Shares of alpha, and where they go when a hypothesis is rejected.
    pub graph: Graph,
    /// Per look and endpoint, whether it is tested there.
    pub tested: Vec<Vec<bool>>,
}

/// The test: one statistic, or the largest of several of the log-rank family (max-combo).
#[derive(Debug, Clone)]
pub struct Test {
    /// One or more; several are weighted log-rank statistics.
    pub statistics: Vec<Arc<dyn TestStatistic>>,
}

impl Test {
    /// A test by one statistic.
    pub fn single(statistic: Arc<dyn TestStatistic>) -> Self {
        Self { statistics: vec![statistic] }
    }

    /// The log-rank test.
    pub fn log_rank() -> Self {
        Self::single(Arc::new(WeightedLogRank::new(Arc::new(Unit))))
    }

    /// Whether this is the log-rank test.
    pub fn is_log_rank(&self) -> bool {
        matches!(&self.statistics[..], [only] if only.is_log_rank())
    }

    /// Whether this is the largest of several statistics.
    pub fn is_max_combo(&self) -> bool {
        self.statistics.len() > 1
    }

    /// Name with its parameters, for messages and tables.
    pub fn label(&self) -> String {
        let labels: Vec<String> = self.statistics.iter().map(|statistic| statistic.label()).collect();
        match &labels[..] {
            [only] => only.clone(),
            several => format!("max-combo of {}", several.join(", ")),
        }
    }
}

/// One planned look.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Name in the file.
    pub name: String,
    /// When it takes place.
    pub when: Trigger,
}

/// The two kinds of trial.
#[derive(Debug, Clone)]
pub enum Design {
    /// One cohort, looks fixed in advance.
    GroupSequential(GroupSequential),
    /// Phase II, transition, phase III.
    Seamless(Box<Seamless>),
}

/// A trial without a transition.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSequential {
    /// Patients of all arms together; whole in a file, real while a size is solved.
    pub patients: f64,
    /// Patients of each arm in a block.
    pub allocation: Allocation,
}

/// Patients of each arm in one permuted block, whole numbers, in the order of the arms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation(pub Vec<u32>);

impl Allocation {
    /// Share of each arm.
    pub fn shares(&self) -> Vec<f64> {
        let total: u32 = self.0.iter().sum();
        self.0.iter().map(|&patients| f64::from(patients) / f64::from(total)).collect()
    }
}

/// A seamless phase II/III trial.
///
/// Patients are numbered in order of enrolment. The phase II cohort are those among the first `phase2_patients` who were
/// enrolled at or before the data cut of the transition; everybody later belongs to the phase III cohort, also those
/// enrolled before the decision is taken, whose data the decision did not see. Until the decision patients are randomised
/// over all arms, afterwards over the control and the kept arms, by `phase3_allocation`.
#[derive(Debug, Clone)]
pub struct Seamless {
    /// Patients of phase II, all arms together.
    pub phase2_patients: f64,
    /// Allocation in phase II.
    pub phase2_allocation: Allocation,
    /// The transition rule.
    pub transition: Transition,
    /// Patients enrolled after phase II, all arms together.
    pub phase3_patients: f64,
    /// Allocation in phase III, before dropping arms.
    pub phase3_allocation: Allocation,
    /// Months from the data cut to the decision, at least 0.
    pub decision_time: f64,
    /// Whether enrolment pauses from the last phase II patient to the decision.
    pub pause_enrollment: bool,
    /// How the two phases are combined.
    pub combination: Combination,
    /// Intersection test of the closed test.
    pub intersection: crate::adaptive::Intersection,
}

/// How phase II and phase III evidence make one test.
#[derive(Debug, Clone)]
pub enum Combination {
    /// Two stages, combined.
    TwoStage {
        /// The combination function.
        function: Combining,
        /// Squared weight of stage 1.
        weight: Weight,
        /// Which evidence is stage 1.
        stage1: Stage1,
    },
    /// Only phase III patients are tested.
    Phase3Only,
    /// All patients of control and kept arms are tested as if the arms had been chosen beforehand: not valid, shown for
    /// comparison. No correction for the selection.
    NaivePooled,
}

impl PartialEq for Combination {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::TwoStage { function, weight, stage1 }, Self::TwoStage { function: f, weight: w, stage1: s }) => {
                function.name() == f.name() && weight == w && stage1 == s
            }
            (Self::Phase3Only, Self::Phase3Only) | (Self::NaivePooled, Self::NaivePooled) => true,
            _ => false,
        }
    }
}

impl Combination {
    /// Whether both phases are tested together without any correction.
    pub fn is_naive_pooled(&self) -> bool {
        matches!(self, Self::NaivePooled)
    }

    /// When the follow-up of a stage 1 made of the phase II cohort ends.
    pub fn phase2_follow_up(&self) -> Option<&Trigger> {
        match self {
            Self::TwoStage { stage1: Stage1::OwnCohort { follow_up }, .. } => Some(follow_up),
            _ => None,
        }
    }

    /// Whether the confirmatory looks read phase II patients again: everybody's, or what they add after the transition.
    pub fn looks_read_phase2(&self) -> bool {
        matches!(self, Self::NaivePooled | Self::TwoStage { stage1: Stage1::IndependentIncrements, .. })
    }
}

/// Which evidence is stage 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage1 {
    /// The phase II cohort to an end of its own; stage 2 is phase III patients (Jenkins, Stone and Jennison 2011).
    OwnCohort {
        /// When its follow-up ends, fixed in advance, for dropped arms too.
        follow_up: Trigger,
    },
    /// What the phase II cohort had shown at the data cut of the transition; stage 2 is what everybody adds after it, phase II
    /// patients of the kept arms included (Wassmer 2006).
    IndependentIncrements,
}

/// Squared weight of stage 1, its share of the final information.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// Expected events per comparison of stage 1 over those of both stages at the final look, under the truth the design was
    /// planned on.
    PlannedEvents,
    /// As given, in (0, 1).
    Fixed(f64),
}
