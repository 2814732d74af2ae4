//! Everything a report tells about a scenario, as data.

use crate::engine::Progress;
use crate::protocol::Design;
use crate::scenario::{Goal, Scenario, Solve};
use crate::study::sensitivity::{self, Course, SizeCourse, Swings};
use crate::study::{self, Answer, Profile, Ranked, StudyError, TruthCurves, Verdict, WorstCase};

/// Power of the goal where the file has none.
const POWER: f64 = 0.9;

/// Everything a report tells.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Every candidate under every truth, in file order.
    pub answers: Vec<Answer>,
    /// The candidates in order of merit.
    pub ranking: Vec<Ranked>,
    /// The guarantee of each candidate, in file order.
    pub verdicts: Vec<(String, Verdict)>,
    /// Courses of every truth over time.
    pub curves: Vec<TruthCurves>,
    /// The truth that the courses below are read under: the first with a benefit; `None` if there is none.
    pub truth: Option<String>,
    /// Answers along the delay; empty where no effect is delayed.
    pub delay: Vec<Course>,
    /// What [`Self::sizes`] solves.
    pub goal: Option<Goal>,
    /// Size along the delay; empty where no effect is delayed or every candidate has a transition.
    pub sizes: Vec<SizeCourse>,
    /// Answers along the correlation of response and prognosis; empty where there is none.
    pub correlation: Vec<Course>,
    /// Power of the first-ranked candidate, one quantity at a time.
    pub swings: Option<Swings>,
    /// The largest type I error of each candidate; `None` where the file does not ask for the search.
    pub worst_cases: Option<Vec<WorstCase>>,
    /// The type I error through the worst cases, one value at a time; empty without them.
    pub profiles: Vec<Profile>,
}

/// Collects everything for a report of `scenario`.
///
/// # Errors
/// [`StudyError`] of the first candidate and truth that cannot be answered, or of a candidate that is refused.
pub fn dossier(scenario: &Scenario, progress: Progress) -> Result<Dossier, StudyError> {
    let verdicts = study::check(scenario)?;
    let mut answers = Vec::new();
    study::evaluate(scenario, progress, |answer| answers.push(answer))?;
    let alpha = |name: &str| {
        scenario.candidates.iter().find(|candidate| candidate.name == name).map_or(0.0, |c| c.protocol.alpha)
    };
    let ranking = study::rank(&answers, alpha);
    let last =
        answers.iter().flat_map(|answer| &answer.outcome.looks).map(|look| look.month.value).fold(12.0, f64::max);
    let curves = study::curves(scenario, (1.15 * last / 6.0).ceil() * 6.0)?;
    let leading = ranking.first().map(|first| first.candidate.clone());
    let truth = leading.as_deref().and_then(|leading| sensitivity::truth_with_benefit(&answers, leading));
    let truth = truth.map(str::to_owned);
    let goal = goal(scenario);
    let (mut delay, mut sizes, mut correlation, mut swings) = (Vec::new(), Vec::new(), Vec::new(), None);
    if let (Some(leading), Some(truth)) = (&leading, &truth) {
        delay = sensitivity::along_delay(scenario, truth);
        sizes = goal.map_or_else(Vec::new, |goal| sensitivity::size_along_delay(scenario, truth, goal));
        correlation = sensitivity::along_correlation(scenario, truth);
        swings = sensitivity::swings(scenario, leading, truth);
    }
    let worst_cases = scenario.worst_case.is_some().then(|| study::worst_case(scenario)).transpose()?;
    let profiles = worst_cases.iter().flatten().flat_map(|found| study::profiles(scenario, found)).collect();
    Ok(Dossier {
        answers,
        ranking,
        verdicts,
        curves,
        truth,
        delay,
        goal,
        sizes,
        correlation,
        swings,
        worst_cases,
        profiles,
    })
}

/// The file's goal if it is a size; else power 0.9, moving events where the last look waits for them and patients otherwise.
/// `None` where no candidate is without a transition.
fn goal(scenario: &Scenario) -> Option<Goal> {
    let design = scenario.candidates.iter().find(|c| matches!(c.protocol.design, Design::GroupSequential(_)))?;
    let stated = scenario.goal.filter(|goal| matches!(goal.solve, Solve::Patients | Solve::Events));
    let event_driven = design.protocol.analyses.last().is_some_and(|look| look.when.planned_events().is_some());
    let solve = if event_driven { Solve::Events } else { Solve::Patients };
    Some(stated.unwrap_or(Goal { power: scenario.goal.map_or(POWER, |goal| goal.power), solve }))
}
