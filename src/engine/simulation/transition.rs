//! The statistics a transition looks at, computed from one trial's phase II data, and whom the rule keeps.

use crate::adaptive::Seen;
use crate::engine::EngineError;
use crate::engine::simulation::trial::{Trial, Workspace};
use crate::invalid::require;
use crate::registry::find;
use crate::statistics::response::ResponseCount;
use crate::statistics::toxicity::ToxicityCount;
use crate::statistics::{Evidence, FollowUp, Role, TEST_STATISTICS, TestStatistic};
use crate::transition::{Criterion, Gate, Resize, Statistic, Threshold, Transition};
use crate::truth::Truth;
use std::sync::Arc;

/// Which numbers a transition asks for; the others are not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one independent switch per kind of statistic")]
pub struct Needs {
    /// Response rates.
    pub response: bool,
    /// Cox hazard ratio of progression-free and of overall survival.
    pub hazard_ratio: [bool; 2],
    /// Log-rank z of progression-free and of overall survival.
    pub z: [bool; 2],
    /// Whether other statistics read progression-free or overall survival.
    pub data: [bool; 2],
    /// Association of response and outcome.
    pub association: bool,
    /// Toxicity.
    pub toxicity: bool,
    /// Powers of the final test, which read the primary endpoint.
    pub power: bool,
}

impl Needs {
    /// Everything `keep` and `go` ask for.
    pub fn of(transition: &Transition) -> Self {
        let mut needs = Self::default();
        if transition.keep.ranks() {
            needs.add(transition.keep.by, false);
        }
        for go in transition.gates.iter().map(|gate| &gate.go).chain(&transition.go) {
            needs.add_criterion(go);
        }
        needs.power |= transition.resize.is_some();
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
            data: either(self.data, other.data),
            association: self.association || other.association,
            toxicity: self.toxicity || other.toxicity,
            power: self.power || other.power,
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
            Criterion::Score(parts, _) => parts.iter().for_each(|(statistic, _)| self.add(*statistic, false)),
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
            Statistic::RmstDifference { endpoint, .. }
            | Statistic::MilestoneDifference { endpoint, .. }
            | Statistic::SurvivalOverHistory { endpoint, .. } => {
                self.data[usize::from(endpoint.is_death())] = true;
            }
            Statistic::ResponseOutcomeAssociation => self.association = true,
            Statistic::ToxicityRate | Statistic::ToxicityPosterior { .. } | Statistic::ToxicityExactP { .. } => {
                self.toxicity = true;
            }
            Statistic::ConditionalPower { .. } | Statistic::PredictivePower { .. } => self.power = true,
        }
    }

    /// Whether the truth defines everything asked for.
    pub fn check(self, truth: &Truth) -> Result<(), EngineError> {
        let response = !(self.response || self.association) || truth.immune_response.is_some();
        require(response, "immune responses of the truth", 0.0, "the transition rule needs one")?;
        let toxicity = !self.toxicity || truth.toxicity.is_some();
        require(toxicity, "toxicity of the truth", 0.0, "the transition rule needs one")?;
        let progression = !self.endpoint(0) || truth.has_progression;
        require(progression, "progression states", 0.0, "the transition rule needs one")?;
        Ok(())
    }

    /// Whether the endpoint's data are read: 0 progression-free, 1 overall survival.
    pub fn endpoint(self, endpoint: usize) -> bool {
        self.hazard_ratio[endpoint] || self.z[endpoint] || self.data[endpoint]
    }
}

/// The numbers of one arm; NaN where not asked for or not computable.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Responses of control and arm.
    pub response: [ResponseCount; 2],
    /// Cox hazard ratio of progression-free and of overall survival.
    pub hazard_ratio: [f64; 2],
    /// Log-rank z of progression-free and of overall survival.
    pub z: [f64; 2],
    /// Every other statistic asked for, and its standardised form.
    pub others: &'a [Other],
}

/// A statistic that only simulation computes: its value and standardised form in one arm.
#[derive(Debug, Clone)]
pub struct Other {
    statistic: Statistic,
    /// The test whose effect it is, of a difference of survival or restricted means.
    contrast: Option<Arc<dyn TestStatistic>>,
    found: [f64; 2],
}

impl Other {
    /// What a transition asks for of this kind.
    pub fn of(transition: &Transition) -> Vec<Self> {
        let contrast = |statistic| {
            let (name, month) = match statistic {
                Statistic::RmstDifference { to, .. } => ("rmst", to),
                Statistic::MilestoneDifference { at, .. } => ("milestone", at),
                _ => return None,
            };
            find(TEST_STATISTICS, name).map(|entry| (entry.build)(&[month]))
        };
        let read = transition.reads().into_iter().filter(|statistic| !statistic.has_joint_law());
        read.map(|statistic| Self { statistic, contrast: contrast(statistic), found: [f64::NAN; 2] }).collect()
    }
}

impl Values<'_> {
    /// Merit for the ranking (larger is better), and whether the arm passes the go criterion.
    pub fn judged(&self, by: Statistic, go: Option<&Criterion>) -> (f64, bool) {
        let merit = self.value(by, false);
        let merit = if by.larger_is_better() { merit } else { -merit };
        let value = |statistic, standardised| self.value(statistic, standardised);
        (merit, go.is_none_or(|go| go.passes(&value)))
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
            other => {
                let found = self.others.iter().find(|known| known.statistic == other);
                found.map_or(f64::NAN, |known| known.found[usize::from(standardised)])
            }
        }
    }
}

impl Trial<'_> {
    /// Marks the arms kept at the data cut; `cohort` patients make up phase II and their sorted data are in place. An arm that failed a
    /// gate before is out.
    pub(super) fn decide(&self, work: &mut Workspace, rule: &Transition, cohort: usize, cut: f64) {
        self.judge(work, rule, rule.go.as_ref(), (cohort, cut));
        for (passing, open) in work.passing.iter_mut().zip(&work.gated) {
            *passing &= !open;
        }
        work.kept.fill(false);
        rule.keep.rule.keep(&work.merit, &work.passing, &mut work.kept);
    }

    /// Holds the arms to a gate; whether any is left.
    pub(super) fn pass_gate(
        &self,
        work: &mut Workspace,
        rule: &Transition,
        gate: &Gate,
        cohort: usize,
        cut: f64,
    ) -> bool {
        self.judge(work, rule, Some(&gate.go), (cohort, cut));
        for (gated, passing) in work.gated.iter_mut().zip(&work.passing) {
            *gated |= !passing;
        }
        work.gated.contains(&false)
    }

    /// Merit of every arm, and whether it passes `go`.
    fn judge(&self, work: &mut Workspace, rule: &Transition, go: Option<&Criterion>, (cohort, cut): (usize, f64)) {
        let control = self.responses(work, cohort, cut, 0);
        let mut others = std::mem::take(&mut work.others);
        for arm in 0..self.experimental() {
            let mut values = Values {
                response: [control, self.responses(work, cohort, cut, arm + 1)],
                hazard_ratio: [f64::NAN; 2],
                z: [f64::NAN; 2],
                others: &[],
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
            for other in &mut others {
                other.found = self.other(work, other, arm, cohort, cut);
            }
            values.others = &others;
            (work.merit[arm], work.passing[arm]) = values.judged(rule.keep.by, go);
        }
        work.others = others;
    }

    /// A statistic that only simulation computes, and its standardised form.
    fn other(&self, work: &mut Workspace, other: &Other, arm: usize, cohort: usize, cut: f64) -> [f64; 2] {
        match (other.statistic, &other.contrast) {
            (
                Statistic::RmstDifference { endpoint, .. } | Statistic::MilestoneDifference { endpoint, .. },
                Some(contrast),
            ) => {
                let data = &work.phase2[usize::from(endpoint.is_death())];
                let mut found = Evidence::default();
                for (stratum, roles) in self.roles(arm).enumerate() {
                    work.sets.clear();
                    data.for_each_risk_set(cut, roles, |set| work.sets.push(set));
                    let share =
                        if self.protocol.primary.stratified { self.truth.strata[stratum].prevalence } else { 1.0 };
                    found += contrast.of_stratum(&work.sets, share);
                }
                [found.effect, found.z()]
            }
            (Statistic::ResponseOutcomeAssociation, _) => [self.association(work, arm + 1, cohort, cut), f64::NAN],
            (Statistic::SurvivalOverHistory { endpoint, at, history }, _) => {
                let data = &work.phase2[usize::from(endpoint.is_death())];
                let found = survival_of_one(data, cut, &self.alone[arm], at);
                [found[0] - history, (found[0] - history) / found[1].sqrt()]
            }
            (Statistic::ToxicityRate, _) => [self.toxicity(work, arm + 1, cohort, cut).rate(), f64::NAN],
            (Statistic::ToxicityPosterior { above, prior }, _) => {
                [self.toxicity(work, arm + 1, cohort, cut).posterior_above(above, prior), f64::NAN]
            }
            (Statistic::ToxicityExactP { above }, _) => {
                [self.toxicity(work, arm + 1, cohort, cut).exact_p(above), f64::NAN]
            }
            (Statistic::ConditionalPower { under }, _) => {
                let seen = self.seen(work, arm, cut);
                [self.plan.prospects[arm].conditional_power(&seen, under, 1.0), f64::NAN]
            }
            (Statistic::PredictivePower { prior }, _) => {
                let seen = self.seen(work, arm, cut);
                [self.plan.prospects[arm].predictive_power(&seen, prior).unwrap_or(f64::NAN), f64::NAN]
            }
            _ => [f64::NAN; 2],
        }
    }

    /// Toxicities known by the cut in one arm of the phase II cohort.
    fn toxicity(&self, work: &Workspace, arm: usize, cohort: usize, cut: f64) -> ToxicityCount {
        let mut count = ToxicityCount::default();
        if let Some(toxicity) = &self.truth.toxicity {
            let patients = &work.patients;
            for (i, &toxic) in work.toxic[..cohort].iter().enumerate() {
                let known = usize::from(patients.arm[i]) == arm && patients.entry[i] + toxicity.measured_at <= cut;
                count.patients += u32::from(known);
                count.toxic += u32::from(known && toxic);
            }
        }
        count
    }

    /// What phase II has shown of the primary endpoint by the cut.
    fn seen(&self, work: &mut Workspace, arm: usize, cut: f64) -> Seen {
        let data = &work.phase2[usize::from(self.death)];
        self.compare(data, cut, arm, &mut work.sets, &mut work.found);
        let [score, information] = self.score_and_information(&work.found);
        Seen { z: score / information.sqrt(), information }
    }

    /// Factor on the size of phase III: of the kept arm with the most conditional power, if that lies in the zone; 1 otherwise.
    pub(super) fn factor(&self, work: &mut Workspace, rule: &Transition, cut: f64) -> f64 {
        let Some(Resize { lower, target, most, under }) = rule.resize else { return 1.0 };
        let mut best: Option<(f64, f64)> = None;
        for arm in 0..self.experimental() {
            if !work.kept[arm] {
                continue;
            }
            let (seen, prospect) = (self.seen(work, arm, cut), &self.plan.prospects[arm]);
            let power = prospect.conditional_power(&seen, under, 1.0);
            if !power.is_nan() && best.is_none_or(|(known, _)| power > known) {
                best = Some((power, prospect.factor_for(&seen, under, target, most)));
            }
        }
        match best {
            Some((power, factor)) if power >= lower && power < target => factor,
            _ => 1.0,
        }
    }

    /// Log hazard ratio of the primary endpoint, responders of one arm against its non-responders, among those who are at risk when
    /// their response is read, time counted from there (landmark; Anderson, Cain and Gelber 1983).
    fn association(&self, work: &mut Workspace, arm: usize, cohort: usize, cut: f64) -> f64 {
        let Some(response) = &self.truth.immune_response else { return f64::NAN };
        let (patients, columns) = (&work.patients, &mut work.landmark);
        columns.iter_mut().for_each(Vec::clear);
        work.landmark_cells.clear();
        let event = patients.event(self.death);
        let read = response.measured_at;
        for (i, &event) in event[..cohort].iter().enumerate() {
            // Who has an event before the reading has none, if so the truth says.
            let has_reading = !response.missing_if_event_before || patients.pfs[i] > read;
            if usize::from(patients.arm[i]) == arm && has_reading && event > read && patients.dropout[i] > read {
                columns[0].push(patients.entry[i] + read);
                columns[1].push(event - read);
                columns[2].push(patients.dropout[i] - read);
                work.landmark_cells.push(u16::from(patients.responder[i]));
            }
        }
        let [entry, event, dropout] = &work.landmark;
        work.landmark_data.rebuild(entry, event, dropout, &work.landmark_cells);
        let roles: [Role; 2] = [Role::Control, Role::Treated];
        // Entry moved by the reading rounds: what happened in the month of the cut itself is still seen.
        let cut = cut + 1e-9;
        libm::log(work.landmark_data.cox(cut, [&roles[..]], &mut work.sets).hazard_ratio())
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

/// Kaplan–Meier survival at a month among the patients of one role, and Greenwood's variance.
fn survival_of_one(data: &FollowUp, cut: f64, roles: &[Role], at: f64) -> [f64; 2] {
    let (mut survival, mut sum) = (1.0, 0.0);
    data.for_each_risk_set(cut, roles, |set| {
        if set.time <= at {
            let (n, d) = (f64::from(set.treated), f64::from(set.treated_events));
            survival *= (n - d) / n;
            sum += d / (n * (n - d));
        }
    });
    [survival, survival * survival * sum]
}
