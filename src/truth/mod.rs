//! What nature does: enrolment, drop-out, strata, arms' courses with their delayed effects, immune response and assays.
//!
//! A [`Truth`] is fully resolved: stratum prognosis and arm effects are already inside each [`Course`]; engines need no
//! rule of the file format to use it.

mod enrollment;

mod entry;
mod expected;
mod implied;
mod landmark;
mod later;
mod laws;
mod product;
mod response;

pub use enrollment::{Enrollment, EnrollmentProcess};
pub use entry::EntryLaw;
pub use expected::{EventCount, ExpectedEvents, event_probability, expected_events};
pub use implied::{Correlations, ObservedResponse};
pub use landmark::immortal_time_rate_ratio;
pub use later::{Crossover, Later, Therapy};
pub use laws::PatientClass;
pub use product::Product;
pub use response::{Assay, ImmuneResponse, Missing, PositiveRule, Prognostic, Reading};

use crate::survival::{Course, PiecewiseHazard};

/// Everything nature decides, for the arms of one protocol (arm 0 is the control).
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Expected enrolment over calendar time.
    pub enrollment: Enrollment,
    /// How simulated trials enrol.
    pub enrollment_process: EnrollmentProcess,
    /// Baseline strata; at least one; prevalences sum to 1.
    pub strata: Vec<Stratum>,
    /// One per arm, in the protocol's order; arm 0 is the control.
    pub arms: Vec<ArmTruth>,
    /// Immune response, if the truth has one.
    pub immune_response: Option<ImmuneResponse>,
    /// Toxicity, if the truth has one.
    pub toxicity: Option<Toxicity>,
    /// Whether the truth has a progression state (else PFS, DFS are not defined).
    pub has_progression: bool,
}

/// A severe toxicity: yes or no, known at one time after randomisation, independent of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxicity {
    /// Months after randomisation at which it is known, at least 0.
    pub measured_at: f64,
    /// Probability per arm, in the protocol's order.
    pub rates: Vec<f64>,
}

/// One baseline stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Name in the file ("all" when the file has no strata).
    pub name: String,
    /// Share of patients, in (0, 1].
    pub prevalence: f64,
}

/// What nature does to the patients of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmTruth {
    /// Name in the protocol.
    pub name: String,
    /// Drop-out hazard, per month since randomisation.
    pub dropout: PiecewiseHazard,
    /// One per stratum, in the order of [`Truth::strata`].
    pub strata: Vec<ArmStratum>,
}

/// What nature does to the patients of one arm and one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmStratum {
    /// Probability of a true immune response, in [0, 1]; 0 when the truth has no immune response.
    pub response_rate: f64,
    /// Course of true non-responders (index 0) and true responders (index 1). Without an immune response both are equal.
    /// Where there is a `product`, the course without it.
    pub courses: [Course; 2],
    /// Share of patients who can never progress, never die without progression, never die after progression.
    /// One latent uniform per patient is compared with all three, so that the cured of one kind are nested in the cured
    /// of a more frequent kind; a cured patient's transition hazard is zero in every arm.
    pub cured: Cured,
    /// Therapy after progression and crossover, where there is any.
    pub later: Option<Later>,
    /// The product, where it must be made or takes longer to work in some patients than in others; else its effect is in
    /// `courses`.
    pub product: Option<Product>,
}

/// Cured fractions of the three transitions, each in [0, 1).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cured {
    /// Never progresses.
    pub progression: f64,
    /// Never dies without progression.
    pub death: f64,
    /// Never dies after progression.
    pub death_after_progression: f64,
}
