//! The tables of a report.

use crate::engine::{Estimate, OperatingCharacteristics};
use crate::report::Language;
use crate::report::dictionary::{Format, term};
use crate::report::prose::{endpoint_short, quantity_name};
use crate::report::sheet::{Cell, Sheet};
use crate::study::{Answer, Ranked, Swings, TruthDescription, WorstCase};

fn headings(language: Language, first: &[&str], keys: &[&'static str]) -> Vec<String> {
    let named = keys.iter().map(|key| term(key).heading_in(language).to_owned());
    first.iter().map(|name| (*name).to_owned()).chain(named).collect()
}

fn figure(key: &'static str, estimate: &Estimate) -> Cell {
    Cell::Estimate(*estimate, term(key).format)
}

/// Candidates by rank.
pub fn ranking(ranked: &[Ranked], language: Language) -> Sheet {
    let mut heads = headings(
        language,
        &[language.pick("rank", "排名"), language.pick("candidate", "候选方案")],
        &["power", "false_go", "net", "type_i_error", "patients", "months"],
    );
    heads.push(language.pick("level", "水平").to_owned());
    let rows = ranked
        .iter()
        .map(|r| {
            let probability = |value| Cell::maybe(value, Format::Probability);
            vec![
                Cell::text(r.rank.to_string()),
                Cell::text(&*r.candidate),
                probability(r.power),
                probability(r.false_go),
                probability(Some(r.net())),
                probability(r.type_i_error),
                Cell::Figure(r.patients, Format::Count),
                Cell::Figure(r.months, Format::Months),
                Cell::text(if r.level_held {
                    language.pick("held", "成立")
                } else {
                    language.pick("EXCEEDED", "超出")
                }),
            ]
        })
        .collect();
    Sheet {
        id: "ranking",
        title: language.pick("Candidates by rank", "候选方案排名").into(),
        note: language
            .pick(
                "Candidates that hold the level come first, then by net = power − false go. Type I error: largest over the truths; patients and \
                 months: mean over the truths of what is expected.",
                "先列水平成立的方案，再按净值 = 检验效能 − 错误进入率排序。I 类错误取各真实情形中的最大值；受试者数与月数为各真实情形期望值的平均。",
            )
            .into(),
        headings: heads,
        rows,
    }
}

/// Operating characteristics of every candidate under every truth; truths are numbered as in the figure.
pub fn operating_characteristics(answers: &[Answer], language: Language) -> Sheet {
    let keys = ["go", "correct_selection", "reject_any", "type_i_error", "patients", "events", "months"];
    let mut truths: Vec<&str> = Vec::new();
    for answer in answers {
        if !truths.contains(&&*answer.truth) {
            truths.push(&answer.truth);
        }
    }
    let mut rows = Vec::new();
    for (number, truth) in truths.iter().enumerate() {
        for answer in answers.iter().filter(|answer| answer.truth == *truth) {
            let outcome = &answer.outcome;
            let format = |key: &'static str| term(key).format;
            rows.push(vec![
                Cell::text(format!("{}. {truth}", number + 1)),
                Cell::text(&*answer.candidate),
                if outcome.transition.is_some() { figure("go", &outcome.go) } else { Cell::None },
                Cell::estimate(outcome.correct_selection.as_ref(), format("correct_selection")),
                figure("reject_any", &outcome.reject_any),
                Cell::estimate(outcome.type_i_error.as_ref(), format("type_i_error")),
                figure("patients", &outcome.expected.patients),
                figure("events", &outcome.expected.events),
                figure("months", &outcome.expected.months),
            ]);
        }
    }
    drop_empty(Sheet {
        id: "operating-characteristics",
        title: language.pick("Operating characteristics", "操作特征").into(),
        note: language
            .pick(
                "± Monte Carlo standard error of a simulated figure. P(best), type I: – where it cannot happen. Patients, events and months are \
                 expected at the end of the trial.",
                "± 为模拟数值的蒙特卡洛标准误。P(最优组)、I 类错误：不可能发生时记为 –。受试者数、事件数与月数为试验结束时的期望值。",
            )
            .into(),
        headings: headings(language, &[language.pick("truth", "真实情形"), language.pick("candidate", "候选方案")], &keys),
        rows,
    })
}

/// Hypotheses: which arm is kept, which null is rejected.
pub fn hypotheses(answers: &[Answer], language: Language) -> Sheet {
    let mut heads = headings(
        language,
        &[
            language.pick("truth", "真实情形"),
            language.pick("candidate", "候选方案"),
            language.pick("hypothesis", "假设"),
            language.pick("null", "原假设"),
        ],
        &["selected"],
    );
    heads.push(term("reject").heading_in(language).to_owned());
    let mut rows = Vec::new();
    for answer in answers {
        for (arm, hypothesis) in answer.hypotheses.iter().enumerate() {
            let null = answer.outcome.null_true[arm];
            rows.push(vec![
                Cell::text(&*answer.truth),
                Cell::text(&*answer.candidate),
                Cell::text(&**hypothesis),
                Cell::text(if null { language.pick("true", "成立") } else { language.pick("false", "不成立") }),
                figure("selected", &answer.outcome.selected[arm]),
                figure("reject", &answer.outcome.reject[arm]),
            ]);
        }
    }
    Sheet {
        id: "hypotheses",
        title: language.pick("Arms kept and hypotheses rejected", "各组保留概率与各假设拒绝概率").into(),
        note: String::new(),
        headings: heads,
        rows,
    }
}

/// The looks of every candidate under one truth.
pub fn looks(answers: &[Answer], truth: &str, language: Language) -> Sheet {
    let keys = [
        "month",
        "events",
        "patients",
        "information_fraction",
        "efficacy_bound",
        "hazard_ratio_bound",
        "cross_efficacy",
        "futility_bound",
        "cross_futility",
        "harm_bound",
        "cross_harm",
        "average_hazard_ratio",
    ];
    let mut heads =
        headings(language, &[language.pick("candidate", "候选方案"), language.pick("analysis", "分析")], &keys[..5]);
    heads.push(language.pick("p eff.", "有效性界值 p").to_owned());
    heads.extend(keys[5..].iter().map(|key| term(key).heading_in(language).to_owned()));
    let mut rows = Vec::new();
    for answer in answers.iter().filter(|answer| answer.truth == truth) {
        let outcome: &OperatingCharacteristics = &answer.outcome;
        if let Some(transition) = &outcome.transition {
            let mut row = vec![
                Cell::text(&*answer.candidate),
                Cell::text(language.pick("transition", "转换决策")),
                figure("month", &transition.month),
                transition.events.first().map_or(Cell::None, |(_, events)| figure("events", events)),
                figure("patients", &transition.patients),
            ];
            row.resize(heads.len(), Cell::None);
            rows.push(row);
        }
        for look in &outcome.looks {
            let (efficacy, futility) = (look.efficacy_bound.as_ref(), look.futility_bound.as_ref());
            rows.push(vec![
                Cell::text(&*answer.candidate),
                Cell::text(&*look.analysis),
                figure("month", &look.month),
                figure("events", &look.events),
                figure("patients", &look.patients),
                Cell::Figure(look.information_fraction, Format::Ratio),
                Cell::maybe(efficacy.map(|bound| bound.z), Format::Z),
                Cell::maybe(efficacy.map(|bound| bound.p), Format::Probability),
                Cell::maybe(efficacy.and_then(|bound| bound.hazard_ratio), Format::Ratio),
                figure("cross_efficacy", &look.cross_efficacy),
                Cell::maybe(futility.map(|bound| bound.z), Format::Z),
                if futility.is_some() { figure("cross_futility", &look.cross_futility) } else { Cell::None },
                Cell::maybe(look.harm_bound.as_ref().and_then(|bound| bound.hazard_ratio), Format::Ratio),
                Cell::estimate(look.cross_harm.as_ref(), Format::Probability),
                Cell::maybe(look.average_hazard_ratio, Format::Ratio),
            ]);
        }
    }
    drop_empty(Sheet {
        id: "looks",
        title: language.pick(format!("Analyses under truth “{truth}”"), format!("真实情形“{truth}”下的各次分析")),
        note: language
            .pick(
                "Month, events and patients are averages over the trials that reach the analysis. Probabilities are of first crossing at this \
                 analysis, not cumulative.",
                "月、事件数与受试者数为到达该次分析的试验的平均值。概率为首次在该次分析越过界值的概率，非累积值。",
            )
            .into(),
        headings: heads,
        rows,
    })
}

/// The sheet without the columns that hold nothing.
fn drop_empty(mut sheet: Sheet) -> Sheet {
    let filled: Vec<bool> =
        (0..sheet.headings.len()).map(|column| sheet.rows.iter().any(|row| row[column] != Cell::None)).collect();
    let mut column = filled.iter();
    sheet.headings.retain(|_| *column.next().unwrap_or(&true));
    for row in &mut sheet.rows {
        let mut column = filled.iter();
        row.retain(|_| *column.next().unwrap_or(&true));
    }
    sheet
}

/// What each truth implies for each arm.
pub fn truths(described: &[TruthDescription], language: Language) -> Sheet {
    let mut heads: Vec<String> = [
        language.pick("truth", "真实情形"),
        language.pick("arm", "组别"),
        language.pick("endpoint", "终点"),
        language.pick("median (months)", "中位数（月）"),
    ]
    .map(str::to_owned)
    .to_vec();
    let months = described.first().map_or(&[][..], |truth| &truth.months);
    heads.extend(months.iter().map(|month| language.pick(format!("S({month})"), format!("{month} 月生存率"))));
    heads.extend(months.iter().map(|month| language.pick(format!("HR({month})"), format!("{month} 月风险比"))));
    heads.push(language.pick("true response", "真实应答率").to_owned());
    heads.push(language.pick("seen response", "观察应答率").to_owned());
    let mut rows = Vec::new();
    for truth in described {
        for arm in &truth.arms {
            for (number, endpoint) in arm.endpoints.iter().enumerate() {
                let mut row = vec![
                    Cell::text(&*truth.truth),
                    Cell::text(&*arm.arm),
                    Cell::text(endpoint_short(endpoint.endpoint)),
                    Cell::maybe(endpoint.median, Format::Months),
                ];
                row.extend(endpoint.survival.iter().map(|survival| Cell::Figure(*survival, Format::Ratio)));
                row.extend(endpoint.hazard_ratio.iter().map(|ratio| Cell::maybe(*ratio, Format::Ratio)));
                let response = arm.response.filter(|_| number == 0);
                row.push(Cell::maybe(response.map(|response| response.true_rate), Format::Ratio));
                row.push(Cell::maybe(response.map(|response| response.positive), Format::Ratio));
                rows.push(row);
            }
        }
    }
    drop_empty(Sheet {
        id: "truths",
        title: language.pick("What the truths imply", "各真实情形的含义").into(),
        note: language
            .pick(
                "S(t): probability of being free of the event at month t. HR(t): hazard ratio against the control at month t. Seen response: \
                 rate of positive readings by the assays, a missing reading not positive.",
                "生存率：该月无事件的概率。风险比：该月相对对照组的瞬时风险比。观察应答率：检测呈阳性的比例，缺失读数视为非阳性。",
            )
            .into(),
        headings: heads,
        rows,
    })
}

/// Power with one quantity at a time lower and higher.
pub fn swings(swings: &Swings, language: Language) -> Sheet {
    let factor = crate::study::SWING;
    Sheet {
        id: "tornado",
        title: language.pick("Power, one quantity at a time", "单因素敏感性分析：检验效能").into(),
        note: language.pick(
            format!(
                "{} · {}; as assumed {}.",
                swings.candidate,
                swings.truth,
                Format::Probability.text(swings.power.value)
            ),
            format!(
                "{} · {}；按假定为 {}。",
                swings.candidate,
                swings.truth,
                Format::Probability.text(swings.power.value)
            ),
        ),
        headings: vec![
            language.pick("quantity", "参数").to_owned(),
            language.pick(format!("divided by {factor}"), format!("除以 {factor}")),
            language.pick(format!("multiplied by {factor}"), format!("乘以 {factor}")),
        ],
        rows: swings
            .swings
            .iter()
            .map(|swing| {
                vec![
                    Cell::text(quantity_name(swing.quantity, language)),
                    Cell::estimate(swing.lower.as_ref(), Format::Probability),
                    Cell::estimate(swing.higher.as_ref(), Format::Probability),
                ]
            })
            .collect(),
    }
}

/// The largest type I error of every candidate.
pub fn worst_cases(found: &[WorstCase], language: Language) -> Sheet {
    Sheet {
        id: "type-one-error",
        title: language.pick("Largest type I error found", "所搜得的最大 I 类错误率").into(),
        note: String::new(),
        headings: [
            language.pick("candidate", "候选方案"),
            language.pick("arms without effect", "无疗效组"),
            language.pick("where", "取得处"),
            language.pick("searched", "搜索所得"),
            language.pick("simulated there", "该处模拟"),
            "α",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: found
            .iter()
            .map(|case| {
                let at: Vec<String> = case.at.iter().map(|(path, value)| format!("{path} = {value:.3}")).collect();
                vec![
                    Cell::text(&*case.candidate),
                    Cell::text(case.nulls.join(", ")),
                    Cell::text(at.join("; ")),
                    figure("type_i_error", &case.searched),
                    Cell::estimate(case.simulated.type_i_error.as_ref(), Format::Probability),
                    Cell::Figure(case.alpha, Format::Ratio),
                ]
            })
            .collect(),
    }
}
