//! Starter scenarios for `seamline new`: shipped scenarios whose `notes` say what each part is for.

use clap::ValueEnum;

/// Kinds of starter scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Two arms, several looks, overall survival with a delayed effect.
    GroupSequential,
    /// Two doses and control, a biomarker-gated transition, disease-free survival.
    SeamlessDose,
    /// A product made for each patient: it takes its time, and may fail.
    Personalised,
    /// Two arms, disease-free survival alone, three looks with futility.
    Dfs,
}

impl Kind {
    /// The file.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::GroupSequential => include_str!("../../scenarios/os-delayed-effect.json"),
            Self::SeamlessDose => include_str!("../../scenarios/neoantigen-melanoma.json"),
            Self::Personalised => include_str!("../../scenarios/personalised-product.json"),
            Self::Dfs => include_str!("../../scenarios/dfs-after-resection.json"),
        }
    }
}
