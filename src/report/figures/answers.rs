//! Figures of the operating characteristics.

use super::{Figure, line};
use crate::engine::{Estimate, OperatingCharacteristics};
use crate::report::Language;
use crate::report::dictionary::term;
use crate::report::plot::{Axis, Chart, Kind, Rule, Series};
use crate::study::{Answer, Ranked};

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Probabilities of going on and of rejecting, truth by truth, a marker a candidate.
pub fn operating_characteristics(answers: &[Answer], alpha: f64, language: Language) -> Option<Figure> {
    type Of = fn(&OperatingCharacteristics) -> Estimate;
    let truths = unique(answers.iter().map(|answer| &*answer.truth));
    let candidates = unique(answers.iter().map(|answer| &*answer.candidate));
    if truths.is_empty() {
        return None;
    }
    let chart = |key: &'static str, of: Of| {
        let count = truths.len() as f64;
        let mut chart = Chart::new(
            format!("{} – {}", term(key).heading_in(language), term(key).meaning_in(language)),
            Axis::linear(language.pick("truth (numbered as in the table)", "真实情形（编号同表）"), 0.4, count + 0.6),
            Axis::linear(term(key).heading_in(language), 0.0, 1.0),
        );
        for (index, candidate) in candidates.iter().enumerate() {
            let shift = 0.5 * ((index as f64 + 0.5) / candidates.len() as f64 - 0.5);
            let mine = answers.iter().filter(|answer| answer.candidate == *candidate);
            let (points, errors) = mine
                .filter_map(|answer| {
                    let row = truths.iter().position(|truth| *truth == answer.truth)?;
                    let estimate = of(&answer.outcome);
                    Some(((row as f64 + 1.0 + shift, estimate.value), 2.0 * estimate.mcse.unwrap_or(0.0)))
                })
                .unzip();
            let series = Series { errors, kind: Kind::Markers, ..line(*candidate, index, points) };
            chart.series.push(series);
        }
        chart
    };
    let mut panels = Vec::new();
    if answers.iter().any(|answer| answer.outcome.transition.is_some()) {
        panels.push(chart("go", |outcome| outcome.go).svg());
    }
    let mut reject = chart("reject_any", |outcome| outcome.reject_any);
    reject.rules.push(Rule { at: alpha, label: format!("α = {alpha}") });
    panels.push(reject.svg());
    let caption = language
        .pick(
            "Every candidate under every truth; bars are two Monte Carlo standard errors to each side where a figure is simulated.",
            "各候选方案在各真实情形下的结果；模拟所得数值的误差线为上下各两个蒙特卡洛标准误。",
        )
        .to_owned();
    Some(Figure { id: "operating-characteristics", caption, panels })
}

/// Power against false go: what a transition rule gains and what it risks.
pub fn pareto(ranking: &[Ranked], language: Language) -> Option<Figure> {
    let placed: Vec<(&str, f64, f64)> =
        ranking.iter().filter_map(|r| Some((&*r.candidate, r.false_go?, r.power?))).collect();
    if placed.len() < 2 {
        return None;
    }
    let beaten =
        |one: &(&str, f64, f64)| placed.iter().any(|o| o.1 <= one.1 && o.2 >= one.2 && (o.1 < one.1 || o.2 > one.2));
    let mut front: Vec<(f64, f64)> = placed.iter().filter(|one| !beaten(one)).map(|one| (one.1, one.2)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (go, power) = (term("false_go"), term("power"));
    let mut chart = Chart::new(
        language.pick("Power against false go", "检验效能与错误进入率"),
        Axis::linear(go.meaning_in(language), 0.0, 1.0),
        Axis::linear(power.heading_in(language), 0.0, 1.0),
    );
    (chart.width, chart.height) = (720.0, 320.0);
    chart.series.push(Series { look: 7, ..line(language.pick("not beaten on both", "帕累托前沿"), 7, front) });
    for (index, (name, false_go, power)) in placed.iter().enumerate() {
        chart.series.push(Series { kind: Kind::Markers, ..line(*name, index, vec![(*false_go, *power)]) });
        chart.names.push((*false_go, *power, (*name).to_owned()));
    }
    let caption = language
        .pick(
            "Each candidate's mean power over the truths with a benefit against its mean probability of going to phase III without one. \
             Upper left is better; the line joins the candidates that no other beats on both.",
            "各候选方案在存在疗效的各真实情形下的平均检验效能，与在无疗效情形下进入 III 期的平均概率。左上方较优；折线连接未被其他方案在两方面同时超越的方案。",
        )
        .to_owned();
    Some(Figure { id: "pareto", caption, panels: vec![chart.svg()] })
}
