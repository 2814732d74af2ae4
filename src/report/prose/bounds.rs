//! Bounds in words. Which kind is asked for comes from the checked plan, the names of functions and their parameters from the
//! file.

use crate::protocol::Protocol;
use crate::report::Language;
use crate::sequential::bounds::Sides;
use crate::sequential::harm::HarmPlan;
use crate::sequential::{Assumption, EfficacyPlan, FutilityPlan};
use serde_json::Value;

/// Parameters of a spending function as the file gives them: "gamma = -4".
fn parameters(place: Option<&Value>) -> String {
    let known = ["spending", "sides", "looks", "spending_time", "points", "between", "binding", "beta", "level"];
    let object = place.and_then(Value::as_object);
    let given: Vec<String> = object
        .into_iter()
        .flatten()
        .filter(|(key, value)| !known.contains(&key.as_str()) && value.is_number())
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    if given.is_empty() { String::new() } else { format!(" ({})", given.join(", ")) }
}

/// A spending function by its name in the file.
fn spending(place: Option<&Value>, language: Language) -> String {
    let name = place.and_then(|place| place.get("spending")).and_then(Value::as_str).unwrap_or("");
    let parameters = parameters(place);
    let known = match name {
        "obrien_fleming" => {
            language.pick("O'Brien–Fleming-type (Lan and DeMets 1983)", "O'Brien–Fleming 型（Lan 和 DeMets 1983）")
        }
        "pocock" => language.pick("Pocock-type (Lan and DeMets 1983)", "Pocock 型（Lan 和 DeMets 1983）"),
        "hwang_shih_decani" => "Hwang–Shih–DeCani",
        "kim_demets" => "Kim–DeMets",
        "beta_distribution" => language.pick("beta-distribution", "Beta 分布型"),
        "exponential" => language.pick("exponential", "指数型"),
        other => other,
    };
    format!("{known}{parameters}")
}

fn numbers(values: &[f64], language: Language) -> String {
    let none = language.pick("none", "无");
    let each: Vec<String> =
        values.iter().map(|v| if v.is_finite() { v.to_string() } else { none.to_owned() }).collect();
    each.join(", ")
}

/// Efficacy bounds.
pub fn efficacy(protocol: &Protocol, source: &Value, language: Language) -> String {
    let place = source.get("efficacy").filter(|place| !place.is_null());
    let alone = place.is_none()
        || (protocol.analyses.len() == 1 && matches!(protocol.bounds.efficacy, EfficacyPlan::Spending(_)));
    let mut text = match &protocol.bounds.efficacy {
        EfficacyPlan::Spending(_) if alone => language
            .pick("The only analysis takes the whole significance level.", "唯一一次分析使用全部显著性水平。")
            .to_owned(),
        EfficacyPlan::Spending(_) => {
            let name = spending(place, language);
            language.pick(
                format!("The significance level is spent by the {name} error-spending function of the planned information fraction."),
                format!("采用 {name} α 消耗函数，按计划信息分数分配显著性水平。"),
            )
        }
        EfficacyPlan::Bounds(bounds) => {
            let bounds = numbers(bounds, language);
            language.pick(format!("The efficacy bounds on the z scale are {bounds}."), format!("有效性界值（z 值）依次为 {bounds}。"))
        }
        EfficacyPlan::WangTsiatis { delta } => language.pick(
            format!("The efficacy bounds belong to the Wang–Tsiatis family with Δ = {delta} (0 is O'Brien–Fleming, 0.5 Pocock)."),
            format!("有效性界值取自 Wang–Tsiatis 族，Δ = {delta}（0 为 O'Brien–Fleming，0.5 为 Pocock）。"),
        ),
        EfficacyPlan::HaybittlePeto { z } => language.pick(
            format!("Haybittle–Peto: interim analyses reject at z ≥ {z}; the final bound exhausts the significance level."),
            format!("Haybittle–Peto 法：期中分析在 z ≥ {z} 时拒绝原假设；最终界值用尽剩余显著性水平。"),
        ),
        EfficacyPlan::PampallonaTsiatis { delta_efficacy, delta_futility, beta } => language.pick(
            format!(
                "Efficacy and futility bounds of Pampallona and Tsiatis (Δ₁ = {delta_efficacy}, Δ₀ = {delta_futility}, type II error \
                 {beta}), which meet at the last analysis."
            ),
            format!(
                "采用 Pampallona–Tsiatis 有效性与无效性界值（Δ₁ = {delta_efficacy}，Δ₀ = {delta_futility}，II 类错误 {beta}），两者在最终分析重合。"
            ),
        ),
    };
    if protocol.bounds.sides == Sides::Two {
        text.push_str(language.pick(
            " Testing is two-sided: the lower bounds mirror the upper ones, and the level is that of each side.",
            "检验为双侧：下界与上界对称，显著性水平为每一侧的水平。",
        ));
    }
    text
}

/// Futility bounds.
pub fn futility(protocol: &Protocol, source: &Value, language: Language) -> String {
    let bounds = &protocol.bounds;
    let stops = match &bounds.futility {
        None if matches!(bounds.efficacy, EfficacyPlan::PampallonaTsiatis { .. }) => {
            language.pick("The trial stops at the lower of the two bounds", "试验在两界值中较低者处停止").to_owned()
        }
        None => return language.pick("There are no futility bounds.", "不设无效性界值。").to_owned(),
        Some(FutilityPlan::Bounds(values)) => {
            let values = numbers(values, language);
            language.pick(
                format!("The trial stops for futility at or below these z values, look by look: {values}"),
                format!("各次分析的统计量不超过以下 z 值时因无效停止：{values}"),
            )
        }
        Some(FutilityPlan::HazardRatio(values)) => {
            let values = numbers(values, language);
            language.pick(
                format!("The trial stops for futility at or above these hazard ratios, look by look: {values}"),
                format!("各次分析的风险比达到或超过以下值时因无效停止：{values}"),
            )
        }
        Some(FutilityPlan::ConditionalPower { least, under }) => {
            let values = numbers(least, language);
            let under = match under {
                Assumption::Assumed => language.pick("the assumed effect", "设计假定的疗效"),
                Assumption::Trend => language.pick("the current trend", "当前趋势"),
                Assumption::Null => language.pick("no effect", "无疗效"),
            };
            language.pick(
                format!("The trial stops for futility when conditional power under {under} is at or below, look by look: {values}"),
                format!("在{under}下的条件检验效能不超过以下值时因无效停止：{values}"),
            )
        }
        Some(FutilityPlan::PredictivePower { least }) => {
            let values = numbers(least, language);
            language.pick(
                format!("The trial stops for futility when predictive power is at or below, look by look: {values}"),
                format!("预测检验效能不超过以下值时因无效停止：{values}"),
            )
        }
        Some(FutilityPlan::Spending { beta, .. }) => {
            let name = spending(source.get("futility"), language);
            language.pick(
                format!("The type II error {beta} is spent by the {name} function under the planned effect"),
                format!("II 类错误 {beta} 在计划疗效下按 {name} 函数消耗"),
            )
        }
    };
    let binding = match (bounds.binding, language) {
        (true, Language::English) => "The bounds are binding: the efficacy bounds count on them.",
        (false, Language::English) => "The bounds are non-binding: ignoring them does not raise the type I error.",
        (true, Language::Chinese) => "无效性界值为约束性，有效性界值以遵守该界值为前提。",
        (false, Language::Chinese) => "无效性界值为非约束性，忽略该界值不会使 I 类错误率升高。",
    };
    stops + language.pick(". ", "。") + binding
}

/// Harm bounds of overall survival.
pub fn harm(plan: &HarmPlan, source: &Value, language: Language) -> String {
    let stops = match plan {
        HarmPlan::Bounds(values) => {
            let values = numbers(values, language);
            language.pick(
                format!("The trial stops for harm when the log-rank z of overall survival is at or below, look by look: {values}"),
                format!("总生存期对数秩 z 值在各次分析不超过以下值时因有害停止：{values}"),
            )
        }
        HarmPlan::HazardRatio(values) => {
            let values = numbers(values, language);
            language.pick(
                format!("The trial stops for harm when the hazard ratio of overall survival is at or above, look by look: {values}"),
                format!("总生存期风险比在各次分析达到或超过以下值时因有害停止：{values}"),
            )
        }
        HarmPlan::Spending { level, .. } => {
            let name = spending(source.get("harm"), language);
            language.pick(
                format!(
                    "The chance {level} of stopping for harm where overall survival does not differ is spent over the looks by the {name} \
                     function"
                ),
                format!("总生存期无差异时因有害停止的概率 {level} 按 {name} 函数在各次分析间消耗"),
            )
        }
    };
    stops
        + language.pick(
            ". A trial that stops for harm rejects nothing; the efficacy bounds do not count on it.",
            "。因有害停止时不拒绝任何原假设；有效性界值的计算不依赖有害界值。",
        )
}
