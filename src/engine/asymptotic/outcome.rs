//! From sums over the lattice to operating characteristics.

use crate::engine::asymptotic::NAME;
use crate::engine::asymptotic::confirmatory::Confirmatory;
use crate::engine::asymptotic::setup::Setup;
use crate::engine::asymptotic::sums::Sums;
use crate::engine::{
    BoundAt, Estimate, Expected, Hypotheses, LookOutcome, OperatingCharacteristics, Plan, TransitionOutcome,
};
use crate::numerics::normal;
use crate::protocol::{Protocol, Seamless};

impl Setup {
    /// Analyses whose events are out of reach, or whose random month is taken as fixed.
    pub(super) fn warnings<'p>(
        &self,
        protocol: &Protocol,
        parts: impl Iterator<Item = &'p Confirmatory>,
    ) -> Vec<String> {
        let names = || protocol.analyses.iter().map(|analysis| format!("look '{}'", analysis.name));
        let mut looks = vec![("the data cut".to_string(), self.base.cut)];
        looks.extend(self.base.follow_up.map(|end| ("the end of phase II follow-up".to_string(), end)));
        looks.extend(parts.flat_map(|part| names().zip(part.phase3.looks.iter().copied())));
        let mut warnings: Vec<String> = Vec::new();
        for (name, look) in looks {
            let warning = match look {
                look if look.unreached.is_some() => format!(
                    "{name} asks for more events than are expected under this truth; it is placed where all but half an \
                     event are seen"
                ),
                look if matches!(look.clock, Some((_, false))) => {
                    format!("{name} is fixed by the events of some arms or strata; its month is taken as fixed")
                }
                _ => continue,
            };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }

    pub(super) fn outcome(
        &self,
        protocol: &Protocol,
        design: &Seamless,
        plan: &Plan,
        sums: &[Sums],
        hypotheses: &Hypotheses,
    ) -> OperatingCharacteristics {
        let points = self.points.points() as f64;
        let of = |value: &dyn Fn(&Sums) -> f64| {
            let values: Vec<f64> = sums.iter().map(|sum| value(sum) / points).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let error = (spread / (values.len() * (values.len() - 1)) as f64).sqrt();
            Estimate { value: mean, mcse: Some(error) }
        };
        let arms = protocol.arms.len() - 1;
        let null = &hypotheses.null_true;
        let events = |laws: &crate::engine::schedule::Laws| {
            crate::engine::schedule::expected_events(
                &self.truth,
                laws,
                &self.base.phase2,
                None,
                None,
                self.base.cut.month,
            )
        };
        let cut = self.base.cut.month;
        let looks = (0..plan.looks.len()).map(|look| {
            let reached: f64 = sums.iter().map(|sum| sum.looks[look][0]).sum();
            let mean = |i: usize| {
                let total: f64 = sums.iter().map(|sum| sum.looks[look][i]).sum();
                Estimate::exact(if reached > 0.0 { total / reached } else { 0.0 })
            };
            let bound = |z: f64| z.is_finite().then(|| BoundAt { z, p: normal::sf(z), hazard_ratio: None });
            LookOutcome {
                analysis: protocol.analyses[look].name.clone(),
                month: mean(1),
                events: mean(2),
                patients: mean(3),
                information_fraction: plan.looks[look].information_fraction,
                efficacy_bound: bound(plan.bounds.efficacy[look]),
                futility_bound: bound(plan.bounds.futility[look]),
                cross_efficacy: of(&|sum| sum.efficacy[look]),
                harm_bound: None,
                cross_harm: None,
                cross_futility: of(&|sum| sum.futility[look]),
                average_hazard_ratio: None,
                cox_hazard_ratio: None,
            }
        });
        let names = self.base.laws.iter().map(|laws| (laws.endpoint.name(), Estimate::exact(events(laws))));
        OperatingCharacteristics {
            engine: NAME,
            replicates: None,
            reject_any: of(&|sum| sum.any),
            reject_all: None,
            reject: (0..arms).map(|arm| of(&|sum| sum.reject[arm])).collect(),
            null_true: null.clone(),
            type_i_error: null.contains(&true).then(|| of(&|sum| sum.type_i)),
            go: of(&|sum| sum.go),
            stop: of(&|sum| points - sum.go),
            selected: (0..arms).map(|arm| of(&|sum| sum.selected[arm])).collect(),
            correct_selection: hypotheses.best.contains(&true).then(|| of(&|sum| sum.correct)),
            transition: Some(TransitionOutcome {
                month: Estimate::exact(cut),
                patients: Estimate::exact(if design.pause_enrollment {
                    design.phase2_patients
                } else {
                    let all = design.phase2_patients + design.phase3_patients;
                    self.truth.enrollment.expected_by(cut).min(all)
                }),
                events: names.collect(),
            }),
            looks: looks.collect(),
            expected: Expected {
                patients: of(&|sum| sum.patients),
                events: of(&|sum| sum.events),
                months: of(&|sum| sum.months),
            },
            warnings: Vec::new(),
        }
    }
}
