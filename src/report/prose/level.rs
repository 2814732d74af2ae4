//! What holds the level, in words.

use crate::protocol::{Combination, Design, Protocol, Stage1};
use crate::report::Language;
use crate::report::prose::Paragraph;
use crate::sequential::bounds::Sides;
use crate::study::{Guarantee, Verdict};

/// The guarantee of a candidate and the argument for it.
pub fn level(candidate: &str, protocol: &Protocol, verdict: &Verdict, language: Language) -> Paragraph {
    let (guarantee, text) = match language {
        Language::English => (verdict.guarantee.words(), verdict.because.join(" ")),
        Language::Chinese => (name(&verdict.guarantee), argument(protocol, &verdict.guarantee)),
    };
    Paragraph { heading: format!("{candidate}: {guarantee}"), text }
}

fn name(guarantee: &Guarantee) -> String {
    match guarantee {
        Guarantee::StrongByConstruction => "由检验构造保证的强控制".into(),
        Guarantee::StrongIf(_) => "在下述条件下强控制".into(),
        Guarantee::BoundedNumerically(bound) => format!("经数值上界控制，至多 {bound:.4}"),
        Guarantee::EmpiricalOnly => "仅有模拟依据".into(),
        Guarantee::NotControlled => "未控制".into(),
    }
}

/// The argument in Chinese, from the design itself.
fn argument(protocol: &Protocol, guarantee: &Guarantee) -> String {
    let mut text = match &protocol.design {
        Design::GroupSequential(_) if protocol.several.is_some() => {
            "图形化多重检验：各终点按其所持显著性水平份额进行成组序贯检验，份额仅在假设被拒绝后传递；该方法等价于加权 Bonferroni \
             闭合检验，因此强控制总体 I 类错误率（Bretz et al. 2009；Maurer and Bretz 2013）。"
        }
        Design::GroupSequential(_) => "仅一个假设，分析时点事先固定，界值按统计量在各次分析的联合分布于原假设下计算。",
        Design::Seamless(design) => match (&design.combination, guarantee) {
            (Combination::TwoStage { stage1: Stage1::OwnCohort { .. }, .. }, _) => {
                "第一阶段为 II 期队列，其各组均随访至事先固定的时点；第二阶段为转换决策从未见到的受试者。无论转换决策依据何种数据，各阶段 p \
                 值相互独立（Jenkins, Stone and Jennison 2011），因此允许任意转换规则；对各试验组采用闭合检验控制总体 I 类错误率。"
            }
            (Combination::TwoStage { .. }, Guarantee::NotControlled) => {
                "转换决策所依据的数据可预示仍处于风险中的 II 期受试者的后续结局，而这些受试者在第二阶段再次被检验：原假设下两阶段不独立（Bauer \
                 and Posch 2004）。建议改用 `own_cohort`。"
            }
            (Combination::TwoStage { .. }, _) => {
                "第一阶段为数据截止时 II 期已显示的结果，第二阶段为其后全部受试者新增的信息；原假设下两者独立（Wassmer 2006），\
                 或转换决策仅能停止试验。"
            }
            (Combination::Phase3Only, _) => {
                "仅检验 III 期受试者，转换决策从未见到其数据。对保留组采用闭合检验控制总体 I 类错误率。"
            }
            (Combination::NaivePooled, Guarantee::NotControlled) => {
                "用于选择试验组的受试者数据被再次用于检验，如同事先已选定该组。排序统计量与最终检验的相关性越高，I \
                 类错误率膨胀越大；除试验组个数外无任何上限。"
            }
            (Combination::NaivePooled, _) => "无论转换规则如何，被检验的组为事先列明的各组之一，其水平之和给出 I 类错误率的上界（Bonferroni）。",
        },
    }
    .to_owned();
    text.push_str(match (protocol.bounds.sides, protocol.bounds.binding) {
        (Sides::Two, _) => "双侧界值：α 为每一侧的水平，下界与上界对称；越过下界后若继续试验，仍可能越过上界。",
        (Sides::One, true) => "无效性界值为约束性，仅在遵守该界值时水平成立。",
        (Sides::One, false) => "无效性界值为非约束性，忽略该界值不会使 I 类错误率升高。",
    });
    if protocol.harm.is_some() {
        text.push_str("有效性界值的计算不依赖有害界值：因有害停止只会降低 I 类错误率。");
    }
    if protocol.primary.test.statistics.iter().any(|test| test.early_harm_can_win()) {
        text.push_str(
            "水平在各组生存曲线相同的原假设下成立；权重随时间增加的检验在试验组处处不优于对照时也可能拒绝原假设（Magirr and Burman 2019）。",
        );
    }
    if *guarantee == Guarantee::EmpiricalOnly {
        text.push_str("上述论证依赖大样本理论，而某次分析计划的事件数很少，应以模拟确认。");
    }
    text
}
