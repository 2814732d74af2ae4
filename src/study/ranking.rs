//! Ranking of candidates over the truths of a scenario.

use crate::study::Answer;

/// Share of alpha by which a computed type I error may exceed it: bounds are planned with the information fractions of
/// the planning truth, and met with those of another.
pub const PLANNING_SLACK: f64 = 0.02;

/// One candidate's summary over the truths, and its rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Candidate.
    pub candidate: String,
    /// Rank, from 1.
    pub rank: usize,
    /// Mean probability of rejecting any hypothesis over the truths with a false null; `None` if none has.
    pub power: Option<f64>,
    /// Largest probability of rejecting a true null over the truths that have one; `None` if none has.
    pub type_i_error: Option<f64>,
    /// Mean probability of going to phase III over the truths in which every null is true; `None` without a transition.
    pub false_go: Option<f64>,
    /// Mean expected patients over the truths.
    pub patients: f64,
    /// Mean expected months over the truths.
    pub months: f64,
    /// Whether the type I error stays within alpha (and 2 % of it) plus four Monte Carlo standard errors
    /// under every truth.
    pub level_held: bool,
}

impl Ranked {
    /// Power minus false go, a missing one counting as 0: what a rule gains by telling benefit from none.
    pub fn net(&self) -> f64 {
        self.power.unwrap_or(0.0) - self.false_go.unwrap_or(0.0)
    }
}

/// Ranks candidates: those that hold the level first, then by [`Ranked::net`], then by fewer expected patients.
pub fn rank(answers: &[Answer], alpha: impl Fn(&str) -> f64) -> Vec<Ranked> {
    let mut names: Vec<&str> = Vec::new();
    for answer in answers {
        if !names.contains(&answer.candidate.as_str()) {
            names.push(&answer.candidate);
        }
    }
    let mut ranked: Vec<Ranked> = names.iter().map(|name| summarise(name, answers, alpha(name))).collect();
    ranked.sort_by(|a, b| {
        b.level_held.cmp(&a.level_held).then(b.net().total_cmp(&a.net())).then(a.patients.total_cmp(&b.patients))
    });
    for (index, entry) in ranked.iter_mut().enumerate() {
        entry.rank = index + 1;
    }
    ranked
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn summarise(name: &str, answers: &[Answer], alpha: f64) -> Ranked {
    let mine: Vec<_> = answers.iter().filter(|answer| answer.candidate == name).map(|a| &a.outcome).collect();
    let power: Vec<f64> =
        mine.iter().filter(|o| o.null_true.iter().any(|null| !null)).map(|o| o.reject_any.value).collect();
    let errors: Vec<_> = mine.iter().filter_map(|o| o.type_i_error).collect();
    let false_go: Vec<f64> = mine
        .iter()
        .filter(|o| o.transition.is_some() && o.null_true.iter().all(|null| *null))
        .map(|o| o.go.value)
        .collect();
    Ranked {
        candidate: name.to_string(),
        rank: 0,
        power: mean(&power),
        type_i_error: errors.iter().map(|e| e.value).reduce(f64::max),
        false_go: mean(&false_go),
        patients: mean(&mine.iter().map(|o| o.expected.patients.value).collect::<Vec<_>>()).unwrap_or(0.0),
        months: mean(&mine.iter().map(|o| o.expected.months.value).collect::<Vec<_>>()).unwrap_or(0.0),
        level_held: errors.iter().all(|e| e.value <= alpha * (1.0 + PLANNING_SLACK) + 4.0 * e.mcse.unwrap_or(0.0)),
    }
}
