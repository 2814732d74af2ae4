//! Triggers, criteria and selection rules in words.

use crate::protocol::{Protocol, Seamless};
use crate::report::Language;
use crate::report::prose::{count, endpoint_short};
use crate::transition::{Criterion, Statistic, Threshold, Trigger};
use serde_json::Value;

/// What the words are about.
pub struct Words<'a> {
    /// Language.
    pub language: Language,
    /// Protocol.
    pub protocol: &'a Protocol,
    /// Names of the strata.
    pub strata: &'a [String],
}

impl Words<'_> {
    /// When: "300 deaths have been observed".
    pub fn trigger(&self, trigger: &Trigger) -> String {
        let language = self.language;
        match trigger {
            Trigger::Events { count: events, endpoint, stratum, arms } => {
                let (events, endpoint) = (count(*events), endpoint_short(*endpoint));
                let stratum = stratum.and_then(|index| self.strata.get(index));
                let arms: Option<Vec<String>> = arms
                    .as_ref()
                    .map(|arms| arms.iter().filter_map(|&arm| self.protocol.arms.get(arm)).cloned().collect());
                let among = |english: &str, chinese: &str, what: Option<String>| {
                    what.map_or_else(String::new, |what| {
                        language.pick(format!(" {english} {what}"), format!("{chinese}{what}"))
                    })
                };
                let stratum = among("in stratum", "于分层", stratum.cloned());
                let arms = among("in arms", "于组别", arms.map(|arms| language.list(&arms)));
                language.pick(
                    format!("{events} {endpoint} events have been observed{stratum}{arms}"),
                    format!("观察到 {events} 例 {endpoint} 事件{stratum}{arms}"),
                )
            }
            Trigger::Enrolled { count: patients } => language.pick(
                format!("{} patients are enrolled", count(*patients)),
                format!("入组 {} 例受试者", count(*patients)),
            ),
            Trigger::Calendar { month } => {
                language.pick(format!("calendar month {month} is reached"), format!("达到第 {month} 个日历月"))
            }
            Trigger::MinFollowUp { months } => language.pick(
                format!("the last patient has been followed for {months} months"),
                format!("最后一例受试者随访满 {months} 个月"),
            ),
            Trigger::AfterPrevious { months } => language.pick(
                format!("{months} months have passed since the previous analysis"),
                format!("距上次分析满 {months} 个月"),
            ),
            Trigger::All(parts) => self.language.list(&self.triggers(parts)),
            Trigger::Any(parts) => self.triggers(parts).join(language.pick(" or ", "或")),
        }
    }

    fn triggers(&self, parts: &[Trigger]) -> Vec<String> {
        parts
            .iter()
            .map(|part| {
                let words = self.trigger(part);
                // A group inside a group keeps its bounds.
                if matches!(part, Trigger::All(_) | Trigger::Any(_)) { format!("({words})") } else { words }
            })
            .collect()
    }

    fn statistic(&self, statistic: Statistic) -> String {
        let first = endpoint_short(self.protocol.primary.endpoint);
        let first = if first == "OS" { "PFS" } else { first };
        let (english, chinese) = match statistic {
            Statistic::ResponseDifference => {
                ("the difference in observed immune response rates".to_owned(), "免疫应答率之差（观察值）".to_owned())
            }
            Statistic::ResponseRate => {
                ("the observed immune response rate".to_owned(), "免疫应答率（观察值）".to_owned())
            }
            Statistic::PfsHazardRatio => (format!("the {first} hazard ratio"), format!("{first} 风险比")),
            Statistic::PfsZ => (format!("the {first} log-rank statistic"), format!("{first} 对数秩统计量")),
            Statistic::OsHazardRatio => ("the OS hazard ratio".to_owned(), "OS 风险比".to_owned()),
            Statistic::OsZ => ("the OS log-rank statistic".to_owned(), "OS 对数秩统计量".to_owned()),
            other => self.simulated(other),
        };
        self.language.pick(english, chinese)
    }

    /// The statistics that only simulation computes, in English and Chinese.
    fn simulated(&self, statistic: Statistic) -> (String, String) {
        let primary = endpoint_short(self.protocol.primary.endpoint);
        match statistic {
            Statistic::RmstDifference { endpoint, to } => {
                let endpoint = endpoint_short(endpoint);
                (
                    format!("the difference in restricted mean {endpoint} to month {to}"),
                    format!("{endpoint} 至第 {to} 个月的限制平均生存时间之差"),
                )
            }
            Statistic::MilestoneDifference { endpoint, at } => {
                let endpoint = endpoint_short(endpoint);
                (format!("the difference in {endpoint} at month {at}"), format!("第 {at} 个月 {endpoint} 率之差"))
            }
            Statistic::ConditionalPower { .. } => {
                (format!("the conditional power of the final {primary} test"), format!("最终 {primary} 检验的条件效能"))
            }
            Statistic::PredictivePower { .. } => {
                (format!("the predictive power of the final {primary} test"), format!("最终 {primary} 检验的预测效能"))
            }
            Statistic::SurvivalOverHistory { endpoint, at, history } => {
                let endpoint = endpoint_short(endpoint);
                (
                    format!("{endpoint} of the arm at month {at} minus the historical {history}"),
                    format!("该组第 {at} 个月 {endpoint} 率与历史值 {history} 之差"),
                )
            }
            Statistic::ToxicityPosterior { above, .. } => (
                format!("the posterior probability of a severe toxicity rate above {above}"),
                format!("严重毒性发生率高于 {above} 的后验概率"),
            ),
            Statistic::ToxicityExactP { above } => (
                format!("the exact p-value of a severe toxicity rate of at most {above}"),
                format!("严重毒性发生率不高于 {above} 的精确检验 p 值"),
            ),
            Statistic::ToxicityRate => {
                ("the observed severe toxicity rate".to_owned(), "严重毒性发生率（观察值）".to_owned())
            }
            _ => (
                format!("the log hazard ratio of {primary} between responders and non-responders of the arm"),
                format!("该组应答者与非应答者间 {primary} 的对数风险比"),
            ),
        }
    }

    /// A criterion: "the OS hazard ratio is at most 0.9".
    pub fn criterion(&self, criterion: &Criterion) -> String {
        let language = self.language;
        let inner = |parts: &[Criterion]| -> Vec<String> {
            parts
                .iter()
                .map(|part| {
                    let words = self.criterion(part);
                    if matches!(part, Criterion::All(_) | Criterion::Any(_)) { format!("({words})") } else { words }
                })
                .collect()
        };
        match criterion {
            Criterion::Compare(statistic, threshold) => {
                let name = self.statistic(*statistic);
                match threshold {
                    Threshold::AtLeast(limit) => {
                        language.pick(format!("{name} is at least {limit}"), format!("{name} ≥ {limit}"))
                    }
                    Threshold::AtMost(limit) => {
                        language.pick(format!("{name} is at most {limit}"), format!("{name} ≤ {limit}"))
                    }
                    Threshold::ZAtLeast(limit) => language.pick(
                        format!("the standardised form of {name} is at least {limit}"),
                        format!("{name}的标准化统计量 ≥ {limit}"),
                    ),
                }
            }
            Criterion::Score(parts, limit) => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|(statistic, weight)| format!("{weight} × {}", self.statistic(*statistic)))
                    .collect();
                let sum = parts.join(" + ");
                language.pick(format!("the score {sum} is at least {limit}"), format!("评分 {sum} ≥ {limit}"))
            }
            Criterion::All(parts) => language.list(&inner(parts)),
            Criterion::Any(parts) => inner(parts).join(language.pick(" or ", "或")),
            Criterion::Not(part) => {
                let words = self.criterion(part);
                language.pick(format!("it is not the case that {words}"), format!("不满足（{words}）"))
            }
        }
    }

    /// Whom to keep.
    pub fn keep(&self, design: &Seamless, source: &Value) -> String {
        let keep = &design.transition.keep;
        let by = self.statistic(keep.by);
        let number =
            |key: &str| source.pointer(&format!("/transition/keep/{key}")).map_or_else(String::new, Value::to_string);
        let best = self.language.pick(
            if keep.by.larger_is_better() { "largest" } else { "smallest" },
            if keep.by.larger_is_better() { "最大" } else { "最小" },
        );
        match (keep.rule_name, self.language) {
            ("best", Language::English) => format!("the one arm is kept for which {by} is {best}"),
            ("best", Language::Chinese) => format!("保留{by}{best}的一个组"),
            ("best_r", Language::English) => format!("the {} arms are kept for which {by} is {best}", number("r")),
            ("best_r", Language::Chinese) => format!("保留{by}{best}的 {} 个组", number("r")),
            ("within", Language::English) => {
                format!("the arm is kept for which {by} is {best}, and every arm within {} of it", number("margin"))
            }
            ("within", Language::Chinese) => {
                format!("保留{by}{best}的组，以及与其相差不超过 {} 的各组", number("margin"))
            }
            (_, Language::English) => "every arm is kept".to_owned(),
            (_, Language::Chinese) => "保留全部组".to_owned(),
        }
    }
}
