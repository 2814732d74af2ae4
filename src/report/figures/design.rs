//! Figures of the design and of what the truths imply over time.

use super::{Figure, heights, line, marked};
use crate::engine::{BoundAt, LookOutcome};
use crate::report::Language;
use crate::report::plot::{Axis, Chart, Rule, Series};
use crate::report::prose::endpoint_short;
use crate::study::{Answer, TruthCurves};
use crate::survival::Endpoint;

/// The looks of each candidate, candidates of equal bounds together.
fn designs(answers: &[Answer]) -> Vec<(Vec<&str>, &[LookOutcome])> {
    let mut found: Vec<(Vec<&str>, &[LookOutcome])> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let z = |bound: &Option<BoundAt>| bound.as_ref().map(|bound| bound.z);
    for answer in answers {
        if seen.contains(&answer.candidate.as_str()) {
            continue;
        }
        seen.push(&answer.candidate);
        let looks = &answer.outcome.looks[..];
        let same = |other: &[LookOutcome]| {
            other.len() == looks.len()
                && other.iter().zip(looks).all(|(a, b)| {
                    z(&a.efficacy_bound) == z(&b.efficacy_bound)
                        && z(&a.futility_bound) == z(&b.futility_bound)
                        && a.information_fraction == b.information_fraction
                })
        };
        match found.iter_mut().find(|(_, other)| same(other)) {
            Some((names, _)) => names.push(&answer.candidate),
            None => found.push((vec![&answer.candidate], looks)),
        }
    }
    found
}

/// Bounds over the information fraction, on the z, p and hazard ratio scales.
pub fn boundaries(answers: &[Answer], language: Language) -> Option<Figure> {
    let designs = designs(answers);
    let series = |of: &dyn Fn(&BoundAt) -> Option<f64>| -> Vec<Series> {
        let mut all = Vec::new();
        for (index, (names, looks)) in designs.iter().enumerate() {
            let whose = if designs.len() > 1 { format!("{}: ", names.join(", ")) } else { String::new() };
            let points = |bound: &dyn Fn(&LookOutcome) -> Option<BoundAt>| -> Vec<(f64, f64)> {
                looks
                    .iter()
                    .filter_map(|look| Some((look.information_fraction, bound(look).as_ref().and_then(of)?)))
                    .collect()
            };
            let kinds: [(Vec<(f64, f64)>, &str); 2] = [
                (points(&|look| look.efficacy_bound), language.pick("efficacy", "有效性")),
                (points(&|look| look.futility_bound), language.pick("futility", "无效性")),
            ];
            for (kind, (points, name)) in kinds.into_iter().enumerate() {
                if !points.is_empty() {
                    all.push(marked(format!("{whose}{name}"), 2 * index + kind, points));
                }
            }
        }
        all
    };
    let x = || Axis::linear(language.pick("planned information fraction", "计划信息分数"), 0.0, 1.04);
    let z = series(&|bound| Some(bound.z));
    if z.is_empty() {
        return None;
    }
    let mut panels = Vec::new();
    let mut chart = Chart::new(
        language.pick("z scale", "z 值尺度"),
        x(),
        Axis::around(language.pick("standardised statistic z", "标准化统计量 z"), heights(&z)),
    );
    chart.series = z;
    panels.push(chart.svg());
    let p = series(&|bound| Some(bound.p));
    let mut chart = Chart::new(
        language.pick("p-value scale", "p 值尺度"),
        x(),
        Axis::logarithmic(language.pick("one-sided p-value (log scale)", "单侧 p 值（对数尺度）"), heights(&p)),
    );
    chart.series = p;
    panels.push(chart.svg());
    let ratio = series(&|bound| bound.hazard_ratio);
    if !ratio.is_empty() {
        let mut chart = Chart::new(
            language.pick("hazard ratio scale", "风险比尺度"),
            x(),
            Axis::around(language.pick("hazard ratio (approximate)", "风险比（近似）"), heights(&ratio).chain([1.0])),
        );
        chart.series = ratio;
        chart.rules = vec![Rule { at: 1.0, label: language.pick("no effect", "无疗效").into() }];
        panels.push(chart.svg());
    }
    let caption = language.pick(
        "Bounds of the test statistic at each analysis. Reject at or above the efficacy bound (z), at or below it (p-value, hazard \
         ratio); stop for futility at or beyond the futility bound.",
        "各次分析的检验界值。统计量达到或超过有效性界值（z）、或 p 值/风险比不超过相应界值时拒绝原假设；达到无效性界值时因无效停止。",
    );
    let none = language.pick(
        " The combined statistic of a seamless design has no hazard ratio scale.",
        "无缝设计的合并统计量没有风险比尺度。",
    );
    let caption = if panels.len() < 3 { format!("{caption}{none}") } else { caption.to_owned() };
    Some(Figure { id: "boundaries", caption, panels })
}

/// Hazard ratios of every arm over time, one panel a truth.
pub fn hazard_ratios(curves: &[TruthCurves], primary: Endpoint, language: Language) -> Option<Figure> {
    curves.first()?;
    let of = |truth: &TruthCurves| -> Vec<Series> {
        let mut all = Vec::new();
        for (index, arm) in truth.arms.iter().enumerate().skip(1) {
            for endpoint in arm.endpoints.iter().filter(|e| e.endpoint == primary) {
                let points = truth
                    .months
                    .iter()
                    .zip(&endpoint.hazard_ratio)
                    .map(|(month, ratio)| (*month, ratio.unwrap_or(f64::NAN)));
                all.push(line(&*arm.arm, index, points.collect()));
            }
        }
        all
    };
    let series: Vec<Vec<Series>> = curves.iter().map(of).collect();
    let y = Axis::around(
        language.pick("hazard ratio", "风险比"),
        series.iter().flat_map(|series| heights(series)).chain([1.0, 0.8]).map(|ratio: f64| ratio.clamp(0.0, 4.0)),
    );
    let panels = curves
        .iter()
        .zip(series)
        .map(|(truth, series)| {
            let x = Axis::linear(
                language.pick("months since randomisation", "随机化后月数"),
                0.0,
                truth.months.last().copied().unwrap_or(1.0),
            );
            let mut chart = Chart::new(&*truth.truth, x, y.clone());
            chart.series = series;
            chart.rules = vec![Rule { at: 1.0, label: language.pick("no effect", "无疗效").into() }];
            chart.svg()
        })
        .collect();
    let endpoint = endpoint_short(primary);
    let caption = language.pick(
        format!(
            "Hazard ratio of {endpoint} against the control over time under each truth, averaged over strata, response and prognosis: \
             hazards are those of the patients still at risk."
        ),
        format!("各真实情形下 {endpoint} 相对对照组的风险比随时间的变化，已对分层、应答与预后取平均（仍处于风险中的受试者的风险率）。"),
    );
    Some(Figure { id: "hazard-ratio", caption, panels })
}

/// Survival of every arm, one panel a truth and endpoint.
pub fn survival(curves: &[TruthCurves], language: Language) -> Option<Figure> {
    let mut panels = Vec::new();
    for truth in curves {
        let endpoints: Vec<Endpoint> = truth.arms.first()?.endpoints.iter().map(|e| e.endpoint).collect();
        for (index, endpoint) in endpoints.into_iter().enumerate() {
            let to = truth.months.last().copied().unwrap_or(1.0);
            let short = endpoint_short(endpoint);
            let mut chart = Chart::new(
                format!("{short} · {}", truth.truth),
                Axis::linear(language.pick("months since randomisation", "随机化后月数"), 0.0, to),
                Axis::linear(language.pick("probability free of the event", "无事件概率"), 0.0, 1.0),
            );
            for (number, arm) in truth.arms.iter().enumerate() {
                let points = truth.months.iter().copied().zip(arm.endpoints[index].survival.iter().copied());
                chart.series.push(line(&*arm.arm, number, points.collect()));
            }
            panels.push(chart.svg());
        }
    }
    let caption = language
        .pick(
            "Survival of every arm under each truth, as nature has it: without drop-out or censoring.",
            "各真实情形下各组的生存曲线（自然病程，不含脱落与删失）。",
        )
        .to_owned();
    Some(Figure { id: "survival", caption, panels })
}

/// Enrolment and events over calendar time, one panel a truth.
pub fn calendar(curves: &[TruthCurves], language: Language) -> Option<Figure> {
    curves.first()?;
    let most = curves.iter().flat_map(|truth| &truth.patients).copied().fold(1.0, f64::max);
    let panels = curves
        .iter()
        .map(|truth| {
            let to = truth.calendar.last().copied().unwrap_or(1.0);
            let mut chart = Chart::new(
                &*truth.truth,
                Axis::linear(language.pick("calendar month", "日历月"), 0.0, to),
                Axis::linear(language.pick("expected number", "期望人数"), 0.0, 1.05 * most),
            );
            let points = |values: &[f64]| truth.calendar.iter().copied().zip(values.iter().copied()).collect();
            chart.series.push(line(language.pick("patients enrolled", "已入组受试者"), 0, points(&truth.patients)));
            for (index, (endpoint, events)) in truth.events.iter().enumerate() {
                let short = endpoint_short(*endpoint);
                let name = language.pick(format!("{short} events"), format!("{short} 事件"));
                chart.series.push(line(name, index + 1, points(events)));
            }
            chart.svg()
        })
        .collect();
    let caption = language
        .pick(
            "Expected enrolment and events over calendar time under each truth, drop-out counted, as if nobody were stopped, every \
             arm stayed open and enrolment never paused.",
            "各真实情形下按日历时间的期望入组数与事件数（已计入脱落；假设试验不停止、各组均保持开放且入组不暂停）。",
        )
        .to_owned();
    Some(Figure { id: "calendar", caption, panels })
}
