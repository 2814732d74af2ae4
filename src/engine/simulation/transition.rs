//! The statistics a transition looks at, computed from one trial's phase II data, and whom the rule keeps.

use crate::engine::EngineError;
use crate::engine::simulation::trial::{Trial, Workspace};
use crate::invalid::require;
use crate::statistics::response::ResponseCount;
use crate::transition::{Criterion, Statistic, Threshold, Transition};
use crate::truth::Truth;

/// Which numbers a transition asks for; the others are not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Response rates.
    pub response: bool,
    /// Cox hazard ratio of progression-free and of overall survival.
    pub hazard_ratio: [bool; 2],
    /// Log-rank z of progression-free and of overall survival.
    pub z: [bool; 2],
}

impl Needs {
    /// Everything `keep` and `go` ask for.
    pub fn of(transition: &Transition) -> Self {
        let mut needs = Self::default();
        needs.add(transition.keep.by, false);
        if let Some(go) = &transition.go {
            needs.add_criterion(go);
        }
        needs
    }

    /// What either asks for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let either = |one: [bool; 2], other: [bool; 2]| [one[0] || other[0], one[1] || other[1]];
        Self {
            response: self.response || other.response,
            hazard_ratio: either(self.hazard_ratio, other.hazard_ratio),
            z: either(self.z, other.z),
        }
    }

    /// Whether everything `other` asks for is asked for.
    pub fn holds(self, other: Self) -> bool {
        self.and(other) == self
    }

    fn add_criterion(&mut self, criterion: &Criterion) {
        match criterion {
            Criterion::Compare(statistic, threshold) => {
                self.add(*statistic, matches!(threshold, Threshold::ZAtLeast(_)));
            }
            Criterion::All(parts) | Criterion::Any(parts) => parts.iter().for_each(|part| self.add_criterion(part)),
            Criterion::Not(inner) => self.add_criterion(inner),
        }
    }

    fn add(&mut self, statistic: Statistic, standardised: bool) {
        match statistic {
            Statistic::ResponseDifference | Statistic::ResponseRate => self.response = true,
            Statistic::PfsHazardRatio if !standardised => self.hazard_ratio[0] = true,
            Statistic::PfsHazardRatio | Statistic::PfsZ => self.z[0] = true,
            Statistic::OsHazardRatio if !standardised => self.hazard_ratio[1] = true,
            Statistic::OsHazardRatio | Statistic::OsZ => self.z[1] = true,
        }
    }

    /// Whether the truth defines everything asked for.
    pub fn check(self, truth: &Truth) -> Result<(), EngineError> {
        let response = !self.response || truth.immune_response.is_some();
        require(response, "immune responses of the truth", 0.0, "the transition rule needs one")?;
        let progression = !(self.hazard_ratio[0] || self.z[0]) || truth.has_progression;
        require(progression, "progression states", 0.0, "the transition rule needs one")?;
        Ok(())
    }

    /// Whether the endpoint's data are read: 0 progression-free, 1 overall survival.
    pub fn endpoint(self, endpoint: usize) -> bool {
        self.hazard_ratio[endpoint] || self.z[endpoint]
    }
}

/// The numbers of one arm; NaN where not asked for or not computable.
#[derive(Debug, Clone, Copy)]
pub struct Values {
    /// Responses of control and arm.
    pub response: [ResponseCount; 2],
    /// Cox hazard ratio of progression-free and of overall survival.
    pub hazard_ratio: [f64; 2],
    /// Log-rank z of progression-free and of overall survival.
    pub z: [f64; 2],
}

impl Values {
    /// Merit for the ranking (larger is better), and whether the arm passes the go criterion.
    pub fn judged(&self, rule: &Transition) -> (f64, bool) {
        let by = self.value(rule.keep.by, false);
        let merit = if rule.keep.by.larger_is_better() { by } else { -by };
        let value = |statistic, standardised| self.value(statistic, standardised);
        (merit, rule.go.as_ref().is_none_or(|go| go.passes(&value)))
    }

    /// The statistic, or its standardised form.
    fn value(&self, statistic: Statistic, standardised: bool) -> f64 {
        let [control, arm] = &self.response;
        match statistic {
            Statistic::ResponseDifference | Statistic::ResponseRate if standardised => arm.z(control),
            Statistic::ResponseDifference => arm.difference(control),
            Statistic::ResponseRate => arm.rate(),
            Statistic::PfsHazardRatio if !standardised => self.hazard_ratio[0],
            Statistic::PfsHazardRatio | Statistic::PfsZ => self.z[0],
            Statistic::OsHazardRatio if !standardised => self.hazard_ratio[1],
            Statistic::OsHazardRatio | Statistic::OsZ => self.z[1],
        }
    }
}

impl Trial<'_> {
    /// Marks the arms kept at the data cut; `cohort` patients make up phase II and their sorted data are in place.
    pub(super) fn decide(&self, work: &mut Workspace, rule: &Transition, cohort: usize, cut: f64) {
        let control = self.responses(work, cohort, cut, 0);
        for arm in 0..self.experimental() {
            let mut values = Values {
                response: [control, self.responses(work, cohort, cut, arm + 1)],
                hazard_ratio: [f64::NAN; 2],
                z: [f64::NAN; 2],
            };
            for endpoint in 0..2 {
                let data = &work.phase2[endpoint];
                if self.needs.z[endpoint] {
                    values.z[endpoint] = self.log_rank(data, cut, arm).z();
                }
                if self.needs.hazard_ratio[endpoint] {
                    values.hazard_ratio[endpoint] = data.cox(cut, self.roles(arm), &mut work.sets).hazard_ratio();
                }
            }
            (work.merit[arm], work.passing[arm]) = values.judged(rule);
        }
        work.kept.fill(false);
        rule.keep.rule.keep(&work.merit, &work.passing, &mut work.kept);
    }

    /// Responders and readings due by the cut of one arm (0 the control) of the phase II cohort.
    fn responses(&self, work: &Workspace, cohort: usize, cut: f64, arm: usize) -> ResponseCount {
        let mut count = ResponseCount::default();
        if let (true, Some(response)) = (self.needs.response, &self.truth.immune_response) {
            let patients = &work.patients;
            for i in 0..cohort {
                let due = response.counts(patients.pfs[i], patients.dropout[i])
                    && patients.entry[i] + response.measured_at <= cut
                    && usize::from(patients.arm[i]) == arm;
                count.patients += u32::from(due);
                count.responders += u32::from(due && patients.responder[i]);
            }
        }
        count
    }
}
