//! What the points of the lattice add up to.

use crate::engine::Hypotheses;
use crate::engine::asymptotic::confirmatory::Confirmatory;

/// Sums over the points of one shift.
pub struct Sums {
    /// Trials that go on.
    pub go: f64,
    /// A truly best arm kept.
    pub correct: f64,
    /// Any rejection.
    pub any: f64,
    /// A true null rejected.
    pub type_i: f64,
    /// Per arm, kept.
    pub selected: Vec<f64>,
    /// Per arm, rejected.
    pub reject: Vec<f64>,
    /// Per look, first rejection.
    pub efficacy: Vec<f64>,
    /// Per look, stopped for futility.
    pub futility: Vec<f64>,
    /// Weight, month, events, patients of the looks reached.
    pub looks: Vec<[f64; 4]>,
    /// Patients at the end.
    pub patients: f64,
    /// Events at the end.
    pub events: f64,
    /// Months to the end.
    pub months: f64,
}

impl Sums {
    /// Nothing yet.
    pub fn new(arms: usize, looks: usize) -> Self {
        let (per_arm, per_look) = (vec![0.0; arms], vec![0.0; looks]);
        Self {
            go: 0.0,
            correct: 0.0,
            any: 0.0,
            type_i: 0.0,
            selected: per_arm.clone(),
            reject: per_arm,
            efficacy: per_look.clone(),
            futility: per_look,
            looks: vec![[0.0; 4]; looks],
            patients: 0.0,
            events: 0.0,
            months: 0.0,
        }
    }

    /// So many decisions to go on with these arms.
    pub fn decided(&mut self, kept: usize, count: f64, hypotheses: &Hypotheses) {
        self.go += count;
        let kept = |arm: usize| kept >> arm & 1 == 1;
        self.selected.iter_mut().enumerate().filter(|(arm, _)| kept(*arm)).for_each(|(_, total)| *total += count);
        if hypotheses.best.iter().enumerate().any(|(arm, best)| kept(arm) && *best) {
            self.correct += count;
        }
    }

    /// A trial, or a share of one, that ends.
    pub fn end(&mut self, patients: f64, events: f64, month: f64, weight: f64) {
        self.patients += weight * patients;
        self.events += weight * events;
        self.months += weight * month;
    }

    /// A look held.
    pub fn reached(&mut self, part: &Confirmatory, look: usize, weight: f64) {
        let phase3 = &part.phase3;
        let values = [1.0, phase3.looks[look].month, phase3.events[look], phase3.patients[look]];
        self.looks[look].iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
    }

    /// So many trials with one arm kept, of which so many first cross each look.
    pub fn known(
        &mut self,
        part: &Confirmatory,
        count: f64,
        efficacy: &[f64],
        futility: &[f64],
        hypotheses: &Hypotheses,
    ) {
        let (arm, looks) = (part.arms[0] - 1, efficacy.len());
        let (mut going, mut rejected) = (count, 0.0);
        for (look, &crossed) in efficacy.iter().enumerate() {
            self.reached(part, look, going);
            let here = crossed + futility.get(look).copied().unwrap_or(0.0);
            let ends = if look + 1 == looks { going } else { here };
            let phase3 = &part.phase3;
            self.end(phase3.patients[look], phase3.events[look], phase3.looks[look].month, ends);
            self.efficacy[look] += crossed;
            self.futility[look] += here - crossed;
            rejected += crossed;
            going -= here;
        }
        let rejected = rejected.clamp(0.0, count);
        self.any += rejected;
        self.reject[arm] += rejected;
        self.type_i += if hypotheses.null_true[arm] { rejected } else { 0.0 };
    }
}
