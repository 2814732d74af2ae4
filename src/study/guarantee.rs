//! Which guarantee on the type I error a design has, and why.

mod seamless;

use crate::adaptive::combination::bounds as two_stage;
use crate::engine::{self, EngineError, Plan};
use crate::protocol::{Combination, Design, Protocol};
use crate::sequential::bounds::Sides;
use crate::sequential::{Bounds, EfficacyPlan, crossing};
use crate::truth::Truth;

/// How far the type I error is controlled, from the strongest to none.
#[derive(Debug, Clone, PartialEq)]
pub enum Guarantee {
    /// The level holds (asymptotically) under every truth, by the construction of the test.
    StrongByConstruction,
    /// The same where a condition holds.
    StrongIf(String),
    /// No construction holds the level; a bound on the type I error was computed, and it is at most the level.
    BoundedNumerically(f64),
    /// The argument does not reach this design; only simulation says what the level is.
    EmpiricalOnly,
    /// Nothing holds the level.
    NotControlled,
}

impl Guarantee {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::StrongByConstruction => "strong by construction".into(),
            Self::StrongIf(condition) => format!("strong if {condition}"),
            Self::BoundedNumerically(bound) => format!("bounded numerically, at most {bound:.4}"),
            Self::EmpiricalOnly => "empirical only".into(),
            Self::NotControlled => "not controlled".into(),
        }
    }

    /// Whether a protocol may rest on it; `None` where simulation alone can tell.
    pub fn valid(&self) -> Option<bool> {
        match self {
            Self::StrongByConstruction | Self::StrongIf(_) | Self::BoundedNumerically(_) => Some(true),
            Self::EmpiricalOnly => None,
            Self::NotControlled => Some(false),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::StrongByConstruction => 0,
            Self::StrongIf(_) => 1,
            Self::BoundedNumerically(_) => 2,
            Self::EmpiricalOnly => 3,
            Self::NotControlled => 4,
        }
    }

    /// What is left of two guarantees of one design: the weaker, of two conditions both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::StrongIf(one), Self::StrongIf(other)) => Self::StrongIf(format!("{one}, and {other}")),
            (one, other) if one.rank() >= other.rank() => one,
            (_, other) => other,
        }
    }
}

/// The guarantee of one candidate, the argument for it, and what breaks the design's own rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The guarantee.
    pub guarantee: Guarantee,
    /// Why, in full sentences.
    pub because: Vec<String>,
    /// Why the design must be refused, if it must.
    pub refusal: Option<Refusal>,
}

impl Verdict {
    fn of(guarantee: Guarantee, because: impl Into<String>) -> Self {
        Self { guarantee, because: vec![because.into()], refusal: None }
    }

    fn and(mut self, guarantee: Guarantee, because: impl Into<String>) -> Self {
        self.guarantee = self.guarantee.and(guarantee);
        self.because.push(because.into());
        self
    }
}

/// A design that breaks the rules of its own combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Place inside the protocol, as a JSON pointer.
    pub place: String,
    /// Truth under which it happens.
    pub truth: String,
    /// The rule it breaks.
    pub rule: String,
    /// What to do.
    pub hint: String,
}

/// Judges one protocol, with every truth it is to be run under.
///
/// # Errors
/// [`EngineError`] if a law cannot be built.
pub fn guarantee<'a>(
    protocol: &Protocol,
    planning: &Truth,
    truths: impl Iterator<Item = (&'a str, &'a Truth)>,
) -> Result<Verdict, EngineError> {
    let plan = engine::plan(protocol, planning)?;
    let mut verdict = match &protocol.design {
        Design::GroupSequential(_) if protocol.several.is_some() => Verdict::of(
            Guarantee::StrongByConstruction,
            "A graphical procedure: every endpoint is a group-sequential test at the share of alpha it holds, and a share goes on \
             only from a rejected hypothesis. It is a shortcut of a closed test of weighted Bonferroni tests, so that the \
             family-wise error holds whichever endpoints have no effect (Bretz et al. 2009; Maurer and Bretz 2013).",
        ),
        Design::GroupSequential(_) => Verdict::of(
            Guarantee::StrongByConstruction,
            "One hypothesis, looks fixed in advance, bounds computed under the null with the joint law of the statistic over the \
             looks.",
        ),
        Design::Seamless(design) => seamless::verdict(protocol, design, &plan, truths)?,
    };
    let one_hypothesis = matches!(protocol.design, Design::GroupSequential(_)) && protocol.several.is_none();
    if one_hypothesis || protocol.bounds.futility.is_some() {
        let (guarantee, because) = lower_bounds(protocol);
        verdict = verdict.and(guarantee, because);
    }
    if protocol.harm.is_some() {
        verdict.because.push(
            "The efficacy bounds do not count on the harm bounds: stopping for harm can only lower the type I error."
                .into(),
        );
    }
    if protocol.primary.test.statistics.iter().any(|test| test.early_harm_can_win()) {
        verdict = verdict.and(
            Guarantee::StrongIf("the null hypothesis is that the survival curves are equal".into()),
            "A test whose weights rise with time may also reject when the arm is nowhere better (early harm; Magirr and Burman \
             2019).",
        );
    }
    if let Some((place, events)) = few_events(&plan) {
        verdict = verdict.and(
            Guarantee::EmpiricalOnly,
            format!(
                "The argument is a large-sample one, and {place} is planned with {events:.1} events: fewer than {FEW_EVENTS} are not \
                 many. Simulate the level."
            ),
        );
    }
    if matches!(protocol.bounds.efficacy, EfficacyPlan::Bounds(_)) {
        let spent = spent_by(protocol, &plan)?;
        if spent > protocol.alpha + GIVEN_BOUNDS_ROUNDING {
            verdict.guarantee = Guarantee::NotControlled;
            verdict.because = vec![format!(
                "The bounds given spend {spent:.5} under the null, more than the level {}.",
                protocol.alpha
            )];
        } else {
            verdict.because.push(format!("The bounds given spend {spent:.5} of the level {}.", protocol.alpha));
        }
    }
    Ok(verdict)
}

/// Fewer events than these at a look: the normal law of the statistic is not to be counted on.
const FEW_EVENTS: f64 = 10.0;

/// A look that is planned with few events.
fn few_events(plan: &Plan) -> Option<(String, f64)> {
    let look = plan.looks.iter().position(|look| look.events < FEW_EVENTS)?;
    Some((format!("look {}", look + 1), plan.looks[look].events))
}

/// Bounds given to two decimals may overspend by this much without being called uncontrolled.
const GIVEN_BOUNDS_ROUNDING: f64 = 5e-5;

/// Level that the efficacy bounds spend under the null, futility ignored unless it is binding.
fn spent_by(protocol: &Protocol, plan: &Plan) -> Result<f64, EngineError> {
    let information: Vec<f64> = plan.looks.iter().map(|look| look.information_fraction).collect();
    let looks = information.len();
    let obeyed = protocol.bounds.binding || protocol.bounds.sides == Sides::Two;
    if let (Design::Seamless(design), Some(weight)) = (&protocol.design, plan.stage1_weight)
        && let Combination::TwoStage { function, .. } = &design.combination
        && !function.canonical()
    {
        let fractions: Vec<f64> = plan.looks.iter().map(|look| look.stage2_fraction).collect();
        let efficacy = &plan.bounds.efficacy;
        let first = |k: usize| two_stage::crossing(function.as_ref(), weight, &fractions[..k], &efficacy[..k]);
        return Ok((1..=looks).map(first).sum::<Result<f64, _>>()?);
    }
    let futility = if obeyed { plan.bounds.futility.clone() } else { vec![f64::NEG_INFINITY; looks] };
    let bounds = Bounds { efficacy: plan.bounds.efficacy.clone(), futility };
    Ok(crossing::canonical(&information, &vec![0.0; looks], &bounds)?.reject())
}

/// What the lower bounds do to the level.
fn lower_bounds(protocol: &Protocol) -> (Guarantee, &'static str) {
    match (protocol.bounds.sides, protocol.bounds.binding) {
        (Sides::Two, _) => (
            Guarantee::StrongIf("a trial that crosses a lower bound stops".into()),
            "Two-sided: alpha is the level of each side, and the lower bounds mirror the upper ones. A trial that went on \
             after crossing a lower bound could still cross an upper one, at a level above alpha.",
        ),
        (Sides::One, true) => (
            Guarantee::StrongIf("every futility bound is obeyed".into()),
            "Futility is binding: the efficacy bounds count on the trial's stopping at every futility bound. A trial that goes \
             on past one has a type I error above alpha, so that the level holds only if the bounds are obeyed.",
        ),
        (Sides::One, false) => {
            (Guarantee::StrongByConstruction, "Futility is non-binding, so that ignoring it cannot raise the level.")
        }
    }
}
