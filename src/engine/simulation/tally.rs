//! What replicates add up to. A tally is an exact, commutative monoid: counts are whole numbers, months are summed in
//! whole units of 2⁻²⁰ month, so that any bracketing over threads, shards and machines gives the same bits.

use crate::engine::Estimate;
use serde::{Deserialize, Serialize};

/// Units to a month; a sum's rounding error is below 5·10⁻⁷ month a replicate.
const UNITS: f64 = 1_048_576.0;

/// Above every sum of at most 2⁶³ months, patients or events; half of what the type holds, so that two can be added.
const LARGEST_SUM: u128 = u128::MAX / 4096;

/// Wide whole numbers are written as decimal text: a JSON number is read as 64 bits by many programs.
mod decimal {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Count, sum and sum of squares of a quantity, in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    count: u64,
    #[serde(with = "decimal")]
    sum: u128,
    #[serde(with = "decimal")]
    square: u128,
}

impl Moments {
    /// Adds a whole number.
    pub fn add_count(&mut self, value: u32) {
        self.count += 1;
        self.sum += u128::from(value);
        self.square += u128::from(value) * u128::from(value);
    }

    /// Adds a time in months (at least 0).
    pub fn add_month(&mut self, month: f64) {
        let units = (month * UNITS).round() as u64;
        self.count += 1;
        self.sum += u128::from(units);
        self.square = self.square.saturating_add(u128::from(units) * u128::from(units));
    }

    /// Whether so many replicates can have added up to this.
    fn possible(&self, replicates: u64) -> bool {
        self.count <= replicates && self.sum <= LARGEST_SUM
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.square = self.square.saturating_add(other.square);
    }

    /// Mean and its Monte Carlo standard error, sd/√n; 0 where nothing was counted.
    fn estimate(&self, unit: f64) -> Estimate {
        if self.count == 0 {
            return Estimate { value: 0.0, mcse: Some(0.0) };
        }
        let n = u128::from(self.count);
        let mean = self.sum as f64 / n as f64;
        // n·Σx² − (Σx)² is a difference of whole numbers: no cancellation.
        let spread = match (n.checked_mul(self.square), self.sum.checked_mul(self.sum)) {
            (Some(a), Some(b)) => a.saturating_sub(b) as f64 / (n as f64 * n as f64),
            _ => (self.square as f64 / n as f64 - mean * mean).max(0.0),
        };
        let sd = if n > 1 { (spread * n as f64 / (n - 1) as f64).sqrt() } else { 0.0 };
        Estimate { value: mean / unit, mcse: Some(sd / (n as f64).sqrt() / unit) }
    }

    /// Mean of whole numbers.
    pub fn mean_count(&self) -> Estimate {
        self.estimate(1.0)
    }

    /// Mean of months.
    pub fn mean_month(&self) -> Estimate {
        self.estimate(UNITS)
    }
}

/// A share of replicates with its Monte Carlo standard error √(p(1 − p)/n).
pub fn share(count: u64, of: u64) -> Estimate {
    let p = if of == 0 { 0.0 } else { count as f64 / of as f64 };
    Estimate { value: p, mcse: Some(if of == 0 { 0.0 } else { (p * (1.0 - p) / of as f64).sqrt() }) }
}

/// Month, events and patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Calendar months.
    pub months: Moments,
    /// Events.
    pub events: Moments,
    /// Patients.
    pub patients: Moments,
}

impl Size {
    fn merge(&mut self, other: &Self) {
        self.months.merge(&other.months);
        self.events.merge(&other.events);
        self.patients.merge(&other.patients);
    }
}

/// One look of one trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LookRecord {
    /// Calendar month.
    pub month: f64,
    /// Events of the primary endpoint in the data tested.
    pub events: u32,
    /// Patients enrolled, all arms and phases.
    pub patients: u32,
}

/// The transition of one trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransitionRecord {
    /// Month of the data cut.
    pub month: f64,
    /// Patients enrolled by then.
    pub patients: u32,
    /// Events of the phase II cohort by then: progression or death; death.
    pub events: [u32; 2],
}

/// What one replicate did. Buffers are reused.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The transition; `None` in a group-sequential trial.
    pub transition: Option<TransitionRecord>,
    /// Whether the trial went on to phase III.
    pub go: bool,
    /// Arms kept, per experimental arm.
    pub kept: Vec<bool>,
    /// Hypotheses rejected, per experimental arm.
    pub rejected: Vec<bool>,
    /// Looks held, in order.
    pub looks: Vec<LookRecord>,
    /// Tested statistic of every experimental arm at every look held, look by look; NaN for an arm that is not tested.
    pub statistics: Vec<f64>,
    /// Look of the first rejection.
    pub efficacy_at: Option<usize>,
    /// Look at which the trial stopped for futility without any rejection.
    pub futility_at: Option<usize>,
    /// Look at which the trial stopped for harm; it rejects nothing there.
    pub harm_at: Option<usize>,
    /// How the trial ended: month, events of the primary endpoint in the data tested, patients enrolled.
    pub end: Option<LookRecord>,
    /// Whether the transition's condition, the end of phase II follow-up, or some look's condition was never met.
    pub never_met: bool,
}

impl Record {
    /// Forgets the last replicate.
    pub fn clear(&mut self) {
        self.transition = None;
        self.go = false;
        self.kept.clear();
        self.rejected.clear();
        self.looks.clear();
        self.statistics.clear();
        self.efficacy_at = None;
        self.futility_at = None;
        self.harm_at = None;
        self.end = None;
        self.never_met = false;
    }
}

/// Sums over replicates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Replicates added.
    pub replicates: u64,
    /// Rejections per experimental arm.
    pub reject: Vec<u64>,
    /// Trials with some rejection.
    pub reject_any: u64,
    /// Trials in which every hypothesis is rejected.
    pub reject_all: u64,
    /// Trials with some true null rejected.
    pub type_i: u64,
    /// Trials that went on.
    pub go: u64,
    /// Trials that kept the arm, per experimental arm.
    pub selected: Vec<u64>,
    /// Trials that kept a truly best arm.
    pub correct: u64,
    /// Month and patients of the transition; its `events` are progressions or deaths.
    pub transition: Size,
    /// Deaths by the transition.
    pub transition_deaths: Moments,
    /// Per look, over the trials that reach it.
    pub looks: Vec<Size>,
    /// Per look, trials whose first rejection is there.
    pub efficacy: Vec<u64>,
    /// Per look, trials that stop for futility there.
    pub futility: Vec<u64>,
    /// Per look, trials that stop for harm there.
    pub harm: Vec<u64>,
    /// Ends of trials.
    pub end: Size,
    /// Trials in which some condition was never met.
    pub never_met: u64,
}

impl Tally {
    /// Nothing yet, for so many experimental arms and looks.
    pub fn new(arms: usize, looks: usize) -> Self {
        Self {
            reject: vec![0; arms],
            selected: vec![0; arms],
            looks: vec![Size::default(); looks],
            efficacy: vec![0; looks],
            futility: vec![0; looks],
            harm: vec![0; looks],
            ..Self::default()
        }
    }

    /// Adds one replicate, judged by which nulls are true and which arms are truly best.
    pub fn add(&mut self, record: &Record, null_true: &[bool], best: &[bool]) {
        self.replicates += 1;
        let (mut any, mut false_rejection, mut correct) = (false, false, false);
        for (arm, (&rejected, &kept)) in record.rejected.iter().zip(&record.kept).enumerate() {
            self.reject[arm] += u64::from(rejected);
            self.selected[arm] += u64::from(kept);
            any |= rejected;
            false_rejection |= rejected && null_true[arm];
            correct |= kept && best[arm];
        }
        self.reject_any += u64::from(any);
        self.reject_all += u64::from(record.rejected.iter().all(|rejected| *rejected));
        self.type_i += u64::from(false_rejection);
        self.correct += u64::from(correct);
        self.go += u64::from(record.go);
        self.never_met += u64::from(record.never_met);
        if let Some(transition) = record.transition {
            self.transition.months.add_month(transition.month);
            self.transition.patients.add_count(transition.patients);
            self.transition.events.add_count(transition.events[0]);
            self.transition_deaths.add_count(transition.events[1]);
        }
        for (size, look) in self.looks.iter_mut().zip(&record.looks) {
            add(size, look);
        }
        if let Some(look) = record.efficacy_at {
            self.efficacy[look] += 1;
        }
        if let Some(look) = record.futility_at {
            self.futility[look] += 1;
        }
        if let Some(look) = record.harm_at {
            self.harm[look] += 1;
        }
        if let Some(end) = &record.end {
            add(&mut self.end, end);
        }
    }

    /// Whether this can be the tally of a trial with so many experimental arms and looks: what is read from a file is
    /// not trusted.
    pub fn fits(&self, arms: usize, looks: usize) -> bool {
        let counts = [&self.reject, &self.selected, &self.efficacy, &self.futility, &self.harm];
        let lengths = [arms, arms, looks, looks, looks];
        let singles = [self.reject_any, self.reject_all, self.type_i, self.go, self.correct, self.never_met];
        let sizes = self.looks.iter().chain([&self.transition, &self.end]);
        self.looks.len() == looks
            && counts.iter().zip(lengths).all(|(list, length)| list.len() == length)
            && counts.into_iter().flatten().chain(&singles).all(|count| *count <= self.replicates)
            && sizes
                .flat_map(|size| [&size.months, &size.events, &size.patients])
                .chain([&self.transition_deaths])
                .all(|moments| moments.possible(self.replicates))
    }

    /// Whether the probabilities of any rejection and of a type I error are known with a standard error of at most `mcse`.
    ///
    /// The standard error is that of the share p̃ = (x + 1)/(n + 2) (Laplace's rule of succession), √(p̃(1 − p̃)/n), which a
    /// run without any event cannot take for 0. A run looks at it after every block of 2048 replicates in order, so that
    /// where it stops depends on the seed alone.
    pub fn precise(&self, mcse: f64) -> bool {
        let n = self.replicates as f64;
        self.replicates > 0
            && [self.reject_any, self.type_i].iter().all(|&count| {
                let p = (count as f64 + 1.0) / (n + 2.0);
                (p * (1.0 - p) / n).sqrt() <= mcse
            })
    }

    /// Adds another tally of the same trial: associative, commutative and exact.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        let sum = |into: &mut [u64], from: &[u64]| into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        self.replicates += other.replicates;
        sum(&mut self.reject, &other.reject);
        sum(&mut self.selected, &other.selected);
        sum(&mut self.efficacy, &other.efficacy);
        sum(&mut self.futility, &other.futility);
        sum(&mut self.harm, &other.harm);
        self.reject_any += other.reject_any;
        self.reject_all += other.reject_all;
        self.type_i += other.type_i;
        self.go += other.go;
        self.correct += other.correct;
        self.never_met += other.never_met;
        self.transition.merge(&other.transition);
        self.transition_deaths.merge(&other.transition_deaths);
        self.looks.iter_mut().zip(&other.looks).for_each(|(a, b)| a.merge(b));
        self.end.merge(&other.end);
        self
    }
}

fn add(size: &mut Size, look: &LookRecord) {
    size.months.add_month(look.month);
    size.events.add_count(look.events);
    size.patients.add_count(look.patients);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_by_hand() {
        let mut months = Moments::default();
        for month in [1.0, 2.0, 4.5] {
            months.add_month(month);
        }
        let estimate = months.mean_month();
        assert!((estimate.value - 2.5).abs() < 1e-12);
        // sd² = (2.25 + 0.25 + 4)/2 = 3.25
        assert!((estimate.mcse.unwrap() - (3.25f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Moments::default().mean_count(), Estimate { value: 0.0, mcse: Some(0.0) });
        assert_eq!(share(0, 10), Estimate { value: 0.0, mcse: Some(0.0) });
        assert_eq!(share(5, 10).mcse, Some(0.025f64.sqrt()));
    }

    #[test]
    fn merging_is_exact_in_any_order() {
        let part = |months: &[f64]| {
            let mut tally = Tally::new(1, 1);
            for &month in months {
                let end = LookRecord { month, events: 3, patients: 7 };
                let record = Record {
                    looks: vec![end],
                    end: Some(end),
                    kept: vec![true],
                    rejected: vec![month > 2.0],
                    ..Record::default()
                };
                tally.add(&record, &[true], &[false]);
            }
            tally
        };
        let (a, b, c) = (part(&[0.1, 3.7]), part(&[1e-3]), part(&[17.123_456, 2.2, 9.9]));
        let left = a.clone().merge(&b).merge(&c);
        assert_eq!(left, a.clone().merge(&b.clone().merge(&c)));
        assert_eq!(left, c.merge(&a).merge(&b));
        assert_eq!(left, part(&[0.1, 3.7, 1e-3, 17.123_456, 2.2, 9.9]));
    }
}
