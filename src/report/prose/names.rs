//! Names of the field in both languages.

use crate::engine;
use crate::protocol::Test;
use crate::report::Language;
use crate::scenario::Quantity;
use crate::study::{Guarantee, Reason};
use crate::survival::Endpoint;

/// An endpoint in full.
pub fn endpoint_name(endpoint: Endpoint, language: Language) -> &'static str {
    let (english, chinese) = match endpoint {
        Endpoint::Os => ("overall survival (OS)", "总生存期（OS）"),
        Endpoint::Pfs => ("progression-free survival (PFS)", "无进展生存期（PFS）"),
        Endpoint::Dfs => ("disease-free survival (DFS)", "无病生存期（DFS）"),
    };
    language.pick(english, chinese)
}

/// An endpoint in short.
pub fn endpoint_short(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Os => "OS",
        Endpoint::Pfs => "PFS",
        Endpoint::Dfs => "DFS",
    }
}

/// A test.
pub fn test_name(test: &Test, language: Language) -> String {
    let label = test.label();
    match language {
        Language::English => format!("{label} test"),
        Language::Chinese if test.is_log_rank() => "对数秩检验（log-rank）".to_owned(),
        Language::Chinese => format!("{label} 检验"),
    }
}

/// An intersection test by its name in the file.
pub(super) fn intersection_name(name: &str) -> &str {
    match name {
        "dunnett" => "Dunnett",
        "bonferroni" => "Bonferroni",
        "simes" => "Simes",
        "sidak" => "Šidák",
        other => other,
    }
}

/// An engine.
pub fn engine_name(engine: &str, language: Language) -> &'static str {
    let (english, chinese) = match engine {
        engine::analytic::NAME => ("computed by quadrature (no randomness)", "数值积分计算（无随机误差）"),
        engine::asymptotic::NAME => ("computed from the large-sample joint law", "由大样本联合分布计算"),
        _ => ("simulated patient by patient", "逐例受试者模拟"),
    };
    language.pick(english, chinese)
}

/// A guarantee.
pub fn guarantee_name(guarantee: Guarantee, language: Language) -> &'static str {
    let chinese = match guarantee {
        Guarantee::StrongByConstruction => "由检验构造保证的强控制",
        Guarantee::NotControlled => "未控制",
    };
    language.pick(guarantee.words(), chinese)
}

/// An argument about a design's level.
pub fn reason_words(reason: &Reason, language: Language) -> String {
    if language == Language::English {
        return reason.words();
    }
    match reason {
        Reason::FixedLooks => "仅一个假设，分析时点事先固定，界值按统计量在各次分析的联合分布于原假设下计算。".into(),
        Reason::TwoSided => "双侧界值：α 为每一侧的水平，下界与上界对称。越过下界后若继续试验，仍可能越过上界，此时错误率高于 α。".into(),
        Reason::BindingFutility => {
            "无效性界值为约束性：有效性界值以试验在每个无效性界值处停止为前提。越过该界值仍继续的试验，其 I 类错误率高于 α，故仅在遵守界值时水平成立。"
                .into()
        }
        Reason::NonBindingFutility => "无效性界值为非约束性，忽略该界值不会使 I 类错误率升高。".into(),
        Reason::HarmNotCounted => "有效性界值的计算不依赖有害界值：因有害停止只会降低 I 类错误率。".into(),
        Reason::EqualCurves => {
            "水平在各组生存曲线相同时成立。权重随时间增加的检验在试验组处处不优于对照时也可能拒绝原假设（早期有害；Magirr and Burman 2019）。"
                .into()
        }
        Reason::Overspent { spent, alpha } => format!("给定界值在原假设下消耗 {spent:.5}，超过水平 {alpha}。"),
        Reason::Spent { spent, alpha } => format!("给定界值消耗水平 {alpha} 中的 {spent:.5}。"),
        Reason::IndependentStages => {
            "第一阶段为 II 期队列，其各组均随访至事先固定的终点；第二阶段为转换决策从未见到的受试者。无论转换决策依据何种数据，各阶段 p \
             值相互独立（Jenkins, Stone and Jennison 2011），因此允许任意转换规则。"
                .into()
        }
        Reason::ClosedTest => "权重事先固定，对各试验组采用闭合检验控制总体 I 类错误率（Bretz et al. 2006）。".into(),
        Reason::LaterPatientsOnly => {
            "仅检验 III 期受试者，转换决策从未见到其数据。对保留组采用闭合检验控制总体 I 类错误率。".into()
        }
        Reason::NaivePooling => {
            "用于选择试验组的受试者数据被再次用于检验，如同事先已选定该组。排序统计量与最终检验的相关性越高，I 类错误率膨胀越大；除试验组个数外无任何上限。"
                .into()
        }
    }
}

/// A quantity of the truth.
pub fn quantity_name(quantity: Quantity, language: Language) -> &'static str {
    let (english, chinese) = match quantity {
        Quantity::Delay => ("delay of the effect", "疗效延迟时间"),
        Quantity::LogHazardRatio => ("log hazard ratio", "对数风险比"),
        Quantity::ControlHazard => ("control hazards", "对照组风险率"),
        Quantity::Enrollment => ("enrolment rate", "入组速率"),
        Quantity::Dropout => ("drop-out hazard", "脱落风险率"),
        Quantity::ResponseRate => ("immune response rates", "免疫应答率"),
        Quantity::Correlation => ("correlation of response and prognosis", "免疫应答与预后的相关性"),
        Quantity::AssayError => ("assay errors", "检测误差"),
        Quantity::Wait => ("manufacturing time", "生产等待时间"),
        Quantity::Failure => ("manufacturing failure", "生产失败率"),
    };
    language.pick(english, chinese)
}
