//! Figures of what the answers do when something is otherwise than assumed.

use super::{Figure, heights, line, marked};
use crate::engine::OperatingCharacteristics;
use crate::report::Language;
use crate::report::dictionary::term;
use crate::report::plot::{Axis, Bar, Bars, Chart, Kind, Rule, Series};
use crate::report::prose::quantity_name;
use crate::scenario::{Goal, Solve};
use crate::study::{Course, CoursePoint, Profile, SWING, SizeCourse, Swings, WorstCase};

fn months(language: Language, courses: impl Iterator<Item = f64>) -> Axis {
    let to = courses.fold(1.0, f64::max);
    Axis::linear(language.pick("delay of the effect (months)", "疗效延迟时间（月）"), 0.0, to)
}

/// The average hazard ratio that each look sees, and the power, along the delay.
pub fn average_hazard_ratio(courses: &[Course], leading: &str, truth: &str, language: Language) -> Option<Figure> {
    let axis = || months(language, courses.iter().flat_map(|course| course.points.iter().map(|point| point.at)));
    if courses.is_empty() {
        return None;
    }
    let mut panels = Vec::new();
    let ratio = term("average_hazard_ratio");
    // Seamless candidates see the same averages at nearly the same months: one of them is drawn.
    let seamless = |course: &&Course| course.points.iter().any(|point| point.outcome.transition.is_some());
    let leading = courses.iter().filter(seamless).find(|course| course.candidate == leading);
    for course in courses.iter().filter(|course| !seamless(course)).chain(leading) {
        let series = averages(course);
        if !series.is_empty() {
            let title = format!("{} – {}", ratio.heading_in(language), course.candidate);
            let y = Axis::around(ratio.heading_in(language), heights(&series).chain([1.0]));
            let mut chart = Chart::new(title, axis(), y);
            chart.series = series;
            chart.rules = vec![Rule { at: 1.0, label: language.pick("no effect", "无疗效").into() }];
            panels.push(chart.svg());
        }
    }
    let mut chart = Chart::new(
        language.pick("Power", "检验效能"),
        axis(),
        Axis::linear(language.pick("P(reject any)", "至少拒绝一个原假设的概率"), 0.0, 1.0),
    );
    chart.series = probabilities(courses, &|outcome| Some(outcome.reject_any.value));
    panels.push(chart.svg());
    let caption = language.pick(
        format!(
            "Truth “{truth}” with every delay of its effects set to the months shown; the design stays as planned. An event-driven look \
             comes earlier in the patients' follow-up than the effect when the delay is long."
        ),
        format!("真实情形“{truth}”，将其全部疗效延迟设为图示月数，设计保持不变。延迟较长时，按事件数触发的分析早于疗效充分显现。"),
    );
    Some(Figure { id: "delay", caption, panels })
}

/// One series a look and arm.
fn averages(course: &Course) -> Vec<Series> {
    let Some(first) = course.points.first() else { return Vec::new() };
    let mut series = Vec::new();
    for (arm, (name, _)) in first.averages.iter().enumerate() {
        for (index, look) in first.outcome.looks.iter().enumerate() {
            let seen = |point: &CoursePoint| Some((point.at, *point.averages.get(arm)?.1.get(index)?.as_ref()?));
            let points: Vec<(f64, f64)> = course.points.iter().filter_map(seen).collect();
            let whose =
                if first.averages.len() > 1 { format!("{name} · {}", look.analysis) } else { look.analysis.clone() };
            if points.len() > 1 {
                series.push(marked(whose, series.len(), points));
            }
        }
    }
    series
}

fn probabilities(courses: &[Course], of: &dyn Fn(&OperatingCharacteristics) -> Option<f64>) -> Vec<Series> {
    courses
        .iter()
        .enumerate()
        .map(|(index, course)| {
            let points = course.points.iter().filter_map(|point| Some((point.at, of(&point.outcome)?)));
            marked(&*course.candidate, index, points.collect())
        })
        .collect()
}

/// The size that the goal needs along the delay.
pub fn sizes(courses: &[SizeCourse], goal: Goal, truth: &str, language: Language) -> Option<Figure> {
    let solved = |course: &SizeCourse| course.points.iter().filter_map(|(at, size)| Some((*at, (*size)?))).collect();
    let series: Vec<Series> =
        courses.iter().enumerate().map(|(index, course)| marked(&*course.candidate, index, solved(course))).collect();
    if series.is_empty() {
        return None;
    }
    let what = if goal.solve == Solve::Events {
        language.pick("events at the last analysis", "最终分析事件数")
    } else {
        language.pick("patients", "受试者数")
    };
    let power = goal.power;
    let mut chart = Chart::new(
        language.pick(format!("Size for power {power}"), format!("达到检验效能 {power} 所需规模")),
        months(language, courses.iter().flat_map(|course| course.points.iter().map(|(at, _)| *at))),
        Axis::around(what, heights(&series).chain([0.0])),
    );
    chart.series = series;
    (chart.width, chart.height) = (720.0, 320.0);
    let caption = language.pick(
        format!(
            "Size at which the power under truth “{truth}” is {power}, by the delay of its effects. Where the curve ends, no design within \
             the search's limits reaches the goal."
        ),
        format!("在真实情形“{truth}”下达到检验效能 {power} 所需规模随疗效延迟的变化。曲线终止处表示在搜索范围内无设计可达目标。"),
    );
    Some(Figure { id: "size", caption, panels: vec![chart.svg()] })
}

/// Power with one quantity at a time lower and higher.
pub fn tornado(swings: &Swings, language: Language) -> Figure {
    let rows: Vec<Bar> = swings
        .swings
        .iter()
        .map(|swing| Bar {
            name: quantity_name(swing.quantity, language).to_owned(),
            lower: swing.lower.map(|power| power.value),
            higher: swing.higher.map(|power| power.value),
        })
        .collect();
    let ends = rows.iter().flat_map(|bar| [bar.lower, bar.higher]).flatten().chain([swings.power.value]);
    let axis = Axis::around(language.pick("power", "检验效能"), ends);
    let figure = Bars {
        title: format!("{} · {}", swings.candidate, swings.truth),
        axis,
        base: swings.power.value,
        sides: [
            language.pick(format!("divided by {SWING}"), format!("除以 {SWING}")),
            language.pick(format!("multiplied by {SWING}"), format!("乘以 {SWING}")),
        ],
        rows,
    };
    let caption = language
        .pick(
            "Power of the first-ranked candidate when one quantity of nature at a time is divided or multiplied, the design staying as \
             planned. A probability stays within its range; a hazard ratio moves on the log scale.",
            "排名第一的候选方案在单个自然参数依次除以或乘以该倍数时的检验效能，设计保持不变。概率不超出其取值范围；风险比在对数尺度上变动。",
        )
        .to_owned();
    Figure { id: "tornado", caption, panels: vec![figure.svg()] }
}

/// P(go) and power along the correlation of response and prognosis.
pub fn correlation(courses: &[Course], truth: &str, language: Language) -> Option<Figure> {
    if courses.is_empty() {
        return None;
    }
    let to = courses.iter().flat_map(|course| course.points.iter().map(|point| point.at)).fold(0.1, f64::max);
    let chart = |key: &'static str, of: &dyn Fn(&OperatingCharacteristics) -> Option<f64>| {
        let mut chart = Chart::new(
            format!("{} – {}", term(key).heading_in(language), term(key).meaning_in(language)),
            Axis::linear(language.pick("correlation of response and prognosis", "免疫应答与预后的相关系数"), 0.0, to),
            Axis::linear(term(key).heading_in(language), 0.0, 1.0),
        );
        chart.series = probabilities(courses, of);
        chart.svg()
    };
    let panels = vec![
        chart("go", &|outcome| Some(outcome.go.value)),
        chart("reject_any", &|outcome| Some(outcome.reject_any.value)),
    ];
    let caption = language.pick(
        format!(
            "Truth “{truth}” with another latent correlation between immune response and good prognosis, which exists in every arm whether \
             or not the product works."
        ),
        format!("真实情形“{truth}”，改变免疫应答与良好预后之间的潜在相关系数；无论产品是否有效，该相关性存在于每一组。"),
    );
    Some(Figure { id: "correlation", caption, panels })
}

/// The largest type I error of every candidate, as searched and as simulated.
pub fn type_one_error(found: &[WorstCase], profiles: &[Profile], language: Language) -> Option<Figure> {
    let alpha = found.first()?.alpha;
    let searched: Vec<(f64, f64)> =
        found.iter().enumerate().map(|(i, case)| (i as f64 + 0.95, case.searched.value)).collect();
    let (simulated, errors): (Vec<(f64, f64)>, Vec<f64>) = found
        .iter()
        .enumerate()
        .filter_map(|(i, case)| {
            let error = case.simulated.type_i_error?;
            Some(((i as f64 + 1.05, error.value), 2.0 * error.mcse.unwrap_or(0.0)))
        })
        .unzip();
    let highest = simulated.iter().zip(&errors).map(|((_, y), error)| y + error);
    let y = Axis::around(language.pick("largest type I error", "最大 I 类错误率"), highest.chain([0.0, alpha]));
    let x = Axis::linear(
        language.pick("candidate (in the order of the table)", "候选方案（次序同表）"),
        0.5,
        found.len() as f64 + 0.5,
    );
    let mut chart = Chart::new(language.pick("Largest type I error found", "所搜得的最大 I 类错误率"), x, y);
    chart.series = vec![
        Series { kind: Kind::Markers, ..line(language.pick("searched", "搜索所得"), 1, searched) },
        Series { kind: Kind::Markers, errors, ..line(language.pick("simulated there", "该处模拟"), 0, simulated) },
    ];
    chart.rules = vec![Rule { at: alpha, label: format!("α = {alpha}") }];
    let caption = language
        .pick(
            "Largest type I error over the nuisance values that the file varies and over every set of true nulls; the simulation repeats the \
             worst truth found; bars are two Monte Carlo standard errors to each side. The other panels move one value at a time, everything \
             else staying at the worst.",
            "在文件所列干扰参数范围及全部原假设组合上的最大 I 类错误率；对搜得的最不利情形再作模拟验证，误差线为上下各两个蒙特卡洛标准误。\
             其余各图每次变动一个参数，其他参数保持在最不利处。",
        )
        .to_owned();
    let panels = std::iter::once(chart.svg()).chain(along_nuisance(profiles, alpha, language)).collect();
    Some(Figure { id: "type-one-error", caption, panels })
}

/// One panel a value: type I error through each candidate's worst truth.
fn along_nuisance(profiles: &[Profile], alpha: f64, language: Language) -> Vec<String> {
    let mut paths: Vec<&str> = Vec::new();
    for profile in profiles {
        if !paths.contains(&&*profile.path) {
            paths.push(&profile.path);
        }
    }
    let highest = profiles.iter().flat_map(|profile| profile.points.iter().map(|(_, error)| error.value));
    let y = Axis::around(language.pick("type I error", "I 类错误率"), highest.chain([0.0, alpha]));
    let panel = |path: &&str| {
        let mut candidates: Vec<&str> = Vec::new();
        let mut series = Vec::new();
        for profile in profiles {
            if !candidates.contains(&&*profile.candidate) {
                candidates.push(&profile.candidate);
            }
            if profile.path == *path && profile.points.len() > 1 {
                let points = profile.points.iter().map(|(value, error)| (*value, error.value)).collect();
                series.push(marked(&*profile.candidate, candidates.len() - 1, points));
            }
        }
        let ends = || series.iter().flat_map(|one: &Series| one.points.iter().map(|(x, _)| *x));
        let (from, to) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
        let mut chart = Chart::new(*path, Axis::linear(*path, from.min(to), to), y.clone());
        chart.series = series;
        chart.rules = vec![Rule { at: alpha, label: format!("α = {alpha}") }];
        chart.svg()
    };
    paths.iter().filter(|path| profiles.iter().any(|p| p.path == **path && p.points.len() > 1)).map(panel).collect()
}
