//! Which guarantee on the type I error a design has, and why.

use crate::engine::{self, EngineError, Plan, SeamlessSchedule, seamless_schedule};
use crate::protocol::{Combination, Design, Protocol, Seamless};
use crate::sequential::bounds::Sides;
use crate::sequential::{Bounds, EfficacyPlan, crossing};
use crate::truth::Truth;

/// How far the type I error is controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// The level holds (asymptotically) under every truth, by the construction of the test.
    StrongByConstruction,
    /// Nothing bounds the level.
    NotControlled,
}

impl Guarantee {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::StrongByConstruction => "strong by construction",
            Self::NotControlled => "not controlled",
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
        Design::GroupSequential(_) => Verdict {
            guarantee: Guarantee::StrongByConstruction,
            because: vec![
                "One hypothesis, looks fixed in advance, bounds computed under the null with the joint law of the statistic over \
                 the looks."
                    .into(),
                lower_bounds(protocol).into(),
            ],
            refusal: None,
        },
        Design::Seamless(design) => seamless(protocol, design, truths)?,
    };
    if protocol.harm.is_some() {
        verdict.because.push(
            "The efficacy bounds do not count on the harm bounds: stopping for harm can only lower the type I error."
                .into(),
        );
    }
    if !protocol.primary.test.is_log_rank() {
        verdict.because.push(
            "The level holds where the arms' survival curves are equal. A test whose weights rise with time may also reject \
             when the arm is nowhere better (early harm; Magirr and Burman 2019)."
                .into(),
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

/// Bounds given to two decimals may overspend by this much without being called uncontrolled.
const GIVEN_BOUNDS_ROUNDING: f64 = 5e-5;

/// Level that the efficacy bounds spend under the null, futility ignored unless it is binding.
fn spent_by(protocol: &Protocol, plan: &Plan) -> Result<f64, EngineError> {
    let information: Vec<f64> = plan.looks.iter().map(|look| look.information_fraction).collect();
    let looks = information.len();
    let obeyed = protocol.bounds.binding || protocol.bounds.sides == Sides::Two;
    let futility = if obeyed { plan.bounds.futility.clone() } else { vec![f64::NEG_INFINITY; looks] };
    let bounds = Bounds { efficacy: plan.bounds.efficacy.clone(), futility };
    Ok(crossing::canonical(&information, &vec![0.0; looks], &bounds)?.reject())
}

/// What the lower bounds do to the level.
fn lower_bounds(protocol: &Protocol) -> &'static str {
    match (protocol.bounds.sides, protocol.bounds.binding) {
        (Sides::Two, _) => {
            "Two-sided: alpha is the level of each side, and the lower bounds mirror the upper ones. A trial that went on \
             after crossing a lower bound could still cross an upper one, at a level above alpha."
        }
        (Sides::One, true) => {
            "Futility is binding: the efficacy bounds count on the trial's stopping at every futility bound. A trial that goes \
             on past one has a type I error above alpha, so that the level holds only if the bounds are obeyed."
        }
        (Sides::One, false) => "Futility is non-binding, so that ignoring it cannot raise the level.",
    }
}

fn seamless<'a>(
    protocol: &Protocol,
    design: &Seamless,
    truths: impl Iterator<Item = (&'a str, &'a Truth)>,
) -> Result<Verdict, EngineError> {
    let verdict = |guarantee, because: &[&str]| Verdict {
        guarantee,
        because: because.iter().map(ToString::to_string).collect(),
        refusal: None,
    };
    match &design.combination {
        Combination::InverseNormal { .. } => {
            let mut verdict = verdict(
                Guarantee::StrongByConstruction,
                &[
                    "Stage 1 is the phase II cohort, every arm of it followed to an end fixed in advance; stage 2 is patients \
                     the transition never saw. The stage-wise p-values are independent whatever the transition looks at \
                     (Jenkins, Stone and Jennison 2011), so any transition rule is allowed.",
                    "The weights are fixed in advance and a closed test over the arms controls the family-wise error \
                     (Bretz et al. 2006).",
                ],
            );
            for (name, truth) in truths {
                if let Some(refusal) = early_look(protocol, name, &seamless_schedule(protocol, design, truth)?) {
                    verdict.refusal = Some(refusal);
                    break;
                }
            }
            Ok(verdict)
        }
        Combination::Phase3Only => Ok(verdict(
            Guarantee::StrongByConstruction,
            &[
                "Only phase III patients are tested; the transition never saw them. A closed test over the kept arms controls \
               the family-wise error.",
            ],
        )),
        Combination::NaivePooled => Ok(verdict(
            Guarantee::NotControlled,
            &[
                "The patients whose data chose the arm are tested again as if the arm had been chosen beforehand. The more \
               the ranking statistic correlates with the final test, the larger the inflation; nothing bounds it but the \
               number of arms.",
            ],
        )),
    }
}

/// A confirmatory look expected before the phase II follow-up ends breaks `own_cohort`.
fn early_look(protocol: &Protocol, truth: &str, schedule: &SeamlessSchedule) -> Option<Refusal> {
    let end = schedule.follow_up.as_ref()?.month;
    let early = schedule.looks.iter().position(|look| look.month < end)?;
    Some(Refusal {
        place: format!("/analyses/{early}/when"),
        truth: truth.to_string(),
        rule: format!(
            "under own_cohort no confirmatory look may come before the phase II follow-up ends: under truth '{truth}' look \
             '{}' is expected at month {:.1}, the follow-up ends at month {end:.1}",
            protocol.analyses[early].name, schedule.looks[early].month
        ),
        hint: "move the look later or end the phase II follow-up earlier".into(),
    })
}
