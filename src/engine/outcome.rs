//! What an engine answers: operating characteristics of one protocol under one truth.

/// A figure, with its Monte Carlo standard error if it was simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Monte Carlo standard error; `None` for a computed figure.
    pub mcse: Option<f64>,
}

impl Estimate {
    /// A computed figure.
    pub fn exact(value: f64) -> Self {
        Self { value, mcse: None }
    }
}

/// Operating characteristics of one protocol under one truth. Hypotheses and arms are indexed by experimental arm
/// (0 = first experimental arm).
#[derive(Debug, Clone, PartialEq)]
pub struct OperatingCharacteristics {
    /// Engine that answered: "analytic", "asymptotic" or "simulation".
    pub engine: &'static str,
    /// Replicates behind simulated figures.
    pub replicates: Option<u64>,
    /// Probability that at least one hypothesis is rejected.
    pub reject_any: Estimate,
    /// Probability that every hypothesis is rejected, where several endpoints are tested.
    pub reject_all: Option<Estimate>,
    /// Per hypothesis (experimental arm, or endpoint where there are several), probability that it is rejected.
    pub reject: Vec<Estimate>,
    /// Per hypothesis, whether its null hypothesis is true under this truth.
    pub null_true: Vec<bool>,
    /// Probability that a true null is rejected; `None` where every hypothesis is false.
    pub type_i_error: Option<Estimate>,
    /// Probability of going to phase III (1 without a transition).
    pub go: Estimate,
    /// Probability of stopping at the transition (0 without one).
    pub stop: Estimate,
    /// Per experimental arm, probability of being kept at the transition (1 without one).
    pub selected: Vec<Estimate>,
    /// Probability that the arms kept include the truly best arm (the one with the largest restricted mean of the primary
    /// endpoint; several if tied); `None` without a transition or when every null is true.
    pub correct_selection: Option<Estimate>,
    /// The transition, if there is one.
    pub transition: Option<TransitionOutcome>,
    /// Looks in order.
    pub looks: Vec<LookOutcome>,
    /// Expectations over the whole trial.
    pub expected: Expected,
    /// Cautions about this answer, in full sentences.
    pub warnings: Vec<String>,
}

/// The transition as it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionOutcome {
    /// Month of the data cut.
    pub month: Estimate,
    /// Patients enrolled by then.
    pub patients: Estimate,
    /// Events of the phase II cohort by then: (endpoint name, count).
    pub events: Vec<(&'static str, Estimate)>,
}

/// One look. Month, events and patients are averages over the trials that reach the look (all trials, in the analytic
/// engine: the planned look).
#[derive(Debug, Clone, PartialEq)]
pub struct LookOutcome {
    /// Name in the protocol.
    pub analysis: String,
    /// Month of the look.
    pub month: Estimate,
    /// Events of the primary endpoint in the data tested.
    pub events: Estimate,
    /// Patients enrolled by then, both phases, all arms.
    pub patients: Estimate,
    /// Planned information fraction, in (0, 1].
    pub information_fraction: f64,
    /// Efficacy bound, if the look has one.
    pub efficacy_bound: Option<BoundAt>,
    /// Futility bound, if the look has one.
    pub futility_bound: Option<BoundAt>,
    /// Harm bound of overall survival, if the look has one; its hazard ratio is that of overall survival.
    pub harm_bound: Option<BoundAt>,
    /// Probability that the trial stops for harm here; `None` in a trial without harm bounds.
    pub cross_harm: Option<Estimate>,
    /// Probability that the trial first crosses an efficacy bound here.
    pub cross_efficacy: Estimate,
    /// Probability that the trial stops for futility here.
    pub cross_futility: Estimate,
    /// Event-weighted geometric mean hazard ratio up to the look, pooled over strata; `None` where it is not defined
    /// (several experimental arms in one look).
    pub average_hazard_ratio: Option<f64>,
    /// Large-sample limit of the Cox hazard ratio at the look.
    pub cox_hazard_ratio: Option<f64>,
}

/// A bound on three scales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundAt {
    /// Standardised statistic.
    pub z: f64,
    /// One-sided p-value.
    pub p: f64,
    /// Hazard ratio at the bound, exp(−z/√(π₀π₁d)) (an approximation); `None` where z is infinite.
    pub hazard_ratio: Option<f64>,
}

/// Expectations over the whole trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Patients enrolled when the trial ends.
    pub patients: Estimate,
    /// Events of the primary endpoint when the trial ends, in the data tested at its end (all patients in the trial if it
    /// stopped at the transition).
    pub events: Estimate,
    /// Months until the trial ends.
    pub months: Estimate,
}
