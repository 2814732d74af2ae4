//! The dictionary: every quantity of an answer once, with its name, unit and format. Tables, JSON and book use it.

use crate::engine::Estimate;
use crate::report::Language;

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Probability, four decimals.
    Probability,
    /// Months, one decimal.
    Months,
    /// Count, one decimal.
    Count,
    /// Hazard ratio or information fraction, three decimals.
    Ratio,
    /// Standardised statistic, four decimals.
    Z,
}

impl Format {
    /// The figure as text; what rounds to zero has no sign.
    pub fn text(self, value: f64) -> String {
        let written = match self {
            Self::Probability | Self::Z => format!("{value:.4}"),
            Self::Months | Self::Count => format!("{value:.1}"),
            Self::Ratio => format!("{value:.3}"),
        };
        match written.strip_prefix('-') {
            Some(digits) if digits.bytes().all(|digit| matches!(digit, b'0' | b'.')) => digits.to_string(),
            _ => written,
        }
    }

    /// The figure with its Monte Carlo standard error on a second line, if it has one.
    pub fn estimate(self, estimate: &Estimate) -> String {
        match estimate.mcse {
            None => self.text(estimate.value),
            Some(mcse) => {
                let digits = match self {
                    Self::Probability | Self::Z => 4,
                    Self::Months | Self::Count => 2,
                    Self::Ratio => 3,
                };
                format!("{}\n±{mcse:.digits$}", self.text(estimate.value))
            }
        }
    }
}

/// One quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Key in the JSON answer.
    pub key: &'static str,
    /// Column heading.
    pub heading: &'static str,
    /// Column heading in Chinese.
    pub heading_chinese: &'static str,
    /// Meaning and unit.
    pub meaning: &'static str,
    /// Meaning and unit in Chinese.
    pub meaning_chinese: &'static str,
    /// Format.
    pub format: Format,
}

impl Term {
    /// Column heading of a language.
    pub fn heading_in(&self, language: Language) -> &'static str {
        language.pick(self.heading, self.heading_chinese)
    }

    /// Meaning and unit in a language.
    pub fn meaning_in(&self, language: Language) -> &'static str {
        language.pick(self.meaning, self.meaning_chinese)
    }
}

/// `[key, heading, heading in Chinese]`, `[meaning, meaning in Chinese]`.
const fn entry(names: [&'static str; 3], meanings: [&'static str; 2], format: Format) -> Term {
    let [key, heading, heading_chinese] = names;
    let [meaning, meaning_chinese] = meanings;
    Term { key, heading, heading_chinese, meaning, meaning_chinese, format }
}

/// Every quantity of an answer.
pub const DICTIONARY: &[Term] = &[
    entry(
        ["reject_all", "P(reject all)", "P(全部拒绝)"],
        ["probability of rejecting every hypothesis", "拒绝全部原假设的概率"],
        Format::Probability,
    ),
    entry(
        ["reject_any", "P(reject)", "P(拒绝)"],
        ["probability of rejecting at least one hypothesis", "至少拒绝一个原假设的概率"],
        Format::Probability,
    ),
    entry(
        ["reject", "P(reject)", "P(拒绝)"],
        ["probability of rejecting the hypothesis", "拒绝该原假设的概率"],
        Format::Probability,
    ),
    entry(
        ["type_i_error", "type I", "I类错误"],
        ["probability of rejecting a true null", "拒绝真实成立的原假设的概率"],
        Format::Probability,
    ),
    entry(
        ["go", "P(go)", "P(进入III期)"],
        ["probability of going to phase III", "进入 III 期的概率"],
        Format::Probability,
    ),
    entry(
        ["stop", "P(stop)", "P(停止)"],
        ["probability of stopping at the transition", "在转换决策时停止试验的概率"],
        Format::Probability,
    ),
    entry(
        ["selected", "P(kept)", "P(保留)"],
        ["probability that the arm is kept at the transition", "转换决策时该组被保留的概率"],
        Format::Probability,
    ),
    entry(
        ["correct_selection", "P(best)", "P(最优组)"],
        ["probability that a truly best arm is kept", "真正最优的组被保留的概率"],
        Format::Probability,
    ),
    entry(
        ["month", "month", "月"],
        ["calendar month since the first patient could enrol", "自首例受试者可入组起的日历月"],
        Format::Months,
    ),
    entry(
        ["months", "months", "期望时长（月）"],
        ["expected months until the trial ends", "至试验结束的期望月数"],
        Format::Months,
    ),
    entry(["patients", "patients", "受试者数"], ["patients enrolled", "已入组受试者数"], Format::Count),
    entry(
        ["events", "events", "事件数"],
        ["events of the primary endpoint in the data tested", "所检验数据中主要终点的事件数"],
        Format::Count,
    ),
    entry(
        ["information_fraction", "info", "信息分数"],
        ["planned share of the final information", "计划信息量占最终信息量的比例"],
        Format::Ratio,
    ),
    entry(
        ["efficacy_bound", "z eff.", "有效性界值 z"],
        ["reject at or above this standardised statistic", "标准化统计量达到或超过该值时拒绝原假设"],
        Format::Z,
    ),
    entry(
        ["futility_bound", "z fut.", "无效性界值 z"],
        ["stop for futility at or below this standardised statistic", "标准化统计量不超过该值时因无效停止"],
        Format::Z,
    ),
    entry(
        ["harm_bound", "HR harm", "有害界值 HR"],
        ["stop for harm at or above this hazard ratio of overall survival", "总生存期风险比达到或超过该值时因有害停止"],
        Format::Ratio,
    ),
    entry(
        ["hazard_ratio_bound", "HR eff.", "有效性界值 HR"],
        ["hazard ratio at the efficacy bound (approximate)", "有效性界值对应的风险比（近似）"],
        Format::Ratio,
    ),
    entry(
        ["cross_efficacy", "P(eff.)", "P(越过有效性界值)"],
        ["probability of first crossing the efficacy bound here", "首次在该次分析越过有效性界值的概率"],
        Format::Probability,
    ),
    entry(
        ["cross_futility", "P(fut.)", "P(因无效停止)"],
        ["probability of stopping for futility here", "在该次分析因无效停止的概率"],
        Format::Probability,
    ),
    entry(
        ["cross_harm", "P(harm)", "P(因有害停止)"],
        ["probability of stopping for harm here", "在该次分析因有害停止的概率"],
        Format::Probability,
    ),
    entry(
        ["average_hazard_ratio", "AHR", "平均风险比"],
        ["event-weighted geometric mean hazard ratio so far", "截至该次分析、按事件加权的几何平均风险比"],
        Format::Ratio,
    ),
    entry(
        ["cox_hazard_ratio", "Cox HR", "Cox 风险比"],
        ["large-sample limit of the Cox hazard ratio", "Cox 风险比的大样本极限"],
        Format::Ratio,
    ),
    entry(
        ["power", "power", "检验效能"],
        ["mean P(reject) over truths with a false null", "在存在疗效的各真实情形下 P(拒绝) 的平均值"],
        Format::Probability,
    ),
    entry(
        ["net", "net", "净值"],
        [
            "power minus false go: a rule must find benefit and stop without it",
            "检验效能减去错误进入率：规则须识别疗效，亦须在无效时停止",
        ],
        Format::Probability,
    ),
    entry(
        ["false_go", "false go", "错误进入"],
        [
            "mean P(go) over truths in which every null is true",
            "在所有原假设均成立的各真实情形下 P(进入III期) 的平均值",
        ],
        Format::Probability,
    ),
];

/// The entry of a key; an unknown key reads as itself.
pub fn term(key: &'static str) -> Term {
    DICTIONARY.iter().copied().find(|term| term.key == key).unwrap_or(entry([key; 3], [key; 2], Format::Ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_found() {
        for (i, one) in DICTIONARY.iter().enumerate() {
            assert!(DICTIONARY[i + 1..].iter().all(|other| other.key != one.key), "{}", one.key);
            assert_eq!(term(one.key), *one);
        }
    }

    #[test]
    fn estimates_show_their_error() {
        assert_eq!(Format::Probability.estimate(&Estimate { value: 0.8, mcse: Some(0.0012) }), "0.8000\n±0.0012");
        assert_eq!(Format::Months.estimate(&Estimate::exact(12.345)), "12.3");
    }
}
