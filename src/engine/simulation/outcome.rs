//! From tallies to operating characteristics.

use crate::engine::simulation::closed::Testing;
use crate::engine::simulation::tally::{Tally, share};
use crate::engine::simulation::trial::Trial;
use crate::engine::{BoundAt, Expected, Hypotheses, LookOutcome, OperatingCharacteristics, TransitionOutcome};
use crate::numerics::normal::sf;
use crate::protocol::Design;
use crate::survival::Endpoint;

impl Trial<'_> {
    /// Operating characteristics of what `tally` counted.
    pub fn outcome(&self, tally: &Tally, hypotheses: &Hypotheses) -> OperatingCharacteristics {
        let of = |count: u64| share(count, tally.replicates);
        let seamless = matches!(self.protocol.design, Design::Seamless(_));
        let null = &hypotheses.null_true;
        OperatingCharacteristics {
            engine: "simulation",
            replicates: Some(tally.replicates),
            reject_any: of(tally.reject_any),
            reject_all: self.protocol.several.is_some().then(|| of(tally.reject_all)),
            reject: tally.reject.iter().map(|&count| of(count)).collect(),
            null_true: null.clone(),
            type_i_error: null.contains(&true).then(|| of(tally.type_i)),
            go: of(tally.go),
            stop: of(tally.replicates - tally.go),
            selected: tally.selected.iter().map(|&count| of(count)).collect(),
            correct_selection: (seamless && hypotheses.best.contains(&true)).then(|| of(tally.correct)),
            transition: seamless.then(|| self.transition_outcome(tally)),
            looks: (0..self.plan.looks.len()).map(|look| self.look_outcome(tally, look)).collect(),
            expected: Expected {
                patients: tally.end.patients.mean_count(),
                events: tally.end.events.mean_count(),
                months: tally.end.months.mean_month(),
            },
            warnings: warnings(tally),
        }
    }

    fn transition_outcome(&self, tally: &Tally) -> TransitionOutcome {
        let mut events = Vec::new();
        if self.truth.has_progression {
            let dfs = self.protocol.primary.endpoint == Endpoint::Dfs;
            let name = if dfs { Endpoint::Dfs.name() } else { Endpoint::Pfs.name() };
            events.push((name, tally.transition.events.mean_count()));
        }
        events.push((Endpoint::Os.name(), tally.transition_deaths.mean_count()));
        TransitionOutcome {
            month: tally.transition.months.mean_month(),
            patients: tally.transition.patients.mean_count(),
            events,
        }
    }

    fn look_outcome(&self, tally: &Tally, look: usize) -> LookOutcome {
        let size = &tally.looks[look];
        let events = size.events.mean_count();
        // A hazard ratio belongs to a bound only where one log-rank test of one arm is compared with it.
        let one_test = self.plain_log_rank && self.experimental() == 1 && self.testing != Testing::Combined;
        let treated = self.shares[1][0];
        let bound = |z: f64| {
            z.is_finite().then(|| BoundAt {
                z,
                p: sf(z),
                hazard_ratio: (one_test && events.value > 0.0)
                    .then(|| libm::exp(-z / (treated * (1.0 - treated) * events.value).sqrt())),
            })
        };
        LookOutcome {
            analysis: self.protocol.analyses[look].name.clone(),
            month: size.months.mean_month(),
            events,
            patients: size.patients.mean_count(),
            information_fraction: self.plan.looks[look].information_fraction,
            efficacy_bound: bound(self.plan.bounds.efficacy[look]),
            futility_bound: bound(self.plan.bounds.futility[look]),
            harm_bound: self.plan.harm.get(look).filter(|z| z.is_finite()).map(|&z| BoundAt {
                z,
                p: sf(z),
                // Deaths as planned: the look's own count is that of the primary endpoint.
                hazard_ratio: Some(libm::exp(-z / (treated * (1.0 - treated) * self.plan.deaths[look]).sqrt())),
            }),
            cross_harm: self.plan.harm.get(look).map(|_| share(tally.harm[look], tally.replicates)),
            cross_efficacy: share(tally.efficacy[look], tally.replicates),
            cross_futility: share(tally.futility[look], tally.replicates),
            average_hazard_ratio: None,
            cox_hazard_ratio: None,
        }
    }
}

fn warnings(tally: &Tally) -> Vec<String> {
    if tally.never_met == 0 {
        return Vec::new();
    }
    vec![format!(
        "In {} of {} simulated trials a condition for an analysis (a number of events or of patients) was never met; \
         the analysis then took place when the last patient's information ended.",
        tally.never_met, tally.replicates
    )]
}
