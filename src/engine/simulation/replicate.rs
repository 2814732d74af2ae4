//! One replicate: a group-sequential or a seamless trial from the first patient to its end.

use crate::engine::simulation::closed::Testing;
use crate::engine::simulation::cohort::{Cohort, whole};
use crate::engine::simulation::comparison::z;
use crate::engine::simulation::random::{Purpose, Stream};
use crate::engine::simulation::tally::{LookRecord, TransitionRecord};
use crate::engine::simulation::trial::{Trial, Workspace};
use crate::protocol::{Combination, GroupSequential, Seamless, Stage1};
use crate::transition::Trigger;
use std::ops::Range;

impl Trial<'_> {
    /// A trial without a transition.
    pub(super) fn group_sequential(&self, work: &mut Workspace, stream: &Stream, design: &GroupSequential) {
        let patients = whole(design.patients);
        work.kept.fill(true);
        work.studied.fill(true);
        self.enroll(work, stream, patients);
        work.patients.entry.copy_from_slice(&work.latents.arrival);
        work.blocks.set(&design.allocation.0, |_| true);
        work.blocks.allot(stream, 0, &mut work.patients.arm);
        work.patients.realise(&self.nature, &work.latents, 0..patients);
        work.record.go = true;
        match &self.protocol.several {
            Some(several) => self.graphical(work, several, patients),
            None => self.confirm(work, 0..patients, 0.0, 0.0),
        }
    }

    /// A seamless trial: phase II, data cut, decision, phase III.
    pub(super) fn seamless(&self, work: &mut Workspace, stream: &Stream, design: &Seamless) {
        work.factor = 1.0;
        let (cut, cohort) = self.phase2(work, stream, design);
        if self.needs.toxicity {
            self.draw_toxicity(work, stream, cohort);
        }
        work.gated.fill(false);
        if self.closed_gate(work, design, cut) {
            return;
        }
        self.read_phase2(work, cohort);
        self.decide(work, &design.transition, cohort, cut);
        work.record.go = work.kept.contains(&true);
        let factor = self.factor(work, &design.transition, cut);
        let decision = cut + design.decision_time;
        let (total, before_decision) = self.phase3_arrivals(work, stream, (design, factor), cohort, cut);
        work.record.transition = Some(TransitionRecord {
            month: cut,
            patients: enrolled_by(&work.patients.entry, cut),
            events: [false, true].map(|death| self.cohort(work, 0..cohort, 0.0).events_by(death, cut)),
        });
        // Until the decision the control and every experimental arm are open.
        work.blocks.set(&design.phase3_allocation.0, |_| true);
        work.blocks.allot(stream, cohort, &mut work.patients.arm[cohort..before_decision]);
        if !work.record.go {
            work.latents.draw_courses(stream, self.truth, before_decision);
            work.patients.realise(&self.nature, &work.latents, cohort..before_decision);
            work.record.end = Some(LookRecord {
                month: decision,
                events: self.cohort(work, 0..before_decision, 0.0).events_by(self.death, decision),
                patients: enrolled_by(&work.patients.entry, decision),
            });
            return;
        }
        let kept = &work.kept;
        work.blocks.set(&design.phase3_allocation.0, |arm| arm == 0 || kept[arm - 1]);
        work.blocks.allot(stream, before_decision, &mut work.patients.arm[before_decision..]);
        work.latents.draw_courses(stream, self.truth, total);
        work.patients.realise(&self.nature, &work.latents, cohort..total);
        let earliest = self.stage1(work, &design.combination, cohort, cut).max(decision);
        for (studied, kept) in work.studied[1..].iter_mut().zip(&work.kept) {
            *studied = *kept;
        }
        let first = if design.combination.looks_read_phase2() { 0 } else { cohort };
        work.factor = factor;
        self.confirm(work, first..total, decision, earliest);
    }

    /// Who of phase II has a severe toxicity.
    fn draw_toxicity(&self, work: &mut Workspace, stream: &Stream, cohort: usize) {
        let rates = self.truth.toxicity.as_ref().map_or(&[][..], |toxicity| &toxicity.rates);
        let toxic = |(i, &arm): (usize, &u16)| {
            stream.uniform(i as u32, Purpose::Toxicity) < rates.get(usize::from(arm)).copied().unwrap_or(0.0)
        };
        work.toxic.clear();
        work.toxic.extend(work.patients.arm[..cohort].iter().enumerate().map(toxic));
    }

    /// Holds the arms to the gates before the data cut, in order; if one leaves none of them, the trial ends there.
    pub(super) fn closed_gate(&self, work: &mut Workspace, design: &Seamless, cut: f64) -> bool {
        let planned = work.patients.entry.len();
        for gate in &design.transition.gates {
            work.months.forget();
            let month = self.month(work, 0..planned, &gate.when, 0.0).min(cut);
            let cohort = enrolled_by(&work.patients.entry, month) as usize;
            self.read_phase2(work, cohort);
            if !self.pass_gate(work, &design.transition, gate, cohort, month) {
                let events = [false, true].map(|death| self.cohort(work, 0..cohort, 0.0).events_by(death, month));
                work.kept.fill(false);
                work.record.go = false;
                work.record.transition = Some(TransitionRecord { month, patients: cohort as u32, events });
                let events = events[usize::from(self.death)];
                work.record.end = Some(LookRecord { month, events, patients: cohort as u32 });
                return true;
            }
        }
        false
    }

    /// Sorts the phase II data that the transition and stage 1 read.
    pub(super) fn read_phase2(&self, work: &mut Workspace, cohort: usize) {
        for endpoint in 0..2 {
            let primary = self.death == (endpoint == 1);
            if self.needs.endpoint(endpoint) || ((self.testing == Testing::Combined || self.needs.power) && primary) {
                let (patients, death) = (&work.patients, endpoint == 1);
                work.phase2[endpoint].rebuild(
                    &patients.entry[..cohort],
                    &patients.event(death)[..cohort],
                    &patients.dropout[..cohort],
                    &patients.cell[..cohort],
                );
            }
        }
    }

    /// Tests stage 1, if there is one; returns the month at which it ends.
    pub(super) fn stage1(&self, work: &mut Workspace, combination: &Combination, cohort: usize, cut: f64) -> f64 {
        work.before.fill([0.0; 2]);
        let Combination::TwoStage { stage1, .. } = combination else { return 0.0 };
        let end = match stage1 {
            // It ends when its own condition says, for dropped arms too; every arm is still counted here.
            Stage1::OwnCohort { follow_up } => {
                work.months.forget();
                self.month(work, 0..cohort, follow_up, cut)
            }
            Stage1::IndependentIncrements => cut,
        };
        for arm in 0..self.experimental() {
            let data = &work.phase2[usize::from(self.death)];
            self.compare(data, end, arm, &mut work.sets, &mut work.found);
            work.z[arm] = z(&work.found);
            if *stage1 == Stage1::IndependentIncrements {
                // Stage 2 is what comes on top of it.
                work.before[arm] = self.score_and_information(&work.found);
            }
        }
        work.tests.first_stage(&work.z, &self.shares[0], &work.kept);
        end
    }

    /// Enrols and treats phase II up to its data cut; returns the month of the cut and the patients of the cohort.
    fn phase2(&self, work: &mut Workspace, stream: &Stream, design: &Seamless) -> (f64, usize) {
        let planned = whole(design.phase2_patients);
        work.studied.fill(true);
        self.enroll(work, stream, planned);
        work.patients.entry.copy_from_slice(&work.latents.arrival);
        work.blocks.set(&design.phase2_allocation.0, |_| true);
        work.blocks.allot(stream, 0, &mut work.patients.arm);
        work.patients.realise(&self.nature, &work.latents, 0..planned);
        work.months.forget();
        let cut = self.month(work, 0..planned, &design.transition.when, 0.0);
        (cut, enrolled_by(&work.patients.entry, cut) as usize)
    }

    /// Enrols phase III behind the cohort; returns the number of patients of the whole trial and of those who enter by
    /// the decision. Phase III begins with the first patient who enters after the data cut, or after the last planned
    /// patient of phase II. Under a pause, enrolment stops when phase II is complete (or at the cut, if that comes
    /// first) and goes on at the decision where it was.
    fn phase3_arrivals(
        &self,
        work: &mut Workspace,
        stream: &Stream,
        (design, factor): (&Seamless, f64),
        cohort: usize,
        cut: f64,
    ) -> (usize, usize) {
        let total = cohort + whole(factor * design.phase3_patients);
        let decision = cut + design.decision_time;
        work.latents.draw_arrivals(stream, self.truth, total);
        work.patients.resize(total);
        let pause = if !design.pause_enrollment {
            0.0
        } else if cohort == whole(design.phase2_patients) && cohort > 0 {
            decision - work.latents.arrival[cohort - 1]
        } else {
            decision - cut
        };
        for (entry, arrival) in work.patients.entry[cohort..].iter_mut().zip(&work.latents.arrival[cohort..]) {
            *entry = arrival + pause;
        }
        (total, enrolled_by(&work.patients.entry, decision).max(cohort as u32) as usize)
    }

    /// Draws so many patients and makes room for them.
    fn enroll(&self, work: &mut Workspace, stream: &Stream, patients: usize) {
        work.latents.draw_arrivals(stream, self.truth, patients);
        work.latents.draw_courses(stream, self.truth, patients);
        work.patients.resize(patients);
    }

    /// A cohort of the trial's patients.
    pub(super) fn cohort<'w>(&self, work: &'w Workspace, range: Range<usize>, previous: f64) -> Cohort<'w> {
        let strata = self.truth.strata.len();
        Cohort { patients: &work.patients, range, studied: &work.studied, strata, previous, factor: work.factor }
    }

    /// Month at which a condition on the cohort is met; where it never is, the month at which the information of the
    /// cohort's last patient ends, and the record says so.
    pub(super) fn month(&self, work: &mut Workspace, range: Range<usize>, trigger: &Trigger, previous: f64) -> f64 {
        let mut months = std::mem::take(&mut work.months);
        let cohort = self.cohort(work, range, previous);
        let mut month = cohort.month(trigger, &mut months);
        let never = !month.is_finite();
        if never {
            month = cohort.information_end(self.death);
        }
        work.months = months;
        work.record.never_met |= never;
        month
    }

    /// The confirmatory looks on the patients `range`: none precedes `earliest`; `after_previous` of the first one counts
    /// from `decision`.
    pub(super) fn confirm(&self, work: &mut Workspace, range: Range<usize>, decision: f64, earliest: f64) {
        work.months.forget();
        let patients = &work.patients;
        work.tested.rebuild(
            &patients.entry[range.clone()],
            &patients.event(self.death)[range.clone()],
            &patients.dropout[range.clone()],
            &patients.cell[range.clone()],
        );
        if !self.plan.harm.is_empty() && !self.death {
            work.deaths.rebuild(
                &patients.entry[range.clone()],
                &patients.event(true)[range.clone()],
                &patients.dropout[range.clone()],
                &patients.cell[range.clone()],
            );
        }
        let mut previous = decision;
        let last = self.protocol.analyses.len() - 1;
        for (look, analysis) in self.protocol.analyses.iter().enumerate() {
            let month = self.month(work, range.clone(), &analysis.when, previous).max(previous).max(earliest);
            previous = month;
            if self.harmful(work, look, month) {
                let entry = LookRecord {
                    month,
                    events: self.cohort(work, range.clone(), 0.0).events_by(self.death, month),
                    patients: enrolled_by(&work.patients.entry, month),
                };
                work.record.looks.push(entry);
                work.record.statistics.extend(std::iter::repeat_n(f64::NAN, self.experimental()));
                work.record.harm_at = Some(look);
                work.record.end = Some(entry);
                return;
            }
            let events = self.test(work, look, month);
            let entry = LookRecord {
                month,
                events: events.unwrap_or_else(|| self.cohort(work, range.clone(), 0.0).events_by(self.death, month)),
                patients: enrolled_by(&work.patients.entry, month),
            };
            work.record.looks.push(entry);
            work.record.statistics.extend_from_slice(&work.tests.statistic);
            let futile = work.tests.futile(&work.kept, self.plan.bounds.futility[look]);
            let any = work.tests.rejected.contains(&true);
            if any && work.record.efficacy_at.is_none() {
                work.record.efficacy_at = Some(look);
            }
            let done = work.tests.all_rejected(&work.kept);
            if futile && !any {
                work.record.futility_at = Some(look);
            }
            if done || futile || look == last {
                work.record.end = Some(entry);
                return;
            }
        }
    }

    /// Whether overall survival is at or below the look's harm bound: the log-rank statistic, stratified where the primary test is.
    fn harmful(&self, work: &Workspace, look: usize, month: f64) -> bool {
        match self.plan.harm.get(look) {
            Some(&bound) if bound > f64::NEG_INFINITY => {
                let data = if self.death { &work.tested } else { &work.deaths };
                self.log_rank(data, month, 0).z() <= bound
            }
            _ => false,
        }
    }

    /// Tests the kept arms at one look; returns the events in the data tested where one comparison counts them all.
    fn test(&self, work: &mut Workspace, look: usize, month: f64) -> Option<u32> {
        let (mut comparisons, mut events) = (0, 0);
        for arm in 0..self.experimental() {
            work.z[arm] = f64::NAN;
            if !work.kept[arm] {
                continue;
            }
            events = self.compare(&work.tested, month, arm, &mut work.sets, &mut work.found);
            comparisons += 1;
            work.z[arm] = if self.testing == Testing::Combined {
                let now = self.score_and_information(&work.found);
                increment(std::mem::replace(&mut work.before[arm], now), now)
            } else {
                z(&work.found)
            };
        }
        let bound = self.plan.bounds.efficacy[look];
        match self.testing {
            Testing::Elementary => work.tests.elementary(&work.z, &work.kept, bound),
            Testing::Closed => work.tests.closed(&work.z, &self.shares[1], &work.kept, bound),
            Testing::Combined => work.tests.combined(look, self.plan, &work.z, &self.shares[1], &work.kept),
        }
        (comparisons == 1).then_some(events)
    }
}

/// Standardised increment `(S_k − S_{k−1})/√(I_k − I_{k−1})`; NaN when the information did not grow.
fn increment(before: [f64; 2], now: [f64; 2]) -> f64 {
    let information = now[1] - before[1];
    if information > 1e-9 * now[1] { (now[0] - before[0]) / information.sqrt() } else { f64::NAN }
}

/// Patients who entered at or before `month`.
pub(super) fn enrolled_by(entry: &[f64], month: f64) -> u32 {
    entry.partition_point(|&entry| entry <= month) as u32
}
