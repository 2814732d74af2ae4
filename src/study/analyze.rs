//! The analysis of a trial: bounds at the observed information, decisions, and inference at the look it is read at.

use super::{PLANNING, StudyError, locate};
use crate::engine::{self, BoundAt};
use crate::numerics::normal::sf;
use crate::protocol::{Allocation, Design, Protocol, Test};
use crate::scenario::{Candidate, Observed, ObservedLook, Scenario};
use crate::sequential::bounds::Sides;
use crate::sequential::conditional::{Prior, assumed_means, conditional_crossing, predictive_power};
use crate::sequential::inference::{
    InferenceError, Interval, Path, naive_interval, repeated_interval, repeated_p, stagewise_interval, stagewise_p,
};
use crate::sequential::monitoring::{Course, Held, Planned};
use crate::sequential::{Assumption, Bounds};

/// What a look decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The null is rejected in favour of the experimental arm.
    Efficacy,
    /// At or below the futility bound.
    Futility,
    /// At or below the lower bound of a two-sided design: the experimental arm is worse.
    Harm,
    /// At or below the harm bound of overall survival.
    StopForHarm,
    /// Between the bounds.
    GoOn,
    /// The last look does not reject.
    NotRejected,
}

impl Decision {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Efficacy => "reject the null",
            Self::Futility => "stop for futility",
            Self::Harm => "reject for harm",
            Self::StopForHarm => "stop for harm",
            Self::GoOn => "go on",
            Self::NotRejected => "do not reject",
        }
    }
}

/// The scale on which an effect is reported. θ is the mean of Z over the root of the information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectScale {
    /// exp(−θ), of the log-rank test.
    HazardRatio,
    /// θ where the log hazard ratio is −θ·w(t), w the weight of a weighted log-rank test (Lin and León 2017, Contemp Clin Trials
    /// Commun 8:147).
    PerWeight,
    /// θ, a difference of survival or of restricted means (months), positive in favour of the experimental arm.
    Difference,
}

impl EffectScale {
    /// That of a test by one statistic.
    pub fn of(test: &Test) -> Self {
        match &test.statistics[0] {
            statistic if statistic.is_log_rank() => Self::HazardRatio,
            statistic if statistic.is_weighted_log_rank() => Self::PerWeight,
            _ => Self::Difference,
        }
    }

    /// Name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::HazardRatio => "hazard_ratio",
            Self::PerWeight => "effect_per_weight",
            Self::Difference => "difference",
        }
    }

    /// What carries the information, in words.
    pub fn information(self) -> &'static str {
        match self {
            Self::HazardRatio => "information of the log hazard ratio",
            Self::PerWeight => "information of the weighted score",
            Self::Difference => "information of the difference",
        }
    }

    /// An interval of θ on this scale.
    fn interval(self, theta: &Interval) -> EffectInterval {
        let ends = [theta.low, theta.estimate, theta.high];
        let [low, estimate, high] = match self {
            Self::HazardRatio => [2, 1, 0].map(|end: usize| (-ends[end]).exp()),
            Self::PerWeight | Self::Difference => ends,
        };
        EffectInterval { low, estimate, high }
    }
}

/// An effect with an interval that covers with probability 1 − 2α.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectInterval {
    /// Lower end.
    pub low: f64,
    /// Estimate.
    pub estimate: f64,
    /// Upper end.
    pub high: f64,
}

/// One look held.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzedLook {
    /// Name of the analysis.
    pub analysis: String,
    /// Month of the data cut, if given.
    pub month: Option<f64>,
    /// Events.
    pub events: f64,
    /// Information, of the log hazard ratio or in the test's own unit.
    pub information: f64,
    /// Observed share of the planned final information.
    pub information_fraction: f64,
    /// Spending time.
    pub spending_time: f64,
    /// Standardised statistic.
    pub z: f64,
    /// Its one-sided p-value, as if it were the only look.
    pub p: f64,
    /// Efficacy bound at the observed information.
    pub efficacy_bound: Option<BoundAt>,
    /// Futility (or, two-sided, lower) bound.
    pub futility_bound: Option<BoundAt>,
    /// What the look decides.
    pub decision: Decision,
    /// Repeated p-value; `None` where the bound does not depend on the level.
    pub repeated_p: Option<f64>,
    /// Repeated confidence interval; `None` where the look has no efficacy bound.
    pub repeated: Option<EffectInterval>,
    /// Probability of rejecting later, were the null true; `None` at the last look.
    pub conditional_error: Option<f64>,
    /// The same under the planning truth's drift.
    pub conditional_power_assumed: Option<f64>,
    /// The same under the effect seen so far.
    pub conditional_power_trend: Option<f64>,
    /// The same averaged over the posterior under a flat prior.
    pub predictive_power: Option<f64>,
}

/// Inference at the look the trial is read at.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// Number of the look among those held.
    pub look: usize,
    /// Whether the trial ends there; otherwise all is as if it ended there.
    pub ended: bool,
    /// Stage-wise ordered p-value.
    pub p: f64,
    /// Smallest repeated p-value so far.
    pub sequential_p: Option<f64>,
    /// Median-unbiased estimate and interval by stage-wise ordering.
    pub median_unbiased: EffectInterval,
    /// Estimate and interval as if this had been the only look.
    pub naive: EffectInterval,
}

/// The analysis of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Candidate.
    pub candidate: String,
    /// The hypothesis.
    pub hypothesis: String,
    /// One-sided level.
    pub alpha: f64,
    /// The scale of the effects.
    pub scale: EffectScale,
    /// Whether information is given (variance or standard error). If not it is Schoenfeld's for the log-rank test, events times the
    /// shares of the arms, and as planned for any other.
    pub information_given: bool,
    /// Looks held.
    pub looks: Vec<AnalyzedLook>,
    /// Inference.
    pub conclusion: Conclusion,
    /// Cautions, in full sentences.
    pub warnings: Vec<String>,
}

/// Analyses a trial of a group-sequential design.
///
/// # Errors
/// [`StudyError`] when the design cannot be planned or a figure cannot be computed.
pub fn analyze(scenario: &Scenario, observed: &Observed) -> Result<Analysis, StudyError> {
    let candidate = &scenario.candidates[observed.candidate];
    let fault =
        |message: String| StudyError::Engine { candidate: candidate.name.clone(), truth: PLANNING.into(), message };
    let located = |error| locate(scenario, &candidate.name, PLANNING, error);
    let plan = engine::plan(&candidate.protocol, &candidate.planning).map_err(located)?;
    let (means, final_information) = engine::planning_law(&candidate.protocol, &candidate.planning).map_err(located)?;
    let scale = EffectScale::of(&candidate.protocol.primary.test);
    let quarter = information_per_event(&candidate.protocol);
    let information: Vec<f64> = match scale {
        EffectScale::HazardRatio => plan.looks.iter().map(|look| quarter * look.events).collect(),
        _ => plan.looks.iter().map(|look| final_information * look.information_fraction).collect(),
    };
    let times: Vec<f64> = plan.looks.iter().map(|look| look.spending_time).collect();
    let planned = Planned {
        plan: &candidate.protocol.bounds,
        alpha: candidate.protocol.alpha,
        information: &information,
        spending_time: &times,
        means: &means,
    };
    let final_events = plan.looks[plan.looks.len() - 1].events;
    let by_events = engine::spends_by_events(&candidate.protocol);
    let fraction = |look: &ObservedLook, now: f64| match scale {
        EffectScale::HazardRatio => look.events / final_events,
        _ if by_events[look.analysis] => look.events / final_events,
        _ => now / information[information.len() - 1],
    };
    let held: Vec<Held> = observed
        .looks
        .iter()
        .map(|look| {
            let unseen = match scale {
                EffectScale::HazardRatio => quarter * look.events,
                _ => information[look.analysis],
            };
            let now = look.information.unwrap_or(unseen);
            Held { look: look.analysis, information: now, fraction: fraction(look, now) }
        })
        .collect();
    let course = planned.course(&held).map_err(|error| fault(error.to_string()))?;
    let harm = harm_bounds(candidate, &course).map_err(&fault)?;
    let shares = held.iter().map(|look| look.fraction).collect();
    let reading = Reading { candidate, planned, course, harm, observed: &observed.looks, scale, shares };
    reading.analysis().map_err(fault)
}

/// Harm bounds at the course's information, where the test is that of overall survival; empty otherwise.
fn harm_bounds(candidate: &Candidate, course: &Course) -> Result<Vec<f64>, String> {
    let protocol = &candidate.protocol;
    let Some(harm) = protocol.harm.as_ref().filter(|_| protocol.tests_overall_survival()) else {
        return Ok(Vec::new());
    };
    let last = course.information[course.information.len() - 1];
    let fractions: Vec<f64> = course.information.iter().map(|information| information / last).collect();
    harm.of_looks(&course.looks)
        .bounds(&fractions, |look, ratio| -ratio.ln() * course.information[look].sqrt())
        .map_err(|error| error.to_string())
}

/// π₀π₁: Schoenfeld's information per event.
fn information_per_event(protocol: &Protocol) -> f64 {
    let shares = match &protocol.design {
        Design::GroupSequential(design) => design.allocation.shares(),
        Design::Seamless(design) => Allocation::shares(&design.phase3_allocation),
    };
    shares[0] * (1.0 - shares[0])
}

struct Reading<'a> {
    candidate: &'a Candidate,
    planned: Planned<'a>,
    course: Course,
    /// Harm bounds, one per look of the course; empty without.
    harm: Vec<f64>,
    observed: &'a [ObservedLook],
    scale: EffectScale,
    /// Observed share of the planned final events or information, per look held.
    shares: Vec<f64>,
}

impl Reading<'_> {
    /// Bounds of the course at a level; hazard-ratio bounds by the course's information.
    fn bounds(&self, alpha: f64) -> Result<Bounds, String> {
        let z = |look: usize, ratio: f64| -ratio.ln() * self.course.information[look].sqrt();
        self.planned.bounds(&self.course, alpha, z).map_err(|error| error.to_string())
    }

    fn analysis(&self) -> Result<Analysis, String> {
        let (alpha, course) = (self.planned.alpha, &self.course);
        let bounds = self.bounds(alpha)?;
        let obeyed = self.planned.plan.binding || self.planned.plan.sides == Sides::Two;
        let in_force = Bounds {
            efficacy: bounds.efficacy.clone(),
            futility: if obeyed { bounds.futility.clone() } else { vec![f64::NEG_INFINITY; bounds.futility.len()] },
        };
        let looks: Vec<AnalyzedLook> =
            (0..course.held).map(|index| self.look(index, &bounds, &in_force)).collect::<Result<_, String>>()?;
        let decided = looks.iter().position(|look| matches!(look.decision, Decision::Efficacy | Decision::Harm));
        let at = decided.unwrap_or(course.held - 1);
        let path = Path {
            information: &course.information[..=at],
            efficacy: &bounds.efficacy[..at],
            futility: obeyed.then_some(&bounds.futility[..at]),
            z: looks[at].z,
        };
        let words = |error: InferenceError| error.to_string();
        let conclusion = Conclusion {
            look: at,
            ended: looks[at].decision != Decision::GoOn,
            p: stagewise_p(&path, 0.0).map_err(|error| error.to_string())?,
            sequential_p: looks[..=at].iter().filter_map(|look| look.repeated_p).reduce(f64::min),
            median_unbiased: self.scale.interval(&stagewise_interval(&path, alpha).map_err(words)?),
            naive: self.scale.interval(&naive_interval(course.information[at], looks[at].z, alpha)),
        };
        Ok(Analysis {
            candidate: self.candidate.name.clone(),
            hypothesis: self.candidate.hypotheses().swap_remove(0),
            alpha,
            scale: self.scale,
            information_given: self.observed[0].information.is_some(),
            warnings: self.warnings(&looks, at),
            looks,
            conclusion,
        })
    }

    fn look(&self, index: usize, bounds: &Bounds, in_force: &Bounds) -> Result<AnalyzedLook, String> {
        let (course, observed) = (&self.course, &self.observed[index]);
        let (information, z) = (course.information[index], observed.z);
        let (upper, lower) = (bounds.efficacy[index], bounds.futility[index]);
        let bound = |z: f64| {
            let ratio = (self.scale == EffectScale::HazardRatio).then(|| (-z / information.sqrt()).exp());
            z.is_finite().then_some(BoundAt { z, p: sf(z), hazard_ratio: ratio })
        };
        let last = observed.analysis + 1 == self.planned.information.len();
        let two = self.planned.plan.sides == Sides::Two;
        let decision = if self.harm.get(index).is_some_and(|&harm| z <= harm) {
            Decision::StopForHarm
        } else if z >= upper {
            Decision::Efficacy
        } else if two && z <= -upper {
            Decision::Harm
        } else if last {
            Decision::NotRejected
        } else if z <= lower {
            Decision::Futility
        } else {
            Decision::GoOn
        };
        let later = |assumption: Assumption| {
            if last || index + 1 >= course.looks.len() {
                return Ok(None);
            }
            let means = assumed_means(assumption, &course.information, &course.means, index, z);
            conditional_crossing(&course.information, &means, in_force, index, z)
                .map(|crossing| Some(crossing.reject()))
                .map_err(|error| error.to_string())
        };
        let predictive = if last {
            None
        } else {
            let power = predictive_power(&course.information, in_force, index, z, Prior::Flat);
            Some(power.map_err(|error| error.to_string())?)
        };
        let at_level = |alpha: f64| self.bounds(alpha).map_or(f64::INFINITY, |bounds| bounds.efficacy[index]);
        Ok(AnalyzedLook {
            analysis: self.candidate.protocol.analyses[observed.analysis].name.clone(),
            month: observed.month,
            events: observed.events,
            information,
            information_fraction: self.shares[index],
            spending_time: course.spending_time[index],
            z,
            p: sf(z),
            efficacy_bound: bound(upper),
            futility_bound: bound(if two && last { -upper } else { lower }),
            decision,
            repeated_p: repeated_p(z, at_level).map_err(|error| error.to_string())?,
            repeated: upper.is_finite().then(|| self.scale.interval(&repeated_interval(information, z, upper))),
            conditional_error: later(Assumption::Null)?,
            conditional_power_assumed: later(Assumption::Assumed)?,
            conditional_power_trend: later(Assumption::Trend)?,
            predictive_power: predictive,
        })
    }

    fn warnings(&self, looks: &[AnalyzedLook], at: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        if at + 1 < looks.len() {
            warnings.push(format!(
                "Look '{}' decided the trial; the later looks are listed, but the inference is read there.",
                looks[at].analysis
            ));
        }
        let futile = looks[..looks.len() - 1].iter().find(|look| look.decision == Decision::Futility);
        if let (Some(look), true) = (futile, self.planned.plan.binding) {
            warnings.push(format!(
                "The futility bound of look '{}' is binding, and the trial went on past it: the level {} no longer holds.",
                look.analysis, self.planned.alpha
            ));
        }
        if self.candidate.protocol.harm.is_some() && self.harm.is_empty() {
            warnings.push(
                "The harm bounds concern overall survival, which is not what was observed here; they are not looked at.".into(),
            );
        }
        let skipped = (0..self.observed[self.observed.len() - 1].analysis)
            .filter(|analysis| self.observed.iter().all(|look| look.analysis != *analysis))
            .map(|analysis| self.candidate.protocol.analyses[analysis].name.as_str())
            .collect::<Vec<_>>();
        if !skipped.is_empty() {
            warnings.push(format!(
                "Planned but not held: {}. What they would have spent is spent later.",
                skipped.join(", ")
            ));
        }
        warnings
    }
}
