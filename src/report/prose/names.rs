//! Names of the field in both languages.

use crate::engine;
use crate::protocol::Test;
use crate::report::Language;
use crate::scenario::Quantity;
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
