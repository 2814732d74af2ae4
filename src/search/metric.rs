//! Numbers that a design is judged by, over one truth or over all: what `optimize` makes large or small and bounds.

use crate::engine::OperatingCharacteristics;

/// A number of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// P(reject any): mean over the truths in which some null is false.
    Power,
    /// P(reject a true null): the largest over the truths that have one.
    TypeIError,
    /// P(go to phase III): mean over the truths.
    Go,
    /// P(go to phase III): mean over the truths in which every null is true.
    FalseGo,
    /// Expected patients: mean over the truths.
    Patients,
    /// Expected events: mean over the truths.
    Events,
    /// Expected months: mean over the truths.
    Months,
}

/// Every metric with its name in the file.
pub const METRICS: &[(Metric, &str)] = &[
    (Metric::Power, "power"),
    (Metric::TypeIError, "type_i_error"),
    (Metric::Go, "go"),
    (Metric::FalseGo, "false_go"),
    (Metric::Patients, "patients"),
    (Metric::Events, "events"),
    (Metric::Months, "months"),
];

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

impl Metric {
    /// By its name in the file.
    pub fn named(name: &str) -> Option<Self> {
        METRICS.iter().find(|(_, known)| *known == name).map(|(metric, _)| *metric)
    }

    /// Name in the file.
    pub fn name(self) -> &'static str {
        METRICS.iter().find(|(metric, _)| *metric == self).map_or("", |(_, name)| name)
    }

    /// Over the given truths; `None` where none of them defines it.
    pub fn of<'o>(self, truths: impl IntoIterator<Item = &'o OperatingCharacteristics>) -> Option<f64> {
        let truths = truths.into_iter();
        match self {
            Self::Power => {
                mean(truths.filter(|o| o.null_true.contains(&false)).map(|outcome| outcome.reject_any.value))
            }
            Self::TypeIError => truths.filter_map(|o| o.type_i_error.map(|error| error.value)).reduce(f64::max),
            Self::Go => mean(truths.map(|outcome| outcome.go.value)),
            Self::FalseGo => mean(truths.filter(|o| !o.null_true.contains(&false)).map(|outcome| outcome.go.value)),
            Self::Patients => mean(truths.map(|outcome| outcome.expected.patients.value)),
            Self::Events => mean(truths.map(|outcome| outcome.expected.events.value)),
            Self::Months => mean(truths.map(|outcome| outcome.expected.months.value)),
        }
    }
}
