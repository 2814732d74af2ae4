//! The guarantee of a seamless design: which evidence is independent of what the transition looked at.

use super::{Guarantee, Refusal, Verdict, spent_by};
use crate::engine::{EngineError, Plan, SeamlessSchedule, seamless_schedule};
use crate::protocol::{Combination, Protocol, Seamless, Stage1};
use crate::truth::Truth;

/// Judges a seamless design with every truth it is to be run under.
pub(super) fn verdict<'a>(
    protocol: &Protocol,
    design: &Seamless,
    plan: &Plan,
    truths: impl Iterator<Item = (&'a str, &'a Truth)>,
) -> Result<Verdict, EngineError> {
    let verdict = match &design.combination {
        Combination::TwoStage { function, stage1, .. } => {
            let mut verdict = match stage1 {
                Stage1::OwnCohort { .. } => own_cohort(),
                Stage1::IndependentIncrements => increments(protocol, design),
            };
            if verdict.guarantee == Guarantee::StrongByConstruction {
                verdict.because.push(combined(function.name()).into());
                if design.transition.resize.is_some() {
                    verdict.because.push(RESIZED.into());
                }
            }
            for (name, truth) in truths {
                if let Some(refusal) = early_look(protocol, name, &seamless_schedule(protocol, design, truth)?) {
                    verdict.refusal = Some(refusal);
                    break;
                }
            }
            verdict
        }
        Combination::Phase3Only => Verdict::of(
            Guarantee::StrongByConstruction,
            "Only phase III patients are tested; the transition never saw them. A closed test over the kept arms controls \
             the family-wise error.",
        ),
        Combination::NaivePooled => pooled(protocol, design, spent_by(protocol, plan)?),
    };
    Ok(verdict)
}

fn own_cohort() -> Verdict {
    Verdict::of(
        Guarantee::StrongByConstruction,
        "Stage 1 is the phase II cohort, every arm of it followed to an end fixed in advance; stage 2 is patients \
         the transition never saw. The stage-wise p-values are independent whatever the transition looks at \
         (Jenkins, Stone and Jennison 2011), so any transition rule is allowed.",
    )
}

/// Why resizing is allowed.
const RESIZED: &str = "Phase III may be resized by what was seen: stage 2 enters with the weight that was planned, however large it \
     becomes (Cui, Hung and Wang 1999).";

/// How the stages' p-values keep the level together.
fn combined(function: &str) -> &'static str {
    match function {
        "fisher" => {
            "Fisher's product of independent p-values has no weight to choose, its bounds count all looks, and a closed test over \
             the arms controls the family-wise error (Bauer and Köhne 1994; Bretz et al. 2006)."
        }
        "conditional_error" => {
            "Each intersection is tested in stage 2 at the conditional error of the Dunnett test that was planned, which averages \
             to the level over stage 1 whatever is done afterwards (Müller and Schäfer 2001; König et al. 2008)."
        }
        _ => {
            "The weights are fixed in advance and a closed test over the arms controls the family-wise error \
             (Bretz et al. 2006)."
        }
    }
}

/// Stage 2 holds what phase II patients add after the data cut. That is independent of what the tested endpoint had shown, but not
/// of a marker or another endpoint of patients who are still at risk (Bauer and Posch 2004).
fn increments(protocol: &Protocol, design: &Seamless) -> Verdict {
    let endpoint = protocol.primary.endpoint;
    let foreign: Vec<&str> = design
        .transition
        .reads()
        .into_iter()
        .filter(|statistic| !statistic.reads_only(endpoint))
        .map(crate::transition::Statistic::name)
        .collect();
    let arms = protocol.arms.len() - 1;
    if foreign.is_empty() {
        return Verdict::of(
            Guarantee::StrongByConstruction,
            format!(
                "Stage 1 is what phase II had shown at the data cut, stage 2 what everybody adds to it. Under the null the \
                 increments of the log-rank test of {} are independent of all that {} had shown before (Wassmer 2006), and the \
                 transition looks at nothing else.",
                endpoint.name(),
                endpoint.name()
            ),
        );
    }
    if arms == 1 {
        return Verdict::of(
            Guarantee::StrongByConstruction,
            format!(
                "The transition looks at {}, on which what phase II patients add later may depend. With one experimental arm it can \
                 only stop the trial, and stopping rejects nothing.",
                foreign.join(", ")
            ),
        );
    }
    Verdict::of(
        Guarantee::NotControlled,
        format!(
            "The transition chooses arms by {}. Patients of phase II who are still at risk are tested again in stage 2, and what was \
             read of them foretells their {}: under the null the stages are not independent (Bauer and Posch 2004; Jörgens et al. \
             2019). The excess is at most {} times the level, and small where the link is weak, but nothing holds it. Use \
             `own_cohort`.",
            foreign.join(", "),
            endpoint.name(),
            arms - 1
        ),
    )
}

/// Everybody is tested again. Whatever the rule does, the statistic of the arm kept is one of those that the arms would have had, so
/// that the sum of their levels bounds the type I error (Bonferroni).
fn pooled(protocol: &Protocol, design: &Seamless, spent: f64) -> Verdict {
    let arms = protocol.arms.len() - 1;
    if design.transition.resize.is_some() {
        return Verdict::of(
            Guarantee::NotControlled,
            format!(
                "Phase III is resized by what the same patients had shown, and the test does not keep the weights that were planned: at \
                 worst a level of {} becomes {:.4} (Proschan and Hunsberger 1995).",
                protocol.alpha,
                crate::adaptive::fisher::worst_case_level(protocol.alpha)
            ),
        );
    }
    if arms == 1 {
        return Verdict::of(
            Guarantee::StrongByConstruction,
            "One experimental arm: the transition can only stop the trial, and stopping rejects nothing. All patients are tested \
             as in a trial without a transition.",
        );
    }
    if !design.transition.drops_arms() {
        let bound = arms as f64 * spent;
        return Verdict::of(
            if bound <= protocol.alpha { Guarantee::BoundedNumerically(bound) } else { Guarantee::NotControlled },
            format!(
                "Every arm is tested at {spent:.5} without a correction for their number; together they spend at most {bound:.5}."
            ),
        );
    }
    let bound = arms as f64 * spent;
    if bound <= protocol.alpha {
        return Verdict::of(
            Guarantee::BoundedNumerically(bound),
            format!(
                "The patients whose data chose the arm are tested again. Whatever the rule looks at, the arm kept is one of {arms}, \
                 and its bounds spend {spent:.5}: together the arms spend at most {bound:.5} (Bonferroni)."
            ),
        );
    }
    Verdict::of(
        Guarantee::NotControlled,
        format!(
            "The patients whose data chose the arm are tested again as if the arm had been chosen beforehand. The more \
             the ranking statistic correlates with the final test, the larger the inflation; nothing bounds it but the \
             number of arms: at most {bound:.4}."
        ),
    )
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
