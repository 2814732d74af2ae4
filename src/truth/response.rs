//! Immune response: latent law, prognostic link to outcome, assays.
//!
//! A patient has a latent standard normal B. The true response is B > Φ⁻¹(1 − rate), with the rate of the patient's arm
//! and stratum. The patient's log hazards of all three transitions carry the frailty
//! ξ = σ·(−ρ·B + √(1−ρ²)·W) − σ²/2, W standard normal and independent, so that E exp(ξ) = 1: the hazards of the file
//! are averages over the patients at randomisation, and a positive correlation ρ means that a stronger immune response
//! goes with a better prognosis, in every arm, whatever the treatment does.

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
    /// Whether a first event (progression or death) or drop-out before the reading makes it missing; a missing reading
    /// counts as non-response.
    pub missing_if_event_before: bool,
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
