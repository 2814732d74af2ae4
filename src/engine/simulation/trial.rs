//! One protocol under one truth, made ready to run replicate by replicate; the buffers a replicate works in.

use crate::adaptive::Intersection;
use crate::engine::simulation::allocation::Blocks;
use crate::engine::simulation::closed::{MOST_ARMS, Testing, Tests};
use crate::engine::simulation::cohort::{Months, whole};
use crate::engine::simulation::comparison;
use crate::engine::simulation::latent::Latents;
use crate::engine::simulation::patients::{Nature, Patients};
use crate::engine::simulation::random::Stream;
use crate::engine::simulation::tally::Record;
use crate::engine::simulation::transition::{Needs, Other};
use crate::engine::{EngineError, Plan};
use crate::invalid::require;
use crate::protocol::{Allocation, Combination, Design, Protocol};
use crate::statistics::log_rank::LogRank;
use crate::statistics::{Evidence, FollowUp, RiskSet, Role};
use crate::transition::Trigger;
use crate::truth::Truth;

/// A protocol under a truth, checked and prepared: what every replicate shares.
#[derive(Debug)]
pub struct Trial<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) truth: &'a Truth,
    pub(super) plan: &'a Plan,
    pub(super) nature: Nature,
    pub(super) testing: Testing,
    pub(super) needs: Needs,
    /// Whether the primary endpoint is death alone.
    pub(super) death: bool,
    /// Whether the primary test is the log-rank test, which has a kernel of its own.
    pub(super) plain_log_rank: bool,
    /// The experimental arm's share of the patients of each comparison in phase II (or the only phase) and in phase III.
    pub(super) shares: [Vec<f64>; 2],
    /// Roles of the cells when one experimental arm is looked at alone.
    pub(super) alone: Vec<Vec<Role>>,
    /// Roles of the cells, per experimental arm and tested stratum.
    roles: Vec<Vec<Role>>,
    strata_tested: usize,
    seed: u64,
}

/// Buffers of one thread; nothing is allocated once they have grown to the trial's size.
#[derive(Debug)]
pub struct Workspace {
    pub(super) latents: Latents,
    pub(super) patients: Patients,
    pub(super) blocks: Blocks,
    /// Data of the confirmatory test.
    pub(super) tested: FollowUp,
    /// Deaths behind harm bounds, where they are not the data of the test.
    pub(super) deaths: FollowUp,
    /// Phase II cohort: progression or death; death.
    pub(super) phase2: [FollowUp; 2],
    pub(super) months: Months,
    pub(super) sets: Vec<RiskSet>,
    pub(super) tests: Tests,
    pub(super) z: Vec<f64>,
    /// Evidence of every statistic of the test.
    pub(super) found: Vec<Evidence>,
    /// Score and information of each arm at the look before.
    pub(super) before: Vec<[f64; 2]>,
    /// Whether each phase II patient has a severe toxicity, where that is asked for.
    pub(super) toxic: Vec<bool>,
    /// Per experimental arm, whether it failed a gate.
    pub(super) gated: Vec<bool>,
    pub(super) others: Vec<Other>,
    /// Entry, event and drop-out of one arm from its readings on, whether each responded, and the same sorted.
    pub(super) landmark: [Vec<f64>; 3],
    pub(super) landmark_cells: Vec<u16>,
    pub(super) landmark_data: FollowUp,
    pub(super) merit: Vec<f64>,
    pub(super) passing: Vec<bool>,
    /// Factor on the counts of the looks' conditions.
    pub(super) factor: f64,
    /// Statistic of every endpoint at its latest look, and that look, where several endpoints are tested.
    pub(super) latest: Vec<Option<(f64, usize)>>,
    pub(super) kept: Vec<bool>,
    /// Per arm, the control included: whether it is still studied.
    pub(super) studied: Vec<bool>,
    pub(super) record: Record,
}

impl<'a> Trial<'a> {
    /// Prepares a protocol under a truth, with the bounds and weights of `plan`.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when protocol, truth and plan do not belong together (arms, looks, strata), when an
    /// endpoint or statistic is not defined under the truth, or when a closed test has more than ten arms.
    pub fn new(protocol: &'a Protocol, truth: &'a Truth, plan: &'a Plan, seed: u64) -> Result<Self, EngineError> {
        check(protocol, truth, plan)?;
        comparison::check(protocol)?;
        let (needs, testing, allocations) = match &protocol.design {
            Design::GroupSequential(design) => {
                (Needs::default(), Testing::Elementary, [&design.allocation, &design.allocation])
            }
            Design::Seamless(design) => {
                let testing = match design.combination {
                    Combination::TwoStage { .. } => Testing::Combined,
                    Combination::Phase3Only => Testing::Closed,
                    Combination::NaivePooled => Testing::Elementary,
                };
                (Needs::of(&design.transition), testing, [&design.phase2_allocation, &design.phase3_allocation])
            }
        };
        needs.check(truth)?;
        if needs.power {
            let arms = protocol.arms.len() - 1;
            let planned = plan.prospects.len();
            require(planned == arms, "number of prospects", planned as f64, "there must be one per experimental arm")?;
        }
        let experimental = protocol.arms.len() - 1;
        if testing != Testing::Elementary {
            require(
                experimental <= MOST_ARMS,
                "number of experimental arms",
                experimental as f64,
                "a closed test holds at most 10",
            )?;
        }
        if testing == Testing::Combined {
            let weight = plan.stage1_weight.unwrap_or(f64::NAN);
            require(weight > 0.0 && weight < 1.0, "weight of stage 1", weight, "it must lie between 0 and 1")?;
        }
        let strata = truth.strata.len();
        let strata_tested = if protocol.primary.stratified { strata } else { 1 };
        let mut roles = Vec::new();
        for arm in 1..=experimental {
            for tested in 0..strata_tested {
                let role = |cell: usize| match cell / strata {
                    _ if strata_tested > 1 && cell % strata != tested => Role::Ignored,
                    0 => Role::Control,
                    other if other == arm => Role::Treated,
                    _ => Role::Ignored,
                };
                roles.push((0..protocol.arms.len() * strata).map(role).collect());
            }
        }
        let own = |arm: usize| {
            let role = |cell: usize| if cell / strata == arm { Role::Treated } else { Role::Ignored };
            (0..protocol.arms.len() * strata).map(role).collect()
        };
        Ok(Self {
            alone: (1..=experimental).map(own).collect(),
            protocol,
            truth,
            plan,
            nature: Nature::new(truth)?,
            testing,
            needs,
            death: protocol.primary.endpoint.is_death(),
            plain_log_rank: protocol.primary.test.is_log_rank(),
            shares: allocations.map(shares_against_control),
            roles,
            strata_tested,
            seed,
        })
    }

    /// Number of experimental arms.
    pub fn experimental(&self) -> usize {
        self.protocol.arms.len() - 1
    }

    /// Buffers for one thread.
    pub fn workspace(&self) -> Workspace {
        let (patients, phase2, block, intersection) = match &self.protocol.design {
            Design::GroupSequential(design) => (design.patients, 0.0, &design.allocation, None),
            Design::Seamless(design) => (
                design.phase2_patients + design.phase3_patients,
                design.phase2_patients,
                &design.phase2_allocation,
                Some(design.intersection.clone()),
            ),
        };
        let (patients, phase2) = (whole(patients), whole(phase2));
        let arms = self.experimental();
        Workspace {
            latents: Latents::new(self.truth, patients),
            patients: Patients::with_capacity(patients),
            blocks: Blocks::with_capacity(block.0.iter().sum::<u32>() as usize).for_lists_of(patients),
            tested: FollowUp::with_capacity(patients),
            deaths: FollowUp::with_capacity(if self.plan.harm.is_empty() || self.death { 0 } else { patients }),
            phase2: [FollowUp::with_capacity(phase2), FollowUp::with_capacity(phase2)],
            months: Months::with_capacity(patients),
            sets: Vec::with_capacity(patients),
            tests: self.tests(arms, intersection),
            z: vec![f64::NAN; arms],
            found: vec![Evidence::default(); self.protocol.primary.test.statistics.len()],
            before: vec![[0.0; 2]; arms],
            toxic: Vec::with_capacity(phase2),
            gated: vec![false; arms],
            others: match &self.protocol.design {
                Design::Seamless(design) => Other::of(&design.transition),
                Design::GroupSequential(_) => Vec::new(),
            },
            landmark: std::array::from_fn(|_| Vec::with_capacity(phase2)),
            landmark_cells: Vec::with_capacity(phase2),
            landmark_data: FollowUp::with_capacity(phase2),
            merit: vec![f64::NAN; arms],
            passing: vec![false; arms],
            factor: 1.0,
            latest: Vec::with_capacity(self.protocol.hypotheses()),
            kept: vec![true; arms],
            studied: vec![true; arms + 1],
            record: Record::default(),
        }
    }

    /// The tests of the design, before any trial.
    fn tests(&self, arms: usize, intersection: Option<Intersection>) -> Tests {
        let intersection = intersection.unwrap_or_else(|| std::sync::Arc::new(crate::adaptive::Bonferroni));
        let tests = Tests::new(arms.max(self.protocol.hypotheses()), intersection, self.testing != Testing::Elementary);
        match &self.protocol.design {
            Design::Seamless(design) => match &design.combination {
                Combination::TwoStage { function, .. } => {
                    tests.combining(function.clone(), self.protocol.alpha, self.plan.stage1_weight.unwrap_or(0.5))
                }
                _ => tests,
            },
            Design::GroupSequential(_) => tests,
        }
    }

    /// Runs replicate number `replicate`; the record stays valid until the next call.
    pub fn replicate<'w>(&self, workspace: &'w mut Workspace, replicate: u64) -> &'w Record {
        let stream = Stream::new(self.seed, replicate);
        workspace.latents.clear();
        workspace.tests.clear();
        workspace.record.clear();
        match &self.protocol.design {
            Design::GroupSequential(design) => self.group_sequential(workspace, &stream, design),
            Design::Seamless(design) => self.seamless(workspace, &stream, design),
        }
        workspace.record.kept.extend_from_slice(&workspace.kept);
        // Of several endpoints there is one experimental arm, kept in each.
        workspace.record.kept.resize(self.protocol.hypotheses(), true);
        workspace.record.rejected.extend_from_slice(&workspace.tests.rejected);
        &workspace.record
    }

    /// Roles of the cells when experimental arm `arm` (from 0) is compared with the control, one slice a tested stratum.
    pub(super) fn roles(&self, arm: usize) -> impl Iterator<Item = &[Role]> {
        self.roles[arm * self.strata_tested..][..self.strata_tested].iter().map(Vec::as_slice)
    }

    /// Log-rank of experimental arm `arm` (from 0) against the control at calendar month `cut`.
    pub(super) fn log_rank(&self, data: &FollowUp, cut: f64, arm: usize) -> LogRank {
        self.roles(arm).fold(LogRank::default(), |sum, roles| sum.plus(data.log_rank(cut, roles)))
    }
}

/// Each experimental arm's share of the patients of its comparison with the control.
fn shares_against_control(allocation: &Allocation) -> Vec<f64> {
    let control = f64::from(allocation.0[0]);
    allocation.0[1..].iter().map(|&patients| f64::from(patients) / (control + f64::from(patients))).collect()
}

/// Whether protocol, truth and plan belong together.
fn check(protocol: &Protocol, truth: &Truth, plan: &Plan) -> Result<(), EngineError> {
    let arms = protocol.arms.len();
    let same = |count: usize, wanted: usize, what, rule| require(count == wanted, what, count as f64, rule).map(|_| ());
    require(arms >= 2, "number of arms", arms as f64, "a control and an experimental arm are needed")?;
    same(truth.arms.len(), arms, "number of arms in the truth", "it must be that of the protocol")?;
    require(!truth.strata.is_empty(), "number of strata", 0.0, "it must be at least 1")?;
    for arm in &truth.arms {
        same(arm.strata.len(), truth.strata.len(), "number of strata of an arm", "it must be that of the truth")?;
    }
    let looks = protocol.analyses.len();
    require(looks >= 1, "number of analyses", 0.0, "it must be at least 1")?;
    same(plan.looks.len(), looks, "number of planned looks", "it must be that of the analyses")?;
    same(plan.bounds.efficacy.len(), looks, "number of efficacy bounds", "it must be that of the analyses")?;
    same(plan.bounds.futility.len(), looks, "number of futility bounds", "it must be that of the analyses")?;
    if !plan.harm.is_empty() {
        same(plan.harm.len(), looks, "number of harm bounds", "it must be that of the analyses")?;
        same(plan.deaths.len(), looks, "number of expected deaths", "it must be that of the analyses")?;
        same(arms, 2, "number of arms", "harm bounds go with one experimental arm")?;
    }
    let mut triggers: Vec<&Trigger> = protocol.analyses.iter().map(|analysis| &analysis.when).collect();
    let allocations = match &protocol.design {
        Design::GroupSequential(design) => vec![&design.allocation],
        Design::Seamless(design) => {
            triggers.push(&design.transition.when);
            triggers.extend(design.transition.gates.iter().map(|gate| &gate.when));
            triggers.extend(design.combination.phase2_follow_up());
            require(
                design.decision_time >= 0.0 && design.decision_time.is_finite(),
                "decision time",
                design.decision_time,
                "it must be finite and at least 0",
            )?;
            vec![&design.phase2_allocation, &design.phase3_allocation]
        }
    };
    for allocation in allocations {
        same(allocation.0.len(), arms, "number of arms in an allocation", "it must be that of the protocol")?;
        for &patients in &allocation.0 {
            require(patients > 0, "patients of an arm in a block", 0.0, "it must be at least 1")?;
        }
    }
    let mut endpoints = vec![protocol.primary.endpoint];
    if let Some(several) = &protocol.several {
        endpoints.extend(&several.endpoints);
        let planned = plan.endpoints.len();
        same(planned, several.endpoints.len(), "number of planned endpoints", "it must be that of the protocol")?;
    }
    for condition in triggers.iter().flat_map(|trigger| trigger.leaves()) {
        if let Trigger::Events { count, endpoint, stratum, arms: counted } = condition {
            require(*count >= 1.0, "events of a condition", *count, "it must be at least 1")?;
            endpoints.push(*endpoint);
            let stratum = stratum.unwrap_or(0);
            require(stratum < truth.strata.len(), "stratum", stratum as f64, "the truth must have it")?;
            for &arm in counted.iter().flatten() {
                require(arm < arms, "arm of a condition", arm as f64, "the protocol must have it")?;
            }
        }
    }
    let progression = endpoints.iter().all(|endpoint| endpoint.is_death()) || truth.has_progression;
    require(progression, "progression states", 0.0, "an endpoint of the protocol needs one")?;
    Ok(())
}
