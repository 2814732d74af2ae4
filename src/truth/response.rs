//! Immune response: latent law, prognostic link to outcome, assays.
//!
//! A patient has a latent standard normal B. The true response is B > Φ⁻¹(1 − rate), with the rate of the patient's arm
//! and stratum. The patient's log hazards of all three transitions carry the frailty
//! ξ = σ·(−ρ·B + √(1−ρ²)·W) − σ²/2, W standard normal and independent, so that E exp(ξ) = 1: the hazards of the file
//! are averages over the patients at randomisation, and a positive correlation ρ means that a stronger immune response
//! goes with a better prognosis, in every arm, whatever the treatment does.

use crate::invalid::{Invalid, require};
use crate::numerics::normal;

/// Immune response, measured once per patient.
#[derive(Debug, Clone, PartialEq)]
pub struct ImmuneResponse {
    /// Months from randomisation to the reading.
    pub measured_at: f64,
    /// Individual-level link between latent response and outcome.
    pub prognostic: Prognostic,
    /// Assays read; at least one (a perfect one when the file lists none).
    pub assays: Vec<Assay>,
    /// How the assays' readings make a patient positive.
    pub positive_if: PositiveRule,
    /// Whether a first event (progression or death) or drop-out before the reading makes it missing.
    pub missing_if_event_before: bool,
    /// What the trial makes of a missing reading.
    pub missing: Missing,
}

impl ImmuneResponse {
    /// Whether a patient with this first event and drop-out (months since randomisation) counts in the response rate.
    pub fn counts(&self, first_event: f64, dropout: f64) -> bool {
        !self.missing_if_event_before
            || self.missing == Missing::NonResponse
            || (first_event >= self.measured_at && dropout >= self.measured_at)
    }
}

/// What a trial makes of a patient whose reading is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Counts as non-response: every randomised patient counts (intention to treat).
    #[default]
    NonResponse,
    /// Is left out of the response rate: a comparison of survivors, biased where arms lose different patients.
    LeftOut,
}

/// Individual-level link between latent response and outcome, present in every arm.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Prognostic {
    /// Correlation ρ of latent response with good prognosis, in [−1, 1].
    pub correlation: f64,
    /// Standard deviation σ of the log-hazard frailty, at least 0.
    pub log_hazard_sd: f64,
}

/// One assay with a cut-off; readings are independent given the true response.
#[derive(Debug, Clone, PartialEq)]
pub struct Assay {
    /// Name in the file.
    pub name: String,
    /// Probability of a positive reading in true responders, in [0, 1].
    pub sensitivity: f64,
    /// Probability of a negative reading in true non-responders, in [0, 1].
    pub specificity: f64,
}

/// How several assays make a patient positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositiveRule {
    /// At least one assay is positive.
    Any,
    /// Every assay is positive.
    All,
    /// At least this many are positive.
    AtLeast(usize),
}

impl PositiveRule {
    /// Assays that must be positive, of `assays`.
    pub fn needed(self, assays: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::All => assays,
            Self::AtLeast(needed) => needed,
        }
    }
}

/// The reading of all assays together, as one test for a true response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Probability that a true responder is read as positive.
    pub sensitivity: f64,
    /// Probability that a true non-responder is read as negative.
    pub specificity: f64,
}

impl Reading {
    /// Youden's index Se + Sp − 1: the factor by which a true difference in rates shrinks (Rogan and Gladen 1978).
    pub fn youden(self) -> f64 {
        self.sensitivity + self.specificity - 1.0
    }

    /// Rate of positive readings q* = Se·q + (1 − Sp)(1 − q) at true response rate q = `rate`.
    pub fn positive_rate(self, rate: f64) -> f64 {
        self.sensitivity * rate + (1.0 - self.specificity) * (1.0 - rate)
    }

    /// Positive predictive value Se·q/q*; `None` where no reading is positive.
    pub fn positive_predictive_value(self, rate: f64) -> Option<f64> {
        let positive = self.positive_rate(rate);
        if positive > 0.0 { Some(self.sensitivity * rate / positive) } else { None }
    }

    /// Negative predictive value Sp·(1 − q)/(1 − q*); `None` where every reading is positive.
    pub fn negative_predictive_value(self, rate: f64) -> Option<f64> {
        let negative = 1.0 - self.positive_rate(rate);
        if negative > 0.0 { Some(self.specificity * (1.0 - rate) / negative) } else { None }
    }

    /// Factor (Se + Sp − 1)·√(q(1 − q)/(q*(1 − q*))) by which a correlation with the true response shrinks when the
    /// reading takes its place; 0 where either is constant.
    pub fn correlation_factor(self, rate: f64) -> f64 {
        let positive = self.positive_rate(rate);
        let spread = positive * (1.0 - positive);
        if spread > 0.0 { self.youden() * (rate * (1.0 - rate) / spread).sqrt() } else { 0.0 }
    }
}

impl ImmuneResponse {
    /// Sensitivity and specificity of the combined rule. Readings are independent given the true response, so the
    /// number of positive assays is a sum of independent Bernoulli variables; its law is built up assay by assay.
    /// With two assays: "all" gives `Se₁Se₂` and 1 − (1 − Sp₁)(1 − Sp₂), "any" the mirror image (Vacek 1985, covariance 0).
    pub fn reading(&self) -> Reading {
        let needed = self.positive_if.needed(self.assays.len());
        let tail = |rates: &mut dyn Iterator<Item = f64>| -> f64 {
            let mut counts = vec![0.0; self.assays.len() + 1];
            counts[0] = 1.0;
            for (read, rate) in rates.enumerate() {
                for count in (0..=read).rev() {
                    counts[count + 1] += rate * counts[count];
                    counts[count] *= 1.0 - rate;
                }
            }
            counts.iter().skip(needed).sum()
        };
        Reading {
            sensitivity: tail(&mut self.assays.iter().map(|assay| assay.sensitivity)),
            specificity: 1.0 - tail(&mut self.assays.iter().map(|assay| 1.0 - assay.specificity)),
        }
    }

    /// True response rate of an arm whose latent response lies `shift` standard deviations above the control's:
    /// Φ(Φ⁻¹(q₀) + shift) at control rate q₀ = `control_rate`.
    ///
    /// # Errors
    /// [`Invalid`] for a control rate outside [0, 1] or a shift that is not finite.
    pub fn shifted_rate(control_rate: f64, shift: f64) -> Result<f64, Invalid> {
        require((0.0..=1.0).contains(&control_rate), "response rate", control_rate, "it must be in [0, 1]")?;
        require(shift.is_finite(), "shift of the latent response", shift, "it must be finite")?;
        Ok(normal::cdf(normal::quantile(control_rate) + shift))
    }

    /// Verifies every number.
    ///
    /// # Errors
    /// [`Invalid`] names the first number out of range.
    pub fn check(&self) -> Result<(), Invalid> {
        let month = self.measured_at;
        require(month.is_finite() && month >= 0.0, "month of the reading", month, "it must be finite and at least 0")?;
        let Prognostic { correlation, log_hazard_sd } = self.prognostic;
        require((-1.0..=1.0).contains(&correlation), "prognostic correlation", correlation, "it must be in [−1, 1]")?;
        require(
            log_hazard_sd.is_finite() && log_hazard_sd >= 0.0,
            "standard deviation of the log hazard",
            log_hazard_sd,
            "it must be finite and at least 0",
        )?;
        require(!self.assays.is_empty(), "number of assays", 0.0, "there must be at least one")?;
        for assay in &self.assays {
            require(
                (0.0..=1.0).contains(&assay.sensitivity),
                "sensitivity",
                assay.sensitivity,
                "it must be in [0, 1]",
            )?;
            require(
                (0.0..=1.0).contains(&assay.specificity),
                "specificity",
                assay.specificity,
                "it must be in [0, 1]",
            )?;
        }
        let needed = self.positive_if.needed(self.assays.len());
        require(
            (1..=self.assays.len()).contains(&needed),
            "number of positive assays needed",
            needed as f64,
            "it must be at least 1 and at most the number of assays",
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(assays: &[(f64, f64)], positive_if: PositiveRule) -> ImmuneResponse {
        let assays = assays
            .iter()
            .map(|&(sensitivity, specificity)| Assay { name: String::new(), sensitivity, specificity })
            .collect();
        let prognostic = Prognostic::default();
        ImmuneResponse {
            measured_at: 2.0,
            prognostic,
            assays,
            positive_if,
            missing_if_event_before: true,
            missing: Missing::NonResponse,
        }
    }

    #[test]
    fn who_counts_in_the_response_rate() {
        let mut trial = response(&[(1.0, 1.0)], PositiveRule::Any);
        assert!(trial.counts(1.0, 9.0) && trial.counts(9.0, 1.0), "a missing reading is a non-response");
        trial.missing = Missing::LeftOut;
        assert!(trial.counts(2.0, 2.0) && !trial.counts(1.9, 9.0) && !trial.counts(9.0, 1.9));
        trial.missing_if_event_before = false;
        assert!(trial.counts(1.0, 1.0));
    }

    /// J8 two assays: Se/Sp (.90,.90), (.85,.95).
    #[test]
    fn j8_two_assays() {
        let pair = [(0.90, 0.90), (0.85, 0.95)];
        let both = response(&pair, PositiveRule::All).reading();
        assert!((both.sensitivity - 0.765).abs() < 1e-15 && (both.specificity - 0.995).abs() < 1e-15);
        assert!((both.youden() - 0.760).abs() < 1e-15);
        let any = response(&pair, PositiveRule::Any).reading();
        assert!((any.sensitivity - 0.985).abs() < 1e-15 && (any.specificity - 0.855).abs() < 1e-15);
        assert!((any.youden() - 0.840).abs() < 1e-15);
        for (reading, difference) in [(both, 0.304), (any, 0.336)] {
            assert!((reading.positive_rate(0.5) - reading.positive_rate(0.1) - difference).abs() < 1e-14);
        }
    }

    /// The combined rule against plain enumeration of all patterns of four assays.
    #[test]
    fn at_least_matches_enumeration() {
        let assays = [(0.9, 0.9), (0.85, 0.95), (0.6, 0.99), (0.3, 0.5)];
        for needed in 1..=4 {
            let reading = response(&assays, PositiveRule::AtLeast(needed)).reading();
            let (mut sensitivity, mut false_positive) = (0.0, 0.0);
            for pattern in 0_u32..16 {
                if pattern.count_ones() as usize >= needed {
                    let share = |rate: &dyn Fn((f64, f64)) -> f64| -> f64 {
                        (0..4)
                            .map(|j| if pattern >> j & 1 == 1 { rate(assays[j]) } else { 1.0 - rate(assays[j]) })
                            .product()
                    };
                    sensitivity += share(&|assay| assay.0);
                    false_positive += share(&|assay| 1.0 - assay.1);
                }
            }
            assert!((reading.sensitivity - sensitivity).abs() < 1e-15);
            assert!((reading.specificity - (1.0 - false_positive)).abs() < 1e-15);
        }
    }

    #[test]
    fn predictive_values_and_shift() {
        let reading = Reading { sensitivity: 0.9, specificity: 0.95 };
        assert!((reading.positive_predictive_value(0.4).unwrap() - 0.36 / 0.39).abs() < 1e-15);
        assert!((reading.negative_predictive_value(0.4).unwrap() - 0.57 / 0.61).abs() < 1e-15);
        assert_eq!(Reading { sensitivity: 0.0, specificity: 1.0 }.positive_predictive_value(0.4), None);
        let rate = ImmuneResponse::shifted_rate(0.05, 1.5).unwrap();
        assert!((rate - 0.442_409).abs() < 1e-5, "{rate}");
        assert_eq!(ImmuneResponse::shifted_rate(0.0, 1.5).unwrap(), 0.0);
        assert!(ImmuneResponse::shifted_rate(0.5, f64::NAN).is_err());
        assert!(response(&[(0.9, 1.2)], PositiveRule::Any).check().is_err());
        assert!(response(&[(0.9, 0.9)], PositiveRule::AtLeast(2)).check().is_err());
        assert!(response(&[], PositiveRule::Any).check().is_err());
    }
}
