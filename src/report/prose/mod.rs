//! The design in words, fit for the statistical section of a protocol, in both languages.

mod bounds;
mod level;
mod names;
mod rules;

pub use level::level;
pub use names::{endpoint_name, endpoint_short, engine_name, quantity_name, test_name};

use crate::adaptive::MAX_ARMS;
use crate::protocol::{Allocation, Combination, Design, Protocol, Seamless, Stage1, Weight};
use crate::report::Language;
use crate::scenario::Scenario;
use rules::Words;
use serde_json::Value;

/// One paragraph with its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// Heading.
    pub heading: String,
    /// Text.
    pub text: String,
}

fn allocation(arms: &[String], allocation: &Allocation) -> String {
    let ratio: Vec<String> = allocation.0.iter().map(ToString::to_string).collect();
    format!("{} ({})", ratio.join(":"), arms.join(":"))
}

fn count(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A candidate's design in paragraphs.
pub fn design(scenario: &Scenario, candidate: usize, language: Language) -> Vec<Paragraph> {
    let Some(candidate) = scenario.candidates.get(candidate) else { return Vec::new() };
    let strata: Vec<String> = candidate.planning.strata.iter().map(|stratum| stratum.name.clone()).collect();
    let source = scenario.protocol_source(&candidate.name);
    let words = Words { language, protocol: &candidate.protocol, strata: &strata };
    let mut paragraphs = Vec::new();
    let mut add = |english: &str, chinese: &str, text: String| {
        paragraphs.push(Paragraph { heading: language.pick(english, chinese).to_owned(), text });
    };
    add("Trial design", "试验设计", overview(&words));
    if let Design::Seamless(design) = &candidate.protocol.design {
        add("Phase II and transition", "II 期部分与转换决策", transition(&words, design, &source));
        add("Phase III", "III 期部分", phase3(&words, design));
    }
    add("Primary endpoint and test", "主要终点与检验方法", endpoint(&words));
    add("Analyses", "期中分析与最终分析", analyses(&words));
    add("Efficacy bounds", "有效性界值", bounds::efficacy(&candidate.protocol, &source, language));
    add("Futility bounds", "无效性界值", bounds::futility(&candidate.protocol, &source, language));
    if let Some(harm) = &candidate.protocol.harm {
        add("Harm bounds", "有害界值", bounds::harm(harm, &source, language));
    }
    if let Design::Seamless(design) = &candidate.protocol.design {
        add(
            "Combination of the phases and multiplicity",
            "两阶段数据合并与多重性控制",
            combination(&words, design, &source),
        );
    }
    paragraphs
}

fn overview(words: &Words) -> String {
    let Protocol { arms, alpha, .. } = words.protocol;
    let names = words.language.list(&arms[1..]);
    let control = &arms[0];
    match (&words.protocol.design, words.language) {
        (Design::GroupSequential(design), Language::English) => format!(
            "Randomised controlled trial with a group-sequential design comparing {names} with {control}. {} patients are randomised \
             {}. The one-sided significance level is {alpha}.",
            count(design.patients),
            allocation(arms, &design.allocation)
        ),
        (Design::GroupSequential(design), Language::Chinese) => format!(
            "本试验为随机对照、成组序贯设计，比较{names}与{control}。计划随机入组 {} 例受试者，分配比例为 {}。单侧显著性水平 α = {alpha}。",
            count(design.patients),
            allocation(arms, &design.allocation)
        ),
        (Design::Seamless(design), Language::English) => format!(
            "Randomised controlled seamless phase II/III trial of {} experimental arm{} ({names}) against {control}, with one \
             data-driven transition. Phase II enrols {} patients, phase III up to {} more. The family-wise one-sided significance \
             level is {alpha}.",
            arms.len() - 1,
            if arms.len() == 2 { "" } else { "s" },
            count(design.phase2_patients),
            count(design.phase3_patients)
        ),
        (Design::Seamless(design), Language::Chinese) => format!(
            "本试验为随机对照、II/III 期无缝适应性设计，共 {} 个试验组（{names}），以{control}为对照，设一次基于数据的转换决策。II 期部分入组 {} \
             例，III 期部分再入组至多 {} 例。总体 I 类错误率控制在单侧 α = {alpha}。",
            arms.len() - 1,
            count(design.phase2_patients),
            count(design.phase3_patients)
        ),
    }
}

fn transition(words: &Words, design: &Seamless, source: &Value) -> String {
    let language = words.language;
    let ratio = allocation(&words.protocol.arms, &design.phase2_allocation);
    let when = words.trigger(&design.transition.when);
    let keep = words.keep(design, source);
    let go = design.transition.go.as_ref().map(|go| words.criterion(go));
    let text = language.pick(
        format!(
            "Phase II patients are randomised {ratio}. The phase II data are cut when {when}. Each experimental arm is then \
             compared with the control. "
        ),
        format!("II 期受试者按 {ratio} 随机分配。当{when}时进行 II 期数据截止，并将各试验组与对照组比较。"),
    );
    let rule = match (go, language) {
        (Some(go), Language::English) => format!(
            "An arm passes if {go}. Among the arms that pass, {keep}. If no arm passes, the trial stops after phase II."
        ),
        (None, Language::English) => format!("No go criterion applies: {keep}."),
        (Some(go), Language::Chinese) => {
            format!(
                "试验组须满足以下进入标准：{go}。在满足标准的试验组中，{keep}。若无试验组满足标准，试验在 II 期后停止。"
            )
        }
        (None, Language::Chinese) => format!("不设进入标准：{keep}。"),
    };
    gates(words, design) + &text + &rule + &resize(words, design)
}

/// The gates before the transition.
fn gates(words: &Words, design: &Seamless) -> String {
    let of = |gate: &crate::transition::Gate| {
        let (when, go) = (words.trigger(&gate.when), words.criterion(&gate.go));
        words.language.pick(
            format!("When {when}, an arm stays in only if {go}; if none does, the trial stops there. "),
            format!("当{when}时，试验组须满足：{go}；若无试验组满足，试验即停止。"),
        )
    };
    design.transition.gates.iter().map(of).collect()
}

/// How phase III is resized.
fn resize(words: &Words, design: &Seamless) -> String {
    let Some(resize) = &design.transition.resize else { return String::new() };
    let (lower, target, most) = (resize.lower, resize.target, resize.most);
    words.language.pick(
        format!(
            " Where the conditional power of the best arm kept lies between {lower} and {target}, phase III grows until it reaches \
             {target}, at most by the factor {most}."
        ),
        format!("若所保留最优组的条件效能介于 {lower} 与 {target} 之间，则扩大 III 期样本量使其达到 {target}，扩大倍数至多为 {most}。"),
    )
}

fn phase3(words: &Words, design: &Seamless) -> String {
    let ratio = allocation(&words.protocol.arms, &design.phase3_allocation);
    let decision = design.decision_time;
    match words.language {
        Language::English => {
            let pause = if design.pause_enrollment {
                "Enrolment pauses from the last phase II patient until the decision."
            } else {
                "Enrolment goes on while the decision is taken."
            };
            format!(
                "The decision is taken {decision} month{} after the data cut. {pause} Afterwards patients are randomised over the \
                 control and the arms kept, in the ratio {ratio} restricted to them, up to {} phase III patients.",
                if decision == 1.0 { "" } else { "s" },
                count(design.phase3_patients)
            )
        }
        Language::Chinese => {
            let pause = if design.pause_enrollment {
                "自 II 期最后一例受试者入组起至作出决策前暂停入组。"
            } else {
                "决策期间继续入组。"
            };
            format!(
                "转换决策在数据截止后 {decision} 个月作出。{pause}此后受试者在对照组与保留的试验组间随机分配，比例为 {ratio} \
                 中相应各组之比，III 期部分至多入组 {} 例。",
                count(design.phase3_patients)
            )
        }
    }
}

fn endpoint(words: &Words) -> String {
    let primary = &words.protocol.primary;
    let endpoint = endpoint_name(primary.endpoint, words.language);
    let test = test_name(&primary.test, words.language);
    if let Some(several) = &words.protocol.several {
        let names: Vec<String> =
            several.endpoints.iter().map(|&endpoint| endpoint_name(endpoint, words.language).to_string()).collect();
        let shares: Vec<String> = (0..names.len()).map(|index| several.graph.weight(index).to_string()).collect();
        let (names, shares) = (words.language.list(&names), shares.join(" : "));
        return words.language.pick(
            format!(
                "The primary endpoints are {names}. They share the significance level {shares} under a graphical procedure that hands \
                 the share of a rejected hypothesis on; each is tested one-sided by the {test}."
            ),
            format!("主要终点为{names}，按 {shares} 分配显著性水平，并采用图形化方法在假设被拒绝后传递其份额；各终点均采用单侧{test}。"),
        );
    }
    match words.language {
        Language::English => format!(
            "The primary endpoint is {endpoint}. Each comparison with the control is tested one-sided by the {}{test}.",
            if primary.stratified { "stratified " } else { "" }
        ),
        Language::Chinese => format!(
            "主要终点为{endpoint}。各试验组与对照组的比较采用单侧{}{test}。",
            if primary.stratified { "分层" } else { "" }
        ),
    }
}

fn analyses(words: &Words) -> String {
    let looks = &words.protocol.analyses;
    let language = words.language;
    let each: Vec<String> = looks
        .iter()
        .map(|look| {
            let when = words.trigger(&look.when);
            language.pick(format!("“{}” when {when}", look.name), format!("“{}”在{when}时进行", look.name))
        })
        .collect();
    let mut text = match (language, looks.len()) {
        (Language::English, 1) => format!("One analysis is planned: {}.", each.join("")),
        (Language::English, n) => format!("{n} analyses are planned: {}.", each.join("; ")),
        (Language::Chinese, n) => format!("计划进行 {n} 次分析：{}。", each.join("；")),
    };
    if let Design::Seamless(design) = &words.protocol.design
        && !design.combination.looks_read_phase2()
    {
        text.push_str(language.pick(
            " Events are those of phase III patients in the arms still studied.",
            "事件数指仍在研究的各组中 III 期受试者的事件数。",
        ));
    }
    text
}

fn combination(words: &Words, design: &Seamless, source: &Value) -> String {
    let language = words.language;
    let several = (2..=MAX_ARMS).contains(&(words.protocol.arms.len() - 1));
    let mut text = match &design.combination {
        Combination::TwoStage { function, weight, stage1 } => {
            two_stages(words, (function.name(), *weight), stage1)
        }
        Combination::Phase3Only => language
            .pick(
                "Only patients enrolled after the transition are tested; phase II data serve the decision alone.",
                "确证性检验仅纳入转换决策之后入组的受试者；II 期数据仅用于决策。",
            )
            .to_owned(),
        Combination::NaivePooled => language
            .pick(
                "All patients of the control and the arms kept are tested together as if the arms had been chosen beforehand. This does \
                 not control the type I error and is shown for comparison only.",
                "将对照组与保留组的全部受试者合并检验，如同事先已选定各组。该方法不控制 I 类错误，仅供比较。",
            )
            .to_owned(),
    };
    if several && !matches!(design.combination, Combination::NaivePooled) {
        let intersection = source.get("intersection").and_then(Value::as_str).unwrap_or("bonferroni");
        let name = names::intersection_name(intersection);
        text.push_str(&language.pick(
            format!(
                " The family-wise error over the experimental arms is controlled by the closed test; intersection hypotheses are tested \
                 by the {name} test, arms that were dropped counting as not rejected in stage 2."
            ),
            format!("多个试验组间的总体 I 类错误率采用闭合检验程序控制；交集假设采用 {name} 检验，被淘汰的组在第二阶段视为未拒绝。"),
        ));
    }
    text
}

/// How the evidence of two stages is combined, and which evidence each is.
fn two_stages(words: &Words, (function, weight): (&str, Weight), stage1: &Stage1) -> String {
    let language = words.language;
    let share = match (weight, language) {
        (Weight::Fixed(weight), Language::English) => format!("the squared weight of stage 1 is {weight}"),
        (Weight::Fixed(weight), Language::Chinese) => format!("第一阶段权重的平方为 {weight}"),
        (Weight::PlannedEvents, Language::English) => {
            "the squared weights are the planned shares of the events".to_owned()
        }
        (Weight::PlannedEvents, Language::Chinese) => "权重的平方按计划事件数的占比确定".to_owned(),
    };
    let how = match function {
        "fisher" => language.pick(
            "The stage-wise p-values are combined by Fisher's product.".to_owned(),
            "采用 Fisher 乘积法合并各阶段 p 值。".to_owned(),
        ),
        "conditional_error" => language.pick(
            format!("Stage 2 is tested at the conditional error of the test that was planned ({share})."),
            format!("第二阶段按计划检验的条件错误率进行检验（{share}）。"),
        ),
        _ => language.pick(
            format!("The stage-wise p-values are combined by the inverse normal method with weights fixed in advance ({share})."),
            format!("采用权重事先固定的逆正态法合并各阶段 p 值（{share}）。"),
        ),
    };
    let who = match stage1 {
        Stage1::OwnCohort { follow_up } => {
            let when = words.trigger(follow_up);
            language.pick(
                format!(
                    " Stage 1 consists of the phase II patients of all arms, followed until {when} whatever the decision; stage 2 consists \
                     of the patients enrolled afterwards."
                ),
                format!("第一阶段为全部组的 II 期受试者，无论决策如何均随访至{when}；第二阶段为其后入组的受试者。"),
            )
        }
        Stage1::IndependentIncrements => language.pick(
            " Stage 1 is what the phase II patients had shown at the data cut; stage 2 is what all patients of the arms kept add to it."
                .to_owned(),
            "第一阶段为数据截止时 II 期受试者已显示的结果；第二阶段为保留组全部受试者其后新增的信息。".to_owned(),
        ),
    };
    how + &who
}
