//! The report: one self-contained HTML page, its figures and its tables.

use crate::engine::Estimate;
use crate::protocol::Design;
use crate::report::dictionary::{DICTIONARY, Format};
use crate::report::figures::{self, Figure};
use crate::report::prose::{self, Paragraph, engine_name};
use crate::report::sheet::Sheet;
use crate::report::{Language, sheets};
use crate::scenario::Scenario;
use crate::study::{Dossier, Ranked, TruthDescription};
use askama::Template;

/// A report, ready to be written.
#[derive(Debug, Clone)]
pub struct Report {
    /// The page.
    pub html: String,
    /// Its figures, in order.
    pub figures: Vec<Figure>,
    /// Its tables, in order.
    pub sheets: Vec<Sheet>,
}

/// What stands in a section.
enum Block {
    Text(String),
    Warning(String),
    Heading(String),
    Paragraphs(Vec<Paragraph>),
    Figure { number: usize, figure: Figure },
    Sheet { number: usize, sheet: Sheet },
    Code(String),
    Glossary(Vec<(&'static str, &'static str)>),
}

struct Section {
    id: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    language: Language,
    version: &'static str,
    title: String,
    notes: &'a str,
    facts: Vec<(&'static str, String)>,
    contents: &'static str,
    figure_word: &'static str,
    table_word: &'static str,
    stop: &'static str,
    sections: Vec<Section>,
}

/// Sections as they grow; figures and tables are numbered in the order in which they come.
struct Builder {
    language: Language,
    sections: Vec<Section>,
    figures: Vec<Figure>,
    sheets: Vec<Sheet>,
}

impl Builder {
    fn section(&mut self, id: &'static str, english: &'static str, chinese: &'static str) {
        self.sections.push(Section { id, title: self.language.pick(english, chinese), blocks: Vec::new() });
    }

    fn add(&mut self, block: Block) {
        if let Some(section) = self.sections.last_mut() {
            section.blocks.push(block);
        }
    }

    fn say(&mut self, english: impl Into<String>, chinese: impl Into<String>) {
        self.add(Block::Text(self.language.pick(english.into(), chinese.into())));
    }

    /// The figure, or, where there is nothing to draw, the reason.
    fn figure(&mut self, figure: Option<Figure>, english: &str, chinese: &str) {
        match figure {
            Some(figure) => {
                self.figures.push(figure.clone());
                self.add(Block::Figure { number: self.figures.len(), figure });
            }
            None if !english.is_empty() => self.say(english, chinese),
            None => {}
        }
    }

    fn sheet(&mut self, sheet: Sheet) {
        self.sheets.push(sheet.clone());
        self.add(Block::Sheet { number: self.sheets.len(), sheet });
    }
}

/// Makes the report of a scenario; `command` is what reproduces it.
///
/// # Errors
/// [`askama::Error`] if the page cannot be written.
pub fn report(
    scenario: &Scenario,
    dossier: &Dossier,
    described: &[TruthDescription],
    command: &str,
    language: Language,
) -> Result<Report, askama::Error> {
    let mut builder = Builder { language, sections: Vec::new(), figures: Vec::new(), sheets: Vec::new() };
    summary(&mut builder, scenario, dossier);
    design(&mut builder, scenario, dossier);
    assumptions(&mut builder, scenario, dossier, described);
    looks(&mut builder, dossier);
    characteristics(&mut builder, scenario, dossier);
    sensitivity(&mut builder, dossier);
    type_one_error(&mut builder, scenario, dossier);
    cautions(&mut builder, scenario, dossier);
    reproduction(&mut builder, scenario, command);
    let untitled = language.pick("Report of a scenario", "方案报告");
    let page = Page {
        language,
        version: env!("SEAMLINE_VERSION"),
        title: if scenario.title.is_empty() { untitled.to_owned() } else { scenario.title.clone() },
        notes: &scenario.notes,
        facts: facts(scenario, dossier, language),
        contents: language.pick("Contents", "目录"),
        figure_word: language.pick("Figure", "图"),
        table_word: language.pick("Table", "表"),
        stop: language.pick(".", "："),
        sections: builder.sections,
    };
    Ok(Report { html: page.render()?, figures: builder.figures, sheets: builder.sheets })
}

fn facts(scenario: &Scenario, dossier: &Dossier, language: Language) -> Vec<(&'static str, String)> {
    let mut engines: Vec<&str> = Vec::new();
    for answer in &dossier.answers {
        if !engines.contains(&answer.outcome.engine) {
            engines.push(answer.outcome.engine);
        }
    }
    let engines: Vec<String> =
        engines.iter().map(|engine| format!("{engine} ({})", engine_name(engine, language))).collect();
    let replicates = dossier.answers.iter().filter_map(|answer| answer.outcome.replicates).max();
    let mut facts = vec![
        ("seamline", env!("SEAMLINE_VERSION").to_owned()),
        (language.pick("engine", "计算引擎"), engines.join("; ")),
    ];
    if let Some(replicates) = replicates {
        let each = language.pick("per candidate and truth", "次/方案/真实情形");
        facts.push((language.pick("replicates", "模拟次数"), format!("{replicates} {each}")));
        facts.push((language.pick("seed", "随机数种子"), scenario.run.seed.to_string()));
    }
    facts.push((language.pick("scenario (sha256)", "方案文件（sha256）"), scenario.sha256.clone()));
    facts
}

fn with_error(estimate: &Estimate) -> String {
    Format::Probability.estimate(estimate).replace('\n', " ").replace('±', "±\u{a0}")
}

fn summary(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier) {
    builder.section("summary", "Summary", "摘要");
    let language = builder.language;
    if let (Some(first), Some(truth)) = (dossier.ranking.first(), &dossier.truth) {
        let answer = dossier.answers.iter().find(|a| a.candidate == first.candidate && &a.truth == truth);
        if let Some(answer) = answer {
            let power = with_error(&answer.outcome.reject_any);
            let expected = &answer.outcome.expected;
            let (patients, months) =
                (Format::Count.text(expected.patients.value), Format::Months.text(expected.months.value));
            let candidate = &first.candidate;
            builder.say(
                format!(
                    "Under truth “{truth}”, “{candidate}” rejects at least one hypothesis with probability {power}; {patients} patients and \
                     {months} months are expected."
                ),
                format!("在真实情形“{truth}”下，方案“{candidate}”至少拒绝一个原假设的概率为 {power}；期望受试者数 {patients}，期望时长 {months} 个月。"),
            );
        }
    }
    let errors = dossier.ranking.iter().filter_map(|ranked: &Ranked| Some((ranked, ranked.type_i_error?)));
    if let Some((ranked, error)) = errors.max_by(|a, b| a.1.total_cmp(&b.1)) {
        let (error, candidate) = (Format::Probability.text(error), &ranked.candidate);
        builder.say(
            format!("The largest type I error over the truths with a true null is {error} (“{candidate}”)."),
            format!("在存在真实成立原假设的各情形中，最大 I 类错误率为 {error}（“{candidate}”）。"),
        );
    }
    if scenario.candidates.len() > 1 {
        builder.sheet(sheets::ranking(&dossier.ranking, language));
    }
    if scenario.candidates.iter().any(|candidate| matches!(candidate.protocol.design, Design::Seamless(_))) {
        builder.figure(figures::pareto(&dossier.ranking, language), "", "");
    }
}

fn design(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier) {
    builder.section("design", "Design", "试验设计");
    let language = builder.language;
    let leading = dossier.ranking.first().map(|first| first.candidate.as_str());
    let first = scenario.candidates.iter().position(|candidate| Some(candidate.name.as_str()) == leading).unwrap_or(0);
    let whole = prose::design(scenario, first, language);
    if scenario.candidates.len() > 1 {
        builder.add(Block::Heading(scenario.candidates[first].name.clone()));
    }
    builder.add(Block::Paragraphs(whole.clone()));
    for (index, candidate) in scenario.candidates.iter().enumerate().filter(|(index, _)| *index != first) {
        let differing: Vec<Paragraph> = prose::design(scenario, index, language)
            .into_iter()
            .filter(|paragraph| !whole.contains(paragraph))
            .collect();
        builder.add(Block::Heading(candidate.name.clone()));
        let base = &scenario.candidates[first].name;
        if differing.is_empty() {
            builder.say(format!("As “{base}” in words."), format!("文字描述同“{base}”。"));
        } else {
            builder.say(format!("As “{base}”, except:"), format!("除以下内容外同“{base}”："));
            builder.add(Block::Paragraphs(differing));
        }
    }
}

fn assumptions(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier, described: &[TruthDescription]) {
    builder.section("assumptions", "Assumptions about nature", "对真实情形的假定");
    let language = builder.language;
    builder.say(
        "Every answer below is given under each of these truths. They are assumptions, not estimates.",
        "以下各项结果均在下列各真实情形下给出。这些情形为假定，而非估计。",
    );
    builder.sheet(sheets::truths(described, language));
    if let Some(candidate) = scenario.candidates.first() {
        builder.figure(figures::hazard_ratios(&dossier.curves, candidate.protocol.primary.endpoint, language), "", "");
    }
    builder.figure(figures::survival(&dossier.curves, language), "", "");
    builder.figure(figures::calendar(&dossier.curves, language), "", "");
}

fn looks(builder: &mut Builder, dossier: &Dossier) {
    builder.section("analyses", "Analyses and bounds", "各次分析与界值");
    let language = builder.language;
    let first = dossier.answers.first().map(|answer| answer.truth.clone());
    if let Some(truth) = dossier.truth.clone().or(first) {
        builder.sheet(sheets::looks(&dossier.answers, &truth, language));
    }
    builder.figure(
        figures::boundaries(&dossier.answers, language),
        "The design has no bound that could be drawn.",
        "该设计没有可绘制的界值。",
    );
}

fn characteristics(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier) {
    builder.section("operating-characteristics", "Operating characteristics", "操作特征");
    let language = builder.language;
    let alpha = scenario.candidates.first().map_or(0.025, |candidate| candidate.protocol.alpha);
    builder.figure(figures::operating_characteristics(&dossier.answers, alpha, language), "", "");
    builder.sheet(sheets::operating_characteristics(&dossier.answers, language));
    if dossier.answers.iter().any(|answer| answer.hypotheses.len() > 1) {
        builder.sheet(sheets::hypotheses(&dossier.answers, language));
    }
}

fn sensitivity(builder: &mut Builder, dossier: &Dossier) {
    builder.section("sensitivity", "If nature is otherwise", "敏感性分析");
    let language = builder.language;
    let Some(truth) = &dossier.truth else {
        builder.say(
            "No truth of the file has a benefit, so there is no power whose sensitivity could be shown.",
            "文件中没有存在疗效的真实情形，故无检验效能可作敏感性分析。",
        );
        return;
    };
    let leading = dossier.ranking.first().map_or("", |first| first.candidate.as_str());
    builder.say(
        "The designs, with their bounds and weights, stay as planned; only nature changes. Points are computed without simulation where an \
         engine covers the design.",
        "设计及其界值与权重保持不变，仅改变真实情形。凡有解析或渐近引擎可用之处，各点不经模拟计算。",
    );
    builder.figure(
        figures::average_hazard_ratio(&dossier.delay, leading, truth, language),
        "No effect of the truth is delayed: there is no curve along the delay.",
        "该真实情形的疗效无延迟，故无随延迟变化的曲线。",
    );
    if let Some(goal) = dossier.goal {
        builder.figure(figures::sizes(&dossier.sizes, goal, truth, language), "", "");
    } else {
        builder.say(
            "The size that reaches a given power is solved for designs without a data-driven transition only; it is not drawn here.",
            "达到给定检验效能的样本量仅对无数据驱动转换决策的设计求解，此处不绘制。",
        );
    }
    if let Some(swings) = &dossier.swings {
        builder.figure(Some(figures::tornado(swings, language)), "", "");
        builder.sheet(sheets::swings(swings, language));
    }
    builder.figure(
        figures::correlation(&dossier.correlation, truth, language),
        "The file has no correlation of immune response and prognosis to vary.",
        "文件中没有可变动的免疫应答与预后相关系数。",
    );
}

fn type_one_error(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier) {
    builder.section("type-one-error", "Type I error", "I 类错误控制");
    let language = builder.language;
    for (candidate, (name, verdict)) in scenario.candidates.iter().zip(&dossier.verdicts) {
        builder.add(Block::Paragraphs(vec![prose::level(name, &candidate.protocol, verdict, language)]));
    }
    match &dossier.worst_cases {
        Some(found) => {
            builder.figure(figures::type_one_error(found, &dossier.profiles, language), "", "");
            builder.sheet(sheets::worst_cases(found, language));
        }
        None => builder.say(
            "The scenario has no `worst_case` block, so the type I error was not searched over nuisance values; the largest over the truths of \
             the file stands in the summary.",
            "方案文件没有 `worst_case` 部分，故未在干扰参数上搜索 I 类错误率；文件所列各情形中的最大值见摘要。",
        ),
    }
    if scenario.candidates.iter().any(|candidate| candidate.protocol.bounds.futility.is_some()) {
        builder.say(
            "Type I errors in the tables count stopping for futility as obeyed.",
            "表中 I 类错误率按遵守无效性停止规则计算。",
        );
    }
}

fn cautions(builder: &mut Builder, scenario: &Scenario, dossier: &Dossier) {
    let mut all: Vec<String> = scenario.warnings.clone();
    for answer in &dossier.answers {
        all.extend(
            answer.outcome.warnings.iter().map(|text| format!("{} · {}: {text}", answer.candidate, answer.truth)),
        );
    }
    if all.is_empty() {
        return;
    }
    builder.section("cautions", "Cautions", "注意事项");
    for caution in all {
        builder.add(Block::Warning(caution));
    }
}

fn reproduction(builder: &mut Builder, scenario: &Scenario, command: &str) {
    builder.section("reproduction", "How to reproduce this report", "报告的重现");
    builder.say(
        "The same version, file and command give the same report, byte for byte, on any number of threads:",
        "相同版本、文件与命令在任意线程数下得到逐字节相同的报告：",
    );
    builder.add(Block::Code(command.to_owned()));
    builder.say(
        "The scenario as it was read, changes of the command line applied:",
        "读取的方案文件（已应用命令行修改）：",
    );
    builder.add(Block::Code(format!("{:#}", scenario.source)));
    builder.section("terms", "Terms", "术语");
    builder.say(
        "Time is in months. Probabilities are one-sided. A hazard ratio below 1 favours the experimental arm; a standardised statistic is \
         positive when it favours the experimental arm.",
        "时间单位为月。概率均为单侧。风险比小于 1 有利于试验组；标准化统计量为正有利于试验组。",
    );
    let language = builder.language;
    let mut terms: Vec<(&str, &str)> = Vec::new();
    for term in DICTIONARY {
        let entry = (term.heading_in(language), term.meaning_in(language));
        if !terms.iter().any(|known| known.0 == entry.0) {
            terms.push(entry);
        }
    }
    builder.add(Block::Glossary(terms));
}
