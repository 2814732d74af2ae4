//! Raw priors: what is not known of the truth.

use super::quantity::{Correlation, Number, Positive};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// The distribution of one unknown number: exactly one of `normal`, `lognormal`, `beta`, `gamma`, `uniform` and `discrete`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Normal.
    pub normal: Option<Normal>,
    /// The logarithm is normal.
    pub lognormal: Option<Lognormal>,
    /// Beta, on 0 to 1.
    pub beta: Option<Beta>,
    /// Gamma.
    pub gamma: Option<Gamma>,
    /// Uniform.
    pub uniform: Option<Uniform>,
    /// Values with weights.
    pub discrete: Option<Vec<Weighted>>,
    /// Keeps the number within a range: lower and upper end. The rest of the distribution is left out and its probability shared.
    pub within: Option<[Number; 2]>,
    /// Correlation of the normal scores with other unknowns, by their paths (Gaussian copula); 0 where absent.
    pub correlation: Option<IndexMap<String, Correlation>>,
}

/// A normal distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normal {
    /// Mean.
    pub mean: Number,
    /// Standard deviation, above 0.
    pub sd: Positive,
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Median, above 0.
    pub median: Positive,
    /// Standard deviation of the logarithm, above 0.
    pub log_sd: Positive,
}

/// A beta distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beta {
    /// First shape, above 0; the mean is a/(a + b).
    pub a: Positive,
    /// Second shape, above 0.
    pub b: Positive,
}

/// A gamma distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gamma {
    /// Shape, above 0.
    pub shape: Positive,
    /// Rate, above 0; the mean is shape/rate.
    pub rate: Positive,
}

/// A uniform distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// Lower end.
    pub from: Number,
    /// Upper end.
    pub to: Number,
}

/// A value with its weight.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// The value.
    pub value: Number,
    /// Its weight, above 0; weights may have any sum.
    pub weight: Positive,
}
