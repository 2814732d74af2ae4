//! Why an engine gives no answer.

/// Why an engine gives no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The engine does not cover a feature of the design; another one does.
    #[error("the {engine} engine does not cover {feature}")]
    NotCovered {
        /// Engine asked.
        engine: &'static str,
        /// Feature in the words of the file.
        feature: String,
    },
    /// What a search is asked to move is not in the design.
    #[error("{0}")]
    NothingToMove(&'static str),
    /// An event-driven condition asks for more events than the truth will ever give in expectation.
    #[error("{needed} events are asked for, but at most {available:.1} are expected")]
    UnreachableEvents {
        /// Index of the look, or `None` for the transition's trigger.
        look: Option<usize>,
        /// Events asked for.
        needed: f64,
        /// Events expected after unlimited follow-up.
        available: f64,
    },
    /// The test statistic does not exist at a look.
    #[error("{reason}")]
    NoInformation {
        /// Index of the look.
        look: usize,
        /// Why, in a sentence.
        reason: String,
    },
    /// A number broke a rule inside the engine.
    #[error(transparent)]
    Invalid(#[from] crate::invalid::Invalid),
    /// A numerical method did not converge.
    #[error("{0}")]
    Numerics(String),
}

impl From<crate::statistics::NoInformation> for EngineError {
    fn from(error: crate::statistics::NoInformation) -> Self {
        Self::NoInformation { look: error.look, reason: error.reason }
    }
}
