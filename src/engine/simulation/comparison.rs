//! The primary test of one experimental arm against the control, from the data of one cut.

use crate::engine::EngineError;
use crate::engine::simulation::trial::Trial;
use crate::protocol::{Combination, Design, Protocol, Stage1};
use crate::statistics::{Evidence, FollowUp, RiskSet};

/// Whether the test can be run in the design.
pub fn check(protocol: &Protocol) -> Result<(), EngineError> {
    let increments = |design: &crate::protocol::Seamless| {
        matches!(design.combination, Combination::TwoStage { stage1: Stage1::IndependentIncrements, .. })
    };
    match &protocol.design {
        Design::Seamless(design) if increments(design) && !protocol.primary.test.is_log_rank() => {
            Err(EngineError::NotCovered {
                engine: "simulation",
                feature: format!(
                    "independent increments of a {}: they are those of the log-rank test",
                    protocol.primary.test.label()
                ),
            })
        }
        Design::Seamless(_) if protocol.primary.test.is_max_combo() => Err(EngineError::NotCovered {
            engine: "simulation",
            feature: format!(
                "a {} in a seamless design: closed and combined tests need one normal statistic per arm, not the largest of several",
                protocol.primary.test.label()
            ),
        }),
        _ => Ok(()),
    }
}

impl Trial<'_> {
    /// Evidence of every statistic of the test (several make a max-combo) for experimental arm `arm` (from 0) at calendar month
    /// `cut`, and the events seen. `sets` is scratch space; nothing is allocated once it has grown.
    ///
    /// In a stratified test the shares of the strata are those of the truth, fixed as in expectation.
    pub(super) fn compare(
        &self,
        data: &FollowUp,
        cut: f64,
        arm: usize,
        sets: &mut Vec<RiskSet>,
        found: &mut [Evidence],
    ) -> u32 {
        if self.plain_log_rank {
            let rank = self.log_rank(data, cut, arm);
            found[0] = Evidence { effect: -rank.score, variance: rank.variance };
            return rank.events;
        }
        found.fill(Evidence::default());
        let mut events = 0;
        for (stratum, roles) in self.roles(arm).enumerate() {
            sets.clear();
            data.for_each_risk_set(cut, roles, |set| sets.push(set));
            events += sets.iter().map(|set| set.control_events + set.treated_events).sum::<u32>();
            let share = if self.protocol.primary.stratified { self.truth.strata[stratum].prevalence } else { 1.0 };
            for (found, statistic) in found.iter_mut().zip(&self.protocol.primary.test.statistics) {
                *found += statistic.of_stratum(sets, share);
            }
        }
        events
    }

    /// Score and information of a test by one statistic.
    pub(super) fn score_and_information(&self, found: &[Evidence]) -> [f64; 2] {
        self.protocol.primary.test.statistics[0].score_and_information(&found[0])
    }
}

/// The tested Z: the largest of the statistics; NaN if none has information.
pub fn z(found: &[Evidence]) -> f64 {
    found.iter().map(Evidence::z).fold(f64::NAN, f64::max)
}
