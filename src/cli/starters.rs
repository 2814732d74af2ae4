//! Starter scenarios for `seamline new`.

use clap::ValueEnum;

/// Kinds of starter scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Two arms, several looks, overall survival with a delayed effect.
    GroupSequential,
    /// Two doses and control, a biomarker-gated transition, disease-free survival.
    SeamlessDose,
}

impl Kind {
    /// The file.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::GroupSequential => include_str!("starters/group-sequential.json"),
            Self::SeamlessDose => include_str!("starters/seamless-dose.json"),
        }
    }
}
