//! The dictionary: every quantity of an answer once, with its name, unit and format. Tables, JSON and book use it.

use crate::engine::Estimate;

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
    /// Meaning and unit.
    pub meaning: &'static str,
    /// Format.
    pub format: Format,
}

const fn entry(key: &'static str, heading: &'static str, meaning: &'static str, format: Format) -> Term {
    Term { key, heading, meaning, format }
}

/// Every quantity of an answer.
pub const DICTIONARY: &[Term] = &[
    entry("reject_all", "P(reject all)", "probability of rejecting every hypothesis", Format::Probability),
    entry("reject_any", "P(reject)", "probability of rejecting at least one hypothesis", Format::Probability),
    entry("reject", "P(reject)", "probability of rejecting the hypothesis", Format::Probability),
    entry("type_i_error", "type I", "probability of rejecting a true null", Format::Probability),
    entry("go", "P(go)", "probability of going to phase III", Format::Probability),
    entry("stop", "P(stop)", "probability of stopping at the transition", Format::Probability),
    entry("selected", "P(kept)", "probability that the arm is kept at the transition", Format::Probability),
    entry("correct_selection", "P(best)", "probability that a truly best arm is kept", Format::Probability),
    entry("month", "month", "calendar month since the first patient could enrol", Format::Months),
    entry("months", "months", "expected months until the trial ends", Format::Months),
    entry("patients", "patients", "patients enrolled", Format::Count),
    entry("events", "events", "events of the primary endpoint in the data tested", Format::Count),
    entry("information_fraction", "info", "planned share of the final information", Format::Ratio),
    entry("efficacy_bound", "z eff.", "reject at or above this standardised statistic", Format::Z),
    entry("futility_bound", "z fut.", "stop for futility at or below this standardised statistic", Format::Z),
    entry("harm_bound", "HR harm", "stop for harm at or above this hazard ratio of overall survival", Format::Ratio),
    entry("hazard_ratio_bound", "HR eff.", "hazard ratio at the efficacy bound (approximate)", Format::Ratio),
    entry("cross_efficacy", "P(eff.)", "probability of first crossing the efficacy bound here", Format::Probability),
    entry("cross_futility", "P(fut.)", "probability of stopping for futility here", Format::Probability),
    entry("cross_harm", "P(harm)", "probability of stopping for harm here", Format::Probability),
    entry("average_hazard_ratio", "AHR", "event-weighted geometric mean hazard ratio so far", Format::Ratio),
    entry("cox_hazard_ratio", "Cox HR", "large-sample limit of the Cox hazard ratio", Format::Ratio),
    entry("power", "power", "mean P(reject) over truths with a false null", Format::Probability),
    entry("net", "net", "power minus false go: a rule must find benefit and stop without it", Format::Probability),
    entry("false_go", "false go", "mean P(go) over truths in which every null is true", Format::Probability),
];

/// The entry of a key; an unknown key reads as itself.
pub fn term(key: &'static str) -> Term {
    DICTIONARY.iter().copied().find(|term| term.key == key).unwrap_or(entry(key, key, key, Format::Ratio))
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
